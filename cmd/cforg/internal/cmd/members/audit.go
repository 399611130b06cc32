package members

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const auditLong = `Audit lists the members of all organizations, sorted by person,

  - who have no two-factor authentication, or of whom the API does not say whether they have it ("unknown"),
  - whose membership is not active,
  - whose email address is outside of all domains of --domain; a subdomain counts as another domain.

The exit code is 0 even if there are such members; with --exit-code it is 3. If the members of an organization cannot be
read, the others are listed and the exit code is 1.

Without --domain, email addresses are not checked. With --demo, the default of --domain is ` + demo.Domain + `.`

var auditFormats = map[string]output.Format[finding]{
	"table": output.AtEnd(printTable), "json": output.AsJSON[finding], "csv": output.AsCSV(columns, finding.cells),
}

func auditCommand(env *cli.Env) *cobra.Command {
	var format string
	var domains []string
	var exitCode bool
	command := &cobra.Command{
		Use:     "audit",
		Short:   "List members without two-factor authentication, without an active membership, or of other domains",
		Long:    auditLong,
		Example: "  cforg members audit --demo\n  cforg members audit --domain example.com --exit-code --format csv",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			for i, domain := range domains {
				if domains[i] = strings.TrimPrefix(domain, "@"); domains[i] == "" {
					return errors.New("--domain must not be empty")
				}
			}
			if domains == nil && env.Demo {
				domains = []string{demo.Domain}
			}
			return nil
		},
		RunE: env.Run(func(ctx context.Context, _ []string) error {
			return audit(ctx, env, domains, auditFormats[format], exitCode)
		}),
	}
	cli.FormatFlag(command, &format, "table", "json", "csv")
	command.Flags().StringArrayVar(&domains, "domain", nil, "a `domain` of your own; may be repeated")
	command.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 if there are findings")
	return command
}

func audit(ctx context.Context, env *cli.Env, domains []string, format output.Format[finding], exitCode bool) error {
	var found []finding
	err := hierarchy.Survey[finding]{
		Purpose: "listing members", Requests: 1,
		Read: func(ctx context.Context, client *cloudflare.Client, n *hierarchy.Node) (findings []finding, err error) {
			for member, err := range client.OrganizationMembers.All(ctx, n.ID, cloudflare.OrganizationMemberListParams{}) {
				if err != nil {
					return findings, err
				}
				if problems := problemsOf(member, domains); problems != nil {
					findings = append(findings, newFinding(n, member, problems))
				}
			}
			return findings, nil
		},
		Printer: output.AtEnd(func(w io.Writer, findings []finding) error {
			byPerson(findings)
			found = findings
			return output.All(format(w), findings)
		})(env.Stdout),
	}.Run(ctx, env, nil)
	if err == nil && exitCode && len(found) > 0 {
		return cli.Refused(errors.New(summary(found)))
	}
	return err
}

package members

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
)

const auditLong = `Audit lists the members of all organizations, sorted by person,

  - who have no two-factor authentication, or of whom the API does not say whether they have it ("unknown"),
  - whose membership is not active,
  - whose email address is outside of all domains of --domain; a subdomain counts as another domain.

The exit code is 0 even if there are such members; with --exit-code it is 3. If the members of an organization cannot be
read, the others are listed and the exit code is 1.

Without --domain, email addresses are not checked. With --demo, the default of --domain is ` + demo.Domain + `.`

var auditFormats = map[string]func(io.Writer, []finding) error{"table": printTable, "json": printJSON, "csv": printCSV}

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

func audit(ctx context.Context, env *cli.Env, domains []string, show func(io.Writer, []finding) error, exitCode bool) error {
	client, err := env.Client(cloudflare.WithReadOnly())
	if err != nil {
		return err
	}
	nodes, err := hierarchy.List(ctx, client)
	if err != nil {
		return err
	}
	found := make([][]finding, len(nodes))
	incomplete := hierarchy.Each(ctx, nodes, func(i int, n *hierarchy.Node) error {
		for member, err := range client.OrganizationMembers.All(ctx, n.ID, cloudflare.OrganizationMemberListParams{}) {
			if err != nil {
				return err
			}
			if problems := problemsOf(member, domains); problems != nil {
				found[i] = append(found[i], newFinding(n, member, problems))
			}
		}
		return nil
	})
	findings := slices.Concat(found...)
	if ctx.Err() != nil || incomplete != nil && findings == nil {
		return incomplete
	}
	byPerson(findings)
	if err := show(env.Stdout, findings); err != nil {
		return err
	}
	if incomplete == nil && exitCode && len(findings) > 0 {
		return cli.Refused(errors.New(summary(findings)))
	}
	return incomplete
}

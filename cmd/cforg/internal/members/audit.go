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

const auditLong = `Audit shows, person by person, the members of all organizations

  - who sign in without two-factor authentication, or of whom the API does not say whether they do ("unknown"),
  - whose membership is not active,
  - whose email address is not of one of the domains; a subdomain is another domain.

Findings are not an error, unless --exit-code asks for the exit code 3. If the members of an organization cannot be read,
the rest is shown and the exit code is 1: there may be more.

Without --domain, email addresses are not looked at. With --demo, the domain is ` + demo.Domain + ` unless told otherwise.`

var auditFormats = map[string]func(io.Writer, []finding) error{"table": printTable, "json": printJSON, "csv": printCSV}

func auditCommand(env *cli.Env) *cobra.Command {
	var format string
	var domains []string
	var exitCode bool
	command := &cobra.Command{
		Use:     "audit",
		Short:   "Show members without a second factor, without an active membership, or from outside",
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
	client, err := env.Client()
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

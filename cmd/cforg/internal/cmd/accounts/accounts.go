// Package accounts lists the accounts of organizations.
package accounts

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const long = `Accounts lists the accounts of all organizations, by organization and name. With ORGANIZATION (a name or an ID), it
lists only the accounts of that organization and of those below it.

The column 2FA says whether an account requires two-factor authentication. It is empty if the API does not say. If the
accounts of an organization cannot be read, the others are listed and the exit code is 1. JSON has all fields of each
account, including its tags. JSON and CSV are printed as they are read.`

var formats = map[string]output.Format[row]{
	"table": output.AtEnd(printTable), "json": output.AsJSON[row], "csv": output.AsCSV(columns, row.cells),
}

// Command returns "cforg accounts".
func Command(env *cli.Env) *cobra.Command {
	var format, contains string
	command := &cobra.Command{
		Use:     "accounts [ORGANIZATION]",
		Short:   "List the accounts of organizations",
		Long:    long,
		Example: "  cforg accounts --demo \"Alder Secure\"\n  cforg accounts --demo --name shop --format csv",
		Args:    cobra.MaximumNArgs(1),
		RunE: env.Run(func(ctx context.Context, args []string) error {
			params := cloudflare.OrganizationAccountListParams{NameContains: contains, IncludeTags: format == "json"}
			return hierarchy.Survey[row]{
				Purpose: "listing accounts", Requests: 1, Printer: formats[format](env.Stdout),
				Read: func(ctx context.Context, client *cloudflare.Client, n *hierarchy.Node) ([]row, error) {
					return read(ctx, client, n, params)
				},
			}.Run(ctx, env, args)
		}),
	}
	cli.FormatFlag(command, &format, "table", "json", "csv")
	command.Flags().StringVar(&contains, "name", "", "only accounts whose name contains this `text`, in lower or upper case")
	return command
}

// read returns the accounts of an organization, by name. If it fails, it returns those that it read before.
func read(ctx context.Context, client *cloudflare.Client, n *hierarchy.Node, params cloudflare.OrganizationAccountListParams) (rows []row, err error) {
	for account, listErr := range client.OrganizationAccounts.All(ctx, n.ID, params) {
		if err = listErr; err == nil {
			rows = append(rows, row{account, n.ID, n.PathName()})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return rows, err
}

// row is an account with its organization.
type row struct {
	*cloudflare.Account
	OrganizationID string `json:"organization_id"`
	Organization   string `json:"organization"` // the names from the top of the hierarchy
}

func (r row) twoFactor() string {
	switch enforced, known := r.Settings.EnforceTwofactor.Get(); {
	case !known:
		return ""
	case enforced:
		return "yes"
	}
	return "no"
}

func (r row) created() string {
	if r.CreatedOn.IsZero() {
		return ""
	}
	return r.CreatedOn.Format(time.DateOnly)
}

func printTable(w io.Writer, rows []row) error {
	var cells [][]string
	for _, r := range rows {
		cells = append(cells, []string{r.Name, r.ID, string(r.Type), r.created(), r.twoFactor(), r.Organization})
	}
	if err := output.Table(w, []string{"ACCOUNT", "ID", "TYPE", "CREATED", "2FA", "ORGANIZATION"}, cells); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", output.Count(len(rows), "account"))
	return err
}

var columns = []string{"id", "name", "type", "created_on", "enforce_twofactor", "organization_id", "organization"}

func (r row) cells() [][]string {
	return [][]string{{r.ID, r.Name, string(r.Type), r.created(), r.twoFactor(), r.OrganizationID, r.Organization}}
}

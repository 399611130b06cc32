// Package tree shows all organizations in their hierarchy.
package tree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const long = `Tree shows all organizations in their hierarchy, with the accounts and members of each. With ORGANIZATION (a name or an
ID), it shows only that organization and those below it. The formats are:

  tree     lines for a terminal; --all also draws accounts and members
  table    one line for each organization, with IDs
  json     a list of organizations with all their fields, and the level, path, accounts and members of each
  csv      one row for each organization, account and member, for spreadsheets; a cell that a spreadsheet would take for
           a formula begins with an apostrophe
  mermaid  a flow chart of the organizations, for Markdown

A list that cannot be read is shown as "?" (null in JSON), and the exit code is 1. An organization whose parent is not
visible is at the top, with a note.`

var formats = map[string]func(io.Writer, []*entry) error{
	"tree": printTree, "table": printTable, "json": printJSON, "csv": printCSV, "mermaid": printMermaid,
}

// Command returns "cforg tree".
func Command(env *cli.Env) *cobra.Command {
	var format string
	var all bool
	command := &cobra.Command{
		Use:     "tree [ORGANIZATION]",
		Short:   "Show the hierarchy of organizations",
		Long:    long,
		Example: "  cforg tree --demo\n  cforg tree --demo \"Alder Secure\" --all\n  cforg tree --demo --format mermaid",
		Args:    cobra.MaximumNArgs(1),
		RunE: env.Run(func(ctx context.Context, args []string) error {
			show := formats[format]
			switch {
			case all && format != "tree":
				return cli.Usagef("--all is for --format tree")
			case all:
				show = printWholeTree
			}
			return run(ctx, env, args, show)
		}),
	}
	cli.FormatFlag(command, &format, "tree", "table", "json", "csv", "mermaid")
	command.Flags().BoolVar(&all, "all", false, "also draw accounts and members")
	return command
}

func run(ctx context.Context, env *cli.Env, args []string, show func(io.Writer, []*entry) error) error {
	client, err := env.Client(cloudflare.WithReadOnly())
	if err != nil {
		return err
	}
	nodes, err := hierarchy.List(ctx, client)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		if nodes, err = hierarchy.Select(nodes, args[0]); err != nil {
			return err
		}
	}
	entries := make([]*entry, len(nodes))
	incomplete := hierarchy.Each(ctx, nodes, func(i int, n *hierarchy.Node) error {
		entries[i] = &entry{Node: n}
		return entries[i].read(ctx, client)
	})
	if ctx.Err() != nil {
		return incomplete
	}
	if err := show(env.Stdout, entries); err != nil && !errors.Is(err, errTooLarge) {
		return err
	} else if err != nil {
		fmt.Fprintf(env.Stderr, "cforg tree: warning: %v\n", err)
	}
	return incomplete
}

// entry is an organization with what it holds. A list is nil if it could not be read.
type entry struct {
	*hierarchy.Node
	accounts []cloudflare.Account
	members  []cloudflare.OrganizationMember
}

func (e *entry) read(ctx context.Context, client *cloudflare.Client) error {
	var accountsErr, membersErr error
	e.accounts, accountsErr = cloudflare.Collect(client.OrganizationAccounts.All(ctx, e.ID, cloudflare.OrganizationAccountListParams{}))
	e.members, membersErr = cloudflare.Collect(client.OrganizationMembers.All(ctx, e.ID, cloudflare.OrganizationMemberListParams{}))
	slices.SortFunc(e.accounts, func(a, b cloudflare.Account) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(e.members, func(a, b cloudflare.OrganizationMember) int {
		return cmp.Or(cmp.Compare(a.User.Email, b.User.Email), cmp.Compare(a.ID, b.ID))
	})
	return cmp.Or(accountsErr, membersErr)
}

// number is the length of a list, or a question mark if it could not be read.
func number[T any](list []T) string {
	if list == nil {
		return "?"
	}
	return strconv.Itoa(len(list))
}

// counted is the length of a list with its word, or a question mark if it could not be read.
func counted[T any](list []T, word string) string {
	if list == nil {
		return "? " + word + "s"
	}
	return output.Count(len(list), word)
}

func (e *entry) holds() string {
	return counted(e.accounts, "account") + ", " + counted(e.members, "member")
}

// flaw is the note after an organization that is not where its parent says.
func (e *entry) flaw() string {
	if e.Flaw == "" {
		return ""
	}
	return "! " + e.Flaw
}

func total(entries []*entry) string {
	accounts, members, note := 0, 0, ""
	for _, e := range entries {
		accounts, members = accounts+len(e.accounts), members+len(e.members)
		if e.accounts == nil || e.members == nil {
			note = "; there may be more, because not everything could be read"
		}
	}
	return fmt.Sprintf("%s, %s, %s%s", output.Count(len(entries), "organization"), output.Count(accounts, "account"),
		output.Count(members, "member"), note)
}

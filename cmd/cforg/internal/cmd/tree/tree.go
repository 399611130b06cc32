// Package tree shows all organizations in their hierarchy.
package tree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const long = `Tree shows all organizations in their hierarchy. With ORGANIZATION (a name or an ID), it shows only that organization and
those below it. The formats are:

  tree     lines for a terminal
  table    one line for each organization, with IDs
  json     a list of organizations with all their fields, and the level and path of each
  csv      one row for each organization, account and member, for spreadsheets; a cell that a spreadsheet would take for
           a formula begins with an apostrophe
  mermaid  a flow chart of the organizations, for Markdown

The list takes one request for 1,000 organizations. With --counts or --all, the command also lists the accounts and
members of each organization, which takes two requests for each: more than half an hour for 5,000 organizations. JSON and
CSV are printed as they are read. If a list cannot be read, "?" is shown (null in JSON), and the exit code is 1.

An organization whose parent is not visible is at the top, with a note.`

// Command returns "cforg tree".
func Command(env *cli.Env) *cobra.Command {
	var format string
	var r reader
	command := &cobra.Command{
		Use:     "tree [ORGANIZATION]",
		Short:   "Show the hierarchy of organizations",
		Long:    long,
		Example: "  cforg tree --demo\n  cforg tree --demo \"Alder Secure\" --all\n  cforg tree --demo --depth 2 --format mermaid",
		Args:    cobra.MaximumNArgs(1),
		PreRunE: func(*cobra.Command, []string) error {
			switch {
			case r.all && (format == "table" || format == "mermaid"):
				return errors.New("--all is for the formats tree, json and csv; --counts is for all of them")
			case r.depth < 0:
				return errors.New("--depth must not be negative")
			}
			r.counts = r.counts || r.all
			return nil
		},
		RunE: env.Run(func(ctx context.Context, args []string) error { return r.run(ctx, env, args, format) }),
	}
	cli.FormatFlag(command, &format, "tree", "table", "json", "csv", "mermaid")
	command.Flags().BoolVar(&r.counts, "counts", false, "count the accounts and members of each organization")
	command.Flags().BoolVar(&r.all, "all", false, "list the accounts and members of each organization")
	command.Flags().IntVar(&r.depth, "depth", 0, "show only this `number` of levels; 0: all")
	return command
}

// reader reads entries.
type reader struct {
	counts, all bool
	depth       int
}

func (r *reader) run(ctx context.Context, env *cli.Env, args []string, format string) error {
	var warning error
	survey := hierarchy.Survey[*entry]{
		Purpose: "counting accounts and members", Depth: r.depth, Read: r.read,
		Printer: map[string]output.Format[*entry]{
			"tree":  output.AtEnd(printTree),
			"table": output.AtEnd(printTable),
			"json":  output.AsJSON[*entry],
			"csv":   output.AsCSV(columns, (*entry).cells),
			"mermaid": output.AtEnd(func(w io.Writer, entries []*entry) (err error) {
				warning, err = printMermaid(w, entries)
				return err
			}),
		}[format](env.Stdout),
	}
	if r.all {
		survey.Purpose = "listing accounts and members"
	}
	if r.counts {
		survey.Requests = 2
	}
	err := survey.Run(ctx, env, args)
	if warning != nil {
		fmt.Fprintf(env.Stderr, "cforg tree: warning: %v\n", warning)
	}
	return err
}

func (r *reader) read(ctx context.Context, client *cloudflare.Client, n *hierarchy.Node) ([]*entry, error) {
	e := &entry{Node: n, reader: r}
	if !r.counts {
		return []*entry{e}, nil
	}
	var accountsErr, membersErr error
	e.accounts, accountsErr = readList(client.OrganizationAccounts.All(ctx, e.ID, cloudflare.OrganizationAccountListParams{}), r.all)
	e.members, membersErr = readList(client.OrganizationMembers.All(ctx, e.ID, cloudflare.OrganizationMemberListParams{}), r.all)
	slices.SortFunc(e.accounts.items, func(a, b cloudflare.Account) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(e.members.items, func(a, b cloudflare.OrganizationMember) int {
		return cmp.Or(cmp.Compare(a.User.Email, b.User.Email), cmp.Compare(a.ID, b.ID))
	})
	return []*entry{e}, cmp.Or(accountsErr, membersErr)
}

// entry is an organization with what it holds.
type entry struct {
	*hierarchy.Node
	*reader
	accounts list[cloudflare.Account]
	members  list[cloudflare.OrganizationMember]
}

// list is what an organization holds. The zero value could not be read, or nobody asked.
type list[T any] struct {
	known bool
	count int
	items []T // only with --all
}

func readList[T any](all iter.Seq2[*T, error], keep bool) (list[T], error) {
	l := list[T]{known: true, items: []T{}}
	for item, err := range all {
		if err != nil {
			return list[T]{}, err
		}
		l.count++
		if keep {
			l.items = append(l.items, *item)
		}
	}
	return l, nil
}

// number is the length of the list, or a question mark if it could not be read.
func (l list[T]) number() string {
	if !l.known {
		return "?"
	}
	return strconv.Itoa(l.count)
}

// counted is the length of the list with its word, or a question mark if it could not be read.
func (l list[T]) counted(word string) string {
	if !l.known {
		return "? " + word + "s"
	}
	return output.Count(l.count, word)
}

// holds says how many there are of what was counted, and of what is not shown.
func (e *entry) holds() string {
	var parts []string
	if e.Hidden > 0 {
		parts = append(parts, output.Count(e.Hidden, "organization")+" below")
	}
	if e.counts {
		parts = append(parts, e.accounts.counted("account"), e.members.counted("member"))
	}
	return strings.Join(parts, ", ")
}

// flaw is the note after an organization that is not where its parent says.
func (e *entry) flaw() string {
	if e.Flaw == "" {
		return ""
	}
	return "! " + e.Flaw
}

func total(entries []*entry) string {
	parts := []string{output.Count(len(entries), "organization")}
	accounts, members, hidden, note := 0, 0, 0, ""
	for _, e := range entries {
		accounts, members, hidden = accounts+e.accounts.count, members+e.members.count, hidden+e.Hidden
		if !e.accounts.known || !e.members.known {
			note = "; there may be more, because not everything could be read"
		}
	}
	if len(entries) > 0 && entries[0].counts {
		parts = append(parts, output.Count(accounts, "account"), output.Count(members, "member")+note)
	}
	if hidden > 0 {
		parts[0] += fmt.Sprintf(" (and %d not shown)", hidden)
	}
	return strings.Join(parts, ", ")
}

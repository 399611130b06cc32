// Inventory draws the tree of all organizations, with the accounts and members in each.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"example.com/cloudflare"
	"example.com/cloudflare/examples/internal/demo"
	"example.com/cloudflare/examples/internal/hierarchy"
	"example.com/cloudflare/examples/internal/output"
)

const usage = `[-format tree|table|json|csv|mermaid] [-all]

Shows all organizations with their places in the tree, and the accounts and members that each holds itself.

  tree     drawn with lines, for a terminal; -all draws accounts and members, too
  table    one line an organization, with IDs
  json     a list of organizations as the API describes them, each with its level, path, accounts and members
  csv      one row for each organization, account and member, for a spreadsheet: a cell that it would take for a
           formula begins with an apostrophe
  mermaid  a flow chart of the organizations, for Markdown

What cannot be read is shown as "?" (null in json), and is an error in the end. An organization below one that is not
visible is at the top, with a note.`

func main() { demo.Main(program) }

var program = demo.Program{Name: "inventory", Usage: usage, Setup: setup}

var formats = map[string]func(io.Writer, []*entry) error{
	"tree": printTree, "table": printTable, "json": printJSON, "csv": printCSV, "mermaid": printMermaid,
}

func setup(flags *flag.FlagSet) func(context.Context, *demo.Env) error {
	format := flags.String("format", "tree", "tree, table, json, csv or mermaid")
	all := flags.Bool("all", false, "draw accounts and members into the tree")
	return func(ctx context.Context, env *demo.Env) error {
		show := formats[*format]
		switch {
		case len(env.Args) > 0:
			return demo.Usagef("%q is not a flag", env.Args[0])
		case show == nil:
			return demo.Usagef("-format is %q, not tree, table, json, csv or mermaid", *format)
		case *all && *format != "tree":
			return demo.Usagef("-all is for -format tree")
		case *all:
			show = printWholeTree
		}

		nodes, err := hierarchy.List(ctx, env.Client)
		if err != nil {
			return err
		}
		entries := make([]*entry, len(nodes))
		incomplete := hierarchy.Each(ctx, nodes, func(i int, n *hierarchy.Node) error {
			entries[i] = &entry{Node: n}
			return entries[i].read(ctx, env.Client)
		})
		if ctx.Err() != nil {
			return incomplete
		}
		if err := show(env.Stdout, entries); err != nil {
			return err
		}
		return incomplete
	}
}

// entry is an organization with what it holds; nil is what could not be read.
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

// count is the length of a list, or a question mark for one that could not be read.
func count[T any](list []T) string {
	if list == nil {
		return "?"
	}
	return strconv.Itoa(len(list))
}

func (e *entry) holds() string {
	return fmt.Sprintf("%s accounts, %s members", count(e.accounts), count(e.members))
}

// flaw is the note behind an organization that is not where the API says.
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
			note = "; there may be more, as not everything could be read"
		}
	}
	return fmt.Sprintf("%d organizations, %d accounts, %d members%s", len(entries), accounts, members, note)
}

func printTree(w io.Writer, entries []*entry) error      { return drawTree(w, entries, false) }
func printWholeTree(w io.Writer, entries []*entry) error { return drawTree(w, entries, true) }

func drawTree(w io.Writer, entries []*entry, whole bool) error {
	byNode := make(map[*hierarchy.Node]*entry)
	for _, e := range entries {
		byNode[e.Node] = e
	}
	var b strings.Builder
	var draw func(e *entry, first, rest string)
	draw = func(e *entry, first, rest string) {
		line := fmt.Sprintf("%s%s  (%s)  %s", first, demo.Text(e.Name), e.holds(), demo.Text(e.flaw()))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		var leaves []string
		if whole {
			leaves = e.leaves()
		}
		left := len(leaves) + len(e.Below)
		branch := func() (first, below string) {
			if left--; left == 0 {
				return rest + "└─ ", rest + "   "
			}
			return rest + "├─ ", rest + "│  "
		}
		for _, leaf := range leaves {
			first, _ := branch()
			b.WriteString(first + demo.Text(leaf) + "\n")
		}
		for _, below := range e.Below {
			first, rest := branch()
			draw(byNode[below], first, rest)
		}
	}
	for _, e := range entries {
		if e.Above == nil {
			draw(e, "", "")
		}
	}
	_, err := fmt.Fprintf(w, "%s\n%s\n", &b, total(entries))
	return err
}

// leaves are the accounts and members as they are drawn into the tree.
func (e *entry) leaves() (leaves []string) {
	for _, a := range e.accounts {
		leaves = append(leaves, "account "+cmp.Or(a.Name, "without a name, "+a.ID))
	}
	for _, m := range e.members {
		leaves = append(leaves, fmt.Sprintf("member %s, %s", m.User.Email, m.Status))
	}
	return leaves
}

func printTable(w io.Writer, entries []*entry) error {
	rows := [][]string{{"ORGANIZATION", "ID", "ACCOUNTS", "MEMBERS"}}
	for _, e := range entries {
		rows = append(rows, []string{strings.Repeat("  ", e.Level-1) + e.Name, e.ID, count(e.accounts), count(e.members), e.flaw()})
	}
	if err := output.Table(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", total(entries))
	return err
}

// printJSON leaves what the API sent as it is, and adds to it.
func printJSON(w io.Writer, entries []*entry) error {
	type organization struct {
		*cloudflare.Organization
		Level    int                             `json:"level"` // 1 at the top
		Path     []string                        `json:"path"`  // IDs from the top down to this one
		Note     string                          `json:"note,omitempty"`
		Accounts []cloudflare.Account            `json:"accounts"`
		Members  []cloudflare.OrganizationMember `json:"members"`
	}
	list := make([]organization, len(entries))
	for i, e := range entries {
		list[i] = organization{e.Organization, e.Level, nil, e.Flaw, e.accounts, e.members}
		for _, n := range e.Path() {
			list[i].Path = append(list[i].Path, n.ID)
		}
	}
	return output.JSON(w, list)
}

func printCSV(w io.Writer, entries []*entry) error {
	rows := [][]string{{"path", "level", "organization_id", "kind", "id", "name", "email", "status", "type", "accounts", "members", "note"}}
	for _, e := range entries {
		place := []string{e.PathName(), strconv.Itoa(e.Level), e.ID}
		add := func(cells ...string) { rows = append(rows, slices.Concat(place, cells)) }
		add("organization", e.ID, e.Name, "", "", "", count(e.accounts), count(e.members), e.Flaw)
		for _, a := range e.accounts {
			add("account", a.ID, a.Name, "", "", string(a.Type), "", "", "")
		}
		for _, m := range e.members {
			add("member", m.ID, m.User.Name, m.User.Email, string(m.Status), "", "", "", "")
		}
	}
	return output.CSV(w, rows)
}

func printMermaid(w io.Writer, entries []*entry) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	number := make(map[*hierarchy.Node]int) // what a diagram calls them: an ID could be anything
	for i, e := range entries {
		number[e.Node] = i
		fmt.Fprintf(&b, "    o%d[\"%s<br/>%s\"]\n", i, mermaidText(e.Name), mermaidText(e.holds()))
		if e.Above != nil {
			fmt.Fprintf(&b, "    o%d --> o%d\n", number[e.Above], i)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidText escapes all but letters, digits, spaces and commas: Mermaid looks for directives, comments, HTML and
// Markdown also in quoted texts.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range strings.TrimSpace(demo.Text(s)) {
		if unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit) || r == ' ' || r == ',' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

package tree

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

func printTree(w io.Writer, entries []*entry) error      { return drawTree(w, entries, false) }
func printWholeTree(w io.Writer, entries []*entry) error { return drawTree(w, entries, true) }

func drawTree(w io.Writer, entries []*entry, whole bool) error {
	for from := 0; from < len(entries); {
		top := entries[from]
		tree := output.NewTree(top.line())
		to := from
		for ; to < len(entries) && (to == from || entries[to].Level > top.Level); to++ {
			e := entries[to]
			level := e.Level - top.Level
			if level > 0 {
				tree.Add(level, e.line())
			}
			if whole {
				e.addLeaves(tree, level+1)
			}
		}
		if err := tree.Print(w); err != nil {
			return err
		}
		from = to
	}
	_, err := fmt.Fprintf(w, "\n%s\n", total(entries))
	return err
}

func (e *entry) line() string {
	return strings.TrimRight(fmt.Sprintf("%s  (%s)  %s", e.Name, e.holds(), e.flaw()), " ")
}

func (e *entry) addLeaves(tree *output.Tree, level int) {
	for _, a := range e.accounts {
		tree.Add(level, "account "+cmp.Or(a.Name, "without a name, "+a.ID))
	}
	for _, m := range e.members {
		tree.Add(level, fmt.Sprintf("member %s, %s", m.User.Email, m.Status))
	}
}

func printTable(w io.Writer, entries []*entry) error {
	var rows [][]string
	for _, e := range entries {
		indent := strings.Repeat("  ", e.Level-entries[0].Level)
		rows = append(rows, []string{indent + e.Name, e.ID, number(e.accounts), number(e.members), e.flaw()})
	}
	if err := output.Table(w, []string{"ORGANIZATION", "ID", "ACCOUNTS", "MEMBERS"}, rows); err != nil {
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
		add("organization", e.ID, e.Name, "", "", "", number(e.accounts), number(e.members), e.Flaw)
		for _, a := range e.accounts {
			add("account", a.ID, a.Name, "", "", string(a.Type), "", "", "")
		}
		for _, m := range e.members {
			add("member", m.ID, m.User.Name, m.User.Email, string(m.Status), "", "", "", "")
		}
	}
	return output.CSV(w, rows)
}

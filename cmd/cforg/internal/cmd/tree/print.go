package tree

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

func printTree(w io.Writer, entries []*entry) error {
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
			e.addLeaves(tree, level+1)
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
	line := e.Name
	if holds := e.holds(); holds != "" {
		line += "  (" + holds + ")"
	}
	return strings.TrimRight(line+"  "+e.flaw(), " ")
}

func (e *entry) addLeaves(tree *output.Tree, level int) {
	for _, a := range e.accounts.items {
		tree.Add(level, "account "+cmp.Or(a.Name, "without a name, "+a.ID))
	}
	for _, m := range e.members.items {
		tree.Add(level, fmt.Sprintf("member %s, %s", m.User.Email, m.Status))
	}
}

func printTable(w io.Writer, entries []*entry) error {
	header := []string{"ORGANIZATION", "ID"}
	var rows [][]string
	for _, e := range entries {
		row := []string{strings.Repeat("  ", e.Level-entries[0].Level) + e.Name, e.ID}
		if e.counts {
			header = []string{"ORGANIZATION", "ID", "ACCOUNTS", "MEMBERS"}
			row = append(row, e.accounts.number(), e.members.number())
		}
		rows = append(rows, append(row, e.flaw()))
	}
	if err := output.Table(w, header, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", total(entries))
	return err
}

// MarshalJSON leaves what the API sent as it is, and adds to it.
func (e *entry) MarshalJSON() ([]byte, error) {
	organization := struct {
		*cloudflare.Organization
		Level        int                                                  `json:"level"` // 1 at the top
		Path         []string                                             `json:"path"`  // IDs from the top down to this one
		Note         string                                               `json:"note,omitempty"`
		AccountCount cloudflare.Nullable[int]                             `json:"account_count,omitzero"`
		MemberCount  cloudflare.Nullable[int]                             `json:"member_count,omitzero"`
		Accounts     cloudflare.Nullable[[]cloudflare.Account]            `json:"accounts,omitzero"`
		Members      cloudflare.Nullable[[]cloudflare.OrganizationMember] `json:"members,omitzero"`
	}{Organization: e.Organization, Level: e.Level, Note: e.Flaw}
	for _, n := range e.Path() {
		organization.Path = append(organization.Path, n.ID)
	}
	organization.AccountCount, organization.Accounts = nullable(e.reader, e.accounts)
	organization.MemberCount, organization.Members = nullable(e.reader, e.members)
	return json.Marshal(organization)
}

// nullable returns the length and the items of a list: absent if nobody asked, null if they could not be read.
func nullable[T any](r *reader, l list[T]) (count cloudflare.Nullable[int], items cloudflare.Nullable[[]T]) {
	if r.counts {
		count = cloudflare.Nullable[int]{Value: l.count, Valid: l.known, Null: !l.known}
	}
	if r.all {
		items = cloudflare.Nullable[[]T]{Value: l.items, Valid: l.known, Null: !l.known}
	}
	return count, items
}

var columns = []string{"path", "level", "organization_id", "kind", "id", "name", "email", "status", "type", "accounts", "members", "note"}

// cells returns a row for an organization, and one for each of its accounts and members.
func (e *entry) cells() (rows [][]string) {
	place := []string{e.PathName(), strconv.Itoa(e.Level), e.ID}
	add := func(cells ...string) { rows = append(rows, slices.Concat(place, cells)) }
	accounts, members := "", ""
	if e.counts {
		accounts, members = e.accounts.number(), e.members.number()
	}
	add("organization", e.ID, e.Name, "", "", "", accounts, members, e.Flaw)
	for _, a := range e.accounts.items {
		add("account", a.ID, a.Name, "", "", string(a.Type), "", "", "")
	}
	for _, m := range e.members.items {
		add("member", m.ID, m.User.Name, m.User.Email, string(m.Status), "", "", "", "")
	}
	return rows
}

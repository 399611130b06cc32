// Find tells which organization holds an account, a user or an organization, and where that is in the tree.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/cloudflare"
	"example.com/cloudflare/examples/internal/demo"
	"example.com/cloudflare/examples/internal/hierarchy"
	"example.com/cloudflare/examples/internal/output"
)

const usage = `[-kind any] [-format tree|json] QUERY

Looks for an organization, an account or a user, and shows the organizations from the top of the tree down to it. QUERY
is an ID, a whole name, or the e-mail address of a user; upper and lower case are the same.

The exit code is 0 for one place. It is 3 if nothing is found, or more than one place, which are all shown; in json,
the length of the list tells which. If an organization could not be looked into, it is 1: what is shown may not be all.

On the embedded server, QUERY may be left out. Try "` + demo.TwiceApart + `", which is two organizations.`

func main() { demo.Main(program) }

var program = demo.Program{Name: "find", Usage: usage, Setup: setup}

func setup(flags *flag.FlagSet) func(context.Context, *demo.Env) error {
	kind := flags.String("kind", "any", "what to look for: organization, account, user or any of them")
	format := flags.String("format", "tree", "tree or json")
	return func(ctx context.Context, env *demo.Env) error {
		if len(env.Args) == 0 && env.Tree != nil {
			env.Args = []string{env.Tree.Organizations[20].Accounts[0].ID}
			fmt.Fprintf(env.Stderr, "find: looking for the account %s, as there is no QUERY\n", env.Args[0])
		}
		switch {
		case len(env.Args) != 1 || env.Args[0] == "":
			return demo.Usagef("one QUERY is needed, behind the flags, and in quotes if it has spaces")
		case !slices.Contains([]string{"any", "organization", "account", "user"}, *kind):
			return demo.Usagef("-kind is %q, not organization, account, user or any", *kind)
		case *format != "tree" && *format != "json":
			return demo.Usagef("-format is %q, not tree or json", *format)
		}

		s := search{client: env.Client, query: env.Args[0]}
		incomplete := s.run(ctx, *kind)
		if ctx.Err() != nil || incomplete != nil && s.nodes == nil {
			return incomplete
		}
		show := printTree
		if *format == "json" {
			show = printJSON
		}
		if err := show(env.Stdout, s.places); err != nil {
			return err
		}
		switch n := len(s.places); {
		case incomplete != nil:
			return incomplete
		case n == 0:
			return demo.Refused(fmt.Errorf("nothing is found for %q", s.query))
		case n > 1:
			return demo.Refused(fmt.Errorf("%d places are found for %q: -kind or an ID may tell them apart", n, s.query))
		}
		return nil
	}
}

// place is where something was found.
type place struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"` // of the organization, account or user
	Name   string `json:"name"`
	Email  string `json:"email,omitempty"`  // of a user
	Status string `json:"status,omitempty"` // of a user's membership
	Path   []step `json:"path"`             // from the top down to the organization

	in *hierarchy.Node
}

type step struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type search struct {
	client *cloudflare.Client
	query  string
	nodes  []*hierarchy.Node // all organizations; nil if they could not be listed
	places []place
}

// run looks where it is cheap first. What has an ID is in one place, or is one user, so then the rest can be left out.
func (s *search) run(ctx context.Context, kind string) (err error) {
	if s.nodes, err = hierarchy.List(ctx, s.client); err != nil {
		s.nodes = nil
		return err
	}
	byID := isID(s.query)
	for _, look := range []struct {
		kind string
		run  func(context.Context, bool) error
	}{{"organization", s.organizations}, {"account", s.accounts}, {"user", s.users}} {
		if kind != "any" && kind != look.kind || byID && len(s.places) > 0 {
			continue
		}
		err = cmp.Or(err, look.run(ctx, byID))
	}
	return err
}

func (s *search) organizations(context.Context, bool) error {
	for _, n := range s.nodes {
		if s.fits(n.ID, n.Name) {
			s.places = append(s.places, place{Kind: "organization", ID: n.ID, Name: n.Name, in: n})
		}
	}
	return nil
}

func (s *search) accounts(ctx context.Context, byID bool) error {
	if byID {
		return s.accountByID(ctx)
	}
	params := cloudflare.OrganizationAccountListParams{Name: s.query} // minds no upper and lower case
	return s.lookInto(ctx, s.nodes, func(n *hierarchy.Node) (found []place, err error) {
		for a, err := range s.client.OrganizationAccounts.All(ctx, n.ID, params) {
			if err != nil {
				return found, err
			}
			if s.fits(a.ID, a.Name) {
				found = append(found, place{Kind: "account", ID: a.ID, Name: a.Name})
			}
		}
		return found, nil
	})
}

// accountByID asks the API which organizations contain the account. An organization also contains what is in those
// below it, so the holder is one with none below it that contains the account, too.
func (s *search) accountByID(ctx context.Context) error {
	id := strings.ToLower(s.query)
	contains := make(map[string]bool)
	for org, err := range s.client.Organizations.All(ctx, cloudflare.OrganizationListParams{ContainingAccount: id}) {
		if errors.Is(err, cloudflare.ErrNotFound) {
			break
		} else if err != nil {
			return err
		}
		contains[org.ID] = true
	}
	holders := slices.DeleteFunc(slices.Clone(s.nodes), func(n *hierarchy.Node) bool {
		return !contains[n.ID] || slices.ContainsFunc(n.Below, func(below *hierarchy.Node) bool { return contains[below.ID] })
	})
	return s.lookInto(ctx, holders, func(n *hierarchy.Node) ([]place, error) {
		found := place{Kind: "account", ID: id}
		for a, err := range s.client.OrganizationAccounts.All(ctx, n.ID, cloudflare.OrganizationAccountListParams{}) {
			if err != nil {
				break // an API token may not list accounts; where the account is, is known without its name
			}
			if a.ID == id {
				found.Name = a.Name
			}
		}
		return []place{found}, nil
	})
}

// users looks into all organizations: the API's filter for a user's ID is about who manages an organization, and the
// one for an e-mail address may or may not mind upper and lower case.
func (s *search) users(ctx context.Context, _ bool) error {
	return s.lookInto(ctx, s.nodes, func(n *hierarchy.Node) (found []place, err error) {
		for m, err := range s.client.OrganizationMembers.All(ctx, n.ID, cloudflare.OrganizationMemberListParams{}) {
			if err != nil {
				return found, err
			}
			if s.fits(m.User.ID, m.User.Name, m.User.Email, m.ID) {
				found = append(found, place{Kind: "user", ID: m.User.ID, Name: m.User.Name, Email: m.User.Email, Status: string(m.Status)})
			}
		}
		return found, nil
	})
}

// lookInto adds what is found in some organizations, in their order.
func (s *search) lookInto(ctx context.Context, nodes []*hierarchy.Node, look func(*hierarchy.Node) ([]place, error)) error {
	found := make([][]place, len(nodes))
	err := hierarchy.Each(ctx, nodes, func(i int, n *hierarchy.Node) (err error) {
		found[i], err = look(n)
		for j := range found[i] {
			found[i][j].in = n
		}
		return err
	})
	s.places = append(s.places, slices.Concat(found...)...)
	return err
}

func (s *search) fits(values ...string) bool {
	return slices.ContainsFunc(values, func(value string) bool { return strings.EqualFold(value, s.query) })
}

// isID reports whether a text has the form of an ID, which no name is likely to have.
func isID(s string) bool {
	return len(s) == 32 && strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}

// printTree draws the path to each place.
func printTree(w io.Writer, places []place) error {
	for i, p := range places {
		var rows [][]string
		indent := ""
		add := func(cells ...string) {
			rows = append(rows, append([]string{indent + cells[0]}, cells[1:]...))
			indent = strings.Repeat("   ", len(rows)-1) + "└─ "
		}
		for _, n := range p.in.Path() {
			add(n.Name, n.ID, n.Flaw)
		}
		switch p.Kind {
		case "account":
			add(strings.TrimSpace("account "+p.Name), p.ID)
		case "user":
			add("user "+p.Name, p.ID, p.Email, p.Status)
		}
		if i < len(places)-1 {
			rows = append(rows, nil) // a line between two
		}
		if err := output.Table(w, rows); err != nil {
			return err
		}
	}
	return nil
}

func printJSON(w io.Writer, places []place) error {
	for i := range places {
		for _, n := range places[i].in.Path() {
			places[i].Path = append(places[i].Path, step{n.ID, n.Name})
		}
	}
	return output.JSON(w, append([]place{}, places...)) // a list also if it is empty
}

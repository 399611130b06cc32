package find

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
	"example.com/cloudflare/cmd/cforg/internal/progress"
)

// place is where something was found.
type place struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`               // of the organization, account or user
	Name   string `json:"name"`             // empty for an account that was found by its ID
	Email  string `json:"email,omitempty"`  // of a user
	Status string `json:"status,omitempty"` // of a user's membership
	Path   []step `json:"path"`             // from the top down to the organization
}

// step is an organization on the way to a place.
type step struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Note string `json:"note,omitempty"` // why it is at the top although it has a parent
}

// pathTo returns the organizations from the top down to n.
func pathTo(n *hierarchy.Node) (path []step) {
	for _, n := range n.Path() {
		path = append(path, step{n.ID, n.Name, n.Flaw})
	}
	return path
}

type search struct {
	client  *cloudflare.Client
	meter   *progress.Meter
	query   string
	deep    bool              // look for accounts and users in every organization
	nodes   []*hierarchy.Node // all organizations, once they were listed
	places  []place
	skipped []string // what would have taken a request for each organization
}

// run begins with the search that needs the fewest requests. An ID is unique, so run stops once it is found.
func (s *search) run(ctx context.Context, kind string) (err error) {
	byID := cli.IsID(cli.Fold(s.query)) // in upper case too
	wants := func(what string) bool { return kind == "any" || kind == what }
	noAccount := false // has this ID
	if byID && wants("account") {
		if noAccount, err = s.accountChain(ctx); err != nil || len(s.places) > 0 {
			return err
		}
	}
	if s.nodes, err = hierarchy.List(ctx, s.client); err != nil {
		return err
	}
	if wants("organization") {
		s.organizations()
	}
	if byID && wants("account") && !noAccount && len(s.places) == 0 {
		err = s.accountByID(ctx)
	}
	for _, look := range []struct {
		kind string
		run  func(context.Context) error
	}{{"account", s.accounts}, {"user", s.users}} {
		if !wants(look.kind) || byID && (look.kind == "account" || len(s.places) > 0) {
			continue
		}
		if kind == "any" && !s.deep {
			s.skipped = append(s.skipped, look.kind)
			continue
		}
		s.meter.Warn(len(s.nodes), "looking for "+look.kind+"s in every organization")
		err = cmp.Or(err, look.run(ctx))
	}
	return err
}

// more says what was not searched, and what that takes. It is empty if nothing was left out.
func (s *search) more() string {
	switch len(s.skipped) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%ss were not searched: --kind %s takes %s", s.skipped[0], s.skipped[0], s.meter.Cost(len(s.nodes)))
	}
	return fmt.Sprintf("accounts and users were not searched: --deep takes %s, --kind account or --kind user half of that",
		s.meter.Cost(2*len(s.nodes)))
}

// accountChain requests the organizations of an account. It reports whether the API says that there is no such account.
func (s *search) accountChain(ctx context.Context) (none bool, err error) {
	id := cli.Fold(s.query)
	chain, err := s.client.OrganizationAccounts.ListOrganizations(ctx, id)
	switch {
	case errors.Is(err, cloudflare.ErrNotFound):
		return true, nil
	case err != nil && ctx.Err() != nil:
		return false, err
	case err != nil: // this credential may still be allowed to list organizations
		return false, nil
	case len(chain) == 0:
		return false, cli.Refused(fmt.Errorf("the account %s is in no organization", id))
	}
	found := place{Kind: "account", ID: id}
	for _, org := range chain {
		found.Path = append(found.Path, step{ID: org.ID, Name: org.Name})
	}
	s.places = append(s.places, found)
	return false, nil
}

func (s *search) organizations() {
	for _, n := range s.nodes {
		if s.fits(n.Name, n.ID) {
			s.places = append(s.places, place{Kind: "organization", ID: n.ID, Name: n.Name, Path: pathTo(n)})
		}
	}
}

func (s *search) accounts(ctx context.Context) error {
	params := cloudflare.OrganizationAccountListParams{Name: s.query} // not case-sensitive
	return s.lookInto(ctx, s.nodes, func(ctx context.Context, n *hierarchy.Node) (found []place, err error) {
		for a, err := range s.client.OrganizationAccounts.All(ctx, n.ID, params) {
			if err != nil {
				return found, err
			}
			if s.fits(a.Name, a.ID) {
				found = append(found, place{Kind: "account", ID: a.ID, Name: a.Name})
			}
		}
		return found, nil
	})
}

// accountByID lists the organizations that contain the account. A token that may not read the chain of organizations may
// be allowed to do this. An organization contains what those below it contain, so the holder is the lowest in the list.
func (s *search) accountByID(ctx context.Context) error {
	id := cli.Fold(s.query)
	contains := make(map[string]bool)
	for org, err := range s.client.Organizations.All(ctx, cloudflare.OrganizationListParams{ContainingAccount: id}) {
		if errors.Is(err, cloudflare.ErrNotFound) {
			break
		} else if err != nil {
			return err
		}
		contains[cli.Fold(org.ID)] = true
	}
	holders := slices.DeleteFunc(slices.Clone(s.nodes), func(n *hierarchy.Node) bool {
		return !contains[cli.Fold(n.ID)] || slices.ContainsFunc(n.Below, func(below *hierarchy.Node) bool { return contains[cli.Fold(below.ID)] })
	})
	return s.lookInto(ctx, holders, func(ctx context.Context, n *hierarchy.Node) ([]place, error) {
		found := place{Kind: "account", ID: id}
		for a, err := range s.client.OrganizationAccounts.All(ctx, n.ID, cloudflare.OrganizationAccountListParams{}) {
			if err != nil {
				break // an API token may not list accounts; the place is known without the account's name
			}
			if cli.SameID(a.ID, id) {
				found.Name = a.Name
			}
		}
		return []place{found}, nil
	})
}

// users reads the members of all organizations: the API's filter for a user's ID selects organizations that manage
// the user, and its filter for an email address may be case-sensitive.
func (s *search) users(ctx context.Context) error {
	return s.lookInto(ctx, s.nodes, func(ctx context.Context, n *hierarchy.Node) (found []place, err error) {
		for m, err := range s.client.OrganizationMembers.All(ctx, n.ID, cloudflare.OrganizationMemberListParams{}) {
			if err != nil {
				return found, err
			}
			if s.fits(m.User.Name, m.User.ID, m.ID, m.User.Email) {
				found = append(found, place{Kind: "user", ID: m.User.ID, Name: m.User.Name, Email: m.User.Email, Status: string(m.Status)})
			}
		}
		return found, nil
	})
}

// lookInto adds what look finds in each of nodes, in their order.
func (s *search) lookInto(ctx context.Context, nodes []*hierarchy.Node, look func(context.Context, *hierarchy.Node) ([]place, error)) error {
	s.meter.Expect(len(nodes))
	return hierarchy.Each(ctx, nodes, look, func(n *hierarchy.Node, found []place) error {
		for _, p := range found {
			p.Path = pathTo(n)
			s.places = append(s.places, p)
		}
		return nil
	})
}

// fits reports whether a name, an ID or an email address is the one to find.
func (s *search) fits(name string, values ...string) bool {
	return strings.EqualFold(name, s.query) ||
		slices.ContainsFunc(values, func(value string) bool { return cli.Fold(value) == cli.Fold(s.query) })
}

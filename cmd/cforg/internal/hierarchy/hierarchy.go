// Package hierarchy arranges organizations in a tree, and reads something of each of them.
package hierarchy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
)

// Node is an organization in the tree.
type Node struct {
	*cloudflare.Organization
	Above  *Node   // nil at the top
	Below  []*Node // by name
	Level  int     // 1 at the top
	Flaw   string  // why it is at the top although it has a parent
	Hidden int     // how many below it a [Survey] leaves out
}

// Path returns the organizations from the top down to n.
func (n *Node) Path() []*Node {
	var path []*Node
	for at := n; at != nil; at = at.Above {
		path = append(path, at)
	}
	slices.Reverse(path)
	return path
}

// PathName returns the names on the path, with slashes between them.
func (n *Node) PathName() string {
	var names []string
	for _, at := range n.Path() {
		names = append(names, at.Name)
	}
	return strings.Join(names, " / ")
}

// Under returns n and everything below it, parents before children.
func (n *Node) Under() []*Node {
	nodes := []*Node{n}
	for _, below := range n.Below {
		nodes = append(nodes, below.Under()...)
	}
	return nodes
}

// Select returns the organization that s is the ID or the exact name of, and everything below it. If there is none, or
// more than one, the error has [cli.ExitRefused].
func Select(nodes []*Node, s string) ([]*Node, error) {
	var found []*Node
	var ids []string
	for _, n := range nodes {
		if cli.SameID(n.ID, s) || n.Name == s {
			found, ids = append(found, n), append(ids, n.ID)
		}
	}
	switch len(found) {
	case 0:
		return nil, cli.Refused(fmt.Errorf("no organization has the name or ID %q", s))
	case 1:
		return found[0].Under(), nil
	}
	return nil, cli.Refused(fmt.Errorf("%d organizations are named %q; use one of the IDs %s", len(ids), s, strings.Join(ids, ", ")))
}

// List returns all organizations that the client can see, in the order of [Build].
func List(ctx context.Context, client *cloudflare.Client) ([]*Node, error) {
	orgs, err := cloudflare.Collect(client.Organizations.All(ctx, cloudflare.OrganizationListParams{}))
	return Build(orgs), err
}

// Build arranges organizations in a tree and returns each of them once, parents before children. The order depends on
// names and IDs only. An organization is at the top if its parent is not among them. One organization of each cycle is
// at the top, too.
func Build(orgs []cloudflare.Organization) []*Node {
	byID := make(map[string]*Node)
	for i, org := range orgs {
		byID[cli.Fold(org.ID)] = &Node{Organization: &orgs[i]} // a list that changes while it is read may hold one twice
	}
	nodes := slices.SortedFunc(maps.Values(byID), func(a, b *Node) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	for _, n := range nodes {
		if parent := n.Parent; parent != nil {
			if n.Above = byID[cli.Fold(parent.ID)]; n.Above == nil {
				n.Flaw = fmt.Sprintf("its parent %q is not visible", cmp.Or(parent.Name, parent.ID))
			}
		}
	}
	breakCycles(nodes)

	ordered := make([]*Node, 0, len(nodes))
	var place func(n *Node, level int)
	place = func(n *Node, level int) {
		n.Level = level
		ordered = append(ordered, n)
		for _, below := range n.Below {
			place(below, level+1)
		}
	}
	for _, n := range nodes {
		if n.Above != nil {
			n.Above.Below = append(n.Above.Below, n)
		}
	}
	for _, n := range nodes {
		if n.Above == nil {
			place(n, 1)
		}
	}
	return ordered
}

// breakCycles puts one organization of each cycle at the top.
func breakCycles(nodes []*Node) {
	safe := make(map[*Node]bool) // the way up from here ends
	for _, n := range nodes {
		way := make(map[*Node]bool)
		for at := n; at != nil && !safe[at]; at = at.Above {
			way[at] = true
			if top := at.Above; way[top] {
				top.Flaw = fmt.Sprintf("its parent %q is below it", top.Above.Name)
				top.Above = nil
			}
		}
		maps.Copy(safe, way)
	}
}

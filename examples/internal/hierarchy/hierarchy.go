// Package hierarchy puts organizations in their places, and looks into many of them at once.
package hierarchy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/cloudflare"
)

// Node is an organization in its place.
type Node struct {
	*cloudflare.Organization
	Above *Node   // nil at the top
	Below []*Node // by name
	Level int     // 1 at the top
	Flaw  string  // why it is at the top, if the API says that it is below another one
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

// List returns all organizations that the client can see, in the order of [Build].
func List(ctx context.Context, client *cloudflare.Client) ([]*Node, error) {
	orgs, err := cloudflare.Collect(client.Organizations.All(ctx, cloudflare.OrganizationListParams{}))
	return Build(orgs), err
}

// Build puts organizations in their places and returns each of them once, every one behind the one above it. The order
// depends on names and IDs alone. An organization whose parent is not among them is at the top, and so is one of each
// circle.
func Build(orgs []cloudflare.Organization) []*Node {
	byID := make(map[string]*Node)
	for i, org := range orgs {
		byID[org.ID] = &Node{Organization: &orgs[i]} // a list that changes while it is read may name one twice
	}
	nodes := slices.SortedFunc(maps.Values(byID), func(a, b *Node) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	for _, n := range nodes {
		if parent := n.Parent; parent != nil {
			if n.Above = byID[parent.ID]; n.Above == nil {
				n.Flaw = fmt.Sprintf("below %q, which is not visible", cmp.Or(parent.Name, parent.ID))
			}
		}
	}
	breakCircles(nodes)

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

// breakCircles puts one organization of each circle at the top.
func breakCircles(nodes []*Node) {
	safe := make(map[*Node]bool) // the way up from here ends
	for _, n := range nodes {
		way := make(map[*Node]bool)
		for at := n; at != nil && !safe[at]; at = at.Above {
			way[at] = true
			if top := at.Above; way[top] {
				top.Flaw = fmt.Sprintf("below %q, which is below it: a circle", top.Above.Name)
				top.Above = nil
			}
		}
		maps.Copy(safe, way)
	}
}

// atOnce is how many organizations are looked into at the same time. More would not help for long: the API allows for
// four requests a second.
const atOnce = 8

// Each calls look for every node, a few at a time, and waits for all of them. One that fails does not keep the others
// from being looked into; the error tells how many failed, and why the first did. If ctx ends, that is the error.
func Each(ctx context.Context, nodes []*Node, look func(i int, n *Node) error) error {
	errs := make([]error, len(nodes))
	turns := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, n := range nodes {
		turns <- struct{}{} // no need to watch ctx: calls return at once when it ends
		wg.Go(func() {
			defer func() { <-turns }()
			errs[i] = look(i, n)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}

	first := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if first < 0 {
		return nil
	}
	failed := len(slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil }))
	return fmt.Errorf("%d of %d organizations could not be read in full; the first, %q: %w",
		failed, len(nodes), nodes[first].Name, errs[first])
}

package hierarchy_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
)

// organizations makes those in a text such as "a b<a": b is below a. Names are IDs in capitals.
func organizations(text string) (orgs []cloudflare.Organization) {
	for _, field := range strings.Fields(text) {
		id, parent, below := strings.Cut(field, "<")
		org := cloudflare.Organization{ID: id, Name: strings.ToUpper(id)}
		if below {
			org.Parent = &cloudflare.OrganizationParent{ID: parent}
		}
		orgs = append(orgs, org)
	}
	return orgs
}

func TestBuild(t *testing.T) {
	for name, test := range map[string]struct {
		orgs string
		want []string // the level, the path, the flaw
	}{
		"nothing":         {"", nil},
		"a tree":          {"c<a b<a d<b a e", []string{"1 A", "2 A / B", "3 A / B / D", "2 A / C", "1 E"}},
		"an orphan":       {"a b<x c<b", []string{"1 A", `1 B its parent "x" is not visible`, "2 B / C"}},
		"below itself":    {"a<a b<a", []string{`1 A its parent "A" is below it`, "2 A / B"}},
		"a cycle":         {"a<c b<a c<b", []string{`1 A its parent "C" is below it`, "2 A / B", "3 A / B / C"}},
		"two cycles":      {"a<b b<a c<d d<c", []string{`1 A its parent "B" is below it`, "2 A / B", `1 C its parent "D" is below it`, "2 C / D"}},
		"below a cycle":   {"a<b b<c c<b", []string{`1 B its parent "C" is below it`, "2 B / A", "2 B / C"}},
		"named twice":     {"a b<a b<a", []string{"1 A", "2 A / B"}},
		"IDs in capitals": {"a b<A B<A C<B", []string{"1 A", "2 A / B", "3 A / B / C"}},
	} {
		t.Run(name, func(t *testing.T) {
			orgs := organizations(test.orgs)
			for range 10 {
				var got []string
				for _, n := range hierarchy.Build(orgs) {
					got = append(got, strings.TrimSpace(fmt.Sprintf("%d %s %s", n.Level, n.PathName(), n.Flaw)))
				}
				require.Equal(t, test.want, got)
				rand.Shuffle(len(orgs), func(i, j int) { orgs[i], orgs[j] = orgs[j], orgs[i] }) // no order of the server's changes it
			}
		})
	}
}

func TestBuildOrdersTheSameNameByID(t *testing.T) {
	nodes := hierarchy.Build([]cloudflare.Organization{{ID: "2", Name: "same"}, {ID: "3", Name: "Same"}, {ID: "1", Name: "same"}})
	assert.Equal(t, []string{"1", "2", "3"}, []string{nodes[0].ID, nodes[1].ID, nodes[2].ID})
}

func TestBuildOfALongChain(t *testing.T) {
	const length = 10_000
	var text strings.Builder
	text.WriteString("o0")
	for i := range length - 1 {
		fmt.Fprintf(&text, " o%d<o%d", i+1, i)
	}
	nodes := hierarchy.Build(organizations(text.String()))
	require.Len(t, nodes, length)
	assert.Equal(t, length, nodes[length-1].Level)
}

func TestSelect(t *testing.T) {
	nodes := hierarchy.Build(append(organizations("a b<a c<b d<a e"), cloudflare.Organization{ID: "f", Name: "E"}))
	for s, want := range map[string]string{"a": "a b c d", "A": "a b c d", "b": "b c", "e": "e", "f": "f"} {
		selected, err := hierarchy.Select(nodes, s)
		require.NoError(t, err)
		var ids []string
		for _, n := range selected {
			ids = append(ids, n.ID)
		}
		assert.Equal(t, want, strings.Join(ids, " "))
	}
	_, err := hierarchy.Select(nodes, "x")
	assert.EqualError(t, err, `no organization has the name or ID "x"`)
	_, err = hierarchy.Select(nodes, "E")
	assert.EqualError(t, err, `2 organizations are named "E"; use one of the IDs e, f`)
}

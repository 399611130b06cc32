package demo_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

func TestSeed(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	tree := demo.Seed(server)

	listed := 0
	for _, err := range server.Client().Organizations.All(t.Context(), cloudflare.OrganizationListParams{}) {
		require.NoError(t, err)
		listed++
	}
	assert.Equal(t, 60, listed)

	levels, accounts, members := map[int]int{}, 0, 0
	noFactor, foreign, statuses, organizationsOf := 0, 0, map[string]int{}, map[string]int{}
	for _, o := range tree.Organizations {
		levels[o.Level]++
		accounts += len(o.Accounts)
		for _, m := range o.Members {
			members++
			statuses[m.Status]++
			organizationsOf[m.Email]++
			if !m.TwoFactor {
				noFactor++
			}
			if !strings.HasSuffix(m.Email, "@"+demo.Domain) {
				foreign++
			}
		}
	}
	assert.Equal(t, map[int]int{1: 2, 2: 8, 3: 50}, levels)
	assert.Equal(t, 300, accounts)
	assert.Equal(t, 120, members)
	assert.Equal(t, map[string]int{"active": 113, "pending": 5, "canceled": 1, "rejected": 1}, statuses)
	assert.Positive(t, noFactor)
	assert.Positive(t, foreign)
	assert.Equal(t, 2, organizationsOf[tree.Organizations[0].Members[0].Email])

	parents := func(name string) (ids []string) {
		for _, o := range tree.Named(name) {
			ids = append(ids, o.ParentID)
		}
		return ids
	}
	reseller := tree.Named(demo.Reseller)[0].ID
	assert.Equal(t, []string{reseller, reseller}, parents(demo.TwiceSame))
	assert.Len(t, parents(demo.TwiceApart), 2)
	assert.NotEqual(t, parents(demo.TwiceApart)[0], parents(demo.TwiceApart)[1])
	assert.Equal(t, []string{reseller}, parents(demo.EmptyCustomer))

	again := cloudflaretest.NewServer().ForTest(t)
	assert.Equal(t, tree, demo.Seed(again), "the same each time")
}

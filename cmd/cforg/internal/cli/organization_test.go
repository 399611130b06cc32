package cli_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

func TestOrganizationID(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	tree := demo.Seed(server)
	root := tree.Organizations[0].ID
	for _, s := range []string{root, strings.ToUpper(root), demo.Root} {
		id, err := cli.OrganizationID(t.Context(), server.Client(), s)
		assert.NoError(t, err)
		assert.Equal(t, root, id)
	}
	_, err := cli.OrganizationID(t.Context(), server.Client(), "northwind distribution")
	assert.ErrorContains(t, err, "no organization is named")
	_, err = cli.OrganizationID(t.Context(), server.Client(), demo.TwiceApart)
	assert.ErrorContains(t, err, "2 organizations are named")
	for _, o := range tree.Named(demo.TwiceApart) {
		assert.ErrorContains(t, err, o.ID)
	}
}

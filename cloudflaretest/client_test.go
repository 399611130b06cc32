package cloudflaretest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	// Preparing the server sends no request.
	parent := server.AddOrganization("Example, Inc.", "")

	// The response is lost on its way. Was the organization created?
	server.Fail(1, cloudflaretest.Cut())
	_, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Example, Ltd.", ParentID: parent})
	fmt.Println("outcome unknown:", errors.Is(err, cloudflare.ErrOutcomeUnknown))

	for organization, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{ParentID: parent}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("found:", organization.Name)
	}
	for _, request := range server.Requests() {
		fmt.Println(request.Method, request.Path)
	}
	// Output:
	// outcome unknown: true
	// found: Example, Ltd.
	// POST /client/v4/organizations
	// GET /client/v4/organizations
}

func TestClient(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.AddOrganization("a", "")

	// A credential of the environment is not used.
	t.Setenv("CLOUDFLARE_API_TOKEN", "from-the-environment")
	page, err := server.Client(cloudflare.WithUserAgent("mine/1")).Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1)
	assert.Contains(t, server.Requests()[0].Header.Get("User-Agent"), "mine/1")

	assert.Panics(t, func() { server.Client(cloudflare.WithMaxRetries(-1)) })
	assert.Panics(t, func() { server.Client(cloudflare.WithAPIToken("x")) }, "a client has one credential")

	client, err := cloudflare.NewClient(cloudflare.WithBaseURL(server.URL), cloudflare.WithAPIToken(cloudflaretest.APIToken))
	require.NoError(t, err)
	_, err = client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	assert.NoError(t, err)
	_, err = client.Organizations.Get(t.Context(), page.Items[0].ID)
	assert.ErrorIs(t, err, cloudflare.ErrForbidden, "a token cannot read an organization")
}

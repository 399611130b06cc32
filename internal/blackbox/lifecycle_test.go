package blackbox

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// An organization can be created, read, listed, updated and deleted over HTTP.
func TestLifeCycle(t *testing.T) {
	ctx := t.Context()
	server := cloudflaretest.NewServer().ForTest(t)
	client := server.Client()
	organizations, profiles := client.Organizations, client.OrganizationProfile

	full := &cloudflare.OrganizationProfile{
		BusinessAddress: "1 Example Way", BusinessEmail: "hello@example.com", BusinessName: "Example",
		BusinessPhone: "+1 555 0100", ExternalMetadata: `{"crm":7}`,
	}
	root, err := organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Root", Profile: full})
	require.NoError(t, err)
	assert.Equal(t, "Root", root.Name)
	assert.Nil(t, root.Parent)
	assert.Equal(t, full, root.Profile)
	assert.Equal(t, []string{root.ID}, root.Meta.HierarchyTags)
	assert.False(t, root.CreateTime.IsZero())
	assert.Equal(t, *root.Meta.TenantFlags, root.Flags())

	child, err := organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Child", ParentID: root.ID})
	require.NoError(t, err)
	assert.Equal(t, &cloudflare.OrganizationParent{ID: root.ID, Name: "Root"}, child.Parent)
	assert.Nil(t, child.Profile)
	assert.Equal(t, []string{root.ID, child.ID}, child.Meta.HierarchyTags)

	read, err := organizations.Get(ctx, child.ID)
	require.NoError(t, err)
	assert.Equal(t, child, read)

	for name, tt := range map[string]struct {
		params cloudflare.OrganizationListParams
		want   []string
	}{
		"all":                     {cloudflare.OrganizationListParams{}, []string{root.ID, child.ID}},
		"roots":                   {cloudflare.OrganizationListParams{RootsOnly: true}, []string{root.ID}},
		"below the root":          {cloudflare.OrganizationListParams{ParentID: root.ID}, []string{child.ID}},
		"below the child":         {cloudflare.OrganizationListParams{ParentID: child.ID}, []string{}},
		"by IDs":                  {cloudflare.OrganizationListParams{IDs: []string{child.ID, root.ID}}, []string{root.ID, child.ID}},
		"by name":                 {cloudflare.OrganizationListParams{Name: "Child"}, []string{child.ID}},
		"by name, in lower case":  {cloudflare.OrganizationListParams{Name: "child"}, []string{}},
		"by the end of a name":    {cloudflare.OrganizationListParams{NameEndsWith: "OOT"}, []string{root.ID}},
		"by the start of a name":  {cloudflare.OrganizationListParams{NameStartsWith: "ro"}, []string{root.ID}},
		"by a part of a name":     {cloudflare.OrganizationListParams{NameContains: "hil"}, []string{child.ID}},
		"by an organization":      {cloudflare.OrganizationListParams{ContainingOrganization: child.ID}, []string{root.ID}},
		"by filters that exclude": {cloudflare.OrganizationListParams{RootsOnly: true, Name: "Child"}, []string{}},
	} {
		assert.Equal(t, tt.want, listedIDs(t, client, tt.params), name)
	}

	renamed, err := organizations.Update(ctx, root.ID, cloudflare.OrganizationUpdateParams{Name: "Renamed", Profile: root.Profile})
	require.NoError(t, err)
	assert.Equal(t, "Renamed", renamed.Name)
	assert.Equal(t, root.Profile, renamed.Profile)

	_, err = profiles.Get(ctx, child.ID)
	assert.ErrorIs(t, err, cloudflare.ErrNotFound, "a profile that was never set")
	profile := cloudflare.OrganizationProfile{BusinessName: "Child Ltd", ExternalMetadata: `{"crm":7}`}
	require.NoError(t, profiles.Update(ctx, child.ID, profile))
	stored, err := profiles.Get(ctx, child.ID)
	require.NoError(t, err)
	assert.Equal(t, &profile, stored)
	require.NoError(t, profiles.Update(ctx, child.ID, cloudflare.OrganizationProfile{BusinessPhone: "+1 555 0100"}))
	stored, err = profiles.Get(ctx, child.ID)
	require.NoError(t, err)
	assert.Equal(t, &cloudflare.OrganizationProfile{BusinessPhone: "+1 555 0100"}, stored, "an update replaces")

	_, err = organizations.Delete(ctx, root.ID)
	assert.ErrorIs(t, err, cloudflare.ErrConflict, "it holds another one")
	for _, id := range []string{child.ID, root.ID} {
		deleted, err := organizations.Delete(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, &cloudflare.OrganizationDeleteResponse{ID: id}, deleted)
	}
	_, err = organizations.Get(ctx, root.ID)
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	_, err = organizations.Delete(ctx, root.ID)
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.Empty(t, listedIDs(t, client, cloudflare.OrganizationListParams{}))
}

// A token can list and create organizations. The errors of all other operations explain why a token is rejected.
func TestLifeCycleWithAToken(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("Root", "")
	client := server.Client(cloudflare.WithAPIToken(cloudflaretest.APIToken))

	assert.Equal(t, []string{id}, listedIDs(t, client, cloudflare.OrganizationListParams{}))
	_, err := client.Organizations.Get(t.Context(), id)
	assert.ErrorContains(t, err, "user API tokens support only some Organizations endpoints")
	_, err = client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Root"})
	assert.NoError(t, err)
}

func TestLifeCycleWithBadCredentials(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	for name, tt := range map[string]struct {
		credential cloudflare.Option
		want       error
	}{
		"token": {cloudflare.WithAPIToken("another-token"), cloudflare.ErrForbidden},
		"key":   {cloudflare.WithAPIKey("another-key", cloudflaretest.Email), cloudflare.ErrUnauthorized},
		"email": {cloudflare.WithAPIKey(cloudflaretest.APIKey, "another@example.com"), cloudflare.ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server.Client(tt.credential).Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
			assert.ErrorIs(t, err, tt.want)
		})
	}
}

// All lists every organization that was created, each exactly once.
func TestLifeCycleOf2500Organizations(t *testing.T) {
	const created = 2500
	server := cloudflaretest.NewServer().ForTest(t)
	client := server.Client()

	names := map[string]string{} // by ID
	for i := range created {
		name := fmt.Sprintf("Organization %04d", i)
		org, err := client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: name})
		require.NoError(t, err)
		names[org.ID] = name
	}
	require.Len(t, names, created)

	for _, tt := range []struct{ pageSize, requests int }{{0, 3}, {100, 25}} {
		before := len(server.Requests())
		seen := map[string]string{}
		for org, err := range client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{PageSize: tt.pageSize}) {
			require.NoError(t, err)
			if _, twice := seen[org.ID]; twice {
				t.Fatalf("%s came twice", org.ID)
			}
			seen[org.ID] = org.Name
		}
		assert.Equal(t, names, seen)
		sent := server.Requests()[before:]
		assert.Len(t, sent, tt.requests, "at a page size of %d", tt.pageSize)
		for _, r := range sent {
			assert.Equal(t, http.MethodGet, r.Method)
		}
	}
}

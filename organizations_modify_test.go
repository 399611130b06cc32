package cloudflare_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestModifyKeepsOtherFields(t *testing.T) {
	for name, profile := range map[string]*cloudflare.OrganizationProfile{"with a profile": &modifiedProfile, "without one": nil} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				parent := api.AddOrganization("Parent", "")
				org, err := api.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Old", ParentID: parent, Profile: profile})
				require.NoError(t, err)

				modified, err := api.client.Organizations.Modify(t.Context(), org.ID, func(p *cloudflare.OrganizationUpdateParams) error {
					assert.Equal(t, cloudflare.OrganizationUpdateParams{Name: "Old", ParentID: parent, Profile: profile}, *p)
					p.Name = "New"
					return nil
				})
				require.NoError(t, err)
				assert.Equal(t, "New", modified.Name)

				stored, err := api.client.Organizations.Get(t.Context(), org.ID)
				require.NoError(t, err)
				assert.Equal(t, "New", stored.Name)
				assert.Equal(t, parent, stored.Parent.ID)
				assert.Equal(t, profile, stored.Profile)
			})
		})
	}
}

func TestModifyWithoutAnUpdate(t *testing.T) {
	rejected := errors.New("not today")
	for name, test := range map[string]struct {
		change func(*cloudflare.OrganizationUpdateParams) error
		err    error
	}{
		"if nothing changed": {func(*cloudflare.OrganizationUpdateParams) error { return nil }, nil},
		"if all is as before": {func(p *cloudflare.OrganizationUpdateParams) error {
			p.Profile = new(*p.Profile)
			return nil
		}, nil},
		"if the parent is as before": {func(p *cloudflare.OrganizationUpdateParams) error {
			p.ParentID = strings.ToUpper(p.ParentID)
			return nil
		}, nil},
		"if change fails":           {func(p *cloudflare.OrganizationUpdateParams) error { p.Name = "New"; return rejected }, rejected},
		"if a name would be empty":  {renameTo(""), cloudflare.ErrInvalidArgument},
		"if there is nothing to do": {nil, cloudflare.ErrInvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				id := api.AddOrganization("Old", api.AddOrganization("Parent", ""))
				require.NoError(t, api.client.OrganizationProfile.Update(t.Context(), id, modifiedProfile))
				before := len(api.writes())

				org, err := api.client.Organizations.Modify(t.Context(), id, test.change)
				assert.Len(t, api.writes(), before)
				if test.err != nil {
					assert.ErrorIs(t, err, test.err)
					assert.Nil(t, org)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, "Old", org.Name)
			})
		})
	}
}

func TestModifyOfOneProfileField(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		org, err := api.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", Profile: &modifiedProfile})
		require.NoError(t, err)
		_, err = api.client.Organizations.Modify(t.Context(), org.ID, func(p *cloudflare.OrganizationUpdateParams) error {
			p.Profile.BusinessPhone = "+1 555 0199"
			return nil
		})
		require.NoError(t, err)
		want := modifiedProfile
		want.BusinessPhone = "+1 555 0199"
		stored, err := api.client.OrganizationProfile.Get(t.Context(), org.ID)
		require.NoError(t, err)
		assert.Equal(t, &want, stored)
	})
}

func TestModifyOfTheParent(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		id, other := api.AddOrganization("Org", ""), api.AddOrganization("Other", "")
		_, err := api.client.Organizations.Modify(t.Context(), id, func(p *cloudflare.OrganizationUpdateParams) error {
			p.ParentID = other
			return nil
		})
		apiError, ok := errors.AsType[*cloudflare.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, http.StatusBadRequest, apiError.StatusCode, "the API rejects this")
		assert.Len(t, api.writes(), 1)
	})
}

// The API may omit the profile from an organization that has one.
func TestModifyReadsAMissingProfile(t *testing.T) {
	for name, test := range map[string]struct {
		inOrganization string
		profile        roundTripper // nil if it is not read
		sent           string
		err            error
	}{
		"there is one":        {profile: respondSuccess(modifiedProfileJSON), sent: `{"name":"New","profile":` + modifiedProfileJSON + `}`},
		"there is none":       {profile: respondSuccess("null"), sent: `{"name":"New"}`},
		"it is not found":     {profile: respondWith(404, notFoundBody), sent: `{"name":"New"}`},
		"it must not be seen": {profile: respondError(403), err: cloudflare.ErrForbidden},
		"all of it is empty":  {inOrganization: `,"profile":{"business_name":"","external_metadata":""}`, sent: `{"name":"New"}`},
		"it is there, in part": {
			inOrganization: `,"profile":{"business_name":"X"}`,
			sent: `{"name":"New","profile":{"business_address":"","business_email":"","business_name":"X",` +
				`"business_phone":"","external_metadata":""}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			responses := []roundTripper{respondSuccess(organizationJSON(organizationID, "Old", test.inOrganization))}
			if test.profile != nil {
				responses = append(responses, test.profile)
			}
			if test.err == nil {
				responses = append(responses, respondSuccess(organizationJSON(organizationID, "New", "")))
			}
			client, script := newScriptedClient(t, responses...)
			_, err := client.Organizations.Modify(t.Context(), organizationID, renameTo("New"))
			assert.ErrorIs(t, err, test.err)
			require.Len(t, script.sent, len(responses))
			if test.err == nil {
				assert.JSONEq(t, test.sent, script.sent[len(responses)-1].Body)
			}
		})
	}
}

func TestModifyWithoutAnOrganization(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		const id = "0123456789abcdef0123456789abcdef"
		_, err := api.client.Organizations.Modify(t.Context(), id, renameTo("New"))
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		_, err = api.client.OrganizationProfile.Modify(t.Context(), id, setBusinessPhone)
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		assert.Empty(t, api.writes())
	})
}

func renameTo(to string) func(*cloudflare.OrganizationUpdateParams) error {
	return func(p *cloudflare.OrganizationUpdateParams) error { p.Name = to; return nil }
}

// A name that Update rejects can be read, and has to be trimmed before anything else is changed.
func TestModifyTrimsAName(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization(" Old ", "")
	organizations := server.Client().Organizations

	org, err := organizations.Modify(t.Context(), id, func(*cloudflare.OrganizationUpdateParams) error { return nil })
	require.NoError(t, err, "nothing was changed")
	assert.Equal(t, " Old ", org.Name)

	_, err = organizations.Modify(t.Context(), id, func(params *cloudflare.OrganizationUpdateParams) error {
		params.Profile = fullProfile()
		return nil
	})
	assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
	assert.ErrorContains(t, err, "Name must not begin or end with white space")

	org, err = organizations.Modify(t.Context(), id, func(params *cloudflare.OrganizationUpdateParams) error {
		params.Name = strings.TrimSpace(params.Name)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, "Old", org.Name)
}

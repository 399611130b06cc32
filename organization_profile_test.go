package cloudflare_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestOrganizationProfileGet(t *testing.T) {
	client, script := newScriptedClient(t, respondSuccess(fullProfileJSON))
	profile, err := client.OrganizationProfile.Get(t.Context(), organizationID)
	require.NoError(t, err)
	assert.Equal(t, fullProfile(), profile)
	assert.Equal(t, sentRequest{Method: "GET", URL: organizationURL + "/profile", Header: sentHeader()}, script.only(t))
}

func TestOrganizationProfileWithoutAProfile(t *testing.T) {
	profile, err := newClient(t, respondSuccess("null")).OrganizationProfile.Get(t.Context(), organizationID)
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.Nil(t, profile)
}

// Update always sends all five fields, and accepts every response that the API may send.
func TestOrganizationProfileUpdate(t *testing.T) {
	for name, tt := range map[string]struct {
		profile  cloudflare.OrganizationProfile
		status   int
		response string
		body     string
	}{
		"with 204": {
			profile: *fullProfile(), status: 204, response: "", body: fullProfileJSON,
		},
		"with an empty 200": {
			profile: *fullProfile(), status: 200, response: "", body: fullProfileJSON,
		},
		"with an envelope": {
			profile: *fullProfile(), status: 200, response: successBody(fullProfileJSON), body: fullProfileJSON,
		},
		"of one field": {
			profile: cloudflare.OrganizationProfile{ExternalMetadata: "x"}, status: 204, response: "",
			body: `{"business_address": "", "business_email": "", "business_name": "", "business_phone": "", "external_metadata": "x"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, respondWith(tt.status, tt.response))
			require.NoError(t, client.OrganizationProfile.Update(t.Context(), organizationID, tt.profile))
			assertSent(t, sentRequest{
				Method: "PUT", URL: organizationURL + "/profile", Body: tt.body,
				Header: sentHeader("Content-Type", "application/json"),
			}, script.only(t))
		})
	}
}

func TestProfileModify(t *testing.T) {
	rejected := errors.New("not today")
	withPhone := modifiedProfile
	withPhone.BusinessPhone = "+1 555 0199"
	for name, test := range map[string]struct {
		stored *cloudflare.OrganizationProfile
		change func(*cloudflare.OrganizationProfile) error
		want   cloudflare.OrganizationProfile
		writes int
		err    error
	}{
		"keeps the other fields":         {stored: &modifiedProfile, change: setBusinessPhone, want: withPhone, writes: 1},
		"begins empty if never set":      {change: setBusinessPhone, want: cloudflare.OrganizationProfile{BusinessPhone: "+1 555 0199"}, writes: 1},
		"sends nothing that is the same": {stored: &withPhone, change: setBusinessPhone, want: withPhone},
		"sends nothing if empty, still":  {change: func(*cloudflare.OrganizationProfile) error { return nil }},
		"sends nothing if change fails":  {stored: &modifiedProfile, change: func(p *cloudflare.OrganizationProfile) error { return rejected }, err: rejected},
		"does not empty all of it": {stored: &modifiedProfile, err: cloudflare.ErrInvalidArgument, change: func(p *cloudflare.OrganizationProfile) error {
			*p = cloudflare.OrganizationProfile{}
			return nil
		}},
		"change is nil": {stored: &modifiedProfile, err: cloudflare.ErrInvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				org, err := api.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", Profile: test.stored})
				require.NoError(t, err)
				before := len(api.writes())

				profile, err := api.client.OrganizationProfile.Modify(t.Context(), org.ID, test.change)
				assert.Len(t, api.writes()[before:], test.writes)
				if test.err != nil {
					assert.ErrorIs(t, err, test.err)
					assert.Nil(t, profile)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, &test.want, profile)
				if test.writes > 0 {
					stored, err := api.client.OrganizationProfile.Get(t.Context(), org.ID)
					require.NoError(t, err)
					assert.Equal(t, &test.want, stored)
				}
			})
		})
	}
}

// A 404 may mean that the profile does not exist, that the organization does not, or that it cannot be read yet.
func TestProfileModifyAfterA404(t *testing.T) {
	for name, test := range map[string]struct {
		profile cloudflaretest.Fault
		org     *cloudflaretest.Fault
		stored  *cloudflare.OrganizationProfile
		kept    string // of the business name
		err     error
		fails   bool // with an error that has no sentinel
	}{
		"there is none":          {profile: cloudflaretest.Status(404, nil, notFoundBody)},
		"there is one after all": {profile: cloudflaretest.Status(404, nil, notFoundBody), stored: &modifiedProfile, kept: modifiedProfile.BusinessName},
		"no organization": {
			profile: cloudflaretest.Status(404, nil, notFoundBody),
			org:     new(cloudflaretest.Status(404, nil, notFoundBody)), stored: &modifiedProfile,
			err: cloudflare.ErrNotFound,
		},
		"no route":             {profile: cloudflaretest.Status(404, nil, noRouteBody), stored: &modifiedProfile, fails: true},
		"something on the way": {profile: cloudflaretest.Status(404, nil, "<html>"), stored: &modifiedProfile, fails: true},
		"the organization is null": {
			profile: cloudflaretest.Status(404, nil, notFoundBody),
			org:     new(cloudflaretest.Status(200, nil, successBody("null"))), stored: &modifiedProfile, fails: true,
		},
		"the organization is forbidden": {
			profile: cloudflaretest.Status(404, nil, notFoundBody),
			org:     new(cloudflaretest.Status(403, nil, notFoundBody)), stored: &modifiedProfile,
			err: cloudflare.ErrForbidden,
		},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				org, err := api.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", Profile: test.stored})
				require.NoError(t, err)
				api.Fail(1, test.profile)
				if test.org != nil {
					api.Fail(2, *test.org)
				}
				profile, err := api.client.OrganizationProfile.Modify(t.Context(), org.ID, setBusinessPhone)
				if test.err != nil || test.fails {
					require.Error(t, err)
					assert.True(t, test.fails || errors.Is(err, test.err), err)
					assert.Len(t, api.writes(), 1, "the create and nothing else")
					return
				}
				require.NoError(t, err)
				assert.Equal(t, test.kept, profile.BusinessName)
				assert.Equal(t, "+1 555 0199", profile.BusinessPhone)
			})
		})
	}
}

func TestModifyLastWriteWins(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		id := api.AddOrganization("Old", "")
		_, err := api.client.OrganizationProfile.Modify(t.Context(), id, func(p *cloudflare.OrganizationProfile) error {
			p.BusinessPhone = "+1 555 0199"
			return api.client.OrganizationProfile.Update(t.Context(), id, modifiedProfile) // somebody else, in between
		})
		require.NoError(t, err)
		stored, err := api.client.OrganizationProfile.Get(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, &cloudflare.OrganizationProfile{BusinessPhone: "+1 555 0199"}, stored)
	})
}

func setBusinessPhone(p *cloudflare.OrganizationProfile) error {
	p.BusinessPhone = "+1 555 0199"
	return nil
}

// modifiedProfile has every field, so that a field that is lost is noticed.
var modifiedProfile = cloudflare.OrganizationProfile{
	BusinessAddress: "1 Main Street", BusinessEmail: "it@example.com", BusinessName: "Example, Inc.",
	BusinessPhone: "+1 555 0100", ExternalMetadata: `{"crm":7}`,
}

const modifiedProfileJSON = `{"business_address":"1 Main Street","business_email":"it@example.com",` +
	`"business_name":"Example, Inc.","business_phone":"+1 555 0100","external_metadata":"{\"crm\":7}"}`

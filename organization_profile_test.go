package cloudflare_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
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

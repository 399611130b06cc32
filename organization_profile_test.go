package cloudflare_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

const wireProfileURL = wireOrganizations + "/" + wireID + "/profile"

func TestOrganizationProfileGet(t *testing.T) {
	w := newWire(200, enveloped(wireProfile))
	profile, err := w.client(t).OrganizationProfile.Get(t.Context(), wireID)
	require.NoError(t, err)
	assert.Equal(t, fullProfile(), profile)
	assert.Equal(t, wireRequest{Method: "GET", URL: wireProfileURL, Header: wireHeader()}, w.only(t))
}

func TestOrganizationProfileThatWasNeverSet(t *testing.T) {
	profile, err := newWire(200, enveloped(`null`)).client(t).OrganizationProfile.Get(t.Context(), wireID)
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.Nil(t, profile)
}

// The update sends all five fields, always, and takes every answer that the API may give to it.
func TestOrganizationProfileUpdate(t *testing.T) {
	for name, tt := range map[string]struct {
		profile cloudflare.OrganizationProfile
		status  int
		answer  string
		body    string
	}{
		"answered with 204": {
			profile: *fullProfile(), status: 204, answer: "", body: wireProfile,
		},
		"answered with an empty 200": {
			profile: *fullProfile(), status: 200, answer: "", body: wireProfile,
		},
		"answered with an envelope": {
			profile: *fullProfile(), status: 200, answer: enveloped(wireProfile), body: wireProfile,
		},
		"of one field": {
			profile: cloudflare.OrganizationProfile{ExternalMetadata: "x"}, status: 204, answer: "",
			body: `{"business_address": "", "business_email": "", "business_name": "", "business_phone": "", "external_metadata": "x"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(tt.status, tt.answer)
			require.NoError(t, w.client(t).OrganizationProfile.Update(t.Context(), wireID, tt.profile))
			assertSent(t, wireRequest{
				Method: "PUT", URL: wireProfileURL, Body: tt.body,
				Header: wireHeader("Content-Type", "application/json"),
			}, w.only(t))
		})
	}
}

func TestOrganizationProfileRefuses(t *testing.T) {
	w := newWire(204, "")
	profiles := w.client(t).OrganizationProfile

	_, err := profiles.Get(t.Context(), "")
	assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "Get without an ID")
	assert.ErrorIs(t, profiles.Update(t.Context(), "", *fullProfile()), cloudflare.ErrInvalidArgument, "Update without an ID")
	assert.ErrorIs(t, profiles.Update(t.Context(), wireID, cloudflare.OrganizationProfile{}), cloudflare.ErrInvalidArgument,
		"Update without a field")
	assert.Empty(t, w.sent)
}

package cloudflare_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// Validate reports what Create reports, and nothing else.
func TestValidateIsWhatCreateChecks(t *testing.T) {
	requests := 0
	client := newSingleAttemptClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		requests++
		return respondWith(200, `{"success":true,"result":`+anOrganization+`}`)(r)
	}))
	check := func(params interface{ Validate() error }, create func() error, valid bool) {
		before := requests
		err := params.Validate()
		assert.Equal(t, before, requests, "Validate sent a request")
		created := create()
		if valid {
			assert.NoError(t, err, "%+v", params)
			assert.NoError(t, created, "%+v", params)
			return
		}
		require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%+v", params)
		assert.EqualError(t, created, err.Error(), "%+v", params)
	}
	profile := &cloudflare.OrganizationProfile{BusinessName: "Example"}
	for _, test := range []struct {
		params cloudflare.OrganizationCreateParams
		valid  bool
	}{
		{cloudflare.OrganizationCreateParams{Name: "n"}, true},
		{cloudflare.OrganizationCreateParams{Name: "n", ParentID: "o1", Profile: profile}, true},
		{cloudflare.OrganizationCreateParams{}, false},
		{cloudflare.OrganizationCreateParams{Name: "n", ParentID: "o/1"}, false},
		{cloudflare.OrganizationCreateParams{Name: "n", ParentID: cloudflare.NoParent}, false},
		{cloudflare.OrganizationCreateParams{Name: "n", Profile: new(cloudflare.OrganizationProfile)}, false},
		{cloudflare.OrganizationCreateParams{Name: "\xff"}, false},
		{cloudflare.OrganizationCreateParams{Name: "n", Profile: &cloudflare.OrganizationProfile{BusinessName: "\xff"}}, false},
	} {
		check(test.params, func() error { _, err := client.Organizations.Create(t.Context(), test.params); return err }, test.valid)
	}
	for _, test := range []struct {
		params cloudflare.OrganizationMemberCreateParams
		valid  bool
	}{
		{cloudflare.OrganizationMemberCreateParams{Email: "a@example.com"}, true},
		{cloudflare.OrganizationMemberCreateParams{Email: "a@example.com", Status: cloudflare.MemberStatusCanceled}, true},
		{cloudflare.OrganizationMemberCreateParams{}, false},
		{cloudflare.OrganizationMemberCreateParams{Email: "a"}, false},
		{cloudflare.OrganizationMemberCreateParams{Email: "a @example.com"}, false},
		{cloudflare.OrganizationMemberCreateParams{Email: "\xff@example.com"}, false},
		{cloudflare.OrganizationMemberCreateParams{Email: "a@example.com", Status: cloudflare.MemberStatusPending}, false},
	} {
		check(test.params, func() error { _, err := client.OrganizationMembers.Create(t.Context(), "o1", test.params); return err }, test.valid)
	}
	for _, test := range []struct {
		params cloudflare.AccountCreateParams
		valid  bool
	}{
		{cloudflare.AccountCreateParams{Name: "n"}, true},
		{cloudflare.AccountCreateParams{Name: "n", OrganizationID: "o1", IdempotencyKey: "k"}, true},
		{cloudflare.AccountCreateParams{}, false},
		{cloudflare.AccountCreateParams{Name: "\xff"}, false},
		{cloudflare.AccountCreateParams{Name: "n", Type: "free"}, false},
		{cloudflare.AccountCreateParams{Name: "n", OrganizationID: "o/1"}, false},
		{cloudflare.AccountCreateParams{Name: "n", OrganizationID: "o1", Standalone: true}, false},
		{cloudflare.AccountCreateParams{Name: "n", IdempotencyKey: "a b"}, false},
	} {
		check(test.params, func() error { _, err := client.OrganizationAccounts.Create(t.Context(), test.params); return err }, test.valid)
	}
}

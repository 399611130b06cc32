package cloudflare_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const sharesURL = organizationURL + "/shares"

// Without both a page and a page size, the API would respond with the whole list.
func TestShareQueries(t *testing.T) {
	for _, tt := range []struct {
		params    cloudflare.ShareListParams
		list, all string
	}{
		{cloudflare.ShareListParams{}, "page=1&per_page=20", "page=1&per_page=100"},
		{cloudflare.ShareListParams{PageSize: 7}, "page=1&per_page=7", "page=1&per_page=7"},
		{cloudflare.ShareListParams{PageToken: "3"}, "page=3&per_page=20", "page=3&per_page=100"},
		{
			cloudflare.ShareListParams{
				Status: cloudflare.ShareStatusActive, Kind: cloudflare.ShareKindSent, TargetType: cloudflare.ShareTargetTypeAccount,
				ResourceTypes: []cloudflare.ShareResourceType{cloudflare.ShareResourceTypeCustomRuleset, cloudflare.ShareResourceTypeTrustGrant},
				OrderBy:       cloudflare.ShareOrderByName, Direction: cloudflare.DirectionDescending, PageSize: 100, PageToken: "2",
			},
			"direction=desc&kind=sent&order=name&page=2&per_page=100" +
				"&resource_types=custom-ruleset&resource_types=trust-grant&status=active&target_type=account",
			"direction=desc&kind=sent&order=name&page=2&per_page=100" +
				"&resource_types=custom-ruleset&resource_types=trust-grant&status=active&target_type=account",
		},
	} {
		client, script := newScriptedClient(t, respondSuccess(`[]`), respondSuccess(`[]`))
		_, err := client.OrganizationShares.List(t.Context(), organizationID, tt.params)
		require.NoError(t, err)
		_, err = lastOf(client.OrganizationShares.All(t.Context(), organizationID, tt.params))
		require.NoError(t, err)
		require.Len(t, script.sent, 2)
		assert.Equal(t, "GET "+sharesURL+"?"+tt.list, script.sent[0].Method+" "+script.sent[0].URL)
		assert.Equal(t, "GET "+sharesURL+"?"+tt.all, script.sent[1].Method+" "+script.sent[1].URL)
	}
}

func TestInvalidShareParams(t *testing.T) {
	c := newClient(t, sendNothing(t))
	for _, tt := range []struct {
		params cloudflare.ShareListParams
		says   string
	}{
		{cloudflare.ShareListParams{PageToken: "0"}, "PageToken"},
		{cloudflare.ShareListParams{PageToken: "-1"}, "PageToken"},
		{cloudflare.ShareListParams{PageToken: "+1"}, "PageToken"},
		{cloudflare.ShareListParams{PageToken: "1.5"}, "PageToken"},
		{cloudflare.ShareListParams{PageToken: " 1"}, "PageToken"},
		{cloudflare.ShareListParams{PageToken: "next"}, "PageToken"},
		{cloudflare.ShareListParams{PageToken: "2147483648"}, "PageToken"},
		{cloudflare.ShareListParams{PageSize: -1}, "PageSize must be between 1 and 100, not -1"},
		{cloudflare.ShareListParams{PageSize: 101}, "PageSize must be between 1 and 100, not 101"},
		{cloudflare.ShareListParams{ResourceTypes: []cloudflare.ShareResourceType{}}, "ResourceTypes"},
		{cloudflare.ShareListParams{ResourceTypes: []cloudflare.ShareResourceType{"a", ""}}, "ResourceTypes"},
		{cloudflare.ShareListParams{Status: "\xff"}, `"status"`},
	} {
		_, err := c.OrganizationShares.List(t.Context(), organizationID, tt.params)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%+v", tt.params)
		assert.ErrorContains(t, err, tt.says)
		_, err = lastOf(c.OrganizationShares.All(t.Context(), organizationID, tt.params))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%+v", tt.params)
	}
}

func TestShareIsDecoded(t *testing.T) {
	at := time.Date(2023, time.September, 21, 18, 56, 32, 624632000, time.UTC)
	body := `{"success":true,"errors":[],"result":[{
		"id":"s1","name":"Rules","account_id":"a1","account_name":"Shop","organization_id":"o1","created":"2023-09-21T18:56:32.624632Z",
		"modified":"2023-09-21T18:56:32.624632Z","status":"active","target_type":"organization","kind":"received",
		"associated_recipient_count":10,"associating_recipient_count":0,"disassociated_recipient_count":null,
		"resources":[{"id":"r1","resource_id":"x1","resource_type":"gateway-policy","resource_account_id":"a2","meta":{"a":[1.50]},
			"status":"deleting","created":"2023-09-21T18:56:32.624632Z","modified":"2023-09-21T18:56:32.624632Z","resource_version":3}]
	},{"id":"s2","status":"of a later version"}],"result_info":{"count":2,"page":1,"per_page":20,"total_count":2000,"total_pages":1}}`
	page, err := newClient(t, respondWith(200, body)).OrganizationShares.List(t.Context(), organizationID, cloudflare.ShareListParams{})
	require.NoError(t, err)
	count := func(n int) cloudflare.Nullable[int] { return cloudflare.Nullable[int]{Value: n, Valid: true} }
	assert.Equal(t, []cloudflare.Share{
		{
			ID: "s1", Name: "Rules", AccountID: "a1", AccountName: "Shop", OrganizationID: "o1", Created: at, Modified: at,
			Status: cloudflare.ShareStatusActive, TargetType: cloudflare.ShareTargetTypeOrganization, Kind: cloudflare.ShareKindReceived,
			AssociatedRecipientCount: count(10), AssociatingRecipientCount: count(0),
			DisassociatedRecipientCount: cloudflare.Nullable[int]{Null: true},
			Resources: []cloudflare.ShareResource{{
				ID: "r1", ResourceID: "x1", ResourceAccountID: "a2", ResourceType: cloudflare.ShareResourceTypeGatewayPolicy, ResourceVersion: 3,
				Status: cloudflare.ShareStatusDeleting, Meta: json.RawMessage(`{"a":[1.50]}`), Created: at, Modified: at,
			}},
		},
		{ID: "s2", Status: "of a later version"},
	}, page.Items)
	assert.Empty(t, page.NextPageToken)
}

func TestNullSharesAreAnEmptyList(t *testing.T) {
	for _, info := range []string{"", `,"result_info":null`, `,"result_info":{"count":0,"page":1,"per_page":20,"total_pages":0}`} {
		page, err := newClient(t, respondWith(200, `{"success":true,"errors":[],"result":null`+info+`}`)).
			OrganizationShares.List(t.Context(), organizationID, cloudflare.ShareListParams{})
		require.NoError(t, err)
		assert.Equal(t, &cloudflare.Page[cloudflare.Share]{}, page)
	}
	// Null says nothing about a list that goes on elsewhere.
	_, err := newClient(t, respondWith(200, `{"success":true,"errors":[],"result":null,"result_info":{"next_page_token":"t"}}`)).
		OrganizationShares.List(t.Context(), organizationID, cloudflare.ShareListParams{})
	assert.ErrorContains(t, err, "its result is null")
}

func TestShareErrors(t *testing.T) {
	client := newClient(t, respondWith(404, `{"success":false,"errors":[{"code":1551,"message":"organization not found"}],"result":null}`))
	_, err := client.OrganizationShares.List(t.Context(), organizationID, cloudflare.ShareListParams{})
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	e, ok := errors.AsType[*cloudflare.Error](err)
	require.True(t, ok)
	assert.True(t, e.HasCode(1551))
}

func TestSharesOfTheFakeAPI(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	organization := server.AddOrganization("Example, Inc.", "")
	var want []string
	for n := range 300 {
		id := server.AddShare(organization, cloudflaretest.Share{Name: fmt.Sprint(n), Status: []string{"active", "deleted"}[n%2]})
		if n%2 == 0 {
			want = append(want, id)
		}
	}
	var got []string
	for share, err := range server.Client().OrganizationShares.All(t.Context(), organization, cloudflare.ShareListParams{Status: "active"}) {
		require.NoError(t, err)
		got = append(got, share.ID)
	}
	assert.Equal(t, want, got)
	assert.Len(t, server.Requests(), 2, "the total of the whole list does not count")

	shares, err := cloudflare.Collect(server.Client().OrganizationShares.All(t.Context(), organization, cloudflare.ShareListParams{Kind: "received"}))
	require.NoError(t, err)
	assert.Empty(t, shares)
}

package cloudflare_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func accountNames(page *cloudflare.Page[cloudflare.Account]) (names []string) {
	for _, account := range page.Items {
		names = append(names, account.Name)
	}
	return names
}

func TestOrganizationAccountListParams(t *testing.T) {
	tests := map[string]cloudflare.OrganizationAccountListParams{
		"":                                 {},
		"?name=a":                          {Name: "a"},
		"?name.contains=a":                 {NameContains: "a"},
		"?name.startsWith=a":               {NameStartsWith: "a"},
		"?name.endsWith=a":                 {NameEndsWith: "a"},
		"?account_pubname=a":               {AccountPubname: "a"},
		"?account_pubname.contains=a":      {AccountPubnameContains: "a"},
		"?account_pubname.startsWith=a":    {AccountPubnameStartsWith: "a"},
		"?account_pubname.endsWith=a":      {AccountPubnameEndsWith: "a"},
		"?order_by=account_name":           {OrderBy: cloudflare.AccountOrderByName},
		"?direction=desc":                  {Direction: cloudflare.DirectionDescending},
		"?direction=asc&order_by=later":    {OrderBy: "later", Direction: cloudflare.DirectionAscending},
		"?page_size=1000":                  {PageSize: cloudflare.MaxPageSize},
		"?page_token=a%2Bb%3D":             {PageToken: "a+b="},
		"?name=%26a%3Db+%2Bc%23%C3%BC%25f": {Name: "&a=b +c#ü%f"},
	}
	for query, params := range tests {
		t.Run(query, func(t *testing.T) {
			client, script := newScriptedClient(t, respondSuccess(`[]`))
			page, err := client.OrganizationAccounts.List(t.Context(), organizationID, params)
			require.NoError(t, err)
			assert.Empty(t, page.Items)
			assert.Empty(t, page.NextPageToken)
			assert.Equal(t, organizationURL+"/accounts"+query, script.only(t).URL)
		})
	}
}

func TestOrganizationAccountsRequest(t *testing.T) {
	client, script := newScriptedClient(t, respondSuccess(`[]`))
	_, err := client.OrganizationAccounts.List(t.Context(), organizationID, cloudflare.OrganizationAccountListParams{})
	require.NoError(t, err)
	assert.Equal(t, sentRequest{Method: "GET", URL: organizationURL + "/accounts", Header: sentHeader()}, script.only(t))
}

func TestOrganizationAccountsResults(t *testing.T) {
	client, _ := newScriptedClient(t, respondWith(200, `{
		"success": true, "errors": [], "messages": [],
		"result": [
			{"id": "a1", "name": "One", "type": "enterprise", "created_on": "2024-02-03T04:05:06.789Z", "settings": {
				"enforce_twofactor": true, "api_access_enabled": false, "access_approval_expiry": "2027-01-02T03:04:05Z",
				"abuse_contact_email": "abuse@example.com", "default_nameservers": "custom.account",
				"use_account_custom_ns_by_default": false}},
			{"id": "a2", "name": null, "type": "standard", "created_on": "2024-02-03T05:05:06+01:00", "settings": {
				"enforce_twofactor": null, "api_access_enabled": null, "access_approval_expiry": null,
				"abuse_contact_email": null, "default_nameservers": null, "use_account_custom_ns_by_default": null}},
			{"id": "a3", "name": "Three", "type": "tomorrow's", "created_on": "2024-02-03T04:05:06Z", "settings": {}, "new": [1]}
		],
		"result_info": {"next_page_token": "next", "total_size": 7}
	}`))
	page, err := client.OrganizationAccounts.List(t.Context(), organizationID, cloudflare.OrganizationAccountListParams{})
	require.NoError(t, err)
	assert.Equal(t, "next", page.NextPageToken)
	assert.Equal(t, int64(7), page.TotalSize)

	created := time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)
	assert.Equal(t, []string{"One", "", "Three"}, accountNames(page))
	assert.Equal(t, cloudflare.Account{
		ID: "a1", Name: "One", Type: cloudflare.AccountTypeEnterprise, CreatedOn: created.Add(789 * time.Millisecond),
		Settings: cloudflare.AccountSettings{
			EnforceTwofactor:            cloudflare.Nullable[bool]{Valid: true, Value: true},
			APIAccessEnabled:            cloudflare.Nullable[bool]{Valid: true},
			AccessApprovalExpiry:        cloudflare.Nullable[time.Time]{Valid: true, Value: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)},
			AbuseContactEmail:           cloudflare.Nullable[string]{Valid: true, Value: "abuse@example.com"},
			DefaultNameservers:          cloudflare.Nullable[string]{Valid: true, Value: "custom.account"},
			UseAccountCustomNSByDefault: cloudflare.Nullable[bool]{Valid: true},
		},
	}, page.Items[0])
	assert.Equal(t, cloudflare.AccountSettings{
		EnforceTwofactor:            cloudflare.Nullable[bool]{Null: true},
		APIAccessEnabled:            cloudflare.Nullable[bool]{Null: true},
		AccessApprovalExpiry:        cloudflare.Nullable[time.Time]{Null: true},
		AbuseContactEmail:           cloudflare.Nullable[string]{Null: true},
		DefaultNameservers:          cloudflare.Nullable[string]{Null: true},
		UseAccountCustomNSByDefault: cloudflare.Nullable[bool]{Null: true},
	}, page.Items[1].Settings)
	assert.Equal(t, cloudflare.AccountTypeStandard, page.Items[1].Type)
	assert.True(t, created.Equal(page.Items[1].CreatedOn))
	assert.Equal(t, cloudflare.AccountType("tomorrow's"), page.Items[2].Type)
	assert.Zero(t, page.Items[2].Settings)
}

func TestOrganizationAccountsWithInvalidUTF8(t *testing.T) {
	client, _ := newScriptedClient(t, respondSuccess("[{\"id\":\"a1\",\"name\":\"\xff\",\"settings\":{\"abuse_contact_email\":\"\xff@b\"}},{\"id\":\"a2\"}]"))
	page, err := client.OrganizationAccounts.List(t.Context(), organizationID, cloudflare.OrganizationAccountListParams{})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	assert.Equal(t, "\uFFFD", page.Items[0].Name)
	assert.Equal(t, "\uFFFD@b", page.Items[0].Settings.AbuseContactEmail.Value)
}

func TestAccountRoundTrip(t *testing.T) {
	const sent = `{"id":"a1","name":"One","type":"later","settings":{"enforce_twofactor":false,"api_access_enabled":null,` +
		`"access_approval_expiry":"2027-01-02T03:04:05Z","abuse_contact_email":""},"created_on":"2024-02-03T04:05:06Z"}`
	for name, pkg := range jsonPackages {
		t.Run(name, func(t *testing.T) {
			var account cloudflare.Account
			require.NoError(t, pkg.unmarshal([]byte(sent), &account))
			stored, err := pkg.marshal(account)
			require.NoError(t, err)
			assert.Equal(t, sent, string(stored))
		})
	}
}

func TestOrganizationAccountsInvalidResults(t *testing.T) {
	tests := map[string]string{
		"no list":             `{"id":"a1"}`,
		"null":                `null`,
		"a null item":         `[null]`,
		"a text":              `["a1"]`,
		"no id":               `[{"name":"One"}]`,
		"id null":             `[{"id":null,"name":"One"}]`,
		"id a number":         `[{"id":1}]`,
		"bad created_on":      `[{"id":"a1","created_on":"03/02/2024"}]`,
		"empty created_on":    `[{"id":"a1","created_on":""}]`,
		"bad expiry":          `[{"id":"a1","settings":{"access_approval_expiry":"soon"}}]`,
		"a text for a bool":   `[{"id":"a1","settings":{"enforce_twofactor":"true"}}]`,
		"settings a list":     `[{"id":"a1","settings":[]}]`,
		"the second is wrong": `[{"id":"a1"},{}]`,
		"cut":                 `[{"id":"a1"}`,
		"the same name twice": `[{"id":"a1","id":"a2"}]`,
		"more than a page":    `[` + strings.Repeat(`{"id":"a1"},`, cloudflare.MaxPageSize) + `{"id":"a1"}]`,
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			client, _ := newScriptedClient(t, respondSuccess(body))
			page, err := client.OrganizationAccounts.List(t.Context(), organizationID, cloudflare.OrganizationAccountListParams{})
			var apiError *cloudflare.Error
			require.ErrorAs(t, err, &apiError)
			assert.Nil(t, page)
			assert.Equal(t, 200, apiError.StatusCode)
			assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown, "a list changes nothing")
		})
	}
}

func TestOrganizationAccountsAllRequestsEachPageOnce(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	organization := server.AddOrganization("Example", "")
	for range 25 {
		server.AddAccount(organization, cloudflaretest.Account{Name: "Shop"})
		server.AddAccount(organization, cloudflaretest.Account{Name: "Office"})
	}

	params := cloudflare.OrganizationAccountListParams{Name: "shop", OrderBy: cloudflare.AccountOrderByName, PageSize: 10}
	seen := map[string]bool{}
	for account, err := range server.Client().OrganizationAccounts.All(t.Context(), organization, params) {
		require.NoError(t, err)
		assert.Equal(t, "Shop", account.Name)
		seen[account.ID] = true
	}
	assert.Len(t, seen, 25)
	requests := server.Requests()
	require.Len(t, requests, 3)
	for i, request := range requests {
		assert.Equal(t, i > 0, request.Query.Has("page_token"))
		request.Query.Del("page_token")
		assert.Equal(t, url.Values{
			"name": {"shop"}, "order_by": {"account_name"}, "page_size": {"10"}, "include_total": {"false"},
		}, request.Query)
	}
	assert.Equal(t, 10, params.PageSize)
	assert.Empty(t, params.PageToken)
}

func TestOrganizationAccountsAllResumes(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	organization := server.AddOrganization("Example", "")
	var want []string
	for range 7 {
		want = append(want, server.AddAccount(organization, cloudflaretest.Account{}))
	}
	server.Fail(2, cloudflaretest.Status(418, nil, "no"))

	client, params := server.Client(), cloudflare.OrganizationAccountListParams{PageSize: 3}
	var got []string
	var failed *cloudflare.PageError
	for account, err := range client.OrganizationAccounts.All(t.Context(), organization, params) {
		if err != nil {
			require.Nil(t, failed, "an error comes once")
			require.ErrorAs(t, err, &failed)
			continue
		}
		got = append(got, account.ID)
	}
	require.NotNil(t, failed)
	assert.Equal(t, want[:3], got)

	params.PageToken = failed.PageToken
	for account, err := range client.OrganizationAccounts.All(t.Context(), organization, params) {
		require.NoError(t, err)
		got = append(got, account.ID)
	}
	assert.Equal(t, want, got)
	assert.Len(t, server.Requests(), 4)
}

func TestOrganizationAccountsFilters(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	organization := server.AddOrganization("Example", "")
	add := func(name, publicName string) {
		server.AddAccount(organization, cloudflaretest.Account{Name: name, PublicName: publicName})
	}
	add("beta", "Second")
	add("Alpha", "First")
	add("", "")
	add("alphabet", "third")
	server.AddAccount(server.AddOrganization("Other", ""), cloudflaretest.Account{Name: "alpha"})

	tests := map[string]struct {
		params cloudflare.OrganizationAccountListParams
		want   []string
	}{
		"all":                {cloudflare.OrganizationAccountListParams{}, []string{"beta", "Alpha", "", "alphabet"}},
		"name":               {cloudflare.OrganizationAccountListParams{Name: "ALPHA"}, []string{"Alpha"}},
		"contains":           {cloudflare.OrganizationAccountListParams{NameContains: "PHA"}, []string{"Alpha", "alphabet"}},
		"starts":             {cloudflare.OrganizationAccountListParams{NameStartsWith: "B"}, []string{"beta"}},
		"ends":               {cloudflare.OrganizationAccountListParams{NameEndsWith: "BET"}, []string{"alphabet"}},
		"both":               {cloudflare.OrganizationAccountListParams{NameStartsWith: "alpha", NameEndsWith: "a"}, []string{"Alpha"}},
		"none":               {cloudflare.OrganizationAccountListParams{Name: "gamma"}, nil},
		"public name":        {cloudflare.OrganizationAccountListParams{AccountPubname: "third"}, []string{"alphabet"}},
		"public name has":    {cloudflare.OrganizationAccountListParams{AccountPubnameContains: "ir"}, []string{"Alpha", "alphabet"}},
		"public name starts": {cloudflare.OrganizationAccountListParams{AccountPubnameStartsWith: "f"}, []string{"Alpha"}},
		"public name ends":   {cloudflare.OrganizationAccountListParams{AccountPubnameEndsWith: "nd"}, []string{"beta"}},
		"by name":            {cloudflare.OrganizationAccountListParams{OrderBy: cloudflare.AccountOrderByName}, []string{"", "Alpha", "alphabet", "beta"}},
		"by name, backwards": {cloudflare.OrganizationAccountListParams{OrderBy: cloudflare.AccountOrderByName, Direction: cloudflare.DirectionDescending}, []string{"beta", "alphabet", "Alpha", ""}},
	}
	client := server.Client()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			page, err := client.OrganizationAccounts.List(t.Context(), organization, test.params)
			require.NoError(t, err)
			assert.Equal(t, test.want, accountNames(page))
			assert.Equal(t, int64(len(test.want)), page.TotalSize)
		})
	}
	_, err := client.OrganizationAccounts.List(t.Context(), organizationID, cloudflare.OrganizationAccountListParams{})
	require.ErrorIs(t, err, cloudflare.ErrNotFound)
	_, err = client.Organizations.Delete(t.Context(), organization)
	require.ErrorIs(t, err, cloudflare.ErrConflict, "it holds accounts")
}

func TestOrganizationAccountSettings(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	organization := server.AddOrganization("Example", "")
	for _, settings := range []string{`{"enforce_twofactor":true}`, `{"enforce_twofactor":false}`, `{"enforce_twofactor":null}`, `{}`} {
		server.AddAccount(organization, cloudflaretest.Account{Settings: json.RawMessage(settings)})
	}
	page, err := server.Client().OrganizationAccounts.List(t.Context(), organization, cloudflare.OrganizationAccountListParams{})
	require.NoError(t, err)
	want := []cloudflare.Nullable[bool]{{Valid: true, Value: true}, {Valid: true}, {Null: true}, {}}
	require.Len(t, page.Items, len(want))
	for i, account := range page.Items {
		assert.Equal(t, want[i], account.Settings.EnforceTwofactor, i)
	}
}

func TestOrganizationAccountsListIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, script := newScriptedClient(t, respondError(503), respondError(429), respondSuccess(`[{"id":"a1"}]`))
		page, err := client.OrganizationAccounts.List(t.Context(), organizationID, cloudflare.OrganizationAccountListParams{Name: "x"})
		require.NoError(t, err)
		assert.Len(t, page.Items, 1)
		require.Len(t, script.sent, 3)
		for _, sent := range script.sent {
			assert.Equal(t, script.sent[0], sent)
		}
	})
}

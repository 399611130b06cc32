package cloudflare_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
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
	server := cloudflaretest.NewServer().ForTest(t)
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
	server := cloudflaretest.NewServer().ForTest(t)
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
	server := cloudflaretest.NewServer().ForTest(t)
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
		"by name, backwards": {
			cloudflare.OrganizationAccountListParams{OrderBy: cloudflare.AccountOrderByName, Direction: cloudflare.DirectionDescending},
			[]string{"beta", "alphabet", "Alpha", ""},
		},
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
	server := cloudflaretest.NewServer().ForTest(t)
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

const accountID = "023e105f4ecef8ad9ca31a8372d0c353"

func TestAccountCreateRequests(t *testing.T) {
	for _, tt := range []struct {
		params cloudflare.AccountCreateParams
		body   string
	}{
		{cloudflare.AccountCreateParams{Name: "Shop"}, `{"name":"Shop"}`},
		{
			cloudflare.AccountCreateParams{Name: "Shop", Type: cloudflare.AccountTypeStandard, Standalone: true},
			`{"name":"Shop","type":"standard","standalone":true}`,
		},
		{
			cloudflare.AccountCreateParams{Name: "Shop", Type: cloudflare.AccountTypeEnterprise, OrganizationID: organizationID},
			`{"name":"Shop","type":"enterprise","unit":{"id":"` + organizationID + `"}}`,
		},
	} {
		tt.params.IdempotencyKey = "order-4711"
		client, script := newScriptedClient(t, respondSuccess(anAccount))
		_, err := client.OrganizationAccounts.Create(t.Context(), tt.params)
		require.NoError(t, err)
		assertSent(t, sentRequest{
			http.MethodPost, apiURL + "/accounts", sentHeader("Content-Type", "application/json", "Idempotency-Key", "order-4711"), tt.body,
		}, script.only(t))
	}
}

func TestInvalidAccountParams(t *testing.T) {
	c := newClient(t, sendNothing(t))
	for _, tt := range []struct {
		params cloudflare.AccountCreateParams
		says   string
	}{
		{cloudflare.AccountCreateParams{}, "Name"},
		{cloudflare.AccountCreateParams{Name: "\xff"}, "UTF-8"},
		{cloudflare.AccountCreateParams{Name: "n", Type: "free"}, "Type"},
		{cloudflare.AccountCreateParams{Name: "n", OrganizationID: "a/b"}, "OrganizationID"},
		{cloudflare.AccountCreateParams{Name: "n", OrganizationID: "o1", Standalone: true}, "Standalone"},
		{cloudflare.AccountCreateParams{Name: "n", IdempotencyKey: "a b"}, "IdempotencyKey"},
		{cloudflare.AccountCreateParams{Name: "n", IdempotencyKey: "a\r\nX-Auth-Key: b"}, "IdempotencyKey"},
		{cloudflare.AccountCreateParams{Name: "n", IdempotencyKey: "é"}, "IdempotencyKey"},
		{cloudflare.AccountCreateParams{Name: "n", IdempotencyKey: strings.Repeat("k", 256)}, "IdempotencyKey"},
	} {
		_, err := c.OrganizationAccounts.Create(t.Context(), tt.params)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, tt.says)
		assert.ErrorContains(t, err, tt.says)
	}
	_, err := c.OrganizationAccounts.Create(t.Context(), cloudflare.AccountCreateParams{Name: "n"}, cloudflare.SetHeader("Idempotency-Key", "k"))
	assert.ErrorContains(t, err, "SetHeader", "the key has one place")
	assert.ErrorIs(t, c.OrganizationAccounts.UpdateProfile(t.Context(), "a1", cloudflare.OrganizationProfile{}), cloudflare.ErrInvalidArgument)
}

// A create whose outcome is unknown can be repeated with the key in its error, whether Create made it or the caller.
func TestAccountCreateIsRepeatedWithTheKeyOfTheError(t *testing.T) {
	lost, busy := cloudflaretest.Cut(), cloudflaretest.Status(http.StatusServiceUnavailable, nil, "")
	for name, tt := range map[string]struct {
		faults []cloudflaretest.Fault
		ends   time.Duration // the time at which the context ends; zero for never
	}{
		"no response":               {faults: []cloudflaretest.Fault{lost, lost, lost, lost}},
		"a response without result": {faults: []cloudflaretest.Fault{lost, lost, lost, busy}},
		"no response after another": {faults: []cloudflaretest.Fault{busy, busy, lost, lost}},
		"an unusable response":      {faults: []cloudflaretest.Fault{lost, cloudflaretest.Status(http.StatusOK, nil, "<html>")}},
		"the end of the context":    {faults: []cloudflaretest.Fault{lost, cloudflaretest.RateLimited(20 * time.Second)}, ends: 10 * time.Second},
	} {
		for _, key := range []string{"", "order-4711"} {
			synctest.Test(t, func(t *testing.T) {
				server := cloudflaretest.NewServer().ForTest(t)
				client := server.Client()
				params := cloudflare.AccountCreateParams{Name: "Shop", OrganizationID: server.AddOrganization("Org", ""), IdempotencyKey: key}
				for i, fault := range tt.faults {
					server.Fail(i+1, fault)
				}
				ctx := t.Context()
				if tt.ends > 0 {
					canceled, cancel := context.WithCancel(ctx)
					time.AfterFunc(tt.ends, cancel)
					ctx = canceled
				}
				_, err := client.OrganizationAccounts.Create(ctx, params)
				require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown, name)
				params.IdempotencyKey = keyOf(err)
				require.NotEmpty(t, params.IdempotencyKey, name)
				if key != "" {
					assert.Equal(t, key, params.IdempotencyKey, name)
				}
				again, err := client.OrganizationAccounts.Create(t.Context(), params)
				require.NoError(t, err, name)
				accounts, err := cloudflare.Collect(client.OrganizationAccounts.All(t.Context(), params.OrganizationID, cloudflare.OrganizationAccountListParams{}))
				require.NoError(t, err, name)
				require.Len(t, accounts, 1, name)
				assert.Equal(t, accounts[0].ID, again.ID, name)
			})
		}
	}
	// A call that sent nothing needs no key, nor does a call without one have it.
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, client := range []*cloudflare.Client{newClient(t, sendNothing(t)), newClient(t, respondError(400))} {
		_, err := client.OrganizationAccounts.Create(canceled, cloudflare.AccountCreateParams{Name: "Shop", IdempotencyKey: "order-4711"})
		assert.Empty(t, keyOf(err))
	}
	_, err := newClient(t, respondError(400)).Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
	assert.Empty(t, keyOf(err))
	err = newClient(t, respondError(400)).Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/x", IdempotencyKey: "k"}, nil)
	assert.Equal(t, "k", keyOf(err))
}

// Each call without a key makes up another one, and sends it with every attempt.
func TestAccountCreateIsRetriedWithTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
		client, script := newScriptedClient(t,
			respondError(503), fail(connectionReset), respondWith(429, "", "Retry-After: 1"), respondSuccess(anAccount), respondSuccess(anAccount))
		for range 2 {
			account, err := client.OrganizationAccounts.Create(t.Context(), cloudflare.AccountCreateParams{Name: "Shop"})
			require.NoError(t, err)
			assert.Equal(t, "a1", account.ID)
		}
		require.Len(t, script.sent, 5)
		keys := map[string]int{}
		for _, sent := range script.sent {
			assert.Equal(t, `{"name":"Shop"}`, sent.Body)
			require.Len(t, sent.Header["Idempotency-Key"], 1)
			assert.Regexp(t, uuid, sent.Header.Get("Idempotency-Key"))
			keys[sent.Header.Get("Idempotency-Key")]++
		}
		assert.Equal(t, map[string]int{script.sent[0].Header.Get("Idempotency-Key"): 4, script.sent[4].Header.Get("Idempotency-Key"): 1}, keys)
	})
}

func TestAccountCreateWithAnUnknownOutcome(t *testing.T) {
	for name, responses := range map[string][]roundTripper{
		"always 503":             {respondError(503), respondError(503)},
		"503, and then conflict": {respondError(503), respondError(409)},
		"a connection that ends": {fail(connectionReset), fail(connectionReset)},
		"no result":              {respondWith(200, `{"success":true,"errors":[],"messages":[]}`)},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, newScript(t, responses...), cloudflare.WithMaxRetries(1))
			_, err := client.OrganizationAccounts.Create(t.Context(), cloudflare.AccountCreateParams{Name: "Shop"})
			assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown, name)
		})
	}
	_, err := newClient(t, respondError(409)).OrganizationAccounts.Create(t.Context(), cloudflare.AccountCreateParams{Name: "Shop"})
	assert.ErrorIs(t, err, cloudflare.ErrConflict)
	assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
}

// net/http repeats some requests with an Idempotency-Key by itself, if a connection that it reuses breaks. Repeats are
// counted and bounded only if the client sends them.
func TestNetHTTPDoesNotRepeatAnAccountCreate(t *testing.T) {
	for retries := range 3 {
		server := cloudflaretest.NewServer().ForTest(t)
		id := server.AddOrganization("Example, Inc.", "")
		outer := httptest.NewServer(server)
		t.Cleanup(outer.Close)
		client := server.Client(cloudflare.WithMaxRetries(retries), cloudflare.WithMaxRetryWait(time.Millisecond),
			cloudflare.WithHTTPClient(outer.Client()), cloudflare.WithBaseURL(outer.URL+"/client/v4"))
		_, err := client.Organizations.Get(t.Context(), id) // leaves a connection to reuse
		require.NoError(t, err)
		for n := range retries + 1 {
			server.Fail(n+1, cloudflaretest.Reset())
		}
		_, err = client.OrganizationAccounts.Create(t.Context(), cloudflare.AccountCreateParams{Name: "Shop", OrganizationID: id})
		assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
		sent := server.Requests()[1:]
		assert.Len(t, sent, retries+1)
		for _, request := range sent {
			assert.Equal(t, http.MethodPost, request.Method)
			assert.Equal(t, sent[0].Header["Idempotency-Key"], request.Header["Idempotency-Key"])
		}
	}
}

// The account is created and the response is lost. The retry gets the account that exists.
func TestAccountCreateMakesOneAccount(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("Example, Inc.", "")
	client := server.Client(cloudflare.WithMaxRetryWait(0))
	for _, params := range []cloudflare.AccountCreateParams{
		{Name: "Shop", OrganizationID: id}, {Name: "Office", OrganizationID: id}, {Name: "Lab", Standalone: true}, {Name: "Only organization"},
	} {
		server.Fail(1, cloudflaretest.Cut())
		account, err := client.OrganizationAccounts.Create(t.Context(), params)
		require.NoError(t, err)
		assert.Equal(t, params.Name, account.Name)
		if params.Standalone {
			assert.Nil(t, account.ManagedBy)
		} else {
			assert.Equal(t, &cloudflare.AccountManagedBy{ParentOrgID: id, ParentOrgName: "Example, Inc."}, account.ManagedBy)
		}
	}
	accounts, err := cloudflare.Collect(client.OrganizationAccounts.All(t.Context(), id, cloudflare.OrganizationAccountListParams{}))
	require.NoError(t, err)
	assert.Len(t, accounts, 3)

	_, err = client.OrganizationAccounts.Create(t.Context(), cloudflare.AccountCreateParams{Name: "One", OrganizationID: id, IdempotencyKey: "k"})
	require.NoError(t, err)
	_, err = client.OrganizationAccounts.Create(t.Context(), cloudflare.AccountCreateParams{Name: "Another", OrganizationID: id, IdempotencyKey: "k"})
	assert.ErrorIs(t, err, cloudflare.ErrConflict)
}

func TestAccountMove(t *testing.T) {
	client, script := newScriptedClient(t, respondSuccess(`{"account_id":"`+strings.ToUpper(accountID)+
		`","source_organization_id":"`+parentID+`","destination_organization_id":"`+organizationID+`","later":1}`))
	moved, err := client.OrganizationAccounts.Move(t.Context(), accountID, organizationID)
	require.NoError(t, err)
	assert.Equal(t, &cloudflare.AccountMoveResponse{
		AccountID: strings.ToUpper(accountID), SourceOrganizationID: parentID, DestinationOrganizationID: organizationID,
	}, moved)
	assertSent(t, sentRequest{
		http.MethodPost, apiURL + "/accounts/" + accountID + "/move", sentHeader("Content-Type", "application/json"),
		`{"destination_organization_id":"` + organizationID + `"}`,
	}, script.only(t))
}

// A response about something else leaves open what happened to the account.
func TestAccountMoveOfSomethingElse(t *testing.T) {
	for name, result := range map[string]string{
		"another account":      `{"account_id":"a2","source_organization_id":"o0","destination_organization_id":"o1"}`,
		"another organization": `{"account_id":"a1","source_organization_id":"o1","destination_organization_id":"o0"}`,
		"no account":           `{"source_organization_id":"o0","destination_organization_id":"o1"}`,
		"nothing":              `{}`,
		"a list":               `[]`,
	} {
		moved, err := newClient(t, respondSuccess(result)).OrganizationAccounts.Move(t.Context(), "a1", "o1")
		assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown, name)
		assert.Nil(t, moved)
	}
	for _, status := range []int{500, 503} { // a move is not repeated
		client, script := newScriptedClient(t, respondError(status))
		_, err := client.OrganizationAccounts.Move(t.Context(), "a1", "o1")
		assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
		script.only(t)
	}
}

func TestAccountsInAHierarchy(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	root := server.AddOrganization("Example, Inc.", "")
	emea := server.AddOrganization("EMEA", root)
	spain := server.AddOrganization("Spain", emea)
	other := server.AddOrganization("Other", "")
	shop := server.AddAccount(emea, cloudflaretest.Account{Name: "shop"})
	client := server.Client(cloudflare.WithMaxRetryWait(0))
	chain := func() (names []string) {
		organizations, err := client.OrganizationAccounts.ListOrganizations(t.Context(), shop)
		require.NoError(t, err)
		for _, org := range organizations {
			names = append(names, org.Name)
		}
		return names
	}

	assert.Equal(t, []string{"Example, Inc.", "EMEA"}, chain())
	moved, err := client.OrganizationAccounts.Move(t.Context(), shop, spain)
	require.NoError(t, err)
	assert.Equal(t, &cloudflare.AccountMoveResponse{AccountID: shop, SourceOrganizationID: emea, DestinationOrganizationID: spain}, moved)
	assert.Equal(t, []string{"Example, Inc.", "EMEA", "Spain"}, chain())
	_, err = client.OrganizationAccounts.Move(t.Context(), shop, other)
	assert.ErrorIs(t, err, cloudflare.ErrForbidden)

	// The move happens and its response is lost. The chain tells where the account is.
	server.Fail(1, cloudflaretest.Cut())
	_, err = client.OrganizationAccounts.Move(t.Context(), shop, root)
	assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
	assert.Equal(t, []string{"Example, Inc."}, chain())

	standalone := server.AddAccount("", cloudflaretest.Account{Name: "lab"})
	organizations, err := client.OrganizationAccounts.ListOrganizations(t.Context(), standalone)
	require.NoError(t, err)
	assert.Empty(t, organizations)
	moved, err = client.OrganizationAccounts.Move(t.Context(), standalone, root)
	require.NoError(t, err)
	assert.Empty(t, moved.SourceOrganizationID)

	_, err = client.OrganizationAccounts.ListOrganizations(t.Context(), strings.Repeat("0", 32))
	assert.Error(t, err)
}

func TestAccountProfile(t *testing.T) {
	client, script := newScriptedClient(t, respondSuccess(fullProfileJSON), respondWith(204, ""), respondSuccess("null"))
	profile, err := client.OrganizationAccounts.GetProfile(t.Context(), accountID)
	require.NoError(t, err)
	assert.Equal(t, fullProfile(), profile)
	require.NoError(t, client.OrganizationAccounts.UpdateProfile(t.Context(), accountID, *fullProfile()))
	assertSent(t, sentRequest{
		http.MethodPut, apiURL + "/accounts/" + accountID + "/profile", sentHeader("Content-Type", "application/json"), fullProfileJSON,
	}, script.sent[1])
	_, err = client.OrganizationAccounts.GetProfile(t.Context(), accountID)
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.ErrorContains(t, err, "the profile was never set")
}

func TestAccountTagsAndTotals(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("Example, Inc.", "")
	server.AddAccount(id, cloudflaretest.Account{Name: "shop", Tags: map[string]string{"team": "web"}})
	server.AddAccount(id, cloudflaretest.Account{Name: "lab"}) // whose tags are null
	client := server.Client()
	for _, tt := range []struct {
		params cloudflare.OrganizationAccountListParams
		query  string
		tags   map[string]string
		total  int64
	}{
		{cloudflare.OrganizationAccountListParams{}, "", nil, 2},
		{cloudflare.OrganizationAccountListParams{IncludeTags: true}, "true", map[string]string{"team": "web"}, 2},
		{cloudflare.OrganizationAccountListParams{IncludeTags: true, OmitTotal: true}, "true", map[string]string{"team": "web"}, 0},
	} {
		page, err := client.OrganizationAccounts.List(t.Context(), id, tt.params)
		require.NoError(t, err)
		require.Len(t, page.Items, 2)
		assert.Equal(t, tt.tags, page.Items[0].Tags)
		assert.Nil(t, page.Items[1].Tags)
		assert.Equal(t, tt.total, page.TotalSize)
		sent := server.Requests()[len(server.Requests())-1].Query
		assert.Equal(t, tt.query, sent.Get("include_tags"))
		assert.Equal(t, tt.params.OmitTotal, sent.Get("include_total") == "false")

		params := tt.params
		all, err := cloudflare.Collect(client.OrganizationAccounts.All(t.Context(), id, params))
		require.NoError(t, err)
		assert.Equal(t, page.Items, all)
		sent = server.Requests()[len(server.Requests())-1].Query
		assert.Equal(t, "false", sent.Get("include_total"), "All yields nothing that has the total")
	}
}

// The hint in an error comes from what the operation accepts.
func TestTokensThatAnAccountOperationDoesNotAccept(t *testing.T) {
	client, err := cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken),
		cloudflare.WithHTTPClient(&http.Client{Transport: respondWith(403, errorBody(10000, "Authentication error"))}))
	require.NoError(t, err)
	_, err = client.OrganizationAccounts.Move(t.Context(), "a1", "o1")
	assert.ErrorIs(t, err, cloudflare.ErrForbidden)
	assert.ErrorContains(t, err, "a global API key")
	_, err = client.OrganizationAccounts.GetProfile(t.Context(), "a1")
	assert.ErrorContains(t, err, "Account Settings Read")
	err = client.OrganizationAccounts.UpdateProfile(t.Context(), "a1", *fullProfile())
	assert.ErrorContains(t, err, "Account Settings Write")
	_, err = client.OrganizationUsage.Get(t.Context(), "o1", cloudflare.UsageParams{})
	e, ok := errors.AsType[*cloudflare.Error](err)
	require.True(t, ok)
	assert.NotContains(t, e.Error(), "perhaps", "the API accepts tokens, and which permission they need is not known")
}

func TestOddTimesCostNoPage(t *testing.T) {
	const odd = "2018-09-24 11:41:36.697534+00"
	body := `{"success":true,"result":[{"id":"a1","created_on":"` + odd + `","settings":{"access_approval_expiry":"` + odd + `"}},` +
		`{"id":"a2","created_on":"2026-01-02T03:04:05Z"}]}`
	accounts, err := cloudflare.Collect(newClient(t, respondWith(200, body)).
		OrganizationAccounts.All(t.Context(), "o1", cloudflare.OrganizationAccountListParams{}))
	require.NoError(t, err)
	require.Len(t, accounts, 2)
	assert.Equal(t, "2018-09-24T11:41:36.697534Z", accounts[0].CreatedOn.UTC().Format("2006-01-02T15:04:05.999999Z07:00"))
	expiry, ok := accounts[0].Settings.AccessApprovalExpiry.Get()
	assert.True(t, ok)
	assert.Equal(t, 2018, expiry.Year())
}

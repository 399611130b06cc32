package cloudflare_test

import (
	"errors"
	"net/http"
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

const accountID = "023e105f4ecef8ad9ca31a8372d0c353"

func TestAccountCreateRequests(t *testing.T) {
	for _, tt := range []struct {
		params cloudflare.AccountCreateParams
		body   string
	}{
		{cloudflare.AccountCreateParams{Name: "Shop"}, `{"name":"Shop"}`},
		{cloudflare.AccountCreateParams{Name: "Shop", Type: cloudflare.AccountTypeStandard, Standalone: true}, `{"name":"Shop","type":"standard","standalone":true}`},
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
		server := cloudflaretest.NewServer()
		id := server.AddOrganization("Example, Inc.", "")
		client := server.Client(cloudflare.WithMaxRetries(retries), cloudflare.WithMaxRetryWait(time.Millisecond))
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
		server.Close()
	}
}

// The account is created and the response is lost. The retry gets the account that exists.
func TestAccountCreateMakesOneAccount(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
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
	server := cloudflaretest.NewServer()
	defer server.Close()
	root := server.AddOrganization("Example, Inc.", "")
	emea := server.AddOrganization("EMEA", root)
	spain := server.AddOrganization("Spain", emea)
	other := server.AddOrganization("Other", "")
	shop := server.AddAccount(emea, cloudflaretest.Account{Name: "shop"})
	client := server.Client(cloudflare.WithMaxRetryWait(0))
	chain := func() (names []string) {
		organizations, err := client.OrganizationAccounts.Organizations(t.Context(), shop)
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
	organizations, err := client.OrganizationAccounts.Organizations(t.Context(), standalone)
	require.NoError(t, err)
	assert.Empty(t, organizations)
	moved, err = client.OrganizationAccounts.Move(t.Context(), standalone, root)
	require.NoError(t, err)
	assert.Empty(t, moved.SourceOrganizationID)

	_, err = client.OrganizationAccounts.Organizations(t.Context(), strings.Repeat("0", 32))
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
	server := cloudflaretest.NewServer()
	defer server.Close()
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
	client := newClient(t, respondWith(403, errorBody(10000, "Authentication error")))
	_, err := client.OrganizationAccounts.Move(t.Context(), "a1", "o1")
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

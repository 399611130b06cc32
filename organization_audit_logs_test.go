package cloudflare_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const auditURL = organizationURL + "/logs/audit"

// fullAuditLogFilter sets every filter.
var fullAuditLogFilter = cloudflare.AuditLogFilter{
	IDs:              []string{"i1", "i2"},
	ActionResults:    []cloudflare.AuditLogActionResult{cloudflare.AuditLogActionResultSuccess, cloudflare.AuditLogActionResultFailure},
	ActionTypes:      []cloudflare.AuditLogActionType{"create", "delete", "update", "view"},
	ActorContexts:    []cloudflare.AuditLogActorContext{"api", "api_key", "api_token", "dash", "oauth", "origin_ca_key"},
	ActorEmails:      []string{"a@example.com", "b+c@example.com"},
	ActorIDs:         []string{"a1"},
	ActorIPAddresses: []string{"192.0.2.1", "2001:db8::1"},
	ActorTokenIDs:    []string{"t1"},
	ActorTokenNames:  []string{"a token", "ünïcode & more"},
	ActorTypes:       []cloudflare.AuditLogActorType{"cloudflare_admin", "system", "user"},
	RawCFRayIDs:      []string{"86610873f8d987a9"},
	RawMethods:       []string{"GET", "POST"},
	RawStatusCodes:   []int{200, 404},
	RawURIs:          []string{"/client/v4/organizations?a=b"},
	ResourceIDs:      []string{"r1"},
	ResourceProducts: []string{"members"},
	ResourceScopes:   []string{"organizations"},
	ResourceTypes:    []string{"member"},
}

// fullAuditLogQuery is fullAuditLogFilter as it is sent, with a suffix for the names.
func fullAuditLogQuery(suffix string) url.Values {
	query := url.Values{}
	for name, values := range map[string][]string{
		"id":               {"i1", "i2"},
		"action_result":    {"success", "failure"},
		"action_type":      {"create", "delete", "update", "view"},
		"actor_context":    {"api", "api_key", "api_token", "dash", "oauth", "origin_ca_key"},
		"actor_email":      {"a@example.com", "b+c@example.com"},
		"actor_id":         {"a1"},
		"actor_ip_address": {"192.0.2.1", "2001:db8::1"},
		"actor_token_id":   {"t1"},
		"actor_token_name": {"a token", "ünïcode & more"},
		"actor_type":       {"cloudflare_admin", "system", "user"},
		"raw_cf_ray_id":    {"86610873f8d987a9"},
		"raw_method":       {"GET", "POST"},
		"raw_status_code":  {"200", "404"},
		"raw_uri":          {"/client/v4/organizations?a=b"},
		"resource_id":      {"r1"},
		"resource_product": {"members"},
		"resource_scope":   {"organizations"},
		"resource_type":    {"member"},
	} {
		query[name+suffix] = values
	}
	return query
}

func TestAuditLogQueries(t *testing.T) {
	since := time.Date(2026, time.March, 1, 13, 0, 0, 123456789, time.FixedZone("", 3600))
	before := time.Date(2026, time.March, 31, 0, 0, 0, 0, time.UTC)
	period := cloudflare.AuditLogListParams{Since: since, Before: before}
	with := func(change func(*cloudflare.AuditLogListParams)) cloudflare.AuditLogListParams {
		params := period
		change(&params)
		return params
	}
	for name, tt := range map[string]struct {
		params cloudflare.AuditLogListParams
		want   url.Values // beside since and before
	}{
		"a period":  {period, url.Values{}},
		"match":     {with(func(p *cloudflare.AuditLogListParams) { p.Match = fullAuditLogFilter }), fullAuditLogQuery("")},
		"exclude":   {with(func(p *cloudflare.AuditLogListParams) { p.Exclude = fullAuditLogFilter }), fullAuditLogQuery(".not")},
		"direction": {with(func(p *cloudflare.AuditLogListParams) { p.Direction = cloudflare.DirectionAscending }), url.Values{"direction": {"asc"}}},
		"a page": {with(func(p *cloudflare.AuditLogListParams) { p.PageSize, p.PageToken = 1000, "Q1b_U6g==" }),
			url.Values{"limit": {"1000"}, "cursor": {"Q1b_U6g=="}}},
		"both": {with(func(p *cloudflare.AuditLogListParams) {
			p.Match.ActorEmails, p.Exclude.ActorIDs = []string{"a@example.com"}, []string{"a1"}
		}), url.Values{"actor_email": {"a@example.com"}, "actor_id.not": {"a1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, respondSuccess(`[]`))
			_, err := client.OrganizationAuditLogs.List(t.Context(), organizationID, tt.params)
			require.NoError(t, err)
			sent := script.only(t)
			target, query, _ := strings.Cut(sent.URL, "?")
			assert.Equal(t, "GET "+auditURL, sent.Method+" "+target)
			got, err := url.ParseQuery(query)
			require.NoError(t, err)
			tt.want.Set("since", "2026-03-01T12:00:00.123456789Z")
			tt.want.Set("before", "2026-03-31T00:00:00Z")
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestAuditLogHistoryQuery(t *testing.T) {
	client, script := newScriptedClient(t, respondSuccess(`[]`))
	_, err := client.OrganizationAuditLogs.History(t.Context(), organizationID, "f174be97-19b1-40d6-954d-70cd5fbd52db", cloudflare.AuditLogHistoryParams{
		ActionTime: time.Date(2026, time.March, 1, 13, 0, 0, 500, time.FixedZone("", 3600)),
		Since:      time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC),
		Before:     time.Date(2026, time.April, 1, 0, 0, 0, 0, time.UTC),
		Direction:  cloudflare.DirectionDescending,
		PageSize:   7,
		PageToken:  "next",
	})
	require.NoError(t, err)
	assert.Equal(t, auditURL+"/f174be97-19b1-40d6-954d-70cd5fbd52db/history?"+url.Values{
		"action_time": {"2026-03-01T12:00:00.0000005Z"}, "since": {"2026-02-01T00:00:00Z"}, "before": {"2026-04-01T00:00:00Z"},
		"direction": {"desc"}, "limit": {"7"}, "cursor": {"next"},
	}.Encode(), script.only(t).URL)
}

func TestInvalidAuditLogParams(t *testing.T) {
	type (
		listParams    = cloudflare.AuditLogListParams
		historyParams = cloudflare.AuditLogHistoryParams
	)
	c := newClient(t, sendNothing(t))
	list := func(change func(*listParams)) error {
		params := aPeriod
		change(&params)
		_, err := lastOf(c.OrganizationAuditLogs.All(t.Context(), "o1", params))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "All, unlike List")
		_, err = c.OrganizationAuditLogs.List(t.Context(), "o1", params)
		return err
	}
	history := func(change func(*historyParams)) error {
		params := aHistory
		change(&params)
		_, err := lastOf(c.OrganizationAuditLogs.HistoryAll(t.Context(), "o1", "e1", params))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "HistoryAll, unlike History")
		_, err = c.OrganizationAuditLogs.History(t.Context(), "o1", "e1", params)
		return err
	}
	for says, err := range map[string]error{
		"Since is not set":                              list(func(p *listParams) { p.Since = time.Time{} }),
		"Before is not set":                             list(func(p *listParams) { p.Before = time.Time{} }),
		"Since is after Before":                         list(func(p *listParams) { p.Since = p.Before.Add(1) }),
		"Since must be in a year":                       list(func(p *listParams) { p.Since = p.Since.AddDate(-3000, 0, 0) }),
		"Before must be in a year":                      list(func(p *listParams) { p.Before = p.Before.AddDate(8000, 0, 0) }),
		"and 1000, not -1":                              list(func(p *listParams) { p.PageSize = -1 }),
		"and 1000, not 1001":                            list(func(p *listParams) { p.PageSize = 1001 }),
		"Match.IDs":                                     list(func(p *listParams) { p.Match.IDs = []string{} }),
		"Exclude.IDs":                                   list(func(p *listParams) { p.Exclude.IDs = []string{} }),
		"Match.ActionResults":                           list(func(p *listParams) { p.Match.ActionResults = []cloudflare.AuditLogActionResult{""} }),
		"Match.ActionTypes":                             list(func(p *listParams) { p.Match.ActionTypes = []cloudflare.AuditLogActionType{} }),
		"Match.ActorContexts":                           list(func(p *listParams) { p.Match.ActorContexts = []cloudflare.AuditLogActorContext{} }),
		"Match.ActorEmails must not have an empty":      list(func(p *listParams) { p.Match.ActorEmails = []string{"a@b", ""} }),
		"Exclude.ActorEmails has an element":            list(func(p *listParams) { p.Exclude.ActorEmails = []string{"ann"} }),
		"Match.ActorIDs":                                list(func(p *listParams) { p.Match.ActorIDs = []string{} }),
		"Match.ActorIPAddresses":                        list(func(p *listParams) { p.Match.ActorIPAddresses = []string{} }),
		"Match.ActorTokenIDs":                           list(func(p *listParams) { p.Match.ActorTokenIDs = []string{} }),
		"Match.ActorTokenNames":                         list(func(p *listParams) { p.Match.ActorTokenNames = []string{} }),
		"Match.ActorTypes":                              list(func(p *listParams) { p.Match.ActorTypes = []cloudflare.AuditLogActorType{} }),
		"Match.RawCFRayIDs":                             list(func(p *listParams) { p.Match.RawCFRayIDs = []string{} }),
		"Match.RawMethods":                              list(func(p *listParams) { p.Match.RawMethods = []string{} }),
		"Match.RawStatusCodes must be nil or not empty": list(func(p *listParams) { p.Match.RawStatusCodes = []int{} }),
		"Exclude.RawStatusCodes must be":                list(func(p *listParams) { p.Exclude.RawStatusCodes = []int{200, 99} }),
		"Match.RawStatusCodes must be":                  list(func(p *listParams) { p.Match.RawStatusCodes = []int{1000} }),
		"Match.RawURIs":                                 list(func(p *listParams) { p.Match.RawURIs = []string{} }),
		"Match.ResourceIDs":                             list(func(p *listParams) { p.Match.ResourceIDs = []string{} }),
		"Match.IDs contains a comma":                    list(func(p *listParams) { p.Match.IDs = []string{"e1", "e2,e3"} }),
		`Match.IDs must not be "null"`:                  list(func(p *listParams) { p.Match.IDs = []string{"e1", "null"} }),
		`Exclude.ActorIDs must not be "null"`:           list(func(p *listParams) { p.Exclude.ActorIDs = []string{"NULL"} }),
		`Match.ActorTokenIDs must not be "null"`:        list(func(p *listParams) { p.Match.ActorTokenIDs = []string{"Null"} }),
		`Exclude.ResourceIDs must not contain "null"`:   list(func(p *listParams) { p.Exclude.ResourceIDs = []string{"r1", "nUll"} }),
		"Match.ResourceProducts":                        list(func(p *listParams) { p.Match.ResourceProducts = []string{} }),
		"Match.ResourceScopes":                          list(func(p *listParams) { p.Match.ResourceScopes = []string{} }),
		"Match.ResourceTypes":                           list(func(p *listParams) { p.Match.ResourceTypes = []string{} }),
		`"actor_token_name.not" is not valid`:           list(func(p *listParams) { p.Exclude.ActorTokenNames = []string{"\xff"} }),
		"ActionTime is not set":                         history(func(p *historyParams) { p.ActionTime = time.Time{} }),
		"argument: Since is not set":                    history(func(p *historyParams) { p.Since = time.Time{} }),
		"argument: Before is not set":                   history(func(p *historyParams) { p.Before = time.Time{} }),
		"argument: Since is after Before":               history(func(p *historyParams) { p.Since = p.Before.Add(time.Hour) }),
		"argument: PageSize must be between 1":          history(func(p *historyParams) { p.PageSize = 1001 }),
		"argument: ActionTime must be in a yea":         history(func(p *historyParams) { p.ActionTime = p.ActionTime.AddDate(8000, 0, 0) }),
	} {
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, says) {
			assert.ErrorContains(t, err, says)
			assert.NotContains(t, err.Error(), `"ann"`, "a value may be personal data")
		}
	}
}

const fullAuditLogJSON = `{
	"id": "f174be97-19b1-40d6-954d-70cd5fbd52db",
	"action": {"description": "Add member", "result": "success", "time": "2026-04-26T17:31:07.123456Z", "type": "create"},
	"actor": {
		"context": "api_key", "email": "alice@example.com", "id": "f6b5de0326bb5182b8a4840ee01ec774", "ip_address": "198.41.129.166",
		"token_id": "t1", "token_name": "Test Token", "type": "user"
	},
	"organization": {"id": "` + organizationID + `"},
	"raw": {"cf_ray_id": "8e9b1c60ef9e1c9a", "method": "POST", "status_code": 200, "uri": "/organizations/o1/members", "user_agent": "Mozilla/5.0"},
	"resource": {
		"id": "r1", "product": "members", "type": "member", "scope": "organizations",
		"request": {"a": [1.50, {"b": null}],  "a": 2}, "response": "a text"
	},
	"of_a_later_version": [1]
}`

func TestAuditLogIsDecoded(t *testing.T) {
	want := cloudflare.AuditLog{
		ID: "f174be97-19b1-40d6-954d-70cd5fbd52db",
		Action: cloudflare.AuditLogAction{
			Description: "Add member", Result: cloudflare.AuditLogActionResultSuccess, Type: cloudflare.AuditLogActionTypeCreate,
			Time: time.Date(2026, time.April, 26, 17, 31, 7, 123456000, time.UTC),
		},
		Actor: cloudflare.AuditLogActor{
			Context: cloudflare.AuditLogActorContextAPIKey, Email: "alice@example.com", ID: "f6b5de0326bb5182b8a4840ee01ec774",
			IPAddress: "198.41.129.166", TokenID: "t1", TokenName: "Test Token", Type: cloudflare.AuditLogActorTypeUser,
		},
		Organization: cloudflare.AuditLogOrganization{ID: organizationID},
		Raw: cloudflare.AuditLogRaw{
			CFRayID: "8e9b1c60ef9e1c9a", Method: "POST", StatusCode: 200, URI: "/organizations/o1/members", UserAgent: "Mozilla/5.0",
		},
		Resource: cloudflare.AuditLogResource{
			ID: "r1", Product: "members", Type: "member", Scope: json.RawMessage(`"organizations"`),
			Request: json.RawMessage(`{"a": [1.50, {"b": null}],  "a": 2}`), Response: json.RawMessage(`"a text"`),
		},
	}
	// There are no messages, and the count is a string.
	body := `{"success":true,"errors":[],"result":[` + fullAuditLogJSON + `,{},{"actor":null,"resource":{"scope":{"x":1},"request":null}}],` +
		`"result_info":{"count":"3","cursor":"next"}}`
	client := newClient(t, respondWith(200, body))
	page, err := client.OrganizationAuditLogs.List(t.Context(), organizationID, aPeriod)
	require.NoError(t, err)
	require.Len(t, page.Items, 3)
	assert.Equal(t, want, page.Items[0])
	assert.Equal(t, cloudflare.AuditLog{}, page.Items[1], "no field is required")
	assert.JSONEq(t, `{"x":1}`, string(page.Items[2].Resource.Scope))
	assert.Equal(t, "next", page.NextPageToken)

	history, err := client.OrganizationAuditLogs.History(t.Context(), organizationID, "e1", aHistory)
	require.NoError(t, err)
	assert.Equal(t, *page, history.Page)
	assert.Empty(t, history.Status, "a status that is missing is not exact")

	again, err := json.Marshal(page.Items[1])
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":""}`, string(again), "what the API omits is omitted")
}

// The requests in an audit log are other people's. However many values they have, they do not cost the page.
func TestAuditLogKeepsLargeRequests(t *testing.T) {
	request := `[` + strings.TrimSuffix(strings.Repeat(`"",`, 400_000), ",") + `]`
	client := newClient(t, respondSuccess(`[{"id":"e1","resource":{"request":`+request+`}},{"id":"e2"}]`))
	page, err := client.OrganizationAuditLogs.List(t.Context(), organizationID, aPeriod)
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	assert.Equal(t, request, string(page.Items[0].Resource.Request))

	_, err = newClient(t, respondWith(200, `{"success":true,"result":[],"x":"`+strings.Repeat("x", 33<<20)+`"}`)).
		OrganizationAuditLogs.List(t.Context(), organizationID, aPeriod)
	assert.ErrorContains(t, err, "it is larger than 32 MiB: set a smaller PageSize")
}

func TestAuditLogErrors(t *testing.T) {
	client := newClient(t, respondWith(400, `{"success":false,"errors":[{"message":"since is required"}],"result":[]}`))
	_, err := client.OrganizationAuditLogs.List(t.Context(), organizationID, aPeriod)
	e, ok := errors.AsType[*cloudflare.Error](err)
	require.True(t, ok)
	assert.Equal(t, []cloudflare.ResponseInfo{{Message: "since is required"}}, e.Errors)

	// The API responds with the word unavailable to two different requests.
	var response cloudflare.Response
	client = newClient(t, respondWith(404, `{"success":false,"errors":[{"message":"not found"}],`+
		`"result_info":{"count":0,"history_status":"unavailable"},"result":null}`))
	_, err = client.OrganizationAuditLogs.History(t.Context(), organizationID, "e1", aHistory, cloudflare.CaptureResponse(&response))
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.JSONEq(t, `{"count":0,"history_status":"unavailable"}`, string(response.ResultInfo))

	for _, status := range []cloudflare.HistoryStatus{
		cloudflare.HistoryStatusExact, cloudflare.HistoryStatusApproximate, cloudflare.HistoryStatusUnavailable, "of a later version",
	} {
		client = newClient(t, respondWith(200, `{"success":true,"errors":[],"result":[],"result_info":{"count":0,"history_status":"`+string(status)+`"}}`))
		page, err := client.OrganizationAuditLogs.History(t.Context(), organizationID, "e1", aHistory)
		require.NoError(t, err)
		assert.Equal(t, status, page.Status)
		assert.Empty(t, page.Items)
	}
}

// An audit log of 2,500 entries, interrupted after every page and resumed from there, gives each entry once.
func TestAuditLogOf2500Entries(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	organization := server.AddOrganization("Example, Inc.", "")
	var want []string
	for n := range 2500 {
		want = append(want, server.AddAuditLog(organization, cloudflaretest.AuditLog{
			Time: aDay.Add(time.Duration(n/10) * time.Second), // ten entries each have the same time
		}))
	}
	client := server.Client(cloudflare.WithMaxRetries(0))
	params := aPeriod
	params.Direction = cloudflare.DirectionAscending

	for _, n := range []int{1, 3, 5} { // each page fails at first
		server.Fail(n, cloudflaretest.Status(http.StatusForbidden, nil, ""))
	}
	var got []string
	pages := 0
	for resume := true; resume; {
		resume = false
		for entry, err := range client.OrganizationAuditLogs.All(t.Context(), organization, params) {
			if failed, ok := errors.AsType[*cloudflare.PageError](err); ok {
				params.PageToken, resume = failed.PageToken, true
				pages++
				break
			}
			require.NoError(t, err)
			got = append(got, entry.ID)
		}
	}
	assert.Equal(t, want, got)
	assert.Equal(t, 3, pages, "interruptions")
	sent := server.Requests()
	assert.Len(t, sent, 6)
	for _, request := range sent {
		assert.Equal(t, "1000", request.Query.Get("limit"))
		assert.Equal(t, "2026-01-02T00:00:00Z", request.Query.Get("since"))
	}
}

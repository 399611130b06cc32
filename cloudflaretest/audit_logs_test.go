package cloudflaretest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const allTime = "since=2000-01-01&before=2100-01-01"

// auditIDs returns the IDs of the entries in a list.
func (r reply) auditIDs(t testing.TB) string {
	t.Helper()
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	var entries []struct{ ID string }
	require.NoError(t, json.Unmarshal(r.Result, &entries))
	ids := []string{}
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return strings.Join(ids, ",")
}

func TestAuditLogOfWrites(t *testing.T) {
	s := NewServer().ForTest(t)
	create := newRequest(t, "POST", "/organizations", `{"name":"x"}`)
	create.Header.Set("User-Agent", "mine/1")
	created := send(t, s, create)
	id := created.fields(t)["id"].(string)
	path := "/organizations/" + id

	got := do(t, s, "GET", path+"/logs/audit?"+allTime, "")
	assert.JSONEq(t, fmt.Sprintf(`{"success":true,"errors":[],"result":[{
		"id": %q,
		"action": {"description":"create organization","result":"success","time":"2026-01-01T00:00:01.000001Z","type":"create"},
		"actor": {"context":"api_key","email":%q,"id":%q,"ip_address":"192.0.2.1","type":"user"},
		"organization": {"id":%[4]q},
		"raw": {"cf_ray_id":%[5]q,"method":"POST","status_code":200,"uri":"/organizations","user_agent":"mine/1"},
		"resource": {"id":%[4]q,"product":"organizations","scope":"organizations","type":"organization","request":{"name":"x"},"response":%[6]s}
	}],"result_info":{"count":"1"}}`,
		got.auditIDs(t), Email, userID(Email), id, strings.TrimSuffix(created.Header.Get("CF-Ray"), "-TST"), created.Result), got.Raw)
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`, got.auditIDs(t))

	member := do(t, s, "POST", path+"/members", `{"member":{"user":{"email":"a@example.com"}}}`).fields(t)["id"].(string)
	do(t, s, "POST", path+"/members:batchCreate", `{"members":[{"user":{"email":"b@example.com"}},{"user":{"email":"c@example.com"}}]}`)
	do(t, s, "PUT", path, `{"name":"y"}`)
	do(t, s, "PUT", path+"/profile", profileJSON)
	invite := newRequest(t, "PUT", path+"/invites/"+url.PathEscape(s.InviteCode(id, "a@example.com")), `{"status":"accept"}`)
	invite.Header.Set("X-Auth-Email", "a@example.com")
	require.Equal(t, 200, send(t, s, invite).Status)
	do(t, s, "DELETE", path+"/members/"+member, "")
	account := createAccount(t, s, `{"name":"x"}`).fields(t)["id"].(string)
	sub := do(t, s, "POST", "/organizations", `{"name":"sub","parent":{"id":"`+id+`"}}`).fields(t)["id"].(string)
	do(t, s, "POST", "/accounts/"+account+"/move", `{"destination_organization_id":"`+sub+`"}`)
	do(t, s, "PUT", "/accounts/"+account+"/profile", profileJSON)
	do(t, s, "POST", "/accounts/"+account+"/move", `{"destination_organization_id":"`+id+`"}`)
	require.Equal(t, 200, do(t, s, "DELETE", "/organizations/"+sub, "").Status)

	do(t, s, "PUT", path, `{}`).failed(t, 400, "name is required") // no entry
	s.AddAccount(id, Account{})                                    // no request, so no entry

	entries := func(id string) (list []string) {
		var entries []wireAuditLog
		require.NoError(t, json.Unmarshal(do(t, s, "GET", "/organizations/"+id+"/logs/audit?direction=asc&"+allTime, "").Result, &entries))
		last := time.Time{}
		for _, e := range entries {
			assert.True(t, e.Action.Time.After(last))
			last = e.Action.Time
			assert.Equal(t, id, e.Organization.ID)
			list = append(list, e.Action.Description)
			if e.Action.Description == "update member" {
				assert.Equal(t, "a@example.com", e.Actor.Email)
			}
			if e.Action.Description == "delete member" {
				assert.Equal(t, 204, e.Raw.StatusCode)
				assert.Nil(t, e.Resource.Request)
				assert.Nil(t, e.Resource.Response)
				assert.Equal(t, member, e.Resource.ID)
			}
		}
		return list
	}
	assert.Equal(t, []string{
		"create organization", "create member", "create member", "create member", "update organization", "update profile",
		"update member", "delete member", "create account", "create account", "create account",
	}, entries(id))
	assert.Equal(t, []string{"create organization", "create account", "update profile", "create account", "delete organization"}, entries(sub), "it outlives the organization")
}

func TestAuditLogOfAToken(t *testing.T) {
	s := NewServer().ForTest(t)
	r := newRequest(t, "POST", "/organizations", `{"name":"x"}`)
	r.Header.Del("X-Auth-Key")
	r.Header.Del("X-Auth-Email")
	r.Header.Set("Authorization", "Bearer "+APIToken)
	id := send(t, s, r).fields(t)["id"].(string)
	got := do(t, s, "GET", "/organizations/"+id+"/logs/audit?"+allTime, "").Raw
	assert.Contains(t, got, `"context":"api_token"`)
	assert.Contains(t, got, `"token_id":"`)
	assert.Contains(t, got, `"token_name":"cloudflaretest"`)
	assert.NotContains(t, got, APIToken)
}

func TestAddAuditLog(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	at := time.Date(2026, 5, 1, 2, 3, 4, 5, time.FixedZone("", 7200))
	made := s.AddAuditLog(id, AuditLog{})
	s.AddAuditLog(id, AuditLog{ID: "mine", Time: at, ActorType: "delegated_service", ResourceRequest: json.RawMessage(`[1]`)})
	got := do(t, s, "GET", "/organizations/"+id+"/logs/audit?direction=asc&"+allTime, "")
	assert.JSONEq(t, fmt.Sprintf(`[
		{"id":%q,"action":{"time":"2026-01-01T00:00:01.000001Z"},"organization":{"id":%q}},
		{"id":"mine","action":{"time":"2026-05-01T00:03:04.000000005Z"},"actor":{"type":"delegated_service"},"organization":{"id":%[2]q},"resource":{"request":[1]}}
	]`, made, id), string(got.Result))

	assert.Panics(t, func() { s.AddAuditLog("unknown", AuditLog{}) })
	assert.Panics(t, func() { s.AddAuditLog(id, AuditLog{ID: "mine"}) })
	assert.Panics(t, func() { s.AddAuditLog(id, AuditLog{ResourceRequest: json.RawMessage(`{`)}) })
	assert.Panics(t, func() { s.AddAuditLog(id, AuditLog{ResourceResponse: json.RawMessage(``)}) })
}

func TestAuditLogPeriod(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	for _, at := range []string{"2026-05-01T00:00:00Z", "2026-05-01T12:00:00.5Z", "2026-05-02T00:00:00Z"} {
		when, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		s.AddAuditLog(id, AuditLog{ID: at[8:], Time: when})
	}
	const first, noon, second = "01T00:00:00Z", "01T12:00:00.5Z", "02T00:00:00Z"
	path := "/organizations/" + id + "/logs/audit?"
	for query, want := range map[string]string{
		"since=2026-05-01&before=2026-05-02":                                        second + "," + noon + "," + first,
		"since=2026-05-01&before=2026-05-02&direction=desc":                         second + "," + noon + "," + first,
		"since=2026-05-01&before=2026-05-02&direction=asc":                          first + "," + noon + "," + second,
		"since=2026-05-01&before=2026-05-01":                                        first,
		"since=2026-05-01T00:00:00.000000001Z&before=2026-05-01T12:00:00.5Z":        noon,
		"since=2026-05-01T12:00:00.500000001Z&before=2026-05-02":                    second,
		"since=2026-05-01T14:00:00.5%2B02:00&before=2026-05-01T23:59:59.999999999Z": noon,
		"since=2026-05-02&before=2026-05-01":                                        "",
	} {
		assert.Equal(t, want, do(t, s, "GET", path+query, "").auditIDs(t), query)
	}
	for query, text := range map[string]string{
		"before=2026-05-02":                                "since is required",
		"since=2026-05-02":                                 "before is required",
		"since=&before=2026-05-02":                         "since is required",
		"since=yesterday&before=2026-05-02":                "since must have the form 2006-01-02",
		"since=2026-05-01&before=2026-05-01T00:00:00":      "before must have the form 2006-01-02",
		allTime + "&direction=up":                          "direction must be one of asc, desc",
		allTime + "&limit=0":                               "limit must be between 1 and 1000",
		allTime + "&limit=1001":                            "limit must be between 1 and 1000",
		allTime + "&limit=x":                               "limit must be between 1 and 1000",
		allTime + "&cursor=":                               "cursor is not valid",
		allTime + "&cursor=x":                              "cursor is not valid",
		allTime + "&actor_email=x":                         "actor_email must be an email address",
		allTime + "&actor_email.not=x":                     "actor_email.not must be an email address",
		allTime + "&raw_status_code=2xx":                   "raw_status_code must be an integer",
		allTime + "&action_result=ok":                      "action_result must be one of success, failure",
		allTime + "&action_type.not=read":                  "action_type.not must be one of",
		allTime + "&actor_context=api_key&actor_context=x": "actor_context must be one of",
		allTime + "&actor_type=x":                          "actor_type must be one of",
		allTime + "&resource_scope=accounts":               "resource_scope must be one of organizations",
	} {
		got := do(t, s, "GET", path+query, "")
		got.failed(t, 400, text)
		assert.JSONEq(t, fmt.Sprintf(`{"success":false,"errors":[{"message":%q}]}`, got.Errors[0].Message), got.Raw, "no code, no messages")
	}
}

// Each filter selects one of two entries, and its inverse the other one.
func TestAuditLogFilters(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	one := AuditLog{
		ID: "one", Time: at, ActionResult: "success", ActionType: "create", ActorContext: "api_key", ActorEmail: "one@example.com",
		ActorID: "1", ActorIPAddress: "192.0.2.1", ActorTokenID: "t1", ActorTokenName: "Token 1", ActorType: "user", RawCFRayID: "r1",
		RawMethod: "POST", RawStatusCode: 200, RawURI: "/one", ResourceID: "res1", ResourceProduct: "p1", ResourceScope: "organizations", ResourceType: "type1",
	}
	two := AuditLog{
		ID: "two", Time: at, ActionResult: "failure", ActionType: "view", ActorContext: "origin_ca_key", ActorEmail: "two@example.com",
		ActorID: "2", ActorIPAddress: "192.0.2.2", ActorTokenID: "t2", ActorTokenName: "Token 2", ActorType: "system", RawCFRayID: "r2",
		RawMethod: "PUT", RawStatusCode: 409, RawURI: "/two", ResourceID: "res2", ResourceProduct: "p2", ResourceType: "type2",
	}
	s.AddAuditLog(id, one)
	s.AddAuditLog(id, two)
	filters := map[string][2]string{
		"action_result": {"success", "failure"}, "action_type": {"create", "view"}, "actor_context": {"api_key", "origin_ca_key"},
		"actor_email": {"one@example.com", "two@example.com"}, "actor_id": {"1", "2"}, "actor_ip_address": {"192.0.2.1", "192.0.2.2"},
		"actor_token_id": {"t1", "t2"}, "actor_token_name": {"Token 1", "Token 2"}, "actor_type": {"user", "system"}, "id": {"one", "two"},
		"raw_cf_ray_id": {"r1", "r2"}, "raw_method": {"POST", "PUT"}, "raw_status_code": {"200", "409"}, "raw_uri": {"/one", "/two"},
		"resource_id": {"res1", "res2"}, "resource_product": {"p1", "p2"}, "resource_scope": {"organizations", ""}, "resource_type": {"type1", "type2"},
	}
	require.Len(t, filters, 18)
	list := func(query url.Values) string {
		query.Set("since", "2026-01-01")
		query.Set("before", "2027-01-01")
		query.Set("direction", "asc")
		return do(t, s, "GET", "/organizations/"+id+"/logs/audit?"+query.Encode(), "").auditIDs(t)
	}
	for name, values := range filters {
		assert.Equal(t, "one", list(url.Values{name: {values[0]}}), name)
		assert.Equal(t, "two", list(url.Values{name + ".not": {values[0]}}), name)
		assert.Equal(t, "", list(url.Values{name: {values[0]}, name + ".not": {values[0]}}), name)
		if values[1] != "" {
			assert.Equal(t, "two", list(url.Values{name: {values[1]}}), name)
			assert.Equal(t, "one,two", list(url.Values{name: values[:]}), "%s: any of its values", name)
			assert.Equal(t, "", list(url.Values{name + ".not": values[:]}), "%s: none of its values", name)
		}
	}
	assert.Equal(t, "", list(url.Values{"id": {"one"}, "actor_id": {"2"}}), "all filters must match")
	assert.Equal(t, "", list(url.Values{"id": {"one,two"}}), "values are repeated, not joined")
}

func TestAuditLogCursor(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range 2500 {
		s.AddAuditLog(id, AuditLog{ID: fmt.Sprint(i), Time: at.Add(time.Duration(i/3) * time.Second), ActorID: "me"})
	}
	path := "/organizations/" + id + "/logs/audit?actor_id=me&" + allTime
	for _, direction := range []string{"asc", "desc"} {
		seen := map[string]int{}
		var sizes []int
		for cursor := ""; ; {
			got := do(t, s, "GET", path+"&limit=1000&direction="+direction+cursor, "")
			ids := strings.Split(got.auditIDs(t), ",")
			sizes = append(sizes, len(ids))
			for _, id := range ids {
				seen[id]++
			}
			// What arrives between two pages neither hides nor repeats an entry.
			s.AddAuditLog(id, AuditLog{ActorID: "other"})
			s.AddAuditLog(id, AuditLog{Time: at.Add(-time.Hour), ActorID: "other"})
			if got.ResultInfo.Cursor == "" {
				break
			}
			cursor = "&cursor=" + got.ResultInfo.Cursor
			assert.Equal(t, got.ResultInfo.Cursor, url.QueryEscape(got.ResultInfo.Cursor))
		}
		assert.Equal(t, []int{1000, 1000, 500}, sizes)
		assert.Len(t, seen, 2500)
	}

	first := do(t, s, "GET", path, "")
	assert.Len(t, strings.Split(first.auditIDs(t), ","), 100, "the default")
	cursor := "&cursor=" + first.ResultInfo.Cursor
	assert.Equal(t, 200, do(t, s, "GET", path+"&limit=7"+cursor, "").Status, "the limit may change")
	for _, query := range []string{path + "&direction=asc", path + "&actor_id=you", strings.Replace(path, "before=2100", "before=2101", 1)} {
		do(t, s, "GET", query+cursor, "").failed(t, 400, "cursor is not valid for this list and its filters")
	}

	full := do(t, s, "GET", path+"&limit=1&id=7", "")
	assert.Equal(t, "7", full.auditIDs(t))
	empty := do(t, s, "GET", path+"&limit=1&id=7&cursor="+full.ResultInfo.Cursor, "")
	assert.JSONEq(t, `{"success":true,"errors":[],"result":[],"result_info":{"count":"0"}}`, empty.Raw, "a full page has a cursor, even if nothing follows")
}

func TestAuditLogCursorWithNewEntries(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range 4 {
		s.AddAuditLog(id, AuditLog{ID: fmt.Sprint(i), Time: at.Add(time.Duration(i) * time.Hour)})
	}
	path := "/organizations/" + id + "/logs/audit?limit=2&" + allTime
	first := do(t, s, "GET", path, "")
	assert.Equal(t, "3,2", first.auditIDs(t))
	s.AddAuditLog(id, AuditLog{ID: "newest", Time: at.Add(99 * time.Hour)})
	assert.Equal(t, "1,0", do(t, s, "GET", path+"&cursor="+first.ResultInfo.Cursor, "").auditIDs(t))
}

func TestAuditLogHistory(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range 3 {
		s.AddAuditLog(id, AuditLog{ID: fmt.Sprint("m", i), Time: at.Add(time.Duration(i) * time.Hour), ResourceType: "member", ResourceID: "1", RawURI: "/x"})
	}
	s.AddAuditLog(id, AuditLog{ID: "another member", Time: at, ResourceType: "member", ResourceID: "2"})
	s.AddAuditLog(id, AuditLog{ID: "another type", Time: at, ResourceType: "account", ResourceID: "1"})
	s.AddAuditLog(id, AuditLog{ID: "none", Time: at})
	history := func(entry, query string) reply {
		return do(t, s, "GET", "/organizations/"+id+"/logs/audit/"+url.PathEscape(entry)+"/history?"+query, "")
	}
	const when = allTime + "&action_time=2026-05-01T00:00:00Z"

	got := history("m0", when)
	assert.Equal(t, "m2,m1,m0", got.auditIDs(t))
	assert.Equal(t, "exact", got.ResultInfo.HistoryStatus)
	assert.Contains(t, got.Raw, `"count":3`)
	assert.NotContains(t, got.Raw, `"messages"`)
	assert.Equal(t, "m1,m2", history("m0", "since=2026-05-01T00:30:00Z&before=2026-05-02&direction=asc&action_time=2026-05-01T00:00:00Z").auditIDs(t))
	approximate := history("another member", when)
	assert.Equal(t, "another member", approximate.auditIDs(t))
	assert.Equal(t, "approximate", approximate.ResultInfo.HistoryStatus)
	assert.JSONEq(t, `{"success":true,"errors":[],"result":[],"result_info":{"count":0,"history_status":"unavailable"}}`, history("none", when).Raw)

	first := history("m0", when+"&limit=2")
	assert.Equal(t, "m2,m1", first.auditIDs(t))
	assert.Equal(t, "m0", history("m0", when+"&limit=2&cursor="+first.ResultInfo.Cursor).auditIDs(t))
	history("another type", when+"&cursor="+first.ResultInfo.Cursor).failed(t, 400, "cursor")

	assert.Equal(t, 200, history("m1", allTime+"&action_time=2026-05-01T01:01:00Z").Status, "near its time")
	for _, missing := range []reply{
		history("m1", when),
		history("m1", allTime+"&action_time=2026-05-01T01:01:00.1Z"),
		history("unknown", when),
	} {
		assert.Equal(t, 404, missing.Status)
		assert.JSONEq(t, `{"success":false,"errors":[{"message":"audit log entry not found near action_time"}],"result_info":{"count":0,"history_status":"unavailable"}}`, missing.Raw)
	}
	assert.JSONEq(t, `{"success":false,"errors":[{"message":"organization not found"}],"result_info":{"count":0,"history_status":"unavailable"}}`,
		do(t, s, "GET", "/organizations/"+strings.Repeat("0", 32)+"/logs/audit/m1/history?"+when, "").Raw)
	for query, text := range map[string]string{
		allTime:                             "action_time is required",
		allTime + "&action_time=2026-05-01": "action_time must have the form 2006-01-02",
		"since=2026-01-01&action_time=2026-05-01T00:00:00Z":  "before is required",
		"before=2026-01-01&action_time=2026-05-01T00:00:00Z": "since is required",
		when + "&limit=0":     "limit must be",
		when + "&direction=x": "direction must be",
	} {
		got := history("m0", query)
		got.failed(t, 400, text)
		assert.Zero(t, got.Errors[0].Code)
	}

	member := do(t, s, "POST", "/organizations/"+id+"/members", `{"member":{"user":{"email":"a@example.com"}}}`).fields(t)["id"].(string)
	created := do(t, s, "GET", "/organizations/"+id+"/logs/audit?resource_id="+member+"&"+allTime, "")
	do(t, s, "DELETE", "/organizations/"+id+"/members/"+member, "")
	assert.Len(t, strings.Split(history(created.auditIDs(t), allTime+"&action_time=2026-01-01T00:00:02Z").auditIDs(t), ","), 2, "of a write")
}

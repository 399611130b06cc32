package cloudflaretest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestShareOnTheWire(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	path := "/organizations/" + id + "/shares"
	assert.JSONEq(t, `{"success":true,"errors":[],"result":null,"result_info":{"count":0,"total_count":0}}`, do(t, s, "GET", path, "").Raw)
	assert.JSONEq(t, `{"success":true,"errors":[],"result":null,"result_info":{"count":0,"page":1,"per_page":20,"total_count":0,"total_pages":0}}`,
		do(t, s, "GET", path+"?page=1", "").Raw)

	made := s.AddShare(id, Share{})
	s.AddShare(id, Share{
		ID: "mine", Name: "Mine", AccountID: "1", AccountName: "One", Status: "deleting", TargetType: "organization", Kind: "received",
		Created: time.Date(2025, 2, 3, 4, 5, 6, 789000, time.FixedZone("", 3600)), Modified: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC),
		Fields: json.RawMessage(`{"associated_recipient_count":3,"resources":[],"account_name":"Two"}`),
	})
	assert.Regexp(t, `^[0-9a-f]{32}$`, made)
	got := do(t, s, "GET", path+"?per_page=5", "")
	assert.JSONEq(t, fmt.Sprintf(`{"success":true,"errors":[],"result":[{
		"id":"mine","name":"Mine","account_id":"1","account_name":"Two","organization_id":%[2]q,"created":"2025-02-03T03:05:06.000789Z",
		"modified":"2025-03-01T00:00:00Z","status":"deleting","target_type":"organization","kind":"received",
		"associated_recipient_count":3,"resources":[]
	},{
		"id":%[1]q,"name":"","account_id":"","account_name":"","organization_id":%[2]q,"created":"2026-01-01T00:00:02Z",
		"modified":"2026-01-01T00:00:02Z","status":"active","target_type":"account","kind":"sent"
	}],"result_info":{"count":2,"page":1,"per_page":5,"total_count":2,"total_pages":1}}`, made, id), got.Raw)

	failed := do(t, s, "GET", path+"?page=0", "")
	assert.Equal(t, http.StatusBadRequest, failed.Status)
	assert.JSONEq(t, `{"success":false,"errors":[{"code":1001,"message":"page must be between 1 and 1073741824"}],"result":null}`, failed.Raw)

	for _, share := range []Share{
		{ID: made}, {Status: "x"}, {TargetType: "x"}, {Kind: "x"}, {ResourceTypes: []string{"x"}},
		{Fields: json.RawMessage(`[]`)}, {Fields: json.RawMessage(`{`)},
	} {
		assert.Panics(t, func() { s.AddShare(id, share) })
	}
	assert.Panics(t, func() { s.AddShare("unknown", Share{}) })
}

func TestShareFilters(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	day := func(n int) time.Time { return time.Date(2025, 1, n, 0, 0, 0, 0, time.UTC) }
	s.AddShare(id, Share{Name: "b", Created: day(2), ResourceTypes: []string{"gateway-policy", "trust-grant"}})
	s.AddShare(id, Share{Name: "c", Created: day(1), Status: "deleted", Kind: "received"})
	s.AddShare(id, Share{Name: "a", Created: day(3), TargetType: "organization", ResourceTypes: []string{"trust-grant"}})
	path := "/organizations/" + id + "/shares"
	for query, want := range map[string]string{
		"":                              "c,b,a",
		"order=created&direction=desc":  "a,b,c",
		"direction=desc":                "a,b,c",
		"order=name":                    "a,b,c",
		"order=name&direction=desc":     "c,b,a",
		"status=active":                 "b,a",
		"status=deleted":                "c",
		"status=deleting":               "",
		"kind=received":                 "c",
		"kind=sent&status=deleted":      "",
		"target_type=organization":      "a",
		"resource_types=gateway-policy": "b",
		"resource_types=trust-grant":    "b,a",
		"resource_types=custom-ruleset": "",
		"resource_types=custom-ruleset&resource_types=gateway-policy": "b",
	} {
		got := do(t, s, "GET", path+"?"+query, "")
		if want == "" {
			assert.JSONEq(t, `null`, string(got.Result), query)
			continue
		}
		assert.Equal(t, want, strings.Join(got.names(t), ","), query)
		assert.Contains(t, got.Raw, `"total_count":3`)
		assert.NotContains(t, got.Raw, `"total_pages"`, "not paginated")
	}
	for _, query := range []string{
		"status=x", "kind=x", "target_type=x", "resource_types=x", "resource_types=trust-grant,gateway-policy", "order=x", "direction=x",
		"page=0", "page=x", "per_page=0", "per_page=101",
	} {
		name, _, _ := strings.Cut(query, "=")
		do(t, s, "GET", path+"?"+query, "").failed(t, 400, name+" must be")
	}
}

func TestSharePages(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	for i := range 25 {
		s.AddShare(id, Share{Name: fmt.Sprintf("%02d", i), Status: []string{"active", "deleted"}[i%2]})
	}
	path := "/organizations/" + id + "/shares"
	for query, want := range map[string]struct {
		first        string
		count, pages int
	}{
		"page=1":                            {"00", 20, 2},
		"page=2":                            {"20", 5, 2},
		"per_page=10":                       {"00", 10, 3},
		"per_page=10&page=3":                {"20", 5, 3},
		"per_page=5&page=5":                 {"20", 5, 5},
		"per_page=10&page=2&status=active":  {"20", 3, 2},
		"per_page=100&page=1&status=active": {"00", 13, 1},
	} {
		got := do(t, s, "GET", path+"?"+query, "")
		assert.Len(t, got.names(t), want.count, query)
		assert.Equal(t, want.first, got.names(t)[0], query)
		assert.Equal(t, want.pages, *got.ResultInfo.TotalPages, query)
	}
	for _, query := range []string{"page=3", "page=1073741824&per_page=100"} {
		assert.JSONEq(t, `null`, string(do(t, s, "GET", path+"?"+query, "").Result), query)
	}
	assert.Len(t, do(t, s, "GET", path, "").names(t), 25, "without page and per_page, all at once")
}

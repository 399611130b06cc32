package cloudflaretest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemberOnTheWire(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	member := s.AddMember(id, Member{Email: "Ann@example.com", Name: "Ann", TwoFactor: true})
	got := do(t, s, "GET", "/organizations/"+id+"/members/"+member, "")
	user := got.fields(t)["user"].(map[string]any)["id"].(string)
	assert.Regexp(t, `^[0-9a-f]{32}$`, member)
	assert.JSONEq(t, fmt.Sprintf(`{
		"id": %q, "status": "active", "meta": {},
		"create_time": "2026-01-01T00:00:02Z", "update_time": "2026-01-01T00:00:02Z",
		"user": {"id": %q, "email": "Ann@example.com", "name": "Ann", "two_factor_authentication_enabled": true}
	}`, member, user), string(got.Result))

	other := s.AddOrganization("b", "")
	again := s.AddMember(other, Member{Email: "ann@EXAMPLE.com", TwoFactorUnknown: true})
	there := do(t, s, "GET", "/organizations/"+other+"/members/"+again, "").fields(t)["user"].(map[string]any)
	assert.Equal(t, user, there["id"], "the same person")
	assert.NotContains(t, there, "two_factor_authentication_enabled")
	do(t, s, "GET", "/organizations/"+other+"/members/"+member, "").failed(t, 404, "member not found")

	no := s.AddMember(id, Member{Email: "no@example.com"})
	assert.Equal(t, false, do(t, s, "GET", "/organizations/"+id+"/members/"+no, "").fields(t)["user"].(map[string]any)["two_factor_authentication_enabled"])

	assert.Panics(t, func() { s.AddMember("unknown", Member{Email: "x@example.com"}) })
	assert.Panics(t, func() { s.AddMember(id, Member{}) })
	for _, email := range []string{"ann", "@example.com", "ann@", "@"} {
		assert.PanicsWithValue(t, fmt.Sprintf("cloudflaretest: AddMember: Email must be an email address, not %q", email), func() { s.AddMember(id, Member{Email: email}) })
	}
	assert.NotPanics(t, func() { s.AddMember(id, Member{Email: "a\x1b[2J@example.com"}) }, "what a terminal must not get")
	assert.Panics(t, func() { s.AddMember(id, Member{Email: "ANN@example.com"}) })
	assert.Panics(t, func() { s.AddMember(id, Member{Email: "x@example.com", Status: "cancelled"}) })
}

func TestMemberFilters(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	for _, status := range memberStatuses {
		s.AddMember(id, Member{Email: status + "@Example.com", Status: status})
	}
	path := "/organizations/" + id + "/members"
	for query, want := range map[string]string{
		"":                                     "active,pending,rejected,canceled",
		"status=active":                        "active",
		"status=canceled&status=pending":       "pending,canceled",
		"user.email=ACTIVE@example.com":        "active",
		"user.email=active":                    "",
		"user.email.startsWith=PEN":            "pending",
		"user.email.endsWith=ED@EXAMPLE.com":   "rejected,canceled",
		"user.email.contains=E":                "active,pending,rejected,canceled",
		"user.email.contains=ed&status=active": "",
	} {
		got := do(t, s, "GET", path+"?"+query, "")
		assert.Equal(t, want, strings.ReplaceAll(strings.Join(got.names(t), ","), "@Example.com", ""), query)
	}
	do(t, s, "GET", path+"?status=cancelled", "").failed(t, 400, "status must be one of")
	do(t, s, "GET", path+"?page_size=1001", "").failed(t, 400, "page_size")
	first := do(t, s, "GET", path+"?page_size=3", "")
	assert.Equal(t, 4, *first.ResultInfo.TotalSize)
	assert.Len(t, do(t, s, "GET", path+"?page_token="+*first.ResultInfo.NextPageToken, "").names(t), 1)
}

func TestCreateMember(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	path := "/organizations/" + id + "/members"
	invited := do(t, s, "POST", path, `{"member":{"user":{"email":"a@example.com"}}}`).fields(t)
	assert.Equal(t, "pending", invited["status"])
	assert.Equal(t, invited, do(t, s, "GET", path+"/"+invited["id"].(string), "").fields(t))
	assert.Equal(t, "active", do(t, s, "POST", path, `{"member":{"user":{"email":"b@example.com"},"status":"active"}}`).fields(t)["status"])
	assert.Equal(t, "canceled", do(t, s, "POST", path, `{"member":{"user":{"email":"c@example.com"},"status":"canceled"}}`).fields(t)["status"])

	for body, text := range map[string]string{
		`{"user":{"email":"x@example.com"}}`:                                "user.email is required",
		`{"member":"x"}`:                                                    "member must be an object",
		`{"member":{}}`:                                                     "user.email is required",
		`{"member":{"user":"x"}}`:                                           "user must be an object",
		`{"member":{"user":{}}}`:                                            "user.email is required",
		`{"member":{"user":{"email":""}}}`:                                  "user.email is required",
		`{"member":{"user":{"email":7}}}`:                                   "email must be a string",
		`{"member":{"user":{"email":"ann"}}}`:                               "user.email must be an email address",
		`{"member":{"user":{"email":"@example.com"}}}`:                      "user.email must be an email address",
		`{"member":{"user":{"email":"ann@"}}}`:                              "user.email must be an email address",
		`{"member":{"user":{"email":"a@b@example.com"}}}`:                   "user.email must be an email address",
		`{"member":{"user":{"email":"a b@example.com"}}}`:                   "user.email must be an email address",
		`{"member":{"user":{"email":" a@example.com"}}}`:                    "user.email must be an email address",
		`{"member":{"user":{"email":"A <a@example.com>"}}}`:                 "user.email must be an email address",
		`{"member":{"user":{"email":"a@example.com,b@example.com"}}}`:       "user.email must be an email address",
		`{"member":{"user":{"email":"x@example.com"},"status":"pending"}}`:  "status must be active or canceled",
		`{"member":{"user":{"email":"x@example.com"},"status":"rejected"}}`: "status must be active or canceled",
		`{"member":{"user":{"email":"x@example.com"},"status":""}}`:         "status must be active or canceled",
		`{"member":{"user":{"email":"x@example.com"},"status":null}}`:       "status must be active or canceled",
	} {
		do(t, s, "POST", path, body).failed(t, 400, text)
	}
	do(t, s, "POST", path, `{"member":{"user":{"email":"A@example.com"}}}`).failed(t, 409, "is already a member")
	assert.Equal(t, []string{"a@example.com", "b@example.com", "c@example.com"}, do(t, s, "GET", path, "").names(t))
}

func TestBatchCreateMembers(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	path := "/organizations/" + id + "/members"
	batch := func(emails ...string) string {
		items := make([]string, len(emails))
		for i, email := range emails {
			items[i] = `{"user":{"email":"` + email + `"}}`
		}
		return `{"members":[` + strings.Join(items, ",") + `]}`
	}
	emails := strings.Split(strings.Repeat("x", 11), "")
	for i := range emails {
		emails[i] = fmt.Sprintf("%02d@example.com", i)
	}

	do(t, s, "POST", path+":batchCreate", batch(emails...)).failed(t, 400, "1 to 10")
	do(t, s, "POST", path+":batchCreate", batch()).failed(t, 400, "1 to 10")
	do(t, s, "POST", path+":batchCreate", `{}`).failed(t, 400, "1 to 10")
	do(t, s, "POST", path+":batchCreate", `{"members":{}}`).failed(t, 400, "1 to 10")
	do(t, s, "POST", path+":batchCreate", `{"members":["x"]}`).failed(t, 400, "members[0] must be an object")
	do(t, s, "POST", path+":batchCreate", batch("a@example.com", "")).failed(t, 400, "members[1]: user.email is required")
	do(t, s, "POST", path+":batchCreate", batch("a@example.com", "ann")).failed(t, 400, "members[1]: user.email must be an email address")
	do(t, s, "POST", path+":batchCreate", batch("a@example.com", "A@example.com")).failed(t, 409, "members[1]")
	assert.Empty(t, do(t, s, "GET", path, "").names(t), "all or none")

	got := do(t, s, "POST", path+":batchCreate", batch(emails[:10]...))
	var members []map[string]any
	require.NoError(t, json.Unmarshal(got.Result, &members))
	assert.Len(t, members, 10)
	assert.Equal(t, "pending", members[9]["status"])
	assert.Nil(t, got.ResultInfo)

	do(t, s, "POST", path+":batchCreate", batch("new@example.com", emails[3])).failed(t, 409, "members[1]")
	assert.Equal(t, 10, *do(t, s, "GET", path, "").ResultInfo.TotalSize)
}

func TestDeleteMember(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	first, second := s.AddMember(id, Member{Email: "a@example.com"}), s.AddMember(id, Member{Email: "b@example.com"})
	path := "/organizations/" + id + "/members/" + first

	assert.Equal(t, 204, do(t, s, "DELETE", path, "").Status)
	do(t, s, "DELETE", path, "").failed(t, 404, "member not found")
	assert.Equal(t, []string{"b@example.com"}, do(t, s, "GET", "/organizations/"+id+"/members", "").names(t))

	// A body is ignored, and does not get into the audit log.
	for i, body := range []string{`x`, `{}`, `{"member_id":7}`, `{"member_id":"` + second + `"}`} {
		member := s.AddMember(id, Member{Email: fmt.Sprint(i, "@example.com")})
		r := newRequest(t, "DELETE", "/organizations/"+id+"/members/"+member, body)
		r.Header.Set("Content-Type", []string{"", "text/plain", "application/json"}[i%3])
		assert.Equal(t, 204, send(t, s, r).Status, body)
	}
	log := do(t, s, "GET", "/organizations/"+id+"/logs/audit?since=2000-01-01&before=2100-01-01", "")
	assert.Equal(t, 200, log.Status)
	assert.NotContains(t, log.Raw, `"request"`)
}

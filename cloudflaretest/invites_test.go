package cloudflaretest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInvites(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	path := "/organizations/" + id
	invite := func(email string) (code, memberID string) {
		created := do(t, s, "POST", path+"/members", `{"member":{"user":{"email":"`+email+`"}}}`).fields(t)
		assert.Equal(t, "pending", created["status"])
		return s.InviteCode(id, strings.ToUpper(email)), created["id"].(string)
	}
	put := func(code, email, body string) reply {
		r := newRequest(t, "PUT", path+"/invites/"+url.PathEscape(code), body)
		r.Header.Set("X-Auth-Email", email)
		return send(t, s, r)
	}

	code, memberID := invite("ann@example.com")
	assert.NotEqual(t, memberID, code)
	assert.False(t, isID(code))
	for body, text := range map[string]string{
		`{}`: "status must be accept or reject", `{"status":"active"}`: "status must be accept or reject", `{"status":null}`: "status must be",
	} {
		put(code, "ann@example.com", body).failed(t, 400, text)
	}
	put(code, Email, `{"status":"accept"}`).failed(t, 403, "Unauthorized")
	put("unknown", "ann@example.com", `{"status":"accept"}`).failed(t, 404, "invitation not found")
	put(memberID, "ann@example.com", `{"status":"accept"}`).failed(t, 404, "invitation not found")

	accepted := put(code, "Ann@example.com", `{"status":"accept"}`).fields(t)
	assert.Equal(t, memberID, accepted["id"])
	assert.Equal(t, "active", accepted["status"])
	assert.Greater(t, accepted["update_time"], accepted["create_time"])
	assert.Equal(t, accepted, do(t, s, "GET", path+"/members/"+memberID, "").fields(t))
	put(code, "ann@example.com", `{"status":"reject"}`).failed(t, 409, "the member is active")

	code, _ = invite("bob@example.com")
	assert.Equal(t, "rejected", put(code, "bob@example.com", `{"status":"reject"}`).fields(t)["status"])
	put(code, "bob@example.com", `{"status":"accept"}`).failed(t, 409, "the member is rejected")

	s.AddMember(id, Member{Email: Email, Status: "pending"})
	r := newRequest(t, "PUT", path+"/invites/"+url.PathEscape(s.InviteCode(id, Email)), `{"status":"accept"}`)
	r.Header.Del("X-Auth-Key")
	r.Header.Del("X-Auth-Email")
	r.Header.Set("Authorization", "Bearer "+APIToken)
	assert.Equal(t, "active", send(t, s, r).fields(t)["status"], "the token is that of Email")

	other := s.AddOrganization("b", "")
	s.AddMember(other, Member{Email: "ann@example.com", Status: "pending"})
	do(t, s, "PUT", path+"/invites/"+url.PathEscape(s.InviteCode(other, "ann@example.com")), `{"status":"accept"}`).failed(t, 404, "invitation not found")

	assert.Panics(t, func() { s.InviteCode("unknown", Email) })
	assert.Panics(t, func() { s.InviteCode(id, "nobody@example.com") })
	assert.Panics(t, func() { s.InviteCode(id, "ann@example.com") }, "no longer pending")
}

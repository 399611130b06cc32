package cloudflaretest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const profileJSON = `{"business_name":"Example","business_email":"a@example.com","business_phone":"","business_address":"x","external_metadata":"{}"}`

func TestProfile(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	path := "/organizations/" + id + "/profile"
	do(t, s, "GET", path, "").failed(t, 404, "profile not found")

	for _, field := range []string{"business_name", "business_email", "business_phone", "business_address", "external_metadata"} {
		do(t, s, "PUT", path, strings.Replace(profileJSON, field, "other", 1)).failed(t, 400, field+" is required")
		do(t, s, "PUT", path, strings.Replace(profileJSON, `"`+field+`":"`, `"`+field+`":null,"other":"`, 1)).failed(t, 400, field+" must be a string")
	}
	do(t, s, "GET", path, "").failed(t, 404, "profile not found")
	account := "/accounts/" + s.AddAccount(id, Account{}) + "/profile"
	do(t, s, "GET", account, "").failed(t, 404, "profile not found")

	assert.Equal(t, 204, do(t, s, "PUT", path, profileJSON).Status)
	assert.JSONEq(t, profileJSON, string(do(t, s, "GET", path, "").Result))
	assert.Contains(t, do(t, s, "GET", "/organizations/"+id, "").fields(t), "profile")
}

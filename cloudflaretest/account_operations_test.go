package cloudflaretest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func createAccount(t *testing.T, s *Server, body string, keys ...string) reply {
	t.Helper()
	r := newRequest(t, "POST", "/accounts", body)
	for _, key := range keys {
		r.Header.Add("Idempotency-Key", key)
	}
	return send(t, s, r)
}

func TestCreateAccount(t *testing.T) {
	s := NewServer().ForTest(t)
	createAccount(t, s, `{"name":"x"}`).failed(t, 400, "unit is required unless there is exactly one organization")
	id := s.AddOrganization("a", "")

	got := createAccount(t, s, `{"name":"Shop","type":"enterprise","unit":{"id":"`+id+`"}}`)
	account := got.fields(t)["id"].(string)
	assert.JSONEq(t, fmt.Sprintf(`{
		"id": %q, "name": "Shop", "type": "enterprise", "created_on": "2026-01-01T00:00:02Z",
		"settings": {"abuse_contact_email": "", "enforce_twofactor": false}, "managed_by": {"parent_org_id": %q, "parent_org_name": "a"}
	}`, account, id), string(got.Result))
	assert.Equal(t, []string{"Shop"}, do(t, s, "GET", "/organizations/"+id+"/accounts", "").names(t))

	got = createAccount(t, s, `{"name":"Only"}`)
	assert.Equal(t, "standard", got.fields(t)["type"])
	assert.Contains(t, got.fields(t), "managed_by", "the only organization")
	other := s.AddOrganization("b", "")
	createAccount(t, s, `{"name":"x"}`).failed(t, 400, "unit is required")

	createAccount(t, s, `{"name":"Alone","standalone":true}`).failed(t, 400, "Idempotency-Key is required")
	alone := createAccount(t, s, `{"name":"Alone","standalone":true}`, "k").fields(t)
	assert.NotContains(t, alone, "managed_by")
	assert.JSONEq(t, `[]`, string(do(t, s, "GET", "/accounts/"+alone["id"].(string)+"/organizations", "").Result))

	for body, text := range map[string]string{
		`{}`:                              "name is required",
		`{"name":""}`:                     "name is required",
		`{"name":7}`:                      "name must be a string",
		`{"name":"x","type":"free"}`:      "type must be standard or enterprise",
		`{"name":"x","type":""}`:          "type must be standard or enterprise",
		`{"name":"x","type":null}`:        "type must be a string",
		`{"name":"x","unit":"x"}`:         "unit must be an object",
		`{"name":"x","unit":{}}`:          "unit.id: organization not found",
		`{"name":"x","unit":{"id":7}}`:    "unit.id: organization not found",
		`{"name":"x","standalone":false}`: "standalone must be true",
		`{"name":"x","standalone":null}`:  "standalone must be true",
		`{"name":"x","standalone":true,"unit":{"id":"` + other + `"}}`: "exclude each other",
	} {
		createAccount(t, s, body, "other").failed(t, 400, text)
	}
	assert.Empty(t, do(t, s, "GET", "/organizations/"+other+"/accounts", "").names(t))
}

func TestIdempotencyKey(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	body := `{"name":"Shop","unit":{"id":"` + id + `"}}`
	createAccount(t, s, `{}`, "key").failed(t, 400, "name is required")

	first := createAccount(t, s, body, "key")
	assert.Equal(t, first.Raw, createAccount(t, s, body, "key").Raw, "a failure before does not use the key up")
	assert.NotEqual(t, first.Raw, createAccount(t, s, body, "another").Raw)
	assert.NotEqual(t, first.Raw, createAccount(t, s, body).Raw)
	createAccount(t, s, strings.Replace(body, "Shop", "Else", 1), "key").failed(t, 409, "used with another body")
	createAccount(t, s, body, "").failed(t, 400, "Idempotency-Key must have one value")
	createAccount(t, s, body, "key", "key").failed(t, 400, "Idempotency-Key must have one value")
	assert.Len(t, do(t, s, "GET", "/organizations/"+id+"/accounts", "").names(t), 3)

	s.Fail(1, Cut()) // the account is created, and its retry finds it
	r := newRequest(t, "POST", "/accounts", body)
	r.Header.Set("Idempotency-Key", "cut")
	response, err := s.Transport().RoundTrip(r)
	require.NoError(t, err)
	response.Body.Close()
	createAccount(t, s, body, "cut")
	assert.Len(t, do(t, s, "GET", "/organizations/"+id+"/accounts", "").names(t), 4)
}

func TestAccountOrganizations(t *testing.T) {
	s := NewServer().ForTest(t)
	root := s.AddOrganization("root", "")
	middle := s.AddOrganization("middle", root)
	leaf := s.AddOrganization("leaf", middle)
	account := s.AddAccount(leaf, Account{ID: "with space"})
	got := do(t, s, "GET", "/accounts/with%20space/organizations", "")
	assert.Equal(t, []string{"root", "middle", "leaf"}, got.names(t))
	assert.Nil(t, got.ResultInfo)
	var chain []json.RawMessage
	require.NoError(t, json.Unmarshal(got.Result, &chain))
	assert.JSONEq(t, string(do(t, s, "GET", "/organizations/"+leaf, "").Result), string(chain[2]))
	assert.Equal(t, []string{"root", "middle", "leaf"}, do(t, s, "GET", "/organizations?containing.account="+strings.ReplaceAll(account, " ", "+"), "").names(t))

	alone := s.AddAccount("", Account{})
	assert.JSONEq(t, `[]`, string(do(t, s, "GET", "/accounts/"+alone+"/organizations", "").Result))
	assert.Empty(t, do(t, s, "GET", "/organizations?containing.account="+alone, "").names(t))
}

func TestMoveAccount(t *testing.T) {
	s := NewServer().ForTest(t)
	root := s.AddOrganization("root", "")
	leaf := s.AddOrganization("leaf", root)
	elsewhere := s.AddOrganization("elsewhere", "")
	account := s.AddAccount(root, Account{Name: "x"})
	path := "/accounts/" + account + "/move"
	move := func(to string) reply { return do(t, s, "POST", path, `{"destination_organization_id":"`+to+`"}`) }

	assert.JSONEq(t, fmt.Sprintf(`{"account_id":%q,"source_organization_id":%q,"destination_organization_id":%q}`, account, root, leaf), string(move(leaf).Result))
	assert.Empty(t, do(t, s, "GET", "/organizations/"+root+"/accounts", "").names(t))
	assert.Equal(t, []string{"x"}, do(t, s, "GET", "/organizations/"+leaf+"/accounts", "").names(t))
	assert.Equal(t, []string{"root", "leaf"}, do(t, s, "GET", "/accounts/"+account+"/organizations", "").names(t))

	move(leaf).failed(t, 409, "already in the organization")
	move(elsewhere).failed(t, 403, "cannot leave the hierarchy")
	move("").failed(t, 400, "destination_organization_id is required")
	move("unknown").failed(t, 400, "destination_organization_id: organization not found")
	do(t, s, "POST", path, `{"destination_organization_id":7}`).failed(t, 400, "must be a string")
	do(t, s, "POST", path, ``).failed(t, 400, "a JSON body is required")
	do(t, s, "DELETE", "/organizations/"+leaf, "").failed(t, 409, "accounts")
	assert.Equal(t, 200, move(root).Status, "and back")

	alone := s.AddAccount("", Account{})
	got := do(t, s, "POST", "/accounts/"+alone+"/move", `{"destination_organization_id":"`+elsewhere+`"}`).fields(t)
	assert.Equal(t, map[string]any{"account_id": alone, "source_organization_id": "", "destination_organization_id": elsewhere}, got)
}

func TestAccountProfile(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	path := "/accounts/" + s.AddAccount(id, Account{}) + "/profile"
	assert.JSONEq(t, `null`, string(do(t, s, "GET", path, "").Result))
	do(t, s, "PUT", path, `{}`).failed(t, 400, "business_name is required")
	assert.Equal(t, 204, do(t, s, "PUT", path, profileJSON).Status)
	assert.JSONEq(t, profileJSON, string(do(t, s, "GET", path, "").Result))
	assert.JSONEq(t, profileJSON, string(do(t, s, "GET", "/organizations/"+id+"/profile", "").Result), "the organization shares it")

	alone := "/accounts/" + s.AddAccount("", Account{}) + "/profile"
	do(t, s, "GET", alone, "").failed(t, 403, "Unauthorized")
	do(t, s, "PUT", alone, profileJSON).failed(t, 403, "Unauthorized")
}

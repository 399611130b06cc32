package cloudflaretest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOrganizationOnTheWire(t *testing.T) {
	s := NewServer().ForTest(t)
	got := do(t, s, "POST", "/organizations", `{"name":"Root"}`)
	root := got.fields(t)["id"].(string)
	assert.Regexp(t, `^[0-9a-f]{32}$`, root)
	assert.JSONEq(t, fmt.Sprintf(`{
		"id": %[1]q,
		"name": "Root",
		"create_time": "2026-01-01T00:00:01Z",
		"meta": {
			"tenant_flags": {
				"account_creation": "enabled", "account_creation_applies_tenant_defaults": "disabled", "account_deletion": "disabled",
				"account_migration": "disabled", "account_mobility": "enabled",
				"enterprise_capability": "disabled", "member_management": "enabled", "sub_org_creation": "enabled"
			},
			"flags": {
				"account_creation": "enabled", "account_deletion": "disabled", "account_migration": "disabled", "account_mobility": "enabled",
				"sub_org_creation": "enabled"
			},
			"hierarchy_tags": [%[1]q]
		}
	}`, root), string(got.Result))

	middle := s.AddOrganization("Middle", root)
	got = do(t, s, "POST", "/organizations", `{"name":"Leaf","parent":{"id":"`+middle+`","name":"ignored"},"profile":`+profileJSON+`,"id":"ignored","create_time":1,"meta":7,"unknown":[]}`)
	leaf := got.fields(t)
	assert.Equal(t, map[string]any{"id": middle, "name": "Middle"}, leaf["parent"])
	assert.Equal(t, []any{root, middle, leaf["id"]}, leaf["meta"].(map[string]any)["hierarchy_tags"])
	assert.Equal(t, middle, leaf["meta"].(map[string]any)["managed_by"])
	assert.Equal(t, "Example", leaf["profile"].(map[string]any)["business_name"])
	assert.Equal(t, "2026-01-01T00:00:03Z", leaf["create_time"])
	assert.JSONEq(t, string(got.Result), string(do(t, s, "GET", "/organizations/"+leaf["id"].(string), "").Result))
	assert.NotContains(t, do(t, s, "GET", "/organizations", "").Raw, "next_page_token")

	assert.Panics(t, func() { s.AddOrganization("x", "unknown") })
}

func TestCreateOrganizationErrors(t *testing.T) {
	s := NewServer().ForTest(t)
	for body, text := range map[string]string{
		`{}`:                                "name is required",
		`{"name":""}`:                       "name is required",
		`{"Name":"x"}`:                      "name is required",
		`{"name":null}`:                     "name must be a string",
		`{"name":7}`:                        "name must be a string",
		`{"name":"x","parent":null}`:        "parent must be an object",
		`{"name":"x","parent":"id"}`:        "parent must be an object",
		`{"name":"x","parent":{}}`:          "parent.id is required",
		`{"name":"x","parent":{"id":7}}`:    "parent.id is required",
		`{"name":"x","parent":{"id":"no"}}`: "parent.id: organization not found",
		`{"name":"x","parent":{"id":""}}`:   "parent.id: organization not found",
		`{"name":"x","profile":null}`:       "profile must be an object",
		`{"name":"x","profile":{}}`:         "profile: business_name is required",
		`{"name":"x","profile":` + strings.Replace(profileJSON, `"external_metadata":"{}"`, `"external_metadata":{}`, 1) + `}`: "profile: external_metadata must be a string",
	} {
		do(t, s, "POST", "/organizations", body).failed(t, 400, text)
	}
	assert.Equal(t, 0, *do(t, s, "GET", "/organizations", "").ResultInfo.TotalSize)

	assert.Equal(t, 200, do(t, s, "POST", "/organizations", `{"name":"x"}`).Status)
	assert.Equal(t, 200, do(t, s, "POST", "/organizations", `{"name":"x"}`).Status, "names need not be unique")
}

func TestUpdateOrganization(t *testing.T) {
	s := NewServer().ForTest(t)
	root, other := s.AddOrganization("root", ""), s.AddOrganization("other", "")
	created := do(t, s, "POST", "/organizations", `{"name":"sub","parent":{"id":"`+root+`"},"profile":`+profileJSON+`}`).fields(t)
	path := "/organizations/" + created["id"].(string)

	kept := do(t, s, "PUT", path, `{"name":"new","parent":{"id":"`+root+`"},"profile":`+profileJSON+`}`).fields(t)
	assert.Equal(t, "new", kept["name"])
	assert.Contains(t, kept, "profile")
	assert.Equal(t, created["create_time"], kept["create_time"])

	do(t, s, "PUT", path, `{"name":"moved","parent":{"id":"`+other+`"}}`).failed(t, 400, "cannot be changed")
	do(t, s, "PUT", "/organizations/"+other, `{"name":"moved","parent":{"id":"`+root+`"}}`).failed(t, 400, "cannot be changed")
	do(t, s, "PUT", path, `{}`).failed(t, 400, "name is required")
	do(t, s, "PUT", path, `{"name":"x","profile":{"business_name":"x"}}`).failed(t, 400, "profile: business_email is required")
	assert.Equal(t, kept, do(t, s, "GET", path, "").fields(t), "a request that fails changes nothing")

	cleared := do(t, s, "PUT", path, `{"name":"newer"}`).fields(t)
	assert.NotContains(t, cleared, "profile", "a PUT replaces")
	assert.Contains(t, cleared, "parent", "but the parent stays")
	assert.Equal(t, []string{"newer"}, do(t, s, "GET", "/organizations?name=newer", "").names(t), "filters see the new name")

	do(t, s, "PUT", "/organizations/"+root, `{"name":"Root, renamed"}`)
	assert.Equal(t, "Root, renamed", do(t, s, "GET", path, "").fields(t)["parent"].(map[string]any)["name"])
}

func TestDeleteOrganization(t *testing.T) {
	s := NewServer().ForTest(t)
	root := s.AddOrganization("root", "")
	sub := s.AddOrganization("sub", root)
	do(t, s, "DELETE", "/organizations/"+root, "").failed(t, 409, "sub-organizations")

	deleted := do(t, s, "DELETE", "/organizations/"+sub, "")
	assert.JSONEq(t, `{"id":"`+sub+`"}`, string(deleted.Result))
	assert.Equal(t, 404, do(t, s, "DELETE", "/organizations/"+sub, "").Status)
	assert.Equal(t, 404, do(t, s, "GET", "/organizations/"+sub, "").Status)
	assert.Equal(t, []string{"root"}, do(t, s, "GET", "/organizations", "").names(t))

	member := s.AddMember(root, Member{Email: "a@example.com"})
	do(t, s, "DELETE", "/organizations/"+root, "").failed(t, 409, "members")
	do(t, s, "DELETE", "/organizations/"+root+"/members/"+member, `{"member_id":"`+member+`"}`)
	assert.Equal(t, 200, do(t, s, "DELETE", "/organizations/"+root, "").Status)

	held := s.AddOrganization("held", "")
	s.AddAccount(held, Account{})
	do(t, s, "DELETE", "/organizations/"+held, "").failed(t, 409, "accounts")
}

func TestOrganizationFilters(t *testing.T) {
	s := NewServer().ForTest(t)
	acme := s.AddOrganization("Acme Root", "")
	west := s.AddOrganization("acme west", acme)
	deep := s.AddOrganization("Deep", west)
	zeta := s.AddOrganization("ZETA", "")
	account := s.AddAccount(west, Account{Name: "x"})
	s.AddMember(deep, Member{Email: "Eve@example.com"})
	member := s.AddMember(zeta, Member{Email: "eve@EXAMPLE.com"})
	user := do(t, s, "GET", "/organizations/"+zeta+"/members/"+member, "").fields(t)["user"].(map[string]any)["id"].(string)

	for query, want := range map[string]string{
		"":                           "Acme Root,acme west,Deep,ZETA",
		"unknown=x":                  "Acme Root,acme west,Deep,ZETA",
		"name=ZETA":                  "ZETA",
		"name=zeta":                  "", // equality alone is case-sensitive
		"name=":                      "",
		"name.startsWith=ACME":       "Acme Root,acme west",
		"name.startsWith=west":       "",
		"name.endsWith=ROOT":         "Acme Root",
		"name.contains=ME+W":         "acme west",
		"name.contains=":             "Acme Root,acme west,Deep,ZETA",
		"name.startswith=zzz":        "Acme Root,acme west,Deep,ZETA", // unknown: names of parameters are literal
		"id=" + zeta:                 "ZETA",
		"id=" + zeta + "&id=" + acme: "Acme Root,ZETA",
		"id=" + zeta + "," + acme:    "Acme Root,ZETA",
		"id=" + zeta + "," + acme + "&id=" + deep:       "Acme Root,Deep,ZETA",
		"id=" + strings.Repeat("0", 32):                 "",
		"parent.id=null":                                "Acme Root,ZETA",
		"parent.id=" + acme:                             "acme west",
		"parent.id=" + strings.Repeat("0", 32):          "",
		"containing.organization=" + deep:               "Acme Root,acme west",
		"containing.organization=" + acme:               "",
		"containing.organization=nobody":                "",
		"containing.account=" + account:                 "Acme Root,acme west",
		"containing.account=nobody":                     "",
		"containing.user=" + user:                       "Acme Root,acme west,Deep,ZETA",
		"containing.user=nobody":                        "",
		"containing.user=" + user + "&name=Deep":        "Deep",
		"parent.id=null&name.contains=a":                "Acme Root,ZETA",
		"name.contains=a&id=" + west + "," + deep:       "acme west",
		"name.startsWith=a&name.endsWith=t":             "Acme Root,acme west",
		"name.startsWith=a&name=ZETA":                   "",
		"containing.account=" + account + "&id=" + zeta: "",
	} {
		got := do(t, s, "GET", "/organizations?"+query, "")
		assert.Equal(t, want, strings.Join(got.names(t), ","), query)
		assert.Equal(t, len(got.names(t)), *got.ResultInfo.TotalSize, query)
	}
	for _, query := range []string{"id=", "id=x", "id=" + zeta + ",x", "id=" + zeta + "&id=x", "id=" + strings.ToUpper(zeta)} {
		do(t, s, "GET", "/organizations?"+query, "").failed(t, 400, "id must be 32 lowercase hexadecimal digits")
	}
	for _, query := range []string{"parent.id=", "parent.id=x", "parent.id=NULL"} {
		do(t, s, "GET", "/organizations?"+query, "").failed(t, 400, "parent.id must be null or 32 lowercase")
	}
}

package cloudflaretest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const profileJSON = `{"business_name":"Example","business_email":"a@example.com","business_phone":"","business_address":"x","external_metadata":"{}"}`

func TestOrganizationOnTheWire(t *testing.T) {
	s := start(t)
	got := do(t, s, "POST", "/organizations", `{"name":"Root"}`)
	root := got.fields(t)["id"].(string)
	assert.Regexp(t, `^[0-9a-f]{32}$`, root)
	assert.JSONEq(t, fmt.Sprintf(`{
		"id": %[1]q,
		"name": "Root",
		"create_time": "2026-01-01T00:00:01Z",
		"meta": {
			"tenant_flags": {
				"account_creation": "enabled", "account_deletion": "disabled", "account_migration": "disabled", "account_mobility": "enabled",
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

func TestCreateOrganizationRefuses(t *testing.T) {
	s := start(t)
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
		do(t, s, "POST", "/organizations", body).refused(t, 400, text)
	}
	assert.Equal(t, 0, *do(t, s, "GET", "/organizations", "").ResultInfo.TotalSize)

	assert.Equal(t, 200, do(t, s, "POST", "/organizations", `{"name":"x"}`).Status)
	assert.Equal(t, 200, do(t, s, "POST", "/organizations", `{"name":"x"}`).Status, "names need not be unique")
}

func TestUpdateOrganization(t *testing.T) {
	s := start(t)
	root, other := s.AddOrganization("root", ""), s.AddOrganization("other", "")
	created := do(t, s, "POST", "/organizations", `{"name":"sub","parent":{"id":"`+root+`"},"profile":`+profileJSON+`}`).fields(t)
	path := "/organizations/" + created["id"].(string)

	kept := do(t, s, "PUT", path, `{"name":"new","parent":{"id":"`+root+`"},"profile":`+profileJSON+`}`).fields(t)
	assert.Equal(t, "new", kept["name"])
	assert.Contains(t, kept, "profile")
	assert.Equal(t, created["create_time"], kept["create_time"])

	do(t, s, "PUT", path, `{"name":"moved","parent":{"id":"`+other+`"}}`).refused(t, 400, "cannot be changed")
	do(t, s, "PUT", "/organizations/"+other, `{"name":"moved","parent":{"id":"`+root+`"}}`).refused(t, 400, "cannot be changed")
	do(t, s, "PUT", path, `{}`).refused(t, 400, "name is required")
	do(t, s, "PUT", path, `{"name":"x","profile":{"business_name":"x"}}`).refused(t, 400, "profile: business_email is required")
	assert.Equal(t, kept, do(t, s, "GET", path, "").fields(t), "what is refused changes nothing")

	cleared := do(t, s, "PUT", path, `{"name":"newer"}`).fields(t)
	assert.NotContains(t, cleared, "profile", "a PUT replaces")
	assert.Contains(t, cleared, "parent", "but the parent stays")
	assert.Equal(t, []string{"newer"}, do(t, s, "GET", "/organizations?name=newer", "").names(t), "filters see the new name")

	do(t, s, "PUT", "/organizations/"+root, `{"name":"Root, renamed"}`)
	assert.Equal(t, "Root, renamed", do(t, s, "GET", path, "").fields(t)["parent"].(map[string]any)["name"])
}

func TestDeleteOrganization(t *testing.T) {
	s := start(t)
	root := s.AddOrganization("root", "")
	sub := s.AddOrganization("sub", root)
	do(t, s, "DELETE", "/organizations/"+root, "").refused(t, 409, "sub-organizations")

	deleted := do(t, s, "DELETE", "/organizations/"+sub, "")
	assert.JSONEq(t, `{"id":"`+sub+`"}`, string(deleted.Result))
	assert.Equal(t, 404, do(t, s, "DELETE", "/organizations/"+sub, "").Status)
	assert.Equal(t, 404, do(t, s, "GET", "/organizations/"+sub, "").Status)
	assert.Equal(t, []string{"root"}, do(t, s, "GET", "/organizations", "").names(t))

	member := s.AddMember(root, Member{Email: "a@example.com"})
	do(t, s, "DELETE", "/organizations/"+root, "").refused(t, 409, "members")
	do(t, s, "DELETE", "/organizations/"+root+"/members/"+member, `{"member_id":"`+member+`"}`)
	assert.Equal(t, 200, do(t, s, "DELETE", "/organizations/"+root, "").Status)

	held := s.AddOrganization("held", "")
	s.AddAccount(held, Account{})
	do(t, s, "DELETE", "/organizations/"+held, "").refused(t, 409, "accounts")
}

func TestProfile(t *testing.T) {
	s := start(t)
	id := s.AddOrganization("a", "")
	path := "/organizations/" + id + "/profile"
	unset := do(t, s, "GET", path, "")
	assert.Equal(t, 200, unset.Status)
	assert.JSONEq(t, `null`, string(unset.Result))

	for _, field := range []string{"business_name", "business_email", "business_phone", "business_address", "external_metadata"} {
		do(t, s, "PUT", path, strings.Replace(profileJSON, field, "other", 1)).refused(t, 400, field+" is required")
		do(t, s, "PUT", path, strings.Replace(profileJSON, `"`+field+`":"`, `"`+field+`":null,"other":"`, 1)).refused(t, 400, field+" must be a string")
	}
	assert.JSONEq(t, `null`, string(do(t, s, "GET", path, "").Result))

	assert.Equal(t, 204, do(t, s, "PUT", path, profileJSON).Status)
	assert.JSONEq(t, profileJSON, string(do(t, s, "GET", path, "").Result))
	assert.Contains(t, do(t, s, "GET", "/organizations/"+id, "").fields(t), "profile")
}

func TestOrganizationFilters(t *testing.T) {
	s := start(t)
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
		"id=" + zeta + "," + acme + "&id=" + deep: "Acme Root,Deep,ZETA",
		"id=":                                       "",
		"id=nobody":                                 "",
		"parent.id=null":                            "Acme Root,ZETA",
		"parent.id=" + acme:                         "acme west",
		"parent.id=":                                "",
		"parent.id=nobody":                          "",
		"containing.organization=" + deep:           "Acme Root,acme west",
		"containing.organization=" + acme:           "",
		"containing.organization=nobody":            "",
		"containing.account=" + account:             "Acme Root,acme west",
		"containing.account=nobody":                 "",
		"containing.user=" + user:                   "Acme Root,acme west,Deep,ZETA",
		"containing.user=nobody":                    "",
		"containing.user=" + user + "&name=Deep":    "Deep",
		"parent.id=null&name.contains=a":            "Acme Root,ZETA",
		"name.contains=a&id=" + west + "," + deep:   "acme west",
		"name.startsWith=a&name.endsWith=t":         "Acme Root,acme west",
		"name.startsWith=a&name=ZETA":               "",
		"containing.account=" + account + "&id=xyz": "",
	} {
		got := do(t, s, "GET", "/organizations?"+query, "")
		assert.Equal(t, want, strings.Join(got.names(t), ","), query)
		assert.Equal(t, len(got.names(t)), *got.ResultInfo.TotalSize, query)
	}
}

func TestPaging(t *testing.T) {
	s := start(t)
	for i := range 25 {
		s.AddOrganization(fmt.Sprintf("org-%02d", i), "")
	}
	s.AddOrganization("other", "")

	var names []string
	token, pages := "", 0
	for {
		got := do(t, s, "GET", "/organizations?name.startsWith=org&page_token="+token, "")
		if pages == 0 { // an empty token is none that the server has given out
			got.refused(t, 400, "page_token")
			got = do(t, s, "GET", "/organizations?name.startsWith=org", "")
		}
		pages++
		names = append(names, got.names(t)...)
		assert.Equal(t, 25, *got.ResultInfo.TotalSize)
		if got.ResultInfo.NextPageToken == nil {
			break
		}
		token = *got.ResultInfo.NextPageToken
		assert.Equal(t, token, url.QueryEscape(token), "safe in a query")
		assert.NotContains(t, token, "10")
	}
	assert.Equal(t, 3, pages)
	require.Len(t, names, 25)
	assert.Equal(t, "org-00", names[0])
	assert.Equal(t, "org-24", names[24])
	assert.IsIncreasing(t, names)

	list := func(query string) reply { return do(t, s, "GET", "/organizations?"+query, "") }
	first := *list("name.startsWith=org").ResultInfo.NextPageToken
	assert.Len(t, list("name.startsWith=org&page_size=20&page_token="+first).names(t), 15, "another size is fine")
	for _, query := range []string{
		"page_token=" + first,
		"name.startsWith=other&page_token=" + first,
		"name.startsWith=org&parent.id=null&page_token=" + first,
		"name.startsWith=org&page_token=garbage",
		"name.startsWith=org&page_token=2",
		"name.startsWith=org&page_token=%21%21",
		"name.startsWith=org&page_token=" + first + "AA",
	} {
		list(query).refused(t, 400, "page_token is not valid")
	}
	id := s.AddOrganization("holder", "")
	do(t, s, "GET", "/organizations/"+id+"/members?name.startsWith=org&page_token="+first, "").refused(t, 400, "page_token")

	for query, size := range map[string]int{"page_size=1": 1, "page_size=0": 10, "page_size=1000": 27, "page_size=26": 26, "page_size=27": 27} {
		got := list(query)
		assert.Len(t, got.names(t), size, query)
		assert.Equal(t, size < 27, got.ResultInfo.NextPageToken != nil, query)
	}
	for _, size := range []string{"1001", "-1", "x", "", "1.5", "99999999999999999999"} {
		list("page_size="+size).refused(t, 400, "page_size must be a number from 0 to 1000")
	}
	empty := list("name=nobody")
	assert.JSONEq(t, `[]`, string(empty.Result))
	assert.Equal(t, 0, *empty.ResultInfo.TotalSize)

	for _, name := range names { // a list that shrinks under its reader ends
		require.Equal(t, 200, do(t, s, "DELETE", "/organizations/"+idOf(t, s, name), "").Status)
	}
	assert.Empty(t, list("name.startsWith=org&page_token="+first).names(t))
}

func idOf(t *testing.T, s *Server, name string) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var id string
	for _, o := range s.organizations {
		if o.name.exact == name {
			id = o.id
		}
	}
	return id
}

func TestManyOrganizations(t *testing.T) {
	s := start(t)
	for i := range 10_001 {
		s.AddOrganization(fmt.Sprint("Organization ", i), "")
	}
	query, seen, pages := "", 0, 0
	for more := true; more; pages++ {
		got := do(t, s, "GET", "/organizations?name.contains=ORGANIZATION"+query, "")
		seen += len(got.names(t))
		if more = got.ResultInfo.NextPageToken != nil; more {
			query = "&page_token=" + *got.ResultInfo.NextPageToken
		}
	}
	assert.Equal(t, 10_001, seen)
	assert.Equal(t, 1001, pages)
}

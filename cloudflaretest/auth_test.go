package cloudflaretest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCredentials(t *testing.T) {
	s := start(t)
	const list, create = "GET", "POST"
	for name, test := range map[string]struct {
		method  string
		headers []string // name, value, ...
		status  int
		code    int
		chained int
	}{
		"key and email":               {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", Email}, 200, 0, 0},
		"key and email, to write":     {create, []string{"X-Auth-Key", APIKey, "X-Auth-Email", Email}, 200, 0, 0},
		"token":                       {list, []string{"Authorization", "Bearer " + APIToken}, 200, 0, 0},
		"token, to create":            {create, []string{"Authorization", "Bearer " + APIToken}, 200, 0, 0},
		"none":                        {list, nil, 400, 9106, 0},
		"key without email":           {list, []string{"X-Auth-Key", APIKey}, 400, 9106, 0},
		"email without key":           {list, []string{"X-Auth-Email", Email}, 400, 9106, 0},
		"a service key":               {list, []string{"X-Auth-User-Service-Key", "v1.0-x"}, 400, 9106, 0},
		"unknown key":                 {list, []string{"X-Auth-Key", "other", "X-Auth-Email", Email}, 403, 9103, 0},
		"unknown email":               {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", "a@example.com"}, 403, 9103, 0},
		"malformed email":             {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", "nobody"}, 400, 6003, 6102},
		"a token as the key":          {list, []string{"X-Auth-Key", "cfut_x", "X-Auth-Email", Email}, 400, 6003, 6103},
		"both schemes":                {list, []string{"Authorization", "Bearer " + APIToken, "X-Auth-Key", APIKey, "X-Auth-Email", Email}, 400, 6003, 6103},
		"token beside an email":       {list, []string{"Authorization", "Bearer " + APIToken, "X-Auth-Email", Email}, 400, 6003, 6103},
		"unknown token":               {list, []string{"Authorization", "Bearer other"}, 403, 10000, 0},
		"another Authorization":       {list, []string{"Authorization", "Basic eDp5"}, 400, 6003, 6111},
		"Authorization without value": {list, []string{"Authorization", "Bearer a b"}, 400, 6003, 6111},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(test.method, s.URL+"/organizations", strings.NewReader(`{"name":"x"}`))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(test.headers); i += 2 {
				r.Header.Set(test.headers[i], test.headers[i+1])
			}
			got := send(t, r)
			require.Equal(t, test.status, got.Status, got.Raw)
			if test.code != 0 {
				assert.Equal(t, test.code, got.Errors[0].Code)
			}
			if test.chained != 0 {
				require.Len(t, got.Errors[0].ErrorChain, 1)
				assert.Equal(t, test.chained, got.Errors[0].ErrorChain[0].Code)
			}
		})
	}
}

// The wildcards in a route become things that exist, so that only the credential can be the reason for a 403.
func TestCredentialsOfEachRoute(t *testing.T) {
	s := start(t)
	organization := s.AddOrganization("a", "")
	account := s.AddAccount(organization, Account{})
	values := strings.NewReplacer(
		"{organization_id}", organization, "{organization}", organization,
		"{account_id}", account, "{member_id}", s.AddMember(organization, Member{Email: "a@example.com"}),
		"{member_code}", "x", "{id}", "x",
	)
	tests := map[string]bool{ // whether a token is accepted
		"GET /organizations":                                          true,
		"POST /organizations":                                         true,
		"GET /organizations/{organization_id}":                        false,
		"PUT /organizations/{organization_id}":                        false,
		"DELETE /organizations/{organization_id}":                     false,
		"GET /organizations/{organization_id}/profile":                false,
		"PUT /organizations/{organization_id}/profile":                false,
		"GET /organizations/{organization_id}/accounts":               false,
		"GET /organizations/{organization_id}/members":                false,
		"POST /organizations/{organization_id}/members":               false,
		"POST /organizations/{organization_id}/members:batchCreate":   false,
		"GET /organizations/{organization_id}/members/{member_id}":    false,
		"DELETE /organizations/{organization_id}/members/{member_id}": false,
		"PUT /organizations/{organization_id}/invites/{member_code}":  true,
		"GET /organizations/{organization}/logs/audit":                true,
		"GET /organizations/{organization}/logs/audit/{id}/history":   true,
		"GET /organizations/{organization}/billable/usage":            true,
		"GET /organizations/{organization}/shares":                    false,
		"POST /accounts": false,
		"GET /accounts/{account_id}/organizations": true,
		"POST /accounts/{account_id}/move":         false,
		"GET /accounts/{account_id}/profile":       true,
		"PUT /accounts/{account_id}/profile":       true,
	}
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			method, path, _ := strings.Cut(values.Replace(name), " ")
			request := func(headers ...string) reply {
				r, err := http.NewRequest(method, s.URL+path, nil)
				require.NoError(t, err)
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				return send(t, r)
			}
			for _, got := range []reply{request(), request("Authorization", "Bearer x"), request("X-Auth-Key", "x", "X-Auth-Email", Email)} {
				assert.Contains(t, []int{400, 403}, got.Status, got.Raw)
				assert.Contains(t, []int{9106, 10000, 9103}, got.Errors[0].Code)
			}
			if got := request("Authorization", "Bearer "+APIToken); token {
				assert.NotContains(t, []int{401, 403, 405}, got.Status, got.Raw)
			} else {
				got.failed(t, 403, "Authentication error")
				assert.Equal(t, 10000, got.Errors[0].Code)
			}
			if got := request("X-Auth-Key", APIKeyWithoutOrganizations, "X-Auth-Email", Email); strings.HasPrefix(path, "/organizations") {
				got.failed(t, 403, "Authentication error")
				assert.Equal(t, 10000, got.Errors[0].Code)
			} else {
				assert.NotEqual(t, 403, got.Status, got.Raw)
			}
			if method != "DELETE" || !strings.HasSuffix(path, organization) { // the last one below would delete what others read
				got := request("X-Auth-Key", APIKey, "X-Auth-Email", Email)
				assert.NotContains(t, []int{401, 403, 405}, got.Status, got.Raw)
			}
		})
	}
	for _, route := range routes {
		assert.Contains(t, tests, route.method+" "+route.path)
	}
	assert.Len(t, tests, len(routes))
}

func TestKeyOfAMember(t *testing.T) {
	s := start(t)
	id := s.AddOrganization("a", "")
	request := func(email string) reply {
		r := newRequest(t, s, "GET", "/organizations", "")
		r.Header.Set("X-Auth-Email", email)
		return send(t, r)
	}
	assert.Equal(t, 9103, request("ann@example.com").Errors[0].Code)
	s.AddMember(id, Member{Email: "ann@example.com", Status: "pending"})
	assert.Equal(t, 200, request("Ann@example.com").Status)
}

package cloudflaretest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCredentials(t *testing.T) {
	s := NewServer().ForTest(t)
	const list, create = "GET", "POST"
	for name, test := range map[string]struct {
		method  string
		headers []string // name, value, ...
		status  int
		code    int
		chained int
	}{
		"key and email":                    {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", Email}, 200, 0, 0},
		"key and email, to write":          {create, []string{"X-Auth-Key", APIKey, "X-Auth-Email", Email}, 200, 0, 0},
		"token":                            {list, []string{"Authorization", "Bearer " + APIToken}, 200, 0, 0},
		"token, to create":                 {create, []string{"Authorization", "Bearer " + APIToken}, 200, 0, 0},
		"none":                             {list, nil, 400, 9106, 0},
		"key without email":                {list, []string{"X-Auth-Key", APIKey}, 400, 9106, 0},
		"email without key":                {list, []string{"X-Auth-Email", Email}, 400, 9106, 0},
		"a service key":                    {list, []string{"X-Auth-User-Service-Key", "v1.0-x"}, 400, 9106, 0},
		"unknown key":                      {list, []string{"X-Auth-Key", "other", "X-Auth-Email", Email}, 403, 9103, 0},
		"unknown email":                    {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", "a@example.com"}, 403, 9103, 0},
		"malformed email":                  {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", "nobody"}, 400, 6003, 6102},
		"email without a user":             {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", "@example.com"}, 400, 6003, 6102},
		"a token of the server as the key": {list, []string{"X-Auth-Key", APIToken, "X-Auth-Email", Email}, 403, 9103, 0},
		"a key as the token":               {list, []string{"Authorization", "Bearer " + APIKey}, 403, 10000, 0},
		"a token as the key":               {list, []string{"X-Auth-Key", "cfut_x", "X-Auth-Email", Email}, 400, 6003, 6103},
		"both schemes":                     {list, []string{"Authorization", "Bearer " + APIToken, "X-Auth-Key", APIKey, "X-Auth-Email", Email}, 400, 6003, 6103},
		"token beside an email":            {list, []string{"Authorization", "Bearer " + APIToken, "X-Auth-Email", Email}, 400, 6003, 6103},
		"unknown token":                    {list, []string{"Authorization", "Bearer other"}, 403, 10000, 0},
		"another Authorization":            {list, []string{"Authorization", "Basic eDp5"}, 400, 6003, 6111},
		"Authorization without value":      {list, []string{"Authorization", "Bearer a b"}, 400, 6003, 6111},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(test.method, baseURL+"/organizations", strings.NewReader(`{"name":"x"}`))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(test.headers); i += 2 {
				r.Header.Set(test.headers[i], test.headers[i+1])
			}
			got := send(t, s, r)
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

// The wildcards in a route become things that exist, so that only the credential can be the reason for a 403. Which
// operations accept tokens is compared with api.yaml in internal/contract.
func TestCredentialsOfEachRoute(t *testing.T) {
	s := NewServer().ForTest(t)
	organization := s.AddOrganization("a", "")
	account := s.AddAccount(organization, Account{})
	values := strings.NewReplacer(
		"{organization_id}", organization, "{organization}", organization,
		"{account_id}", account, "{member_id}", s.AddMember(organization, Member{Email: "a@example.com"}),
		"{member_code}", "x", "{id}", "x",
	)
	for _, route := range routes {
		t.Run(route.text, func(t *testing.T) {
			method, path, _ := strings.Cut(values.Replace(route.text), " ")
			request := func(headers ...string) reply {
				r, err := http.NewRequest(method, baseURL+path, nil)
				require.NoError(t, err)
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				return send(t, s, r)
			}
			for _, got := range []reply{request(), request("Authorization", "Bearer x"), request("X-Auth-Key", "x", "X-Auth-Email", Email)} {
				assert.Contains(t, []int{400, 403}, got.Status, got.Raw)
				assert.Contains(t, []int{9106, 10000, 9103}, got.Errors[0].Code)
			}
			if got := request("Authorization", "Bearer "+APIToken); route.credentials == keyOrToken {
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
}

func TestKeyOfAMember(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	request := func(email string) reply {
		r := newRequest(t, "GET", "/organizations", "")
		r.Header.Set("X-Auth-Email", email)
		return send(t, s, r)
	}
	assert.Equal(t, 9103, request("ann@example.com").Errors[0].Code)
	s.AddMember(id, Member{Email: "ann@example.com", Status: "pending"})
	assert.Equal(t, 200, request("Ann@example.com").Status)
}

func TestUsers(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	s.AddKey("ann-key", "Ann@example.com")
	s.AddKey("ann-key-2", "ann@EXAMPLE.com")
	s.AddToken("bob-token", "bob@example.com")
	s.AddMember(id, Member{Email: "Cat@example.com"})
	status := func(headers ...string) int {
		t.Helper()
		r := newRequest(t, "GET", "/organizations", "")
		r.Header = http.Header{}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return send(t, s, r).Status
	}
	sender := func() string {
		requests := s.Requests()
		return requests[len(requests)-1].Email
	}
	key := func(key, email string) []string { return []string{"X-Auth-Key", key, "X-Auth-Email", email} }
	token := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	for _, test := range []struct {
		headers []string
		status  int
		email   string
	}{
		{key(APIKey, Email), 200, Email},
		{key(APIKey, strings.ToUpper(Email)), 200, Email},
		{key(APIKeyWithoutOrganizations, Email), 403, Email},
		{token(APIToken), 200, Email},
		{key("ann-key", "ann@example.com"), 200, "Ann@example.com"},
		{key("ann-key-2", "ann@example.com"), 200, "ann@EXAMPLE.com"},
		{token("bob-token"), 200, "bob@example.com"},
		{key(APIKey, "cat@example.com"), 200, "Cat@example.com"},
		{key("ann-key", Email), 403, ""},
		{key("ann-key", "bob@example.com"), 403, ""},
		{key("ann-key", "cat@example.com"), 403, ""},
		{key("bob-token", "bob@example.com"), 403, ""},
		{key(APIKey, "ann@example.com"), 403, ""},
		{token("ann-key"), 403, ""},
		{nil, 400, ""},
	} {
		assert.Equal(t, test.status, status(test.headers...), test.headers)
		assert.Equal(t, test.email, sender(), test.headers)
	}
	s.Fail(1, RateLimited(0))
	assert.Equal(t, 429, status(token("bob-token")...))
	assert.Equal(t, "bob@example.com", sender(), "a fault does not hide who sent the request")
	for _, request := range s.Requests() {
		text := fmt.Sprint(request)
		for _, secret := range []string{APIKey, APIToken, "ann-key", "bob-token"} {
			assert.NotContains(t, text, secret)
		}
	}

	r := newRequest(t, "PUT", "/organizations/"+id+"/members", "")
	r.Header = http.Header{"Authorization": {"Bearer bob-token"}}
	assert.Equal(t, 405, send(t, s, r).Status)
	r = newRequest(t, "GET", "/organizations/"+id, "")
	r.Header = http.Header{"Authorization": {"Bearer bob-token"}}
	send(t, s, r).failed(t, 403, "Authentication error") // as with APIToken

	s.Revoke("ann-key")
	s.Revoke("bob-token")
	assert.Equal(t, 403, status(key("ann-key", "ann@example.com")...))
	assert.Empty(t, sender())
	assert.Equal(t, 200, status(key("ann-key-2", "ann@example.com")...))
	assert.Equal(t, 403, status(token("bob-token")...))
	s.AddToken("bob-token", "bea@example.com")
	assert.Equal(t, 200, status(token("bob-token")...))
	assert.Equal(t, "bea@example.com", sender())
	s.Revoke(APIKey)
	assert.Equal(t, 403, status(key(APIKey, Email)...))
	assert.Equal(t, 403, status(key(APIKey, "cat@example.com")...))
	assert.Equal(t, 200, status(token(APIToken)...))
}

func TestUsersPanic(t *testing.T) {
	s := NewServer().ForTest(t)
	s.AddKey("ann-key", "ann@example.com")
	for name, test := range map[string]struct {
		call func()
		text string
	}{
		"empty key":               {func() { s.AddKey("", "a@example.com") }, "AddKey: the key must be printable ASCII"},
		"key with a space":        {func() { s.AddKey("a b", "a@example.com") }, "AddKey: the key must be printable ASCII"},
		"key with a line break":   {func() { s.AddKey("secret\n", "a@example.com") }, "AddKey: the key must be printable ASCII"},
		"key in another alphabet": {func() { s.AddKey("sécret", "a@example.com") }, "AddKey: the key must be printable ASCII"},
		"token as a key":          {func() { s.AddKey("cfut_secret", "a@example.com") }, "AddKey: a key must not begin with cfut_"},
		"account token as a key":  {func() { s.AddKey("cfat_secret", "a@example.com") }, "AddKey: a key must not begin with"},
		"no email":                {func() { s.AddKey("secret", "") }, "AddKey: the email must be an email address"},
		"no address":              {func() { s.AddKey("secret", "ann") }, "AddKey: the email must be an email address"},
		"name and address":        {func() { s.AddKey("secret", "Ann <a@example.com>") }, "AddKey: the email must be an email address"},
		"swapped":                 {func() { s.AddKey("a@example.com", "secret") }, "AddKey: the email must be an email address"},
		"key of another user":     {func() { s.AddKey("ann-key", "bob@example.com") }, "AddKey: the key is in use"},
		"key of the same user":    {func() { s.AddKey("ann-key", "ann@example.com") }, "AddKey: the key is in use"},
		"key of the server":       {func() { s.AddKey(APIKey, "ann@example.com") }, "AddKey: the key is in use"},
		"empty token":             {func() { s.AddToken("", "a@example.com") }, "AddToken: the token must be printable ASCII"},
		"token with a tab":        {func() { s.AddToken("a\tb", "a@example.com") }, "AddToken: the token must be printable ASCII"},
		"token without address":   {func() { s.AddToken("secret", "a@") }, "AddToken: the email must be an email address"},
		"a key as a token":        {func() { s.AddToken("ann-key", "ann@example.com") }, "AddToken: the token is in use"},
		"unknown credential":      {func() { s.Revoke("secret") }, "Revoke: there is no such key or token"},
		"email revoked":           {func() { s.Revoke("ann@example.com") }, "Revoke: there is no such key or token"},
		"nothing revoked":         {func() { s.Revoke("") }, "Revoke: there is no such key or token"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text := fmt.Sprint(recover())
				assert.Contains(t, text, "cloudflaretest: "+test.text)
				assert.NotContains(t, text, "secret", "it may be a real one")
			}()
			test.call()
		})
	}
	s.Revoke("ann-key")
	assert.Panics(t, func() { s.Revoke("ann-key") }, "revoked before")
}

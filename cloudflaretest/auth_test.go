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
		"key and email":              {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", Email}, 200, 0, 0},
		"key and email, to write":    {create, []string{"X-Auth-Key", APIKey, "X-Auth-Email", Email}, 200, 0, 0},
		"token":                       {list, []string{"Authorization", "Bearer " + APIToken}, 200, 0, 0},
		"token, to create":            {create, []string{"Authorization", "Bearer " + APIToken}, 200, 0, 0},
		"none":                        {list, nil, 400, 9106, 0},
		"key without email":          {list, []string{"X-Auth-Key", APIKey}, 400, 9106, 0},
		"email without key":          {list, []string{"X-Auth-Email", Email}, 400, 9106, 0},
		"a service key":               {list, []string{"X-Auth-User-Service-Key", "v1.0-x"}, 400, 9106, 0},
		"unknown key":                 {list, []string{"X-Auth-Key", "other", "X-Auth-Email", Email}, 403, 9103, 0},
		"unknown email":              {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", "a@example.com"}, 403, 9103, 0},
		"malformed email":            {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", "nobody"}, 400, 6003, 6102},
		"a token as the key":          {list, []string{"X-Auth-Key", "cfut_x", "X-Auth-Email", Email}, 400, 6003, 6103},
		"both schemes":                {list, []string{"Authorization", "Bearer " + APIToken, "X-Auth-Key", APIKey, "X-Auth-Email", Email}, 400, 6003, 6103},
		"token beside an email":      {list, []string{"Authorization", "Bearer " + APIToken, "X-Auth-Email", Email}, 400, 6003, 6103},
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

package cloudflaretest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s: %s %s?%s pattern=%s id=%s body=%s", name, r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Pattern, r.PathValue("id"), body)
	})
}

func TestHandle(t *testing.T) {
	s := NewServer().ForTest(t)
	s.Handle("GET /zones/{id}", echo("zone"))
	s.Handle("/zones/{id}/purge_cache", echo("purge"))
	s.Handle("GET /organizations/{id}/roles", echo("roles"))
	s.Handle("PATCH /organizations/{id}", echo("patch"))
	s.Handle("GET /organizations/search", echo("search"))
	s.Handle("/tree/", echo("tree"))
	s.Handle("POST /exact/{$}", echo("exact"))
	id := s.AddOrganization("a", "")

	for request, want := range map[string]string{
		"GET /zones/1?a=%20":                  "zone: GET /zones/1?a=%20 pattern=GET /zones/{id} id=1 body=",
		"GET /zones/a%2Fb":                    "zone: GET /zones/a%2Fb? pattern=GET /zones/{id} id=a/b body=",
		"POST /zones/1/purge_cache":           "purge: POST /zones/1/purge_cache? pattern=/zones/{id}/purge_cache id=1 body=text",
		"GET /organizations/" + id + "/roles": "roles: GET /organizations/" + id + "/roles? pattern=GET /organizations/{id}/roles id=" + id + " body=",
		"PATCH /organizations/x":              "patch: PATCH /organizations/x? pattern=PATCH /organizations/{id} id=x body=text",
		"GET /organizations/search":           "search: GET /organizations/search? pattern=GET /organizations/search id= body=",
		"GET /tree/a/b":                       "tree: GET /tree/a/b? pattern=/tree/ id= body=",
		"POST /exact/":                        "exact: POST /exact/? pattern=POST /exact/{$} id= body=text",
	} {
		method, path, _ := strings.Cut(request, " ")
		body := map[string]string{"POST": "text", "PATCH": "text"}[method]
		for _, transport := range []http.RoundTripper{overSocket(t, s), s.Transport()} {
			for _, token := range []bool{false, true} {
				r := newRequest(t, method, path, body)
				if token {
					r.Header = http.Header{"Authorization": {"Bearer " + APIToken}}
				}
				response, err := transport.RoundTrip(r)
				require.NoError(t, err)
				got, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				response.Body.Close()
				assert.Equal(t, want, string(got), request)
				assert.NotEmpty(t, response.Header.Get("CF-Ray"))
				assert.NotEmpty(t, response.Header.Get("Ratelimit"))
			}
		}
	}
	for request, status := range map[string]int{ // none is a redirect
		"GET /tree":             404,
		"GET //zones/1":         404,
		"GET /zones/../zones/1": 404,
		"GET /zones/./1":        404,
		"GET /zones/1/":         404,
		"GET /zones":            404,
		"GET /":                 404,
		"POST /zones/1":         405,
		"GET /exact/":           405,
		"GET /exact":            405,
	} {
		method, path, _ := strings.Cut(request, " ")
		assert.Equal(t, status, do(t, s, method, path, "").Status, request)
	}
	assert.Equal(t, 200, do(t, s, "GET", "/organizations/"+id, "").Status, "the server's own routes stay")

	r := newRequest(t, "GET", "/zones/1", "")
	r.Header.Del("X-Auth-Key")
	send(t, s, r).failed(t, 400, "Missing X-Auth-Key")
	do(t, s, "POST", "/zones/1/purge_cache", strings.Repeat("x", maxBodyBytes+1)).failed(t, 413, "too large")
	requests := s.Requests()
	assert.Equal(t, "/client/v4/zones/1", requests[len(requests)-2].Path)

	s.Fail(1, Status(503, nil, "down"))
	response, err := s.Transport().RoundTrip(newRequest(t, "GET", "/zones/1", ""))
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, 503, response.StatusCode)
}

func TestHandlePanics(t *testing.T) {
	s := NewServer().ForTest(t)
	s.Handle("GET /zones/{id}", echo("zone"))
	id := strings.Repeat("0", 32)
	for pattern, text := range map[string]string{
		"GET /organizations":                          `the server itself serves "GET /organizations"`,
		"/organizations":                              `the server itself serves "GET /organizations"`,
		"HEAD /organizations":                         `the server itself serves "GET /organizations"`,
		"PUT  /organizations/{anything}":              `the server itself serves "PUT /organizations/{organization_id}"`,
		"GET /organizations/" + id:                    `the server itself serves "GET /organizations/{organization_id}"`,
		"POST /organizations/{x}/members:batchCreate": `the server itself serves`,
		"GET /accounts/some/profile":                  `the server itself serves "GET /accounts/{account_id}/profile"`,
		"GET zones":                                   "the pattern must be a path",
		"GET example.com/zones":                       "the pattern must be a path",
		"":                                            "the pattern must be a path",
		"GET /zones/{zone_id}":                        "conflicts with",
		"GET /zones/{":                                "bad wildcard segment",
	} {
		func() {
			defer func() { assert.Contains(t, fmt.Sprint(recover()), text, pattern) }()
			s.Handle(pattern, echo("x"))
		}()
	}
	assert.PanicsWithValue(t, "cloudflaretest: Handle: the handler must not be nil", func() { s.Handle("/x", nil) })
	assert.NotPanics(t, func() {
		s.Handle("/organizations/{rest...}", echo("x"))
		s.Handle("DELETE /organizations", echo("x"))
		s.Handle("GET /accounts", echo("x"))
	})
}

package cloudflaretest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func count(t *testing.T, s *Server) int {
	return *do(t, s, "GET", "/organizations", "").ResultInfo.TotalSize
}

func create(t *testing.T, s *Server) (*http.Response, error) {
	return s.Transport().RoundTrip(newRequest(t, "POST", "/organizations", `{"name":"x"}`))
}

func TestStatus(t *testing.T) {
	s := NewServer().ForTest(t)
	header := http.Header{"Retry-After": {"7"}, "Content-Type": {"text/html"}}
	s.Fail(1, Status(502, header, "<h1>bad gateway</h1>"))
	s.Fail(2, Status(503, nil, "down"))
	s.Fail(3, Status(204, nil, ""))
	header.Set("Retry-After", "changed later")

	response, err := create(t, s)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, 502, response.StatusCode)
	assert.Equal(t, "<h1>bad gateway</h1>", string(body))
	assert.Equal(t, "7", response.Header.Get("Retry-After"))
	assert.Equal(t, "text/html", response.Header.Get("Content-Type"))

	response, err = create(t, s)
	require.NoError(t, err)
	response.Body.Close()
	assert.NotContains(t, response.Header, "Content-Type")
	assert.NotContains(t, response.Header, "Cf-Ray")

	response, err = create(t, s)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, 204, response.StatusCode)

	assert.Equal(t, 0, count(t, s), "not carried out")
	assert.Len(t, s.Requests(), 4)
	assert.Panics(t, func() { Status(199, nil, "") })
	assert.Panics(t, func() { Status(1000, nil, "") })
	assert.NotPanics(t, func() { Status(200, nil, ""); Status(999, nil, "") })
}

func TestRateLimited(t *testing.T) {
	s := NewServer().ForTest(t)
	for wait, seconds := range map[time.Duration]string{30 * time.Second: "30", 1500 * time.Millisecond: "2", time.Second + 1: "2", time.Second: "1", time.Millisecond: "1", 1: "1", 0: "0", -time.Hour: "0"} {
		s.Fail(1, RateLimited(wait))
		got := do(t, s, "POST", "/organizations", `{"name":"x"}`)
		got.failed(t, 429, "throttling")
		assert.Equal(t, 971, got.Errors[0].Code)
		assert.Equal(t, seconds, got.Header.Get("Retry-After"))
		assert.Equal(t, `"default";r=0;t=`+seconds, got.Header.Get("Ratelimit"))
		assert.Equal(t, `"default";q=1200;w=300`, got.Header.Get("Ratelimit-Policy"))
	}
	assert.Equal(t, 0, count(t, s), "not carried out")
}

func TestReset(t *testing.T) {
	s := NewServer().ForTest(t)
	for _, transport := range []http.RoundTripper{s.Transport(), overSocket(t, s)} {
		s.Fail(1, Reset())
		_, err := transport.RoundTrip(newRequest(t, "POST", "/organizations", `{"name":"x"}`))
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		assert.Equal(t, 0, count(t, s), "not carried out")
		assert.Equal(t, `{"name":"x"}`, string(s.Requests()[0].Body), "but read")
	}
}

func TestCut(t *testing.T) {
	s := NewServer().ForTest(t)
	s.Fail(1, Cut())
	response, err := create(t, s)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 200, response.StatusCode)
	assert.Greater(t, response.ContentLength, int64(len(body)))
	assert.NotEmpty(t, body)
	assert.Equal(t, 1, count(t, s), "carried out")

	// A response without a body is lost as a whole.
	id := s.AddOrganization("y", "")
	s.Fail(1, Cut())
	_, err = s.Transport().RoundTrip(newRequest(t, "PUT", "/organizations/"+id+"/profile", profileJSON))
	assert.Error(t, err)
	assert.JSONEq(t, profileJSON, string(do(t, s, "GET", "/organizations/"+id+"/profile", "").Result))
}

// Over HTTP/2, a fault breaks a stream and not the connection, which others use.
func TestFaultsOverHTTP2(t *testing.T) {
	s := NewServer().ForTest(t)
	outer := httptest.NewUnstartedServer(s)
	outer.EnableHTTP2 = true
	outer.StartTLS()
	defer outer.Close()
	for _, fault := range []Fault{Reset(), Cut()} {
		s.Fail(1, fault)
		r, err := http.NewRequest("POST", outer.URL+"/client/v4/organizations", strings.NewReader(`{"name":"x"}`))
		require.NoError(t, err)
		r.Header.Set("X-Auth-Key", APIKey)
		r.Header.Set("X-Auth-Email", Email)
		r.Header.Set("Content-Type", "application/json")
		response, err := outer.Client().Do(r)
		if err == nil {
			assert.Equal(t, 2, response.ProtoMajor)
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		assert.Error(t, err)
	}
	assert.Equal(t, 1, count(t, s), "only the cut one was carried out")
}

func TestResetOverTLS(t *testing.T) {
	s := NewServer().ForTest(t)
	outer := httptest.NewTLSServer(s)
	defer outer.Close()
	s.Fail(1, Reset())
	_, err := outer.Client().Get(outer.URL + "/client/v4/organizations")
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestStallUntilTheClientLeaves(t *testing.T) {
	s := NewServer().ForTest(t)
	for _, transport := range []http.RoundTripper{s.Transport(), overSocket(t, s)} {
		s.Fail(1, Stall())
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := transport.RoundTrip(newRequest(t, "POST", "/organizations", `{"name":"x"}`).WithContext(ctx))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 0, count(t, s), "not carried out")
		assert.Eventually(t, func() bool { return s.stalls() == 0 }, 5*time.Second, time.Millisecond)
	}
}

func (s *Server) stalls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.stalled)
}

func TestCloseEndsStalls(t *testing.T) {
	s := NewServer()
	s.Fail(1, Stall())
	s.Fail(2, Stall())
	failed := make(chan error)
	for _, transport := range []http.RoundTripper{s.Transport(), overSocket(t, s)} {
		go func() {
			_, err := transport.RoundTrip(newRequest(t, "POST", "/organizations", `{"name":"x"}`))
			failed <- err
		}()
	}
	require.Eventually(t, func() bool { return s.stalls() == 2 }, 5*time.Second, time.Millisecond)
	s.Close()
	s.Close()
	assert.Error(t, <-failed)
	assert.Error(t, <-failed)
}

func TestFailCounts(t *testing.T) {
	s := NewServer().ForTest(t)
	statuses := func(n int) (got []int) {
		for range n {
			response, err := s.Transport().RoundTrip(newRequest(t, "GET", "/organizations", ""))
			require.NoError(t, err)
			response.Body.Close()
			got = append(got, response.StatusCode)
		}
		return got
	}
	again := Status(500, nil, "")
	s.Fail(4, again)
	s.Fail(2, again)
	s.Fail(3, Status(501, nil, ""))
	s.Fail(3, Status(502, nil, ""))
	assert.Equal(t, []int{200, 500, 502, 500, 200}, statuses(5))
	s.Fail(1, again)
	assert.Equal(t, []int{500, 200}, statuses(2), "counted from now")

	assert.PanicsWithValue(t, "cloudflaretest: Fail(0, …): n must be at least 1, the next request", func() { s.Fail(0, again) })
	assert.Panics(t, func() { s.Fail(1, Fault{}) })
}

func TestFailNext(t *testing.T) {
	s := NewServer().ForTest(t)
	id, other := s.AddOrganization("a", ""), s.AddOrganization("b", "")
	status := func(method, path string) int {
		t.Helper()
		response, err := s.Transport().RoundTrip(newRequest(t, method, path, ""))
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	s.FailNext("GET /organizations/{organization_id}/members", Status(501, nil, ""))
	s.FailNext("GET /organizations/{any_name}/members", Status(502, nil, ""))
	s.FailNext("GET /organizations", Status(503, nil, ""))
	assert.Equal(t, 400, status("POST", "/organizations/"+id+"/members"), "another method")
	assert.Equal(t, 404, status("GET", "/organizations/"+id+"/members/"+id), "another path")
	assert.Equal(t, 404, status("GET", "/organizations/"+id+"/members/"), "no endpoint")
	assert.Equal(t, 404, status("GET", "/organizations/x/members"), "no endpoint")
	assert.Equal(t, 501, status("GET", "/organizations/"+id+"/members?page_size=1"), "the query is no part of the path")
	assert.Equal(t, 503, status("GET", "/organizations?x=/members"))
	assert.Equal(t, 502, status("GET", "/organizations/"+other+"/members"))
	assert.Equal(t, 200, status("GET", "/organizations/"+id+"/members"), "each is for one request")

	// A value in place of a wildcard matches nothing else.
	s.FailNext("GET /organizations/"+id, Status(501, nil, ""))
	assert.Equal(t, 200, status("GET", "/organizations/"+other))
	assert.Equal(t, 501, status("GET", "/organizations/"+id))
	s.FailNext("PUT /organizations/{id}/invites/a%2Fb=", Status(501, nil, ""))
	assert.Equal(t, 400, status("PUT", "/organizations/"+id+"/invites/a"))
	assert.Equal(t, 501, status("PUT", "/organizations/"+id+"/invites/a%2fb%3D"), "values are compared unescaped")
	s.FailNext("POST /organizations/{id}/members:batchCreate", Status(501, nil, ""))
	assert.Equal(t, 400, status("POST", "/organizations/"+id+"/members"))
	assert.Equal(t, 501, status("POST", "/organizations/"+id+"/members%3AbatchCreate"))

	// A member that does not exist yet.
	s.FailNext("DELETE /organizations/{organization_id}/members/{member_id}", Status(501, nil, ""))
	member := s.AddMember(id, Member{Email: "ann@example.com"})
	assert.Equal(t, 501, status("DELETE", "/organizations/"+id+"/members/"+member))

	// The API serves HEAD like GET.
	s.FailNext("GET /organizations", Status(501, nil, ""))
	assert.Equal(t, 501, status("HEAD", "/organizations"))
	s.FailNext("HEAD /organizations", Status(501, nil, ""))
	assert.Equal(t, 200, status("GET", "/organizations"))
	assert.Equal(t, 501, status("HEAD", "/organizations"))
	s.FailNext("/organizations", Status(501, nil, "")) // any method
	assert.Equal(t, 501, status("POST", "/organizations"))

	s.FailNext("GET /organizations", Status(501, nil, ""))
	s.Fail(1, Status(502, nil, ""))
	assert.Equal(t, 502, status("GET", "/organizations"), "Fail has priority")
	assert.Equal(t, 501, status("GET", "/organizations"))

	// One response of the server's own endpoints is replaced.
	s.FailNext("GET /organizations/"+id+"/profile", Status(200, http.Header{"Content-Type": {"application/json"}}, `{"success":true,"errors":[],"messages":[],"result":null}`))
	assert.Equal(t, 200, status("GET", "/organizations/"+id+"/profile"))
	assert.Equal(t, 404, status("GET", "/organizations/"+id+"/profile"))
}

func TestFailNextOfHandlers(t *testing.T) {
	s := NewServer().ForTest(t)
	for _, pattern := range []string{"GET /zones/{id}", "/zones/{id}/purge_cache", "GET /organizations/search", "/tree/", "GET /tree/{id}/leaf", "POST /exact/{$}", "PUT /rest/{rest...}", "GET /named/{organization_id}"} {
		s.Handle(pattern, echo(pattern))
	}
	for pattern, requests := range map[string][2]string{ // one that the fault is not for, and one that it is for
		"GET /zones/{zone_id}":                            {"GET /zones/1/purge_cache", "GET /zones/1"},
		"GET /zones/1":                                    {"GET /zones/2", "GET /zones/1"},
		"/zones/{id}/purge_cache":                         {"GET /zones/1", "DELETE /zones/1/purge_cache"},
		"POST /zones/1/purge_cache":                       {"PUT /zones/1/purge_cache", "POST /zones/1/purge_cache"},
		"GET /organizations/search":                       {"GET /organizations", "GET /organizations/search"},
		"GET /organizations/{id}":                         {"GET /organizations/search", "GET /organizations/" + s.AddOrganization("a", "")},
		"GET /tree/":                                      {"POST /tree/a", "GET /tree/a/b"},
		"POST /tree/a/{x}/":                               {"POST /tree/a", "POST /tree/a/b/c"},
		"GET /tree/{x}/{y}":                               {"GET /tree/1/leaf", "GET /tree/1/twig"},
		"GET /tree/{x}/leaf":                              {"GET /tree/1/twig", "GET /tree/1/leaf"},
		"POST /exact/{$}":                                 {"POST /zones/1/purge_cache", "POST /exact/"},
		"PUT /rest/{others...}":                           {"PUT /tree/1", "PUT /rest/a/b"},
		"GET /named/{member_id}":                          {"GET /named/", "GET /named/any"},
		"GET /named/any":                                  {"GET /named/other", "GET /named/any"},
		"GET /organizations/{organization_id}/logs/audit": {"GET /organizations/any/shares", "GET /organizations/any/logs/audit"},
		"PUT /rest/a/{$}":                                 {"PUT /rest/a/b", "PUT /rest/a/"},
	} {
		s.FailNext(pattern, Status(599, nil, ""))
		for i, request := range requests {
			method, path, _ := strings.Cut(request, " ")
			response, err := s.Transport().RoundTrip(newRequest(t, method, path, ""))
			require.NoError(t, err)
			response.Body.Close()
			assert.Equal(t, i == 1, response.StatusCode == 599, "%s: %s: %s", pattern, request, response.Status)
		}
	}
}

// A fault that cannot happen is a mistake in the test.
func TestFailNextPanics(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	s.Handle("GET /zones/{id}", echo("zone"))
	s.Handle("POST /exact/{$}", echo("exact"))
	for pattern, text := range map[string]string{
		"GET /organisations":                               `FailNext: no endpoint matches "GET /organisations"; a pattern is like`,
		"get /organizations":                               "no endpoint matches",
		"Get /organizations/{organization_id}":             "no endpoint matches",
		"PATCH /organizations/{organization_id}":           "no endpoint matches",
		"DELETE /organizations":                            "no endpoint matches",
		"GET /Organizations":                               "no endpoint matches",
		"GET /organizations/":                              "no endpoint matches",
		"GET /organizations/{organization_id}/":            "no endpoint matches",
		"GET /organizations/{$}":                           "no endpoint matches",
		"GET /organizations/{rest...}":                     "no endpoint matches",
		"GET /":                                            "no endpoint matches",
		"GET //organizations":                              "unclean path can never match",
		"GET /organizations/" + id + "x":                   "no endpoint matches",
		"GET /organizations/" + strings.ToUpper(id):        "no endpoint matches",
		"GET /organizations/example":                       "no endpoint matches",
		"GET /organizations/{organization_id}/member":      "no endpoint matches",
		"GET /organizations/{organization_id}/members/ann": "no endpoint matches",
		"DELETE /organizations/{organization_id}/members/{member_id}/{third}": "no endpoint matches",
		"GET /client/v4/organizations":                                        "no endpoint matches",
		"GET /organizations?page_size=1":                                      "no endpoint matches",
		"GET /user/tenants":                                                   "no endpoint matches",
		"POST /zones/{id}":                                                    "no endpoint matches",
		"GET /zones":                                                          "no endpoint matches",
		"GET /zones/":                                                         "no endpoint matches",
		"GET /zones/{id}/settings":                                            "no endpoint matches",
		"POST /exact":                                                         "no endpoint matches",
		"POST /exact/":                                                        "no endpoint matches",
		"GET /organizations/{":                                                "bad wildcard segment",
		"GET /organizations/{a}/members/{a}":                                  "duplicate wildcard name",
		"G E T /organizations":                                                "the pattern must be a path, or a method and a path, not",
		"GET organizations":                                                   "the pattern must be a path, or a method and a path, not",
		"GET example.com/organizations":                                       "the pattern must be a path, or a method and a path, not",
		"https://cloudflaretest.invalid/client/v4":                            "the pattern must be a path, or a method and a path, not",
		"GET": "the pattern must be a path, or a method and a path, not",
		"":    "the pattern must be a path, or a method and a path, not",
	} {
		func() {
			defer func() { assert.Contains(t, fmt.Sprint(recover()), text, pattern) }()
			s.FailNext(pattern, Reset())
		}()
	}
	assert.PanicsWithValue(t, "cloudflaretest: FailNext: the Fault must come from Status, RateLimited, Reset, Stall or Cut",
		func() { s.FailNext("GET /organizations", Fault{}) })
}

package cloudflaretest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
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
	return http.DefaultTransport.RoundTrip(newRequest(t, s, "POST", "/organizations", `{"name":"x"}`))
}

func TestStatus(t *testing.T) {
	s := start(t)
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
	s := start(t)
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
	s := start(t)
	s.Fail(1, Reset())
	_, err := create(t, s)
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	assert.Equal(t, 0, count(t, s), "not carried out")
	assert.Equal(t, `{"name":"x"}`, string(s.Requests()[0].Body), "but read")
}

func TestCut(t *testing.T) {
	s := start(t)
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
	_, err = http.DefaultTransport.RoundTrip(newRequest(t, s, "PUT", "/organizations/"+id+"/profile", profileJSON))
	assert.Error(t, err)
	assert.JSONEq(t, profileJSON, string(do(t, s, "GET", "/organizations/"+id+"/profile", "").Result))
}

// Over HTTP/2, a fault breaks a stream and not the connection, which others use.
func TestFaultsOverHTTP2(t *testing.T) {
	s := start(t)
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
	s := start(t)
	outer := httptest.NewTLSServer(s)
	defer outer.Close()
	s.Fail(1, Reset())
	_, err := outer.Client().Get(outer.URL + "/client/v4/organizations")
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestStallUntilTheClientLeaves(t *testing.T) {
	s := start(t)
	s.Fail(1, Stall())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := http.DefaultTransport.RoundTrip(newRequest(t, s, "POST", "/organizations", `{"name":"x"}`).WithContext(ctx))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, 0, count(t, s), "not carried out")
	assert.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.stalled) == 0
	}, 5*time.Second, time.Millisecond)
}

func TestCloseEndsStalls(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	s := NewServer()
	s.Fail(1, Stall())
	s.Fail(2, Stall())
	failed := make(chan error)
	for range 2 {
		go func() {
			_, err := create(t, s)
			failed <- err
		}()
	}
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.stalled) == 2
	}, 5*time.Second, time.Millisecond)

	began := time.Now()
	s.Close()
	s.Close()
	assert.Error(t, <-failed)
	assert.Error(t, <-failed)
	assert.Less(t, time.Since(began), 2*time.Second)
	for runtime.NumGoroutine() > goroutines { // (Eventually would be one more)
		require.Less(t, time.Since(began), 5*time.Second, "goroutines are left")
		time.Sleep(time.Millisecond)
	}
}

func TestFailCounts(t *testing.T) {
	s := start(t)
	statuses := func(n int) (got []int) {
		for range n {
			response, err := http.DefaultTransport.RoundTrip(newRequest(t, s, "GET", "/organizations", ""))
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
	s := start(t)
	id := s.AddOrganization("a", "")
	status := func(method, path string) int {
		response, err := http.DefaultTransport.RoundTrip(newRequest(t, s, method, path, ""))
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	s.FailNext("GET", "/members", Status(501, nil, ""))
	s.FailNext("GET", "/members", Status(502, nil, ""))
	s.FailNext("GET", "", Status(503, nil, ""))
	assert.Equal(t, 400, status("POST", "/organizations/"+id+"/members"), "another method")
	assert.Equal(t, 501, status("GET", "/organizations/"+id+"/members?page_size=1"), "the query is no part of the path")
	assert.Equal(t, 503, status("GET", "/organizations?x=/members"))
	assert.Equal(t, 502, status("GET", "/organizations/"+id+"/members"))
	assert.Equal(t, 200, status("GET", "/organizations/"+id+"/members"), "each is for one request")

	s.FailNext("GET", "/a%2Fb", Status(501, nil, ""))
	assert.Equal(t, 404, status("GET", "/organizations/a/b"))
	assert.Equal(t, 501, status("GET", "/organizations/a%2Fb"), "the path is compared escaped")

	s.FailNext("GET", "/organizations", Status(501, nil, ""))
	s.Fail(1, Status(502, nil, ""))
	assert.Equal(t, 502, status("GET", "/organizations"), "Fail counts first")
	assert.Equal(t, 501, status("GET", "/organizations"))

	assert.PanicsWithValue(t, "cloudflaretest: FailNext: the method must not be empty", func() { s.FailNext("", "", Reset()) })
	assert.PanicsWithValue(t, "cloudflaretest: FailNext: the Fault must come from Status, RateLimited, Reset, Stall or Cut",
		func() { s.FailNext("GET", "", Fault{}) })
}

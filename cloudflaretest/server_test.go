package cloudflaretest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRequests(t *testing.T) {
	s := NewServer().ForTest(t)
	r := newRequest(t, "POST", "/organizations?a=1&a=2", `{"name":"x"}`)
	r.Header.Set("Cookie", "session=1")
	r.Header.Set("Proxy-Authorization", "Basic eDp5")
	r.Header.Set("X-Auth-User-Service-Key", "v1.0-x")
	r.Header.Set("X-Custom", "kept")
	send(t, s, r)
	r = newRequest(t, "GET", "/organizations/a%2Fb", "")
	r.Header.Set("Authorization", "Bearer x")
	send(t, s, r)

	got := s.Requests()
	require.Len(t, got, 2)
	assert.Equal(t, "POST", got[0].Method)
	assert.Equal(t, "/client/v4/organizations", got[0].Path)
	assert.Equal(t, url.Values{"a": {"1", "2"}}, got[0].Query)
	assert.Equal(t, `{"name":"x"}`, string(got[0].Body))
	assert.Equal(t, "kept", got[0].Header.Get("X-Custom"))
	assert.Equal(t, "/client/v4/organizations/a%2Fb", got[1].Path)
	assert.Nil(t, got[1].Body)
	for _, request := range got {
		for _, secret := range []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Auth-Key", "X-Auth-Email", "X-Auth-User-Service-Key"} {
			assert.NotContains(t, request.Header, secret)
		}
	}

	got[0].Query.Set("a", "changed")
	got[0].Header.Set("X-Custom", "changed")
	got[0].Body[0] = '!'
	again := s.Requests()
	assert.Equal(t, url.Values{"a": {"1", "2"}}, again[0].Query)
	assert.Equal(t, "kept", again[0].Header.Get("X-Custom"))
	assert.Equal(t, `{"name":"x"}`, string(again[0].Body))
}

func TestSameInEveryRun(t *testing.T) {
	run := func() []string {
		s := NewServer().ForTest(t)
		var texts []string
		for range 3 {
			got := do(t, s, "POST", "/organizations", `{"name":"x"}`)
			texts = append(texts, got.Raw, got.Header.Get("CF-Ray"))
		}
		return texts
	}
	first := run()
	assert.Equal(t, first, run())
	assert.NotEqual(t, first[0], first[2], "each organization has its own ID")
	assert.NotEqual(t, first[1], first[3], "each response has its own ray ID")
}

func TestLag(t *testing.T) {
	s := NewServer().ForTest(t)
	s.Lag(2)
	created := do(t, s, "POST", "/organizations", `{"name":"new"}`).fields(t)
	path := "/organizations/" + created["id"].(string)
	assert.Equal(t, []string{"new"}, do(t, s, "GET", "/organizations", "").names(t))
	assert.Equal(t, 404, do(t, s, "GET", path, "").Status)
	assert.Equal(t, 404, do(t, s, "GET", path, "").Status)
	assert.Equal(t, 200, do(t, s, "GET", path, "").Status)

	s.Lag(0)
	created = do(t, s, "POST", "/organizations", `{"name":"newer"}`).fields(t)
	assert.Equal(t, 200, do(t, s, "GET", "/organizations/"+created["id"].(string), "").Status)
	assert.Panics(t, func() { s.Lag(-1) })
}

func TestConcurrency(t *testing.T) {
	s := NewServer() // without ForTest, because the faults below stay
	id := s.AddOrganization("root", "")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 10 {
				n := strconv.Itoa(100*i + j)
				do(t, s, "POST", "/organizations", `{"name":"x","parent":{"id":"`+id+`"}}`)
				do(t, s, "PUT", "/organizations/"+id, `{"name":"root"}`)
				do(t, s, "POST", "/organizations/"+id+"/members", `{"member":{"user":{"email":"`+n+`@example.com"}}}`)
				do(t, s, "GET", "/organizations?containing.organization="+id, "")
				do(t, s, "GET", "/organizations/"+id+"/members", "")
				s.AddAccount(id, Account{Name: n})
				s.Fail(1000, Reset())
				s.Requests()
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 41, *do(t, s, "GET", "/organizations", "").ResultInfo.TotalSize)
	assert.Equal(t, 40, *do(t, s, "GET", "/organizations/"+id+"/members", "").ResultInfo.TotalSize)
	assert.Equal(t, 40, *do(t, s, "GET", "/organizations/"+id+"/accounts", "").ResultInfo.TotalSize)
}

// A recorder has no connection to break, so faults panic as the servers of net/http expect.
func TestHandlerWithoutConnection(t *testing.T) {
	s := NewServer().ForTest(t)
	serve := func(method, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "/client/v4/organizations", strings.NewReader(body))
		r.Header.Set("X-Auth-Key", APIKey)
		r.Header.Set("X-Auth-Email", Email)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	assert.Equal(t, 200, serve("POST", `{"name":"x"}`).Code)

	s.Fail(1, Status(503, nil, "down"))
	assert.Equal(t, "down", serve("GET", "").Body.String())
	s.Fail(1, Reset())
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { serve("POST", `{"name":"reset"}`) })
	s.Fail(1, Cut())
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { serve("POST", `{"name":"cut"}`) })
	assert.Equal(t, []string{"x", "cut"}, namesIn(t, serve("GET", "").Body.Bytes()))
	s.Close()
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { serve("GET", "") }, "closed")
	assert.Len(t, s.Requests(), 5, "the last one did not arrive")
}

func namesIn(t *testing.T, body []byte) []string {
	r := reply{Status: 200}
	require.NoError(t, json.Unmarshal(body, &r))
	return r.names(t)
}

func TestKeepRequests(t *testing.T) {
	s := NewServer().ForTest(t)
	paths := func() (paths []string) {
		for _, r := range s.Requests() {
			paths = append(paths, strings.TrimPrefix(r.Path, basePath))
		}
		return paths
	}
	get := func(paths ...string) {
		for _, path := range paths {
			do(t, s, "GET", path, "")
		}
	}
	get("/1", "/2", "/3")
	assert.Equal(t, []string{"/1", "/2", "/3"}, paths())
	assert.Equal(t, 0, s.DroppedRequests())
	s.KeepRequests(2)
	assert.Equal(t, []string{"/2", "/3"}, paths())
	assert.Equal(t, 1, s.DroppedRequests())
	s.Fail(2, RateLimited(0))
	get("/4")
	assert.Equal(t, 429, do(t, s, "GET", "/5", "").Status, "Fail counts the dropped ones too")
	assert.Equal(t, []string{"/4", "/5"}, paths())
	assert.Equal(t, 3, s.DroppedRequests())
	s.KeepRequests(3)
	get("/6")
	assert.Equal(t, []string{"/4", "/5", "/6"}, paths())
	s.KeepRequests(0)
	get("/7")
	assert.Empty(t, paths())
	assert.Equal(t, 7, s.DroppedRequests())
	assert.PanicsWithValue(t, "cloudflaretest: KeepRequests(-1): the number of requests must not be negative", func() { s.KeepRequests(-1) })
}

// What a server keeps does not grow with the requests that it drops, whether they are valid or not.
func TestDroppedRequestsAreFreed(t *testing.T) {
	s := NewServer().ForTest(t)
	s.KeepRequests(3)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 30 {
		r := newRequest(t, "POST", "/organizations", strings.Repeat("x", 900_000))
		if i%2 == 0 {
			r.Header.Set("X-Auth-Key", "unknown")
		}
		send(t, s, r)
	}
	assert.Less(t, heap(), before+10<<20, "30 requests had 27 MB")
	assert.Equal(t, 27, s.DroppedRequests())
}

// A leak of goroutines would be reported by a TestMain that looks for them.
func TestServerStartsNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	s := NewServer().ForTest(t)
	do(t, s, "POST", "/organizations", `{"name":"x"}`)
	s.Fail(1, Reset())
	_, err := create(t, s)
	assert.Error(t, err)
	assert.LessOrEqual(t, runtime.NumGoroutine(), before)
}

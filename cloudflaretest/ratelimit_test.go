package cloudflaretest

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRatelimitHeaders(t *testing.T) {
	s := NewServer().ForTest(t)
	for range 3 {
		got := do(t, s, "GET", "/organizations", "")
		assert.Equal(t, `"default";r=1199;t=300`, got.Header.Get("Ratelimit"))
		assert.Equal(t, `"default";q=1200;w=300`, got.Header.Get("Ratelimit-Policy"))
	}
	for _, path := range []string{"/zones", "/organizations/x"} {
		assert.Equal(t, `"default";r=1199;t=300`, do(t, s, "GET", path, "").Header.Get("Ratelimit"))
	}
}

func TestSetRateLimit(t *testing.T) {
	s := NewServer().ForTest(t)
	s.SetRateLimit(2, 10*time.Second)
	synctest.Test(t, func(t *testing.T) {
		get := func(status int, limit, retryAfter string) {
			t.Helper()
			response, err := s.Transport().RoundTrip(newRequest(t, "GET", "/organizations", ""))
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, err)
			assert.Equal(t, status, response.StatusCode)
			assert.Equal(t, `"default";`+limit, response.Header.Get("Ratelimit"))
			assert.Equal(t, `"default";q=2;w=10`, response.Header.Get("Ratelimit-Policy"))
			assert.Equal(t, retryAfter, response.Header.Get("Retry-After"))
		}
		get(200, "r=1;t=10", "")
		time.Sleep(3500 * time.Millisecond)
		get(200, "r=0;t=7", "") // 6.5 s, rounded up
		time.Sleep(6500 * time.Millisecond)
		get(200, "r=1;t=10", "") // a new window
		get(200, "r=0;t=10", "")
		time.Sleep(9 * time.Second)
		get(429, "r=0;t=10", "10") // one too many blocks for a whole window
		time.Sleep(9500 * time.Millisecond)
		get(429, "r=0;t=1", "1")
		time.Sleep(500 * time.Millisecond)
		get(200, "r=1;t=10", "")
	})
	assert.Panics(t, func() { s.SetRateLimit(0, time.Minute) })
	assert.Panics(t, func() { s.SetRateLimit(1, time.Second-1) })
	assert.NotPanics(t, func() { s.SetRateLimit(1, time.Second) })
}

func TestRateLimitedRequestIsNotCarriedOut(t *testing.T) {
	s := NewServer().ForTest(t)
	s.SetRateLimit(1, time.Hour)
	s.Fail(3, Status(http.StatusTeapot, nil, ""))
	do(t, s, "GET", "/organizations", "")
	got := do(t, s, "POST", "/organizations", `{"name":"x"}`)
	got.failed(t, 429, "throttling")
	assert.Equal(t, 971, got.Errors[0].Code)
	response, err := create(t, s)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusTeapot, response.StatusCode, "a fault comes first")
	s.SetRateLimit(10, time.Hour)
	assert.Equal(t, 0, count(t, s))
	assert.Len(t, s.Requests(), 4)
}

func TestRateLimitOfEachUser(t *testing.T) {
	s := NewServer().ForTest(t)
	s.AddKey("ann-key", "ann@example.com")
	s.AddToken("ann-token", "Ann@example.com")
	s.SetRateLimit(2, time.Minute)
	synctest.Test(t, func(t *testing.T) {
		get := func(header http.Header, limit string) {
			t.Helper()
			r := newRequest(t, "GET", "/organizations", "")
			r.Header = header
			assert.Equal(t, `"default";`+limit, send(t, s, r).Header.Get("Ratelimit"))
		}
		first := http.Header{"X-Auth-Key": {APIKey}, "X-Auth-Email": {Email}}
		ann := http.Header{"X-Auth-Key": {"ann-key"}, "X-Auth-Email": {"ann@example.com"}}
		token := http.Header{"Authorization": {"Bearer ann-token"}}
		nobody := http.Header{"Authorization": {"Bearer unknown"}}
		get(first, "r=1;t=60")
		time.Sleep(10 * time.Second)
		get(ann, "r=1;t=60")
		get(token, "r=0;t=60") // the same user
		get(nobody, "r=1;t=60")
		get(http.Header{}, "r=0;t=60")
		get(first, "r=0;t=50")
		time.Sleep(10 * time.Second)
		get(first, "r=0;t=60") // an excess, which is not ann's
		get(ann, "r=0;t=60")
		time.Sleep(50 * time.Second)
		get(nobody, "r=1;t=60")
		get(ann, "r=0;t=10")
	})
}

func TestBlockAfterExcess(t *testing.T) {
	s := NewServer().ForTest(t)
	assert.PanicsWithValue(t, "cloudflaretest: BlockAfterExcess(5m0s): SetRateLimit must come first, and the block must be at least 1s",
		func() { s.BlockAfterExcess(5 * time.Minute) })
	s.SetRateLimit(1, 10*time.Second)
	assert.Panics(t, func() { s.BlockAfterExcess(time.Second - 1) })
	assert.Panics(t, func() { s.BlockAfterExcess(0) })
	s.BlockAfterExcess(5 * time.Minute)
	s.AddKey("ann-key", "ann@example.com")
	synctest.Test(t, func(t *testing.T) {
		get := func(status int, limit, retryAfter string) {
			t.Helper()
			got := do(t, s, "GET", "/organizations", "")
			assert.Equal(t, status, got.Status)
			assert.Equal(t, `"default";`+limit, got.Header.Get("Ratelimit"))
			assert.Equal(t, `"default";q=1;w=10`, got.Header.Get("Ratelimit-Policy"))
			assert.Equal(t, retryAfter, got.Header.Get("Retry-After"))
		}
		get(200, "r=0;t=10", "")
		time.Sleep(10 * time.Second)
		get(200, "r=0;t=10", "") // a window in time
		time.Sleep(time.Second)
		get(429, "r=0;t=300", "300")
		time.Sleep(time.Minute) // six windows
		get(429, "r=0;t=240", "240")
		ann := newRequest(t, "GET", "/organizations", "")
		ann.Header.Set("X-Auth-Key", "ann-key")
		ann.Header.Set("X-Auth-Email", "ann@example.com")
		assert.Equal(t, 200, send(t, s, ann).Status, "another user")
		time.Sleep(4*time.Minute - 1)
		get(429, "r=0;t=1", "1")
		time.Sleep(time.Nanosecond)
		get(200, "r=0;t=10", "")
		get(429, "r=0;t=300", "300")

		s.SetRateLimit(1, 10*time.Second)
		get(200, "r=0;t=10", "")
		get(429, "r=0;t=10", "10") // without the block
	})
}

// A window that began by the clock of a bubble does not last for years outside of it, and the reverse.
func TestRateLimitOfTwoClocks(t *testing.T) {
	s := NewServer().ForTest(t)
	s.SetRateLimit(1, time.Hour)
	s.BlockAfterExcess(2 * time.Hour)
	statuses := func() []int {
		return []int{do(t, s, "GET", "/organizations", "").Status, do(t, s, "GET", "/organizations", "").Status}
	}
	assert.Equal(t, []int{200, 429}, statuses())
	synctest.Test(t, func(t *testing.T) { assert.Equal(t, []int{200, 429}, statuses()) })
	assert.Equal(t, []int{200, 429}, statuses())
	assert.Equal(t, []int{429, 429}, statuses())
}

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
	s := start(t)
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
	s := start(t)
	s.SetRateLimit(2, 10*time.Second)
	synctest.Test(t, func(t *testing.T) {
		get := func(status int, limit, retryAfter string) {
			t.Helper()
			response, err := s.Transport().RoundTrip(newRequest(t, s, "GET", "/organizations", ""))
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
	s := start(t)
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

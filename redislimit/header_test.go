package redislimit

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// Observe reads a header as a client reads it for its hooks.
func TestHeadersAreReadAsByAClient(t *testing.T) {
	for _, values := range [][]string{
		nil,
		{`"default";r=50;t=30`},
		{`"default";r=50;t=30, "burst";r=0;t=1`},
		{`"default";r=50;t=30`, `"burst";r=0;t=1`},
		{` default ; r=50 ; t=30 `},
		{`"a,b;c";r=1;t=2`},
		{`"a\"b";r=1;t=2, "c";r=3;t=4`},
		{`"default";t=30;r=50;x="r=1;t=1"`},
		{`"default";r=50`},
		{`"default";t=30`},
		{`"default";r=-1;t=30`},
		{`"default";r=1.5;t=30`},
		{`"default";r=1;t=x`},
		{`"default";r=1;t=9223372036854775807`},
		{`"default";r=99999999999999999999;t=1`},
		{`;r=1;t=1`},
		{`"unfinished;r=1;t=1`},
		{``, `,,`, `"a";r=1;t=1`},
	} {
		header := http.Header{"Ratelimit": values}
		assert.Equal(t, attempt(t, header).RateLimits, rateLimits(header), "%q", values)
	}
	for _, values := range [][]string{
		nil, {"0"}, {"7"}, {" 7 "}, {"x"}, {""}, {"-1"}, {"99999999999999999999"}, {"1e3"}, {"Inf"}, {"0x10"}, {"1_0"},
		{"Fri, 02 Jan 2026 03:05:05 GMT"}, {"Fri, 02 Jan 2026 03:03:05 GMT"},
	} {
		header := http.Header{"Retry-After": values, "Date": {"Fri, 02 Jan 2026 03:04:05 GMT"}}
		assert.Equal(t, attempt(t, header).RetryAfter, retryAfter(header, time.Now()), "%q", values)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"1.5":                           2 * time.Second,
		"30.000":                        30 * time.Second,
		"7, 7":                          7 * time.Second,
		"7, 9":                          9 * time.Second,
		"9,7":                           9 * time.Second,
		"1.2.3":                         0,
		".5":                            time.Second,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute,
	} {
		assert.Equal(t, want, retryAfter(http.Header{"Retry-After": {value}}, now), value)
	}
	assert.Equal(t, 9*time.Second, retryAfter(http.Header{"Retry-After": {"7", "9"}}, now))
}

// attempt returns what a hook of a client sees of a response with this header.
func attempt(t *testing.T, header http.Header) (seen cloudflare.Attempt) {
	t.Helper()
	client, err := cloudflare.NewClient(
		cloudflare.WithAPIToken("token"),
		cloudflare.WithMaxRetries(0),
		cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { seen = a }),
		cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 503, Header: header, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
		})}))
	require.NoError(t, err)
	_, err = client.Organizations.Get(t.Context(), strings.Repeat("0", 32))
	require.Error(t, err)
	return seen
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

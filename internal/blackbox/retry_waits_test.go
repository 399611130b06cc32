package blackbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// Waits are random, so that clients that failed at the same time do not retry at the same time.
func TestBackoffIsRandom(t *testing.T) {
	for name, reply := range map[string]pipeReply{
		"after a response":                         pipeResponse(503, rejectedBody),
		"after a Retry-After of 0":                 pipeResponse(503, rejectedBody, "Retry-After: 0"),
		"after a Retry-After of the past":          pipeResponse(429, rejectedBody, "Retry-After: Sat, 01 Jan 2000 00:00:00 GMT"),
		"after a Retry-After that is not a number": pipeResponse(429, rejectedBody, "Retry-After: soon"),
		"without a response":                       {reset: true},
		"without a connection":                     {dialError: connectionRefused},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newPipeServer(t, pipeAlways(reply), cloudflare.WithMaxRetries(1))
				for range 100 {
					require.Error(t, retryCallOf(t, "GET").do(t.Context(), client))
				}
				dials, _ := server.seen()
				require.Len(t, dials, 200)
				var waits []time.Duration
				for pair := range slices.Chunk(dials, 2) {
					waits = append(waits, pair[1].Sub(pair[0]))
				}
				// In one run of 10^12, none of 100 waits is in a given quarter of the range.
				assert.Less(t, slices.Min(waits), 125*time.Millisecond)
				assert.Greater(t, slices.Max(waits), 375*time.Millisecond)
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	jitter := time.Duration(-1)
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	tests := []struct {
		name  string
		value func() string
		wait  time.Duration // exactly; jitter: the usual wait; 0: no further attempt
		asked time.Duration // Error.RetryAfter if there is no further attempt
	}{
		{"seconds", func() string { return "7" }, 7 * time.Second, 0},
		{"the longest wait allowed", func() string { return "30" }, 30 * time.Second, 0},
		{"a date", func() string { return date(9 * time.Second) }, 9 * time.Second, 0},
		{"none", func() string { return "" }, jitter, 0},
		{"0", func() string { return "0" }, jitter, 0},
		{"negative", func() string { return "-5" }, jitter, 0},
		{"not a number", func() string { return "soon" }, jitter, 0},
		{"a fraction", func() string { return "1.5" }, 2 * time.Second, 0},
		{"two headers in one", func() string { return "7, 9" }, 9 * time.Second, 0},
		{"a date in the past", func() string { return date(-time.Hour) }, jitter, 0},
		{"now", func() string { return date(0) }, jitter, 0},

		{"longer than any wait allowed", func() string { return "301" }, 0, 301 * time.Second},
		{"a year", func() string { return "31536000" }, 0, 31536000 * time.Second},
		{"a date in a year", func() string { return date(31536000 * time.Second) }, 0, 31536000 * time.Second},
		{"more than an integer holds", func() string { return strings.Repeat("9", 50) }, 0, math.MaxInt64 / time.Second * time.Second},
	}
	calls := []struct {
		status int
		method string
	}{
		{429, "GET"}, {429, "POST"}, {429, "DELETE"}, {408, "GET"}, {500, "GET"}, {502, "PUT"}, {503, "GET"}, {503, "PUT"},
		{504, "DELETE"}, {520, "HEAD"}, {524, "GET"},
	}
	for _, test := range tests {
		for _, c := range calls {
			t.Run(fmt.Sprintf("%s/%d/%s", test.name, c.status, c.method), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					call := retryCallOf(t, c.method)
					server, client := newPipeServer(t, pipeScript(
						pipeResponse(c.status, rejectedBody, "Retry-After: "+test.value()),
						pipeResponse(200, call.success),
					))
					start := time.Now()
					err := call.do(t.Context(), client)
					dials, _ := server.seen()
					if test.wait == 0 {
						require.Len(t, dials, 1)
						assert.Zero(t, time.Since(start), "returned at once")
						var apiError *cloudflare.Error
						require.ErrorAs(t, err, &apiError)
						assert.Equal(t, c.status, apiError.StatusCode)
						assert.Equal(t, test.asked, apiError.RetryAfter)
						assert.Equal(t, 1, apiError.Attempts)
						unknown := call.write && c.status != 429
						assert.Equal(t, unknown, errors.Is(err, cloudflare.ErrOutcomeUnknown))
						return
					}
					require.NoError(t, err)
					require.Len(t, dials, 2)
					if wait := dials[1].Sub(dials[0]); test.wait == jitter {
						assert.LessOrEqual(t, wait, 500*time.Millisecond)
					} else {
						assert.Equal(t, test.wait, wait)
					}
				})
			})
		}
	}
}

func TestRetryAfterWithoutARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newPipeServer(t, pipeAlways(pipeResponse(503, rejectedBody, "Retry-After: 3")))
		err := retryCallOf(t, "POST").do(t.Context(), client)
		assertMatchesOnly(t, err, cloudflare.ErrOutcomeUnknown)
		var apiError *cloudflare.Error
		require.ErrorAs(t, err, &apiError)
		assert.Equal(t, 3*time.Second, apiError.RetryAfter)
		dials, _ := server.seen()
		assert.Len(t, dials, 1)
	})
}

func TestMaxRetryWaitLimitsTheBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newPipeServer(t, pipeAlways(pipeResponse(503, rejectedBody)),
			cloudflare.WithMaxRetryWait(100*time.Millisecond), cloudflare.WithMaxRetries(20))
		require.Error(t, retryCallOf(t, "GET").do(t.Context(), client))
		dials, _ := server.seen()
		require.Len(t, dials, 21)
		for i := range dials[1:] {
			assert.LessOrEqual(t, dials[i+1].Sub(dials[i]), 100*time.Millisecond)
		}
	})
}

func TestNumberOfRetries(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		for _, test := range []struct {
			name     string
			opts     []cloudflare.Option
			callOpts []cloudflare.CallOption
			attempts int
		}{
			{"default", nil, nil, 4},
			{"none", []cloudflare.Option{cloudflare.WithMaxRetries(0)}, nil, 1},
			{"one", []cloudflare.Option{cloudflare.WithMaxRetries(1)}, nil, 2},
			{"ten", []cloudflare.Option{cloudflare.WithMaxRetries(10)}, nil, 11},
			{"none for this call", nil, []cloudflare.CallOption{cloudflare.SetMaxRetries(0)}, 1},
			{"two for this call", []cloudflare.Option{cloudflare.WithMaxRetries(0)}, []cloudflare.CallOption{cloudflare.SetMaxRetries(2)}, 3},
		} {
			t.Run(method+"/"+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, client := newPipeServer(t, pipeAlways(pipeResponse(429, rejectedBody)), test.opts...)
					err := retryCallOf(t, method).do(t.Context(), client, test.callOpts...)
					var apiError *cloudflare.Error
					require.ErrorAs(t, err, &apiError)
					assert.Equal(t, test.attempts, apiError.Attempts)
					dials, _ := server.seen()
					assert.Len(t, dials, test.attempts)
				})
			})
		}
	}
}

// A wait that would pass the deadline is not begun.
func TestWaitsPastTheDeadlineAreNotBegun(t *testing.T) {
	tests := []struct {
		name    string
		method  string
		reply   pipeReply
		timeout time.Duration
		dials   int
		is      []error
		status  int
	}{
		{"longer", "GET", pipeResponse(503, rejectedBody, "Retry-After: 10"), 5 * time.Second, 1, nil, 503},
		{"exactly as long", "GET", pipeResponse(503, rejectedBody, "Retry-After: 10"), 10 * time.Second, 1, nil, 503},
		{"the third one", "GET", pipeResponse(503, rejectedBody, "Retry-After: 10"), 25 * time.Second, 3, nil, 503},
		{"of a throttled create", "POST", pipeResponse(429, rejectedBody, "Retry-After: 10"), 5 * time.Second, 1, []error{cloudflare.ErrRateLimited}, 429},
		{"of an update in trouble", "PUT", pipeResponse(503, rejectedBody, "Retry-After: 10"), 5 * time.Second, 1, []error{cloudflare.ErrOutcomeUnknown}, 503},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var retries []bool
				server, client := newPipeServer(t, pipeAlways(test.reply),
					cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { retries = append(retries, a.Retry) }))
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				start := time.Now()
				err := retryCallOf(t, test.method).do(ctx, client)

				dials, _ := server.seen()
				require.Len(t, dials, test.dials)
				assert.Equal(t, dials[test.dials-1].Sub(start), time.Since(start), "returned at once")
				require.NoError(t, ctx.Err(), "the deadline is still ahead")
				assert.Equal(t, append(slices.Repeat([]bool{true}, test.dials-1), false), retries, "the hook learns whether another attempt follows")
				assertMatchesOnly(t, err, append(test.is, context.DeadlineExceeded)...)
				var last *cloudflare.Error
				require.ErrorAs(t, err, &last)
				assert.Equal(t, test.status, last.StatusCode)
				assert.Equal(t, test.dials, last.Attempts)
				assert.Equal(t, 10*time.Second, last.RetryAfter)
			})
		})
	}

	t.Run("without a response", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			// The wait is random, so the deadline is so near that no wait fits.
			server, client := newPipeServer(t, pipeAlways(pipeReply{dialError: connectionRefused}))
			ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
			defer cancel()
			err := retryCallOf(t, "GET").do(ctx, client)
			dials, _ := server.seen()
			assert.Len(t, dials, 1)
			assertMatchesOnly(t, err, context.DeadlineExceeded)
			var dial *net.OpError
			assert.ErrorAs(t, err, &dial, "the error names the reason for the wait")
		})
	})
}

// The largest durations limit nothing. They do not overflow when the time for a body is added to them.
func TestLargestDurations(t *testing.T) {
	const largest = time.Duration(math.MaxInt64)
	body := successBody(`{"id":"o1","name":"` + strings.Repeat("x", 1<<20) + `"}`) // 128 seconds for its size
	for _, d := range []time.Duration{largest, largest - 1, largest - time.Second, largest - 127*time.Second, largest / 2} {
		for name, tt := range map[string]struct {
			timeout time.Duration // of the http.Client
			opts    []cloudflare.Option
			by      time.Duration // until the deadline
		}{
			"WithTimeout":               {0, []cloudflare.Option{cloudflare.WithTimeout(d)}, 0},
			"http.Client.Timeout":       {d, []cloudflare.Option{cloudflare.WithTimeout(0)}, 0},
			"the shorter of the two":    {d, []cloudflare.Option{cloudflare.WithTimeout(largest)}, 0},
			"WithMaxRetryWait":          {0, []cloudflare.Option{cloudflare.WithMaxRetryWait(d), cloudflare.WithTimeout(0)}, 0},
			"WithMaxRateLimitWait":      {0, []cloudflare.Option{cloudflare.WithMaxRateLimitWait(d), cloudflare.WithTimeout(0)}, 0},
			"all of them":               {d, []cloudflare.Option{cloudflare.WithMaxRetryWait(d), cloudflare.WithMaxRateLimitWait(d), cloudflare.WithTimeout(d)}, 0},
			"all of them, and deadline": {d, []cloudflare.Option{cloudflare.WithMaxRetryWait(d), cloudflare.WithMaxRateLimitWait(d), cloudflare.WithTimeout(d)}, d},
		} {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.by > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithDeadline(ctx, time.Now().Add(tt.by))
					defer cancel()
				}
				sent := 0
				transport := roundTripper(func(r *http.Request) (*http.Response, error) {
					if sent++; sent == 1 {
						return respondWith(http.StatusServiceUnavailable, "")(r)
					}
					response, err := respondWith(http.StatusOK, body)(r)
					response.Body = &restingBody{response.Body, r.Context(), time.Hour}
					return response, err
				})
				client, err := cloudflare.NewClient(append([]cloudflare.Option{
					cloudflare.WithAPIToken("t0ken"), cloudflare.WithHTTPClient(&http.Client{Transport: transport, Timeout: tt.timeout}),
				}, tt.opts...)...)
				require.NoError(t, err)
				var org cloudflare.Organization
				err = client.Call(ctx, cloudflare.Request{Method: "GET", Route: "/x"}, &org)
				require.NoError(t, err, "%s of %s", name, d)
				assert.Len(t, org.Name, 1<<20)
				assert.Equal(t, 2, sent)
			})
		}
	}
}

// restingBody is a body that waits after the first read, unless the context of its request ends.
type restingBody struct {
	io.ReadCloser
	ctx   context.Context
	pause time.Duration
}

func (r *restingBody) Read(b []byte) (int, error) {
	select {
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	default:
	}
	n, err := r.ReadCloser.Read(b)
	select {
	case <-time.After(r.pause):
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
	r.pause = time.Millisecond
	return n, err
}

// A wait that a server requests may be the largest duration, too.
func TestLargestWaits(t *testing.T) {
	const largest = time.Duration(math.MaxInt64)
	for _, header := range []string{
		"Retry-After: 9223372036854775807", "Retry-After: 99999999999999999999999", "Retry-After: 9223372036", "Retry-After: 9223372037",
		"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT",
		`Ratelimit: "default";r=0;t=9223372036854775807`, `Ratelimit: "default";r=0;t=9223372036`,
	} {
		for _, limit := range []time.Duration{largest, largest - 1, largest / 2} {
			synctest.Test(t, func(t *testing.T) {
				transport := respondWith(http.StatusTooManyRequests, "", header)
				client := newClient(t, transport, cloudflare.WithMaxRetryWait(limit), cloudflare.WithMaxRateLimitWait(limit))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				_, err := client.Organizations.Get(ctx, "o1")
				assert.ErrorIs(t, err, cloudflare.ErrRateLimited, "%s, %s", header, limit)
				assert.NotContains(t, err.Error(), "-2", "%s, %s", header, limit)
				assert.Zero(t, time.Since(began), "a wait past the deadline is not begun")
			})
		}
	}
}

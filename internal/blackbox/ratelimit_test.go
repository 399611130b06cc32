package blackbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

func limitHeader(left, reset int) string {
	return fmt.Sprintf(`Ratelimit: "default";r=%d;t=%d`, left, reset)
}

// limitedReply returns a successful response to a Get with the remaining requests and the seconds until the reset.
func limitedReply(left, reset int) pipeReply {
	return pipeResponse(200, organizationBody, limitHeader(left, reset))
}

func getOrganization(ctx context.Context, client *cloudflare.Client, opts ...cloudflare.CallOption) error {
	_, err := client.Organizations.Get(ctx, organizationID, opts...)
	return err
}

func TestRateLimitsAreExposed(t *testing.T) {
	want := []cloudflare.RateLimit{
		{Name: "default", Remaining: 50, Quota: 100, Reset: 30 * time.Second, Window: time.Minute},
		{Name: "burst", Remaining: 7, Quota: 10, Reset: 2 * time.Second, Window: 5 * time.Second},
	}
	header := []string{
		`Ratelimit: "default";r=50;t=30, "burst";r=7;t=2`,
		`RateLimit-Policy: "burst";q=10;w=5, "default";q=100;w=60`,
	}
	for _, status := range []int{200, 404, 429, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := map[bool]string{true: organizationBody, false: rejectedBody}[status == 200]
				_, client := newPipeServer(t, pipeAlways(pipeResponse(status, body, header...)))
				var response cloudflare.Response
				err := getOrganization(t.Context(), client, cloudflare.CaptureResponse(&response))
				assert.Equal(t, want, response.RateLimits)
				assert.Equal(t, status, response.StatusCode)
				if status == 200 {
					require.NoError(t, err)
					return
				}
				var apiError *cloudflare.Error
				require.ErrorAs(t, err, &apiError)
				assert.Equal(t, want, apiError.RateLimits)
			})
		})
	}
	t.Run("none", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, client := newPipeServer(t, pipeAlways(pipeResponse(200, organizationBody, "Ratelimit: ?", "X-RateLimit-Remaining: 0")))
			var response cloudflare.Response
			for range 2 {
				require.NoError(t, getOrganization(t.Context(), client, cloudflare.CaptureResponse(&response)))
				assert.Empty(t, response.RateLimits)
			}
		})
	})
}

// While no requests remain, a call waits, or fails without a request if the wait would be too long.
func TestPause(t *testing.T) {
	limited := cloudflare.ErrRateLimited
	tests := []struct {
		name     string
		limits   string        // the header of the response before
		maxWait  time.Duration // 0: the default; negative: none
		deadline time.Duration
		cancel   time.Duration
		waited   time.Duration
		is       []error // nil: sent after the wait
		after    time.Duration
	}{
		{name: "waits for the reset", limits: `"default";r=0;t=20`, waited: 20 * time.Second},
		{name: "waits for the last reset", limits: `"a";r=0;t=2,"b";r=0;t=20,"c";r=0;t=7,"d";r=1;t=25`, waited: 20 * time.Second},
		{name: "waits as long as it may", limits: `"default";r=0;t=300`, waited: 5 * time.Minute},
		{name: "something is left", limits: `"default";r=1;t=20`},
		{name: "the reset is now", limits: `"default";r=0;t=0`},
		{name: "no reset", limits: `"default";r=0`},
		{name: "a reset that has been", limits: `"default";r=0;t=-5`},
		{name: "a negative number remains", limits: `"default";r=-1;t=5`},
		{name: "not a list of limits", limits: `r=0;t=20;"default"`},
		{name: "never waits", limits: `"default";r=0;t=1`, maxWait: -1, is: []error{limited}, after: time.Second},
		{name: "longer than the longest wait set", limits: `"default";r=0;t=20`, maxWait: 19 * time.Second, is: []error{limited}, after: 20 * time.Second},
		{name: "a year", limits: `"default";r=0;t=31536000`, waited: 5 * time.Minute},
		{name: "more than 32 bits hold", limits: `"default";r=0;t=4294967296`, waited: 5 * time.Minute},
		{name: "more than a duration holds", limits: `"default";r=0;t=9223372036854775807`, waited: 5 * time.Minute},
		{name: "past the deadline", limits: `"default";r=0;t=20`, deadline: 10 * time.Second, is: []error{limited}, after: 20 * time.Second},
		{name: "up to the deadline", limits: `"default";r=0;t=20`, deadline: 20 * time.Second, is: []error{limited}, after: 20 * time.Second},
		{
			name: "past the deadline and the longest wait", limits: `"default";r=0;t=200`, deadline: 10 * time.Second,
			is: []error{limited}, after: 200 * time.Second,
		},
		{name: "a year, and the longest wait", limits: `"default";r=0;t=31536000`, maxWait: 299 * time.Second, is: []error{limited}, after: 5 * time.Minute},
		{name: "before the deadline", limits: `"default";r=0;t=20`, deadline: 21 * time.Second, waited: 20 * time.Second},
		{name: "canceled", limits: `"default";r=0;t=20`, cancel: 3 * time.Second, waited: 3 * time.Second, is: []error{context.Canceled}},
	}
	for _, test := range tests {
		for _, method := range []string{"GET", "POST"} {
			t.Run(test.name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					opts := []cloudflare.Option{}
					if test.maxWait != 0 {
						opts = append(opts, cloudflare.WithMaxRateLimitWait(max(0, test.maxWait)))
					}
					server, client := newPipeServer(t, pipeScript(
						pipeResponse(200, organizationBody, "Ratelimit: "+test.limits), pipeResponse(200, organizationBody)), opts...)
					require.NoError(t, getOrganization(t.Context(), client))

					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if test.cancel > 0 {
						time.AfterFunc(test.cancel, cancel)
					}
					if test.deadline > 0 {
						ctx, cancel = context.WithTimeout(ctx, test.deadline)
						defer cancel()
					}
					start := time.Now()
					var response cloudflare.Response
					err := retryCallOf(t, method).do(ctx, client, cloudflare.CaptureResponse(&response))
					assert.Equal(t, test.waited, time.Since(start))
					dials, _ := server.seen()
					if test.is == nil {
						require.NoError(t, err)
						assert.Len(t, dials, 2)
						return
					}
					assertMatchesOnly(t, err, test.is...)
					assert.ErrorContains(t, err, "nothing was sent")
					e, ok := errors.AsType[*cloudflare.CallError](err)
					require.True(t, ok)
					assert.Equal(t, test.after, e.RetryAfter)
					assert.Len(t, dials, 1)
					assert.Zero(t, response.Attempts)
					assert.Zero(t, response.StatusCode)
				})
			})
		}
	}
}

// The header of a response counts even if its body is lost.
func TestPauseAfterALostBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := pipeReply{response: func() string { return strings.TrimSuffix(limitedReply(0, 20).response(), "}") }}
		server, client := newPipeServer(t, pipeScript(cut, limitedReply(9, 20)))
		require.ErrorIs(t, getOrganization(t.Context(), client, cloudflare.SetMaxRetries(0)), io.ErrUnexpectedEOF)
		start := time.Now()
		require.NoError(t, getOrganization(t.Context(), client))
		assert.Equal(t, 20*time.Second, time.Since(start))
		dials, _ := server.seen()
		assert.Len(t, dials, 2)
	})
}

func TestPauseEndsForThoseWhoDidNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := newPipeServer(t, pipeScript(limitedReply(0, 31536000), pipeResponse(200, organizationBody)),
			cloudflare.WithMaxRateLimitWait(time.Minute))
		require.NoError(t, getOrganization(t.Context(), client))
		assertMatchesOnly(t, getOrganization(t.Context(), client), cloudflare.ErrRateLimited)
		<-time.After(5 * time.Minute)
		start := time.Now()
		require.NoError(t, getOrganization(t.Context(), client))
		assert.Zero(t, time.Since(start))
	})
}

func TestPauseIsOfOneClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newPipeServer(t, pipeScript(limitedReply(0, 300), pipeResponse(200, organizationBody)))
		require.NoError(t, getOrganization(t.Context(), client))
		require.NoError(t, getOrganization(t.Context(), server.client(t, server.transport())))
	})
}

// A throttled call comes back when Retry-After and the limits both allow it.
func TestThrottledCallWaitsForTheReset(t *testing.T) {
	tests := []struct {
		name   string
		header []string
		wait   time.Duration // 0: returned at once
	}{
		{"reset alone", []string{limitHeader(0, 20)}, 20 * time.Second},
		{"reset later", []string{limitHeader(0, 20), "Retry-After: 5"}, 20 * time.Second},
		{"reset sooner", []string{limitHeader(0, 20), "Retry-After: 25"}, 25 * time.Second},
		{"reset too late", []string{limitHeader(0, 61), "Retry-After: 5"}, 0},
	}
	for _, test := range tests {
		for _, method := range []string{"GET", "POST"} {
			t.Run(test.name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, client := newPipeServer(t, pipeScript(pipeResponse(429, rejectedBody, test.header...), pipeResponse(200, organizationBody)),
						cloudflare.WithMaxRateLimitWait(time.Minute))
					err := retryCallOf(t, method).do(t.Context(), client)
					dials, _ := server.seen()
					if test.wait == 0 {
						assertMatchesOnly(t, err, cloudflare.ErrRateLimited)
						assert.Len(t, dials, 1)
						return
					}
					require.NoError(t, err)
					require.Len(t, dials, 2)
					assert.Equal(t, test.wait, dials[1].Sub(dials[0]))
				})
			})
		}
	}
}

// A pause that another call brought about ends a call between its attempts. It says what happened before.
func TestPauseBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := new(pipeServer)
		client := server.client(t, server.transport(), cloudflare.WithMaxRateLimitWait(time.Minute))
		server.script = func(n int) pipeReply {
			if n == 1 {
				go func() { assert.NoError(t, getOrganization(t.Context(), client)) }()
				return pipeReply{reset: true, response: func() string { <-time.After(time.Second); return "" }}
			}
			return limitedReply(0, 200)
		}
		var response cloudflare.Response
		err := retryCallOf(t, "PUT").do(t.Context(), client, cloudflare.CaptureResponse(&response))
		assertMatchesOnly(t, err, cloudflare.ErrRateLimited, cloudflare.ErrOutcomeUnknown)
		assert.Equal(t, 1, response.Attempts)
		var reset *net.OpError
		if assert.ErrorAs(t, err, &reset) {
			assert.Equal(t, "read", reset.Op)
		}
	})
}

// A request without a response delays other requests for a limited time.
func TestStalledRequestDoesNotBlockOthersForEver(t *testing.T) {
	stalled := pipeReply{hang: true}
	tests := []struct {
		name    string
		timeout time.Duration
		first   pipeReply
		idle    time.Duration // between the first response and the request that stalls
		waits   time.Duration
	}{
		{"the last of a window", 0, limitedReply(1, 20), 0, 20 * time.Second},
		{"the last of a window, a year long", 0, limitedReply(1, 31536000), 0, 30 * time.Second},
		{"the last of a window, given up, but perhaps counted", 2 * time.Second, limitedReply(1, 20), 0, 20 * time.Second},
		{"the first of a window", 0, limitedReply(0, 20), 20 * time.Second, 30 * time.Second},
		{"the first of a window, given up", 2 * time.Second, limitedReply(0, 20), 20 * time.Second, 2 * time.Second},
		{"one of many", 0, limitedReply(2, 20), 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, client := newPipeServer(t, pipeScript(test.first, stalled, limitedReply(100, 20)), cloudflare.WithTimeout(test.timeout))
				require.NoError(t, getOrganization(t.Context(), client))
				<-time.After(test.idle)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() { _ = getOrganization(ctx, client, cloudflare.SetMaxRetries(0)) }()
				synctest.Wait()
				start := time.Now()
				require.NoError(t, getOrganization(t.Context(), client))
				assert.Equal(t, test.waits, time.Since(start))
			})
		})
	}
}

// If responses do not arrive, the calls that waited for a reset do not all wait for one another.
func TestSlowStartEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newPipeServer(t, pipeScript(limitedReply(0, 10), pipeReply{hang: true}), cloudflare.WithTimeout(0))
		require.NoError(t, getOrganization(t.Context(), client))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { assert.ErrorIs(t, getOrganization(ctx, client), context.DeadlineExceeded) })
		}
		wg.Wait()
		dials, _ := server.seen()
		require.Len(t, dials, 9)
		assert.Equal(t, 10*time.Second, dials[1].Sub(start))
		assert.Equal(t, 40*time.Second, dials[8].Sub(start))
	})
}

// A transport that panics, or a goroutine that ends in one, gives its place back.
func TestPanickingTransportHoldsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &pipeServer{script: pipeAlways(limitedReply(1, 300))}
		transport, calls := server.transport(), 0
		client := server.client(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if calls++; calls == 2 {
				panic("broken transport")
			}
			return transport.RoundTrip(r)
		}))
		require.NoError(t, getOrganization(t.Context(), client))
		assert.PanicsWithValue(t, "broken transport", func() { _ = getOrganization(t.Context(), client) })
		start := time.Now()
		require.NoError(t, getOrganization(t.Context(), client))
		assert.Zero(t, time.Since(start))
	})
}

// pausing returns responses that ask for a wait, in every form that a server has.
func pausing() map[string]pipeReply {
	return map[string]pipeReply{
		"seconds":               pipeResponse(429, rejectedBody, "Retry-After: 20"),
		"a fraction":            pipeResponse(429, rejectedBody, "Retry-After: 19.2"),
		"zeros after the point": pipeResponse(429, rejectedBody, "Retry-After: 20.000"),
		"two joined headers":    pipeResponse(429, rejectedBody, "Retry-After: 20, 20"),
		"two headers":           pipeResponse(429, rejectedBody, "Retry-After: 7", "Retry-After: 20"),
		"a date": pipeResponse(429, rejectedBody, "Date: Sat, 28 Nov 2026 10:00:00 GMT",
			"Retry-After: Sat, 28 Nov 2026 10:00:20 GMT"),
		"of a proxy":                 pipeResponse(429, "<h1>slow down</h1>", "Retry-After: 20"),
		"without a body":             pipeResponse(429, "", "Retry-After: 20"),
		"requests remain":            pipeResponse(429, rejectedBody, "Retry-After: 20", limitHeader(7, 200)),
		"a reset that is later":      pipeResponse(429, rejectedBody, "Retry-After: 5", limitHeader(0, 20)),
		"a reset alone":              pipeResponse(429, rejectedBody, limitHeader(0, 20)),
		"in the edge's body":         pipeResponse(429, `{"title":"Error 1015","status":429,"error_code":1015,"retryable":true,"retry_after":20}`),
		"as text in the edge's body": pipeResponse(429, `{"error_code":1015,"retry_after":"20"}`),
	}
}

// Any 429 that asks for a wait pauses all calls of the client until then, whoever sent it.
func TestThrottlingPausesAllCalls(t *testing.T) {
	for name, reply := range pausing() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newPipeServer(t, pipeScript(reply, pipeResponse(200, organizationBody)))
				err := getOrganization(t.Context(), client, cloudflare.SetMaxRetries(0))
				assertMatchesOnly(t, err, cloudflare.ErrRateLimited)
				if name != "a reset that is later" {
					assert.Equal(t, 20*time.Second, cloudflare.RetryAfter(err))
				}
				start := time.Now()
				var group sync.WaitGroup
				for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
					group.Go(func() {
						call := retryCallOf(t, method)
						assert.NoError(t, call.do(t.Context(), client))
					})
				}
				group.Wait()
				dials, _ := server.seen()
				assert.Len(t, dials, 5)
				assert.Equal(t, 20*time.Second, dials[1].Sub(start))
			})
		})
	}
}

// A 429 that asks for no wait says nothing of other calls.
func TestThrottlingWithoutAWait(t *testing.T) {
	for _, header := range []string{"Retry-After: 0", "Retry-After: -5", "Retry-After: soon", "X: "} {
		synctest.Test(t, func(t *testing.T) {
			_, client := newPipeServer(t, pipeScript(pipeResponse(429, rejectedBody, header), pipeResponse(200, organizationBody)))
			require.ErrorIs(t, getOrganization(t.Context(), client, cloudflare.SetMaxRetries(0)), cloudflare.ErrRateLimited)
			start := time.Now()
			require.NoError(t, getOrganization(t.Context(), client))
			assert.Zero(t, time.Since(start))
		})
	}
}

// WithMaxRateLimitWait limits the sum of the waits of one call, and WithMaxRetryWait every other wait.
func TestMaxRateLimitWait(t *testing.T) {
	throttled := func(seconds int) pipeReply {
		return pipeResponse(429, rejectedBody, fmt.Sprint("Retry-After: ", seconds))
	}
	ok := pipeResponse(200, organizationBody)
	const minute = time.Minute
	maximum := cloudflare.WithMaxRateLimitWait
	for _, test := range []struct {
		name    string
		opts    []cloudflare.Option
		replies []pipeReply // the first one is for another call
		waited  time.Duration
		after   time.Duration // RetryAfter of the error; 0: the call succeeds
	}{
		{"five minutes", nil, []pipeReply{ok, throttled(300), ok}, 5 * minute, 0},
		{"more than five minutes", nil, []pipeReply{ok, throttled(301)}, 0, 301 * time.Second},
		{"twice, in five minutes", nil, []pipeReply{ok, throttled(100), throttled(200), ok}, 5 * minute, 0},
		{"twice, in more than five minutes", nil, []pipeReply{ok, throttled(200), throttled(150)}, 200 * time.Second, 150 * time.Second},
		{"a pause, and then a 429", nil, []pipeReply{limitedReply(0, 100), throttled(200), ok}, 5 * minute, 0},
		{"a pause, and then a 429 too long", nil, []pipeReply{limitedReply(0, 200), throttled(150)}, 200 * time.Second, 150 * time.Second},
		{"a pause, and a block that began with it", nil, []pipeReply{limitedReply(0, 270), throttled(31), ok}, 301 * time.Second, 0},
		{"a 429, and then a pause", nil, []pipeReply{ok, pipeResponse(429, rejectedBody, "Retry-After: 7", limitHeader(0, 60)), ok}, minute, 0},
		{"a maximum", []cloudflare.Option{maximum(minute)}, []pipeReply{ok, throttled(60), ok}, minute, 0},
		{"more than a maximum", []cloudflare.Option{maximum(minute)}, []pipeReply{ok, throttled(61)}, 0, 61 * time.Second},
		{"a pause of more than a maximum", []cloudflare.Option{maximum(minute)}, []pipeReply{limitedReply(0, 61)}, 0, 61 * time.Second},
		{"no wait, and a 429", []cloudflare.Option{maximum(0)}, []pipeReply{ok, throttled(1)}, 0, time.Second},
		{"no wait, and a pause", []cloudflare.Option{maximum(0)}, []pipeReply{limitedReply(0, 1)}, 0, time.Second},
		{"the largest maximum", []cloudflare.Option{maximum(math.MaxInt64)}, []pipeReply{limitedReply(0, 200), throttled(3600), ok}, 3800 * time.Second, 0},
		{
			"no wait between attempts", []cloudflare.Option{cloudflare.WithMaxRetryWait(0)},
			[]pipeReply{limitedReply(0, 40), throttled(50), ok}, 90 * time.Second, 0,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newPipeServer(t, pipeScript(test.replies...), test.opts...)
				require.NoError(t, getOrganization(t.Context(), client))
				start := time.Now()
				err := getOrganization(t.Context(), client)
				assert.Equal(t, test.waited, time.Since(start))
				assert.Equal(t, test.after, cloudflare.RetryAfter(err))
				dials, _ := server.seen()
				assert.Len(t, dials, len(test.replies))
				if test.after == 0 {
					require.NoError(t, err)
					return
				}
				assertMatchesOnly(t, err, cloudflare.ErrRateLimited)
			})
		})
	}
}

// After a 503, the wait that the server requests is bound by WithMaxRetryWait, however long the rate limit may take.
func TestMaxRetryWaitLimitsOtherWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := newPipeServer(t, pipeAlways(pipeResponse(503, rejectedBody, "Retry-After: 31")))
		start := time.Now()
		err := getOrganization(t.Context(), client)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 31*time.Second, cloudflare.RetryAfter(err))
		assert.NotErrorIs(t, err, cloudflare.ErrRateLimited)
	})
}

// The error names the option that allows a longer wait.
func TestRateLimitErrorsNameTheOption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := newPipeServer(t, pipeAlways(limitedReply(0, 240)), cloudflare.WithMaxRateLimitWait(time.Minute))
		require.NoError(t, getOrganization(t.Context(), client))
		assert.ErrorContains(t, getOrganization(t.Context(), client),
			"rate limited: no requests remain before the reset in 4m0s, which is longer than the 1m0s that the call may still wait (WithMaxRateLimitWait) (nothing was sent)")
	})
}

// A hook learns of each pause when a call begins to wait for it.
func TestRateLimitHook(t *testing.T) {
	type key struct{}
	type event struct{ at, wait time.Duration }
	var mu sync.Mutex
	run := func(t *testing.T, replies []pipeReply, calls int) (events []event) {
		start := time.Now()
		limiter := limiterFunc(func(context.Context) error { return nil })
		_, client := newPipeServer(t, pipeScript(replies...), cloudflare.WithLimiter(limiter),
			cloudflare.WithRateLimitHook(func(ctx context.Context, wait time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				assert.Equal(t, "of the call", ctx.Value(key{}))
				events = append(events, event{time.Since(start), wait})
			}))
		require.NoError(t, getOrganization(t.Context(), client))
		var group sync.WaitGroup
		for range calls {
			group.Go(func() {
				assert.NoError(t, getOrganization(context.WithValue(t.Context(), key{}, "of the call"), client))
			})
			synctest.Wait()
		}
		group.Wait()
		return events
	}
	for name, test := range map[string]struct {
		replies []pipeReply
		calls   int
		want    []event
	}{
		"a pause": {
			[]pipeReply{limitedReply(0, 20), limitedReply(9, 20)}, 2,
			[]event{{0, 20 * time.Second}, {0, 20 * time.Second}},
		},
		"two pauses": {
			[]pipeReply{limitedReply(0, 20), limitedReply(0, 30), limitedReply(9, 20)}, 2,
			[]event{{0, 20 * time.Second}, {0, 20 * time.Second}, {20 * time.Second, 30 * time.Second}},
		},
		"a wait before a retry, which the attempt announces": {
			[]pipeReply{limitedReply(9, 20), pipeResponse(429, rejectedBody, "Retry-After: 20"), limitedReply(9, 20)}, 1, nil,
		},
		"queueing": {
			[]pipeReply{limitedReply(1, 20), pipeReply{response: func() string {
				<-time.After(5 * time.Second)
				return limitedReply(1, 20).response()
			}}}, 2, nil,
		},
		"requests remain": {[]pipeReply{limitedReply(9, 20)}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { assert.ElementsMatch(t, test.want, run(t, test.replies, test.calls)) })
		})
	}
}

// Responses that arrive one after the other at the end of a window do not make several pauses of one.
func TestRateLimitHookOfAPauseThatGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		_, client := newPipeServer(t, func(n int) pipeReply {
			if n > 5 {
				return limitedReply(1000, 300)
			}
			return pipeReply{response: func() string {
				<-time.After(time.Duration(n) * 10 * time.Millisecond)
				return limitedReply(0, 60).response()
			}}
		}, cloudflare.WithRateLimitHook(func(context.Context, time.Duration) { told++ }))
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() { assert.NoError(t, getOrganization(t.Context(), client)) })
		}
		<-time.After(15 * time.Millisecond)
		require.NoError(t, getOrganization(t.Context(), client))
		group.Wait()
		assert.Equal(t, 1, told)
	})
}

// A wait that is over is not in RetryAfter.
func TestRetryAfterOfAWaitThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		admitted := 0
		_, client := newPipeServer(t, pipeScript(pipeResponse(503, "", "Retry-After: 20")), cloudflare.WithLimiter(limiterFunc(func(context.Context) error {
			if admitted++; admitted > 1 {
				return errors.New("closed")
			}
			return nil
		})))
		start := time.Now()
		err := getOrganization(t.Context(), client)
		assert.Equal(t, 20*time.Second, time.Since(start))
		assert.ErrorContains(t, err, "503 Service Unavailable")
		assert.Zero(t, cloudflare.RetryAfter(err))
	})
}

// The logger has a record of each such wait, too.
func TestRateLimitWaitsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo}))
		_, client := newPipeServer(t, pipeScript(limitedReply(0, 20), limitedReply(9, 20)), cloudflare.WithLogger(logger))
		for range 3 {
			require.NoError(t, getOrganization(t.Context(), client))
		}
		assert.Equal(t, "time=2000-01-01T00:00:00.000Z level=INFO msg=\"cloudflare rate limit\" wait=20s\n", out.String())
	})
}

// The limiter is not asked for a request that the rate limit then prevents.
func TestLimiterIsNotAskedDuringAPauseTooLong(t *testing.T) {
	for name, reply := range map[string]pipeReply{
		"a reset":       limitedReply(0, 301),
		"a Retry-After": pipeResponse(429, rejectedBody, "Retry-After: 301"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				_, client := newPipeServer(t, pipeAlways(reply), cloudflare.WithMaxRateLimitWait(time.Minute),
					cloudflare.WithLimiter(limiterFunc(func(context.Context) error { asked++; return nil })))
				_ = getOrganization(t.Context(), client)
				for range 5 {
					require.ErrorIs(t, getOrganization(t.Context(), client), cloudflare.ErrRateLimited)
				}
				assert.Equal(t, 1, asked)
			})
		})
	}
}

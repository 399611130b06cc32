package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
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

// limitedReply is a good answer to a Get that says how many requests are left for how many seconds.
func limitedReply(left, reset int) pipeReply {
	return pipeAnswer(200, retryOrg, limitHeader(left, reset))
}

func getOrganization(ctx context.Context, client *cloudflare.Client, opts ...cloudflare.CallOption) error {
	_, err := client.Organizations.Get(ctx, retryID, opts...)
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
				body := map[bool]string{true: retryOrg, false: retryRefusal}[status == 200]
				_, client := newPipeServer(t, pipeAlways(pipeAnswer(status, body, header...)))
				var response cloudflare.Response
				err := getOrganization(t.Context(), client, cloudflare.CaptureResponse(&response))
				assert.Equal(t, want, response.RateLimits)
				assert.Equal(t, status, response.StatusCode)
				if status == 200 {
					require.NoError(t, err)
					return
				}
				var answer *cloudflare.Error
				require.ErrorAs(t, err, &answer)
				assert.Equal(t, want, answer.RateLimits)
			})
		})
	}
	t.Run("none", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, client := newPipeServer(t, pipeAlways(pipeAnswer(200, retryOrg, "Ratelimit: ?", "X-RateLimit-Remaining: 0")))
			var response cloudflare.Response
			for range 2 {
				require.NoError(t, getOrganization(t.Context(), client, cloudflare.CaptureResponse(&response)))
				assert.Empty(t, response.RateLimits)
			}
		})
	})
}

// quotaServer takes so many requests a window, and says how many are left and, rounded up, for how many seconds.
type quotaServer struct {
	quota   int
	window  time.Duration
	latency time.Duration

	mu              sync.Mutex
	served, refused int
	left            int
	end             time.Time
	pauses          []pause
	starts          []time.Time
}

// pause is from when a client has read that nothing is left to when the reset is that it was told of.
type pause struct{ from, to time.Time }

func (q *quotaServer) answer() string {
	q.mu.Lock()
	now := time.Now()
	if !now.Before(q.end) {
		q.left, q.end = q.quota, now.Add(q.window)
	}
	reset := int((q.end.Sub(now) + time.Second - 1) / time.Second)
	var text string
	if q.left > 0 {
		q.left--
		q.served++
		text = pipeText(200, len(retryOrg), retryOrg, limitHeader(q.left, reset))
	} else {
		q.refused++
		text = pipeText(429, len(retryRefusal), retryRefusal, limitHeader(0, reset), fmt.Sprintf("Retry-After: %d", reset))
	}
	uneven := time.Duration((q.served+q.refused)%7) * q.latency / 10 // so that answers overtake one another
	q.mu.Unlock()
	<-time.After(q.latency + uneven)
	return text
}

// watch is a transport that records when requests start, and when an answer without anything left has been read.
func (q *quotaServer) watch(transport http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		q.mu.Lock()
		q.starts = append(q.starts, time.Now())
		q.mu.Unlock()
		resp, err := transport.RoundTrip(r)
		if err == nil {
			resp.Body = &watchedBody{resp.Body, func() { q.read(resp.Header.Get("Ratelimit")) }}
		}
		return resp, err
	})
}

func (q *quotaServer) read(limit string) {
	var left, reset int
	if n, _ := fmt.Sscanf(limit, `"default";r=%d;t=%d`, &left, &reset); n == 2 && left == 0 {
		q.mu.Lock()
		defer q.mu.Unlock()
		now := time.Now()
		q.pauses = append(q.pauses, pause{now, now.Add(time.Duration(reset) * time.Second)})
	}
}

// watchedBody tells when it has been read.
type watchedBody struct {
	io.ReadCloser
	read func()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.read()
	}
	return n, err
}

// run makes calls from goroutines, and returns the errors.
func (q *quotaServer) run(t *testing.T, goroutines, calls int) []error {
	server := &pipeServer{script: pipeAlways(pipeReply{answer: q.answer})}
	client := server.client(t, q.watch(server.transport()))
	work := make(chan int, calls)
	for i := range calls {
		work <- i
	}
	close(work)
	var mu sync.Mutex
	var failed []error
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range work {
				if err := getOrganization(t.Context(), client); err != nil {
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return failed
}

// Many goroutines and a small quota: every call succeeds, and no request is spent where it is known that nothing is
// left. The answers take from no time to longer than a window.
func TestQuotaIsShared(t *testing.T) {
	for _, quota := range []int{1, 3, 5, 20} {
		for _, window := range []time.Duration{2500 * time.Millisecond, 20 * time.Second} {
			for _, latency := range []time.Duration{time.Millisecond, 700 * time.Millisecond, 4 * time.Second} {
				t.Run(fmt.Sprintf("%d in %s, answers in %s", quota, window, latency), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						q := &quotaServer{quota: quota, window: window, latency: latency}
						assert.Empty(t, q.run(t, 16, 200))
						assert.Equal(t, 200, q.served)
						assert.LessOrEqual(t, q.refused, 15, "only those under way before the first answer")
						if quota < 16 {
							require.NotEmpty(t, q.pauses)
						}
						for _, p := range q.pauses {
							for _, start := range q.starts {
								// What starts at the very moment of the reading may have started before it.
								if start.After(p.from) && start.Before(p.to) {
									t.Fatalf("a request started at %s, between %s and %s", start, p.from, p.to)
								}
							}
						}
					})
				})
			}
		}
	}
}

func TestOneGoroutineIsNeverThrottled(t *testing.T) {
	for _, quota := range []int{1, 3, 5, 20} {
		for _, latency := range []time.Duration{0, 300 * time.Millisecond, 1500 * time.Millisecond} {
			t.Run(fmt.Sprintf("%d, answers in %s", quota, latency), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					q := &quotaServer{quota: quota, window: 7300 * time.Millisecond, latency: latency}
					assert.Empty(t, q.run(t, 1, 60))
					assert.Equal(t, 60, q.served)
					assert.Zero(t, q.refused)
				})
			})
		}
	}
}

// While nothing is left, a call waits, or is refused without a request where it cannot.
func TestPause(t *testing.T) {
	limited := cloudflare.ErrRateLimited
	tests := []struct {
		name     string
		limits   string        // the header of the answer before
		maxWait  time.Duration // 0: the default
		deadline time.Duration
		cancel   time.Duration
		waited   time.Duration
		is       []error // nil: sent after the wait
		after    time.Duration
	}{
		{name: "waits for the reset", limits: `"default";r=0;t=20`, waited: 20 * time.Second},
		{name: "waits for the last reset", limits: `"a";r=0;t=2,"b";r=0;t=20,"c";r=0;t=7,"d";r=1;t=25`, waited: 20 * time.Second},
		{name: "waits as long as it may", limits: `"default";r=0;t=30`, waited: 30 * time.Second},
		{name: "something is left", limits: `"default";r=1;t=20`},
		{name: "the reset is now", limits: `"default";r=0;t=0`},
		{name: "no reset", limits: `"default";r=0`},
		{name: "a reset that has been", limits: `"default";r=0;t=-5`},
		{name: "less than nothing is left", limits: `"default";r=-1;t=5`},
		{name: "not a list of limits", limits: `r=0;t=20;"default"`},
		{name: "longer than the longest wait", limits: `"default";r=0;t=31`, is: []error{limited}, after: 31 * time.Second},
		{name: "longer than the longest wait set", limits: `"default";r=0;t=20`, maxWait: 19 * time.Second, is: []error{limited}, after: 20 * time.Second},
		{name: "a year", limits: `"default";r=0;t=31536000`, maxWait: time.Hour, waited: 5 * time.Minute},
		{name: "more than 32 bits hold", limits: `"default";r=0;t=4294967296`, maxWait: time.Hour, waited: 5 * time.Minute},
		{name: "more than a duration holds", limits: `"default";r=0;t=9223372036854775807`, maxWait: time.Hour, waited: 5 * time.Minute},
		{name: "past the deadline", limits: `"default";r=0;t=20`, deadline: 10 * time.Second, is: []error{limited}, after: 20 * time.Second},
		{name: "up to the deadline", limits: `"default";r=0;t=20`, deadline: 20 * time.Second, is: []error{limited}, after: 20 * time.Second},
		{name: "past the deadline and the longest wait", limits: `"default";r=0;t=200`, deadline: 10 * time.Second, is: []error{limited}, after: 200 * time.Second},
		{name: "a year, and the longest wait", limits: `"default";r=0;t=31536000`, is: []error{limited}, after: 5 * time.Minute},
		{name: "before the deadline", limits: `"default";r=0;t=20`, deadline: 21 * time.Second, waited: 20 * time.Second},
		{name: "cancelled", limits: `"default";r=0;t=20`, cancel: 3 * time.Second, waited: 3 * time.Second, is: []error{context.Canceled}},
	}
	for _, test := range tests {
		for _, method := range []string{"GET", "POST"} {
			t.Run(test.name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					opts := []cloudflare.Option{}
					if test.maxWait > 0 {
						opts = append(opts, cloudflare.WithMaxRetryWait(test.maxWait))
					}
					server, client := newPipeServer(t, pipeScript(
						pipeAnswer(200, retryOrg, "Ratelimit: "+test.limits), pipeAnswer(200, retryOrg)), opts...)
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

func TestPauseEndsForThoseWhoDidNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := newPipeServer(t, pipeScript(limitedReply(0, 31536000), pipeAnswer(200, retryOrg)))
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
		server, client := newPipeServer(t, pipeScript(limitedReply(0, 300), pipeAnswer(200, retryOrg)))
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
		{"reset too late", []string{limitHeader(0, 31), "Retry-After: 5"}, 0},
	}
	for _, test := range tests {
		for _, method := range []string{"GET", "POST"} {
			t.Run(test.name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, client := newPipeServer(t, pipeScript(pipeAnswer(429, retryRefusal, test.header...), pipeAnswer(200, retryOrg)))
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
		client := server.client(t, server.transport())
		server.script = func(n int) pipeReply {
			if n == 1 {
				go func() { assert.NoError(t, getOrganization(t.Context(), client)) }()
				return pipeReply{reset: true, answer: func() string { <-time.After(time.Second); return "" }}
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

// A request that is never answered holds others back only for so long.
func TestStalledRequestDoesNotBlockOthersForEver(t *testing.T) {
	stalled := pipeReply{hang: true}
	tests := []struct {
		name    string
		timeout time.Duration
		first   pipeReply
		idle    time.Duration // between the first answer and the request that stalls
		waits   time.Duration
	}{
		{"the last of a window", 0, limitedReply(1, 20), 0, 20 * time.Second},
		{"the last of a window, a year long", 0, limitedReply(1, 31536000), 0, 30 * time.Second},
		{"the last of a window, given up", 2 * time.Second, limitedReply(1, 20), 0, 2 * time.Second},
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

// Where answers do not come, the calls that waited for a reset do not all wait for one another.
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

// turnstile is a limiter that lets one request through at a time, so long after the one before.
type turnstile struct {
	every time.Duration

	mu     sync.Mutex
	next   time.Time
	passed int
}

func (l *turnstile) Wait(ctx context.Context) error {
	l.mu.Lock()
	at := time.Now()
	if at.Before(l.next) {
		at = l.next
	}
	l.next = at.Add(l.every)
	l.passed++
	l.mu.Unlock()
	select {
	case <-time.After(time.Until(at)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestLimiterPacesEveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := &turnstile{every: 4 * time.Second}
		server, client := newPipeServer(t, func(n int) pipeReply {
			return []pipeReply{limitedReply(50, 60), pipeAnswer(503, retryRefusal), {reset: true}}[n%3]
		}, cloudflare.WithLimiter(limiter))
		var wg sync.WaitGroup
		var attempts atomic.Int64
		for range 8 {
			wg.Go(func() {
				var response cloudflare.Response
				_ = getOrganization(t.Context(), client, cloudflare.CaptureResponse(&response))
				attempts.Add(int64(response.Attempts))
			})
		}
		wg.Wait()
		dials, _ := server.seen()
		assert.Greater(t, len(dials), 8, "some calls took more than one attempt")
		assert.Len(t, dials, limiter.passed)
		assert.EqualValues(t, attempts.Load(), len(dials))
		for i := range dials[1:] {
			assert.GreaterOrEqual(t, dials[i+1].Sub(dials[i]), limiter.every)
		}
	})
}

func TestLimiterThatFails(t *testing.T) {
	broken := errors.New("no connection to the limiter")
	refuseAt := func(n int, err error) cloudflare.Limiter {
		calls := 0
		return limiterFunc(func(context.Context) error {
			if calls++; calls == n {
				return err
			}
			return nil
		})
	}
	tests := []struct {
		name   string
		at     int
		err    error
		method string
		is     []error
		status int
	}{
		{"before a read", 1, broken, "GET", []error{broken}, 0},
		{"before a write", 1, broken, "POST", []error{broken}, 0},
		{"before the second attempt of a read", 2, broken, "GET", []error{broken}, 503},
		{"before the second attempt of a write", 2, broken, "PUT", []error{broken, cloudflare.ErrOutcomeUnknown}, 503},
		{"with a rate limit of its own", 1, fmt.Errorf("fleet: %w", cloudflare.ErrRateLimited), "POST", []error{cloudflare.ErrRateLimited}, 0},
		{"with the outcome of another call", 1, fmt.Errorf("last seen: %w", cloudflare.ErrOutcomeUnknown), "POST", nil, 0},
		{"with the error of another call", 1, fmt.Errorf("last seen: %w", &cloudflare.Error{Method: "GET", Path: "/x", StatusCode: 404}), "GET", nil, 0},
		{"with a time-out of its own", 1, fmt.Errorf("limiter of our own: %w", context.DeadlineExceeded), "GET", nil, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newPipeServer(t, pipeAlways(pipeAnswer(503, retryRefusal)), cloudflare.WithLimiter(refuseAt(test.at, test.err)))
				var response cloudflare.Response
				err := retryCallOf(t, test.method).do(t.Context(), client, cloudflare.CaptureResponse(&response))
				assertMatchesOnly(t, err, test.is...)
				assert.Equal(t, slices.Contains(test.is, broken), errors.Is(err, broken))
				assert.ErrorContains(t, err, test.err.Error())
				assert.Equal(t, test.at-1, response.Attempts)
				assert.Equal(t, test.status, response.StatusCode)
				dials, _ := server.seen()
				assert.Len(t, dials, test.at-1)
			})
		})
	}
}

func TestLimiterAndTheCallersContext(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method+"/cancelled while waiting", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter := &turnstile{next: time.Now().Add(time.Minute)}
				server, client := newPipeServer(t, pipeAlways(pipeAnswer(200, retryOrg)), cloudflare.WithLimiter(limiter))
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				start := time.Now()
				err := retryCallOf(t, method).do(ctx, client)
				assert.Equal(t, time.Second, time.Since(start))
				assertMatchesOnly(t, err, context.Canceled)
				dials, _ := server.seen()
				assert.Empty(t, dials)
			})
		})
		t.Run(method+"/ended while a limiter waits that does not look", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter := limiterFunc(func(context.Context) error { <-time.After(time.Minute); return nil })
				server, client := newPipeServer(t, pipeAlways(pipeAnswer(200, retryOrg)), cloudflare.WithLimiter(limiter))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				var response cloudflare.Response
				err := retryCallOf(t, method).do(ctx, client, cloudflare.CaptureResponse(&response))
				assertMatchesOnly(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, "nothing was sent")
				assert.Zero(t, response.Attempts)
				dials, _ := server.seen()
				assert.Empty(t, dials)
			})
		})
		t.Run(method+"/ended before", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter := &turnstile{}
				_, client := newPipeServer(t, pipeAlways(pipeAnswer(200, retryOrg)), cloudflare.WithLimiter(limiter))
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				assertMatchesOnly(t, retryCallOf(t, method).do(ctx, client), context.Canceled)
				assert.Zero(t, limiter.passed, "a place is not taken for nothing")
			})
		})
	}
}

package blackbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/cloudflare"
)

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
			return []pipeReply{limitedReply(50, 60), pipeResponse(503, rejectedBody), {reset: true}}[n%3]
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

// A limiter can pair each admission with the end of its attempt, because it and the hooks receive one context that no
// other attempt has.
func TestLimiterAndHooksReceiveTheContextOfTheAttempt(t *testing.T) {
	for _, method := range []string{"GET", "POST", "PUT"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				type key struct{}
				var mu sync.Mutex
				open, ended := map[context.Context]any{}, 0
				limiter := limiterFunc(func(ctx context.Context) error {
					mu.Lock()
					defer mu.Unlock()
					_, used := open[ctx]
					assert.False(t, used, "another attempt has this context")
					open[ctx] = ctx.Value(key{})
					return nil
				})
				hook := func(ctx context.Context, _ cloudflare.Attempt) {
					mu.Lock()
					defer mu.Unlock()
					value, admitted := open[ctx]
					assert.True(t, admitted, "the limiter has not seen this context")
					assert.Equal(t, value, ctx.Value(key{}))
					ended++
				}
				_, client := newPipeServer(t, func(n int) pipeReply {
					return []pipeReply{
						pipeResponse(429, rejectedBody), {reset: true}, pipeResponse(503, rejectedBody), pipeResponse(200, organizationBody),
					}[n%4]
				}, cloudflare.WithLimiter(limiter), cloudflare.WithAttemptHook(hook), cloudflare.WithAttemptHook(hook))
				shared := context.WithValue(t.Context(), key{}, "both")
				var wg sync.WaitGroup
				for i := range 8 {
					ctx := shared
					if i%2 == 0 {
						ctx = context.WithValue(t.Context(), key{}, i)
					}
					wg.Go(func() { _ = retryCallOf(t, method).do(ctx, client) })
				}
				wg.Wait()
				assert.Greater(t, len(open), 8, "some calls took more than one attempt")
				assert.Equal(t, 2*len(open), ended)
			})
		})
	}
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
		{"with a timeout of its own", 1, fmt.Errorf("limiter of our own: %w", context.DeadlineExceeded), "GET", nil, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newPipeServer(t, pipeAlways(pipeResponse(503, rejectedBody)), cloudflare.WithLimiter(refuseAt(test.at, test.err)))
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
		t.Run(method+"/canceled while waiting", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter := &turnstile{next: time.Now().Add(time.Minute)}
				server, client := newPipeServer(t, pipeAlways(pipeResponse(200, organizationBody)), cloudflare.WithLimiter(limiter))
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
				server, client := newPipeServer(t, pipeAlways(pipeResponse(200, organizationBody)), cloudflare.WithLimiter(limiter))
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
				_, client := newPipeServer(t, pipeAlways(pipeResponse(200, organizationBody)), cloudflare.WithLimiter(limiter))
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				assertMatchesOnly(t, retryCallOf(t, method).do(ctx, client), context.Canceled)
				assert.Zero(t, limiter.passed, "a place is not taken for nothing")
			})
		})
	}
}

// limiterFunc lets any function be a limiter.
type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

package budget

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const (
	quota  = 10
	window = 5 * time.Minute
)

// clock is a Redis whose time passes only when the test says so.
type clock struct {
	*miniredis.Miniredis
	now time.Time
}

func newClock(t *testing.T) *clock {
	c := &clock{miniredis.RunT(t), time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)}
	c.SetTime(c.now)
	return c
}

func (c *clock) pass(d time.Duration) {
	c.now = c.now.Add(d)
	c.SetTime(c.now)
	c.FastForward(d)
}

func (c *clock) budget(t *testing.T, fingerprint string) *Budget {
	client := redis.NewClient(&redis.Options{Addr: c.Addr()})
	t.Cleanup(func() { client.Close() })
	return New(Config{
		Redis:       client,
		Fingerprint: fingerprint,
		Quota:       quota,
		Window:      window,
		Log:         slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
}

// admitted returns how many requests are admitted at this moment. All of them begin, and none ends.
func admitted(t *testing.T, b *Budget) []context.Context {
	t.Helper()
	var requests []context.Context
	for {
		ctx := Sequence(t.Context())
		own := ctx.Value(sequenceKey{}).(*sequence)
		own.request = rand.Text()
		wait, err := b.take(ctx, own.request)
		require.NoError(t, err)
		if wait > 0 {
			return requests
		}
		requests = append(requests, ctx)
	}
}

func end(b *Budget, requests []context.Context) {
	for _, ctx := range requests {
		b.Observe(ctx, cloudflare.Attempt{StatusCode: 200})
	}
}

// No window has more requests than the quota, wherever it begins: neither after a burst, nor where two windows meet.
func TestNoWindowExceedsTheQuota(t *testing.T) {
	redis := newClock(t)
	one, other := redis.budget(t, "key"), redis.budget(t, "key")
	first := admitted(t, one)
	require.Len(t, first, quota)
	assert.Empty(t, admitted(t, other), "the other process has the same quota")
	redis.pass(time.Second) // the API may have counted them until now
	end(one, first[:4])
	redis.pass(time.Second)
	end(one, first[4:])

	redis.pass(window - time.Second)
	assert.Empty(t, admitted(t, other), "four requests may have been counted exactly one window ago")
	redis.pass(time.Millisecond)
	second := admitted(t, other)
	assert.Len(t, second, 4)
	end(other, second)
	redis.pass(time.Second)
	third := admitted(t, one)
	assert.Len(t, third, 6)
	end(one, third)
	redis.pass(window - time.Second)
	assert.Empty(t, admitted(t, one))
}

// A request of a worker that is killed counts for as long as the API may still receive it.
func TestLostRequestsCount(t *testing.T) {
	redis := newClock(t)
	b := redis.budget(t, "key")
	require.Len(t, admitted(t, b), quota)
	redis.pass(window + longestAttempt)
	assert.Empty(t, admitted(t, b))
	redis.pass(time.Millisecond)
	assert.Len(t, admitted(t, b), quota)
	redis.pass(window + longestAttempt + 2*time.Second)
	assert.Empty(t, redis.Keys(), "nothing stays in Redis")
}

func TestRequestCountsOnce(t *testing.T) {
	b := newClock(t).budget(t, "key")
	for range 3 * quota {
		wait, err := b.take(t.Context(), "the same")
		require.NoError(t, err)
		require.Zero(t, wait)
	}
	assert.Len(t, admitted(t, b), quota-1)
}

// A request that was admitted but never sent is used by the next one of its sequence.
func TestUnusedRequest(t *testing.T) {
	b := newClock(t).budget(t, "key")
	ctx := Sequence(t.Context())
	failing := Before(ctx, func(context.Context) error { return errors.New("no") })
	for range 2 * quota {
		require.EqualError(t, b.Wait(failing), "no")
	}
	require.NoError(t, b.Wait(ctx))
	assert.Len(t, admitted(t, b), quota-1)
}

func TestPauseIsShared(t *testing.T) {
	const second = time.Second
	limits := func(remaining int, reset time.Duration) []cloudflare.RateLimit {
		return []cloudflare.RateLimit{
			{Name: "default", Remaining: remaining, Reset: reset},
			{Name: "burst", Remaining: 1, Reset: 400 * second},
		}
	}
	for name, test := range map[string]struct {
		attempt cloudflare.Attempt
		pause   time.Duration
		reason  string
	}{
		"requests remain":             {cloudflare.Attempt{StatusCode: 200, RateLimits: limits(1, 9*second)}, 0, ""},
		"none remain":                 {cloudflare.Attempt{StatusCode: 200, RateLimits: limits(0, 9*second)}, 9 * second, "no requests remain"},
		"429":                         {cloudflare.Attempt{StatusCode: 429, RetryAfter: 7 * second, RayID: "8a-IAD"}, 7 * second, "status 429, ray 8a-IAD"},
		"429 with both":               {cloudflare.Attempt{StatusCode: 429, RetryAfter: 7 * second, RateLimits: limits(0, 9*second)}, 9 * second, "status 429"},
		"429 that says no more":       {cloudflare.Attempt{StatusCode: 429}, window, "status 429"},
		"429 that asks for a day":     {cloudflare.Attempt{StatusCode: 429, RetryAfter: 24 * time.Hour}, longestPause, "status 429"},
		"503, which is no rate limit": {cloudflare.Attempt{StatusCode: 503, RetryAfter: 7 * second}, 0, ""},
		"no response":                 {cloudflare.Attempt{Err: errors.New("reset")}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			redis := newClock(t)
			one, other, stranger := redis.budget(t, "key"), redis.budget(t, "key"), redis.budget(t, "another key")
			one.Observe(t.Context(), test.attempt)
			state, err := other.State(t.Context())
			require.NoError(t, err)
			assert.Equal(t, State{Paused: test.pause, Reason: test.reason}, state)
			wait, err := other.take(t.Context(), "r")
			require.NoError(t, err)
			assert.Equal(t, test.pause, wait)
			wait, err = stranger.take(t.Context(), "r")
			require.NoError(t, err)
			assert.Zero(t, wait)
			if test.pause > second {
				// A response that was overtaken does not shorten the pause.
				other.Observe(t.Context(), cloudflare.Attempt{StatusCode: 429, RetryAfter: second})
				redis.pass(test.pause - time.Millisecond)
				wait, err = one.take(t.Context(), "r")
				require.NoError(t, err)
				assert.Equal(t, time.Millisecond, wait)
				redis.pass(time.Millisecond)
				wait, err = one.take(t.Context(), "r")
				require.NoError(t, err)
				assert.Zero(t, wait)
			}
		})
	}
}

func TestWaitEnds(t *testing.T) {
	redis := newClock(t)
	b := redis.budget(t, "key")
	stopping := make(chan struct{})
	b.Stopping = stopping
	admitted(t, b)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Wait(canceled), context.Canceled)
	go close(stopping)
	require.ErrorIs(t, b.Wait(t.Context()), ErrStopping)

	redis.pass(window + longestAttempt + time.Second)
	require.NoError(t, b.Wait(t.Context()), "a request that need not wait is admitted also while the worker stops")
}

// Wait waits for a Redis that cannot be reached.
func TestWaitOutlastsAnOutage(t *testing.T) {
	redis := newClock(t)
	b := redis.budget(t, "key")
	redis.Close()
	done := make(chan error, 1)
	go func() { done <- b.Wait(t.Context()) }()
	select {
	case err := <-done:
		require.Fail(t, "Wait returned", err)
	case <-time.After(100 * time.Millisecond):
	}
	require.NoError(t, redis.Restart())
	require.NoError(t, <-done)
}

// A client with the options sends nothing that the budget does not admit, and tells it what ended.
func TestOptions(t *testing.T) {
	redis := newClock(t)
	b := redis.budget(t, "key")
	server := cloudflaretest.NewServer().ForTest(t)
	client := server.Client(b.Options()...)
	ctx := Sequence(t.Context())
	id := server.AddOrganization("one", "")
	for range quota {
		_, err := client.Organizations.Get(ctx, id)
		require.NoError(t, err)
	}
	require.Len(t, server.Requests(), quota)
	stopping := make(chan struct{})
	close(stopping)
	b.Stopping = stopping
	_, err := client.Organizations.Get(ctx, id)
	require.ErrorIs(t, err, ErrStopping)
	assert.Len(t, server.Requests(), quota)
	redis.pass(window + time.Millisecond)
	_, err = client.Organizations.Get(ctx, id)
	require.NoError(t, err)

	server.FailNext("GET /organizations/{organization_id}", cloudflaretest.RateLimited(5*time.Minute))
	_, err = client.Organizations.Get(ctx, id)
	require.ErrorIs(t, err, cloudflare.ErrRateLimited)
	state, err := b.State(ctx)
	require.NoError(t, err)
	assert.Equal(t, 5*time.Minute, state.Paused)
}

package redislimit

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
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

func newClock(t testing.TB) *clock {
	c := &clock{miniredis.NewMiniRedis(), time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)}
	require.NoError(t, c.Start())
	t.Cleanup(c.Close)
	c.SetTime(c.now)
	return c
}

func (c *clock) pass(d time.Duration) {
	c.now = c.now.Add(d)
	c.SetTime(c.now)
	c.FastForward(d)
}

// limiter returns a limiter of another process.
func (c *clock) limiter(t testing.TB, config Config) *Limiter {
	if config.Name == "" {
		config.Name = "ops@example.com"
	}
	if config.Quota == 0 {
		config.Quota = quota
	}
	client := redis.NewClient(&redis.Options{Addr: c.Addr()})
	t.Cleanup(func() { client.Close() })
	return New(client, config)
}

// ask asks once, as Wait does, and returns how long Wait would sleep. If that is zero, the request has begun with ctx.
func ask(t testing.TB, l *Limiter, ctx context.Context) time.Duration {
	t.Helper()
	request := rand.Text()
	wait, err := l.admit(t.Context(), request, time.Time{})
	require.NoError(t, err)
	if wait == 0 {
		l.begin(ctx, request)
	}
	return wait
}

// admitted returns how many requests are admitted at this moment. All of them begin, and none ends.
func admitted(t testing.TB, l *Limiter) int {
	t.Helper()
	for n := 0; ; n++ {
		if ask(t, l, t.Context()) > 0 {
			return n
		}
	}
}

// settleFirst sends a request and receives its response, so that something is known.
func settleFirst(t testing.TB, l *Limiter) {
	t.Helper()
	require.Zero(t, ask(t, l, t.Context()))
	l.Observe(200, nil)
}

// end ends requests with a response that reports nothing.
func end(l *Limiter, n int) {
	for range n {
		l.Observe(200, nil)
	}
}

func status(t testing.TB, l *Limiter) Status {
	t.Helper()
	s, err := l.Status(t.Context())
	require.NoError(t, err)
	return s
}

func limits(remaining int, reset time.Duration) []cloudflare.RateLimit {
	return []cloudflare.RateLimit{{Name: "default", Remaining: remaining, Reset: reset}}
}

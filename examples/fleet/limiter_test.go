package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/redislimit"
)

func newLimiter(t *testing.T, quota int) (l limiter, stop func()) {
	t.Helper()
	store := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { store.Close() })
	stopping, stop := context.WithCancel(t.Context())
	return limiter{redislimit.New(store, redislimit.Config{Name: "x", Quota: quota}), stopping}, stop
}

// While the worker stops, a request is sent if it need not wait. Others end, also if they wait already.
func TestStoppingLimiter(t *testing.T) {
	l, stop := newLimiter(t, 2)
	require.NoError(t, l.Wait(t.Context()))
	l.shared.Observe(200, nil)
	stop()
	require.NoError(t, l.Wait(t.Context()))
	require.ErrorIs(t, l.Wait(t.Context()), errStopping)

	l, stop = newLimiter(t, 1)
	require.NoError(t, l.Wait(t.Context()))
	waited := make(chan error)
	go func() { waited <- l.Wait(t.Context()) }()
	select {
	case err := <-waited:
		require.Fail(t, "Wait returned", err)
	case <-time.After(50 * time.Millisecond):
	}
	stop()
	require.ErrorIs(t, <-waited, errStopping)

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Wait(canceled), context.Canceled)
}

// The function of before runs once for each request, after its admission. If it fails, the request is not sent.
func TestBefore(t *testing.T) {
	l, stop := newLimiter(t, 3)
	defer stop()
	calls := 0
	failing := before(t.Context(), func(context.Context) error {
		calls++
		status, err := l.shared.Status(t.Context())
		require.NoError(t, err)
		assert.Equal(t, calls, status.Used)
		return errors.New("no")
	})
	for range 2 {
		require.EqualError(t, l.Wait(failing), "no")
		status, err := l.shared.Status(t.Context())
		require.NoError(t, err)
		assert.Zero(t, status.UnderWay)
	}
	assert.Equal(t, 2, calls)
}

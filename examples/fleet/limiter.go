package main

import (
	"context"
	"errors"
	"time"

	"example.com/cloudflare/redislimit"
)

// patience is how long a request may wait for its admission while the worker stops.
const patience = time.Second

var errStopping = errors.New("the worker is stopping, and no request remains at once")

// limiter admits the requests of a worker to the quota that all workers share.
type limiter struct {
	shared   *redislimit.Limiter
	stopping context.Context // once it has ended, no request waits for longer than patience
}

// limiter returns the quota of a credential and a base URL.
func (f *fleet) limiter(tasks *queue) *redislimit.Limiter {
	return redislimit.New(tasks.store, redislimit.Config{Name: tasks.name, Quota: f.quota, Window: f.window, Logger: f.log})
}

// Wait implements [cloudflare.Limiter].
func (l limiter) Wait(ctx context.Context) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.stopping, func() { time.AfterFunc(patience, cancel) })()
	switch err := l.shared.Wait(waiting); {
	case err == nil:
	case ctx.Err() == nil && waiting.Err() != nil:
		return errStopping
	default:
		return err
	}
	if before, ok := ctx.Value(beforeKey{}).(func(context.Context) error); ok {
		if err := before(ctx); err != nil {
			l.shared.Observe(0, nil) // the request is not sent
			return err
		}
	}
	return nil
}

type beforeKey struct{}

// before returns a context for calls that must not send anything unless f succeeds. A limiter calls f after it has
// admitted a request, so that little time passes between f and the request.
func before(ctx context.Context, f func(context.Context) error) context.Context {
	return context.WithValue(ctx, beforeKey{}, f)
}

package main

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hibiken/asynq"

	"example.com/cloudflare"
)

// later is an error after which a task goes back to the queue. It does not count as a failure of the task.
type later struct {
	error
	after time.Duration
}

func (e later) Unwrap() error { return e.error }

// permanent is an error after which a task goes to the archive, because another run would end in the same way.
type permanent struct{ error }

func (e permanent) Unwrap() error { return e.error }

// Is makes asynq skip the retries.
func (e permanent) Is(target error) bool { return target == asynq.SkipRetry }

const longestDelay = 5 * time.Minute

// judge decides what an error means for its task. An error that is neither later nor permanent counts as a failure: the
// task is retried, and goes to the archive after maxRetries. That is safe after [cloudflare.ErrOutcomeUnknown] too,
// because every run of a task looks before it writes.
func judge(err error) error {
	_, isLater := errors.AsType[later](err)
	_, isAmbiguous := errors.AsType[*cloudflare.AmbiguousError](err)
	switch {
	case err == nil, isLater, errors.Is(err, asynq.SkipRetry):
		return err
	case errors.Is(err, errStopping):
		return later{err, 0}
	case errors.Is(err, cloudflare.ErrOutcomeUnknown), errors.Is(err, cloudflare.ErrUnavailable):
		return err // ErrUnavailable is also the 403 or 404 of a proxy
	case errors.Is(err, cloudflare.ErrRateLimited):
		return later{err, cmp.Or(cloudflare.RetryAfter(err), time.Second)}
	case errors.Is(err, cloudflare.ErrInvalidArgument), isAmbiguous, isRejected(err):
		return permanent{err}
	}
	return err
}

// isRejected reports whether the API will respond to the same request in the same way.
func isRejected(err error) bool {
	e, ok := errors.AsType[*cloudflare.Error](err)
	if !ok {
		return false
	}
	return e.StatusCode >= 400 && e.StatusCode < 500 && e.StatusCode != http.StatusConflict && e.StatusCode != http.StatusTooEarly
}

// isFailure implements the IsFailure of [asynq.Config].
func isFailure(err error) bool {
	_, isLater := errors.AsType[later](err)
	return err != nil && !isLater
}

// retryDelay implements [asynq.RetryDelayFunc].
func retryDelay(n int, err error, _ *asynq.Task) time.Duration {
	if e, ok := errors.AsType[later](err); ok {
		return e.after
	}
	if errors.Is(err, asynq.ErrLeaseExpired) { // a minute has passed already
		return 0
	}
	delay := min(time.Second<<min(n, 20), longestDelay)
	if e, ok := errors.AsType[*cloudflare.Error](err); ok {
		delay = max(delay, min(e.RetryAfter, time.Hour))
	}
	return delay + rand.N(delay/4+1)
}

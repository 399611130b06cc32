// Package budget shares one quota of requests between any number of processes. It keeps the quota in Redis.
//
// The API allows a number of requests in each window of time to a user, over all processes and machines. A [Budget]
// admits no more than that in any window, however the API aligns its own. A fixed window cannot promise that: it may
// admit the whole quota just before the border between two windows, and again just after it. A token bucket cannot
// either: it admits its burst and what flows in meanwhile, which is twice the quota if the burst is the quota. A Budget
// therefore remembers each request of the last window.
package budget

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"example.com/cloudflare"
)

const (
	attemptTimeout = 30 * time.Second
	retryWait      = 5 * time.Second // longest wait of the client itself; longer ones are left to the caller

	longestAttempt = attemptTimeout + retryWait // from Wait to the end of the attempt
	longestPause   = time.Hour
	longestSleep   = time.Second // then Wait looks again: a request may have ended early

	outage     = time.Minute // without Redis, before Wait gives up
	outagePoll = 500 * time.Millisecond
)

// ErrStopping is the error of a request that would have to wait while the process stops. The request was not sent.
var ErrStopping = errors.New("the worker is stopping, and no request remains at once")

// Config describes a Budget.
type Config struct {
	Redis       redis.UniversalClient
	Fingerprint string // of the credential and the base URL; processes with the same one share a quota
	Quota       int    // requests in any window
	Window      time.Duration
	Stopping    <-chan struct{} // once closed, no request waits any more; may be nil
	Log         *slog.Logger
}

// Budget implements [cloudflare.Limiter]. Create one with New. It is safe for concurrent use.
type Budget struct {
	Config
	keys []string
}

// New returns a Budget.
func New(config Config) *Budget {
	prefix := "fleet:{" + config.Fingerprint + "}:"
	return &Budget{Config: config, keys: []string{prefix + "requests", prefix + "paused"}}
}

// Options returns the options that make a client keep to the budget.
func (b *Budget) Options() []cloudflare.Option {
	return []cloudflare.Option{
		cloudflare.WithLimiter(b),
		cloudflare.WithAttemptHook(b.Observe),
		cloudflare.WithTimeout(attemptTimeout),
		cloudflare.WithMaxRetryWait(retryWait),
	}
}

type sequenceKey struct{}

// sequence is what Wait and Observe know of each other: the request that Wait admitted and Observe has not seen end.
type sequence struct{ request string }

// Sequence returns a context for calls that are made one after another. Without it, a Budget does not see when a request
// has ended, and counts the request for half a minute longer than necessary.
func Sequence(ctx context.Context) context.Context {
	return context.WithValue(ctx, sequenceKey{}, new(sequence))
}

type beforeKey struct{}

// Before returns a context for calls that must not send anything unless f succeeds. Wait calls f after it has admitted a
// request, so that little time passes between f and the request.
func Before(ctx context.Context, f func(context.Context) error) context.Context {
	return context.WithValue(ctx, beforeKey{}, f)
}

// take admits a request, and returns 0 or how many milliseconds to wait. It is safe to repeat: a request counts once.
//
// The API may count a request at any time until its response. So take records the latest time at which that can be, and
// settle replaces it by the time of the response. A request is forgotten one window later, and not before that: a worker
// that is killed while its request is on the way cannot make others exceed the quota.
var take = redis.NewScript(`
local requests, paused = KEYS[1], KEYS[2]
local request, quota, window, longest = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local pause = redis.call('PTTL', paused)
if pause > 0 then
	return pause
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', requests, '-inf', '(' .. now - window)
if not redis.call('ZSCORE', requests, request) and redis.call('ZCARD', requests) >= quota then
	return redis.call('ZRANGE', requests, 0, 0, 'WITHSCORES')[2] + window + 1 - now
end
redis.call('ZADD', requests, now + longest, request)
redis.call('PEXPIRE', requests, window + longest + 1000)
return 0
`)

// settle records that a request has ended, if it names one, and begins a pause of all workers, if it names a longer one
// than there is.
var settle = redis.NewScript(`
local requests, paused = KEYS[1], KEYS[2]
local request, pause, reason, keep = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
if request ~= '' then
	local time = redis.call('TIME')
	redis.call('ZADD', requests, time[1] * 1000 + math.floor(time[2] / 1000), request)
	redis.call('PEXPIRE', requests, keep)
end
if pause > 0 and redis.call('PTTL', paused) < pause then
	redis.call('SET', paused, reason, 'PX', pause)
end
return 0
`)

// Wait blocks until the budget admits a request. While Redis cannot be reached, it waits for up to a minute.
func (b *Budget) Wait(ctx context.Context) error {
	own, ok := ctx.Value(sequenceKey{}).(*sequence)
	if !ok {
		own = new(sequence)
	}
	own.request = cmp.Or(own.request, rand.Text())
	var lost time.Time // when Redis could not be reached for the first time
	for {
		sleep, err := b.take(ctx, own.request)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && sleep <= 0:
			if before, ok := ctx.Value(beforeKey{}).(func(context.Context) error); ok {
				return before(ctx)
			}
			return nil
		case err == nil:
			sleep, lost = min(sleep, longestSleep), time.Time{}
		case lost.IsZero():
			b.Log.Warn("the budget waits for Redis", "error", err)
			sleep, lost = outagePoll, time.Now()
		case time.Since(lost) > outage:
			return fmt.Errorf("budget: %w", err)
		default:
			sleep = outagePoll
		}
		timer := time.NewTimer(sleep)
		select {
		case <-timer.C:
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-b.Stopping:
			err = ErrStopping
		}
		timer.Stop()
		return err
	}
}

func (b *Budget) take(ctx context.Context, request string) (time.Duration, error) {
	wait, err := take.Run(ctx, b.Redis, b.keys,
		request, b.Quota, b.Window.Milliseconds(), longestAttempt.Milliseconds()).Int64()
	return time.Duration(wait) * time.Millisecond, err
}

// Observe takes note of an attempt: it has ended, and perhaps all workers must pause. If Redis cannot be reached, the
// request counts for longer than necessary, and the next response that says so begins the pause.
func (b *Budget) Observe(ctx context.Context, attempt cloudflare.Attempt) {
	request := ""
	if own, ok := ctx.Value(sequenceKey{}).(*sequence); ok {
		request, own.request = own.request, ""
	}
	pause, reason := b.pauseAfter(attempt)
	if request == "" && pause == 0 {
		return
	}
	// A call that is canceled has an attempt that ends, too.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	err := settle.Run(ctx, b.Redis, b.keys,
		request, pause.Milliseconds(), reason, (b.Window + longestAttempt).Milliseconds()).Err()
	if err != nil {
		b.Log.Warn("the budget could not record a response", "error", err)
	}
	if pause > 0 {
		b.Log.Warn("all workers pause", "for", pause, "reason", reason)
	}
}

// pauseAfter returns how long nothing must be sent after a response, and why.
func (b *Budget) pauseAfter(attempt cloudflare.Attempt) (pause time.Duration, reason string) {
	for _, limit := range attempt.RateLimits {
		if limit.Remaining == 0 && limit.Reset > pause {
			pause, reason = limit.Reset, "no requests remain"
		}
	}
	if attempt.StatusCode == 429 {
		// Who exceeds the limit is blocked for a window. A response that does not say how long may still mean that.
		pause = cmp.Or(max(pause, attempt.RetryAfter), b.Window)
		reason = "status 429"
		if attempt.RayID != "" {
			reason += ", ray " + attempt.RayID
		}
	}
	return min(pause, longestPause), reason
}

// State describes a budget at one time.
type State struct {
	Used   int           // requests that count now
	Paused time.Duration // how long nothing is sent; zero for no pause
	Reason string        // of the pause
}

// State returns the state of the budget.
func (b *Budget) State(ctx context.Context) (State, error) {
	now, err := b.Redis.Time(ctx).Result()
	if err != nil {
		return State{}, err
	}
	pipe := b.Redis.Pipeline()
	used := pipe.ZCount(ctx, b.keys[0], fmt.Sprint(now.Add(-b.Window).UnixMilli()), "+inf")
	paused, reason := pipe.PTTL(ctx, b.keys[1]), pipe.Get(ctx, b.keys[1])
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return State{}, err
	}
	return State{Used: int(used.Val()), Paused: max(0, paused.Val()), Reason: reason.Val()}, nil
}

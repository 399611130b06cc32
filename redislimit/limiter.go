package redislimit

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	randv2 "math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"example.com/cloudflare"
)

const (
	longest      = 7 * time.Minute // from the admission of a request to its end, by the defaults of a client and half a minute
	longestSleep = time.Second     // then Wait looks again: a request may have ended early
	outagePoll   = 500 * time.Millisecond

	longestAdmission = 10 * time.Second // from the question to the response; a later one may not count any more
)

var (
	//go:embed admit.lua
	admitSource string
	//go:embed record.lua
	recordSource string
	//go:embed status.lua
	statusSource string

	admitScript  = redis.NewScript(admitSource)
	recordScript = redis.NewScript(recordSource)
	statusScript = redis.NewScript(statusSource)
)

var errNoResponse = errors.New("no response in time")

// Config describes a quota. All processes that share it need the same Config.
type Config struct {
	// Name identifies the quota. The API has one for each user, so an email address is a good name. It must not be empty.
	// It is part of the keys in Redis, so it must not be a credential.
	Name string

	Quota  int           // requests that the API allows in a window; 1,200 if it is zero
	Window time.Duration // five minutes if it is zero; otherwise at least a second
	Leave  int           // requests of the quota that are left to people and to other programs; less than Quota

	// Outage is how long Wait waits for a Redis that does not respond. Zero means one minute. If it is negative, Wait
	// returns an error at once.
	Outage time.Duration

	// Logger logs waits of a second or more, pauses, and a Redis that does not respond or that may drop keys. It may be
	// nil.
	Logger *slog.Logger
}

// Limiter is a [cloudflare.Limiter] that shares a quota with other processes. It is safe for concurrent use. Create one
// with [New].
type Limiter struct {
	config  Config
	client  redis.UniversalClient
	keys    []string
	invalid error
	warned  atomic.Bool // of the eviction policy

	mu       sync.Mutex
	underWay []admission // of this process, by their admission
}

// admission is a request that was admitted and has not ended.
type admission struct {
	ctx     context.Context // of Wait
	request string
	until   time.Time // then it does not end any more
}

// New returns a limiter. If client is nil or config is not valid, all methods return an error that matches
// [cloudflare.ErrInvalidArgument]. New sends nothing to Redis.
func New(client redis.UniversalClient, config Config) *Limiter {
	l := &Limiter{client: client}
	invalid := func(format string, args ...any) {
		if l.invalid == nil {
			l.invalid = fmt.Errorf("redislimit: %w: "+format, append([]any{cloudflare.ErrInvalidArgument}, args...)...)
		}
	}
	if client == nil {
		invalid("the Redis client is nil")
	}
	if config.Name == "" {
		invalid("Config.Name must not be empty")
	}
	if config.Quota < 0 {
		invalid("Config.Quota must not be negative, as %d is", config.Quota)
	}
	config.Quota = cmp.Or(config.Quota, 1200)
	if config.Leave < 0 || config.Leave >= config.Quota {
		invalid("Config.Leave must be between 0 and %d, not %d", config.Quota-1, config.Leave)
	}
	config.Window = cmp.Or(config.Window, 5*time.Minute)
	if config.Window < time.Second || config.Window > 24*time.Hour {
		invalid("Config.Window must be between 1s and 24h, not %s", config.Window)
	}
	config.Outage = cmp.Or(config.Outage, time.Minute)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	config.Logger = config.Logger.With("quota", config.Name)
	l.config = config
	for _, key := range []string{"open", "ended", "paused", "reported", "first"} {
		l.keys = append(l.keys, "redislimit:{"+url.QueryEscape(config.Name)+"}:"+key)
	}
	return l
}

// Options returns the options that make a client keep to the quota: a limiter, and a hook that records the end of each
// attempt. A limiter that comes after them in the options of a client replaces l. It must then call Wait with the
// context that it receives.
func (l *Limiter) Options() []cloudflare.Option {
	return []cloudflare.Option{cloudflare.WithLimiter(l), cloudflare.WithAttemptHook(l.ended)}
}

// Wait blocks until the quota admits a request. A client with the [Limiter.Options] calls it. Another program must call
// it before each request, each retry and each redirect, send the request at once, and call [Limiter.Observe] when the
// response has arrived.
//
// Wait returns an error that matches [cloudflare.ErrRateLimited] at once if no request can be admitted before the
// deadline of ctx. It returns the error of ctx if ctx ends, and an error if Redis does not respond for longer than
// Config.Outage. No request must be sent after an error.
func (l *Limiter) Wait(ctx context.Context) error {
	if l.invalid != nil {
		return l.invalid
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	request := rand.Text()
	var lost time.Time // when Redis did not respond for the first time
	told := false
	for {
		asked := time.Now()
		wait, err := l.admit(ctx, request, lost)
		switch {
		case err == nil && wait == 0:
			l.begin(ctx, request)
			l.warnOfEviction(ctx)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			lost = time.Time{}
			if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
				return fmt.Errorf("redislimit: %w: no request can be sent for %s, which is past the deadline", cloudflare.ErrRateLimited, wait.Round(time.Millisecond))
			}
			if wait >= time.Second && !told {
				told = true
				l.config.Logger.LogAttrs(ctx, slog.LevelInfo, "redislimit waits", slog.Duration("for", wait))
			}
			wait = min(wait, longestSleep)
			wait += randv2.N(wait/10 + 1) // those that wait together do not ask together
		default:
			if lost.IsZero() {
				lost = asked
				l.config.Logger.LogAttrs(ctx, slog.LevelWarn, "redislimit waits for Redis", slog.Any("error", err))
			}
			if time.Since(lost) >= l.config.Outage || isPermanent(err) {
				return fmt.Errorf("redislimit: no admission by Redis: %w", err)
			}
			wait = outagePoll
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// admit asks once, and returns 0 or for how long to wait. If ctx ends first, or if Redis does not respond in time, the
// request is not admitted.
func (l *Limiter) admit(ctx context.Context, request string, lost time.Time) (time.Duration, error) {
	asked := time.Now()
	patience := l.config.Outage
	if !lost.IsZero() {
		patience -= time.Since(lost)
	}
	patient, cancel := context.WithTimeoutCause(ctx, max(patience, time.Second), errNoResponse)
	defer cancel()
	return inTime(patient, func(ctx context.Context) (time.Duration, error) {
		wait, err := admitScript.Run(ctx, l.client, l.keys, request, l.config.Quota-l.config.Leave, l.config.Leave,
			l.config.Window.Milliseconds(), longest.Milliseconds()).Int64()
		if err == nil && wait == 0 && time.Since(asked) > longestAdmission { // this process or Redis was stopped meanwhile
			err = errNoResponse
		}
		return time.Duration(wait) * time.Millisecond, err
	}, func(wait time.Duration) {
		if wait == 0 { // nobody waits for it any more
			l.client.ZRem(context.WithoutCancel(ctx), l.keys[0], request)
		}
	})
}

// inTime returns what f returns, or an error when ctx ends. A client of Redis may wait for a response for longer than
// that. If f succeeds after inTime has returned, then late is called.
func inTime[T any](ctx context.Context, f func(context.Context) (T, error), late func(T)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome)
	go func() {
		value, err := f(context.WithoutCancel(ctx))
		select {
		case done <- outcome{value, err}:
		case <-ctx.Done():
			if err == nil {
				late(value)
			}
		}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return *new(T), context.Cause(ctx)
	}
}

// isPermanent reports whether another try would end in the same way.
func isPermanent(err error) bool {
	return redis.IsAuthError(err) || redis.IsPermissionError(err) || errors.Is(err, redis.ErrClosed)
}

// begin remembers a request until its end.
func (l *Limiter) begin(ctx context.Context, request string) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underWay = slices.DeleteFunc(l.underWay, func(a admission) bool { return a.until.Before(now) })
	l.underWay = append(l.underWay, admission{ctx, request, now.Add(longest)})
}

// end returns the request that was admitted with ctx, or "" if there is none under way. If ctx is nil or unknown, it
// returns the one that was admitted first: if another one has ended, then that one remains under way in its place, and
// counts for longer.
func (l *Limiter) end(ctx context.Context) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.underWay) == 0 {
		return ""
	}
	i := max(0, slices.IndexFunc(l.underWay, func(a admission) bool { return ctx != nil && a.ctx == ctx }))
	request := l.underWay[i].request
	l.underWay = slices.Delete(l.underWay, i, i+1)
	return request
}

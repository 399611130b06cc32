package redislimit

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/cloudflare"
)

const (
	late        = time.Second     // a request without a response may reach the API after its end
	longAttempt = 3 * time.Second // to record an end in Redis
	mostLimits  = 8               // of one response
)

// Observe records that a request has ended, and what its response reports in the Ratelimit and Retry-After headers:
// fewer remaining requests, or a pause for all processes. A program must call it once for each request that
// [Limiter.Wait] has admitted, with status 0 if there is no response. A client with the [Limiter.Options] does so by
// itself.
//
// If Redis does not respond, Observe returns after three seconds at most. The request then counts for seven minutes
// longer than necessary.
func (l *Limiter) Observe(status int, header http.Header) {
	l.record(context.Background(), nil, response{
		status:     status,
		ray:        header.Get("Cf-Ray"),
		retryAfter: retryAfter(header, time.Now()),
		limits:     rateLimits(header),
	})
}

// ended is the hook of a client.
func (l *Limiter) ended(ctx context.Context, attempt cloudflare.Attempt) {
	l.record(context.WithoutCancel(ctx), ctx, response{
		status:     attempt.StatusCode,
		ray:        attempt.RayID,
		retryAfter: attempt.RetryAfter,
		limits:     attempt.RateLimits,
	})
}

// response is what matters of a response. Without one, its status is 0.
type response struct {
	status     int
	ray        string
	retryAfter time.Duration
	limits     []cloudflare.RateLimit
}

// record records the end of a request that was admitted with the context admitted.
func (l *Limiter) record(ctx, admitted context.Context, r response) {
	if l.invalid != nil {
		return
	}
	request := l.end(admitted)
	pause, reason := l.pauseAfter(r)
	lost, delay := 0, time.Duration(0)
	if r.status == 0 {
		lost, delay = 1, late
	}
	args := []any{request, lost, delay.Milliseconds(), l.config.Window.Milliseconds(), pause.Milliseconds(), reason}
	for _, limit := range r.limits[:min(len(r.limits), mostLimits)] {
		if limit.Reset > 0 {
			args = append(args, limit.Name, limit.Remaining, min(limit.Reset, l.longestPause()).Milliseconds())
		}
	}
	if pause > 0 {
		l.config.Logger.LogAttrs(ctx, slog.LevelWarn, "redislimit pauses all processes", slog.Duration("for", pause), slog.String("reason", reason))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longAttempt, errNoResponse)
	defer cancel()
	_, err := inTime(ctx, func(ctx context.Context) (any, error) {
		return nil, recordScript.Run(ctx, l.client, l.keys, args...).Err()
	}, func(any) {})
	if err != nil {
		l.config.Logger.LogAttrs(ctx, slog.LevelWarn, "redislimit could not record a response", slog.Any("error", err))
	}
}

// pauseAfter returns how long nothing must be sent after a response with status 429, and why.
func (l *Limiter) pauseAfter(r response) (pause time.Duration, reason string) {
	if r.status != http.StatusTooManyRequests {
		return 0, ""
	}
	pause, reason = r.retryAfter, "status 429"
	for _, limit := range r.limits {
		if limit.Remaining == 0 {
			pause = max(pause, limit.Reset)
		}
	}
	if pause <= 0 { // the API blocks for a window
		pause = l.config.Window
	}
	if r.ray != "" && strings.Trim(strings.ToLower(r.ray), "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && len(r.ray) <= 64 {
		reason += ", ray " + r.ray
	}
	return min(pause, l.longestPause()), reason
}

// longestPause bounds how long a response can keep all processes from sending requests.
func (l *Limiter) longestPause() time.Duration { return max(l.config.Window, 5*time.Minute) }

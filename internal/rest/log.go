package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// Attempt describes one attempt of a call to the hooks. It contains no credential, except in Header if the server
// echoed one.
type Attempt struct {
	Method string
	Path   string // escaped, below the base URL, without the query
	Route  string // the path with placeholders for IDs
	Number int    // 1 for the first attempt of a call

	StatusCode int // 0 without a response
	RayID      string
	RetryAfter time.Duration
	Header     http.Header // of the response, as sent: Redact removes the credentials
	Err        error       // why there is no response, or why it was not read to its end

	Waited         time.Duration // for the limiter, the rate limit and the credential source, before the attempt
	Start          time.Time
	Duration       time.Duration // from Start to the end of the response
	OutcomeUnknown bool          // this attempt is a write that may have happened
	Retry          bool          // another attempt follows, after RetryIn
	RetryIn        time.Duration

	Redact func(string) string // redacts the credentials of this attempt and of earlier ones
}

// report completes a and passes it to the hooks.
func (s *Sender) report(ctx context.Context, a Attempt, response *RawResponse, redact func(string) string) {
	a.Path, a.Route, a.Redact = redact(a.Path), redact(a.Route), redact
	if response != nil {
		if a.Err == nil {
			a.Err = response.Incomplete
		}
		a.RetryAfter = response.RetryAfter
		a.StatusCode, a.RayID, a.Header = response.StatusCode, Line(redact, response.Header.Get("Cf-Ray")), response.Header
	}
	if !a.Retry { // without a retry, RetryIn is the wait that the server requested
		a.RetryIn = 0
	}
	for _, hook := range s.Hooks {
		hook(ctx, a)
	}
}

// level is Debug for a success. It is Info if the cause is the call itself: a 4xx, or a canceled context. It is Warn if
// something is wrong with the network or the API, which an operator may want to know even if the next attempt succeeds.
func (a *Attempt) level() slog.Level {
	switch {
	case errors.Is(a.Err, context.Canceled):
		return slog.LevelInfo
	case a.StatusCode == 0:
		return slog.LevelWarn
	case a.StatusCode < 300:
		return slog.LevelDebug
	case a.StatusCode/100 == 4 && judgeStatus(a.StatusCode) == settled:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// LogTo returns a hook that writes to l. Only LogTo refers to the code that writes records. So the linker can leave
// that code, and the handlers of slog, out of a program that does not use WithLogger.
func LogTo(l *slog.Logger) func(context.Context, Attempt) {
	return func(ctx context.Context, a Attempt) {
		level := a.level()
		if !l.Enabled(ctx, level) {
			return
		}
		attrs := []slog.Attr{
			slog.String("method", a.Method),
			slog.String("path", a.Path),
			slog.Int("attempt", a.Number),
			slog.Duration("duration", a.Duration),
		}
		if a.StatusCode != 0 {
			attrs = append(attrs, slog.Int("status", a.StatusCode))
		}
		if a.RayID != "" {
			attrs = append(attrs, slog.String("ray_id", a.RayID))
		}
		if a.Err != nil {
			attrs = append(attrs, slog.String("error", a.Err.Error()))
		}
		if a.Waited >= time.Millisecond {
			attrs = append(attrs, slog.Duration("waited", a.Waited))
		}
		if a.OutcomeUnknown {
			attrs = append(attrs, slog.Bool("outcome_unknown", true))
		}
		if a.Retry {
			attrs = append(attrs, slog.Duration("retry_in", a.RetryIn))
		}
		l.LogAttrs(ctx, level, "cloudflare request", attrs...)
	}
}

// LogWaitsTo returns a hook that writes a record to l when a call begins to wait for the rate limit.
func LogWaitsTo(l *slog.Logger) func(context.Context, time.Duration) {
	return func(ctx context.Context, wait time.Duration) {
		l.LogAttrs(ctx, slog.LevelInfo, "cloudflare rate limit", slog.Duration("wait", wait))
	}
}

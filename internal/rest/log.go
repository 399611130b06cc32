package rest

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// record is what the log says of one attempt.
type record struct {
	method, path string
	attempt      int
	waited       time.Duration // for the limiter and the rate limit, before it was sent
	duration     time.Duration
	answer       *RawResponse
	err          error
	unknown      bool
	again        bool
	wait         time.Duration
}

// level is for who should look: nobody after a success; whoever wrote the call where the API says no or the caller is
// gone; an operator where something is wrong on the way or at the API, even if another attempt mends it.
func (r *record) level() slog.Level {
	switch {
	case r.err != nil && errors.Is(r.err, context.Canceled):
		return slog.LevelInfo
	case r.err != nil:
		return slog.LevelWarn
	case r.answer.StatusCode < 300:
		return slog.LevelDebug
	case r.answer.StatusCode/100 == 4 && judgeStatus(r.answer.StatusCode) == settled:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// Log logs one attempt.
type Log func(context.Context, Credential, record)

// LogTo returns a Log that writes to l. Nothing else refers to what writes records, so that the linker leaves it, and
// slog's handlers with it, out of a program that asks for no log.
func LogTo(l *slog.Logger) Log {
	return func(ctx context.Context, credential Credential, r record) {
		if !l.Enabled(ctx, r.level()) {
			return
		}
		attrs := []slog.Attr{
			slog.String("method", r.method),
			slog.String("path", credential.Scrub(r.path)),
			slog.Int("attempt", r.attempt),
			slog.Duration("duration", r.duration),
		}
		if r.err != nil {
			attrs = append(attrs, slog.String("error", r.err.Error()))
		} else {
			attrs = append(attrs, slog.Int("status", r.answer.StatusCode))
			if ray := r.answer.Header.Get("Cf-Ray"); ray != "" {
				attrs = append(attrs, slog.String("ray_id", credential.Scrub(ray)))
			}
		}
		if r.waited >= time.Millisecond {
			attrs = append(attrs, slog.Duration("waited", r.waited))
		}
		if r.unknown {
			attrs = append(attrs, slog.Bool("outcome_unknown", true))
		}
		if r.again {
			attrs = append(attrs, slog.Duration("retry_in", r.wait))
		}
		l.LogAttrs(ctx, r.level(), "cloudflare request", attrs...)
	}
}

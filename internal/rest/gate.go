package rest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// maxPause bounds how long a server can delay all calls. The API blocks a user for five minutes.
const maxPause = 5 * time.Minute

// slowStart is how long probing lasts if no response ends it. It is longer than the time that responses take, so that
// calls wait for the first one.
const slowStart = 30 * time.Second

// gate keeps the rate limit of a user, which all calls of a client share. The API allows 1,200 requests per 5 minutes
// to a user, over all of the user's credentials, and 200 requests per second to an IP address. Each response reports
// the first limit in its Ratelimit header: the number of requests that remain, and the time until that number is reset.
// A user who exceeds a limit is blocked for five minutes.
//
// While no requests remain, no request starts. While few remain, no more requests are under way than remain. Otherwise
// calls that waited together would exceed the limit again and use up their attempts.
//
//	          requests under way  a response reports a limit        it reports none  until has passed
//	open      any number          limited, or paused if none remain
//	limited   at most allowed     the same, unless it is outdated                    probing if calls may wait, else open
//	paused    none                a later reset counts                               probing
//	probing   at most allowed     limited, or paused if none remain allowed + 1      open
//
// Responses can arrive out of order, so a response may report more requests than remain by now. Such a response must
// not raise allowed. Therefore a response raises allowed only if no other request is under way, and never during a
// pause. Any response may lower allowed. Probing begins with allowed at one more than the requests under way. The
// response to that one request reports the size of the new window.
type gate struct {
	mu       sync.Mutex
	state    gateState
	allowed  int       // how many requests may be under way, unless the state is open
	until    time.Time // when the state ends, unless it is open
	underWay int
	changed  chan struct{} // closed when a waiting call should look again; nil while none waits
}

type gateState int

const (
	open gateState = iota
	limited
	paused
	probing
)

// enter waits until a request may start; leave must follow. If a pause is longer than limit or would pass the deadline
// of ctx, enter returns ErrRateLimited at once, and the time until the reset. If ctx has ended, enter returns an error,
// so that a write does not count as sent. If the requests under way do not end, enter waits no longer than limit. The
// request that it then allows may get a 429.
func (g *gate) enter(ctx context.Context, limit time.Duration) (reset time.Duration, err error) {
	for overdue := false; ; {
		if err := contextError(ctx); err != nil {
			return 0, err
		}
		g.mu.Lock()
		now := time.Now()
		g.expire(now)
		if g.state == open || g.underWay < g.allowed || overdue && g.state != paused {
			g.underWay++
			g.mu.Unlock()
			return 0, nil
		}
		wait, pause := g.until.Sub(now), g.state == paused
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()

		if pause {
			used := fmt.Errorf("%w: no requests remain before the reset in %s", ErrRateLimited, wait.Round(time.Millisecond))
			switch {
			case deadlineError(ctx, wait) != nil:
				return wait, fmt.Errorf("%w, which is past the deadline", used)
			case wait > limit:
				return wait, fmt.Errorf("%w, which is longer than the maximum wait of %s", used, limit)
			}
		}
		timer := time.NewTimer(min(wait, limit))
		select {
		case <-timer.C:
			overdue = !pause && wait > limit
		case <-changed:
		case <-ctx.Done():
			timer.Stop()
			return 0, contextError(ctx)
		}
		timer.Stop()
	}
}

// expire ends a state whose time has passed.
func (g *gate) expire(now time.Time) {
	if g.state == open || now.Before(g.until) {
		return
	}
	if g.state != probing && g.underWay >= g.allowed {
		g.state, g.allowed, g.until = probing, g.underWay+1, g.until.Add(slowStart)
		if now.Before(g.until) {
			return
		}
	}
	g.state = open
}

// leave must be called when a request ends, with the header of the response, or nil if there was no response.
func (g *gate) leave(h http.Header) {
	remaining, reset, reported := mostPressing(h)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.underWay--
	now := time.Now()
	g.expire(now)
	until := now.Add(min(reset, maxPause))
	switch {
	case !reported:
		if g.state == probing && h != nil {
			g.allowed++
		}
	case g.state == paused:
		if remaining == 0 && until.After(g.until) {
			g.until = until
		}
	case g.state == limited && remaining > g.allowed && g.underWay > 0:
		// Perhaps another response has overtaken this one.
	default:
		g.state, g.allowed, g.until = limited, remaining, until
		if remaining == 0 {
			g.state = paused
		}
	}
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// pause returns how long no request may start, or zero.
func (g *gate) pause() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state != paused {
		return 0
	}
	return max(0, time.Until(g.until))
}

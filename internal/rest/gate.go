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
//	          requests under way  a response reports a limit         it reports none, or is lost  until has passed
//	open      any number          limited, or paused if none remain                               open
//	limited   at most allowed     the same, unless it is outdated    allowed - 1, paused at 0     probing if calls may wait, else open
//	paused    none                a later reset counts                                            probing
//	probing   at most allowed     limited, or paused if none remain  rises by 1, unless lost      open
//
// A 429 with a Retry-After reports that none remain until then, whether the API or the edge sent it. A limit of one
// route then pauses the others too.
//
// Responses can arrive out of order, so a response may report more requests than remain by now. Such a response must
// not raise allowed. Therefore a response raises allowed only if no other request was under way at any time during its
// own, and never during a pause, nor if a pause has begun since its request did. Any response may lower allowed. So
// does a request whose response was lost or reports no limit, because the API may have counted it.
//
// Probing begins with allowed at one more than the requests under way. The response to that one request reports the
// size of the new window. If it reports none, allowed rises by one after as many responses as allowed. If every
// response raised it, a small limit would soon be exceeded again.
type gate struct {
	mu         sync.Mutex
	state      gateState
	allowed    int       // how many requests may be under way, unless the state is open
	until      time.Time // when the state ends, unless it is open
	ended      int       // how many responses arrived while probing since allowed was raised
	pauses     int       // how many have begun
	underWay   int
	overlapped bool          // each request under way was under way beside another
	changed    chan struct{} // closed when a waiting call should look again; nil while none waits
}

type gateState int

const (
	open gateState = iota
	limited
	paused
	probing
)

// waits keeps how long one call may wait, how long it has waited for the rate limit, and when it last entered the gate.
type waits struct {
	queue    time.Duration // how long to wait for the end of other requests while none ends
	limit    time.Duration // of all waits for the rate limit
	waited   time.Duration // for the rate limit
	announce func(context.Context, time.Duration)
	pauses   int // how many had begun when the call last entered
}

// allow reports whether the call may wait for d more. The sum of several waits may exceed the limit by a thirtieth:
// servers round to seconds, and a call that waits for a reset may then meet the block that another program brought
// about a moment after the wait began.
func (w *waits) allow(d time.Duration) bool {
	return d <= w.limit && d-w.limit/30 <= w.limit-w.waited
}

// minAnnounced is the shortest wait that is announced.
const minAnnounced = time.Second

// enter waits until a request may start; leave must follow. If the call may not wait for a pause, or if that would pass
// the deadline of ctx, enter returns an error at once, and the time until the reset. If ctx has ended, enter returns an
// error, so that a write does not count as sent. While none of the requests under way ends, enter waits no longer than
// w.queue. The request that it then allows may get a 429. The end of one of them begins that time again: otherwise,
// calls that wait together behind slow responses would all be sent at the same moment.
func (g *gate) enter(ctx context.Context, w *waits) (reset time.Duration, err error) {
	var announced time.Time
	for overdue := false; ; {
		if err := contextError(ctx); err != nil {
			return 0, err
		}
		g.mu.Lock()
		now := time.Now()
		g.expire(now)
		if g.state == open || g.underWay < g.allowed || overdue && g.state != paused {
			g.overlapped = g.overlapped || g.underWay > 0
			g.underWay++
			w.pauses = g.pauses
			g.mu.Unlock()
			return 0, nil
		}
		until, pause := g.until, g.state == paused
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()

		wait := until.Sub(now)
		if pause {
			if err := w.refuse(ctx, wait, 0); err != nil {
				return wait, err
			}
			if wait >= minAnnounced && until.Sub(announced) >= minAnnounced { // not if each response moves it by a moment
				announced = until
				w.announce(ctx, wait)
			}
			overdue = false
		} else {
			wait = min(wait, w.queue)
		}
		timer := time.NewTimer(time.Until(now.Add(wait)))
		select {
		case <-timer.C:
			overdue = !pause && until.After(now.Add(wait))
		case <-changed:
		case <-ctx.Done():
			timer.Stop()
			return 0, contextError(ctx)
		}
		timer.Stop()
		if pause {
			w.waited += time.Since(now)
		}
	}
}

// refusal returns the error that enter would return after a wait because of the pause, and the time until the reset.
func (g *gate) refusal(ctx context.Context, w *waits, after time.Duration) (reset time.Duration, err error) {
	if reset = g.pause(); reset > after {
		err = w.refuse(ctx, reset, after)
	}
	return reset, err
}

// refuse returns an error if a call may not wait so long for the rate limit. It waits for a part of that time anyway.
func (w *waits) refuse(ctx context.Context, wait, anyway time.Duration) error {
	used := fmt.Errorf("rate limited: no requests remain before the reset in %s", wait.Round(time.Millisecond))
	switch {
	case deadlineError(ctx, wait) != nil:
		return fmt.Errorf("%w, which is past the deadline", used)
	case !w.allow(wait - anyway):
		return fmt.Errorf("%w, which is longer than the %s that the call may still wait (WithMaxRateLimitWait)", used, max(0, w.limit-w.waited).Round(time.Millisecond))
	}
	return nil
}

// expire ends a state whose time has passed.
func (g *gate) expire(now time.Time) {
	if g.state == open || now.Before(g.until) {
		return
	}
	if g.state != probing && g.underWay >= g.allowed {
		g.state, g.allowed, g.ended, g.until = probing, g.underWay+1, 0, g.until.Add(slowStart)
		if now.Before(g.until) {
			return
		}
	}
	g.state = open
}

// leave must be called when a request ends, with the header of the response, or nil if there was no response. A 429
// blocks all requests for a time, which is zero if it does not say how long. Any request that was sent may have been
// counted, unless it is known that the API did not process it. pauses is that of its waits.
func (g *gate) leave(h http.Header, blocked time.Duration, counted bool, pauses int) {
	remaining, reset, reported := mostPressing(h)
	if blocked > 0 {
		if remaining > 0 {
			reset = 0
		}
		remaining, reset, reported = 0, max(reset, blocked), true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	alone, earlier := !g.overlapped, pauses != g.pauses
	g.underWay--
	g.overlapped = g.overlapped && g.underWay > 0
	now := time.Now()
	g.expire(now)
	until := now.Add(min(reset, maxPause))
	switch {
	case !reported && g.state == limited && counted:
		if g.allowed--; g.allowed <= 0 {
			g.state, g.allowed, g.pauses = paused, 0, g.pauses+1
		}
	case !reported && g.state == probing && h != nil && !earlier:
		if g.ended++; g.ended >= g.allowed {
			g.allowed, g.ended = g.allowed+1, 0
		}
	case !reported:
		// It says nothing.
	case g.state == paused:
		if remaining == 0 && until.After(g.until) {
			g.until = until
		}
	case remaining > g.allowed && (g.state == limited && !alone || g.state != open && earlier):
		// Perhaps another response has overtaken this one.
	default:
		g.state, g.allowed, g.until = limited, remaining, until
		if remaining == 0 {
			g.state, g.pauses = paused, g.pauses+1
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

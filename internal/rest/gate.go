package rest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// maxPause bounds what a server can ask of all calls at once: the API's own block lasts five minutes.
const maxPause = 5 * time.Minute

// slowStart is how long requests go one by one where nothing is known, unless an answer says sooner how many are
// left; each one that says nothing of it lets one more be under way. It is longer than answers take, or calls would not
// wait for the first one.
const slowStart = 30 * time.Second

// gate is the only state that the calls of a client share: what the last answers said of the rate limit. While
// nothing is left no request starts, and while little is left no more are under way than are left, so that calls
// which waited together do not spend their attempts on one another's 429s.
type gate struct {
	mu       sync.Mutex
	limited  bool      // left and until are in force
	probing  bool      // left is a guess, as no answer has told yet what follows the last reset
	left     int       // how many requests may be under way
	until    time.Time // when that is over
	entered  int       // requests so far
	told     int       // entered, when left was told
	underWay int
	changed  chan struct{} // closed when a waiting call should look again; nil while none waits
}

// enter waits until a request may start; leave must follow, with the ticket. A pause that is longer than limit, or does
// not fit into ctx, is an error at once. So is a context that has ended: a write must not count as sent when nothing can
// be. Behind requests that do not end it waits no longer than limit: what it risks then is a 429.
func (g *gate) enter(ctx context.Context, limit time.Duration) (ticket int, err error) {
	for overdue := false; ; {
		if err := contextError(ctx); err != nil {
			return 0, err
		}
		g.mu.Lock()
		now := time.Now()
		g.expire(now)
		if !g.limited || g.left > 0 && (overdue || g.underWay < g.left) {
			g.underWay++
			g.entered++
			ticket = g.entered
			g.mu.Unlock()
			return ticket, nil
		}
		wait, paused := g.until.Sub(now), g.left == 0
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()

		if paused {
			used := fmt.Errorf("%w: nothing is left before the reset in %s", ErrRateLimited, wait.Round(time.Millisecond))
			if err := fits(ctx, wait); err != nil {
				return 0, fmt.Errorf("%w: %w", used, err)
			}
			if wait > limit {
				return 0, used
			}
		}
		timer := time.NewTimer(min(wait, limit))
		select {
		case <-timer.C:
			overdue = !paused && wait > limit
		case <-changed:
		case <-ctx.Done():
			timer.Stop()
			return 0, contextError(ctx)
		}
		timer.Stop()
	}
}

// expire ends what is no longer in force. Where it held calls back, a slow start follows: one of them finds out how
// many are left.
func (g *gate) expire(now time.Time) {
	if !g.limited || now.Before(g.until) {
		return
	}
	if !g.probing && g.underWay >= g.left {
		g.probing, g.left, g.until = true, g.underWay+1, g.until.Add(slowStart)
		if now.Before(g.until) {
			return
		}
	}
	g.limited, g.probing = false, false
}

// leave ends what enter began, with the answer's header, or nil if there was no answer.
func (g *gate) leave(ticket int, h http.Header) {
	left, reset, limited := mostPressing(h)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.underWay--
	now := time.Now()
	g.expire(now)
	until := now.Add(min(reset, maxPause))
	switch {
	case !limited && g.probing && h == nil:
		g.left = g.underWay + 1
	case !limited && g.probing:
		g.left++
	case !limited:
	case g.limited && !g.probing && left > g.left && ticket <= g.told:
		// An answer that another one has overtaken: what it says was true before.
	case g.limited && !g.probing && left == 0 && g.left == 0 && g.until.After(until):
		// A longer pause is already on.
	default:
		g.limited, g.probing, g.left, g.until, g.told = true, false, left, until, g.entered
	}
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// paused returns how much longer nothing may start.
func (g *gate) paused() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limited && g.left == 0 {
		return max(0, time.Until(g.until))
	}
	return 0
}

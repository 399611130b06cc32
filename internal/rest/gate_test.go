package rest

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gateTest sends calls through a gate, in virtual time.
type gateTest struct {
	t      *testing.T
	ctx    context.Context
	gate   gate
	sent   atomic.Int64 // calls that have passed the gate and not ended
	pauses chan int     // when each of them began, as in waits
}

// arrive starts n calls, which wait at the gate until they may be sent.
func (g *gateTest) arrive(n int) {
	for range n {
		go func() {
			w := upTo(time.Hour)
			if _, err := g.gate.enter(g.ctx, w); err == nil {
				g.sent.Add(1)
				g.pauses <- w.pauses
			}
		}()
	}
	synctest.Wait()
}

// respond ends the call that is under way for the longest time, with a response that has this Ratelimit header.
func (g *gateTest) respond(limit string) { g.end(rateLimitHeader(limit, ""), 0, true) }

// throttle ends that call with a 429 that has this Ratelimit header and blocks for d.
func (g *gateTest) throttle(limit string, d time.Duration) {
	g.end(rateLimitHeader(limit, ""), d, true)
}

// fail ends that call without a response. The request was not processed.
func (g *gateTest) fail() { g.end(nil, 0, false) }

// lose ends that call without a response. The request may have been processed.
func (g *gateTest) lose() { g.end(nil, 0, true) }

func (g *gateTest) end(h http.Header, blocked time.Duration, counted bool) {
	g.sent.Add(-1)
	g.gate.leave(h, blocked, counted, <-g.pauses)
	synctest.Wait()
}

// pass lets time pass.
func (g *gateTest) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// underWay requires that so many calls are under way.
func (g *gateTest) underWay(want int64) {
	g.t.Helper()
	require.Equal(g.t, want, g.sent.Load(), "calls under way")
}

// oneOfThree leaves one call under way and two at the gate, because one request remains in the next 9 s.
func (g *gateTest) oneOfThree() {
	g.arrive(2)
	g.respond(`a;r=1;t=9`)
	g.arrive(2)
	g.underWay(1)
}

func TestGate(t *testing.T) {
	const second, silent = time.Second, "?"
	for name, scenario := range map[string]func(*gateTest){
		"no limit is known": func(g *gateTest) {
			g.arrive(20)
			g.underWay(20)
			g.respond(silent)
			g.fail()
			g.arrive(5)
			g.underWay(23)
		},
		"no more are under way than remain": func(g *gateTest) {
			g.arrive(20)
			g.respond(`a;r=18;t=9`)
			g.arrive(2)
			g.underWay(19)
			g.fail()
			g.underWay(18)
			g.fail()
			g.underWay(18)
		},
		"one after the other": func(g *gateTest) {
			g.oneOfThree()
			g.respond(`a;r=1;t=9`)
			g.underWay(1)
			g.respond(`a;r=1;t=9`)
			g.underWay(1)
			g.respond(`a;r=1;t=9`)
			g.underWay(0)
		},
		"a response that another one has overtaken": func(g *gateTest) {
			g.arrive(4)
			g.respond(`a;r=1;t=9`)
			g.arrive(2)
			g.respond(`a;r=3;t=9`)
			g.respond(`a;r=2;t=9`)
			g.underWay(1)
		},
		"a response that another one has overtaken, during a pause": func(g *gateTest) {
			g.arrive(2)
			g.respond(`a;r=0;t=9`)
			g.arrive(2)
			g.respond(`a;r=1;t=9`)
			g.underWay(0)
		},
		"the slowest response of five": func(g *gateTest) {
			g.arrive(5)
			g.respond(`a;r=4;t=9`)
			g.respond(`a;r=3;t=9`)
			g.respond(`a;r=2;t=9`)
			g.respond(`a;r=1;t=9`)
			g.respond(`a;r=5;t=9`)
			g.arrive(3)
			g.underWay(1)
			g.respond(`a;r=0;t=9`)
			g.underWay(0)
		},
		"a response that begins after another request and ends before it": func(g *gateTest) {
			g.arrive(2)
			g.respond(`a;r=2;t=9`)
			g.arrive(1)
			g.respond(`a;r=7;t=9`)
			g.arrive(5)
			g.underWay(2)
		},
		"lost responses may have been counted": func(g *gateTest) {
			g.arrive(1)
			g.respond(`a;r=2;t=9`)
			g.arrive(2)
			g.lose()
			g.lose()
			g.arrive(2)
			g.underWay(0)
			g.pass(9 * second)
			g.underWay(1)
		},
		"responses without a limit may have been counted": func(g *gateTest) {
			g.arrive(1)
			g.respond(`a;r=2;t=9`)
			g.arrive(2)
			g.respond(silent)
			g.respond(silent)
			g.arrive(2)
			g.underWay(0)
			g.pass(9 * second)
			g.underWay(1)
		},
		"a lost response, and one that reports the limit": func(g *gateTest) {
			g.arrive(1)
			g.respond(`a;r=3;t=9`)
			g.arrive(1)
			g.lose()
			g.arrive(1)
			g.respond(`a;r=2;t=9`)
			g.arrive(5)
			g.underWay(2)
		},
		"throttled, without a limit": func(g *gateTest) {
			g.arrive(4)
			g.throttle(silent, 5*second)
			g.arrive(3)
			g.underWay(3)
			g.pass(second)
			g.throttle(silent, 3*second) // ends before the first one
			g.respond(silent)
			g.respond(`a;r=5;t=9`)
			g.underWay(0)
			g.pass(4*second - 1)
			g.underWay(0)
			g.pass(1)
			g.underWay(1)
			g.respond(silent)
			g.underWay(2)
		},
		"throttled, although requests remain": func(g *gateTest) {
			g.arrive(1)
			g.throttle(`a;r=100;t=200`, 5*second)
			g.arrive(1)
			g.underWay(0)
			g.pass(5 * second)
			g.underWay(1)
		},
		"throttled, and the reset is later": func(g *gateTest) {
			g.arrive(1)
			g.throttle(`a;r=0;t=9`, 5*second)
			g.arrive(1)
			g.pass(9*second - 1)
			g.underWay(0)
			g.pass(1)
			g.underWay(1)
		},
		"throttled again while probing": func(g *gateTest) {
			g.arrive(1)
			g.throttle(silent, 5*second)
			g.arrive(3)
			g.pass(5 * second)
			g.underWay(1)
			g.throttle(silent, 7*second)
			g.pass(7*second - 1)
			g.underWay(0)
			g.pass(1)
			g.underWay(1)
		},
		"throttled for a year": func(g *gateTest) {
			g.arrive(1)
			g.throttle(silent, 365*24*time.Hour)
			g.arrive(1)
			g.pass(maxPause - 1)
			g.underWay(0)
			g.pass(1)
			g.underWay(1)
		},
		"more remain than before": func(g *gateTest) {
			g.oneOfThree()
			g.respond(`a;r=1;t=9`)
			g.arrive(3)
			g.underWay(1)
			g.respond(`a;r=5;t=9`)
			g.underWay(4)
		},
		"none remain": func(g *gateTest) {
			g.oneOfThree()
			g.respond(`a;r=0;t=5`)
			g.pass(4 * second)
			g.underWay(0)
			g.pass(second)
			g.underWay(1)
			g.arrive(3)
			g.respond(`a;r=2;t=5`)
			g.underWay(2)
		},
		"none remain, and the reset is now": func(g *gateTest) {
			g.oneOfThree()
			g.respond(`a;r=0;t=0`)
			g.underWay(1)
		},
		"a shorter pause comes second": func(g *gateTest) {
			g.oneOfThree()
			g.pass(9 * second)
			g.underWay(2)
			g.respond(`a;r=0;t=20`)
			g.respond(`b;r=0;t=5`)
			g.arrive(1)
			g.pass(20*second - 1)
			g.underWay(0)
			g.pass(1)
			g.underWay(1)
		},
		"a longer pause comes second": func(g *gateTest) {
			g.oneOfThree()
			g.pass(9 * second)
			g.respond(`a;r=0;t=5`)
			g.respond(`b;r=0;t=20`)
			g.arrive(1)
			g.pass(20*second - 1)
			g.underWay(0)
			g.pass(1)
			g.underWay(1)
		},
		"a pause of a year": func(g *gateTest) {
			g.oneOfThree()
			g.respond(`a;r=0;t=31536000`)
			g.pass(maxPause - 1)
			g.underWay(0)
			g.pass(1)
			g.underWay(1)
		},
		"probing, without a response": func(g *gateTest) {
			g.oneOfThree()
			g.respond(`a;r=0;t=5`)
			g.arrive(3)
			g.pass(5 * second)
			g.underWay(1)
			g.fail()
			g.underWay(1)
		},
		"probing, with a response that reports no limit": func(g *gateTest) {
			g.oneOfThree()
			g.respond(`a;r=0;t=5`)
			g.arrive(3)
			g.pass(5 * second)
			g.underWay(1)
			g.respond(silent)
			g.underWay(2)
			g.respond(silent)
			g.underWay(2)
			g.respond(silent)
			g.underWay(2)
			g.arrive(2)
			g.underWay(3)
		},
		"probing, with a response from before the pause": func(g *gateTest) {
			g.arrive(2)
			g.respond(`a;r=0;t=5`)
			g.arrive(9)
			g.pass(5 * second)
			g.underWay(2)
			g.respond(`a;r=100;t=200`)
			g.underWay(2)
			g.respond(`a;r=4;t=9`)
			g.underWay(4)
		},
		"probing, with a response without a limit from before the pause": func(g *gateTest) {
			g.arrive(2)
			g.throttle(silent, 5*second)
			g.arrive(9)
			g.pass(5 * second)
			g.underWay(2)
			g.respond(silent)
			g.respond(silent)
			g.underWay(2)
			g.respond(silent)
			g.underWay(3)
		},
		"probing, with a response from before the pause that reports fewer": func(g *gateTest) {
			g.arrive(4)
			g.respond(`a;r=0;t=5`)
			g.arrive(9)
			g.pass(5 * second)
			g.underWay(4)
			g.respond(`a;r=2;t=9`)
			g.underWay(3)
			g.respond(`a;r=0;t=9`)
			g.respond(silent)
			g.respond(silent)
			g.underWay(0)
		},
		"probing, stalled": func(g *gateTest) {
			g.oneOfThree()
			g.respond(`a;r=0;t=5`)
			g.arrive(5)
			g.pass(5*second + slowStart - 1)
			g.underWay(1)
			g.pass(1)
			g.underWay(7)
		},
		"a reset while a call waits": func(g *gateTest) {
			g.oneOfThree()
			g.pass(9 * second)
			g.underWay(2)
			g.respond(`a;r=7;t=9`)
			g.underWay(2)
		},
		"a reset while no call waits": func(g *gateTest) {
			g.oneOfThree()
			g.fail()
			g.fail()
			g.fail()
			g.underWay(0)
			g.pass(9 * second)
			g.arrive(20)
			g.underWay(20)
		},
		"a reset long ago": func(g *gateTest) {
			g.oneOfThree()
			g.respond(`a;r=0;t=5`)
			g.pass(time.Hour)
			g.arrive(20)
			g.underWay(22)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				scenario(&gateTest{t: t, ctx: ctx, pauses: make(chan int, 100)})
			})
		})
	}
}

// Behind requests that do not end, a call waits no longer than it may wait for anything.
func TestGateIsNotHeldByWhatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		enter := func(limit time.Duration) time.Duration {
			start := time.Now()
			_, err := g.enter(t.Context(), upTo(limit))
			require.NoError(t, err)
			return time.Since(start)
		}
		require.Zero(t, enter(0))
		g.leave(rateLimitHeader(`a;r=1;t=300`, ""), 0, false, 0)
		require.Zero(t, enter(time.Second))
		require.Equal(t, time.Second, enter(time.Second), "the one that remains is under way and does not end")
		require.Equal(t, 299*time.Second, enter(time.Hour), "until the reset")
	})
}

// A pause that a call cannot wait for ends the call at once, and says how long it lasts.
func TestGateReportsTheReset(t *testing.T) {
	for name, test := range map[string]struct {
		limit, deadline time.Duration
		text            string
	}{
		"longer than the limit": {
			time.Second, time.Minute,
			"rate limited: no requests remain before the reset in 20s, which is longer than the 1s that the call may still wait (WithMaxRateLimitWait)",
		},
		"past the deadline": {time.Minute, time.Second, "rate limited: no requests remain before the reset in 20s, which is past the deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var g gate
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				_, err := g.enter(ctx, upTo(test.limit))
				require.NoError(t, err)
				g.leave(rateLimitHeader(`a;r=0;t=20`, ""), 0, false, 0)

				reset, err := g.enter(ctx, upTo(test.limit))
				assert.Equal(t, 20*time.Second, reset)
				assert.NotErrorIs(t, err, context.DeadlineExceeded)
				assert.EqualError(t, err, test.text)
			})
		})
	}
}

// upTo returns the limits of a call that may wait for d at the gate.
func upTo(d time.Duration) *waits {
	return &waits{queue: d, limit: d, announce: func(context.Context, time.Duration) {}}
}

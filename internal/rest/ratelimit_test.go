package rest

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func rateLimitHeader(limit, policy string) http.Header {
	h := make(http.Header)
	if limit != "" {
		h.Set("Ratelimit", limit)
	}
	if policy != "" {
		h.Set("Ratelimit-Policy", policy)
	}
	return h
}

func TestRateLimits(t *testing.T) {
	second := time.Second
	tests := []struct {
		name          string
		limit, policy string
		want          []RateLimit
	}{
		{"as documented", `"default";r=50;t=30`, `"default";q=100;w=60`, []RateLimit{{"default", 50, 100, 30 * second, 60 * second}}},
		{"several", `"default";r=50;t=30, "burst";r=0;t=2`, `"burst";q=10;w=5,"default";q=100;w=60`,
			[]RateLimit{{"default", 50, 100, 30 * second, 60 * second}, {"burst", 0, 10, 2 * second, 5 * second}}},
		{"no policy", `"default";r=50;t=30`, "", []RateLimit{{"default", 50, 0, 30 * second, 0}}},
		{"policy of another name", `"default";r=50;t=30`, `"burst";q=10;w=5`, []RateLimit{{"default", 50, 0, 30 * second, 0}}},
		{"policy alone", "", `"default";q=100;w=60`, nil},
		{"a token for a name", `default;r=50;t=30`, `"default";q=100;w=60`, []RateLimit{{"default", 50, 100, 30 * second, 60 * second}}},
		{"white space", "\t\"default\" ; r=50 ;\tt=30 ", "", []RateLimit{{"default", 50, 0, 30 * second, 0}}},
		{"separators in a name", `"a,b;r=9\"";r=5;t=3`, `"a,b;r=9\"";q=7`, []RateLimit{{`a,b;r=9"`, 5, 7, 3 * second, 0}}},
		{"parameters of others", `"a";pk=:AAA=:;x="r=9;t=9";r=5;t=3;y`, "", []RateLimit{{"a", 5, 0, 3 * second, 0}}},
		{"a bad policy", `"a";r=5;t=-3,"b";r=1;t=1`, `"a";q=-1;w=-1,"b";q=99999999999999999999;w=x`, []RateLimit{{"a", 5, 0, 0, 0}, {"b", 1, 0, second, 0}}},
		{"no time", `"a";r=5`, "", []RateLimit{{"a", 5, 0, 0, 0}}},
		{"more than 32 bits hold", `"a";r=0;t=4294967296`, `"a";w=4294967297`, []RateLimit{{"a", 0, 0, (1 << 32) * second, (1<<32 + 1) * second}}},
		{"more than an int may hold", `"a";r=9223372036854775807;t=1`, `"a";q=9223372036854775807`, []RateLimit{{"a", math.MaxInt, math.MaxInt, second, 0}}},
		{"a year", `"a";r=0;t=31536000`, "", []RateLimit{{"a", 0, 0, 365 * 24 * time.Hour, 0}}},
		{"more than a duration holds", `"a";r=0;t=9223372036854775807`, "", []RateLimit{{"a", 0, 0, math.MaxInt64 / second * second, 0}}},

		{"a bad one among good ones", `"a";r=-1;t=3,"b";r=x;t=3,"c";t=3,"d";r=1.5,"e";r=99999999999999999999,,;r=1,"f";r=5;t=3`, "",
			[]RateLimit{{"f", 5, 0, 3 * second, 0}}},
		{"nonsense", `;;;===,"`, `,,"`, nil},
		{"a string that does not end", `"a;r=5;t=3`, "", nil},
		{"empty", "", "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, RateLimits(rateLimitHeader(test.limit, test.policy)))
		})
	}

	t.Run("over several lines", func(t *testing.T) {
		got := RateLimits(http.Header{
			"Ratelimit":        {`"a";r=1;t=2`, `"b";r=3;t=4`},
			"Ratelimit-Policy": {`"b";q=5;w=6`, `"a";q=7;w=8`},
		})
		assert.Equal(t, []RateLimit{{"a", 1, 7, 2 * second, 8 * second}, {"b", 3, 5, 4 * second, 6 * second}}, got)
	})
}

// A header may be a mebibyte long, and joining two of those by name is quadratic.
func TestRateLimitsAreBounded(t *testing.T) {
	line := strings.Repeat(`a;r=1;t=1,`, 1<<16)
	assert.Len(t, RateLimits(rateLimitHeader(line, line)), maxLimits)
}

func TestMostPressing(t *testing.T) {
	tests := []struct {
		limit     string
		remaining int
		reset     time.Duration
		ok        bool
	}{
		{`"a";r=5;t=3`, 5, 3 * time.Second, true},
		{`"a";r=5;t=3,"b";r=2;t=60`, 2, time.Minute, true},
		{`"a";r=0;t=3,"b";r=0;t=60,"c";r=0;t=5`, 0, time.Minute, true},
		{`"a";r=0;t=3,"b";r=1;t=60`, 0, 3 * time.Second, true},
		{`"a";r=0`, 0, 0, false},
		{`"a";r=0,"b";r=4;t=1`, 4, time.Second, true},
		{`"a";r=0;t=-1`, 0, 0, false},
		{`"a";r=0;t=4294967296`, 0, (1 << 32) * time.Second, true},
		{`"a";r=4294967296;t=1,"b";r=5;t=1`, 5, time.Second, true},
		{``, 0, 0, false},
	}
	for _, test := range tests {
		remaining, reset, ok := mostPressing(rateLimitHeader(test.limit, ""))
		assert.Equal(t, test.ok, ok, test.limit)
		assert.Equal(t, test.remaining, remaining, test.limit)
		assert.Equal(t, test.reset, reset, test.limit)
	}
}

// gateTest sends calls through a gate, in virtual time.
type gateTest struct {
	t    *testing.T
	ctx  context.Context
	gate gate
	sent atomic.Int64 // calls that have passed the gate and not ended
}

// arrive starts n calls, which wait at the gate until they may be sent.
func (g *gateTest) arrive(n int) {
	for range n {
		go func() {
			if _, err := g.gate.enter(g.ctx, time.Hour); err == nil {
				g.sent.Add(1)
			}
		}()
	}
	synctest.Wait()
}

// respond ends one of the calls that are under way, with a response that has this Ratelimit header.
func (g *gateTest) respond(limit string) { g.end(rateLimitHeader(limit, "")) }

// fail ends one of the calls that are under way, without a response.
func (g *gateTest) fail() { g.end(nil) }

func (g *gateTest) end(h http.Header) {
	g.sent.Add(-1)
	g.gate.leave(h)
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
			g.underWay(3)
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
				scenario(&gateTest{t: t, ctx: ctx})
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
			_, err := g.enter(t.Context(), limit)
			require.NoError(t, err)
			return time.Since(start)
		}
		require.Zero(t, enter(0))
		g.leave(rateLimitHeader(`a;r=1;t=300`, ""))
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
		"longer than the limit": {time.Second, time.Minute, "rate limited: no requests remain before the reset in 20s, which is more than the longest wait of 1s"},
		"past the deadline":     {time.Minute, time.Second, "rate limited: no requests remain before the reset in 20s, which is past the deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var g gate
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				_, err := g.enter(ctx, test.limit)
				require.NoError(t, err)
				g.leave(rateLimitHeader(`a;r=0;t=20`, ""))

				reset, err := g.enter(ctx, test.limit)
				assert.Equal(t, 20*time.Second, reset)
				assert.ErrorIs(t, err, ErrRateLimited)
				assert.NotErrorIs(t, err, context.DeadlineExceeded)
				assert.EqualError(t, err, test.text)
			})
		})
	}
}

func FuzzRateLimits(f *testing.F) {
	f.Add(`"default";r=50;t=30`, `"default";q=100;w=60`)
	f.Add(`"default";r=50;t=30, "burst";r=0;t=2`, `"burst";q=10;w=5,"default";q=100;w=60`)
	f.Add(`"a,b;r=9\"";r=5;t=3`, `"a,b;r=9\"";q=7`)
	f.Add("\t\"default\" ; r=50 ;\tt=30 ", `default;q=-1;w=9223372036854775807`)
	f.Add(`"a";r=-1;t=3,"b";r=x;t=3,"c";t=3,,;r=1,"f";r=5;t=99999999999999999999`, ";;;===,\"")
	f.Add("`raw`;r=0;t=1,'c';r=1", `"\`)
	f.Fuzz(func(t *testing.T, limit, policy string) {
		limits := RateLimits(rateLimitHeader(limit, policy))
		if len(limits) > maxLimits {
			t.Fatalf("%d limits", len(limits))
		}
		var limitLine, policyLine []string
		seen := make(map[string]bool)
		for _, l := range limits {
			if l.Name == "" || l.Remaining < 0 || l.Quota < 0 || l.Reset < 0 || l.Window < 0 {
				t.Fatalf("%+v", l)
			}
			limitLine = append(limitLine, fmt.Sprintf("%q;r=%d;t=%d", l.Name, l.Remaining, l.Reset/time.Second))
			if !seen[l.Name] {
				policyLine = append(policyLine, fmt.Sprintf("%q;q=%d;w=%d", l.Name, l.Quota, l.Window/time.Second))
			}
			seen[l.Name] = true
		}
		// What was understood, written out, is understood the same way.
		again := RateLimits(rateLimitHeader(strings.Join(limitLine, ", "), strings.Join(policyLine, ", ")))
		if !assert.ObjectsAreEqual(limits, again) {
			t.Fatalf("%+v became %+v", limits, again)
		}
		remaining, reset, ok := mostPressing(rateLimitHeader(limit, policy))
		if !ok {
			return
		}
		found := false
		for _, l := range limits {
			found = found || l.Remaining == remaining && l.Reset == reset
			if l.Remaining < remaining && l.Reset > 0 {
				t.Fatalf("%d remain, but %+v", remaining, l)
			}
		}
		if !found {
			t.Fatalf("%d for %s are in none of %+v", remaining, reset, limits)
		}
	})
}

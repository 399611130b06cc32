package redislimit

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// What one process learns from a response holds for all processes, and for no other quota.
func TestPauseIsShared(t *testing.T) {
	const second = time.Second
	with := func(remaining int, reset time.Duration) []cloudflare.RateLimit {
		return append(limits(remaining, reset), cloudflare.RateLimit{Name: "burst", Remaining: 1000, Reset: 250 * second})
	}
	for name, test := range map[string]struct {
		attempt cloudflare.Attempt
		pause   time.Duration
		reason  string
	}{
		"requests remain":             {cloudflare.Attempt{StatusCode: 200, RateLimits: with(1, 9*second)}, 0, ""},
		"none remain":                 {cloudflare.Attempt{StatusCode: 200, RateLimits: with(0, 9*second)}, 9 * second, "no requests remain"},
		"none of two limits":          {cloudflare.Attempt{StatusCode: 200, RateLimits: append(with(0, 9*second), cloudflare.RateLimit{Name: "x", Reset: 12 * second})}, 12 * second, "no requests remain"},
		"none, without a reset":       {cloudflare.Attempt{StatusCode: 200, RateLimits: with(0, 0)}, 0, ""},
		"none for a day":              {cloudflare.Attempt{StatusCode: 200, RateLimits: with(0, 24*time.Hour)}, window, "no requests remain"},
		"429":                         {cloudflare.Attempt{StatusCode: 429, RetryAfter: 7 * second, RayID: "8a-IAD"}, 7 * second, "status 429, ray 8a-IAD"},
		"429 with both":               {cloudflare.Attempt{StatusCode: 429, RetryAfter: 7 * second, RateLimits: with(0, 9*second)}, 9 * second, "status 429"},
		"429 that says no more":       {cloudflare.Attempt{StatusCode: 429}, window, "status 429"},
		"429 that asks for a day":     {cloudflare.Attempt{StatusCode: 429, RetryAfter: 24 * time.Hour}, window, "status 429"},
		"429 with a ray of something": {cloudflare.Attempt{StatusCode: 429, RetryAfter: 7 * second, RayID: "\x1b[31m"}, 7 * second, "status 429"},
		"503, which is no rate limit": {cloudflare.Attempt{StatusCode: 503, RetryAfter: 7 * second}, 0, ""},
		"no response":                 {cloudflare.Attempt{Err: errors.New("reset")}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			redis := newClock(t)
			one, other, stranger := redis.limiter(t, Config{}), redis.limiter(t, Config{}), redis.limiter(t, Config{Name: "another"})
			settleFirst(t, stranger)
			require.Zero(t, ask(t, one, t.Context()))
			one.ended(t.Context(), test.attempt)
			s := status(t, other)
			assert.Equal(t, test.pause, s.Paused)
			assert.Equal(t, test.reason, s.Reason)
			assert.Equal(t, test.pause > 0, s.Available == 0)
			assert.Equal(t, test.pause, ask(t, other, t.Context()))
			assert.Zero(t, ask(t, stranger, t.Context()))
			if test.pause > 2*second {
				// A response that was overtaken does not shorten the pause.
				other.ended(t.Context(), cloudflare.Attempt{StatusCode: 429, RetryAfter: second})
				other.ended(t.Context(), cloudflare.Attempt{StatusCode: 200, RateLimits: limits(5, second)})
				redis.pass(test.pause - time.Millisecond)
				assert.Equal(t, time.Millisecond, ask(t, one, t.Context()))
				redis.pass(time.Millisecond)
				assert.Zero(t, ask(t, one, t.Context()))
			}
		})
	}
}

// A response may be overtaken by others, and a request under way may be counted already or not. No more are under way
// than the least number that was reported.
func TestNoMoreUnderWayThanRemain(t *testing.T) {
	redis := newClock(t)
	one, other := redis.limiter(t, Config{Quota: 1000}), redis.limiter(t, Config{Quota: 1000})
	responds := func(remaining int) {
		one.record(t.Context(), nil, response{status: 200, limits: limits(remaining, time.Minute)})
	}
	require.Zero(t, ask(t, one, t.Context()))
	responds(5)
	for range 5 {
		require.Zero(t, ask(t, one, t.Context()))
	}
	assert.Equal(t, 100*time.Millisecond, ask(t, other, t.Context()))
	assert.Zero(t, status(t, other).Available)
	for remaining := 1; remaining <= 4; remaining++ { // the slow ones report more
		responds(remaining)
	}
	assert.Equal(t, 100*time.Millisecond, ask(t, other, t.Context()), "one remains, and one is under way")
	responds(1)
	assert.Equal(t, 1, status(t, other).Available)
	require.Zero(t, ask(t, other, t.Context()))
	assert.Equal(t, 100*time.Millisecond, ask(t, one, t.Context()))
	other.record(t.Context(), nil, response{status: 200, limits: limits(0, time.Minute)})
	assert.Equal(t, time.Minute, ask(t, one, t.Context()))
	redis.pass(time.Minute)
	assert.Zero(t, ask(t, one, t.Context()), "the window of the API has ended")
}

// A request without a response may have been counted.
func TestLostResponsesLowerWhatRemains(t *testing.T) {
	redis := newClock(t)
	l := redis.limiter(t, Config{})
	require.Zero(t, ask(t, l, t.Context()))
	l.record(t.Context(), nil, response{status: 200, limits: limits(2, time.Minute)})
	for range 2 {
		require.Zero(t, ask(t, l, t.Context()))
	}
	for range 2 {
		l.ended(t.Context(), cloudflare.Attempt{Err: errors.New("connection reset")})
	}
	assert.Equal(t, Status{Quota: quota, Used: 3, Paused: time.Minute, Reason: "no requests remain"}, status(t, l))
	assert.Equal(t, time.Minute, ask(t, l, t.Context()))

	redis.pass(window + time.Millisecond)
	assert.Equal(t, 2, status(t, l).Used, "they may have been counted after their end")
	redis.pass(late)
	assert.Zero(t, status(t, l).Used)
}

func TestObserve(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		header http.Header
		want   Status
	}{
		"remaining": {200, http.Header{"Ratelimit": {`"default";r=3;t=30`}}, Status{Used: 1, Available: 3}},
		"none":      {200, http.Header{"Ratelimit": {`"default";r=0;t=30`}}, Status{Used: 1, Paused: 30 * time.Second, Reason: "no requests remain"}},
		"429":       {429, http.Header{"Retry-After": {"1.5"}, "Cf-Ray": {"8a-IAD"}}, Status{Used: 1, Paused: 2 * time.Second, Reason: "status 429, ray 8a-IAD"}},
		"no header": {200, nil, Status{Used: 1, Available: quota - 1}},
		"nothing":   {0, nil, Status{Used: 1, Available: quota - 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newClock(t).limiter(t, Config{})
			require.NoError(t, l.Wait(t.Context()))
			l.Observe(test.status, test.header)
			test.want.Quota = quota
			assert.Equal(t, test.want, status(t, l))
		})
	}
}

// The requests of several processes travel to an API with fixed windows and back, overtake each other and get lost,
// while processes are killed. The API never counts more than its quota, in no window of its own and in no other.
func TestQuotaHoldsInEveryOrder(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { newSimulation(t, seed).run() })
	}
}

type simulation struct {
	t      *testing.T
	random *rand.Rand
	redis  *clock
	start  time.Time
	events events

	api struct {
		ends    time.Time // of its window
		used    int
		counted []time.Time
		excess  int
	}
	procs    []*Limiter
	waiting  int
	answered int
}

const (
	simQuota     = 30
	simWindow    = 20 * time.Second
	simProcesses = 3
	simAtOnce    = 4
	simRequests  = 120
)

func newSimulation(t *testing.T, seed uint64) *simulation {
	s := &simulation{t: t, random: rand.New(rand.NewPCG(seed, 1)), redis: newClock(t)}
	s.start = s.redis.now
	for range simProcesses {
		s.procs = append(s.procs, s.redis.limiter(t, Config{Quota: simQuota, Window: simWindow}))
	}
	s.waiting = simRequests
	if seed%2 == 1 { // others have used a part of the first window
		s.api.ends, s.api.used = s.start.Add(simWindow), simQuota*2/3
	}
	return s
}

func (s *simulation) run() {
	for range simAtOnce {
		for i := range s.procs {
			s.after(0, func() { s.send(i) })
		}
	}
	for len(s.events) > 0 {
		e := heap.Pop(&s.events).(event)
		if d := e.at.Sub(s.redis.now); d > 0 {
			s.redis.pass(d.Truncate(time.Millisecond))
		}
		e.do()
	}
	assert.Zero(s.t, s.api.excess)
	for i, at := range s.api.counted {
		if i >= simQuota {
			assert.Greater(s.t, at.Sub(s.api.counted[i-simQuota]), simWindow)
		}
	}
	took, least := s.redis.now.Sub(s.start), time.Duration((len(s.api.counted)-1)/simQuota)*simWindow
	s.t.Logf("%d counted, %d answered, %s; the quota allows it in %s", len(s.api.counted), s.answered, took, least)
	assert.Equal(s.t, simRequests, s.answered)
}

func (s *simulation) after(d time.Duration, do func()) {
	heap.Push(&s.events, event{s.redis.now.Add(d), len(s.events), do})
}

func (s *simulation) delay(most time.Duration) time.Duration {
	return time.Duration(s.random.Int64N(int64(most)))
}

// send makes process i send a request as soon as it is admitted.
func (s *simulation) send(i int) {
	if s.waiting == 0 {
		return
	}
	l := s.procs[i]
	if wait := ask(s.t, l, s.t.Context()); wait > 0 {
		s.after(min(max(wait, longestSleep/2), longestSleep), func() { s.send(i) })
		return
	}
	s.waiting--
	fate := s.random.IntN(120)
	lost := func() {
		s.waiting++
		if s.procs[i] == l {
			l.record(s.t.Context(), nil, response{})
		}
		s.send(i)
	}
	switch {
	case fate < 5: // on its way to the API
		s.after(s.delay(time.Second), lost)
		return
	case fate < 9: // it is canceled, and arrives after that
		s.after(s.delay(late-time.Millisecond), func() { s.count() })
		lost()
		return
	}
	s.after(s.delay(200*time.Millisecond), func() {
		r := s.count()
		switch {
		case fate < 15: // on its way back
			s.after(s.delay(time.Second), lost)
		case fate == 15: // with its process, which starts again
			s.procs[i] = s.redis.limiter(s.t, l.config)
			s.waiting++
			s.after(s.delay(time.Second), func() { s.send(i) })
		default:
			s.after(s.delay(200*time.Millisecond), func() {
				if s.procs[i] == l {
					l.record(s.t.Context(), nil, r)
				}
				s.answered++
				s.send(i)
			})
		}
	})
}

// count is the moment at which the API counts a request.
func (s *simulation) count() response {
	now := s.redis.now
	if !now.Before(s.api.ends) {
		s.api.ends, s.api.used = now.Add(simWindow), 0
	}
	s.api.counted = append(s.api.counted, now)
	if s.api.used++; s.api.used > simQuota {
		s.api.excess++
		return response{status: 429, retryAfter: simWindow}
	}
	reset := s.api.ends.Sub(now) + time.Second - 1
	return response{status: 200, limits: limits(simQuota-s.api.used, reset.Truncate(time.Second))}
}

// events is a heap of what happens, by its time.
type events []event

type event struct {
	at    time.Time
	order int
	do    func()
}

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

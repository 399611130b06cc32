package redislimit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// No window has more requests than the quota, wherever it begins: neither after a burst, nor where two windows meet.
func TestNoWindowExceedsTheQuota(t *testing.T) {
	redis := newClock(t)
	one, other := redis.limiter(t, Config{}), redis.limiter(t, Config{})
	settleFirst(t, one)
	require.Equal(t, quota-1, admitted(t, one))
	assert.Zero(t, admitted(t, other), "the other process has the same quota")
	redis.pass(time.Second) // the API may have counted them until now
	end(one, 4)
	redis.pass(time.Second)
	end(one, quota-1-4)

	redis.pass(window - 2*time.Second)
	assert.Zero(t, admitted(t, other), "the first request may have been counted exactly one window ago")
	redis.pass(time.Millisecond)
	require.Equal(t, 1, admitted(t, other))
	end(other, 1)
	redis.pass(time.Second)
	require.Equal(t, 4, admitted(t, other))
	end(other, 4)
	redis.pass(time.Second)
	require.Equal(t, quota-1-4, admitted(t, one))
	end(one, quota-1-4)
	redis.pass(window - 2*time.Second - time.Millisecond)
	assert.Zero(t, admitted(t, one))
}

// A request of a process that is killed counts for as long as it may still be sent, and one window after that.
func TestLostRequestsCount(t *testing.T) {
	redis := newClock(t)
	killed, other := redis.limiter(t, Config{}), redis.limiter(t, Config{})
	settleFirst(t, killed)
	require.Equal(t, quota-1, admitted(t, killed))
	redis.pass(window + time.Millisecond)
	assert.Equal(t, 1, admitted(t, other), "only the request that has ended counts no more")
	end(other, 1)
	redis.pass(longest - time.Millisecond)
	require.Equal(t, Status{Quota: quota, Used: quota - 1, UnderWay: quota - 1, Available: 1}, status(t, other))
	redis.pass(time.Millisecond)
	settleFirst(t, other)
	assert.Equal(t, quota-1, admitted(t, other))
	redis.pass(window + longest + 2*time.Second)
	assert.Empty(t, redis.Keys(), "nothing stays in Redis")
}

func TestRequestCountsOnce(t *testing.T) {
	l := newClock(t).limiter(t, Config{})
	settleFirst(t, l)
	for range 3 * quota {
		wait, err := l.admit(t.Context(), "the same", time.Time{})
		require.NoError(t, err)
		require.Zero(t, wait)
	}
	assert.Equal(t, quota-2, admitted(t, l))
}

// A request that asks again, because it did not learn of its admission in time, counts from then on.
func TestAdmissionThatIsRepeated(t *testing.T) {
	redis := newClock(t)
	l := redis.limiter(t, Config{})
	for range 2 {
		redis.pass(longest + window/2)
		wait, err := l.admit(t.Context(), "the same", time.Time{})
		require.NoError(t, err)
		require.Zero(t, wait)
	}
	redis.pass(longest + window)
	assert.Equal(t, 1, status(t, l).Used)
	l.record(t.Context(), nil, response{status: 429, retryAfter: time.Minute})
	wait, err := l.admit(t.Context(), "the same", time.Time{})
	require.NoError(t, err)
	assert.Equal(t, time.Minute, wait, "nothing is sent during a pause")
	redis.pass(time.Minute)
	assert.Zero(t, status(t, l).Used)
}

// An admission that a process learns of late, because it or Redis was stopped meanwhile, may not count any more.
func TestLateAdmissionIsRepeated(t *testing.T) {
	store := &slowStore{delays: []time.Duration{longestAdmission, longestAdmission + 1, time.Hour, 0}}
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}) // outside of the bubble, because it starts goroutines
	defer client.Close()
	client.AddHook(store)
	synctest.Test(t, func(t *testing.T) {
		l := New(client, Config{Name: "x", Outage: 2 * time.Hour})
		l.warned.Store(true)
		require.NoError(t, l.Wait(t.Context()))
		require.Len(t, store.requests, 1)
		require.NoError(t, l.Wait(t.Context()))
		require.Len(t, store.requests, 4, "the second Wait has asked until it learned of its admission in time")
		assert.Equal(t, store.requests[1], store.requests[2])
		assert.Equal(t, store.requests[1], store.requests[3])
		assert.NotEqual(t, store.requests[0], store.requests[1])
	})
}

// slowStore admits each request, and responds after a delay.
type slowStore struct {
	delays   []time.Duration
	requests []any
}

func (s *slowStore) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *slowStore) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (s *slowStore) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		delay := s.delays[len(s.requests)]
		s.requests = append(s.requests, cmd.Args()[3+5])
		time.Sleep(delay)
		cmd.(*redis.Cmd).SetVal(int64(0))
		return nil
	}
}

// If nothing is known, one request alone finds out what remains.
func TestOneRequestGoesFirst(t *testing.T) {
	for name, test := range map[string]struct {
		response func(*Limiter)
		want     int
	}{
		"a response that reports what remains": {func(l *Limiter) { l.Observe(200, http.Header{"Ratelimit": {`"default";r=3;t=60`}}) }, 3},
		"a response that reports nothing":      {func(l *Limiter) { l.Observe(200, nil) }, quota - 1},
		"no response":                          {func(l *Limiter) { l.Observe(0, nil) }, quota - 1},
	} {
		t.Run(name, func(t *testing.T) {
			redis := newClock(t)
			one, other := redis.limiter(t, Config{}), redis.limiter(t, Config{})
			require.Zero(t, ask(t, one, t.Context()))
			for _, l := range []*Limiter{one, other} {
				assert.Equal(t, 20*time.Millisecond, ask(t, l, t.Context()))
			}
			test.response(one)
			assert.Equal(t, test.want, admitted(t, other))
		})
	}
	t.Run("its process is killed", func(t *testing.T) {
		redis := newClock(t)
		one, other := redis.limiter(t, Config{}), redis.limiter(t, Config{})
		require.Zero(t, ask(t, one, t.Context()))
		redis.pass(5*time.Second - time.Millisecond)
		assert.Zero(t, admitted(t, other))
		redis.pass(time.Millisecond)
		assert.Equal(t, quota-1, admitted(t, other))
	})
}

// Quotas with different names do not share anything, and no name reaches another key.
func TestQuotasAreIndependent(t *testing.T) {
	redis := newClock(t)
	names := []string{"a", "b", "a:open", "}", "{", "{}", "a}:{b", "ä", " ", "a b", "%7D"}
	for _, name := range names {
		l := redis.limiter(t, Config{Name: name})
		settleFirst(t, l)
		assert.Equal(t, quota-1, admitted(t, l), name)
		end(l, 1)
	}
	assert.Len(t, redis.Keys(), 2*len(names))
}

func TestLeave(t *testing.T) {
	redis := newClock(t)
	l := redis.limiter(t, Config{Leave: 3})
	settleFirst(t, l)
	assert.Equal(t, quota-3-1, admitted(t, l))
	assert.Equal(t, Status{Quota: 7, Used: 7, UnderWay: 6}, status(t, l))

	// The API reports that others have used more than what was left to them.
	redis.FlushAll()
	l = redis.limiter(t, Config{Leave: 3})
	require.Zero(t, ask(t, l, t.Context()))
	l.record(t.Context(), nil, response{status: 200, limits: limits(5, time.Minute)})
	assert.Equal(t, 2, admitted(t, l))
	l.record(t.Context(), nil, response{status: 200, limits: limits(4, time.Minute)})
	l.record(t.Context(), nil, response{status: 200, limits: limits(3, time.Minute)})
	assert.Equal(t, Status{Quota: 7, Used: 3, Paused: time.Minute, Reason: "3 requests remain, which are left to others"}, status(t, l))
	assert.Equal(t, time.Minute, ask(t, l, t.Context()))
}

func TestInvalidConfig(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	for want, l := range map[string]*Limiter{
		"the Redis client is nil":                               New(nil, Config{Name: "x"}),
		"Config.Name must not be empty":                         New(client, Config{}),
		"Config.Quota must not be negative, as -1 is":           New(client, Config{Name: "x", Quota: -1}),
		"Config.Leave must be between 0 and 1199, not 1200":     New(client, Config{Name: "x", Leave: 1200}),
		"Config.Leave must be between 0 and 9, not -1":          New(client, Config{Name: "x", Quota: 10, Leave: -1}),
		"Config.Window must be between 1s and 24h, not 999ms":   New(client, Config{Name: "x", Window: 999 * time.Millisecond}),
		"Config.Window must be between 1s and 24h, not -1s":     New(client, Config{Name: "x", Window: -time.Second}),
		"Config.Window must be between 1s and 24h, not 24h0m1s": New(client, Config{Name: "x", Window: 24*time.Hour + time.Second}),
		"Config.Quota must not be negative, as -2147483648 is":  New(client, Config{Name: "x", Quota: -1 << 31, Leave: -1}),
	} {
		err := l.Wait(t.Context())
		require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		assert.EqualError(t, err, "redislimit: invalid argument: "+want)
		_, statusErr := l.Status(t.Context())
		assert.Equal(t, err, statusErr)
		l.Observe(429, nil) // nothing to record, and no panic

		server := cloudflaretest.NewServer()
		_, err = server.Client(l.Options()...).Organizations.Get(t.Context(), strings.Repeat("0", 32))
		assert.ErrorContains(t, err, want)
		assert.Empty(t, server.Requests())
		server.Close()
	}
}

func TestDefaults(t *testing.T) {
	l := New(redis.NewClient(&redis.Options{}), Config{Name: "x"})
	defer l.client.Close()
	assert.Equal(t, []any{1200, 5 * time.Minute, 0, time.Minute}, []any{l.config.Quota, l.config.Window, l.config.Leave, l.config.Outage})
}

func TestWaitEnds(t *testing.T) {
	redis := newClock(t)
	l := redis.limiter(t, Config{})
	settleFirst(t, l)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Wait(canceled), context.Canceled)
	assert.Equal(t, 1, status(t, l).Used, "nothing is admitted for a context that has ended")

	admitted(t, l)
	t.Run("canceled while it waits", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		require.ErrorIs(t, l.Wait(ctx), context.Canceled)
	})
	t.Run("the deadline is too early", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := l.Wait(ctx)
		require.ErrorIs(t, err, cloudflare.ErrRateLimited)
		assert.EqualError(t, err, "redislimit: rate limited: no request can be sent for 5m0.001s, which is past the deadline")
		assert.Less(t, time.Since(start), 30*time.Second)
	})
	t.Run("a request may end before the deadline", func(t *testing.T) {
		l := newClock(t).limiter(t, Config{})
		require.Zero(t, ask(t, l, t.Context()))
		l.record(t.Context(), nil, response{status: 200, limits: limits(1, time.Minute)})
		require.Zero(t, ask(t, l, t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		time.AfterFunc(50*time.Millisecond, func() { l.Observe(200, nil) })
		require.NoError(t, l.Wait(ctx))
	})
}

// A client with the options sends nothing that is not admitted, and each end is recorded for its own request.
func TestOptions(t *testing.T) {
	redis := newClock(t)
	l := redis.limiter(t, Config{Name: "options"})
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client(l.Options()...)
	id := server.AddOrganization("one", "")
	for range quota {
		_, err := client.Organizations.Get(t.Context(), id)
		require.NoError(t, err)
	}
	require.Len(t, server.Requests(), quota)
	assert.Equal(t, Status{Quota: quota, Used: quota}, status(t, l))
	short, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := client.Organizations.Get(short, id)
	require.ErrorIs(t, err, cloudflare.ErrRateLimited)
	assert.Len(t, server.Requests(), quota)

	redis.pass(window + time.Millisecond)
	server.FailNext("GET /organizations/{organization_id}", cloudflaretest.RateLimited(4*time.Minute))
	_, err = server.Client(append(l.Options(), cloudflare.WithMaxRetries(0))...).Organizations.Get(t.Context(), id)
	require.ErrorIs(t, err, cloudflare.ErrRateLimited)
	s := status(t, l)
	assert.Equal(t, 4*time.Minute, s.Paused)
	assert.Regexp(t, `^status 429, ray [0-9a-f]+-TST$`, s.Reason)
	for _, key := range redis.Keys() {
		assert.NotContains(t, key, cloudflaretest.APIKey)
	}
}

// The end of an attempt belongs to the admission with the same context, and Observe to the one that began first. In
// whichever order requests end, as many remain under way as have not ended.
func TestPairing(t *testing.T) {
	redis := newClock(t)
	l := redis.limiter(t, Config{})
	type key struct{}
	contexts := make([]context.Context, 6)
	for i := range contexts {
		contexts[i] = context.WithValue(t.Context(), key{}, i)
		if i < 3 { // attempts of a client
			require.Zero(t, ask(t, l, contexts[i]))
		} else { // requests of another SDK, which share a context
			require.Zero(t, ask(t, l, t.Context()))
		}
		if i == 0 {
			l.ended(contexts[0], cloudflare.Attempt{StatusCode: 200})
		}
	}
	requests := func() []string {
		members, _ := redis.ZMembers(l.keys[0])
		return members
	}
	under := func() (all []string) {
		for _, a := range l.underWay {
			all = append(all, a.request)
		}
		return all
	}
	require.ElementsMatch(t, under(), requests())
	second := l.underWay[1].request
	l.ended(contexts[2], cloudflare.Attempt{StatusCode: 200})
	assert.NotContains(t, requests(), second)
	first := l.underWay[0].request
	l.Observe(200, nil) // of a request that began later
	assert.NotContains(t, requests(), first)
	l.ended(contexts[1], cloudflare.Attempt{StatusCode: 200}) // whose place Observe has taken
	require.ElementsMatch(t, under(), requests())
	assert.Len(t, requests(), 2)
	for range 2 {
		l.Observe(200, nil)
	}
	assert.Empty(t, requests())
	l.Observe(200, nil)
	l.ended(contexts[0], cloudflare.Attempt{StatusCode: 200})
	assert.Equal(t, 6, status(t, l).Used, "what was not admitted does not end")
}

// Admissions whose requests never end are forgotten by their process too.
func TestAdmissionsThatNeverEnd(t *testing.T) {
	redis := newClock(t)
	l := redis.limiter(t, Config{Quota: 1000})
	settleFirst(t, l)
	require.Zero(t, ask(t, l, t.Context()))
	l.underWay[0].until = time.Now()
	require.Zero(t, ask(t, l, t.Context()))
	assert.Len(t, l.underWay, 1)
}

func TestLog(t *testing.T) {
	redis := newClock(t)
	var out bytes.Buffer
	l := redis.limiter(t, Config{Logger: slog.New(slog.NewTextHandler(&out, nil))})
	settleFirst(t, l)
	l.record(t.Context(), nil, response{status: 429, retryAfter: time.Minute, ray: "8a-IAD"})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	time.AfterFunc(1500*time.Millisecond, cancel)
	require.ErrorIs(t, l.Wait(ctx), context.Canceled)
	text := out.String()
	assert.Contains(t, text, `level=WARN msg="redislimit pauses all processes" quota=ops@example.com for=1m0s reason="status 429, ray 8a-IAD"`)
	assert.Equal(t, 1, strings.Count(text, `level=INFO msg="redislimit waits" quota=ops@example.com for=1m0s`), "once for each Wait")
}

// A limiter behind the options replaces the limiter, and not the hook.
func TestLimiterInFrontOfALimiter(t *testing.T) {
	redis := newClock(t)
	l := redis.limiter(t, Config{})
	server := cloudflaretest.NewServer()
	defer server.Close()
	stop := errors.New("stop")
	var stopped bool
	client := server.Client(append(l.Options(), cloudflare.WithLimiter(limiterFunc(func(ctx context.Context) error {
		if stopped {
			return stop
		}
		return l.Wait(ctx)
	})))...)
	id := server.AddOrganization("one", "")
	_, err := client.Organizations.Get(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, Status{Quota: quota, Used: 1, Available: quota - 1}, status(t, l))
	stopped = true
	_, err = client.Organizations.Get(t.Context(), id)
	require.ErrorIs(t, err, stop)
	assert.Len(t, server.Requests(), 1)
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

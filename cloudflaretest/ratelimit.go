package cloudflaretest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

const (
	defaultQuota  = 1200
	defaultWindow = 5 * time.Minute
)

// rateLimit is a quota of requests in a window, for each user. The zero value has no quota.
type rateLimit struct {
	quota         int
	window, block time.Duration
	users         map[string]*userLimit // by email address in lower case; empty for requests without valid credentials
}

type userLimit struct {
	remaining int
	resets    time.Time
	exceeded  bool
}

// SetRateLimit limits each user to quota requests in each window. The first request begins a window. The Ratelimit
// headers count down. A request above the quota begins another window. That request and all others of the user in this
// window fail with status 429. Requests without valid credentials share one more quota.
//
// Without SetRateLimit, the server does not count: every response reports 1,199 of 1,200 requests remaining. The window
// is measured by the clock of the goroutine that serves the request. With [Server.Transport], that goroutine is the
// caller's, so the time is virtual inside a [testing/synctest] bubble. SetRateLimit panics if the quota is less than 1,
// or if the window is shorter than a second.
func (s *Server) SetRateLimit(quota int, window time.Duration) {
	if quota < 1 || window < time.Second {
		panic(fmt.Sprintf("cloudflaretest: SetRateLimit(%d, %v): the quota must be at least 1, and the window 1s", quota, window))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = rateLimit{quota: quota, window: window, block: window, users: map[string]*userLimit{}}
}

// BlockAfterExcess makes a request above the quota of [Server.SetRateLimit] block its user for d, whatever the window.
// SetRateLimit must come first; another SetRateLimit ends it. The API documents a block of five minutes:
//
//	server.SetRateLimit(100, time.Minute)
//	server.BlockAfterExcess(5 * time.Minute)
//
// All requests of the user fail with status 429 until the block ends, and the headers report the rest of it.
// BlockAfterExcess panics if there is no rate limit, or if d is shorter than a second.
func (s *Server) BlockAfterExcess(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit.quota == 0 || d < time.Second {
		panic(fmt.Sprintf("cloudflaretest: BlockAfterExcess(%v): SetRateLimit must come first, and the block must be at least 1s", d))
	}
	s.limit.block = d
}

// count counts one request of a user and sets the headers of its response. It reports whether the quota is exceeded.
func (l *rateLimit) count(email string, h http.Header) (exceeded bool) {
	if l.quota == 0 {
		setRateLimit(h, defaultQuota, defaultQuota-1, defaultWindow, defaultWindow)
		return false
	}
	email = foldEmail(email)
	user := l.users[email]
	if user == nil {
		user = new(userLimit)
		l.users[email] = user
	}
	now := time.Now()
	// A reset further away than any window belongs to another clock: one end of a synctest bubble was passed.
	if reset := user.resets.Sub(now); reset <= 0 || reset > max(l.window, l.block) {
		*user = userLimit{remaining: l.quota, resets: now.Add(l.window)}
	}
	switch {
	case user.remaining > 0:
		user.remaining--
	case !user.exceeded:
		user.exceeded, user.resets = true, now.Add(l.block)
	}
	reset := user.resets.Sub(now)
	setRateLimit(h, l.quota, user.remaining, l.window, reset)
	if user.exceeded {
		h.Set("Retry-After", strconv.FormatInt(seconds(reset), 10))
	}
	return user.exceeded
}

func setRateLimit(h http.Header, quota, remaining int, window, reset time.Duration) {
	h.Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, remaining, seconds(reset)))
	h.Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, quota, seconds(window)))
}

// seconds rounds up, as the API does.
func seconds(d time.Duration) int64 { return max(0, int64(math.Ceil(d.Seconds()))) }

func tooManyRequests() response {
	return failure(http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed")
}

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

// rateLimit is a quota of requests in a window. The zero value has no quota.
type rateLimit struct {
	quota     int
	window    time.Duration
	remaining int
	resets    time.Time
	exceeded  bool
}

// SetRateLimit limits the server to quota requests in each window. The first request begins a window. The Ratelimit
// headers count down. A request above the quota begins another window. That request and all others in this window fail
// with status 429.
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
	s.limit = rateLimit{quota: quota, window: window}
}

// count counts one request and sets the headers of its response. It reports whether the quota is exceeded.
func (l *rateLimit) count(h http.Header) (exceeded bool) {
	if l.quota == 0 {
		setRateLimit(h, defaultQuota, defaultQuota-1, defaultWindow, defaultWindow)
		return false
	}
	now := time.Now()
	if !now.Before(l.resets) {
		l.remaining, l.resets, l.exceeded = l.quota, now.Add(l.window), false
	}
	switch {
	case l.remaining > 0:
		l.remaining--
	case !l.exceeded:
		l.exceeded, l.resets = true, now.Add(l.window)
	}
	reset := l.resets.Sub(now)
	setRateLimit(h, l.quota, l.remaining, l.window, reset)
	if l.exceeded {
		h.Set("Retry-After", strconv.FormatInt(seconds(reset), 10))
	}
	return l.exceeded
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

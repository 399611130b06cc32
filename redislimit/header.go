package redislimit

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/cloudflare"
)

// rateLimits reads the Ratelimit header, a list such as "default";r=50;t=30, as a client does for its hooks.
func rateLimits(h http.Header) []cloudflare.RateLimit {
	var limits []cloudflare.RateLimit
	for _, line := range h["Ratelimit"] {
		for _, member := range split(line, ',') {
			params := split(member, ';')
			name := strings.TrimSpace(params[0])
			if unquoted, err := strconv.Unquote(name); err == nil {
				name = unquoted
			}
			remaining, ok := number(params[1:], "r")
			if name == "" || !ok {
				continue
			}
			reset, _ := number(params[1:], "t")
			limits = append(limits, cloudflare.RateLimit{Name: name, Remaining: int(min(remaining, math.MaxInt)), Reset: seconds(float64(reset))})
		}
	}
	return limits
}

// split splits s at each separator that is not in a quoted string.
func split(s string, separator byte) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			parts, start = append(parts, s[start:i]), i+1
		}
	}
	return append(parts, s[start:])
}

// number returns the parameter with this key, or false if it is not a whole number from 0 to 2^63-1.
func number(params []string, key string) (int64, bool) {
	for _, param := range params {
		if k, v, ok := strings.Cut(param, "="); ok && strings.TrimSpace(k) == key {
			n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}

// retryAfter reads the Retry-After header: seconds, or a date. A fraction is rounded up, and of several values the
// longest counts.
func retryAfter(h http.Header, now time.Time) (longest time.Duration) {
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	for _, line := range h["Retry-After"] {
		if date, err := http.ParseTime(strings.TrimSpace(line)); err == nil {
			longest = max(longest, date.Sub(now))
			continue
		}
		for value := range strings.SplitSeq(line, ",") {
			value = strings.TrimSpace(value)
			if strings.Trim(value, "0123456789.") == "" {
				n, _ := strconv.ParseFloat(value, 64) // infinity for more than a float64 holds, and 0 for what is not a number
				longest = max(longest, seconds(math.Ceil(n)))
			}
		}
	}
	return longest
}

// seconds returns n seconds, or the longest Duration if that is shorter.
func seconds(n float64) time.Duration {
	return time.Duration(min(n, float64(math.MaxInt64/time.Second))) * time.Second
}

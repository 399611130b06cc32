package rest

import (
	"iter"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RateLimit is one element of a Ratelimit header, joined with the element of the same name in Ratelimit-Policy.
type RateLimit struct {
	Name             string
	Remaining, Quota int
	Reset, Window    time.Duration
}

// RateLimits reads the Ratelimit and Ratelimit-Policy headers. An element that cannot be read is omitted.
func RateLimits(h http.Header) []RateLimit {
	var limits []RateLimit
	for e := range elements(h["Ratelimit"]) {
		if remaining, ok := e.number("r"); ok {
			reset, _ := e.number("t")
			limits = append(limits, RateLimit{Name: e.name, Remaining: toInt(remaining), Reset: seconds(reset)})
		}
	}
	for e := range elements(h["Ratelimit-Policy"]) {
		for i := range limits {
			if limits[i].Name == e.name {
				quota, _ := e.number("q")
				window, _ := e.number("w")
				limits[i].Quota, limits[i].Window = toInt(quota), seconds(window)
			}
		}
	}
	return limits
}

// element is one element of a structured-field list, such as "name";a=1;b=2.
type element struct{ name, params string }

// maxLimits bounds how many elements of a header are read: a header may be long, and joining two is quadratic.
const maxLimits = 100

// elements yields the elements of a structured-field list that may be spread over several header lines.
func elements(lines []string) iter.Seq[element] {
	return func(yield func(element) bool) {
		n := 0
		for _, line := range lines {
			for rest := line; rest != "" && n < maxLimits; n++ {
				var text string
				text, rest = cutUnquoted(rest, ',')
				name, params := cutUnquoted(text, ';')
				name = strings.TrimSpace(name)
				if unquoted, err := strconv.Unquote(name); err == nil {
					name = unquoted
				}
				if name != "" && !yield(element{name, params}) {
					return
				}
			}
		}
	}
}

// cutUnquoted splits s around the first sep that is not inside a quoted string.
func cutUnquoted(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// number returns the parameter with this key, or zero and false unless it is a whole number from 0 to 2^63-1.
func (e element) number(key string) (int64, bool) {
	for rest := e.params; rest != ""; {
		var param string
		param, rest = cutUnquoted(rest, ';')
		if k, v, ok := strings.Cut(param, "="); ok && strings.TrimSpace(k) == key {
			n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			if err != nil || n < 0 {
				return 0, false
			}
			return n, true
		}
	}
	return 0, false
}

// toInt returns n, or the largest int if n is larger.
func toInt(n int64) int { return int(min(n, math.MaxInt)) }

// mostPressing returns the smallest number of remaining requests, with the longest reset that belongs to it.
func mostPressing(h http.Header) (remaining int, reset time.Duration, ok bool) {
	for e := range elements(h["Ratelimit"]) {
		r, okR := e.number("r")
		t, okT := e.number("t")
		if !okR || !okT {
			continue
		}
		if r, t := toInt(r), seconds(t); !ok || r < remaining || r == remaining && t > reset {
			remaining, reset, ok = r, t, true
		}
	}
	return remaining, reset, ok
}

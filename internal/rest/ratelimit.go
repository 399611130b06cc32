package rest

import (
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RateLimit is one member of a Ratelimit header, joined with the member of the same name in Ratelimit-Policy.
type RateLimit struct {
	Name             string
	Remaining, Quota int
	Reset, Window    time.Duration
}

// RateLimits reads the Ratelimit and Ratelimit-Policy headers. A member that cannot be read is left out.
func RateLimits(h http.Header) []RateLimit {
	var limits []RateLimit
	for m := range members(h["Ratelimit"]) {
		if remaining, ok := m.number("r"); ok {
			reset, _ := m.number("t")
			limits = append(limits, RateLimit{Name: m.name, Remaining: remaining, Reset: seconds(reset)})
		}
	}
	for m := range members(h["Ratelimit-Policy"]) {
		for i := range limits {
			if limits[i].Name == m.name {
				window, _ := m.number("w")
				limits[i].Quota, _ = m.number("q")
				limits[i].Window = seconds(window)
			}
		}
	}
	return limits
}

// member is one element of a structured-field list: "name";a=1;b=2.
type member struct{ name, params string }

// maxLimits bounds how many members of a header are read: a header may be long, and joining two is quadratic.
const maxLimits = 100

// members yields the elements of a structured-field list that may be spread over several header lines.
func members(lines []string) iter.Seq[member] {
	return func(yield func(member) bool) {
		n := 0
		for _, line := range lines {
			for rest := line; rest != "" && n < maxLimits; n++ {
				var element string
				element, rest = cutUnquoted(rest, ',')
				name, params := cutUnquoted(element, ';')
				name = strings.TrimSpace(name)
				if unquoted, err := strconv.Unquote(name); err == nil {
					name = unquoted
				}
				if name != "" && !yield(member{name, params}) {
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

// number returns a parameter that is a whole number and not negative, or zero and false.
func (m member) number(key string) (int, bool) {
	for rest := m.params; rest != ""; {
		var param string
		param, rest = cutUnquoted(rest, ';')
		if k, v, ok := strings.Cut(param, "="); ok && strings.TrimSpace(k) == key {
			n, err := strconv.Atoi(strings.TrimSpace(v))
			if err != nil || n < 0 {
				return 0, false
			}
			return n, true
		}
	}
	return 0, false
}

// mostPressing returns the smallest remaining quota with the longest wait that belongs to it.
func mostPressing(h http.Header) (left int, reset time.Duration, ok bool) {
	for m := range members(h["Ratelimit"]) {
		r, okR := m.number("r")
		t, okT := m.number("t")
		if !okR || !okT {
			continue
		}
		if !ok || r < left || r == left && seconds(t) > reset {
			left, reset, ok = r, seconds(t), true
		}
	}
	return left, reset, ok
}

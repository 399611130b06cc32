package rest

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

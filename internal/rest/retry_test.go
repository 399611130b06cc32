package rest

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRules(t *testing.T) {
	writes := map[string]bool{
		http.MethodGet: false, http.MethodHead: false, http.MethodPut: true, http.MethodDelete: true,
		http.MethodPost: true, http.MethodPatch: true, "PROPFIND": true, "": true,
	}
	tests := []struct {
		outcome                            outcome
		repeatIdempotent, repeatOther, may bool
	}{
		{settled, false, false, false},
		{throttled, true, true, false},
		{troubled, true, false, true},
		{unprocessed, true, true, false},
		{hopeless, false, false, false},
		{lost, true, false, true},
		{stale, true, false, false},
	}
	assert.Len(t, tests, len(rules), "every outcome has a test")
	for _, test := range tests {
		assert.Equal(t, test.repeatIdempotent, test.outcome.repeatable(true), "%d", test.outcome)
		assert.Equal(t, test.repeatOther, test.outcome.repeatable(false), "%d", test.outcome)
		for method, write := range writes {
			assert.Equal(t, test.may && write, test.outcome.unknown(method), "%d %s", test.outcome, method)
		}
	}
}

func TestIdempotent(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
		assert.True(t, (&RawRequest{Method: method}).idempotent(), method)
	}
	for _, method := range []string{http.MethodPost, http.MethodPatch, "PROPFIND", ""} {
		assert.False(t, (&RawRequest{Method: method}).idempotent(), method)
		assert.True(t, (&RawRequest{Method: method, Idempotent: true}).idempotent(), method)
	}
}

func TestJudgeStatus(t *testing.T) {
	for status := 100; status < 1000; status++ {
		want := settled
		switch {
		case status == 429:
			want = throttled
		case status == 408, status == 500, status >= 502 && status <= 504, status >= 520 && status <= 524:
			want = troubled
		}
		assert.Equal(t, want, judgeStatus(status), "%d", status)
	}
}

func TestBackoff(t *testing.T) {
	tests := []struct {
		n           int
		limit, most time.Duration
	}{
		{1, 30 * time.Second, 500 * time.Millisecond},
		{2, 30 * time.Second, time.Second},
		{3, 30 * time.Second, 2 * time.Second},
		{6, 30 * time.Second, 16 * time.Second},
		{7, 30 * time.Second, 30 * time.Second},
		{1000, 30 * time.Second, 30 * time.Second},
		{math.MaxInt, math.MaxInt64 - 1, firstBackoff << 31},
		{1, 20 * time.Millisecond, 20 * time.Millisecond},
		{5, 0, 0},
	}
	for _, test := range tests {
		var least, most time.Duration = math.MaxInt64, 0
		for range 500 {
			wait := backoff(test.n, test.limit)
			least, most = min(least, wait), max(most, wait)
		}
		assert.GreaterOrEqual(t, least, time.Duration(0), "repeat %d", test.n)
		assert.LessOrEqual(t, most, test.most, "repeat %d", test.n)
		// All of the range is used: 500 draws miss a tenth of it once in 10^22 runs.
		assert.LessOrEqual(t, least, test.most/10, "repeat %d", test.n)
		assert.GreaterOrEqual(t, most, test.most-test.most/10, "repeat %d", test.n)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		value string
		want  time.Duration
	}{
		{"1", time.Second},
		{"120", 2 * time.Minute},
		{"  7 ", 7 * time.Second},
		{"007", 7 * time.Second},
		{"1.5", 2 * time.Second},
		{"0.001", time.Second},
		{".5", time.Second},
		{"30.000", 30 * time.Second},
		{"7.", 7 * time.Second},
		{"0.0", 0},
		{"5, 6", 6 * time.Second},
		{"7,7", 7 * time.Second},
		{"1.5, 3", 3 * time.Second},
		{", 4,", 4 * time.Second},
		{"31536000", 365 * 24 * time.Hour},
		{"4294967296", (1 << 32) * time.Second},
		{strings.Repeat("9", 400), math.MaxInt64 / time.Second * time.Second},
		{strconv.FormatInt(math.MaxInt64, 10), math.MaxInt64 / time.Second * time.Second},
		{now.Add(9 * time.Second).Format(http.TimeFormat), 9 * time.Second},
		{now.Add(9 * time.Second).Format(time.RFC850), 9 * time.Second},
		{now.Add(9 * time.Second).Format(time.ANSIC), 9 * time.Second},
		{now.AddDate(1, 0, 0).Format(http.TimeFormat), 365 * 24 * time.Hour},
		{"Fri, 31 Dec 9999 23:59:59 GMT", math.MaxInt64},

		{"", 0},
		{"0", 0},
		{"-5", 0},
		{"+5", 0},
		{"1e3", 0},
		{"soon", 0},
		{"٣", 0},
		{"1.5.5", 0},
		{".", 0},
		{"1,5,x", 5 * time.Second}, // a list of which one element cannot be read
		{now.Format(http.TimeFormat), 0},
		{now.Add(-time.Hour).Format(http.TimeFormat), 0},
		{now.Add(time.Hour).Format(time.RFC3339), 0},
		{"Mon, 01 Jan 0001 00:00:00 GMT", 0},
	}
	for _, test := range tests {
		t.Run(test.value, func(t *testing.T) {
			assert.Equal(t, test.want, retryAfter(http.Header{"Retry-After": {test.value}}, now))
		})
	}
	assert.Zero(t, retryAfter(nil, now), "no header")

	date := now.Add(9 * time.Second).Format(http.TimeFormat)
	assert.Equal(t, 9*time.Second, retryAfter(http.Header{"Retry-After": {"7", date, "soon"}}, now), "several headers")
	assert.Equal(t, 9*time.Second, retryAfter(http.Header{"Retry-After": {"7", "9, 8"}}, now), "several headers")
}

// A date means what the server's clock says, whatever the client's clock says.
func TestRetryAfterIsRelativeToTheDate(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, off := range []time.Duration{0, time.Hour, -time.Hour, 20 * time.Second, -20 * time.Second, 24 * 365 * time.Hour} {
		server := now.Add(off)
		at := func(d time.Duration) http.Header {
			return http.Header{"Retry-After": {server.Add(d).Format(http.TimeFormat)}, "Date": {server.Format(http.TimeFormat)}}
		}
		assert.Equal(t, 2*time.Second, retryAfter(at(2*time.Second), now), "a clock that is off by %s", off)
		assert.Zero(t, retryAfter(at(-2*time.Second), now), "a clock that is off by %s", off)
	}
	seconds := http.Header{"Retry-After": {"7"}, "Date": {now.Add(time.Hour).Format(http.TimeFormat)}}
	assert.Equal(t, 7*time.Second, retryAfter(seconds, now), "seconds need no clock")
	for _, date := range []string{"", "yesterday", "0", now.Format(time.RFC3339)} {
		h := http.Header{"Retry-After": {now.Add(3 * time.Second).Format(http.TimeFormat)}, "Date": {date}}
		assert.Equal(t, 3*time.Second, retryAfter(h, now), "a Date header that cannot be read: %q", date)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"", "0", "5", "-5", "+5", "1.5", "soon", "31536000", "99999999999999999999", "5, 6", "\t7 ",
		"Mon, 23 Nov 2026 12:00:09 GMT", "Monday, 23-Nov-26 12:00:09 GMT", "Mon Nov 23 12:00:09 2026",
		"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT",
	} {
		f.Add(value, int64(1_795_435_200))
	}
	f.Fuzz(func(t *testing.T, value string, unix int64) {
		now := time.Unix(unix%(1<<36), 0)
		got := retryAfter(http.Header{"Retry-After": {value}}, now)
		if got < 0 {
			t.Fatalf("%q: %s is negative", value, got)
		}
		if n, err := strconv.ParseUint(value, 10, 32); err == nil && got != time.Duration(n)*time.Second {
			t.Fatalf("%q: %s is not what it says", value, got)
		}
		if date, err := http.ParseTime(value); err == nil && got != max(0, date.Sub(now)) {
			t.Fatalf("%q at %s: %s is not what it says", value, now, got)
		}
		if got != retryAfter(http.Header{"Retry-After": {" " + value + "\t"}}, now) {
			t.Fatalf("%q: white space around it changes it", value)
		}
	})
}

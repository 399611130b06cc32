package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRules(t *testing.T) {
	idempotent := []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete}
	other := []string{http.MethodPost, http.MethodPatch, "PROPFIND", ""}
	tests := []struct {
		outcome                            outcome
		repeatIdempotent, repeatOther, may bool
	}{
		{settled, false, false, false},
		{throttled, true, true, false},
		{troubled, true, false, true},
		{unsent, true, true, false},
		{hopeless, false, false, false},
		{lost, true, false, true},
	}
	assert.Len(t, tests, len(rules), "every outcome has a test")
	for _, test := range tests {
		for _, method := range idempotent {
			assert.Equal(t, test.repeatIdempotent, test.outcome.repeatable((&RawRequest{Method: method}).idempotent()), "%d %s", test.outcome, method)
		}
		for _, method := range other {
			assert.Equal(t, test.repeatOther, test.outcome.repeatable((&RawRequest{Method: method}).idempotent()), "%d %s", test.outcome, method)
		}
		for _, method := range slices.Concat(idempotent, other) {
			write := method != http.MethodGet && method != http.MethodHead
			assert.Equal(t, test.may && write, test.outcome.unknown(method), "%d %s", test.outcome, method)
		}
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

func TestJudgeError(t *testing.T) {
	op := func(op string, err error) error { return &net.OpError{Op: op, Net: "tcp", Err: err} }
	notFound := &net.DNSError{Err: "no such host", Name: "a.invalid", IsNotFound: true}
	busy := &net.DNSError{Err: "server misbehaving", Name: "a.invalid", IsTemporary: true}
	certificate := &tls.CertificateVerificationError{Err: errors.New("signed by nobody")}
	tests := []struct {
		name string
		err  error
		want outcome
	}{
		{"dial refused", op("dial", syscall.ECONNREFUSED), unsent},
		{"dial timed out", op("dial", context.DeadlineExceeded), unsent},
		{"dial of a proxy refused", op("proxyconnect", op("dial", syscall.ECONNREFUSED)), unsent},
		{"dial of a proxy that has no address", op("proxyconnect", op("dial", notFound)), hopeless},
		{"name server is in trouble", op("dial", busy), unsent},
		{"host does not exist", op("dial", notFound), hopeless},
		{"name server is in trouble, bare", busy, unsent},
		{"host does not exist, bare", notFound, hopeless},
		{"bad certificate", certificate, hopeless},

		{"proxy answered badly", op("proxyconnect", errors.New("Bad Gateway")), lost},
		{"proxy went away", op("proxyconnect", op("read", syscall.ECONNRESET)), lost},
		{"connection reset while reading", op("read", syscall.ECONNRESET), lost},
		{"connection reset while writing", op("write", syscall.ECONNRESET), lost},
		{"TLS alert", op("remote error", errors.New("tls: handshake failure")), lost},
		{"not TLS", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, lost},
		{"end of the connection", io.EOF, lost},
		{"context ended", context.Canceled, lost},
		{"anything else", errors.New("broken"), lost},

		// What wraps one of these may have sent the request before, and then tried again by itself.
		{"dial refused, wrapped", fmt.Errorf("after 3 attempts: %w", op("dial", syscall.ECONNREFUSED)), lost},
		{"dial refused, from an http.Client", &url.Error{Op: "Post", URL: "https://a.invalid", Err: op("dial", syscall.ECONNREFUSED)}, lost},
		{"no such host, wrapped", fmt.Errorf("after 3 attempts: %w", notFound), lost},
		{"bad certificate, wrapped", fmt.Errorf("after 3 attempts: %w", certificate), lost},
		{"dial refused, joined", errors.Join(io.ErrUnexpectedEOF, op("dial", syscall.ECONNREFUSED)), lost},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, judgeError(test.err))
		})
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
		{"1.5", 0},
		{"1e3", 0},
		{"soon", 0},
		{"٣", 0},
		{"5, 6", 0},
		{now.Format(http.TimeFormat), 0},
		{now.Add(-time.Hour).Format(http.TimeFormat), 0},
		{now.Add(time.Hour).Format(time.RFC3339), 0},
		{"Mon, 01 Jan 0001 00:00:00 GMT", 0},
	}
	for _, test := range tests {
		t.Run(test.value, func(t *testing.T) {
			assert.Equal(t, test.want, RetryAfter(http.Header{"Retry-After": {test.value}}, now))
		})
	}
	assert.Zero(t, RetryAfter(nil, now), "no header")
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
		got := RetryAfter(http.Header{"Retry-After": {value}}, now)
		if got < 0 {
			t.Fatalf("%q: %s is negative", value, got)
		}
		if n, err := strconv.ParseUint(value, 10, 32); err == nil && got != time.Duration(n)*time.Second {
			t.Fatalf("%q: %s is not what it says", value, got)
		}
		if date, err := http.ParseTime(value); err == nil && got != max(0, date.Sub(now)) {
			t.Fatalf("%q at %s: %s is not what it says", value, now, got)
		}
		if got != RetryAfter(http.Header{"Retry-After": {" " + value + "\t"}}, now) {
			t.Fatalf("%q: white space around it changes it", value)
		}
	})
}

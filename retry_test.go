package cloudflare_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// retryCall is a call for each method that a client can send, with what it should look like to the server.
type retryCall struct {
	method            string
	idempotent, write bool
	path, body        string
	success           string // the body of a good answer
	do                func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error
}

var retryCalls = []retryCall{
	{
		method: http.MethodGet, idempotent: true, path: "/organizations/" + organizationID, success: organizationBody,
		do: func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.Organizations.Get(ctx, organizationID, opts...)
			return err
		},
	},
	{
		method: http.MethodHead, idempotent: true, path: "/elsewhere",
		do: func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			return c.Call(ctx, cloudflare.Request{Method: http.MethodHead, Path: []string{"elsewhere"}}, nil, opts...)
		},
	},
	{
		method: http.MethodPut, idempotent: true, write: true, path: "/organizations/" + organizationID, success: organizationBody,
		body: `{"name":"Acme"}`,
		do: func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.Organizations.Update(ctx, organizationID, cloudflare.OrganizationUpdateParams{Name: "Acme"}, opts...)
			return err
		},
	},
	{
		method: http.MethodDelete, idempotent: true, write: true, path: "/organizations/" + organizationID, success: deletedBody,
		do: func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.Organizations.Delete(ctx, organizationID, opts...)
			return err
		},
	},
	{
		method: http.MethodPost, write: true, path: "/organizations", success: organizationBody,
		body: `{"name":"Acme","parent":{"id":"` + organizationID + `"}}`,
		do: func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Acme", ParentID: organizationID}, opts...)
			return err
		},
	},
	{
		method: http.MethodPatch, write: true, path: "/elsewhere", success: organizationBody, body: `{"a":[1,2]}`,
		do: func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			req := cloudflare.Request{Method: http.MethodPatch, Path: []string{"elsewhere"}, Body: json.RawMessage(`{"a":[1,2]}`)}
			return c.Call(ctx, req, new(json.RawMessage), opts...)
		},
	},
}

func retryCallOf(t *testing.T, method string) retryCall {
	t.Helper()
	i := slices.IndexFunc(retryCalls, func(c retryCall) bool { return c.method == method })
	require.GreaterOrEqual(t, i, 0, method)
	return retryCalls[i]
}

// matchable is everything that an error of a call may be found to be.
var matchable = []error{
	cloudflare.ErrInvalidArgument, cloudflare.ErrUnauthorized, cloudflare.ErrForbidden, cloudflare.ErrNotFound,
	cloudflare.ErrConflict, cloudflare.ErrRateLimited, cloudflare.ErrAttemptTimeout, cloudflare.ErrOutcomeUnknown,
	context.DeadlineExceeded, context.Canceled,
}

// assertMatchesOnly fails unless err matches all of want and nothing else that an error can match.
func assertMatchesOnly(t *testing.T, err error, want ...error) {
	t.Helper()
	require.Error(t, err)
	for _, target := range matchable {
		assert.Equal(t, slices.Contains(want, target), errors.Is(err, target), "%q in %q", target, err)
	}
}

// repeats says for which methods an attempt is followed by another.
type repeats int

const (
	never repeats = iota
	idempotent
	always
)

// retryColumn is one thing that may happen to an attempt.
type retryColumn struct {
	name    string
	reply   pipeReply
	repeats repeats
	unknown bool          // if it is a write, it may have happened
	status  int           // of the *Error that the caller gets; 0: an error that is none
	is      []error       // what the error matches, ErrOutcomeUnknown left out
	takes   time.Duration // from the dial to the end of the attempt
	unread  bool          // the server never gets to read the request
	inBody  bool          // cannot happen to an answer without a body
}

// retryTable is the table of the package comment, one row for each column of it that is worth telling apart.
func retryTable() []retryColumn {
	var table []retryColumn
	status := func(repeats repeats, unknown bool, code int, is ...error) {
		table = append(table, retryColumn{
			name: strconv.Itoa(code), reply: pipeAnswer(code, rejectedBody), repeats: repeats, unknown: unknown, status: code, is: is,
		})
	}
	status(always, false, 429, cloudflare.ErrRateLimited)

	status(idempotent, true, 408)
	status(idempotent, true, 500)
	status(idempotent, true, 502)
	status(idempotent, true, 503)
	status(idempotent, true, 504)
	status(idempotent, true, 520)
	status(idempotent, true, 521)
	status(idempotent, true, 522)
	status(idempotent, true, 523)
	status(idempotent, true, 524)

	status(never, false, 300)
	status(never, false, 301)
	status(never, false, 302)
	status(never, false, 303)
	status(never, false, 304)
	status(never, false, 307)
	status(never, false, 308)
	status(never, false, 400)
	status(never, false, 401, cloudflare.ErrUnauthorized)
	status(never, false, 403, cloudflare.ErrForbidden)
	status(never, false, 404, cloudflare.ErrNotFound)
	status(never, false, 405)
	status(never, false, 409, cloudflare.ErrConflict)
	status(never, false, 410)
	status(never, false, 412)
	status(never, false, 413)
	status(never, false, 422)
	status(never, false, 425)
	status(never, false, 428)
	status(never, false, 501)
	status(never, false, 505)
	status(never, false, 511)
	status(never, false, 519)
	status(never, false, 525)
	status(never, false, 526)
	status(never, false, 530)
	status(never, false, 599)

	const timeout = 30 * time.Second // the default
	noSuchHost := &net.DNSError{Err: "no such host", Name: "localhost", IsNotFound: true}
	noNameServer := &net.DNSError{Err: "server misbehaving", Name: "localhost", IsTemporary: true}
	untrusted := &tls.CertificateVerificationError{Err: errors.New("signed by nobody")}
	half := func(status int) func() string {
		return func() string {
			return pipeText(status, len(organizationBody), organizationBody[:len(organizationBody)/2])
		}
	}
	text := func(s string) func() string { return func() string { return s } }
	table = append(table, []retryColumn{
		{name: "dial refused", reply: pipeReply{refuse: connectionRefused}, repeats: always, unread: true},
		{name: "name server in trouble", reply: pipeReply{refuse: &net.OpError{Op: "dial", Err: noNameServer}}, repeats: always, unread: true},
		{name: "host does not exist", reply: pipeReply{refuse: &net.OpError{Op: "dial", Err: noSuchHost}}, repeats: never, unread: true},
		{name: "certificate not accepted", reply: pipeReply{refuse: untrusted}, repeats: never, unread: true},

		{name: "closed before reading", reply: pipeReply{deaf: true}, repeats: idempotent, unknown: true, unread: true},
		{name: "reset before reading", reply: pipeReply{deaf: true, reset: true}, repeats: idempotent, unknown: true, unread: true},
		{name: "closed after reading", reply: pipeReply{}, repeats: idempotent, unknown: true},
		{name: "reset after reading", reply: pipeReply{reset: true}, repeats: idempotent, unknown: true},
		{name: "header cut", reply: pipeReply{answer: text("HTTP/1.1 200 OK\r\nContent-Le")}, repeats: idempotent, unknown: true},
		{name: "not HTTP", reply: pipeReply{answer: text("SSH-2.0-OpenSSH_9.9\r\n\r\n")}, repeats: idempotent, unknown: true},
		{name: "switching protocols", reply: pipeReply{answer: text("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")}, repeats: idempotent, unknown: true},
		{name: "body cut", reply: pipeReply{answer: half(200)}, repeats: idempotent, unknown: true, inBody: true},
		{name: "body reset", reply: pipeReply{answer: half(200), reset: true}, repeats: idempotent, unknown: true, inBody: true},
		{name: "body of a refusal cut", reply: pipeReply{answer: half(400)}, status: 400, inBody: true},
		{
			name: "chunked body cut", repeats: idempotent, unknown: true, inBody: true,
			reply: pipeReply{answer: text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"suc\r\n")},
		},
		{
			name: "gzip cut", repeats: idempotent, unknown: true, inBody: true,
			reply: pipeReply{answer: text("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")},
		},

		{name: "header stalled", reply: pipeReply{hang: true}, takes: timeout, repeats: idempotent, unknown: true, is: []error{cloudflare.ErrAttemptTimeout}},
		{
			name: "body stalled", reply: pipeReply{answer: half(200), hang: true}, takes: timeout, repeats: idempotent, unknown: true,
			is: []error{cloudflare.ErrAttemptTimeout}, inBody: true,
		},
		{
			name: "body of a refusal stalled", reply: pipeReply{answer: half(403), hang: true}, takes: timeout, status: 403,
			is: []error{cloudflare.ErrForbidden}, inBody: true,
		},

		{name: "200 without a result", reply: pipeAnswer(200, `{"success":true,"errors":[],"messages":[]}`), unknown: true, status: 200, inBody: true},
		{name: "200 in HTML", reply: pipeAnswer(200, "<html>"), unknown: true, status: 200, inBody: true},
		{name: "200 cut in a way that only JSON shows", reply: pipeAnswer(200, organizationBody[:len(organizationBody)-1]), unknown: true, status: 200, inBody: true},
		{name: "200 that is empty", reply: pipeAnswer(200, ""), unknown: true, status: 200, inBody: true},
		{name: "204 where a result is due", reply: pipeAnswer(204, ""), unknown: true, status: 204, inBody: true},
		{name: "200 that refuses", reply: pipeAnswer(200, rejectedBody), status: 200, inBody: true},
	}...)
	return table
}

// Which requests reach the server, with which body, after which waits, and what the caller gets.
func TestRetryTable(t *testing.T) {
	for _, column := range retryTable() {
		for _, call := range retryCalls {
			if column.inBody && call.method == http.MethodHead {
				continue
			}
			repeated := column.repeats == always || column.repeats == idempotent && call.idempotent
			want := column.is
			if column.unknown && call.write {
				want = append(slices.Clone(want), cloudflare.ErrOutcomeUnknown)
			}
			// once: the attempt after the first one is answered well, if there is one.
			for _, once := range []bool{false, true} {
				attempts := 1
				if repeated {
					attempts = map[bool]int{false: 4, true: 2}[once]
				}
				t.Run(fmt.Sprintf("%s/%s/once=%t", column.name, call.method, once), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						script := pipeAlways(column.reply)
						if once {
							script = pipeScript(column.reply, pipeAnswer(200, call.success))
						}
						server, client := newPipeServer(t, script)
						var response cloudflare.Response
						err := call.do(t.Context(), client, cloudflare.CaptureResponse(&response))

						dials, requests := server.seen()
						require.Len(t, dials, attempts)
						for i := range dials[1:] {
							wait := dials[i+1].Sub(dials[i]) - column.takes
							assert.GreaterOrEqual(t, wait, time.Duration(0), "wait %d", i+1)
							assert.LessOrEqual(t, wait, 500*time.Millisecond<<i, "wait %d", i+1)
						}
						read := attempts
						switch {
						case column.unread && once && repeated:
							read = 1
						case column.unread:
							read = 0
						}
						require.Len(t, requests, read)
						for _, r := range requests {
							assert.Equal(t, call.method, r.method)
							assert.Equal(t, "/client/v4"+call.path, r.path)
							assert.Equal(t, call.body, r.body)
						}

						assert.Equal(t, attempts, response.Attempts)
						if once && repeated {
							require.NoError(t, err)
							assert.Equal(t, 200, response.StatusCode)
							return
						}
						assertMatchesOnly(t, err, want...)
						assert.Equal(t, column.status, response.StatusCode)
						assert.Contains(t, err.Error(), call.method+" "+call.path)
						var answer *cloudflare.Error
						if column.status == 0 {
							assert.False(t, errors.As(err, &answer), "there was no answer")
						} else if assert.ErrorAs(t, err, &answer) {
							assert.Equal(t, column.status, answer.StatusCode)
							assert.Equal(t, attempts, answer.Attempts)
						}
						if attempts > 1 {
							assert.Contains(t, err.Error(), fmt.Sprintf("%d attempts", attempts))
						}
					})
				})
			}
		}
	}
}

// The waits are random, so that clients which failed together do not come back together.
func TestBackoffIsRandom(t *testing.T) {
	for name, reply := range map[string]pipeReply{
		"after an answer":                       pipeAnswer(503, rejectedBody),
		"after a Retry-After of 0":              pipeAnswer(503, rejectedBody, "Retry-After: 0"),
		"after a Retry-After of the past":       pipeAnswer(429, rejectedBody, "Retry-After: Sat, 01 Jan 2000 00:00:00 GMT"),
		"after a Retry-After that is no number": pipeAnswer(429, rejectedBody, "Retry-After: soon"),
		"after no answer":                       {reset: true},
		"after no connection":                   {refuse: connectionRefused},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newPipeServer(t, pipeAlways(reply), cloudflare.WithMaxRetries(1))
				for range 100 {
					require.Error(t, retryCallOf(t, "GET").do(t.Context(), client))
				}
				dials, _ := server.seen()
				require.Len(t, dials, 200)
				var waits []time.Duration
				for pair := range slices.Chunk(dials, 2) {
					waits = append(waits, pair[1].Sub(pair[0]))
				}
				// One run in 10^12 has none of 100 in a quarter of the range.
				assert.Less(t, slices.Min(waits), 125*time.Millisecond)
				assert.Greater(t, slices.Max(waits), 375*time.Millisecond)
			})
		})
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	jitter := time.Duration(-1)
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	tests := []struct {
		name  string
		value func() string
		wait  time.Duration // exactly; jitter: the ordinary back-off; 0: no further attempt
		asked time.Duration // Error.RetryAfter where there is no further attempt
	}{
		{"seconds", func() string { return "7" }, 7 * time.Second, 0},
		{"the longest wait allowed", func() string { return "30" }, 30 * time.Second, 0},
		{"a date", func() string { return date(9 * time.Second) }, 9 * time.Second, 0},
		{"none", func() string { return "" }, jitter, 0},
		{"0", func() string { return "0" }, jitter, 0},
		{"negative", func() string { return "-5" }, jitter, 0},
		{"not a number", func() string { return "soon" }, jitter, 0},
		{"a fraction", func() string { return "1.5" }, jitter, 0},
		{"a date in the past", func() string { return date(-time.Hour) }, jitter, 0},
		{"now", func() string { return date(0) }, jitter, 0},

		{"longer than the longest wait allowed", func() string { return "31" }, 0, 31 * time.Second},
		{"a year", func() string { return "31536000" }, 0, 31536000 * time.Second},
		{"a date in a year", func() string { return date(31536000 * time.Second) }, 0, 31536000 * time.Second},
		{"more than an integer holds", func() string { return strings.Repeat("9", 50) }, 0, math.MaxInt64 / time.Second * time.Second},
	}
	calls := []struct {
		status int
		method string
	}{
		{429, "GET"}, {429, "POST"}, {429, "DELETE"}, {408, "GET"}, {500, "GET"}, {502, "PUT"}, {503, "GET"}, {503, "PUT"},
		{504, "DELETE"}, {520, "HEAD"}, {524, "GET"},
	}
	for _, test := range tests {
		for _, c := range calls {
			t.Run(fmt.Sprintf("%s/%d/%s", test.name, c.status, c.method), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					call := retryCallOf(t, c.method)
					server, client := newPipeServer(t, pipeScript(
						pipeAnswer(c.status, rejectedBody, "Retry-After: "+test.value()),
						pipeAnswer(200, call.success),
					))
					start := time.Now()
					err := call.do(t.Context(), client)
					dials, _ := server.seen()
					if test.wait == 0 {
						require.Len(t, dials, 1)
						assert.Zero(t, time.Since(start), "the answer is returned at once")
						var answer *cloudflare.Error
						require.ErrorAs(t, err, &answer)
						assert.Equal(t, c.status, answer.StatusCode)
						assert.Equal(t, test.asked, answer.RetryAfter)
						assert.Equal(t, 1, answer.Attempts)
						unknown := call.write && c.status != 429
						assert.Equal(t, unknown, errors.Is(err, cloudflare.ErrOutcomeUnknown))
						return
					}
					require.NoError(t, err)
					require.Len(t, dials, 2)
					if wait := dials[1].Sub(dials[0]); test.wait == jitter {
						assert.LessOrEqual(t, wait, 500*time.Millisecond)
					} else {
						assert.Equal(t, test.wait, wait)
					}
				})
			})
		}
	}
}

func TestRetryAfterOfAStatusThatIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newPipeServer(t, pipeAlways(pipeAnswer(503, rejectedBody, "Retry-After: 3")))
		err := retryCallOf(t, "POST").do(t.Context(), client)
		assertMatchesOnly(t, err, cloudflare.ErrOutcomeUnknown)
		var answer *cloudflare.Error
		require.ErrorAs(t, err, &answer)
		assert.Equal(t, 3*time.Second, answer.RetryAfter)
		dials, _ := server.seen()
		assert.Len(t, dials, 1)
	})
}

func TestMaxRetryWaitBoundsTheBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newPipeServer(t, pipeAlways(pipeAnswer(503, rejectedBody)),
			cloudflare.WithMaxRetryWait(100*time.Millisecond), cloudflare.WithMaxRetries(20))
		require.Error(t, retryCallOf(t, "GET").do(t.Context(), client))
		dials, _ := server.seen()
		require.Len(t, dials, 21)
		for i := range dials[1:] {
			assert.LessOrEqual(t, dials[i+1].Sub(dials[i]), 100*time.Millisecond)
		}
	})
}

func TestNumberOfRetries(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		for _, test := range []struct {
			name     string
			opts     []cloudflare.Option
			callOpts []cloudflare.CallOption
			attempts int
		}{
			{"default", nil, nil, 4},
			{"none", []cloudflare.Option{cloudflare.WithMaxRetries(0)}, nil, 1},
			{"one", []cloudflare.Option{cloudflare.WithMaxRetries(1)}, nil, 2},
			{"ten", []cloudflare.Option{cloudflare.WithMaxRetries(10)}, nil, 11},
			{"none for this call", nil, []cloudflare.CallOption{cloudflare.SetMaxRetries(0)}, 1},
			{"two for this call", []cloudflare.Option{cloudflare.WithMaxRetries(0)}, []cloudflare.CallOption{cloudflare.SetMaxRetries(2)}, 3},
		} {
			t.Run(method+"/"+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, client := newPipeServer(t, pipeAlways(pipeAnswer(429, rejectedBody)), test.opts...)
					err := retryCallOf(t, method).do(t.Context(), client, test.callOpts...)
					var answer *cloudflare.Error
					require.ErrorAs(t, err, &answer)
					assert.Equal(t, test.attempts, answer.Attempts)
					dials, _ := server.seen()
					assert.Len(t, dials, test.attempts)
				})
			})
		}
	}
}

const noURIBody = `{"success":false,"errors":[{"code":1,"message":"no","error_chain":[{"code":7000,"message":"No route for that URI"}]}],"messages":[],"result":null}`

// What becomes of a call when its attempts end differently.
func TestOutcomes(t *testing.T) {
	var (
		unknown  = cloudflare.ErrOutcomeUnknown
		canceled = context.Canceled
		deadline = context.DeadlineExceeded

		answer  = pipeAnswer
		reset   = pipeReply{reset: true}
		stalled = pipeReply{hang: true}
		refused = pipeReply{refuse: connectionRefused}
	)
	script := func(replies ...pipeReply) []pipeReply { return replies }
	tests := []struct {
		name    string
		method  string
		replies []pipeReply
		cancel  time.Duration // when the caller cancels; 0: never
		timeout time.Duration // the caller's deadline; 0: none
		is      []error       // nil: success
		dials   int
		status  int // of the last answer; 0: there was none
	}{
		{name: "create cancelled in flight", method: "POST", replies: script(stalled), cancel: time.Second, is: []error{canceled, unknown}, dials: 1},
		{name: "create past its deadline in flight", method: "POST", replies: script(stalled), timeout: time.Second, is: []error{deadline, unknown}, dials: 1},
		{name: "update cancelled in flight", method: "PUT", replies: script(stalled), cancel: time.Second, is: []error{canceled, unknown}, dials: 1},
		{name: "delete past its deadline in flight", method: "DELETE", replies: script(stalled), timeout: time.Second, is: []error{deadline, unknown}, dials: 1},
		{name: "read cancelled in flight", method: "GET", replies: script(stalled), cancel: time.Second, is: []error{canceled}, dials: 1},
		{name: "read past its deadline in flight", method: "GET", replies: script(stalled), timeout: time.Second, is: []error{deadline}, dials: 1},
		{name: "head past its deadline in flight", method: "HEAD", replies: script(stalled), timeout: time.Second, is: []error{deadline}, dials: 1},

		{name: "create throttled, then reset", method: "POST", replies: script(answer(429, rejectedBody), reset), is: []error{unknown, cloudflare.ErrRateLimited}, dials: 2, status: 429},
		{name: "create throttled, then in trouble", method: "POST", replies: script(answer(429, rejectedBody), answer(502, "")), is: []error{unknown}, dials: 2, status: 502},
		{name: "create throttled, then refused", method: "POST", replies: script(answer(429, rejectedBody), answer(400, rejectedBody)), dials: 2, status: 400, is: []error{}},
		{name: "create throttled, then refused under 200", method: "POST", replies: script(answer(429, rejectedBody), answer(200, rejectedBody)), dials: 2, status: 200, is: []error{}},
		{name: "create without a connection, then reset", method: "POST", replies: script(refused, reset), is: []error{unknown}, dials: 2},
		{name: "create without a connection, then without a host", method: "POST", replies: script(refused, pipeReply{refuse: &net.DNSError{IsNotFound: true}}), is: []error{}, dials: 2},
		{name: "create without a connection, then well", method: "POST", replies: script(refused, refused, answer(200, organizationBody)), dials: 3},
		{name: "create cancelled between attempts", method: "POST", replies: script(answer(429, rejectedBody, "Retry-After: 9")), cancel: time.Second, is: []error{canceled, cloudflare.ErrRateLimited}, dials: 1, status: 429},

		{name: "update reset, then throttled", method: "PUT", replies: script(reset, answer(429, rejectedBody)), is: []error{unknown, cloudflare.ErrRateLimited}, dials: 4, status: 429},
		{name: "update in trouble, then throttled for long", method: "PUT", replies: script(answer(503, ""), answer(429, rejectedBody, "Retry-After: 300")), is: []error{unknown, cloudflare.ErrRateLimited}, dials: 2, status: 429},
		{name: "update reset, then refused", method: "PUT", replies: script(reset, answer(409, rejectedBody)), is: []error{unknown, cloudflare.ErrConflict}, dials: 2, status: 409},
		{name: "update reset, then refused under 200", method: "PUT", replies: script(reset, answer(200, rejectedBody)), is: []error{unknown}, dials: 2, status: 200},
		{name: "update reset, then redirected", method: "PUT", replies: script(reset, answer(301, "", "Location: http://elsewhere.invalid/")), is: []error{unknown}, dials: 2, status: 301},
		{name: "update reset, then nothing found", method: "PUT", replies: script(reset, answer(404, notFoundBody)), is: []error{unknown, cloudflare.ErrNotFound}, dials: 2, status: 404},
		{name: "update reset, then no connection", method: "PUT", replies: script(reset, refused), is: []error{unknown}, dials: 4},
		{name: "update reset, then no certificate", method: "PUT", replies: script(reset, pipeReply{refuse: &tls.CertificateVerificationError{Err: io.EOF}}), is: []error{unknown}, dials: 2},
		{name: "update reset, then well", method: "PUT", replies: script(reset, answer(502, ""), answer(429, ""), answer(200, organizationBody)), dials: 4},
		{name: "update in trouble, then reset", method: "PUT", replies: script(answer(503, rejectedBody), reset), is: []error{unknown}, dials: 4, status: 503},
		{name: "update in trouble, then cancelled between attempts", method: "PUT", replies: script(answer(503, rejectedBody, "Retry-After: 9")), cancel: time.Second, is: []error{unknown, canceled}, dials: 1, status: 503},
		{name: "update in trouble, then cancelled in flight", method: "PUT", replies: script(answer(503, rejectedBody, "Retry-After: 1"), stalled), cancel: 2 * time.Second, is: []error{unknown, canceled}, dials: 2, status: 503},
		{name: "update in trouble, throttled, then reset", method: "PUT", replies: script(answer(503, rejectedBody), answer(429, rejectedBody), reset), is: []error{unknown, cloudflare.ErrRateLimited}, dials: 4, status: 429},
		{name: "update throttled, then cancelled between attempts", method: "PUT", replies: script(answer(429, rejectedBody, "Retry-After: 9")), cancel: time.Second, is: []error{canceled, cloudflare.ErrRateLimited}, dials: 1, status: 429},
		{name: "update without a connection, then refused", method: "PUT", replies: script(refused, answer(400, rejectedBody)), is: []error{}, dials: 2, status: 400},
		{name: "read in trouble, then nothing found", method: "GET", replies: script(answer(503, ""), answer(404, notFoundBody)), is: []error{cloudflare.ErrNotFound}, dials: 2, status: 404},

		{name: "delete reset, then nothing found", method: "DELETE", replies: script(reset, answer(404, notFoundBody)), dials: 2},
		{name: "delete in trouble, then nothing found", method: "DELETE", replies: script(answer(502, "<html>"), answer(404, notFoundBody)), dials: 2},
		{name: "delete timed out, then nothing found", method: "DELETE", replies: script(stalled, answer(404, notFoundBody)), dials: 2},
		{name: "delete in trouble, throttled, then nothing found", method: "DELETE", replies: script(answer(502, ""), answer(429, ""), refused, answer(404, notFoundBody)), dials: 4},
		{name: "delete that finds nothing at once", method: "DELETE", replies: script(answer(404, notFoundBody)), is: []error{cloudflare.ErrNotFound}, dials: 1, status: 404},
		{name: "delete throttled, then nothing found", method: "DELETE", replies: script(answer(429, ""), answer(404, notFoundBody)), is: []error{cloudflare.ErrNotFound}, dials: 2, status: 404},
		{name: "delete without a connection, then nothing found", method: "DELETE", replies: script(refused, answer(404, notFoundBody)), is: []error{cloudflare.ErrNotFound}, dials: 2, status: 404},
		{name: "delete reset, then no such route", method: "DELETE", replies: script(reset, answer(404, noRouteBody)), is: []error{unknown}, dials: 2, status: 404},
		{name: "delete reset, then no route for the URI", method: "DELETE", replies: script(reset, answer(404, noURIBody)), is: []error{unknown}, dials: 2, status: 404},
		{name: "delete reset, then a 404 of something on the way", method: "DELETE", replies: script(reset, answer(404, "<html>")), is: []error{unknown}, dials: 2, status: 404},
		{name: "delete reset, then a 404 without an envelope", method: "DELETE", replies: script(reset, answer(404, `{"title":"Not Found","status":404}`)), is: []error{unknown}, dials: 2, status: 404},
		{name: "delete reset, then an empty 404", method: "DELETE", replies: script(reset, answer(404, "")), is: []error{unknown}, dials: 2, status: 404},
		{name: "delete reset, then a 404 that says it is a success", method: "DELETE", replies: script(reset, answer(404, deletedBody)), is: []error{unknown}, dials: 2, status: 404},
		{name: "delete reset, then gone", method: "DELETE", replies: script(reset, answer(410, notFoundBody)), is: []error{unknown}, dials: 2, status: 410},
		{name: "delete with a null result", method: "DELETE", replies: script(answer(200, `{"success":true,"result":null}`)), is: []error{unknown}, dials: 1, status: 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancel > 0 {
					time.AfterFunc(test.cancel, cancel)
				}
				if test.timeout > 0 {
					ctx, cancel = context.WithTimeout(ctx, test.timeout)
					defer cancel()
				}
				server, client := newPipeServer(t, pipeScript(test.replies...))
				var response cloudflare.Response
				err := retryCallOf(t, test.method).do(ctx, client, cloudflare.CaptureResponse(&response))

				dials, _ := server.seen()
				assert.Len(t, dials, test.dials)
				assert.Equal(t, test.dials, response.Attempts)
				if test.is == nil {
					require.NoError(t, err)
					return
				}
				assertMatchesOnly(t, err, test.is...)
				assert.Equal(t, test.status, response.StatusCode)
				var last *cloudflare.Error
				if test.status == 0 {
					assert.False(t, errors.As(err, &last), "%v", err)
				} else if assert.ErrorAs(t, err, &last) {
					assert.Equal(t, test.status, last.StatusCode)
					assert.Equal(t, test.dials, last.Attempts)
				}
				if test.dials > 1 {
					assert.Contains(t, err.Error(), fmt.Sprintf("%d attempts", test.dials))
				}
				assert.Equal(t, errors.Is(err, unknown), strings.Contains(err.Error(), unknown.Error()), "%v", err)
			})
		})
	}
}

func TestDeleteThatIsRepeatedNamesWhatWasDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := newPipeServer(t, pipeScript(pipeReply{}, pipeAnswer(404, notFoundBody, "Cf-Ray: 86610873f8d987a9-IAD")))
		var response cloudflare.Response
		deleted, err := client.Organizations.Delete(t.Context(), organizationID, cloudflare.CaptureResponse(&response))
		require.NoError(t, err)
		assert.Equal(t, &cloudflare.OrganizationDeleteResponse{ID: organizationID}, deleted)
		assert.Equal(t, 404, response.StatusCode)
		assert.Equal(t, "86610873f8d987a9-IAD", response.RayID)
	})
}

// A wait that the deadline cuts short is wasted: it is not begun.
func TestWaitThatDoesNotFitIntoTheDeadline(t *testing.T) {
	tests := []struct {
		name    string
		method  string
		reply   pipeReply
		timeout time.Duration
		dials   int
		is      []error
		status  int
	}{
		{"longer", "GET", pipeAnswer(503, rejectedBody, "Retry-After: 10"), 5 * time.Second, 1, nil, 503},
		{"exactly as long", "GET", pipeAnswer(503, rejectedBody, "Retry-After: 10"), 10 * time.Second, 1, nil, 503},
		{"the third one", "GET", pipeAnswer(503, rejectedBody, "Retry-After: 10"), 25 * time.Second, 3, nil, 503},
		{"of a throttled create", "POST", pipeAnswer(429, rejectedBody, "Retry-After: 10"), 5 * time.Second, 1, []error{cloudflare.ErrRateLimited}, 429},
		{"of an update in trouble", "PUT", pipeAnswer(503, rejectedBody, "Retry-After: 10"), 5 * time.Second, 1, []error{cloudflare.ErrOutcomeUnknown}, 503},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newPipeServer(t, pipeAlways(test.reply))
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				start := time.Now()
				err := retryCallOf(t, test.method).do(ctx, client)

				dials, _ := server.seen()
				require.Len(t, dials, test.dials)
				assert.Equal(t, dials[test.dials-1].Sub(start), time.Since(start), "returned at once")
				require.NoError(t, ctx.Err(), "the deadline is still ahead")
				assertMatchesOnly(t, err, append(test.is, context.DeadlineExceeded)...)
				var last *cloudflare.Error
				require.ErrorAs(t, err, &last)
				assert.Equal(t, test.status, last.StatusCode)
				assert.Equal(t, test.dials, last.Attempts)
				assert.Equal(t, 10*time.Second, last.RetryAfter)
			})
		})
	}

	t.Run("after no answer at all", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			// The back-off is random, so a deadline that hardly lies ahead is what it cannot fit into.
			server, client := newPipeServer(t, pipeAlways(pipeReply{refuse: connectionRefused}))
			ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
			defer cancel()
			err := retryCallOf(t, "GET").do(ctx, client)
			dials, _ := server.seen()
			assert.Len(t, dials, 1)
			assertMatchesOnly(t, err, context.DeadlineExceeded)
			var dial *net.OpError
			assert.ErrorAs(t, err, &dial, "the reason for the wait is told too")
		})
	})
}

func TestNothingIsSentForAContextThatHasEnded(t *testing.T) {
	for _, call := range retryCalls {
		t.Run(call.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newPipeServer(t, pipeAlways(pipeAnswer(200, call.success)))
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				assertMatchesOnly(t, call.do(ctx, client), context.Canceled)
				ctx, cancel = context.WithTimeout(t.Context(), -time.Second)
				defer cancel()
				var response cloudflare.Response
				err := call.do(ctx, client, cloudflare.CaptureResponse(&response))
				assertMatchesOnly(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, "nothing was sent")
				assert.Zero(t, response.Attempts)
				dials, _ := server.seen()
				assert.Empty(t, dials)
			})
		})
	}
}

func TestAttemptTimeoutAndDeadlineAreToldApart(t *testing.T) {
	stalled := pipeAlways(pipeReply{hang: true})
	timeout, deadline := cloudflare.ErrAttemptTimeout, context.DeadlineExceeded
	for _, call := range retryCalls {
		with := func(errs ...error) []error {
			if call.write {
				errs = append(errs, cloudflare.ErrOutcomeUnknown)
			}
			return errs
		}
		tests := []struct {
			name     string
			own      time.Duration // WithTimeout
			client   time.Duration // http.Client.Timeout
			deadline time.Duration // the caller's; 0: none
			took     time.Duration
			is       []error
		}{
			{"the attempt's", 2 * time.Second, 0, 0, 2 * time.Second, with(timeout)},
			{"the attempt's, the caller's later", 2 * time.Second, 0, 3 * time.Second, 2 * time.Second, with(timeout)},
			{"the caller's, the attempt's later", 3 * time.Second, 0, 2 * time.Second, 2 * time.Second, with(deadline)},
			{"both at once", 2 * time.Second, 0, 2 * time.Second, 2 * time.Second, with(deadline)},
			{"the caller's, the attempt without", 0, 0, 2 * time.Hour, 2 * time.Hour, with(deadline)},
			{"the http.Client's", 0, 2 * time.Second, 0, 2 * time.Second, with(timeout)},
			{"the http.Client's, which is shorter", 3 * time.Second, 2 * time.Second, 4 * time.Second, 2 * time.Second, with(timeout)},
			{"the attempt's, which is shorter", 2 * time.Second, 3 * time.Second, 4 * time.Second, 2 * time.Second, with(timeout)},
		}
		for _, test := range tests {
			t.Run(call.method+"/"+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := &pipeServer{script: stalled}
					client := server.client(t, nil,
						cloudflare.WithHTTPClient(&http.Client{Transport: server.transport(), Timeout: test.client}),
						cloudflare.WithTimeout(test.own))
					ctx := t.Context()
					if test.deadline > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, test.deadline)
						defer cancel()
					}
					start := time.Now()
					assertMatchesOnly(t, call.do(ctx, client, cloudflare.SetMaxRetries(0)), test.is...)
					assert.Equal(t, test.took, time.Since(start))
				})
			})
		}
	}
}

// What a transport says of time-outs and cancellations of its own is neither the caller's nor ours.
func TestTransportThatReportsContextErrors(t *testing.T) {
	for name, failure := range map[string]error{
		"deadline":          context.DeadlineExceeded,
		"cancelled":         context.Canceled,
		"deadline, wrapped": fmt.Errorf("proxy: %w", context.DeadlineExceeded),
		"time-out of net":   &net.OpError{Op: "read", Net: "tcp", Err: context.DeadlineExceeded},
	} {
		for _, call := range retryCalls {
			t.Run(name+"/"+call.method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, sent := &pipeServer{}, 0
					client := server.client(t, roundTripper(func(*http.Request) (*http.Response, error) {
						sent++
						return nil, failure
					}))
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					err := call.do(ctx, client)
					var want []error
					if call.write {
						want = append(want, cloudflare.ErrOutcomeUnknown)
					}
					assertMatchesOnly(t, err, want...)
					assert.ErrorContains(t, err, failure.Error())
					assert.Equal(t, map[bool]int{true: 4, false: 1}[call.idempotent], sent, "counts as no answer")
				})
			})
		}
	}
}

// The cause of a context is what the caller gave, often the error of another call (errgroup does that). It must not
// be mistaken for what happened to this one, not even where a transport returns it as its own error.
func TestCauseOfTheCallersContext(t *testing.T) {
	for name, cause := range map[string]error{
		"of its own":                   errors.New("shutting down"),
		"a dial that failed":           connectionRefused,
		"a certificate":                &tls.CertificateVerificationError{Err: errors.New("signed by nobody")},
		"an attempt that timed out":    cloudflare.ErrAttemptTimeout,
		"a write that is unknown":      cloudflare.ErrOutcomeUnknown,
		"an answer to another call":    &cloudflare.Error{StatusCode: 404, Method: "GET", Path: "/other"},
		"a deadline of something else": fmt.Errorf("other: %w", context.DeadlineExceeded),
	} {
		for _, call := range retryCalls {
			t.Run(name+"/"+call.method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, client := newPipeServer(t, pipeAlways(pipeReply{hang: true}))
					ctx, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(time.Second, func() { cancel(cause) })
					err := call.do(ctx, client)
					want := []error{context.Canceled}
					if call.write {
						want = append(want, cloudflare.ErrOutcomeUnknown)
					}
					assertMatchesOnly(t, err, want...)
					assert.ErrorContains(t, err, cause.Error(), "the cause is told")
					var other *cloudflare.Error
					assert.False(t, errors.As(err, &other), "an answer that this call never had")
					dials, _ := server.seen()
					assert.Len(t, dials, 1)
				})
			})
		}
	}
}

// A transport that wraps another may have sent a request before the failure that it reports in the end.
func TestWrappingTransportThatRepeatedByItself(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("giving up after 2 attempts: %w", err) }
	for name, failure := range map[string]error{
		"dial":        wrap(connectionRefused),
		"name":        wrap(&net.DNSError{Err: "server misbehaving", IsTemporary: true}),
		"http.Client": &url.Error{Op: "Post", URL: "http://localhost/client/v4/organizations?name=private", Err: connectionRefused},
	} {
		for _, call := range retryCalls {
			t.Run(name+"/"+call.method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, sent := &pipeServer{}, 0
					client := server.client(t, roundTripper(func(*http.Request) (*http.Response, error) {
						sent++
						return nil, failure
					}))
					err := call.do(t.Context(), client)
					var want []error
					if call.write {
						want = append(want, cloudflare.ErrOutcomeUnknown)
					}
					assertMatchesOnly(t, err, want...)
					assert.Equal(t, map[bool]int{true: 4, false: 1}[call.idempotent], sent)
					assert.NotContains(t, err.Error(), "private")
					assert.NotContains(t, err.Error(), "localhost/")
				})
			})
		}
	}
}

func TestTransportThatReturnsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := new(pipeServer).client(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil }))
		assertMatchesOnly(t, retryCallOf(t, "POST").do(t.Context(), client), cloudflare.ErrOutcomeUnknown)
	})
	synctest.Test(t, func(t *testing.T) {
		client := new(pipeServer).client(t, roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200}, nil
		}))
		require.NoError(t, retryCallOf(t, "HEAD").do(t.Context(), client), "a response without a body has an empty one")
	})
}

// What needs sockets: the ways in which a real connection ends.

// socketFault is a listener that misbehaves.
type socketFault struct {
	name    string
	scheme  string
	serve   func(conn *net.TCPConn) // nil: nothing listens
	repeats repeats
	unknown bool
}

func TestSocketFaults(t *testing.T) {
	read := func(conn net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
	}
	reset := func(conn *net.TCPConn) {
		_ = conn.SetLinger(0)
		_ = conn.Close()
	}
	resetUnread := func(conn *net.TCPConn) {
		_, _ = conn.Read(make([]byte, 1)) // a reset that came sooner could make the dial itself fail
		reset(conn)
	}
	tests := []socketFault{
		{"nothing listens", "http", nil, always, false},
		{"reset before reading", "http", resetUnread, idempotent, true},
		{"reset after reading", "http", func(conn *net.TCPConn) { read(conn); reset(conn) }, idempotent, true},
		{"closed after reading", "http", func(conn *net.TCPConn) { read(conn); _ = conn.Close() }, idempotent, true},
		{"body cut", "http", func(conn *net.TCPConn) {
			read(conn)
			_, _ = io.WriteString(conn, pipeText(200, len(organizationBody), organizationBody[:40]))
			_ = conn.Close()
		}, idempotent, true},
		{"body reset", "http", func(conn *net.TCPConn) {
			read(conn)
			_, _ = io.WriteString(conn, pipeText(200, len(organizationBody), organizationBody[:40]))
			reset(conn)
		}, idempotent, true},
		{"garbage for TLS", "https", func(conn *net.TCPConn) { _, _ = io.WriteString(conn, "garbage\r\n\r\n"); _ = conn.Close() }, never, false},
		{"reset in the handshake", "https", resetUnread, always, false},
	}
	for _, test := range tests {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			t.Run(test.name+"/"+method, func(t *testing.T) {
				address, accepted := listenBadly(t, test.serve)
				transport := &http.Transport{}
				t.Cleanup(transport.CloseIdleConnections)
				client := socketClient(t, test.scheme+"://"+address, transport)
				call := retryCallOf(t, method)
				var response cloudflare.Response
				err := call.do(t.Context(), client, cloudflare.CaptureResponse(&response))

				attempts := 1
				if test.repeats == always || test.repeats == idempotent && call.idempotent {
					attempts = 3
				}
				assert.Equal(t, attempts, response.Attempts)
				if test.serve != nil {
					assert.EqualValues(t, attempts, accepted.Load())
				}
				var want []error
				if test.unknown && call.write {
					want = append(want, cloudflare.ErrOutcomeUnknown)
				}
				assertMatchesOnly(t, err, want...)
				assert.NotContains(t, err.Error(), canaryToken)
			})
		}
	}
}

// socketClient repeats twice, after waits that a test can afford.
func socketClient(t *testing.T, base string, transport http.RoundTripper) *cloudflare.Client {
	t.Helper()
	return new(pipeServer).client(t, transport, cloudflare.WithBaseURL(base+"/client/v4"),
		cloudflare.WithMaxRetries(2), cloudflare.WithMaxRetryWait(2*time.Millisecond), cloudflare.WithTimeout(10*time.Second))
}

// listenBadly serves each connection with serve, and counts them. With a nil serve, nothing listens at the address.
func listenBadly(t *testing.T, serve func(*net.TCPConn)) (address string, accepted *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	accepted = new(atomic.Int64)
	if serve == nil {
		require.NoError(t, listener.Close())
		return listener.Addr().String(), accepted
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			serve(conn.(*net.TCPConn))
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String(), accepted
}

func TestCertificateThatIsNotAccepted(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		t.Run(method, func(t *testing.T) {
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			var response cloudflare.Response
			err := retryCallOf(t, method).do(t.Context(), socketClient(t, server.URL, transport), cloudflare.CaptureResponse(&response))
			assertMatchesOnly(t, err)
			var refused *tls.CertificateVerificationError
			assert.ErrorAs(t, err, &refused)
			assert.Equal(t, 1, response.Attempts)
			assert.Zero(t, served.Load())
		})
	}
}

// net/http repeats some requests by itself when a connection that it kept turns out to be closed. It must not do
// that to a write: the server may have done it before it closed.
func TestNetHTTPRepeatsNoWrite(t *testing.T) {
	tests := []struct {
		name string
		do   func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error
		key  string // a header that the caller's own transport adds
	}{
		{"POST", retryCallOf(t, "POST").do, ""},
		{"PUT", retryCallOf(t, "PUT").do, ""},
		{"DELETE", retryCallOf(t, "DELETE").do, ""},
		{"PATCH", retryCallOf(t, "PATCH").do, ""},
		{"POST without a body", func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			return c.Call(ctx, cloudflare.Request{Method: http.MethodPost, Path: []string{"elsewhere"}}, nil, opts...)
		}, ""},
		{"POST with a key of the transport", retryCallOf(t, "POST").do, "Idempotency-Key"},
		{"PATCH with a key of the transport", retryCallOf(t, "PATCH").do, "X-Idempotency-Key"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var gets, writes atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if r.Method == http.MethodGet {
					gets.Add(1)
					_, _ = io.WriteString(w, organizationBody)
					return
				}
				writes.Add(1)
				conn, _, err := http.NewResponseController(w).Hijack()
				if err == nil {
					_ = conn.Close()
				}
			}))
			t.Cleanup(server.Close)
			transport := &http.Transport{MaxConnsPerHost: 1} // one connection, so that the write is sent on a used one
			t.Cleanup(transport.CloseIdleConnections)
			client := socketClient(t, server.URL, roundTripper(func(r *http.Request) (*http.Response, error) {
				if test.key != "" {
					r.Header.Set(test.key, "1")
				}
				return transport.RoundTrip(r)
			}))

			require.NoError(t, retryCallOf(t, "GET").do(t.Context(), client))
			assertMatchesOnly(t, test.do(t.Context(), client, cloudflare.SetMaxRetries(0)), cloudflare.ErrOutcomeUnknown)
			assert.EqualValues(t, 1, gets.Load())
			assert.EqualValues(t, 1, writes.Load(), "sent once")
		})
	}
}

// A body larger than any buffer on the way is sent whole with every attempt, from its first byte on.
func TestEveryAttemptSendsTheWholeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := json.RawMessage(`"` + strings.Repeat("0123456789abcdef", 1<<14) + `"`)
		server, client := newPipeServer(t, pipeScript(
			pipeReply{deaf: true}, pipeAnswer(503, ""), pipeReply{}, pipeAnswer(429, ""), pipeAnswer(200, `{"success":true}`),
		), cloudflare.WithMaxRetries(4))
		before := bytes.Clone(body)
		require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: http.MethodPut, Path: []string{"x"}, Body: body}, nil))
		_, requests := server.seen()
		require.Len(t, requests, 4)
		for _, r := range requests {
			assert.True(t, r.body == string(before), "%d bytes instead of %d", len(r.body), len(before))
			assert.Equal(t, []string{"application/json"}, r.header["Content-Type"])
			assert.Equal(t, []string{strconv.Itoa(len(before))}, r.header["Content-Length"])
		}
	})
}

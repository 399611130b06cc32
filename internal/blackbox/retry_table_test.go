package blackbox

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// retryCall is a call with one of the methods, and the request that the server should see.
type retryCall struct {
	method            string
	idempotent, write bool
	path, body        string
	success           string // the body of a successful response
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
			return c.Call(ctx, cloudflare.Request{Method: http.MethodHead, Route: "/elsewhere"}, nil, opts...)
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
			req := cloudflare.Request{Method: http.MethodPatch, Route: "/elsewhere", Body: json.RawMessage(`{"a":[1,2]}`)}
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

// matchable are the errors that the error of a call can match.
var matchable = []error{
	cloudflare.ErrInvalidArgument, cloudflare.ErrUnauthorized, cloudflare.ErrForbidden, cloudflare.ErrNotFound,
	cloudflare.ErrConflict, cloudflare.ErrRateLimited, cloudflare.ErrAttemptTimeout, cloudflare.ErrOutcomeUnknown,
	context.DeadlineExceeded, context.Canceled,
}

// assertMatchesOnly checks that err matches all of want and no other of matchable.
func assertMatchesOnly(t *testing.T, err error, want ...error) {
	t.Helper()
	require.Error(t, err)
	for _, target := range matchable {
		assert.Equal(t, slices.Contains(want, target), errors.Is(err, target), "%q in %q", target, err)
	}
}

// repeats says which methods are retried.
type repeats int

const (
	never repeats = iota
	idempotent
	always
)

// retryColumn is one way in which an attempt may end.
type retryColumn struct {
	name    string
	reply   pipeReply
	repeats repeats
	unknown bool          // the outcome of a write is unknown
	status  int           // of the *Error that the caller gets; 0 for another error
	is      []error       // what the error matches besides ErrOutcomeUnknown
	takes   time.Duration // from the dial to the end of the attempt
	unread  bool          // the server does not read the request
	inBody  bool          // not possible without a body
}

// retryTable returns the retry table of the package documentation, with one row for each way to end an attempt.
func retryTable() []retryColumn {
	var table []retryColumn
	status := func(repeats repeats, unknown bool, code int, is ...error) {
		table = append(table, retryColumn{
			name: strconv.Itoa(code), reply: pipeResponse(code, rejectedBody), repeats: repeats, unknown: unknown, status: code, is: is,
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
		{name: "connection refused", reply: pipeReply{dialError: connectionRefused}, repeats: always, unread: true},
		{name: "name server in trouble", reply: pipeReply{dialError: &net.OpError{Op: "dial", Err: noNameServer}}, repeats: always, unread: true},
		{name: "host does not exist", reply: pipeReply{dialError: &net.OpError{Op: "dial", Err: noSuchHost}}, repeats: never, unread: true},
		{name: "untrusted certificate", reply: pipeReply{dialError: untrusted}, repeats: never, unread: true},

		{name: "closed before reading", reply: pipeReply{deaf: true}, repeats: idempotent, unknown: true, unread: true},
		{name: "reset before reading", reply: pipeReply{deaf: true, reset: true}, repeats: idempotent, unknown: true, unread: true},
		{name: "closed after reading", reply: pipeReply{}, repeats: idempotent, unknown: true},
		{name: "reset after reading", reply: pipeReply{reset: true}, repeats: idempotent, unknown: true},
		{name: "header cut", reply: pipeReply{response: text("HTTP/1.1 200 OK\r\nContent-Le")}, repeats: idempotent, unknown: true},
		{name: "not HTTP", reply: pipeReply{response: text("SSH-2.0-OpenSSH_9.9\r\n\r\n")}, repeats: idempotent, unknown: true},
		{
			name:    "switching protocols",
			reply:   pipeReply{response: text("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")},
			repeats: idempotent, unknown: true,
		},
		{name: "body cut", reply: pipeReply{response: half(200)}, repeats: idempotent, unknown: true, inBody: true},
		{name: "body reset", reply: pipeReply{response: half(200), reset: true}, repeats: idempotent, unknown: true, inBody: true},
		{name: "body of a 400 cut", reply: pipeReply{response: half(400)}, status: 400, inBody: true},
		{name: "body of a 503 cut", reply: pipeReply{response: half(503)}, repeats: idempotent, unknown: true, status: 503, inBody: true},
		{
			name: "chunked body cut", repeats: idempotent, unknown: true, inBody: true,
			reply: pipeReply{response: text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"suc\r\n")},
		},
		{
			name: "gzip cut", repeats: idempotent, unknown: true, inBody: true,
			reply: pipeReply{response: text("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")},
		},

		{name: "header stalled", reply: pipeReply{hang: true}, takes: timeout, repeats: idempotent, unknown: true, is: []error{cloudflare.ErrAttemptTimeout}},
		{
			name: "body stalled", reply: pipeReply{response: half(200), hang: true}, takes: timeout, repeats: idempotent, unknown: true,
			is: []error{cloudflare.ErrAttemptTimeout}, inBody: true,
		},
		{
			name: "body of a 403 stalled", reply: pipeReply{response: half(403), hang: true}, takes: timeout,
			status: 403, inBody: true, // whether the API sent it is unknown
		},

		{name: "200 without a result", reply: pipeResponse(200, `{"success":true,"errors":[],"messages":[]}`), unknown: true, status: 200, inBody: true},
		{name: "200 in HTML", reply: pipeResponse(200, "<html>"), unknown: true, status: 200, inBody: true},
		{
			name:  "200 cut in a way that only JSON shows",
			reply: pipeResponse(200, organizationBody[:len(organizationBody)-1]), unknown: true, status: 200,
			inBody: true,
		},
		{name: "200 that is empty", reply: pipeResponse(200, ""), unknown: true, status: 200, inBody: true},
		{name: "204 where a result is due", reply: pipeResponse(204, ""), unknown: true, status: 204, inBody: true},
		{name: "200 with a failure", reply: pipeResponse(200, rejectedBody), status: 200, inBody: true},
	}...)
	return table
}

// The retry table decides how often a request is sent, with which waits, and which error the caller gets.
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
			// once: the second attempt succeeds, if there is one.
			for _, once := range []bool{false, true} {
				attempts := 1
				if repeated {
					attempts = map[bool]int{false: 4, true: 2}[once]
				}
				t.Run(fmt.Sprintf("%s/%s/once=%t", column.name, call.method, once), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						script := pipeAlways(column.reply)
						if once {
							script = pipeScript(column.reply, pipeResponse(200, call.success))
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
						var apiError *cloudflare.Error
						if column.status == 0 {
							assert.False(t, errors.As(err, &apiError), "there was no response")
						} else if assert.ErrorAs(t, err, &apiError) {
							assert.Equal(t, column.status, apiError.StatusCode)
							assert.Equal(t, attempts, apiError.Attempts)
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

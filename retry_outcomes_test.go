package cloudflare_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

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

func TestRepeatedDeleteReturnsTheID(t *testing.T) {
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

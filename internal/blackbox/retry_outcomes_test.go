package blackbox

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

const noURIBody = `{"success":false,"errors":[{"code":1,"message":"no",` +
	`"error_chain":[{"code":7000,"message":"No route for that URI"}]}],"messages":[],"result":null}`

// The error of a call whose attempts end differently matches what is known after all of them.
func TestOutcomes(t *testing.T) {
	var (
		unknown  = cloudflare.ErrOutcomeUnknown
		canceled = context.Canceled
		deadline = context.DeadlineExceeded

		response = pipeResponse
		reset    = pipeReply{reset: true}
		stalled  = pipeReply{hang: true}
		refused  = pipeReply{dialError: connectionRefused}
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
		status  int // of the last response; 0 without one
	}{
		{name: "create canceled in flight", method: "POST", replies: script(stalled), cancel: time.Second, is: []error{canceled, unknown}, dials: 1},
		{name: "create past its deadline in flight", method: "POST", replies: script(stalled), timeout: time.Second, is: []error{deadline, unknown}, dials: 1},
		{name: "update canceled in flight", method: "PUT", replies: script(stalled), cancel: time.Second, is: []error{canceled, unknown}, dials: 1},
		{
			name: "delete past its deadline in flight", method: "DELETE",
			replies: script(stalled), timeout: time.Second, is: []error{deadline, unknown}, dials: 1,
		},
		{name: "read canceled in flight", method: "GET", replies: script(stalled), cancel: time.Second, is: []error{canceled}, dials: 1},
		{name: "read past its deadline in flight", method: "GET", replies: script(stalled), timeout: time.Second, is: []error{deadline}, dials: 1},
		{name: "head past its deadline in flight", method: "HEAD", replies: script(stalled), timeout: time.Second, is: []error{deadline}, dials: 1},

		{
			name: "create 429, then reset", method: "POST",
			replies: script(response(429, rejectedBody), reset),
			is:      []error{unknown}, dials: 2, status: 429,
		},
		{
			name: "create 429, then 5xx", method: "POST",
			replies: script(response(429, rejectedBody), response(502, "")), is: []error{unknown}, dials: 2, status: 502,
		},
		{
			name: "create 429, then rejected", method: "POST",
			replies: script(response(429, rejectedBody), response(400, rejectedBody)),
			dials:   2, status: 400, is: []error{},
		},
		{
			name: "create 429, then a failure with 200", method: "POST",
			replies: script(response(429, rejectedBody), response(200, rejectedBody)),
			dials:   2, status: 200, is: []error{},
		},
		{name: "create without a connection, then reset", method: "POST", replies: script(refused, reset), is: []error{unknown}, dials: 2},
		{
			name: "create without a connection, then without a host", method: "POST",
			replies: script(refused, pipeReply{dialError: &net.DNSError{IsNotFound: true}}), is: []error{}, dials: 2,
		},
		{name: "create without a connection, then success", method: "POST", replies: script(refused, refused, response(200, organizationBody)), dials: 3},
		{
			name: "create canceled between attempts", method: "POST",
			replies: script(response(429, rejectedBody, "Retry-After: 9")), cancel: time.Second,
			is: []error{canceled, cloudflare.ErrRateLimited}, dials: 1, status: 429,
		},

		{
			name: "update reset, then 429", method: "PUT",
			replies: script(reset, response(429, rejectedBody)),
			is:      []error{unknown, cloudflare.ErrRateLimited}, dials: 4, status: 429,
		},
		{
			name: "update 5xx, then a long 429", method: "PUT",
			replies: script(response(503, ""), response(429, rejectedBody, "Retry-After: 301")),
			is:      []error{unknown, cloudflare.ErrRateLimited}, dials: 2, status: 429,
		},
		{
			name: "update reset, then rejected", method: "PUT",
			replies: script(reset, response(409, rejectedBody)),
			is:      []error{unknown, cloudflare.ErrConflict}, dials: 2, status: 409,
		},
		{
			name: "update reset, then a failure with 200", method: "PUT",
			replies: script(reset, response(200, rejectedBody)), is: []error{unknown}, dials: 2, status: 200,
		},
		{
			name: "update reset, then redirected", method: "PUT",
			replies: script(reset, response(301, "", "Location: http://elsewhere.invalid/")),
			is:      []error{unknown}, dials: 2, status: 301,
		},
		{
			name: "update reset, then 404", method: "PUT",
			replies: script(reset, response(404, notFoundBody)),
			is:      []error{unknown, cloudflare.ErrNotFound}, dials: 2, status: 404,
		},
		{name: "update reset, then no connection", method: "PUT", replies: script(reset, refused), is: []error{unknown}, dials: 4},
		{
			name: "update reset, then no certificate", method: "PUT",
			replies: script(reset, pipeReply{dialError: &tls.CertificateVerificationError{Err: io.EOF}}),
			is:      []error{unknown}, dials: 2,
		},
		{
			name: "update reset, then success", method: "PUT",
			replies: script(reset, response(502, ""), response(429, ""), response(200, organizationBody)), dials: 4,
		},
		{name: "update 5xx, then reset", method: "PUT", replies: script(response(503, rejectedBody), reset), is: []error{unknown}, dials: 4, status: 503},
		{
			name: "update 5xx, then canceled between attempts", method: "PUT",
			replies: script(response(503, rejectedBody, "Retry-After: 9")), cancel: time.Second,
			is: []error{unknown, canceled}, dials: 1, status: 503,
		},
		{
			name: "update 5xx, then canceled in flight", method: "PUT",
			replies: script(response(503, rejectedBody, "Retry-After: 1"), stalled), cancel: 2 * time.Second,
			is: []error{unknown, canceled}, dials: 2, status: 503,
		},
		{
			name: "update 5xx, 429, then reset", method: "PUT",
			replies: script(response(503, rejectedBody), response(429, rejectedBody), reset),
			is:      []error{unknown}, dials: 4, status: 429,
		},
		{
			name: "update 429, then canceled between attempts", method: "PUT",
			replies: script(response(429, rejectedBody, "Retry-After: 9")), cancel: time.Second,
			is: []error{canceled, cloudflare.ErrRateLimited}, dials: 1, status: 429,
		},
		{
			name: "update without a connection, then rejected", method: "PUT",
			replies: script(refused, response(400, rejectedBody)), is: []error{}, dials: 2, status: 400,
		},
		{
			name: "read 5xx, then 404", method: "GET",
			replies: script(response(503, ""), response(404, notFoundBody)),
			is:      []error{cloudflare.ErrNotFound}, dials: 2, status: 404,
		},

		{name: "delete reset, then 404", method: "DELETE", replies: script(reset, response(404, notFoundBody)), dials: 2},
		{name: "delete 5xx, then 404", method: "DELETE", replies: script(response(502, "<html>"), response(404, notFoundBody)), dials: 2},
		{name: "delete timed out, then 404", method: "DELETE", replies: script(stalled, response(404, notFoundBody)), dials: 2},
		{
			name: "delete 5xx, 429, then 404", method: "DELETE",
			replies: script(response(502, ""), response(429, ""), refused, response(404, notFoundBody)), dials: 4,
		},
		{
			name: "delete that gets 404 at once", method: "DELETE",
			replies: script(response(404, notFoundBody)), is: []error{cloudflare.ErrNotFound}, dials: 1, status: 404,
		},
		{
			name: "delete 429, then 404", method: "DELETE",
			replies: script(response(429, ""), response(404, notFoundBody)),
			is:      []error{cloudflare.ErrNotFound}, dials: 2, status: 404,
		},
		{
			name: "delete without a connection, then 404", method: "DELETE",
			replies: script(refused, response(404, notFoundBody)),
			is:      []error{cloudflare.ErrNotFound}, dials: 2, status: 404,
		},
		{
			name: "delete reset, then a 404 for the route", method: "DELETE",
			replies: script(reset, response(404, noRouteBody)), is: []error{unknown}, dials: 2, status: 404,
		},
		{
			name: "delete reset, then a 404 for the URI", method: "DELETE",
			replies: script(reset, response(404, noURIBody)), is: []error{unknown}, dials: 2, status: 404,
		},
		{
			name: "delete reset, then a 404 of a proxy", method: "DELETE",
			replies: script(reset, response(404, "<html>")), is: []error{unknown}, dials: 2, status: 404,
		},
		{
			name: "delete reset, then a 404 without an envelope", method: "DELETE",
			replies: script(reset, response(404, `{"title":"Not Found","status":404}`)),
			is:      []error{unknown}, dials: 2, status: 404,
		},
		{name: "delete reset, then an empty 404", method: "DELETE", replies: script(reset, response(404, "")), is: []error{unknown}, dials: 2, status: 404},
		{
			name: "delete reset, then a 404 that reports success", method: "DELETE",
			replies: script(reset, response(404, deletedBody)), is: []error{unknown}, dials: 2, status: 404,
		},
		{name: "delete reset, then 410", method: "DELETE", replies: script(reset, response(410, notFoundBody)), is: []error{unknown}, dials: 2, status: 410},
		{
			name: "delete with a null result", method: "DELETE",
			replies: script(response(200, `{"success":true,"result":null}`)),
			is:      []error{unknown}, dials: 1, status: 200,
		},
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
		_, client := newPipeServer(t, pipeScript(pipeReply{}, pipeResponse(404, notFoundBody, "Cf-Ray: 86610873f8d987a9-IAD")))
		var response cloudflare.Response
		deleted, err := client.Organizations.Delete(t.Context(), organizationID, cloudflare.CaptureResponse(&response))
		require.NoError(t, err)
		assert.Equal(t, &cloudflare.OrganizationDeleteResponse{ID: organizationID}, deleted)
		assert.Equal(t, 404, response.StatusCode)
		assert.Equal(t, "86610873f8d987a9-IAD", response.RayID)
	})
}

// Every attempt sends the whole body, also one that is larger than all buffers.
func TestEveryAttemptSendsTheWholeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := json.RawMessage(`"` + strings.Repeat("0123456789abcdef", 1<<14) + `"`)
		server, client := newPipeServer(t, pipeScript(
			pipeReply{deaf: true}, pipeResponse(503, ""), pipeReply{}, pipeResponse(429, ""), pipeResponse(200, `{"success":true}`),
		), cloudflare.WithMaxRetries(4))
		before := bytes.Clone(body)
		require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: http.MethodPut, Route: "/x", Body: body}, nil))
		_, requests := server.seen()
		require.Len(t, requests, 4)
		for _, r := range requests {
			assert.True(t, r.body == string(before), "%d bytes instead of %d", len(r.body), len(before))
			assert.Equal(t, []string{"application/json"}, r.header["Content-Type"])
			assert.Equal(t, []string{strconv.Itoa(len(before))}, r.header["Content-Length"])
		}
	})
}

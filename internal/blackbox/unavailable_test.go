package blackbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// assertAvailability checks that err, in any wrapping, matches all of want and no other of matchable and
// ErrUnavailable.
func assertAvailability(t *testing.T, err error, want ...error) {
	t.Helper()
	require.Error(t, err)
	for name, err := range map[string]error{
		"as returned":     err,
		"wrapped":         fmt.Errorf("reconcile: %w", err),
		"joined":          errors.Join(errors.New("other"), err),
		"in a PageError":  &cloudflare.PageError{PageToken: "t", Err: err},
		"in a BatchError": &cloudflare.BatchError{Err: err},
	} {
		assertMatchesOnly(t, err, want...)
		assert.Equal(t, slices.Contains(want, cloudflare.ErrUnavailable), errors.Is(err, cloudflare.ErrUnavailable), "%s: %v", name, err)
	}
}

// cutOff sends a body whose connection breaks before its end.
func cutOff(status int, body string) roundTripper {
	return func(*http.Request) (*http.Response, error) {
		broken := io.MultiReader(strings.NewReader(body), readError{io.ErrUnexpectedEOF})
		return &http.Response{StatusCode: status, Header: http.Header{}, ContentLength: int64(2*len(body) + 1), Body: io.NopCloser(broken)}, nil
	}
}

type readError struct{ err error }

func (r readError) Read([]byte) (int, error) { return 0, r.err }

// Each status, with each kind of body, for each method.
func TestUnavailableResponses(t *testing.T) {
	sentinels := map[byte]error{
		'U': cloudflare.ErrUnavailable, 'A': cloudflare.ErrUnauthorized, 'F': cloudflare.ErrForbidden,
		'N': cloudflare.ErrNotFound, 'C': cloudflare.ErrConflict, 'R': cloudflare.ErrRateLimited,
	}
	const envelope = `{"success":false,"errors":[{"code":1,"message":"no"}],"messages":[],"result":null}`
	bodies := []struct {
		name string
		send func(status int) roundTripper
	}{
		{"the API", func(status int) roundTripper { return respondWith(status, envelope) }},
		{"HTML", func(status int) roundTripper { return respondWith(status, "<html>Sign in</html>") }},
		{"JSON of the edge", func(status int) roundTripper {
			return respondWith(status, `{"title":"no","status":1,"error_code":1020}`)
		}},
		{"errors without success", func(status int) roundTripper {
			return respondWith(status, `{"errors":[{"code":9103,"message":"no"}]}`)
		}},
		{"JSON of another kind", func(status int) roundTripper { return respondWith(status, `[false]`) }},
		{"empty", func(status int) roundTripper { return respondWith(status, "") }},
		{"cut JSON", func(status int) roundTripper { return respondWith(status, envelope[:len(envelope)/2]) }},
		{"cut connection", func(status int) roundTripper { return cutOff(status, envelope[:len(envelope)/2]) }},
		{"too large", func(status int) roundTripper { return respondWith(status, strings.Repeat(" ", 1<<20)+envelope) }},
	}
	// api is what the API's own response and one without a body match, and other is what each other response matches.
	for _, row := range []struct {
		status     int
		api, other string
		unknown    bool // if the request is a write
	}{
		{300, "", "U", false}, {301, "", "U", false}, {302, "", "U", false}, {304, "", "U", false}, {307, "", "U", false}, {308, "", "U", false},
		{400, "", "U", false}, {401, "A", "U", false}, {403, "F", "U", false}, {404, "N", "U", false}, {405, "", "U", false},
		{407, "", "U", false}, {408, "U", "U", true}, {409, "C", "U", false}, {410, "", "U", false}, {418, "", "U", false},
		{422, "", "U", false}, {425, "", "U", false}, {429, "R", "R", false}, {451, "", "U", false},
		{500, "U", "U", true}, {501, "U", "U", false}, {502, "U", "U", true}, {503, "U", "U", true}, {504, "U", "U", true},
		{511, "U", "U", false}, {520, "U", "U", true}, {522, "U", "U", true}, {525, "U", "U", false}, {530, "U", "U", false}, {599, "U", "U", false},
	} {
		for i, body := range bodies {
			for _, call := range retryCalls {
				letters := row.other
				if i == 0 || call.method == http.MethodHead {
					letters = row.api
				}
				var want []error
				for _, letter := range []byte(letters) {
					want = append(want, sentinels[letter])
				}
				if row.unknown && call.write {
					want = append(want, cloudflare.ErrOutcomeUnknown)
				}
				t.Run(fmt.Sprintf("%d/%s/%s", row.status, body.name, call.method), func(t *testing.T) {
					transport := body.send(row.status)
					if call.method == http.MethodHead {
						transport = respondWith(row.status, "")
					}
					err := call.do(t.Context(), newClient(t, transport, noRetries))
					assertAvailability(t, err, want...)
				})
			}
		}
	}
}

// A 2xx that is not in the format of the API comes from something else, such as the login page of a network.
func TestUnavailableSuccesses(t *testing.T) {
	for name, row := range map[string]struct {
		transport roundTripper
		api       bool
	}{
		"HTML":                 {respondWith(200, "<html>Sign in</html>"), false},
		"JSON of another kind": {respondWith(200, `{"id":"x"}`), false},
		"a list":               {respondWith(200, `[]`), false},
		"success as a string":  {respondWith(200, `{"success":"yes"}`), false},
		"empty":                {respondWith(200, ""), false},
		"204":                  {respondWith(204, ""), false},
		"cut JSON":             {respondWith(200, organizationBody[:len(organizationBody)/2]), false},
		"cut connection":       {cutOff(200, organizationBody[:len(organizationBody)/2]), false},

		"no result":           {respondWith(200, `{"success":true,"errors":[],"messages":[]}`), true},
		"a result of null":    {respondWith(200, `{"success":true,"result":null}`), true},
		"a result of no use":  {respondWith(200, `{"success":true,"result":"x"}`), true},
		"a name twice":        {respondWith(200, `{"success":true,"success":true,"result":{}}`), true},
		"an ID that is empty": {respondWith(200, `{"success":true,"result":{"id":""}}`), true},
	} {
		for _, method := range []string{"GET", "PUT", "DELETE", "POST"} {
			t.Run(name+"/"+method, func(t *testing.T) {
				call := retryCallOf(t, method)
				var want []error
				if !row.api {
					want = append(want, cloudflare.ErrUnavailable)
				}
				if call.write {
					want = append(want, cloudflare.ErrOutcomeUnknown)
				}
				assertAvailability(t, call.do(t.Context(), newClient(t, row.transport, noRetries)), want...)
			})
		}
	}
	for _, method := range []string{"GET", "POST"} { // the API reports a failure
		err := retryCallOf(t, method).do(t.Context(), newClient(t, respondWith(200, rejectedBody), noRetries))
		assertAvailability(t, err)
	}
}

// A call that ends without a response, and one whose attempts end in different ways.
func TestUnavailableCalls(t *testing.T) {
	var (
		unavailable, unknown = cloudflare.ErrUnavailable, cloudflare.ErrOutcomeUnknown
		canceled, deadline   = context.Canceled, context.DeadlineExceeded
		broken               = errors.New("broken")
		reset, stalled       = pipeReply{reset: true}, pipeReply{hang: true}
		busy                 = pipeResponse(503, rejectedBody)
		dial                 = func(err error) pipeReply { return pipeReply{dialError: &net.OpError{Op: "dial", Err: err}} }
	)
	tests := map[string]struct {
		replies []pipeReply
		limiter failureAt
		source  failureAt
		cancel  time.Duration // when the caller cancels; 0: never
		timeout time.Duration // the deadline of the caller; 0: none
		opts    []cloudflare.CallOption
		is      []error // besides unknown
		unknown bool    // if the request is a write
	}{
		"no such host":                  {replies: []pipeReply{dial(&net.DNSError{Err: "no such host", IsNotFound: true})}, is: []error{unavailable}},
		"name server in trouble":        {replies: []pipeReply{dial(&net.DNSError{Err: "misbehaving", IsTemporary: true})}, is: []error{unavailable}},
		"certificate":                   {replies: []pipeReply{{dialError: &tls.CertificateVerificationError{Err: broken}}}, is: []error{unavailable}},
		"refused":                       {replies: []pipeReply{{dialError: connectionRefused}}, is: []error{unavailable}},
		"dial that stalls":              {replies: []pipeReply{{dialError: context.DeadlineExceeded}}, is: []error{unavailable}},
		"reset":                         {replies: []pipeReply{reset}, is: []error{unavailable}, unknown: true},
		"closed":                        {replies: []pipeReply{{}}, is: []error{unavailable}, unknown: true},
		"not HTTP":                      {replies: []pipeReply{{response: func() string { return "SSH-2.0\r\n\r\n" }}}, is: []error{unavailable}, unknown: true},
		"another protocol":              {replies: []pipeReply{{response: func() string { return "HTTP/1.1 101 Switching\r\n\r\n" }}}, is: []error{unavailable}, unknown: true},
		"attempt timeout":               {replies: []pipeReply{stalled}, is: []error{unavailable, cloudflare.ErrAttemptTimeout}, unknown: true},
		"5xx, then a reset":             {replies: []pipeReply{busy, reset}, is: []error{unavailable}, unknown: true},
		"refused, then 404":             {replies: []pipeReply{{dialError: connectionRefused}, pipeResponse(404, notFoundBody)}, is: []error{cloudflare.ErrNotFound}},
		"refused, then rejected":        {replies: []pipeReply{{dialError: connectionRefused}, pipeResponse(400, rejectedBody)}},
		"429, then the page of a proxy": {replies: []pipeReply{pipeResponse(429, rejectedBody), pipeResponse(404, "<html>")}, is: []error{unavailable}},

		"canceled in flight": {replies: []pipeReply{stalled}, cancel: time.Second, is: []error{canceled}, unknown: true},
		"past the deadline":  {replies: []pipeReply{stalled}, timeout: time.Second, is: []error{deadline}, unknown: true},
		"canceled before":    {cancel: -1, is: []error{canceled}},
		"canceled after no connection": {
			replies: []pipeReply{{dialError: connectionRefused}, stalled}, cancel: 5 * time.Second, is: []error{canceled}, unknown: true,
		},
		"no time for a retry":         {replies: []pipeReply{pipeResponse(429, rejectedBody, "Retry-After: 9")}, timeout: time.Second, is: []error{cloudflare.ErrRateLimited, deadline}},
		"limiter":                     {limiter: failureAt{1, broken}},
		"limiter after no connection": {replies: []pipeReply{{dialError: connectionRefused}}, limiter: failureAt{2, broken}},
		"limiter with the sentinel":   {limiter: failureAt{1, fmt.Errorf("open: %w", unavailable)}},
		"limiter after 5xx":           {replies: []pipeReply{busy}, limiter: failureAt{2, broken}, unknown: true},
		"source after 5xx":            {replies: []pipeReply{busy}, source: failureAt{2, broken}, unknown: true},
		"canceled after 5xx":          {replies: []pipeReply{pipeResponse(503, "", "Retry-After: 9")}, cancel: time.Second, is: []error{canceled}, unknown: true},
		"source":                      {source: failureAt{1, broken}},
		"source after no connection":  {replies: []pipeReply{{dialError: connectionRefused}}, source: failureAt{2, broken}},
		"source with the sentinel":    {source: failureAt{1, unavailable}},
		"invalid argument":            {opts: []cloudflare.CallOption{cloudflare.SetMaxRetries(-1)}, is: []error{cloudflare.ErrInvalidArgument}},
		"429":                         {replies: []pipeReply{pipeResponse(429, "<html>")}, is: []error{cloudflare.ErrRateLimited}},
	}
	for name, test := range tests {
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
			if method == "HEAD" && strings.Contains(name, "the page of a proxy") || method == "POST" && strings.Contains(name, "5xx") {
				continue // a HEAD has no page, and a POST is not repeated after a 5xx
			}
			t.Run(name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					switch {
					case test.cancel < 0:
						cancel()
					case test.cancel > 0:
						time.AfterFunc(test.cancel, cancel)
					}
					if test.timeout > 0 {
						ctx, cancel = context.WithTimeout(ctx, test.timeout)
						defer cancel()
					}
					waits, asked := 0, 0
					_, client := sourced(t, pipeScript(test.replies...), func(context.Context) (cloudflare.Credential, error) {
						if asked++; asked == test.source.call {
							return cloudflare.Credential{}, test.source.err
						}
						return cloudflare.TokenCredential("token"), nil
					}, cloudflare.WithLimiter(limiterFunc(func(context.Context) error {
						if waits++; waits == test.limiter.call {
							return test.limiter.err
						}
						return nil
					})))
					call := retryCallOf(t, method)
					want := slices.Clone(test.is)
					if test.unknown && call.write {
						want = append(want, unknown)
					}
					assertAvailability(t, call.do(ctx, client, test.opts...), want...)
				})
			})
		}
	}
}

// The errors of lists and batches match as the request that failed does.
func TestUnavailableListsAndBatches(t *testing.T) {
	client := newClient(t, respondWith(502, "<html>"), noRetries)
	_, err := cloudflare.Collect(client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}))
	assert.ErrorAs(t, err, new(*cloudflare.PageError))
	assertAvailability(t, err, cloudflare.ErrUnavailable)
	_, err = client.OrganizationMembers.BatchCreate(t.Context(), "o1", []cloudflare.OrganizationMemberCreateParams{{Email: "ann@example.com"}})
	assert.ErrorAs(t, err, new(*cloudflare.BatchError))
	assertAvailability(t, err, cloudflare.ErrUnavailable, cloudflare.ErrOutcomeUnknown)
}

// An Error that a user makes for a mock matches by its status alone.
func TestUnavailableErrorsMadeByUsers(t *testing.T) {
	for status, want := range map[int][]error{
		0: nil, 200: nil, 302: nil, 400: nil, 401: {cloudflare.ErrUnauthorized}, 403: {cloudflare.ErrForbidden},
		404: {cloudflare.ErrNotFound}, 408: {cloudflare.ErrUnavailable}, 409: {cloudflare.ErrConflict},
		429: {cloudflare.ErrRateLimited}, 500: {cloudflare.ErrUnavailable}, 502: {cloudflare.ErrUnavailable}, 599: {cloudflare.ErrUnavailable},
	} {
		assertAvailability(t, &cloudflare.Error{StatusCode: status}, want...)
	}
	assertAvailability(t, &cloudflare.CallError{Attempts: 1})
	assertAvailability(t, cloudflare.ErrUnavailable, cloudflare.ErrUnavailable)
}

// The text of an error tells a response of the API from that of a proxy, and from one that cannot be told.
func TestForeignResponsesAreNamed(t *testing.T) {
	const envelope = `{"success":false,"errors":[{"code":10000,"message":"no"}]}`
	const proxy, unknown = "perhaps of a proxy", "it is unknown whether this is a response of the API"
	for _, status := range []int{401, 403, 404, 409} {
		for _, row := range []struct {
			name, text string
			transport  roundTripper
		}{
			{"the API", "", respondWith(status, envelope)},
			{"HTML", proxy, respondWith(status, "<html>")},
			{"empty", proxy, respondWith(status, "")},
			{"blank", proxy, respondWith(status, " \n")},
			{"JSON", proxy, respondWith(status, `{"title":"no"}`)},
			{"cut JSON", unknown, respondWith(status, envelope[:len(envelope)/2])},
			{"one byte", unknown, respondWith(status, "{")},
			{"cut connection", unknown, cutOff(status, envelope[:len(envelope)/2])},
			{"cut before the body", unknown, cutOff(status, "")},
			{"cut HTML", unknown, cutOff(status, "<html>")},
			{"all of the API, and cut after it", "", cutOff(status, envelope)},
		} {
			_, err := newClient(t, row.transport).Organizations.Get(t.Context(), "o1")
			for _, text := range []string{proxy, unknown} {
				assert.Equal(t, text == row.text, strings.Contains(err.Error(), text), "%d %s: %v", status, row.name, err)
			}
			assert.Equal(t, row.text == "", !errors.Is(err, cloudflare.ErrUnavailable), "%d %s: %v", status, row.name, err)
			if row.text != "" {
				assert.NotContains(t, err.Error(), "user API tokens", row.name)
			}
		}
	}
}

// A request that the client or its transport cannot send would fail in the same way later.
func TestRequestsThatCannotBeSentAreNotUnavailable(t *testing.T) {
	tooLarge := fail(errors.New("http2: request header list larger than peer's advertised limit"))
	assertAvailability(t, getOrganization(t.Context(), newClient(t, tooLarge, noRetries)))

	proxied := false
	transport := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) {
		if proxied {
			return url.Parse("http://proxy.invalid")
		}
		return nil, nil
	}}
	client := newClient(t, transport, cloudflare.WithBaseURL("http://localhost/client/v4"))
	proxied = true
	for _, call := range retryCalls {
		assertAvailability(t, call.do(t.Context(), client))
	}
}

package cloudflare_test

import (
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// A test of one method takes a [script], which plays responses and records requests as values, or withFakeAPI if the
// API must remember what was written. What a connection does to a call is tested in internal/blackbox.

// newClient returns a client whose requests go to transport. It authenticates with canaryKey, which every operation
// accepts.
func newClient(t testing.TB, transport http.RoundTripper, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	client, err := cloudflare.NewClient(append([]cloudflare.Option{
		cloudflare.WithAPIKey(canaryKey, canaryEmail), cloudflare.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

var noRetries = cloudflare.WithMaxRetries(0)

// roundTripper is a transport that responds by itself.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// respondWith returns a transport that gives every request the same response. Each line is a header: "Cf-Ray: 8661".
func respondWith(status int, body string, lines ...string) roundTripper {
	return func(*http.Request) (*http.Response, error) {
		header := make(http.Header)
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			header.Add(name, value)
		}
		return &http.Response{
			StatusCode: status, Header: header, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	}
}

// fail returns a transport that fails.
func fail(err error) roundTripper {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// The errors of package net if a peer resets a connection, and if nothing listens.
var (
	connectionReset   = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	connectionRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
)

// sendNothing returns a transport that fails the test if a request is sent.
func sendNothing(t *testing.T) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		t.Errorf("a request was sent: %s %s", r.Method, r.URL)
		return nil, io.EOF
	}
}

// script is a transport that gives each request its next response and records the requests. A request after the last
// response fails the test.
type script struct {
	t         *testing.T
	responses []roundTripper
	sent      []sentRequest
}

// sentRequest is a request as a server receives it.
type sentRequest struct {
	Method, URL string
	Header      http.Header
	Body        string // empty if there was none
}

func newScript(t *testing.T, responses ...roundTripper) *script {
	return &script{t: t, responses: responses}
}

// newScriptedClient returns a client and the script that its requests go to.
func newScriptedClient(t *testing.T, responses ...roundTripper) (*cloudflare.Client, *script) {
	t.Helper()
	s := newScript(t, responses...)
	return newClient(t, s), s
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := sentRequest{Method: r.Method, URL: r.URL.String(), Header: r.Header.Clone()}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		sent.Body = string(body)
	}
	s.sent = append(s.sent, sent)
	if !assert.LessOrEqual(s.t, len(s.sent), len(s.responses), "an unexpected request: %s %s", r.Method, r.URL) {
		return nil, io.EOF
	}
	return s.responses[len(s.sent)-1](r)
}

// only returns the one request that was sent.
func (s *script) only(t *testing.T) sentRequest {
	t.Helper()
	require.Len(t, s.sent, 1)
	return s.sent[0]
}

// assertSent compares two requests, with bodies that may differ in the order of keys and in white space.
func assertSent(t *testing.T, want, got sentRequest) {
	t.Helper()
	if want.Body != "" {
		assert.JSONEq(t, want.Body, got.Body)
		want.Body, got.Body = "", ""
	}
	assert.Equal(t, want, got)
}

// sentHeader returns the header that the client of newClient sends, with further names and values.
func sentHeader(more ...string) http.Header {
	h := http.Header{
		"Accept":       {"application/json"},
		"X-Auth-Key":   {canaryKey},
		"X-Auth-Email": {canaryEmail},
		"User-Agent":   {userAgent + " (" + runtime.Version() + ")"},
	}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = []string{more[i+1]}
	}
	return h
}

const userAgent = "cloudflare-organizations-go/devel"

// fakeAPI is a fake API and a client of it in virtual time.
type fakeAPI struct {
	*cloudflaretest.Server
	client *cloudflare.Client
	before func(*http.Request) // called before each request
}

// sent returns the method and path, below the base URL, of each request.
func (api *fakeAPI) sent() []string {
	var sent []string
	for _, r := range api.Requests() {
		sent = append(sent, r.Method+" "+strings.TrimPrefix(r.Path, "/client/v4/"))
	}
	return sent
}

// writes returns those of sent that are not GET requests.
func (api *fakeAPI) writes() []string {
	var writes []string
	for _, sent := range api.sent() {
		if !strings.HasPrefix(sent, "GET ") {
			writes = append(writes, sent)
		}
	}
	return writes
}

// named returns how many organizations have this name.
func (api *fakeAPI) named(t *testing.T, name string) (n int) {
	t.Helper()
	for _, err := range api.client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{Name: name}) {
		require.NoError(t, err)
		n++
	}
	return n
}

// withFakeAPI runs a test in virtual time.
func withFakeAPI(t *testing.T, test func(t *testing.T, api *fakeAPI)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		api := &fakeAPI{Server: cloudflaretest.NewServer().ForTest(t), before: func(*http.Request) {}}
		transport := api.Transport()
		api.client = api.Client(cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			api.before(r)
			return transport.RoundTrip(r)
		})}))
		test(t, api)
	})
}

// seededServer returns a server with n organizations, and their IDs in order.
func seededServer(t *testing.T, n int) (*cloudflaretest.Server, []string) {
	t.Helper()
	server := cloudflaretest.NewServer().ForTest(t)
	ids := make([]string, n)
	for i := range ids {
		ids[i] = server.AddOrganization("Organization "+strconv.Itoa(i), "")
	}
	return server, ids
}

// listedIDs returns the IDs of all organizations that All yields.
func listedIDs(t *testing.T, client *cloudflare.Client, params cloudflare.OrganizationListParams) []string {
	t.Helper()
	ids := []string{}
	for org, err := range client.Organizations.All(t.Context(), params) {
		require.NoError(t, err)
		ids = append(ids, org.ID)
	}
	return ids
}

// lastOf ranges over a list and returns its last item, or nil with the error that ended it.
func lastOf[T any](list iter.Seq2[*T, error]) (last *T, err error) {
	for last, err = range list {
		if err != nil {
			return last, err
		}
	}
	return last, err
}

// asking returns a 503 that requests a wait, in place of the effect of the request.
func asking(seconds string) cloudflaretest.Fault {
	return cloudflaretest.Status(http.StatusServiceUnavailable, http.Header{"Retry-After": {seconds}}, "")
}

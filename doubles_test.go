package cloudflare_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// newClient returns a client whose requests go to transport. It authenticates with canaryToken.
func newClient(t testing.TB, transport http.RoundTripper, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	return newClientWith(t, cloudflare.WithAPIToken(canaryToken), transport, opts...)
}

// newSingleAttemptClient returns a client like that of newClient that does not retry.
func newSingleAttemptClient(t testing.TB, transport http.RoundTripper, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	return newClient(t, transport, append([]cloudflare.Option{cloudflare.WithMaxRetries(0)}, opts...)...)
}

// newClientWith returns a client with another credential than that of newClient.
func newClientWith(t testing.TB, credential cloudflare.Option, transport http.RoundTripper, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	client, err := cloudflare.NewClient(append([]cloudflare.Option{
		credential, cloudflare.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

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

// What net reports when a peer resets a connection, and when nothing listens.
var (
	connectionReset   = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	connectionRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
)

// sendNothing is a transport for calls that must not send a request.
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

// sentHeader is the whole header of a request by the client of newClient, and further names and values.
func sentHeader(more ...string) http.Header {
	h := http.Header{
		"Accept":        {"application/json"},
		"Authorization": {"Bearer " + canaryToken},
		"User-Agent":    {userAgent + " (" + runtime.Version() + ")"},
	}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = []string{more[i+1]}
	}
	return h
}

const userAgent = "cloudflare-organizations-go/devel"

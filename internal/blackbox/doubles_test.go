package blackbox

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// A test that needs only the response of a call takes a roundTripper, which exchanges values. pipe_test.go exchanges
// bytes over connections in virtual time, for what a connection does while a call waits. connection_servers_test.go
// exchanges the frames of TLS and HTTP/2 over sockets, for what a server does in the middle of a request. A
// countedServer is a server of net/http that works as it should.

// newClient returns a client whose requests go to transport. It authenticates with canaryToken.
func newClient(t testing.TB, transport http.RoundTripper, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	client, err := cloudflare.NewClient(append([]cloudflare.Option{
		cloudflare.WithAPIToken(canaryToken), cloudflare.WithHTTPClient(&http.Client{Transport: transport}),
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

// connectionRefused is the error of package net if nothing listens.
var connectionRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

// sendNothing returns a transport that fails the test if a request is sent.
func sendNothing(t *testing.T) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		t.Errorf("a request was sent: %s %s", r.Method, r.URL)
		return nil, io.EOF
	}
}

// countedServer is an HTTP/1.1 server that counts its connections.
type countedServer struct {
	*httptest.Server
	connections atomic.Int32
}

// client returns a client of s that does not retry, with a transport of its own.
func (s *countedServer) client(t *testing.T, opts ...cloudflare.Option) *cloudflare.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	c, err := cloudflare.NewClient(append([]cloudflare.Option{
		cloudflare.WithAPIToken(canaryToken), cloudflare.WithBaseURL(s.URL), noRetries, cloudflare.WithMaxRetryWait(0),
		cloudflare.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close(); transport.CloseIdleConnections() })
	return c
}

func newCountedServer(t *testing.T, handler http.HandlerFunc) *countedServer {
	s := &countedServer{Server: httptest.NewUnstartedServer(handler)}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Config.ErrorLog = nil
	s.Start()
	t.Cleanup(s.Close)
	return s
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

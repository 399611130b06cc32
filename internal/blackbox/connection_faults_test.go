package blackbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// verdict is what a caller can know after an attempt.
type verdict int

const (
	notProcessed verdict = iota // not sent, or not processed: every method is repeated
	inVain                      // not sent, and another attempt would fail too
	unclear                     // it may have been processed: idempotent methods are repeated
	refused                     // by a status that is known
)

// connectionFault is one way in which an attempt fails.
type connectionFault struct {
	name     string
	verdict  verdict
	protocol string // empty: both

	connect func(net.Conn) bool      // what the server does to a connection
	proxy   func(net.Conn, int) bool // what a proxy does to a request to connect
	socks   bool                     // the proxy is one for SOCKS
	request func(*exchange) bool     // what the server does to a request
	untrust bool                     // the client does not trust the server's certificate

	carriedOut         bool   // before the fault, the request was carried out
	goAway, inDistress bool   // the server says GOAWAY, with an error or without
	stale              string // with this protocol, net/http would repeat a read on a connection that had been used before
	text               string // in the error
}

// firstBytes waits for the client to speak.
func firstBytes(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }

// says returns a fault in which the peer speaks another protocol, or another version of this one.
func says(text string) func(net.Conn) bool {
	return func(conn net.Conn) bool {
		firstBytes(conn)
		_, _ = io.WriteString(conn, text)
		return true
	}
}

func proxySays(text string) func(net.Conn, int) bool {
	return func(conn net.Conn, _ int) bool {
		_, _ = io.WriteString(conn, text)
		return true
	}
}

// serverHello selects TLS 1.1, without any extension.
var serverHello = "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x02" + strings.Repeat("r", 32) + "\x00\xc0\x13\x00"

var connectionFaults = []connectionFault{
	{name: "handshake closed", verdict: notProcessed, connect: says("")},
	{name: "handshake reset", verdict: notProcessed, connect: func(conn net.Conn) bool {
		firstBytes(conn)
		resetConn(conn)
		return true
	}},
	{name: "handshake ends in an internal error", verdict: notProcessed, connect: says("\x15\x03\x03\x00\x02\x02\x50"), text: "internal error"},
	{name: "plain HTTP on a TLS port", verdict: inVain, connect: says("HTTP/1.1 400 Bad Request\r\n\r\n"), text: "does not look like a TLS handshake"},
	{name: "SSH on a TLS port", verdict: inVain, connect: says("SSH-2.0-OpenSSH_9.9\r\n"), text: "does not look like a TLS handshake"},
	{name: "old version of TLS", verdict: inVain, connect: says(serverHello), text: "unsupported protocol version 302"},
	{name: "no common version of TLS", verdict: inVain, connect: says("\x15\x03\x03\x00\x02\x02\x46"), text: "protocol version not supported"},
	{name: "no common protocol", verdict: inVain, connect: says("\x15\x03\x03\x00\x02\x02\x78"), text: "no application protocol"},
	{name: "certificate that is not trusted", verdict: inVain, untrust: true, text: "certificate signed by unknown authority"},

	{name: "proxy responds 502", verdict: notProcessed, proxy: proxySays("HTTP/1.1 502 Bad Gateway\r\n\r\n"), text: " responded 502 Bad Gateway to CONNECT"},
	{
		name: "proxy responds 503 in its own words", verdict: notProcessed,
		proxy: proxySays("HTTP/1.1 503 Come back later\r\n\r\n"), text: " responded 503 Come back later to CONNECT",
	},
	{name: "proxy responds 403", verdict: inVain, proxy: proxySays("HTTP/1.1 403 Forbidden\r\n\r\n"), text: " responded 403 Forbidden to CONNECT"},
	{name: "proxy responds 403 in its own words", verdict: inVain, proxy: proxySays("HTTP/1.1 403 Blocked\r\n\r\n"), text: " responded 403 Blocked to CONNECT"},
	{
		name: "proxy responds 407", verdict: inVain,
		proxy: proxySays("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
		text:  " responded 407 Proxy Authentication Required to CONNECT",
	},
	{name: "proxy closes", verdict: notProcessed, proxy: proxySays("")},
	{name: "proxy resets", verdict: notProcessed, proxy: func(conn net.Conn, _ int) bool { resetConn(conn); return true }},
	{name: "proxy speaks no HTTP", verdict: notProcessed, proxy: proxySays("SSH-2.0-OpenSSH_9.9\r\n\r\n"), text: "malformed HTTP"},
	{name: "proxy closes after its response", verdict: notProcessed, proxy: proxySays("HTTP/1.1 200 OK\r\n\r\n")},
	{name: "SOCKS proxy fails", verdict: notProcessed, socks: true, proxy: proxySays(socksFailed), text: "socks connect"},
	{name: "SOCKS proxy closes", verdict: notProcessed, socks: true, proxy: proxySays(""), text: "socks connect"},

	{name: "closed before it was carried out", verdict: unclear, stale: "http/1.1", request: func(x *exchange) bool { x.close(); return true }},
	{name: "closed after it was carried out", verdict: unclear, stale: "http/1.1", carriedOut: true, request: func(x *exchange) bool { x.close(); return true }},
	{name: "reset after it was carried out", verdict: unclear, stale: "http/1.1", carriedOut: true, request: func(x *exchange) bool { x.reset(); return true }},
	{name: "response cut", verdict: unclear, carriedOut: true, request: func(x *exchange) bool {
		x.head(200, len(faultySuccess))
		x.body(faultySuccess[:40], false)
		x.close()
		return true
	}},
	{
		name: "stream refused", protocol: "h2", verdict: notProcessed, stale: "h2",
		request: func(x *exchange) bool { x.resetStream(codeRefused); return true },
	},
	{
		name: "GOAWAY before the stream", goAway: true, protocol: "h2", verdict: notProcessed, stale: "h2",
		request: func(x *exchange) bool { x.goAway(x.stream-1, codeNone); return true },
	},
	{
		name: "GOAWAY before the stream, in distress", goAway: true, inDistress: true, protocol: "h2",
		verdict: notProcessed, stale: "h2", request: func(x *exchange) bool { x.goAway(x.stream-1, codeCalm); return true },
	},
	{name: "GOAWAY after the stream, then closed", protocol: "h2", verdict: unclear, carriedOut: true, request: func(x *exchange) bool {
		x.goAway(x.stream, codeNone)
		x.close()
		return true
	}},
	{
		name: "stream reset with PROTOCOL_ERROR", protocol: "h2", verdict: unclear, stale: protocolErrorIsStale(), carriedOut: true,
		request: func(x *exchange) bool { x.resetStream(codeProtocol); return true },
	},
	{
		name: "stream reset with INTERNAL_ERROR", protocol: "h2", verdict: unclear, carriedOut: true,
		request: func(x *exchange) bool { x.resetStream(codeInternal); return true },
	},
	{name: "stream reset with REFUSED_STREAM after the header", protocol: "h2", verdict: unclear, carriedOut: true, request: func(x *exchange) bool {
		x.head(200, len(faultySuccess))
		x.resetStream(codeRefused)
		return true
	}},

	{name: "403 cut", verdict: refused, request: func(x *exchange) bool {
		x.head(403, 100)
		x.body("{", false)
		x.close()
		return true
	}},
	{name: "403 reset after the header", protocol: "h2", verdict: refused, request: func(x *exchange) bool {
		x.head(403, 100)
		x.resetStream(codeInternal)
		return true
	}},
	{name: "403 whose body is not gzip", verdict: refused, request: func(x *exchange) bool {
		x.respond(403, `{"success":false}`, "content-encoding", "gzip")
		return true
	}},
}

// faultCall is a call for each kind of request.
type faultCall struct {
	name                    string
	write, body, idempotent bool
	do                      func(context.Context, *cloudflare.Client, ...cloudflare.CallOption) error
}

func faultCalls() []faultCall {
	call := func(method string, body any) func(context.Context, *cloudflare.Client, ...cloudflare.CallOption) error {
		return func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			return c.Call(ctx, cloudflare.Request{Method: method, Route: "/organizations", Body: body}, nil, opts...)
		}
	}
	body := map[string]string{"name": "Acme"}
	return []faultCall{
		{"GET", false, false, true, call("GET", nil)},
		{"POST", true, true, false, call("POST", body)},
		{"POST without a body", true, false, false, call("POST", nil)},
		{"PUT", true, true, true, call("PUT", body)},
		{"DELETE", true, false, true, call("DELETE", nil)},
	}
}

// faultyClient repeats twice, after waits that a test can afford.
func faultyClient(t *testing.T, s *faultyServer, transport *http.Transport, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	t.Cleanup(transport.CloseIdleConnections)
	client, err := cloudflare.NewClient(append([]cloudflare.Option{
		cloudflare.WithAPIToken("secret-token"), cloudflare.WithBaseURL("https://" + s.Addr().String()),
		cloudflare.WithHTTPClient(&http.Client{Transport: transport}),
		cloudflare.WithMaxRetries(2), cloudflare.WithMaxRetryWait(2 * time.Millisecond),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// faultyTransport is the default transport, but for the certificate of the server and the proxy.
func faultyTransport() *http.Transport {
	transport := cloudflare.NewTransport()
	_, transport.TLSClientConfig.RootCAs = faultyCertificate()
	transport.Proxy = nil
	return transport
}

func listenLocally(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return listener
}

// What reached the server, what it carried out, and what the caller was told, for each fault: no write is carried out
// twice unless it is idempotent, none is reported as unknown that did not arrive, and none as failed that did.
func TestConnectionFaults(t *testing.T) {
	for _, fault := range connectionFaults {
		for _, protocol := range []string{"http/1.1", "h2"} {
			if fault.protocol != "" && fault.protocol != protocol {
				continue
			}
			for _, call := range faultCalls() {
				for _, reused := range []bool{false, true} {
					if reused && fault.request == nil {
						continue // there is no such thing on a connection that has been used
					}
					name := fault.name + "/" + protocol + "/" + call.name
					if reused {
						name += "/reused"
					}
					t.Run(name, func(t *testing.T) {
						t.Run("once", func(t *testing.T) { testFault(t, fault, protocol, call, reused, 1) })
						t.Run("always", func(t *testing.T) { testFault(t, fault, protocol, call, reused, 1000) })
					})
				}
			}
		}
	}
}

func testFault(t *testing.T, fault connectionFault, protocol string, call faultCall, reused bool, times int) {
	server := newFaultyServer(t, protocol, listenLocally(t))
	transport := faultyTransport()
	if fault.untrust {
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	}
	if fault.proxy != nil {
		scheme := "http"
		if fault.socks {
			scheme = "socks5"
		}
		proxy := newFaultyProxy(t, scheme)
		proxy.interfere(func(conn net.Conn, n int) bool { return n <= times && fault.proxy(conn, n) })
		transport.Proxy = http.ProxyURL(proxy.url)
	}
	client := faultyClient(t, server, transport)
	if reused {
		require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/warm"}, nil))
	}
	before, carriedOutBefore := server.counts()
	var n atomic.Int64
	server.interfere(func(conn net.Conn) bool {
		return fault.connect != nil && n.Add(1) <= int64(times) && fault.connect(conn)
	}, func(x *exchange) bool {
		if fault.request == nil || n.Add(1) > int64(times) {
			return false
		}
		if fault.carriedOut {
			x.carryOut()
		}
		return fault.request(x)
	})

	var response cloudflare.Response
	err := call.do(t.Context(), client, cloudflare.CaptureResponse(&response))
	arrived, carriedOut := server.counts()
	arrived, carriedOut = arrived-before, carriedOut-carriedOutBefore

	verdict := fault.verdict
	if fault.goAway && !call.body && strings.HasPrefix(runtime.Version(), "go1.26") && (reused || !fault.inDistress) {
		verdict = unclear // nothing tells the GOAWAY from a PROTOCOL_ERROR, after both of which net/http repeats the request
	}
	repeated := verdict == notProcessed || verdict == unclear && call.idempotent
	attempts := 1
	if repeated {
		attempts = min(times, 2) + 1
	}
	recovered := repeated && times < attempts
	if reused && !call.write && fault.stale == protocol && attempts < times {
		attempts++ // at once
	}
	faults := attempts
	if recovered {
		faults--
	}
	wantArrived, wantCarriedOut := attempts-faults, attempts-faults
	if fault.request != nil {
		wantArrived += faults
	}
	if fault.carriedOut {
		wantCarriedOut += faults
	}
	assert.Equal(t, attempts, response.Attempts)
	assert.Equal(t, wantArrived, arrived, "requests that arrived")
	assert.Equal(t, wantCarriedOut, carriedOut, "requests that were carried out")
	if recovered {
		require.NoError(t, err)
		return
	}
	require.Error(t, err)
	assert.Equal(t, verdict == unclear && call.write, errors.Is(err, cloudflare.ErrOutcomeUnknown), "%v", err)
	assert.ErrorContains(t, err, fault.text)
	assert.NotContains(t, err.Error(), "GetBody")
	if fault.proxy != nil {
		assert.ErrorContains(t, err, transportProxy(t, transport))
	}
	var apiError *cloudflare.Error
	assert.Equal(t, verdict == refused, errors.As(err, &apiError), "%v", err)
	if verdict == refused {
		assert.ErrorIs(t, err, cloudflare.ErrUnavailable)
		assert.ErrorContains(t, err, "the body could not be read")
	}
	if fault.untrust {
		var untrusted *tls.CertificateVerificationError
		assert.ErrorAs(t, err, &untrusted)
	}
}

// A request that is larger than the server's limit for the header is not sent, and would not be sent the next time.
func TestRequestsTooLargeForHTTP2(t *testing.T) {
	for _, wrapped := range []bool{false, true} {
		for _, call := range faultCalls() {
			t.Run(fmt.Sprintf("wrapped=%t/%s", wrapped, call.name), func(t *testing.T) {
				server := newFaultyServer(t, "h2", listenLocally(t))
				server.settings = binary.BigEndian.AppendUint32([]byte{0, 6}, 16<<10) // SETTINGS_MAX_HEADER_LIST_SIZE
				transport := faultyTransport()
				client := faultyClient(t, server, transport)
				if wrapped {
					client = faultyClient(t, server, transport, cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(transport.RoundTrip)}))
				}
				require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/warm"}, nil))
				var response cloudflare.Response
				err := call.do(t.Context(), client, cloudflare.CaptureResponse(&response), cloudflare.AddQuery("q", strings.Repeat("a", 16<<10)))
				assertMatchesOnly(t, err)
				assert.ErrorContains(t, err, "request header list larger than peer's advertised limit")
				assert.Equal(t, 1, response.Attempts)
				arrived, _ := server.counts()
				assert.Equal(t, 1, arrived, "the first request")
			})
		}
	}
}

// transportProxy returns the host and port of a transport's proxy.
func transportProxy(t *testing.T, transport *http.Transport) string {
	t.Helper()
	proxy, err := transport.Proxy(nil)
	require.NoError(t, err)
	return proxy.Host
}

// protocolErrorIsStale returns the protocol in which net/http repeats a read after a PROTOCOL_ERROR.
func protocolErrorIsStale() string {
	if strings.HasPrefix(runtime.Version(), "go1.26") {
		return "h2"
	}
	return ""
}

package blackbox

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// socketFault is one way in which a connection fails.
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

// socketClient returns a client that retries twice, after short waits.
func socketClient(t *testing.T, base string, transport http.RoundTripper, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	return new(pipeServer).client(t, transport, append([]cloudflare.Option{
		cloudflare.WithBaseURL(base + "/client/v4"),
		cloudflare.WithMaxRetries(2), cloudflare.WithMaxRetryWait(2 * time.Millisecond), cloudflare.WithTimeout(10 * time.Second),
	}, opts...)...)
}

// listenBadly serves each connection with serve and counts the connections. If serve is nil, nothing listens at the
// address.
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

func TestUntrustedCertificate(t *testing.T) {
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
			var untrusted *tls.CertificateVerificationError
			assert.ErrorAs(t, err, &untrusted)
			assert.Equal(t, 1, response.Attempts)
			assert.Zero(t, served.Load())
		})
	}
}

// net/http repeats some requests by itself if an idle connection turns out to be closed. It must not repeat a write,
// because the server may have processed it before it closed the connection.
func TestNetHTTPDoesNotRepeatWrites(t *testing.T) {
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
			return c.Call(ctx, cloudflare.Request{Method: http.MethodPost, Route: "/elsewhere"}, nil, opts...)
		}, ""},
		{"POST with a key", func(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			return c.Call(ctx, cloudflare.Request{Method: http.MethodPost, Route: "/elsewhere", IdempotencyKey: "1"}, nil, opts...)
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

// A request without a body has none on the wire either: an empty body would be sent in chunks.
func TestFramingOfRequestsWithoutABody(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		var got []string
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = append(got, fmt.Sprint(r.Proto, " ", r.Method, " ", r.Header["Content-Length"], r.ContentLength,
				r.TransferEncoding, r.Header["Content-Type"]))
			_, _ = io.WriteString(w, `{"success":true}`)
		}))
		server.EnableHTTP2 = protocol == "HTTP/2.0"
		server.StartTLS()
		t.Cleanup(server.Close)
		client := socketClient(t, server.URL, server.Client().Transport)
		var want []string
		for method, length := range map[string]string{"GET": "[]", "DELETE": "[]", "POST": "[0]", "PUT": "[0]", "PATCH": "[0]"} {
			require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: method, Route: "/x"}, nil))
			want = append(want, protocol+" "+method+" "+length+" 0 [] []")
		}
		assert.Equal(t, want, got)
	}
}

package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repeatingServer carries out each write, and then closes its connection without a response.
func repeatingServer(t *testing.T, secure bool) (server *httptest.Server, writes *atomic.Int64) {
	t.Helper()
	writes = new(atomic.Int64)
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if !IsWrite(r.Method) {
			return
		}
		writes.Add(1)
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server, writes
}

// With an idempotency key, net/http repeats a write without a body over HTTP/1.1, if the connection had been used. The
// client stops it, so that each request is one that the client has counted.
func TestKeysDoNotRepeatWrites(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, wrapped := range []bool{false, true} {
			for _, method := range []string{"POST", "PATCH", "DELETE"} {
				server, writes := repeatingServer(t, secure)
				transport := server.Client().Transport.(*http.Transport)
				var used http.RoundTripper = transport
				header := http.Header{"Idempotency-Key": {"1"}}
				if wrapped { // and the key is not the client's
					header = nil
					used = roundTrip(func(r *http.Request) (*http.Response, error) {
						r.Header.Set("Idempotency-Key", "1")
						return transport.RoundTrip(r)
					})
				}
				s := clientFor(t, server.URL, used)
				var conns []bool // of one write: whether each had been used
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
					GotConn: func(conn httptrace.GotConnInfo) { conns = append(conns, conn.Reused) },
				})
				stopped := 0
				for range 20 {
					warm, err := s.Do(t.Context(), RawRequest{Method: "GET", Path: []string{"warm"}})
					require.NoError(t, err)
					warm.Release()
					writes.Store(0)
					conns = nil
					response, err := s.Do(ctx, RawRequest{Method: method, Path: []string{"a"}, Header: header})
					require.Nil(t, response)
					var failure *Failure
					require.ErrorAs(t, err, &failure)
					assert.Equal(t, 1, failure.Attempts)
					assert.True(t, failure.Unknown)
					require.EqualValues(t, 1, writes.Load(), "%s secure=%t wrapped=%t", method, secure, wrapped)
					if conns[0] { // net/http discards a connection if a busy machine delays its goroutines
						assert.EqualError(t, err, "no complete response")
						stopped++
					}
				}
				assert.Positive(t, stopped)
			}
		}
	}
}

// An idempotent request is repeated after an attempt whose outcome is unknown, and counted.
func TestIdempotentRequestsAreRepeated(t *testing.T) {
	for _, body := range [][]byte{nil, []byte("{}")} {
		for _, idempotent := range []bool{false, true} {
			server, writes := repeatingServer(t, true)
			s := clientFor(t, server.URL, server.Client().Transport)
			_, err := s.Do(t.Context(), RawRequest{
				Method: "POST", Path: []string{"a"}, Body: body, MaxRetries: 2, Idempotent: idempotent, Header: http.Header{"Idempotency-Key": {"1"}},
			})
			want := map[bool]int{false: 1, true: 3}[idempotent]
			var failure *Failure
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, want, failure.Attempts)
			assert.True(t, failure.Unknown)
			assert.EqualValues(t, want, writes.Load())
		}
	}
}

// What a trace makes of the order in which a transport reports.
func TestTraceOfATransport(t *testing.T) {
	type report func(*trace)
	plain, _ := net.Pipe()
	secure := func(protocol string) net.Conn { return &protocolConn{plain, protocol} }
	ask := func(s *trace) { s.GetConn("localhost:443") }
	got := func(conn net.Conn) report {
		return func(s *trace) { s.GotConn(httptrace.GotConnInfo{Conn: conn}) }
	}
	gotUsed := func(s *trace) { s.GotConn(httptrace.GotConnInfo{Conn: secure("h2"), Reused: true}) }
	wrote := func(s *trace) { s.WroteRequest(httptrace.WroteRequestInfo{}) }
	replied := func(s *trace) { s.GotFirstResponseByte() }
	first, second, http1 := secure("h2"), secure("h2"), secure("http/1.1")
	refused := errors.New("stream error: stream ID 3; REFUSED_STREAM; received from peer")
	broken := errors.New("broken")
	noConnection := &connectionError{"no connection", &net.OpError{Op: "dial", Err: broken}}
	rejected := &net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")}
	otherRelease := lost // of Go, which repeats fewer requests
	if !strings.HasPrefix(runtime.Version(), "go1.26") {
		otherRelease = unprocessed
	}
	for _, tt := range []struct {
		name    string
		reports []report
		err     error
		ended   bool // the context, before that
		want    outcome
		wrapped outcome // if there is something around net/http's transport
		stopped bool
	}{
		{"nothing", nil, broken, false, unprocessed, lost, false},
		{"nothing in time", nil, broken, true, unprocessed, lost, false},
		{"no connection", []report{ask}, broken, false, unprocessed, lost, false},
		{"no connection in time", []report{ask}, broken, true, unprocessed, lost, false},
		{"no connection, and a type that proves it", []report{ask}, noConnection, false, unprocessed, unprocessed, false},
		{"written", []report{ask, got(first), wrote}, broken, false, lost, lost, false},
		{"written, and refused", []report{ask, got(first), wrote}, refused, false, unprocessed, unprocessed, false},
		{"written, and the certificate rejected", []report{ask, got(first), wrote}, rejected, false, hopeless, lost, false},
		{"certificate rejected after a response", []report{ask, got(first), wrote, replied}, rejected, false, lost, lost, false},
		{"refused after a response", []report{ask, got(first), wrote, replied}, refused, false, lost, lost, false},
		{"too large, after a response", []report{ask, got(first), wrote, replied}, errors.New(tooLargeWords), false, lost, lost, false},
		{"certificate rejected on a connection that had been used", []report{ask, gotUsed, wrote}, rejected, false, lost, lost, false},
		{"not written", []report{ask, got(first)}, broken, false, unprocessed, lost, false},
		{"not written, HTTP/1.1", []report{ask, got(http1)}, broken, false, unprocessed, lost, false},
		{"not written on a connection of another kind", []report{ask, got(plain)}, broken, false, lost, lost, false},
		{"not written in time", []report{ask, got(first)}, broken, true, lost, lost, false},
		{"connection of another request", []report{got(first), wrote}, broken, false, lost, lost, false},
		{"first connection of no use", []report{ask, got(first), ask, got(second), wrote}, broken, false, lost, lost, false},
		{"repeated on the same connection", []report{ask, got(first), wrote, ask, got(first)}, broken, true, unprocessed, lost, true},
		{"repeated on another connection", []report{ask, got(first), wrote, ask, got(second)}, broken, true, otherRelease, lost, true},
		{"repeated, HTTP/1.1", []report{ask, got(http1), wrote, ask, got(http1)}, broken, true, unprocessed, lost, true},
		{"repeated on a connection of another kind", []report{ask, got(plain), wrote, ask, got(plain)}, broken, true, lost, lost, true},
		{"repeated after a response", []report{ask, got(first), wrote, replied, ask, got(first), wrote}, refused, false, lost, lost, false},
		{"repeated after a response, and not written", []report{ask, got(first), wrote, replied, ask, got(first)}, broken, false, lost, lost, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, native := range []bool{true, false} {
				ctx, end := context.WithCancelCause(t.Context())
				seen := &trace{native: native, sends: func() bool { return true }, write: true, end: end}
				require.Same(t, &seen.ClientTrace, httptrace.ContextClientTrace(seen.attach(ctx)))
				for _, report := range tt.reports {
					report(seen)
				}
				want := tt.want
				if !native {
					want = tt.wrapped
				}
				assert.Equal(t, want, seen.judge(tt.err, tt.ended), "native: %t", native)
				assert.Equal(t, tt.stopped, context.Cause(ctx) == errRepeated)
			}
		})
	}

	t.Run("with a key", func(t *testing.T) {
		seen := &trace{native: true, keyed: true, write: true, end: func(error) {}}
		seen.attach(t.Context())
		for _, report := range []report{ask, got(http1), wrote, ask, got(http1)} {
			report(seen)
		}
		assert.Equal(t, lost, seen.judge(broken, true))
	})
}

// net/http is stopped before it repeats a read. Only a read on a connection that had been used before is stale.
func TestTraceOfARead(t *testing.T) {
	near, far := net.Pipe()
	secure := func(protocol string) net.Conn { return &protocolConn{near, protocol} }
	http1, http2 := secure("http/1.1"), secure("h2")
	odd := uncomparableConn{Conn: near}
	for _, tt := range []struct {
		name    string
		conns   []net.Conn // the first one, and that of the repeat
		reused  bool
		wrapped bool
		unsent  bool    // nothing was written on the first one
		first   outcome // of the first attempt of a call
		later   outcome
	}{
		{"HTTP/1.1", []net.Conn{http1, secure("http/1.1")}, true, false, false, stale, stale},
		{"HTTP/1.1 on a new connection", []net.Conn{http1, secure("http/1.1")}, false, false, false, lost, lost},
		{"HTTP/1.1 without TLS", []net.Conn{near, far}, true, false, false, stale, stale},
		{"a type of its own", []net.Conn{odd, odd}, true, false, false, stale, stale},
		{"HTTP/2, the same connection", []net.Conn{http2, http2}, true, false, false, stale, unprocessed},
		{"HTTP/2, the same new connection", []net.Conn{http2, http2}, false, false, false, unprocessed, unprocessed},
		{"HTTP/2 without TLS", []net.Conn{near, near}, true, false, false, stale, lost},
		{"not repeated", []net.Conn{http1}, true, false, false, lost, lost},
		{"first connection of no use", []net.Conn{http1, http1}, true, false, true, lost, lost},
		{"repeated by what wraps net/http", []net.Conn{http1, http1}, true, true, false, lost, lost},
	} {
		for _, first := range []bool{true, false} {
			ctx, end := context.WithCancelCause(t.Context())
			seen := &trace{native: !tt.wrapped, first: first, end: end}
			seen.attach(ctx)
			for i, conn := range tt.conns {
				if seen.GetConn != nil {
					seen.GetConn("localhost:443")
				}
				seen.GotConn(httptrace.GotConnInfo{Conn: conn, Reused: tt.reused})
				if i == 0 && !tt.unsent {
					seen.WroteRequest(httptrace.WroteRequestInfo{})
				}
			}
			if tt.unsent {
				seen.WroteRequest(httptrace.WroteRequestInfo{})
			}
			want := map[bool]outcome{true: tt.first, false: tt.later}[first]
			assert.Equal(t, want, seen.judge(errors.New("broken"), false), "%s, first: %t", tt.name, first)
			stopped := len(tt.conns) > 1 && !tt.wrapped && !tt.unsent
			assert.Equal(t, stopped, context.Cause(ctx) == errRepeated, tt.name)
		}
	}
}

// uncomparableConn cannot be compared.
type uncomparableConn struct {
	net.Conn
	_ []int
}

// protocolConn is a connection over TLS that has negotiated a protocol.
type protocolConn struct {
	net.Conn
	protocol string
}

func (c *protocolConn) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{NegotiatedProtocol: c.protocol}
}

// With the Fetch API a redirect is not followed either. A browser reports it as a response without a status.
func TestFetchDoesNotFollowRedirects(t *testing.T) {
	for _, fetches := range []bool{true, false} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			var options [][]string
			s := clientFor(t, "https://h", roundTrip(func(r *http.Request) (*http.Response, error) {
				options = append(options, r.Header["js.fetch:redirect"])
				return &http.Response{StatusCode: 0, Body: http.NoBody}, nil
			}))
			s.fetches = fetches
			_, err := s.Do(t.Context(), RawRequest{Method: method, Path: []string{"a"}, MaxRetries: 1})
			var failure *Failure
			require.ErrorAs(t, err, &failure)
			if fetches {
				assert.EqualError(t, err, "redirects are not followed")
				assert.False(t, failure.Unknown)
				assert.Equal(t, [][]string{{"manual"}}, options)
			} else {
				assert.EqualError(t, err, "unexpected status 0")
				assert.Equal(t, method != "GET", failure.Unknown)
				assert.Nil(t, options[0])
			}
		}
	}
}

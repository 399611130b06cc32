package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"reflect"
	"sync"
	"time"
)

// If a request gets no response, three questions decide what follows. Was the request sent? Was it processed? Would
// another attempt help? The evidence is the events of httptrace, the HTTP/2 frames that the server sent, and the type
// of the error.

// trace records what httptrace reports of one attempt. Its functions may be called after RoundTrip has returned, so it
// is locked, and never used for another attempt.
type trace struct {
	httptrace.ClientTrace
	native bool                    // the transport is an *http.Transport that is not wrapped, and reports what it does
	h2c    bool                    // and it uses HTTP/2 without TLS
	sends  func() bool             // nil unless native: whether the transport does not pass requests on
	keyed  bool                    // the request has an idempotency key, with which HTTP/1.1 requests are repeated by net/http
	write  bool                    // the request may change something
	first  bool                    // the attempt is the first one of its call
	end    context.CancelCauseFunc // ends the attempt

	mu       sync.Mutex
	asked    bool     // for a connection
	got      bool     // a connection: conn is the first one on which the request was written
	conn     net.Conn // nil if the transport does not tell
	reused   bool     // conn had been used for another request
	wrote    bool     // the request, or as much of it as the connection took
	pending  bool     // no byte of a response has arrived since
	repeated bool     // net/http began to send the request again, and was stopped
	sameConn bool     // the repeat was on the same connection
	resent   bool     // a transport that wraps net/http repeated a read, or a write after a response
}

// errRepeated ends an attempt in which net/http begins to send the request for the second time.
var errRepeated = errors.New("the request was about to be repeated")

// attach returns a context that makes a transport report to t. Each function is an allocation. The first attempt of a
// read has only those without which net/http could repeat it unnoticed.
func (t *trace) attach(ctx context.Context) context.Context {
	t.GotConn = t.gotConn
	t.WroteRequest = t.wroteRequest
	if t.write || !t.first {
		t.GetConn = t.askConn
		t.GotFirstResponseByte = t.gotResponse
	}
	return httptrace.WithClientTrace(ctx, &t.ClientTrace)
}

func (t *trace) askConn(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = true
}

func (t *trace) gotConn(info httptrace.GotConnInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.wrote: // the first connection, or the one before was of no use
		t.got, t.conn, t.reused = true, info.Conn, info.Reused
	case !t.pending, !t.write && !t.native: // a transport that wraps net/http may repeat a read
		t.resent = true
	default:
		t.repeated = true
		t.end(errRepeated)
		t.sameConn = reflect.ValueOf(t.conn).Comparable() && info.Conn == t.conn
		if t.protocolOf(info.Conn) != "h2" && info.Conn != nil && !t.sameConn {
			// HTTP/2 looks at the context before it writes, and shares its connections. HTTP/1.1 does neither, but it cannot
			// write now.
			if info.Conn.SetWriteDeadline(time.Unix(1, 0)) != nil {
				_ = info.Conn.Close()
			}
		}
	}
}

func (t *trace) wroteRequest(httptrace.WroteRequestInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrote, t.pending = true, true
}

func (t *trace) gotResponse() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending = false
}

// connection reports whether the transport requested a connection, as far as that is traced, and whether it got one.
func (t *trace) connection() (asked, got bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked, t.got
}

// protocolOf returns "h2" or "http/1.1" for a connection over TLS. Without TLS it returns "" unless h2 is certain.
func (t *trace) protocolOf(conn net.Conn) string {
	secure, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	switch {
	case t.h2c:
		return "h2"
	case !ok:
		return ""
	case secure.ConnectionState().NegotiatedProtocol == "h2":
		return "h2"
	}
	return "http/1.1"
}

// judge returns the outcome of a round trip that ended with err. ended reports whether the context had ended before.
func (t *trace) judge(err error, ended bool) outcome {
	proven := t.unprocessed(err, ended)
	switch {
	case (proven || !t.write) && isHopeless(err):
		return hopeless
	case t.stale():
		return stale
	case proven:
		return unprocessed
	}
	return lost
}

// unprocessed reports whether the request is proven not to have been processed.
func (t *trace) unprocessed(err error, ended bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.got && t.native && (t.asked || t.sends()): // if its Proxy function fails, it does not ask for a connection
		return true
	case !t.got: // the transport does not report what it does, or has perhaps sent the request in another way
		return !ended && neverConnected(err)
	case t.resent, t.wrote && !t.pending: // a response began, so err is not about the request, or not all of the truth
		return false
	case t.repeated:
		return t.native && t.repeatProves()
	case disclaimed(err), err.Error() == tooLargeWords, t.native && !t.reused && rejectsCertificate(err):
		return true
	}
	// A transport of net/http reports a write before it returns, unless the context has ended. HTTP/2 does so only when
	// the header was written completely. Where writes are reported, no report proves that there was no write.
	reportsWrites := t.native && !ended && t.protocolOf(t.conn) != ""
	return reportsWrites && !t.wrote
}

// stale reports whether the request is a read that failed on a connection that had been used before, and that net/http
// would have repeated. A failed HTTP/1.1 connection is closed, so a call finds only so many. An HTTP/2 connection can
// refuse one request after another, so only the first attempt of a call counts.
func (t *trace) stale() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	http2 := t.sameConn || t.protocolOf(t.conn) == "h2"
	return t.repeated && !t.write && t.reused && (t.first || !http2)
}

// repeatProves reports whether net/http repeats a request only if the server did not process it.
func (t *trace) repeatProves() bool {
	switch t.protocolOf(t.conn) {
	case "h2":
		// On the same connection, the reason is a REFUSED_STREAM of the server. On another connection, it is a GOAWAY.
		return t.sameConn || !repeatsProtocolErrors
	case "http/1.1":
		// The reason is that nothing was written, or that the request is a read or has an idempotency key.
		return t.write && !t.keyed
	}
	return false
}

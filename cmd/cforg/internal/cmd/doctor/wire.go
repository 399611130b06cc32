package doctor

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// maxBody is more than the API client accepts, so that the recorder never changes what the client sees.
const maxBody = 33 << 20

// exchange is one request with its response, as they were on the wire.
type exchange struct {
	sent, received time.Time // received is when the headers of the response arrived
	reused         bool      // the connection is an old one
	connect, tls   time.Duration

	status   int // 0 without a response
	protocol string
	tlsName  string // such as TLS 1.3
	header   http.Header
	body     []byte
	cut      bool // the body ended with an error
}

// recorder is a transport that keeps the last exchange.
type recorder struct {
	base http.RoundTripper

	mu   sync.Mutex // hooks of httptrace may run after RoundTrip has returned
	last exchange
}

// take returns the last exchange and forgets it.
func (r *recorder) take() exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.last
	r.last = exchange{}
	return last
}

func (r *recorder) update(change func(*exchange)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.last)
}

// RoundTrip sends a request and records what happens.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var connecting, handshaking time.Time
	trace := &httptrace.ClientTrace{
		GotConn:           func(info httptrace.GotConnInfo) { r.update(func(e *exchange) { e.reused = info.Reused }) },
		ConnectStart:      func(_, _ string) { r.update(func(*exchange) { connecting = time.Now() }) },
		ConnectDone:       func(_, _ string, _ error) { r.update(func(e *exchange) { e.connect = time.Since(connecting) }) },
		TLSHandshakeStart: func() { r.update(func(*exchange) { handshaking = time.Now() }) },
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			r.update(func(e *exchange) { e.tls = time.Since(handshaking) })
		},
	}
	r.update(func(e *exchange) { *e = exchange{sent: time.Now()} })
	response, err := r.base.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return nil, err
	}
	received := time.Now()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	rest := response.Body
	response.Body = &replay{io.MultiReader(bytes.NewReader(body), &failed{err}), rest}
	r.update(func(e *exchange) {
		e.received, e.status, e.protocol, e.header, e.body, e.cut = received, response.StatusCode, response.Proto, response.Header, body, err != nil
		if response.TLS != nil {
			e.tlsName = tls.VersionName(response.TLS.Version)
		}
	})
	return response, nil
}

// replay is a body that was read already.
type replay struct {
	io.Reader
	io.Closer
}

// failed ends a body as it ended when it was read.
type failed struct{ err error }

func (f *failed) Read([]byte) (int, error) {
	if f.err != nil && !errors.Is(f.err, io.EOF) {
		return 0, f.err
	}
	return 0, io.EOF
}

// skew returns how far the local clock is ahead of the server's, and whether that is known. A Date header has no
// fractions of a second, so the error is up to half a second and half of the round trip.
func (e exchange) skew() (ahead time.Duration, known bool) {
	date, err := http.ParseTime(e.header.Get("Date"))
	if err != nil {
		return 0, false
	}
	local := e.sent.Add(e.received.Sub(e.sent) / 2)
	return local.Sub(date.Add(time.Second / 2)), true
}

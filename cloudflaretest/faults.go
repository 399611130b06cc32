package cloudflaretest

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Fault is something that goes wrong with one request: see [Server.Fail]. [Status], [RateLimited], [Reset], [Stall] and
// [Cut] make one. It may be used any number of times.
type Fault struct {
	serve func(s *Server, w http.ResponseWriter, r *http.Request, carryOut func() answer)
}

// Fail lets the n-th request from now meet a fault: 1 is the next one. Every request counts, whatever its route and
// its credentials, and so does every attempt of a client that tries again. Any number of faults may be waiting; for
// the same request, the last one counts. Fail panics if n is less than 1.
func (s *Server) Fail(n int, f Fault) {
	if n < 1 {
		panic(fmt.Sprintf("cloudflaretest: Fail(%d, …): the next request is 1", n))
	}
	if f.serve == nil {
		panic("cloudflaretest: Fail: a Fault comes from Status, RateLimited, Reset, Stall or Cut")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[len(s.requests)+n] = f
}

// Status answers with this status, these headers and this body, and adds nothing of the API's own, neither a ray ID
// nor a content type. The request is not carried out. Status panics if the code is not one of a final answer,
// 200 to 999.
func Status(code int, header http.Header, body string) Fault {
	if code < 200 || code > 999 {
		panic(fmt.Sprintf("cloudflaretest: Status(%d, …): not the code of a final answer", code))
	}
	header = header.Clone()
	return Fault{func(_ *Server, w http.ResponseWriter, _ *http.Request, _ func() answer) {
		w.Header().Del("CF-Ray")
		w.Header()["Content-Type"] = nil // or net/http would guess one
		maps.Copy(w.Header(), header.Clone())
		w.WriteHeader(code)
		io.WriteString(w, body) // an error means a gone client, or a status that has no body
	}}
}

// RateLimited answers as the API does to too many requests: with 429, Retry-After in seconds, rounded up, and Ratelimit
// headers that say the same. The request is not carried out.
func RateLimited(retryAfter time.Duration) Fault {
	seconds := max(0, int((retryAfter+time.Second-1)/time.Second))
	return Fault{func(_ *Server, w http.ResponseWriter, _ *http.Request, _ func() answer) {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		w.Header().Set("Ratelimit", fmt.Sprintf(`"default";r=0;t=%d`, seconds))
		w.Header().Set("Ratelimit-Policy", `"default";q=1200;w=300`)
		refuse(http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed").write(w)
	}}
}

// Reset reads the request and resets the connection. The request is not carried out, but the client cannot know that.
//
// Below every Go client, net/http itself sends a GET or HEAD once more if the connection that broke was not new. Then
// nothing shows but a second request, which counts as one for [Server.Fail].
func Reset() Fault {
	return Fault{func(_ *Server, w http.ResponseWriter, _ *http.Request, _ func() answer) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil { // HTTP/2 or a recorder
			panic(http.ErrAbortHandler)
		}
		if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = tls.NetConn()
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0) // closing then resets
		}
		conn.Close()
	}}
}

// Stall reads the request and answers nothing until the client gives up or the server is closed.
// The request is not carried out.
func Stall() Fault {
	return Fault{func(s *Server, _ http.ResponseWriter, r *http.Request, _ func() answer) {
		// A channel for each stall, made here: one that was made outside of a synctest bubble would hold its clock.
		release := make(chan struct{})
		s.mu.Lock()
		if s.closed {
			close(release)
		} else {
			s.stalled[release] = true
		}
		s.mu.Unlock()

		select {
		case <-release:
		case <-r.Context().Done():
			s.mu.Lock()
			delete(s.stalled, release)
			s.mu.Unlock()
		}
		panic(http.ErrAbortHandler)
	}}
}

// Cut carries the request out, but cuts its answer in the middle and closes the connection: it has happened, and the
// client cannot know. An answer without a body is lost as a whole.
func Cut() Fault {
	return Fault{func(_ *Server, w http.ResponseWriter, _ *http.Request, carryOut func() answer) {
		a := carryOut()
		if body := a.body(); len(body) > 0 {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(a.status)
			w.Write(body[:len(body)/2])
			http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}}
}

package cloudflaretest

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"time"
)

// Fault makes a request fail: see [Server.Fail] and [Server.FailNext]. [Status], [RateLimited], [Reset], [Stall] and
// [Cut] create one. A Fault may be used any number of times.
type Fault struct {
	serve func(s *Server, w http.ResponseWriter, c *call)
}

// nextFault is a Fault for the next request that matches.
type nextFault struct {
	pattern pattern
	fault   Fault
}

// Fail applies a fault to the n-th request from now; 1 is the next request. Every request counts, including retries and
// requests with invalid credentials. Any number of faults may be pending. If Fail is called twice for one request, the
// last fault is applied. Fail panics if n is less than 1.
//
// With [Server.ForTest], the test fails if fewer requests arrive.
func (s *Server) Fail(n int, f Fault) {
	if n < 1 {
		panic(fmt.Sprintf("cloudflaretest: Fail(%d, …): n must be at least 1, the next request", n))
	}
	f.check("Fail")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[s.arrivals+n] = f
}

// FailNext applies a fault to the next request for an endpoint. The pattern is one of [Server.Handle], such as
//
//	DELETE /organizations/{organization_id}/members/{member_id}
//
// and so is a method with the Route of a [cloudflare.Attempt]. A wildcard matches any value, whatever its name. To
// match one value only, write it in place of the wildcard. Use FailNext instead of [Server.Fail] if requests are sent
// concurrently.
//
// Each call of FailNext applies to one request. If several faults match a request, the one that was set first is
// applied, and the others wait for the next request. A fault that Fail has set for the request has priority. With
// [Server.ForTest], the test fails if no request matches.
//
// FailNext panics if the pattern is not valid, or if neither the server nor a handler of [Server.Handle] so far serves
// what it matches. IDs of organizations and members are 32 lowercase hexadecimal digits.
func (s *Server) FailNext(pattern string, f Fault) {
	p := mustParse("FailNext", pattern)
	http.NewServeMux().Handle(pattern, http.NotFoundHandler()) // panics if the pattern is not valid
	f.check("FailNext")
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.serves(p) {
		panic(fmt.Sprintf("cloudflaretest: FailNext: no endpoint matches %q; a pattern is like %q, without the base URL",
			pattern, "GET /organizations/{organization_id}"))
	}
	s.nextFaults = append(s.nextFaults, nextFault{p, f})
}

// serves reports whether an endpoint matches all that p matches. s.mu is held.
func (s *Server) serves(p pattern) bool {
	for _, r := range routes {
		if r.covers(p) {
			return true
		}
	}
	return slices.ContainsFunc(s.handled, func(of pattern) bool { return of.covers(p) })
}

func (f Fault) check(method string) {
	if f.serve == nil {
		panic(fmt.Sprintf("cloudflaretest: %s: the Fault must come from Status, RateLimited, Reset, Stall or Cut", method))
	}
}

// takeFault returns the fault for the n-th request, if there is one, and removes it. s.mu is held.
func (s *Server) takeFault(n int, c *call) Fault {
	if f, ok := s.faults[n]; ok {
		delete(s.faults, n)
		return f
	}
	for i, next := range s.nextFaults {
		if c.endpoint.covers(next.pattern) && next.pattern.covers(c.request) {
			s.nextFaults = slices.Delete(s.nextFaults, i, i+1)
			return next.fault
		}
	}
	return Fault{}
}

// Status returns a Fault that responds with this status, these headers and this body. The response does not have the
// API's own headers. The request is not carried out. Status panics if the code is not between 200 and 999.
//
// For example, this is the response of a gateway to an unknown path:
//
//	cloudflaretest.Status(404, http.Header{"Content-Type": {"text/html"}}, "<h1>404 Not Found</h1>")
//
// And this is one of the API, which matches [cloudflare.ErrNotFound]:
//
//	cloudflaretest.Status(404, nil, `{"success":false,"errors":[{"code":1001,"message":"not found"}]}`)
func Status(code int, header http.Header, body string) Fault {
	if code < 200 || code > 999 {
		panic(fmt.Sprintf("cloudflaretest: Status(%d, …): the code must be between 200 and 999", code))
	}
	header = header.Clone()
	return Fault{func(_ *Server, w http.ResponseWriter, _ *call) {
		clear(w.Header())
		w.Header()["Content-Type"] = nil // or net/http guesses one
		maps.Copy(w.Header(), header.Clone())
		w.WriteHeader(code)
		io.WriteString(w, body) // an error means that the client has gone, or that the status has no body
	}}
}

// RateLimited returns a Fault that responds to the request as the API does if a rate limit is exceeded: with status
// 429, a Retry-After in seconds, rounded up, and matching Ratelimit headers. The request is not carried out. To count
// requests against a quota, use [Server.SetRateLimit].
//
// After a 429, a client holds back its other calls too, until the limit resets. In a table of faults, create a client
// for each row.
func RateLimited(retryAfter time.Duration) Fault {
	return Fault{func(_ *Server, w http.ResponseWriter, c *call) {
		setRateLimit(w.Header(), defaultQuota, 0, defaultWindow, retryAfter)
		w.Header().Set("Retry-After", strconv.FormatInt(seconds(retryAfter), 10))
		tooManyRequests().write(w, c.Request)
	}}
}

// Reset returns a Fault that reads the request and resets the connection. The request is not carried out, but the
// client cannot know that.
//
// Over a socket, net/http itself repeats a GET or HEAD if the connection that broke was not new. The repeat counts as a
// request of its own for [Server.Fail].
func Reset() Fault {
	return Fault{func(_ *Server, w http.ResponseWriter, _ *call) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil { // HTTP/2, or not a connection
			panic(http.ErrAbortHandler)
		}
		if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = tls.NetConn()
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0) // Close then resets the connection
		}
		conn.Close()
	}}
}

// Stall returns a Fault that reads the request and does not respond until the request's context ends or the server is
// closed. The request is not carried out.
func Stall() Fault {
	return Fault{func(s *Server, _ http.ResponseWriter, c *call) {
		// The channel is made here because one made outside of a synctest bubble would hold the bubble's clock.
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
		case <-c.Context().Done():
			s.mu.Lock()
			delete(s.stalled, release)
			s.mu.Unlock()
		}
		panic(http.ErrAbortHandler)
	}}
}

// Cut returns a Fault that carries out the request, sends half of the response's body and closes the connection. The
// request may have succeeded, but the client cannot know that. If the response has no body, the client gets no response
// at all.
func Cut() Fault {
	return Fault{func(s *Server, w http.ResponseWriter, c *call) {
		whole := httptest.NewRecorder()
		maps.Copy(whole.Header(), w.Header())
		s.respond(whole, c)
		if body := whole.Body.Bytes(); len(body) > 0 && c.Method != http.MethodHead {
			maps.Copy(w.Header(), whole.Header())
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(whole.Code)
			w.Write(body[:len(body)/2])
			http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}}
}

package cloudflaretest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	basePath     = "/client/v4"
	maxBodyBytes = 1 << 20
)

// Server is a fake Organizations API. Create one with [NewServer]. A Server is safe for concurrent use.
type Server struct {
	handlers *http.ServeMux // those of Handle

	mu            sync.Mutex // guards everything below
	handled       []pattern  // of handlers
	credentials   map[string]credential
	arrivals      int           // requests so far
	requests      []Request     // the last ones
	keep          int           // the most requests to keep
	faults        map[int]Fault // by the number of the request; the first request has number 1
	nextFaults    []nextFault
	stalled       map[chan struct{}]bool
	closed        bool
	limit         rateLimit
	created       int // resources created so far: the seed of their IDs and times
	lag           int
	organizations []*organization // in the order of their creation
	organization  map[string]*organization
	account       map[string]*account
	accountKeys   map[string]keyedAccount // by Idempotency-Key
	auditLogs     map[string][]*auditLog  // by organization ID; they outlive the organization
	audited       int                     // entries so far
}

// NewServer returns a server without any organizations. It opens no socket and starts no goroutine. In a test, use
//
//	server := cloudflaretest.NewServer().ForTest(t)
func NewServer() *Server {
	return &Server{
		handlers:     http.NewServeMux(),
		credentials:  firstCredentials(),
		keep:         math.MaxInt,
		faults:       map[int]Fault{},
		stalled:      map[chan struct{}]bool{},
		organization: map[string]*organization{},
		account:      map[string]*account{},
		accountKeys:  map[string]keyedAccount{},
		auditLogs:    map[string][]*auditLog{},
	}
}

// Close ends stalled requests. Later requests do not reach the server: [Server.Transport] refuses connections, and
// [Server.ServeHTTP] aborts responses. Close may be called more than once.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for release := range s.stalled {
		close(release)
	}
	clear(s.stalled)
}

// Request records a request as it arrived, without its credentials.
type Request struct {
	Method string
	Path   string // escaped, as sent; it begins with /client/v4
	Query  url.Values
	Header http.Header // without Authorization, Proxy-Authorization, Cookie and X-Auth-…
	Body   []byte      // at most the first MiB; nil if there was none
	Email  string      // of the user whose credentials the request had; empty if they were not valid
}

// Requests returns copies of the requests so far, in the order of their arrival, including those with a fault. All are
// kept unless [Server.KeepRequests] sets a limit.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	copies := make([]Request, len(s.requests))
	for i, r := range s.requests {
		r.Query = url.Values(http.Header(r.Query).Clone())
		r.Header = r.Header.Clone()
		r.Body = bytes.Clone(r.Body)
		copies[i] = r
	}
	return copies
}

// KeepRequests keeps only the last n requests from now on, for a program that serves for a long time.
// [Server.DroppedRequests] counts the others. KeepRequests panics if n is negative.
func (s *Server) KeepRequests(n int) {
	if n < 0 {
		panic(fmt.Sprintf("cloudflaretest: KeepRequests(%d): the number of requests must not be negative", n))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep = n
	s.dropRequests()
}

// dropRequests drops the requests that are not kept. s.mu is held.
func (s *Server) dropRequests() {
	s.requests = slices.Delete(s.requests, 0, max(0, len(s.requests)-s.keep))
}

// DroppedRequests returns how many requests [Server.Requests] no longer has.
func (s *Server) DroppedRequests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrivals - len(s.requests)
}

// ServeHTTP serves the API below /client/v4, so that [net/http/httptest.NewServer] or another server can serve it over
// a socket: with TLS, with HTTP/2, or behind middleware. Faults that break a connection may panic with
// [http.ErrAbortHandler]. A server of net/http then aborts the response.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The body is read first, so that a fault applies to a request that has arrived.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	c := &call{Request: r, body: body, query: r.URL.Query()}
	if c.tooLarge = len(body) > maxBodyBytes; c.tooLarge {
		c.body = body[:maxBodyBytes]
	}
	fault, exceeded := s.arrive(w, c)
	switch {
	case err != nil:
		panic(http.ErrAbortHandler) // the client went away before its request was complete
	case fault.serve != nil:
		fault.serve(s, w, c)
	case exceeded:
		tooManyRequests().write(w, r)
	default:
		s.respond(w, c)
	}
}

// arrive records a request and sets the headers that every response has. It returns the fault for the request, and
// whether the request exceeds the rate limit. It panics after Close.
func (s *Server) arrive(w http.ResponseWriter, c *call) (fault Fault, exceeded bool) {
	header := c.Header.Clone()
	for name := range header {
		switch {
		case strings.HasPrefix(name, "X-Auth-"), name == "Authorization", name == "Proxy-Authorization", name == "Cookie":
			delete(header, name)
		}
	}
	recorded := Request{Method: c.Method, Path: c.URL.EscapedPath(), Query: c.URL.Query(), Header: header}
	if len(c.body) > 0 {
		recorded.Body = c.body
	}
	s.findEndpoint(c)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		panic(http.ErrAbortHandler)
	}
	c.caller, c.rejected = s.authenticate(c.Header)
	recorded.Email = c.caller.email
	s.arrivals++
	s.requests = append(s.requests, recorded)
	s.dropRequests()
	c.ray = fakeID("ray", s.arrivals)[:16]
	w.Header().Set("CF-Ray", c.ray+"-TST")
	exceeded = s.limit.count(c.caller.email, w.Header())
	return s.takeFault(s.arrivals, c), exceeded
}

// Lag delays when new organizations can be read. From now on, if an organization is created through the API, the first
// n reads of it by ID fail with status 404. Lists, and what is below the ID, such as its profile, have no delay. Lag(0)
// ends this for organizations created later. Lag panics if n is negative.
func (s *Server) Lag(n int) {
	if n < 0 {
		panic(fmt.Sprintf("cloudflaretest: Lag(%d): the number of reads must not be negative", n))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = n
}

// next returns an ID and a time for something new. Each time is one second later than the one before.
func (s *Server) next(kind string) (id string, at time.Time) {
	s.created++
	return fakeID(kind, s.created), s.now()
}

// now returns the time at which the last resource was created.
func (s *Server) now() time.Time {
	return time.Date(2026, time.January, 1, 0, 0, s.created, 0, time.UTC)
}

// fakeID returns 32 hexadecimal digits, which look random and are the same in every run.
func fakeID(kind string, of any) string {
	sum := sha256.Sum256(fmt.Append(nil, kind, " ", of))
	return hex.EncodeToString(sum[:16])
}

func isID(text string) bool {
	return len(text) == 32 && strings.Trim(text, "0123456789abcdef") == ""
}

// remove returns the list without one element, in the same order.
func remove[T comparable](list []T, element T) []T {
	i := slices.Index(list, element)
	return slices.Delete(list, i, i+1)
}

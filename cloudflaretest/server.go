package cloudflaretest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

// Server serves a fake Organizations API. Create one with [NewServer], and close it after use. A Server is safe for
// concurrent use.
type Server struct {
	URL string // the base URL for a client: http://127.0.0.1:port/client/v4

	http     *httptest.Server
	handlers *http.ServeMux // those of Handle

	mu            sync.Mutex // guards everything below
	requests      []Request
	faults        map[int]Fault // by the number of the request; the first request has number 1
	matchFaults   []matchFault
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

// NewServer starts a server without any organizations.
func NewServer() *Server {
	s := &Server{
		handlers:     http.NewServeMux(),
		faults:       map[int]Fault{},
		stalled:      map[chan struct{}]bool{},
		organization: map[string]*organization{},
		account:      map[string]*account{},
		accountKeys:  map[string]keyedAccount{},
		auditLogs:    map[string][]*auditLog{},
	}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL + basePath
	return s
}

// Close ends stalled requests, waits for all others that came over a socket, and shuts the server down. Close may be
// called more than once.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for release := range s.stalled {
		close(release)
	}
	clear(s.stalled)
	s.mu.Unlock()
	s.http.Close()
}

// Request records a request as it arrived, without its credentials.
type Request struct {
	Method string
	Path   string // escaped, as sent; it begins with /client/v4
	Query  url.Values
	Header http.Header // without Authorization, Proxy-Authorization, Cookie and X-Auth-…
	Body   []byte      // at most the first MiB; nil if there was none
}

// Requests returns copies of all requests so far, in the order of their arrival, including those with a fault.
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

// ServeHTTP serves the API below /client/v4. Use ServeHTTP to run the server inside another one: with TLS, with HTTP/2,
// or behind middleware. Faults that break a connection may panic with [http.ErrAbortHandler]. A server of net/http then
// aborts the response.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The body is read first, so that a fault applies to a request that has arrived.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	c := &call{Request: r, body: body, query: r.URL.Query()}
	if c.tooLarge = len(body) > maxBodyBytes; c.tooLarge {
		c.body = body[:maxBodyBytes]
	}
	fault, exceeded := s.arrived(w, c)
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

// arrived records a request and sets the headers that every response has. It returns the fault for the request, and
// whether the request exceeds the rate limit.
func (s *Server) arrived(w http.ResponseWriter, c *call) (fault Fault, exceeded bool) {
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

	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, recorded)
	n := len(s.requests)
	c.ray = fakeID("ray", n)[:16]
	w.Header().Set("CF-Ray", c.ray+"-TST")
	exceeded = s.limit.count(w.Header())
	return s.takeFault(n, recorded), exceeded
}

// Lag delays when new organizations can be read. From now on, if an organization is created through the API, the first
// n reads of it by ID fail with status 404. Lists contain the organization at once. Lag(0) ends this for organizations
// created later. Lag panics if n is negative.
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

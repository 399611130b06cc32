// Package cloudflaretest is an Organizations API to test against: it keeps its state in memory, speaks real HTTP on
// 127.0.0.1, and refuses what the API refuses.
//
//	func TestOnboard(t *testing.T) {
//		server := cloudflaretest.NewServer()
//		defer server.Close()
//
//		server.AddOrganization("Example, Inc.", "")
//		server.Fail(2, cloudflaretest.Cut()) // the second request is carried out, but its answer is lost
//
//		err := onboard(t.Context(), server.Client())
//		...
//		fmt.Println(server.Requests())
//	}
//
// # What it serves
//
// Organizations with their hierarchy, profiles, members, and lists of accounts: every filter, pages with opaque tokens,
// and the envelopes, status codes, error codes and headers of the API. Tests fill it through the API, or with
// [Server.AddOrganization], [Server.AddAccount] and [Server.AddMember]. Audit logs, billable usage and shares are not
// served: they are unknown routes here.
//
// It takes the two credentials that are this package's constants. As with the API, a token may only list
// organizations; everything else wants key and e-mail.
//
// IDs and times are the same in every run, so that output can be compared: nothing here reads a clock or rolls dice.
//
// # Where the API is not documented
//
// Nobody says what the API does everywhere. Where a choice had to be made, the server takes the stricter or the more
// harmful behaviour, so that a test meets it before production does; the choices are in the comments of the code.
// They may change without notice if the API turns out to do otherwise.
//
// # Virtual time
//
// A Server is also an [http.Handler]. Inside a [testing/synctest] bubble, where a socket would stop the clock, make the
// server outside of the bubble and serve it with an [http.Server] over [net.Pipe] connections.
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

// The credentials that a [Server] accepts, and no others. They are worth nothing anywhere else.
const (
	APIToken = "cloudflaretest-token"
	APIKey   = "cloudflaretest-key"
	Email    = "cloudflaretest@example.com"
)

const (
	basePath     = "/client/v4"
	maxBodyBytes = 1 << 20
)

// Server is a fake Organizations API. Make one with [NewServer], and close it after use.
// It is safe for concurrent use.
type Server struct {
	URL string // what to give a client as its base URL: http://127.0.0.1:port/client/v4

	http *httptest.Server

	mu            sync.Mutex // guards everything below
	requests      []Request
	faults        map[int]Fault // by the number of the request that meets it, the first ever being 1
	stalled       map[chan struct{}]bool
	closed        bool
	created       int // things made so far: the seed of their IDs and times
	lag           int
	organizations []*organization // in the order of their creation
	organization  map[string]*organization
	account       map[string]*account
}

// NewServer starts a server that holds nothing yet.
func NewServer() *Server {
	s := &Server{
		faults:       map[int]Fault{},
		stalled:      map[chan struct{}]bool{},
		organization: map[string]*organization{},
		account:      map[string]*account{},
	}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL + basePath
	return s
}

// Close ends requests that are stalled, waits for those under way, and shuts the server down.
// It may be called more than once.
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

// Request is one request as it arrived, without its credentials.
type Request struct {
	Method string
	Path   string // as sent, so still escaped; it begins with /client/v4
	Query  url.Values
	Header http.Header // without Authorization, Proxy-Authorization, Cookie and X-Auth-…
	Body   []byte      // the first MiB; nil if there was none
}

// Requests returns copies of all requests so far, in the order of their arrival; those that met a fault are among them.
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

// ServeHTTP serves the API under /client/v4, to use the server inside another one: with TLS, behind middleware, or over
// connections without sockets. Faults that break a connection panic with [http.ErrAbortHandler] where the connection
// is out of reach; net/http's servers understand that.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A body is read whole before anything else, so that a fault meets a request that has arrived.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	tooLarge := len(body) > maxBodyBytes
	if tooLarge {
		body = body[:maxBodyBytes]
	}
	if len(body) == 0 {
		body = nil
	}
	n, fault := s.arrived(r, body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away in the middle of its request
	}

	w.Header().Set("CF-Ray", fakeID("ray", n)[:16]+"-TST")
	carryOut := func() answer {
		if tooLarge {
			return refuse(http.StatusRequestEntityTooLarge, codeRefused, "request body is too large")
		}
		return s.carryOut(r, body)
	}
	if fault.serve != nil {
		fault.serve(s, w, r, carryOut)
		return
	}
	carryOut().write(w)
}

// arrived records a request; it returns its number and the fault that it is to meet.
func (s *Server) arrived(r *http.Request, body []byte) (int, Fault) {
	header := r.Header.Clone()
	for name := range header {
		switch {
		case strings.HasPrefix(name, "X-Auth-"), name == "Authorization", name == "Proxy-Authorization", name == "Cookie":
			delete(header, name)
		}
	}
	recorded := Request{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: header, Body: body}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, recorded)
	n := len(s.requests)
	fault := s.faults[n]
	delete(s.faults, n)
	return n, fault
}

// call is what a handler is given: a request that has the right credentials and a route.
type call struct {
	query        url.Values
	body         []byte
	organization *organization // the one in the path, if the route has one
	memberID     string
	path         string
}

// route is one operation. An ID in the path has the form of an ID, or the path is another one.
type route struct {
	method, path string
	serve        func(*Server, *call) answer // s.mu is held
	token        bool                        // whether an API token will do
}

var routes = []route{
	{"GET", "/organizations", (*Server).listOrganizations, true},
	{"POST", "/organizations", (*Server).createOrganization, false},
	{"GET", "/organizations/{organization}", (*Server).getOrganization, false},
	{"PUT", "/organizations/{organization}", (*Server).updateOrganization, false},
	{"DELETE", "/organizations/{organization}", (*Server).deleteOrganization, false},
	{"GET", "/organizations/{organization}/profile", (*Server).getProfile, false},
	{"PUT", "/organizations/{organization}/profile", (*Server).updateProfile, false},
	{"GET", "/organizations/{organization}/accounts", (*Server).listAccounts, false},
	{"GET", "/organizations/{organization}/members", (*Server).listMembers, false},
	{"POST", "/organizations/{organization}/members", (*Server).createMember, false},
	{"POST", "/organizations/{organization}/members:batchCreate", (*Server).batchCreateMembers, false},
	{"GET", "/organizations/{organization}/members/{member}", (*Server).getMember, false},
	{"DELETE", "/organizations/{organization}/members/{member}", (*Server).deleteMember, false},
}

// carryOut answers a request, and does to the state what it asks for.
func (s *Server) carryOut(r *http.Request, body []byte) answer {
	token, refusal := authenticate(r.Header)
	if refusal != nil {
		return *refusal
	}

	path, ok := strings.CutPrefix(r.URL.EscapedPath(), basePath)
	found := false
	for _, route := range routes {
		organizationID, memberID, matches := route.match(path)
		if !ok || !matches {
			continue
		}
		if found = true; route.method != r.Method {
			continue
		}
		if token && !route.token {
			return refuse(http.StatusMethodNotAllowed, codeAuthentication, "%s method not allowed for the api_token authentication scheme", r.Method)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		c := &call{query: r.URL.Query(), body: body, memberID: memberID, path: path}
		if organizationID != "" {
			if c.organization = s.organization[organizationID]; c.organization == nil {
				return refuse(http.StatusNotFound, codeRefused, "organization not found")
			}
		}
		return route.serve(s, c)
	}
	if found {
		// What the API says is not known. Code and words are those of the nearest known case, a token's above.
		return refuse(http.StatusMethodNotAllowed, codeAuthentication, "%s method not allowed", r.Method)
	}
	return answer{status: http.StatusNotFound, envelope: &envelope{Errors: []message{
		{Code: 7003, Message: fmt.Sprintf("Could not route to %s, perhaps your object identifier is invalid?", path)},
		{Code: 7000, Message: "No route for that URI"},
	}}}
}

// match compares segment by segment. (http.ServeMux would answer an unclean path with a redirect.)
func (r route) match(path string) (organizationID, memberID string, ok bool) {
	want, got := strings.Split(r.path, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return "", "", false
	}
	for i, segment := range got {
		segment, err := url.PathUnescape(segment)
		switch {
		case err != nil:
			return "", "", false
		case want[i] == "{organization}" && isID(segment):
			organizationID = segment
		case want[i] == "{member}" && isID(segment):
			memberID = segment
		case want[i] != segment:
			return "", "", false
		}
	}
	return organizationID, memberID, true
}

// authenticate tells whether the request came with the token, or why it is refused.
func authenticate(h http.Header) (token bool, refusal *answer) {
	authorization, key, email := h.Get("Authorization"), h.Get("X-Auth-Key"), h.Get("X-Auth-Email")
	bearer, isBearer := strings.CutPrefix(authorization, "Bearer ")
	switch {
	case authorization != "" && (key != "" || email != ""):
		// One scheme only. The API is known to take an e-mail beside a token for a key that is malformed.
		return false, invalidHeaders(6103, "Invalid format for X-Auth-Key header")
	case authorization != "" && (!isBearer || bearer == "" || strings.ContainsAny(bearer, " \t")):
		return false, invalidHeaders(6111, "Invalid format for Authorization header")
	case authorization != "" && bearer != APIToken:
		return false, new(refuse(http.StatusForbidden, codeAuthentication, "Authentication error"))
	case authorization != "":
		return true, nil
	case key == "" || email == "":
		return false, new(refuse(http.StatusBadRequest, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"))
	case !strings.Contains(email, "@"):
		return false, invalidHeaders(6102, "Invalid format for X-Auth-Email header")
	case strings.HasPrefix(key, "cfut_") || strings.HasPrefix(key, "cfat_"): // an API token in the place of a key
		return false, invalidHeaders(6103, "Invalid format for X-Auth-Key header")
	case key != APIKey || !strings.EqualFold(email, Email):
		return false, new(refuse(http.StatusForbidden, 9103, "Unknown X-Auth-Key or X-Auth-Email"))
	}
	return false, nil
}

func invalidHeaders(code int, text string) *answer {
	return &answer{status: http.StatusBadRequest, envelope: &envelope{Errors: []message{
		{Code: 6003, Message: "Invalid request headers", ErrorChain: []message{{Code: code, Message: text}}},
	}}}
}

// Lag makes reads trail behind writes, as in a system of many machines: from now on, each organization that is created
// through the API answers its first n reads by ID with 404. Lists show it at once. Lag(0) ends that for organizations
// yet to come.
func (s *Server) Lag(n int) {
	if n < 0 {
		panic(fmt.Sprintf("cloudflaretest: Lag(%d): the number of reads cannot be negative", n))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = n
}

// next gives a new thing its ID and its time of creation, one second after the thing before.
func (s *Server) next(kind string) (id string, at time.Time) {
	s.created++
	return fakeID(kind, s.created), time.Date(2026, time.January, 1, 0, 0, s.created, 0, time.UTC)
}

// fakeID is a number in the disguise of an ID: 32 hexadecimal digits.
func fakeID(kind string, of any) string {
	sum := sha256.Sum256(fmt.Append(nil, kind, " ", of))
	return hex.EncodeToString(sum[:16])
}

func isID(text string) bool {
	return len(text) == 32 && strings.Trim(text, "0123456789abcdef") == ""
}

// remove takes one element out and keeps the order of the others.
func remove[T comparable](list []T, element T) []T {
	i := slices.Index(list, element)
	return slices.Delete(list, i, i+1)
}

package cloudflaretest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

// Handle serves further endpoints, below /client/v4 and beside the server's own. The pattern is one of
// [http.ServeMux], such as "GET /zones/{zone_id}". The handler sees the path without /client/v4.
//
// Requests are recorded, faults apply, and credentials are checked: a key or a token is required. The server does not
// redirect: a path that [http.ServeMux] would redirect gets status 404.
//
// Handle panics if the pattern is not valid, if it names a host, if it conflicts with an earlier pattern, or if the
// server itself serves it. Handle also panics if h is nil.
func (s *Server) Handle(pattern string, h http.Handler) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = "", pattern
	}
	path = strings.TrimLeft(path, " \t")
	if !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("cloudflaretest: Handle: the pattern must be a path, or a method and a path, not %q", pattern))
	}
	if h == nil {
		panic("cloudflaretest: Handle: the handler must not be nil")
	}
	for _, r := range routes {
		if r.covers(method, path) {
			panic(fmt.Sprintf("cloudflaretest: Handle: the server itself serves %q", r.method+" "+r.path))
		}
	}
	s.handlers.Handle(pattern, handled{h})
}

// handled marks the handlers of users, to distinguish them from those of [http.ServeMux] for redirects, 404 and 405.
type handled struct{ http.Handler }

// covers reports whether a route serves every request that a pattern matches and the server would route to it.
func (r *route) covers(method, path string) bool {
	if method != "" && method != r.method && (method != http.MethodHead || r.method != http.MethodGet) {
		return false
	}
	own, segments := strings.Split(r.path, "/"), strings.Split(path, "/")
	if len(own) != len(segments) {
		return false
	}
	for i, segment := range segments {
		name, isWildcard := wildcard(own[i])
		theirs, theirsIsWildcard := wildcard(segment)
		switch {
		case theirsIsWildcard && (theirs == "$" || strings.HasSuffix(theirs, "...")):
			return false
		case isWildcard && (theirsIsWildcard || takes(name, segment)):
		case own[i] != segment:
			return false
		}
	}
	return true
}

// handlerStatus returns 200 if a handler serves the request, and otherwise 404 or 405.
func (s *Server) handlerStatus(c *call) int {
	r := c.withoutBasePath()
	h, _ := s.handlers.Handler(r)
	if _, ok := h.(handled); ok {
		return http.StatusOK
	}
	probe := httptest.NewRecorder()
	h.ServeHTTP(probe, r)
	if probe.Code == http.StatusMethodNotAllowed {
		return probe.Code
	}
	return http.StatusNotFound
}

func (s *Server) serveHandler(w http.ResponseWriter, c *call) {
	s.handlers.ServeHTTP(w, c.withoutBasePath())
}

func (c *call) withoutBasePath() *http.Request {
	r := *c.Request
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	r.URL = new(url.URL)
	*r.URL = *c.URL
	r.URL.Path = strings.TrimPrefix(c.URL.Path, basePath)
	r.URL.RawPath = strings.TrimPrefix(c.URL.RawPath, basePath)
	return &r
}

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
// Handle panics if the pattern is not valid, if it names a host, if it conflicts with an earlier pattern, or if h is
// nil. It also panics if the server itself serves the pattern. To replace one response of such an endpoint, use
// [Server.FailNext] with a [Status] of 200 and a body.
func (s *Server) Handle(pattern string, h http.Handler) {
	p := mustParse("Handle", pattern)
	if h == nil {
		panic("cloudflaretest: Handle: the handler must not be nil")
	}
	for _, r := range routes {
		if r.covers(p) {
			panic(fmt.Sprintf("cloudflaretest: Handle: the server itself serves %q", r.text))
		}
	}
	s.handlers.Handle(pattern, handled{h})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handled = append(s.handled, p)
}

// mustParse returns the pattern that a test passes to a method of the server.
func mustParse(method, text string) pattern {
	p, ok := parsePattern(text)
	if !ok {
		panic(fmt.Sprintf("cloudflaretest: %s: the pattern must be a path, or a method and a path, not %q", method, text))
	}
	return p
}

// handled marks the handlers of users, to distinguish them from those of [http.ServeMux] for redirects, 404 and 405.
type handled struct{ http.Handler }

// findHandler finds the handler that serves the request.
func (s *Server) findHandler(c *call) {
	r := c.withoutBasePath()
	h, text := s.handlers.Handler(r)
	if _, ok := h.(handled); ok {
		c.endpoint, _ = parsePattern(text)
		return
	}
	probe := httptest.NewRecorder()
	h.ServeHTTP(probe, r)
	if probe.Code == http.StatusMethodNotAllowed {
		c.missing = probe.Code
	}
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

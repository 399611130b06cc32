package rest

import (
	"errors"
	"net/http"
	"net/url"
)

// A request over http carries its credential in clear text. Only loopback hosts may be reached over http, and never
// through a proxy. net/http has a rule of its own for that, but only for some Proxy functions.

// proxyFromEnvironment returns the proxy for a request over https, as http.ProxyFromEnvironment does, and no proxy for
// any other.
func proxyFromEnvironment(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme != "https" {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}

var errProxied = errors.New("the transport would send the request through a proxy in clear text")

// checkProxy returns an error if the transport would send r over http through a proxy. The error does not show the
// proxy, whose URL can contain a password.
func (s *Sender) checkProxy(r *http.Request) error {
	if s.proxy == nil || s.origin.Scheme != "http" {
		return nil
	}
	if proxy, err := s.proxy(r); proxy != nil || err != nil {
		return errProxied
	}
	return nil
}

// checkTransport asks the transport once which proxy it would use for the base URL.
func (s *Sender) checkTransport() error {
	own := *s.origin
	if err := s.checkProxy(&http.Request{Method: http.MethodGet, URL: &own, Host: own.Host, Header: http.Header{}}); err != nil {
		return errors.New("WithHTTPClient: the transport must not use a proxy for a base URL with http")
	}
	return nil
}

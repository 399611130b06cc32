package rest

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// sharedTransport is the transport of every client without one of its own. A program with a client for each tenant
// therefore has one set of connections. It holds no credential.
var sharedTransport = sync.OnceValue(NewTransport)

// sends reports whether t sends a request with this scheme by itself, and does not pass it on to a transport that was
// registered with RegisterProtocol, which may not report what it does. A request without a host tells, and is not sent.
func sends(t *http.Transport, scheme string) bool {
	_, err := t.RoundTrip(&http.Request{Method: http.MethodHead, URL: &url.URL{Scheme: scheme}, Header: http.Header{}})
	return err != nil && err.Error() == noHostWords
}

// NewTransport returns a new transport with the settings of the shared one.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  proxyFromEnvironment,
		OnProxyConnectResponse: checkConnect,
		DialContext:            dialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    128,
		// Many gateways close idle connections after 60 seconds. A POST that is sent at that moment has an unknown
		// outcome, so the client closes them first.
		IdleConnTimeout:        50 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		TLSClientConfig:        &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0)},
		// A connection can fail without an error: behind a NAT or a VPN, or while the machine sleeps. All requests
		// share one HTTP/2 connection, so a dead connection must be detected and replaced.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}
}

package rest

import (
	"crypto/tls"
	"net/http"
	"sync"
	"time"
)

// sharedTransport is the transport of every client without one of its own. A program with a client for each tenant
// therefore has one set of connections. It holds no credential.
var sharedTransport = sync.OnceValue(NewTransport)

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

//go:build !js

package rest

import (
	"net"
	"net/http"
	"time"
)

// dialer gives up well before an attempt does by default, which leaves time for another address or attempt.
var dialer = net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}

var dialContext = dialer.DialContext

// fetches reports whether t uses the Fetch API, which there is only on js.
func fetches(*http.Transport) bool { return false }

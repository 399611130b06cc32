//go:build !js

package rest

import (
	"net"
	"time"
)

// dialer gives up well before an attempt does by default, which leaves time for another address or attempt.
var dialer = net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}

var dialContext = dialer.DialContext

package rest

import (
	"context"
	"net"
	"net/http"
	"strings"
	"syscall/js"
)

// dialContext is nil because net/http uses the Fetch API only for a transport that does not dial by itself.
var dialContext func(ctx context.Context, network, addr string) (net.Conn, error)

// fetches reports whether t uses the Fetch API, by the rules of net/http.
func fetches(t *http.Transport) bool {
	process := js.Global().Get("process")
	isNode := process.Type() == js.TypeObject && strings.HasPrefix(process.Get("argv0").String(), "node")
	dials := t.Dial != nil || t.DialContext != nil || t.DialTLS != nil || t.DialTLSContext != nil
	return !dials && !isNode && !js.Global().Get("fetch").IsUndefined()
}

package rest

import (
	"context"
	"net"
)

// dialContext is nil because net/http uses the Fetch API only for a transport that does not dial by itself.
var dialContext func(ctx context.Context, network, addr string) (net.Conn, error)

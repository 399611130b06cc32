package blackbox

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// faultyProxy is an HTTP proxy for CONNECT, or a SOCKS5 proxy, that can fail before it has connected.
type faultyProxy struct {
	url *url.URL

	mu      sync.Mutex
	connect func(conn net.Conn, n int) bool // sees the n-th request to connect, n from 1; true: it has dealt with it
	n       int
}

// newFaultyProxy runs a proxy until the test ends. The scheme is http or socks5.
func newFaultyProxy(t *testing.T, scheme string) *faultyProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &faultyProxy{url: &url.URL{Scheme: scheme, Host: listener.Addr().String()}}
	serveUntilCleanup(t, listener, func(conn net.Conn) {
		if scheme == "socks5" {
			p.serveSOCKS(conn)
		} else {
			p.serveCONNECT(conn)
		}
	})
	return p
}

func (p *faultyProxy) interfere(connect func(conn net.Conn, n int) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connect = connect
}

// interferes lets the function that was set deal with a request to connect.
func (p *faultyProxy) interferes(conn net.Conn) bool {
	p.mu.Lock()
	p.n++
	connect, n := p.connect, p.n
	p.mu.Unlock()
	return connect != nil && connect(conn, n)
}

func (p *faultyProxy) serveCONNECT(conn net.Conn) {
	reader := bufio.NewReader(conn)
	r, err := http.ReadRequest(reader)
	if err != nil || p.interferes(conn) {
		return
	}
	p.tunnel(conn, r.Host, "HTTP/1.1 200 OK\r\n\r\n")
}

const socksFailed = "\x05\x01\x00\x01\x00\x00\x00\x00\x00\x00"

// serveSOCKS takes an IPv4 address without authentication (RFC 1928).
func (p *faultyProxy) serveSOCKS(conn net.Conn) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(conn, head); err != nil {
		return
	}
	if _, err := io.CopyN(io.Discard, conn, int64(head[1])); err != nil {
		return
	}
	if _, err := io.WriteString(conn, "\x05\x00"); err != nil {
		return
	}
	request := make([]byte, 10)
	if _, err := io.ReadFull(conn, request); err != nil || p.interferes(conn) {
		return
	}
	target := &net.TCPAddr{IP: request[4:8], Port: int(binary.BigEndian.Uint16(request[8:]))}
	p.tunnel(conn, target.String(), "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
}

func (p *faultyProxy) tunnel(conn net.Conn, target, success string) {
	far, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer far.Close()
	if _, err := io.WriteString(conn, success); err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(far, conn)
		_ = far.Close()
	})
	_, _ = io.Copy(conn, far)
	_ = conn.Close()
	back.Wait()
}

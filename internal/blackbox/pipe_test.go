package blackbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/cloudflare"
)

// pipeServer is a server at the other end of net.Pipe connections. Unlike sockets they work in the virtual time of
// testing/synctest. Each connection serves one request, so that every attempt of a client is one dial.
type pipeServer struct {
	script func(n int) pipeReply // n is the number of the dial, from 1

	mu       sync.Mutex
	dials    []time.Time
	requests []pipeRequest
}

// pipeRequest is a request that was read to its end.
type pipeRequest struct {
	method, path, body string
	header             http.Header
	at                 time.Time
}

// pipeReply says what happens to one dial.
type pipeReply struct {
	dialError error         // the dial fails with this
	deaf      bool          // the connection ends before the request is read
	reset     bool          // the connection ends in a reset, not in an orderly close
	response  func() string // what is written once the request has been read; nil: nothing
	hang      bool          // the connection then stays open, silent, until the client closes it
}

// pipeAlways replies to every dial in the same way.
func pipeAlways(reply pipeReply) func(int) pipeReply {
	return func(int) pipeReply { return reply }
}

// pipeScript replies to each dial with the next reply, and to those after the last with the last.
func pipeScript(replies ...pipeReply) func(int) pipeReply {
	return func(n int) pipeReply { return replies[min(n, len(replies))-1] }
}

// pipeResponse replies with a complete response. Each line is a header.
func pipeResponse(status int, body string, header ...string) pipeReply {
	return pipeReply{response: func() string { return pipeText(status, len(body), body, header...) }}
}

// pipeText returns a response as sent. Its Content-Length may be larger than the body.
func pipeText(status, length int, body string, header ...string) string {
	var lines strings.Builder
	for _, line := range header {
		lines.WriteString(line + "\r\n")
	}
	return fmt.Sprintf("HTTP/1.1 %d \r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", status, length, &lines, body)
}

// newPipeServer returns a server and a client of it.
func newPipeServer(t *testing.T, script func(n int) pipeReply, opts ...cloudflare.Option) (*pipeServer, *cloudflare.Client) {
	t.Helper()
	s := &pipeServer{script: script}
	return s, s.client(t, s.transport(), opts...)
}

func (s *pipeServer) transport() *http.Transport {
	return &http.Transport{DialContext: s.dial}
}

func (s *pipeServer) client(t *testing.T, transport http.RoundTripper, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	return newClient(t, transport, append([]cloudflare.Option{cloudflare.WithBaseURL("http://localhost/client/v4")}, opts...)...)
}

func (s *pipeServer) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	s.dials = append(s.dials, time.Now())
	reply := s.script(len(s.dials))
	s.mu.Unlock()
	if reply.dialError != nil {
		return nil, reply.dialError
	}
	near, far := net.Pipe()
	go s.serve(far, reply)
	if reply.reset {
		return resettingConn{near}, nil
	}
	return near, nil
}

func (s *pipeServer) serve(conn net.Conn, reply pipeReply) {
	defer conn.Close()
	if reply.deaf {
		return
	}
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, pipeRequest{r.Method, r.URL.Path, string(body), r.Header, time.Now()})
	s.mu.Unlock()
	if reply.response != nil {
		text := reply.response()
		if r.Method == http.MethodHead {
			head, _, _ := strings.Cut(text, "\r\n\r\n")
			text = head + "\r\n\r\n"
		}
		_, _ = io.WriteString(conn, text) // the client may have gone
	}
	if reply.hang {
		_, _ = io.Copy(io.Discard, conn)
	}
}

// seen returns the times of all dials and the requests that were read.
func (s *pipeServer) seen() ([]time.Time, []pipeRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.dials...), append([]pipeRequest(nil), s.requests...)
}

// resettingConn reports the end of a connection as a reset.
type resettingConn struct{ net.Conn }

func (c resettingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	return n, asReset("read", err)
}

func (c resettingConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	return n, asReset("write", err)
}

func asReset(op string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
		return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, syscall.ECONNRESET)}
	}
	return err
}

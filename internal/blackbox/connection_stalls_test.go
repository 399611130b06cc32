package blackbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// pipeListener listens without sockets, so that the virtual clock of testing/synctest runs on.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- newBufferedConn(far):
		return near, nil
	case <-l.closed:
		return nil, connectionRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// bufferedConn writes in the background, as a socket does. With a net.Pipe alone, HTTP/2 peers that both write wait for
// each other for ever.
type bufferedConn struct {
	net.Conn
	mu     sync.Mutex
	queue  chan []byte
	closed bool
}

func newBufferedConn(conn net.Conn) *bufferedConn {
	c := &bufferedConn{Conn: conn, queue: make(chan []byte, 1000)}
	go func() {
		for b := range c.queue {
			_, _ = conn.Write(b) // the peer may have gone
		}
		_ = conn.Close()
	}()
	return c
}

func (c *bufferedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	c.queue <- bytes.Clone(b)
	return len(b), nil
}

func (c *bufferedConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.queue)
	}
	return nil
}

// silentConn can die without a sign: from then on, what is written is lost and nothing can be read.
type silentConn struct {
	net.Conn
	dead *atomic.Bool
}

func (c silentConn) Write(b []byte) (int, error) {
	if c.dead.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c silentConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.dead.Load() {
			return n, err
		}
	}
}

// An HTTP/2 connection that died without a sign is found and replaced, and one that is healthy stays.
func TestDeadConnectionIsReplaced(t *testing.T) {
	for _, call := range faultCalls() {
		t.Run(call.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := newPipeListener()
				server := newFaultyServer(t, "h2", listener)
				transport := faultyTransport()
				var dead []*atomic.Bool // one for each connection
				transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
					conn, err := listener.dial(ctx)
					dead = append(dead, new(atomic.Bool))
					return silentConn{conn, dead[len(dead)-1]}, err
				}
				client := faultyClient(t, server, transport, cloudflare.WithMaxRetries(0))
				require.NoError(t, call.do(t.Context(), client))
				for range 10 {
					time.Sleep(45 * time.Second)
					require.NoError(t, call.do(t.Context(), client))
				}
				require.Len(t, dead, 1, "a healthy connection stays")

				dead[0].Store(true)
				died := time.Now()
				arrived, _ := server.counts()
				const calls = 60 // one each second
				var failed, unknown atomic.Int64
				var all sync.WaitGroup
				for range calls {
					time.Sleep(time.Second)
					began := time.Since(died)
					all.Go(func() {
						err := call.do(t.Context(), client)
						switch {
						case err == nil:
							return
						case errors.Is(err, cloudflare.ErrOutcomeUnknown):
							unknown.Add(1)
						}
						failed.Add(1)
						assert.LessOrEqual(t, began, 31*time.Second, "%v", err)
					})
				}
				all.Wait()
				assert.Len(t, dead, 2)
				assert.NotZero(t, failed.Load())
				assert.LessOrEqual(t, failed.Load(), int64(31))
				if call.write { // a request that meets the connection as it is closed was not sent
					assert.GreaterOrEqual(t, unknown.Load(), failed.Load()-1)
				}
				time.Sleep(time.Hour)
				after, _ := server.counts()
				assert.EqualValues(t, calls-failed.Load(), after-arrived, "requests that are lost do not arrive later")
			})
		})
	}
}

// An idle connection is closed before a common gateway would close it, and not much sooner.
func TestIdleConnectionsAreClosed(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		synctest.Test(t, func(t *testing.T) {
			listener := newPipeListener()
			server := newFaultyServer(t, protocol, listener)
			transport := faultyTransport()
			dials := 0
			transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				dials++
				return listener.dial(ctx)
			}
			client := faultyClient(t, server, transport)
			for _, step := range []struct {
				idle  time.Duration
				dials int
			}{{0, 1}, {30 * time.Second, 1}, {45 * time.Second, 1}, {60 * time.Second, 2}, {45 * time.Second, 2}} {
				time.Sleep(step.idle)
				require.NoError(t, faultCalls()[1].do(t.Context(), client))
				assert.Equal(t, step.dials, dials, "%s after %s", protocol, step.idle)
			}
		})
	}
}

// hold keeps a connection open, silent, until the client closes it.
func hold(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// What ends while it waits for a connection was not sent, whoever ends it. What ends while it waits for a response may
// have been carried out.
func TestStalls(t *testing.T) {
	served := func(serve func(net.Conn)) func(context.Context, string) (net.Conn, error) {
		return func(context.Context, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				serve(far)
			}()
			return near, nil
		}
	}
	stalls := []struct {
		name  string
		proxy string
		dial  func(context.Context, string) (net.Conn, error) // nil: the server itself stalls, after it has carried out
	}{
		{"dial", "", func(ctx context.Context, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
		{"handshake", "", served(hold)},
		{"CONNECT", "http://proxy.invalid:3128", served(func(conn net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				hold(conn)
			}
		})},
		{"handshake behind a proxy", "http://proxy.invalid:3128", served(func(conn net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
				hold(conn)
			}
		})},
		{"SOCKS", "socks5://proxy.invalid:1080", served(hold)},
		{"response", "", nil},
	}
	ends := []struct {
		name                      string
		timeout, deadline, cancel time.Duration
		is                        error
		attempts                  int // if the request was not sent
	}{
		{"attempt timeout", 5 * time.Second, 0, 0, cloudflare.ErrAttemptTimeout, 3},
		{"deadline", 0, 5 * time.Second, 0, context.DeadlineExceeded, 1},
		{"cancellation", 0, 0, 5 * time.Second, context.Canceled, 1},
	}
	for _, stall := range stalls {
		for _, protocol := range []string{"http/1.1", "h2"} {
			for _, end := range ends {
				for _, call := range faultCalls() {
					t.Run(stall.name+"/"+protocol+"/"+end.name+"/"+call.name, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							listener := newPipeListener()
							server := newFaultyServer(t, protocol, listener)
							server.interfere(nil, func(x *exchange) bool {
								x.carryOut()
								return stall.dial == nil
							})
							transport := faultyTransport()
							if stall.proxy != "" {
								proxy, err := url.Parse(stall.proxy)
								require.NoError(t, err)
								transport.Proxy = http.ProxyURL(proxy)
							}
							transport.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
								if stall.dial != nil {
									return stall.dial(ctx, address)
								}
								return listener.dial(ctx)
							}
							client := faultyClient(t, server, transport, cloudflare.WithTimeout(end.timeout))
							ctx, cancel := context.WithCancel(t.Context())
							defer cancel()
							if end.deadline > 0 {
								ctx, cancel = context.WithTimeout(ctx, end.deadline)
								defer cancel()
							}
							if end.cancel > 0 {
								time.AfterFunc(end.cancel, cancel)
							}
							var response cloudflare.Response
							err := call.do(ctx, client, cloudflare.CaptureResponse(&response))
							_, carriedOut := server.counts()

							require.ErrorIs(t, err, end.is)
							sent := stall.dial == nil
							assert.Equal(t, sent && call.write, errors.Is(err, cloudflare.ErrOutcomeUnknown), "%v", err)
							attempts := end.attempts
							if sent && !call.idempotent {
								attempts = 1
							}
							assert.Equal(t, attempts, response.Attempts)
							if sent {
								assert.Equal(t, attempts, carriedOut)
							} else {
								assert.Zero(t, carriedOut)
							}
							transport.CloseIdleConnections() // and what is still being dialed
						})
					})
				}
			}
		}
	}
}

package blackbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// breakingServer is a server of net/http that breaks the connection of some requests after it has read them.
type breakingServer struct {
	*httptest.Server
	arrived atomic.Int64
	breaks  atomic.Pointer[func(first bool) bool] // of the connection: whether the request is its first one
}

// newBreakingServer serves "http", which is HTTP/1.1, or "h2c", which is HTTP/2 without TLS, or "http/1.1" or "h2" over
// TLS.
func newBreakingServer(t *testing.T, protocol string) *breakingServer {
	t.Helper()
	type requests struct {
		conn net.Conn
		n    atomic.Int64
	}
	type key struct{}
	s := new(breakingServer)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.arrived.Add(1)
		served := r.Context().Value(key{}).(*requests)
		if first := served.n.Add(1) == 1; (*s.breaks.Load())(first) {
			resetConn(served.conn)
			return
		}
		i := slices.IndexFunc(retryCalls, func(c retryCall) bool { return c.method == r.Method })
		_, _ = io.WriteString(w, retryCalls[i].success)
	}))
	s.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if secure, ok := conn.(*tls.Conn); ok {
			conn = secure.NetConn()
		}
		return context.WithValue(ctx, key{}, &requests{conn: conn})
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = protocol == "h2"
	switch protocol {
	case "http":
		s.Start()
	case "h2c":
		s.Config.Protocols = unencryptedHTTP2()
		s.Start()
		s.Client().Transport.(*http.Transport).Protocols = unencryptedHTTP2()
	default:
		s.StartTLS()
	}
	t.Cleanup(s.Close)
	return s
}

func unencryptedHTTP2() *http.Protocols {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return protocols
}

// tally counts the attempts that its limiter admits and that its hook sees.
type tally struct {
	admitted atomic.Int64

	mu       sync.Mutex
	attempts []cloudflare.Attempt
}

func (c *tally) Wait(context.Context) error { c.admitted.Add(1); return nil }

func (c *tally) see(_ context.Context, a cloudflare.Attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempts = append(c.attempts, a)
}

func (c *tally) client(t *testing.T, server *breakingServer, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	transport := server.Client().Transport.(*http.Transport)
	transport.MaxIdleConnsPerHost = 128
	return socketClient(t, server.URL, transport, append(opts, cloudflare.WithLimiter(c), cloudflare.WithAttemptHook(c.see))...)
}

// Idle connections turn out to be closed when they are used. A read goes on at once, until it has used a new
// connection, and each of its requests is counted.
func TestStaleConnections(t *testing.T) {
	for _, protocol := range []string{"http", "http/1.1", "h2"} {
		for _, call := range retryCalls {
			t.Run(protocol+"/"+call.method, func(t *testing.T) {
				server := newBreakingServer(t, protocol)
				var counted tally
				client := counted.client(t, server, noRetries)

				const idle = 10
				var all sync.WaitGroup // until all connections are in use
				all.Add(idle)
				works := func(bool) bool { all.Done(); all.Wait(); return false }
				server.breaks.Store(&works)
				var calls sync.WaitGroup
				for range idle {
					calls.Go(func() { assert.NoError(t, retryCallOf(t, "GET").do(t.Context(), client)) })
				}
				calls.Wait()

				counted.admitted.Store(0)
				counted.attempts = nil
				server.arrived.Store(0)
				stale := func(first bool) bool { return !first }
				server.breaks.Store(&stale)
				var response cloudflare.Response
				err := call.do(t.Context(), client, cloudflare.CaptureResponse(&response))
				arrived := int(server.arrived.Load())
				assert.LessOrEqual(t, arrived, len(counted.attempts))
				assert.Len(t, counted.attempts, int(counted.admitted.Load()))
				assert.Len(t, counted.attempts, response.Attempts)
				switch {
				case call.write:
					assertMatchesOnly(t, err, cloudflare.ErrOutcomeUnknown)
					assert.Equal(t, 1, arrived)
					return
				case protocol == "h2": // net/http does not repeat what may have been processed
					assertMatchesOnly(t, err)
					assert.Equal(t, 1, arrived)
					return
				}
				require.NoError(t, err)
				assert.Greater(t, arrived, 1)
				last := len(counted.attempts) - 1
				for _, attempt := range counted.attempts[:last] {
					assert.True(t, attempt.Retry)
					assert.Zero(t, attempt.RetryIn)
					assert.EqualError(t, attempt.Err, "no response on a connection that had been used before")
				}
				assert.NoError(t, counted.attempts[last].Err)
			})
		}
	}
}

// However many connections break, each request that reaches the server was admitted by the limiter and reported to the
// hook, once.
func TestEveryRequestIsCounted(t *testing.T) {
	for _, protocol := range []string{"http", "h2c", "http/1.1", "h2"} {
		for _, call := range retryCalls {
			for _, retries := range []int{0, 3} {
				t.Run(fmt.Sprintf("%s/%s/%d retries", protocol, call.method, retries), func(t *testing.T) {
					server := newBreakingServer(t, protocol)
					random := func(bool) bool { return rand.IntN(5) == 0 }
					server.breaks.Store(&random)
					var counted tally
					client := counted.client(t, server, cloudflare.WithMaxRetries(retries))
					var attempts atomic.Int64
					var workers sync.WaitGroup
					for range 4 {
						workers.Go(func() {
							for range 25 {
								var response cloudflare.Response
								_ = call.do(t.Context(), client, cloudflare.CaptureResponse(&response))
								attempts.Add(int64(response.Attempts))
							}
						})
					}
					workers.Wait()
					assert.GreaterOrEqual(t, server.arrived.Load(), int64(25))
					assert.LessOrEqual(t, server.arrived.Load(), attempts.Load())
					assert.Len(t, counted.attempts, int(attempts.Load()))
					assert.Equal(t, attempts.Load(), counted.admitted.Load())
				})
			}
		}
	}
}

// Whether a transport asked for a connection is evidence only because it does so for each request, also if it has one.
func TestReusedConnectionsAreReported(t *testing.T) {
	for _, protocol := range []string{"http", "http/1.1", "h2"} {
		for _, call := range retryCalls {
			server := newBreakingServer(t, protocol)
			never := func(bool) bool { return false }
			server.breaks.Store(&never)
			client := new(tally).client(t, server)
			for _, reused := range []bool{false, true} {
				var reports []string
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
					GetConn: func(string) { reports = append(reports, "asked") },
					GotConn: func(conn httptrace.GotConnInfo) {
						reports = append(reports, fmt.Sprintf("got, reused: %t", conn.Reused))
					},
				})
				require.NoError(t, call.do(ctx, client))
				assert.Equal(t, []string{"asked", fmt.Sprintf("got, reused: %t", reused)}, reports, "%s %s", protocol, call.method)
			}
		}
	}
}

// A gateway that gave up on a request may send another response to it, which the next request on the connection would
// receive. After such a status over HTTP/1.1, no connection is used again.
func TestConnectionsAfterTimeoutsOfGateways(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, status := range []int{200, 400, 404, 408, 429, 500, 502, 503, 504, 524} {
			for _, body := range []string{faultySuccess, ""} {
				for _, call := range faultCalls() {
					name := fmt.Sprintf("%s/%d/%d bytes/%s", protocol, status, len(body), call.name)
					server := newFaultyServer(t, protocol, listenLocally(t))
					server.interfere(nil, func(x *exchange) bool { x.respond(status, body); return true })
					client := faultyClient(t, server, faultyTransport(), noRetries)
					_ = call.do(t.Context(), client)
					server.interfere(nil, nil)
					require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/of-another-caller"}, nil), name)
					want := 1
					if protocol == "http/1.1" && (status == 408 || status == 502 || status == 504) {
						want = 2
					}
					server.mu.Lock()
					assert.Equal(t, want, server.connections, name)
					server.mu.Unlock()
				}
			}
		}
	}
}

// slowConn is a connection such as that of a tunnel: it has no deadlines, and to close it takes a moment.
type slowConn struct{ net.Conn }

func (slowConn) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (slowConn) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (slowConn) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

func (c slowConn) Close() error {
	time.Sleep(time.Millisecond)
	return c.Conn.Close()
}

// net/http is stopped before it repeats a request on a connection without deadlines, too.
func TestRepeatsOnConnectionsWithoutDeadlines(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(fmt.Sprintf("%s, TLS: %t", method, secure), func(t *testing.T) {
				var arrived atomic.Int64
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if arrived.Add(1) == 2 {
						conn, _, err := http.NewResponseController(w).Hijack()
						if assert.NoError(t, err) {
							_ = conn.Close()
						}
						return
					}
					_, _ = io.WriteString(w, organizationBody)
				}))
				if secure {
					server.StartTLS()
				} else {
					server.Start()
				}
				defer server.Close()
				transport := server.Client().Transport.(*http.Transport).Clone()
				transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, address)
					return slowConn{conn}, err
				}
				var reported int64
				client := newClient(t, transport, cloudflare.WithBaseURL(server.URL+"/client/v4"), noRetries,
					cloudflare.WithAttemptHook(func(context.Context, cloudflare.Attempt) { reported++ }))
				request := cloudflare.Request{Method: method, Route: "/x"}
				if method == "POST" {
					request.IdempotencyKey = "1"
				}
				require.NoError(t, getOrganization(t.Context(), client))
				_ = client.Call(t.Context(), request, nil)
				transport.CloseIdleConnections()
				server.Close() // waits for the requests that have arrived
				assert.LessOrEqual(t, arrived.Load(), reported)
			})
		}
	}
}

// Over HTTP/2 without TLS too, a refused stream does not end those of other calls on the connection.
func TestRefusedStreamWithoutTLS(t *testing.T) {
	server, listener := new(faultyServer), listenLocally(t)
	created, first := make(chan *exchange, 1), true
	var refused bool
	server.interfere(nil, func(x *exchange) bool {
		switch {
		case first:
			first = false
			created <- x
		case !refused:
			refused = true
			x.resetStream(codeRefused)
		default:
			x.respond(200, organizationBody)
		}
		return true
	})
	serveUntilCleanup(t, listener, func(conn net.Conn) { server.serveFrames(conn, conn) })
	transport := &http.Transport{Protocols: unencryptedHTTP2()}
	client := socketClient(t, "http://"+listener.Addr().String(), transport)
	done := make(chan error, 1)
	go func() {
		_, err := client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
		done <- err
	}()
	create := <-created
	assert.NoError(t, getOrganization(t.Context(), client))
	create.respond(200, organizationBody)
	assert.NoError(t, <-done)
}

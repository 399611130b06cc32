package blackbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

const burst = 200 // creates, from 16 goroutines

// restartingServer is an http.Server that can be restarted gracefully while requests come in. It counts how often an
// organization of each name was created.
type restartingServer struct {
	front  net.Listener
	tls    *tls.Config
	served sync.WaitGroup

	mu       sync.Mutex
	current  *generation
	restarts []int // restart when as many organizations have been created
	created  map[string]int
	total    int
}

// generation is one life of the server.
type generation struct {
	server *http.Server
	conns  *pipeListener // the connections that the front has accepted for it
	used   chan struct{} // closed by the first request to it or to a later one
	once   sync.Once
	older  *generation
}

// newRestartingServer serves until the test ends.
func newRestartingServer(t *testing.T, protocol string, restarts ...int) *restartingServer {
	t.Helper()
	certificate, _ := faultyCertificate()
	s := &restartingServer{
		front:    listenLocally(t),
		tls:      &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{protocol}},
		restarts: restarts,
		created:  map[string]int{},
	}
	s.start()
	ended := make(chan struct{})
	s.served.Go(func() {
		for {
			conn, err := s.front.Accept()
			if err != nil {
				return
			}
			for handed := false; !handed; {
				s.mu.Lock()
				current := s.current
				s.mu.Unlock()
				select {
				case current.conns.conns <- conn:
					handed = true
				case <-current.conns.closed: // there is a new one, or the test has ended
					select {
					case <-ended:
						_ = conn.Close()
						return
					default:
					}
				}
			}
		}
	})
	t.Cleanup(func() {
		close(ended)
		_ = s.front.Close()
		s.mu.Lock()
		_ = s.current.server.Close()
		s.mu.Unlock()
		s.served.Wait()
	})
	return s
}

// start replaces the current generation, which then shuts down.
func (s *restartingServer) start() *generation {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(s.tls.NextProtos[0] == "http/1.1")
	protocols.SetHTTP2(s.tls.NextProtos[0] == "h2")
	next := &generation{conns: newPipeListener(), used: make(chan struct{})}
	next.server = &http.Server{
		Protocols: protocols, TLSConfig: s.tls.Clone(), ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.create(next, w, r) }),
	}
	s.served.Go(func() { _ = next.server.ServeTLS(next.conns, "", "") }) // always returns an error
	s.mu.Lock()
	old := s.current
	s.current, next.older = next, old
	s.mu.Unlock()
	if old != nil {
		s.served.Go(func() { _ = old.server.Shutdown(context.Background()) })
	}
	return next
}

func (s *restartingServer) create(serving *generation, w http.ResponseWriter, r *http.Request) {
	for g := serving; g != nil; g = g.older {
		g.once.Do(func() { close(g.used) })
	}
	var body struct{ Name string }
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.created[body.Name]++
	s.total++
	restart := len(s.restarts) > 0 && s.total >= s.restarts[0]
	if restart {
		s.restarts = s.restarts[1:]
	}
	s.mu.Unlock()
	if restart {
		next := s.start()
		if r.ProtoMajor == 2 { // the old connection has a request under way until others have noticed the GOAWAY
			select {
			case <-next.used:
			case <-time.After(5 * time.Second): // on a busy machine, all others may wait for this response
			}
		}
	}
	fmt.Fprintf(w, `{"success":true,"errors":[],"messages":[],"result":{"id":%q,"name":%q}}`, body.Name, body.Name)
}

// createAll creates the organizations of a burst, and returns the error of each.
func createAll(t *testing.T, client *cloudflare.Client) map[string]error {
	t.Helper()
	names := make(chan string)
	outcomes := make(map[string]error)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for name := range names {
				_, err := client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: name})
				mu.Lock()
				outcomes[name] = err
				mu.Unlock()
			}
		})
	}
	for i := range burst {
		names <- fmt.Sprintf("organization-%03d", i)
	}
	close(names)
	workers.Wait()
	return outcomes
}

// assertEachOnce fails unless all creates of a burst succeeded, each once.
func (s *restartingServer) assertEachOnce(t *testing.T, outcomes map[string]error) {
	t.Helper()
	assert.Len(t, outcomes, burst)
	for name, err := range outcomes {
		assert.NoError(t, err, name)
		assert.Equal(t, 1, s.created[name], name)
	}
	assert.Len(t, s.created, burst)
	assert.Empty(t, s.restarts, "all restarts took place")
}

func (s *restartingServer) client(t *testing.T, transport *http.Transport, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	return faultyClient(t, &faultyServer{Listener: s.front}, transport, opts...)
}

func TestBurstThroughGracefulRestarts(t *testing.T) {
	server := newRestartingServer(t, "h2", 50, 100, 150)
	server.assertEachOnce(t, createAll(t, server.client(t, faultyTransport(), cloudflare.WithMaxRetries(3))))
}

func TestBurstThroughAProxyThatFails(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			server := newRestartingServer(t, protocol)
			proxy := newFaultyProxy(t, "http")
			proxy.interfere(func(conn net.Conn, n int) bool {
				if n%3 == 0 {
					_, _ = io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
				}
				return n%3 == 0
			})
			transport := faultyTransport()
			transport.Proxy = http.ProxyURL(proxy.url)
			transport.DisableKeepAlives = true // so that each attempt is a CONNECT
			// One call in 81 would find four in a row that fail.
			server.assertEachOnce(t, createAll(t, server.client(t, transport, cloudflare.WithMaxRetries(20))))
			assert.GreaterOrEqual(t, proxy.n, burst+burst/3)
		})
	}
}

// Over HTTP/1.1 a server may close a connection just as a request is written to it. Then the outcome is unknown, and
// only then.
func TestBurstOverHTTP1ThroughGracefulRestarts(t *testing.T) {
	server := newRestartingServer(t, "http/1.1", 50, 100, 150)
	var written writtenNames
	transport := faultyTransport()
	transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		config := transport.TLSClientConfig.Clone()
		config.NextProtos = []string{"http/1.1"}
		conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return recordedConn{conn.(*tls.Conn), &written}, nil
	}
	outcomes := createAll(t, server.client(t, transport, cloudflare.WithMaxRetries(3)))
	require.Len(t, outcomes, burst)
	for name, err := range outcomes {
		switch {
		case err == nil:
			assert.Equal(t, 1, server.created[name], name)
		case errors.Is(err, cloudflare.ErrOutcomeUnknown):
			assert.LessOrEqual(t, server.created[name], 1, name)
			assert.True(t, written.contains(name), "%s: %v", name, err)
		default:
			assert.Zero(t, server.created[name], "%s: %v", name, err)
		}
	}
}

// writtenNames holds what was written to connections.
type writtenNames struct {
	mu   sync.Mutex
	data [][]byte
}

func (w *writtenNames) contains(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.data, func(b []byte) bool { return bytes.Contains(b, []byte(name)) })
}

// recordedConn records what is written to it, before encryption.
type recordedConn struct {
	*tls.Conn
	written *writtenNames
}

func (c recordedConn) Write(b []byte) (int, error) {
	c.written.mu.Lock()
	c.written.data = append(c.written.data, bytes.Clone(b))
	c.written.mu.Unlock()
	return c.Conn.Write(b)
}

package blackbox

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
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

// A request over http never goes through a proxy, however the host is spelled and whatever the environment says.
func TestEnvironmentDoesNotProxyHTTP(t *testing.T) {
	const variable = "CLOUDFLARE_TEST_PROXY"
	if os.Getenv(variable) == "" { // net/http reads the environment once, so that a process of its own is needed
		proxy := newCountedServer(t, func(http.ResponseWriter, *http.Request) {})
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), variable+"=1", "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
		output, err := child.CombinedOutput()
		require.NoError(t, err, "%s", output)
		assert.Contains(t, string(output), "--- PASS: "+t.Name())
		assert.Zero(t, proxy.connections.Load())
		return
	}
	elsewhere, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "http", Host: "LOCALHOST"}})
	require.NoError(t, err)
	require.NotNil(t, elsewhere, "net/http would use the proxy for this spelling")
	server := newCountedServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, successBody("[]")) })
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "localhost", "Localhost", "LOCALHOST"} {
		for name, hc := range map[string]*http.Client{
			"the default": nil, "http.DefaultClient": http.DefaultClient, "a zero client": {},
			"a clone of http.DefaultTransport": {Transport: http.DefaultTransport.(*http.Transport).Clone()},
			"NewTransport":                     {Transport: cloudflare.NewTransport()},
		} {
			options := []cloudflare.Option{cloudflare.WithAPIToken(canaryToken), cloudflare.WithBaseURL("http://" + host + ":" + port)}
			if hc != nil {
				options = append(options, cloudflare.WithHTTPClient(hc))
			}
			client, err := cloudflare.NewClient(options...)
			require.NoError(t, err, "%s: %s", name, host)
			_, err = client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
			assert.NoError(t, err, "%s: %s", name, host)
		}
	}
}

// NewClient rejects a transport that would send requests over http through a proxy. If the transport changes its mind
// later, no request is sent. No error shows the proxy, whose URL may contain a password.
func TestTransportsThatProxyHTTP(t *testing.T) {
	proxy := &url.URL{Scheme: "http", Host: "proxy.example.com", User: url.UserPassword("user", canary)}
	with := func(base string, function func(*http.Request) (*url.URL, error)) (*cloudflare.Client, error) {
		return cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken), cloudflare.WithBaseURL(base),
			cloudflare.WithHTTPClient(&http.Client{Transport: &http.Transport{Proxy: function}}))
	}
	fails := func(*http.Request) (*url.URL, error) { return nil, errors.New("proxy " + canary) }
	for _, base := range []string{"http://localhost", "http://LOCALHOST:8080", "http://127.0.0.1:1/client/v4", "http://[::1]"} {
		for name, function := range map[string]func(*http.Request) (*url.URL, error){"a proxy": http.ProxyURL(proxy), "an error": fails} {
			_, err := with(base, function)
			if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s: %s", base, name) {
				assert.ErrorContains(t, err, "WithHTTPClient")
				assert.NotContains(t, err.Error(), canary)
			}
		}
	}
	_, err := with("https://api.example.com", http.ProxyURL(proxy))
	require.NoError(t, err, "a tunnel through a proxy is encrypted")

	calls := 0
	client, err := with("http://localhost:1", func(*http.Request) (*url.URL, error) {
		if calls++; calls > 1 {
			return proxy, nil
		}
		return nil, nil
	})
	require.NoError(t, err)
	_, err = client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Acme"})
	assert.ErrorContains(t, err, "proxy in clear text")
	assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
	assert.NotContains(t, err.Error(), canary)
	assert.Equal(t, 2, calls, "no further attempt")
}

// A Proxy function that fails, or that returns what cannot be used, is called before anything is sent.
func TestProxyFunctionsThatFail(t *testing.T) {
	broken := errors.New("no proxy configuration")
	proxies := map[string]func(*http.Request) (*url.URL, error){
		"fails":                 func(*http.Request) (*url.URL, error) { return nil, broken },
		"returns an empty URL":  func(*http.Request) (*url.URL, error) { return &url.URL{}, nil },
		"returns no host":       func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "http"}, nil },
		"returns a path":        func(*http.Request) (*url.URL, error) { return &url.URL{Path: "proxy:3128"}, nil },
		"returns an odd scheme": func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "ftp", Host: "127.0.0.1"}, nil },
	}
	for _, protocol := range []string{"http/1.1", "h2"} {
		for name, proxy := range proxies {
			for _, call := range faultCalls() {
				for _, times := range []int{1, 1000} {
					t.Run(fmt.Sprint(protocol, "/", name, "/", call.name, "/", times), func(t *testing.T) {
						server := newFaultyServer(t, protocol, listenLocally(t))
						transport := faultyTransport()
						n := 0
						transport.Proxy = func(r *http.Request) (*url.URL, error) {
							if n++; n > times {
								return nil, nil
							}
							return proxy(r)
						}
						var response cloudflare.Response
						err := call.do(t.Context(), faultyClient(t, server, transport), cloudflare.CaptureResponse(&response))
						arrived, _ := server.counts()
						if times == 1 {
							require.NoError(t, err)
							assert.Equal(t, 2, response.Attempts)
							assert.Equal(t, 1, arrived)
							return
						}
						assertMatchesOnly(t, err)
						assert.Equal(t, 3, response.Attempts)
						assert.Zero(t, arrived)
					})
				}
			}
		}
	}
}

// What wraps a transport, or is registered with it, may have sent the request.
func TestProxyFunctionsOfOtherTransports(t *testing.T) {
	failing := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("no proxy configuration") }}
	registered := &http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}} // without HTTP/2
	registered.RegisterProtocol("https", fail(io.ErrUnexpectedEOF))
	for name, transport := range map[string]http.RoundTripper{"wrapped": roundTripper(failing.RoundTrip), "registered": registered} {
		for _, call := range retryCalls {
			t.Run(name+"/"+call.method, func(t *testing.T) {
				err := call.do(t.Context(), newClient(t, transport, noRetries))
				if call.write {
					assertMatchesOnly(t, err, cloudflare.ErrOutcomeUnknown)
				} else {
					assertMatchesOnly(t, err)
				}
			})
		}
	}
}

package rest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var proxyURL = &url.URL{Scheme: "http", Host: "proxy.example.com:3128"}

func TestEnvironmentProxiesOnlyHTTPS(t *testing.T) {
	for _, scheme := range []string{"http", "HTTP", "ws", ""} {
		proxy, err := proxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: scheme, Host: "example.com"}})
		require.NoError(t, err)
		assert.Nil(t, proxy, scheme)
	}
}

// Whichever base URL is valid, a client dials this machine or uses https, also if a Proxy function follows the rule of
// net/http and has a proxy for every other host.
func FuzzDial(f *testing.F) {
	for _, base := range []string{
		"http://localhost", "http://LOCALHOST", "http://Localhost:80/x", "http://localhost.",
		"http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:2", "http://[::ffff:127.0.0.1]",
		"http://[::1%25lo]", "http://127.1", "http://0x7f.1", "http://localhost.example.com", "http://foo.localhost",
		"https://h", "https://LOCALHOST", "http://%6cocalhost", "http://l%6Fcalhost",
	} {
		f.Add(base)
	}
	f.Fuzz(func(t *testing.T, base string) {
		var dialed []string
		stop := errors.New("dialed")
		c, err := New(Config{BaseURL: base, Credential: Token("t"), HTTPClient: &http.Client{Transport: &http.Transport{
			Proxy: func(r *http.Request) (*url.URL, error) { // as golang.org/x/net/http/httpproxy does
				host := r.URL.Hostname()
				if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
					return nil, nil
				}
				return proxyURL, nil
			},
			DialContext: func(_ context.Context, _, addr string) (net.Conn, error) {
				dialed = append(dialed, addr)
				return nil, stop
			},
		}}})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "WithBaseURL: ") && !strings.HasPrefix(err.Error(), "WithHTTPClient: ") {
				t.Fatalf("%q: %v", base, err)
			}
			return
		}
		_, err = c.Do(t.Context(), RawRequest{Method: http.MethodGet, Path: []string{"organizations"}})
		if err == nil {
			t.Fatalf("%q: a response", base)
		}
		for _, addr := range dialed {
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				t.Fatalf("%q: %v", base, err)
			}
			if c.origin.Scheme == "http" && host != "localhost" && !net.ParseIP(host).IsLoopback() {
				t.Fatalf("%q dials %q in clear text", base, addr)
			}
		}
	})
}

package blackbox

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// elsewhere returns a server that no request should reach, and the number of its requests.
func elsewhere(t *testing.T) (*httptest.Server, *atomic.Int32) {
	var requests atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.Redirect(w, r, "http://"+r.Header.Get("X-Back"), http.StatusTemporaryRedirect)
	}))
	t.Cleanup(srv.Close)
	return srv, &requests
}

// A redirect is an error that names the host of its target and nothing else of it. No request is sent to the target,
// whatever the status, method, client and target.
func TestRedirectsAreNotFollowed(t *testing.T) {
	other, arrivals := elsewhere(t)
	otherPort := other.Listener.Addr().(*net.TCPAddr).Port
	var location atomic.Value
	var status, requests atomic.Int32
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/"})
		w.Header().Set("Location", location.Load().(string))
		w.WriteHeader(int(status.Load()))
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)

	// Every other host name leads to the other server, so that any request to it would arrive there.
	anywhere := plain.Client().Transport.(*http.Transport).Clone()
	anywhere.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != plain.Listener.Addr().String() {
			address = other.Listener.Addr().String()
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	t.Cleanup(anywhere.CloseIdleConnections)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	follow := func(*http.Request, []*http.Request) error { return nil }

	origins := []struct {
		name   string
		base   string
		client *http.Client // nil for the client's own
	}{
		{"its own transport", plain.URL, nil},
		{"a client that follows", plain.URL, &http.Client{Transport: anywhere, CheckRedirect: follow, Jar: jar, Timeout: time.Minute}},
		{"a client without anything", plain.URL, &http.Client{}},
		{"https", secure.URL, secure.Client()},
	}
	port := plain.Listener.Addr().(*net.TCPAddr).Port
	targets := map[string]string{
		"another host":          fmt.Sprintf("http://localhost:%d/accounts?secret=1", otherPort),
		"another port":          other.URL + "/organizations",
		"a subdomain":           fmt.Sprintf("http://api.localhost:%d/", otherPort),
		"the same host by name": fmt.Sprintf("http://localhost:%d/organizations", port),
		"the same origin":       plain.URL + "/organizations/o2",
		"without a scheme":      "//" + other.Listener.Addr().String() + "/x",
		"a path":                "/organizations/o2",
		"with a user":           "http://user:password@" + other.Listener.Addr().String() + "/",
		"https":                 "https://localhost/",
	}
	for _, origin := range origins {
		for scheme, credential := range credentials {
			opts := []cloudflare.Option{credential, cloudflare.WithBaseURL(origin.base), cloudflare.WithMaxRetries(2)}
			if origin.client != nil {
				opts = append(opts, cloudflare.WithHTTPClient(origin.client))
			}
			c, err := cloudflare.NewClient(opts...)
			require.NoError(t, err)
			for target, to := range targets {
				location.Store(to)
				for _, code := range []int32{300, 301, 302, 303, 304, 307, 308} {
					status.Store(code)
					for _, m := range everyMethod {
						requests.Store(0)
						_, err := m.call(t.Context(), c, cloudflare.SetHeader("X-Back", plain.Listener.Addr().String()))
						var apiError *cloudflare.Error
						require.ErrorAs(t, err, &apiError, "%s, %s, %s, %s", origin.name, scheme, target, m.name)
						assert.EqualValues(t, code, apiError.StatusCode)
						assert.ErrorContains(t, err, "redirects are not followed")
						if where, _ := url.Parse(to); where.Host != "" {
							assert.ErrorContains(t, err, strconv.Quote(where.Host))
						}
						assert.NotContains(t, err.Error(), "secret=1")
						assert.NotContains(t, err.Error(), "password")
						assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
						assert.EqualValues(t, 1, requests.Load(), "requests to the origin")
					}
				}
			}
		}
	}
	assert.Zero(t, arrivals.Load(), "requests that went elsewhere")
	assert.NotEmpty(t, jar.Cookies(&url.URL{Scheme: "http", Host: plain.Listener.Addr().String(), Path: "/"}), "the jar is used")
}

// A 304 without a Location is not a redirect.
func TestNotModifiedWithoutALocation(t *testing.T) {
	_, err := newClient(t, respondWith(304, ""), noRetries).Organizations.Get(t.Context(), "o1")
	assert.EqualError(t, err, "cloudflare: GET /organizations/o1: 304 Not Modified: the body is empty")
	_, err = newClient(t, respondWith(304, "", "Location: /x"), noRetries).Organizations.Get(t.Context(), "o1")
	assert.EqualError(t, err, "cloudflare: GET /organizations/o1: 304 Not Modified: redirects are not followed")
}

func TestMalformedLocations(t *testing.T) {
	for _, location := range []string{
		"", ":", "%zz", "http://[::1", "http://a b/", "//", "///", "javascript:alert(1)", "http://", "?", "#", "\x00", "é",
		"http://a\x1b[2J/", "http://" + strings.Repeat("h", 100_000) + "/", "mailto:x@example.com",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, m := range everyMethod {
				result, err := m.call(t.Context(), newClient(t, respondWith(status, "", rayHeader, "Location: "+location), noRetries))
				requireResponseError(t, m, result, err, status)
				assert.ErrorContains(t, err, "redirects are not followed", "%.40q", location)
			}
		}
	}
}

package cloudflare_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// The canaries: any twelve bytes in a row of one hold canary, so that a piece of one is found as well.
const (
	canary      = "C4n4ry"
	canaryToken = "cfut_C4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ry"
	canaryKey   = "cfk_C4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ry"
	canaryEmail = "C4n4ryC4n4ry+C4n4ry@C4n4ry.example"
)

// credentials are both schemes.
var credentials = map[string]cloudflare.Option{
	"token": cloudflare.WithAPIToken(canaryToken),
	"key":   cloudflare.WithAPIKey(canaryKey, canaryEmail),
}

// sent returns all credentials that a request carries, as a server that echoes them sees them.
func sent(r *http.Request) string {
	return strings.Join([]string{r.Header.Get("Authorization"), r.Header.Get("X-Auth-Key"), r.Header.Get("X-Auth-Email")}, " ")
}

// renderings are all the ways in which a value ends up in a log.
func renderings(t *testing.T, v any) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	encoded, err := json.Marshal(v)
	out["JSON"] = fmt.Sprint(string(encoded), err)
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		var text, structured bytes.Buffer
		options := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
		slog.New(slog.NewTextHandler(&text, options)).Log(t.Context(), level, "m", "v", v, slog.Group("g", "v", v))
		slog.New(slog.NewJSONHandler(&structured, options)).Log(t.Context(), level, "m", "v", v, slog.Group("g", "v", v))
		out["slog text "+level.String()], out["slog JSON "+level.String()] = text.String(), structured.String()
	}
	out["panic"] = fmt.Sprint(func() (r any) {
		defer func() { r = recover() }()
		panic(v)
	}())
	out["reflection"] = strings.Join(reachable(v), "\n")
	return out
}

// reachable returns every text that reflection can reach, as dumpers like spew do: behind pointers and interfaces, in
// fields that are not exported, in maps and in the buffers of connections.
func reachable(v any) []string {
	var texts []string
	seen := make(map[[2]any]bool)
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			texts = append(texts, v.String())
		case reflect.Pointer:
			at := [2]any{v.Pointer(), v.Type()}
			if v.IsNil() || seen[at] {
				return
			}
			seen[at] = true
			walk(v.Elem())
		case reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Map:
			for entries := v.MapRange(); entries.Next(); {
				walk(entries.Key())
				walk(entries.Value())
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				text := make([]byte, v.Len())
				for i := range text {
					text[i] = byte(v.Index(i).Uint())
				}
				texts = append(texts, string(text))
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(v))
	return texts
}

func TestReachableReachesEverything(t *testing.T) {
	type inner struct{ hidden any }
	value := &inner{map[string]any{"k": []any{inner{&[]byte{'x', 'y'}}}}}
	assert.ElementsMatch(t, []string{"k", "xy"}, reachable(value))
}

func requireNoCanary(t *testing.T, what string, v any) {
	t.Helper()
	for how, text := range renderings(t, v) {
		if strings.Contains(text, canary) {
			at := strings.Index(text, canary)
			t.Fatalf("%s shows a credential (%s): %q", what, how, text[max(0, at-100):min(len(text), at+100)])
		}
	}
}

// elsewhere counts the requests that arrive at a server that no request should reach.
func elsewhere(t *testing.T) (*httptest.Server, *atomic.Int32) {
	var requests atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.Redirect(w, r, "http://"+r.Header.Get("X-Back"), http.StatusTemporaryRedirect)
	}))
	t.Cleanup(srv.Close)
	return srv, &requests
}

// A redirect is an error that names where it pointed, by host alone. Nothing is sent there, whatever the status, the
// method, the client and the target.
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

	// Every name leads to the other server, so that a request to any of them would arrive.
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
						var answer *cloudflare.Error
						require.ErrorAs(t, err, &answer, "%s, %s, %s, %s", origin.name, scheme, target, m.name)
						assert.EqualValues(t, code, answer.StatusCode)
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

func TestMalformedLocations(t *testing.T) {
	for _, location := range []string{
		"", ":", "%zz", "http://[::1", "http://a b/", "//", "///", "javascript:alert(1)", "http://", "?", "#", "\x00", "é",
		"http://a\x1b[2J/", "http://" + strings.Repeat("h", 100_000) + "/", "mailto:x@example.com",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, m := range everyMethod {
				result, err := m.call(t.Context(), newSingleAttemptClient(t, respondWith(status, "", rayHeader, "Location: "+location)))
				requireAnswerError(t, m, result, err, status)
				assert.ErrorContains(t, err, "redirects are not followed", "%.40q", location)
			}
		}
	}
}

// Exactly one scheme is sent, and to the base URL.
func TestEveryMethodSendsOneScheme(t *testing.T) {
	all := []string{"Authorization", "X-Auth-Key", "X-Auth-Email", "X-Auth-User-Service-Key", "Cookie", "Proxy-Authorization"}
	want := map[string]map[string]string{
		"token": {"Authorization": "Bearer " + canaryToken},
		"key":   {"X-Auth-Key": canaryKey, "X-Auth-Email": canaryEmail},
	}
	for scheme, credential := range credentials {
		for _, m := range everyMethod {
			var got *http.Request
			c, err := cloudflare.NewClient(credential, cloudflare.WithMaxRetries(0), cloudflare.WithHTTPClient(&http.Client{
				Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					got = r
					return respondWith(200, m.success())(r)
				}),
			}))
			require.NoError(t, err)
			_, err = m.call(t.Context(), c)
			require.NoError(t, err)
			for _, name := range all {
				assert.Equal(t, want[scheme][name], got.Header.Get(name), "%s: %s", m.name, name)
			}
			assert.Equal(t, apiURL+m.path(), "https://"+got.URL.Host+got.URL.Path)
			assert.Equal(t, "api.cloudflare.com", got.Host)
			assert.NotContains(t, got.URL.String(), canary)
		}
	}
}

// A transport may change the request that it gets: no other request sees that.
func TestTransportsThatChangeRequests(t *testing.T) {
	redacting := roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "Bearer "+canaryToken || r.Header.Get("X-Mine") != "mine" ||
			r.URL.String() != "https://api.cloudflare.com/client/v4/organizations/o1?q=1" {
			return nil, fmt.Errorf("got a request that another one changed: %s %v", r.URL, r.Header)
		}
		for name, values := range r.Header {
			for i := range values {
				values[i] = "changed"
			}
			r.Header[name] = append(values, "more")
		}
		r.Header.Set("X-Added", "1")
		delete(r.Header, "Authorization")
		r.URL.Host, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.Host = "elsewhere.example", "/", "/", "", "elsewhere.example"
		return respondWith(200, `{"success":true,"result":`+anOrganization+`}`)(r)
	})
	c := newSingleAttemptClient(t, redacting)
	opts := []cloudflare.CallOption{cloudflare.SetHeader("X-Mine", "mine"), cloudflare.AddQuery("q", "1")}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				_, err := c.Organizations.Get(t.Context(), "o1", opts...)
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
}

// What would send a credential in the clear, or anywhere but to one origin, is refused. What is wrong with the URL may
// itself be a password, so that no refusal shows it.
func TestBaseURLsThatAreRefused(t *testing.T) {
	for _, base := range []string{
		"", "api.cloudflare.com", "/client/v4", "//api.cloudflare.com", "https://", "https:///x", "https://:443", "https:api.cloudflare.com",
		"http://api.cloudflare.com", "http://example.com:80/x", "http://10.0.0.1", "http://192.168.1.1", "http://0.0.0.0", "http://[::]",
		"http://[fe80::1]", "http://169.254.169.254", "http://localhost.example.com", "http://127.0.0.1.example.com", "http://localhost@example.com",
		"http://127.1", "http://2130706433", "http://0x7f.1", "http://localhost.", "http://[::ffff:10.0.0.1]",
		"https://user@example.com", "https://user:" + canary + "@example.com", "https://:" + canary + "@example.com", "https://@example.com",
		"https://example.com?", "https://example.com?token=" + canary, "https://example.com/#", "https://example.com/x#" + canary,
		"ftp://example.com", "file:///etc/passwd", "unix:///var/run/x.sock", "HTTP://example.com", "javascript:x", "ws://localhost",
		"https://exa mple.com", " https://example.com", "https://example.com ", "https://example.com/\n", "https://example.com\r\nX: y", "https://example.com/\x00",
		"https://example.com\\@localhost", `https://localhost\.example.com`, "https://example.com/../x", "https://example.com/%2e%2e/x",
		"https://example.com/a/./b", "https://example.com/%zz", "https://[::1", "https://example.com:port", "https://exämple.com", "https://example.com:-1",
		`https://example".com`, "https://<example>", "https://*", "https://example.com,example.org", "https://$(x)", "https://a'b",
	} {
		_, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithBaseURL(base))
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", base) {
			assert.ErrorContains(t, err, "WithBaseURL")
			assert.NotContains(t, err.Error(), canary)
		}
	}
	for _, base := range []string{
		"https://api.cloudflare.com/client/v4", "https://api.cloudflare.com/client/v4/", "https://example.com:8443", "https://10.0.0.1/x", "https://[fe80::1]:1/",
		"http://localhost", "http://localhost:8080/client/v4", "http://127.0.0.1:1", "http://127.8.8.8", "http://[::1]:80/x", "https://example.com/a%20b",
	} {
		_, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithBaseURL(base))
		assert.NoError(t, err, "%q", base)
	}
}

// Credentials that were copied wrongly are refused, and not shown: nor mended, as the caller should know.
func TestCredentialsThatAreRefused(t *testing.T) {
	bad := []string{
		"", " ", canary + " ", " " + canary, canary + "\n", canary + "\r\nX-Evil: 1", canary + "\x00", "\t" + canary, canary + " " + canary,
		canary + "\x7f", canary + "é", "\ufeff" + canary, canary + "\u200b", canary + "\u00a0", canary + "\xff", "Bearer " + canary,
	}
	for _, value := range bad {
		attempts := map[string][]cloudflare.Option{
			"WithAPIToken":  {cloudflare.WithAPIToken(value)},
			"WithAPIKey":    {cloudflare.WithAPIKey(value, "a@example.com")},
			"WithAPIKey's ": {cloudflare.WithAPIKey("key", "@"+value+" ")},
		}
		for name, opts := range attempts {
			_, err := cloudflare.NewClient(opts...)
			require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s %q", name, value)
			assert.ErrorContains(t, err, "WithAPI")
			requireNoCanary(t, name, err)
		}
		if value == "" || strings.Contains(value, "\x00") { // which stands for unset, or which no environment holds
			continue
		}
		for _, env := range []map[string]string{
			{"CLOUDFLARE_API_TOKEN": value},
			{"CLOUDFLARE_API_KEY": value, "CLOUDFLARE_EMAIL": "a@example.com"},
			{"CLOUDFLARE_API_KEY": "key", "CLOUDFLARE_EMAIL": "@" + value + " "},
			{"CLOUDFLARE_API_KEY": "key", "CLOUDFLARE_EMAIL": canary},
			{"CLOUDFLARE_API_KEY": canary},
			{"CLOUDFLARE_API_KEY": canary, "CLOUDFLARE_API_TOKEN": canary},
		} {
			_, err := newFromEnvironment(t, env)
			require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%v", env)
			assert.ErrorContains(t, err, "CLOUDFLARE_")
			requireNoCanary(t, "the environment", err)
		}
	}
	for name, opts := range map[string][]cloudflare.Option{
		"an e-mail without @": {cloudflare.WithAPIKey("key", canary)},
		"no e-mail":           {cloudflare.WithAPIKey(canary, "")},
		"two":                 {cloudflare.WithAPIToken(canary), cloudflare.WithAPIKey(canary, "a@"+canary)},
		"two tokens":          {cloudflare.WithAPIToken(canary), cloudflare.WithAPIToken(canary + "2")},
	} {
		_, err := cloudflare.NewClient(opts...)
		require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name)
		requireNoCanary(t, name, err)
	}
}

func newFromEnvironment(t *testing.T, env map[string]string) (*cloudflare.Client, error) {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"} {
		t.Setenv(name, env[name])
	}
	return cloudflare.NewClient()
}

// Nothing that a program holds of this package shows a credential, in whatever way it is printed: also after requests,
// when the buffers of connections hold one.
func TestNoPrinterReachesACredential(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"success":true,"result":`+anOrganization+`}`)
	}))
	t.Cleanup(srv.Close)
	for scheme, credential := range credentials {
		for _, hc := range []*http.Client{nil, {Transport: srv.Client().Transport}} {
			opts := []cloudflare.Option{credential, cloudflare.WithBaseURL(srv.URL), cloudflare.WithUserAgent("x/1"),
				cloudflare.WithLogger(slog.New(slog.DiscardHandler)), cloudflare.WithTimeout(time.Minute)}
			if hc != nil {
				opts = append(opts, cloudflare.WithHTTPClient(hc))
			}
			c, err := cloudflare.NewClient(opts...)
			require.NoError(t, err)
			_, err = c.Organizations.Get(t.Context(), "o1")
			require.NoError(t, err)
			for name, v := range map[string]any{
				"*Client": c, "Client": *c, "a service": c.Organizations, "a service's value": *c.Organizations,
				"another service": c.OrganizationProfile, "options": opts, "the credential's option": credential,
			} {
				requireNoCanary(t, scheme+": "+name, v)
			}
		}
	}
}

// A server that answers with what it was sent, wherever it may put that, gets it into no error and no log record.
func TestServersThatEchoCredentials(t *testing.T) {
	asJSON := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	type echo struct {
		status int
		header func(h http.Header, secret string)
		body   func(secret string) string
	}
	body := func(status int, body func(string) string) echo { return echo{status, nil, body} }
	header := func(status int, name, format string) echo {
		return echo{status, func(h http.Header, secret string) { h.Set(name, fmt.Sprintf(format, secret)) }, nil}
	}
	echoes := map[string]echo{
		"a message":        body(400, func(s string) string { return `{"success":false,"errors":[{"message":` + asJSON("bad: "+s) + `}]}` }),
		"a message in 200": body(200, func(s string) string { return `{"success":false,"errors":[{"message":` + asJSON("bad: "+s) + `}]}` }),
		"an error's text": body(403, func(s string) string {
			return `{"success":false,"errors":[` + asJSON(s) + `],"messages":[` + asJSON(s) + `]}`
		}),
		"a chain": body(400, func(s string) string {
			return `{"success":false,"errors":[{"code":6003,"message":"m","error_chain":[{"code":6103,"message":` + asJSON(s) + `}]}]}`
		}),
		"documentation_url": body(403, func(s string) string {
			return `{"success":false,"errors":[{"message":"m","documentation_url":` + asJSON("https://x/?"+s) + `}]}`
		}),
		"a pointer": body(400, func(s string) string {
			return `{"success":false,"errors":[{"message":"m","source":{"pointer":` + asJSON("/"+s) + `}}]}`
		}),
		"a raw message": body(400, func(s string) string { return `{"success":false,"errors":[{"message":{"a":[` + asJSON(s) + `]}}]}` }),
		"a code":        body(400, func(s string) string { return `{"success":false,"errors":[{"code":` + asJSON(s) + `,"message":"m"}]}` }),
		"a flat error":  body(400, func(s string) string { return `{"code":1,"error":` + asJSON(s) + `}` }),
		"problem+json": body(502, func(s string) string {
			return `{"title":` + asJSON(s) + `,"detail":` + asJSON(s) + `,"ray_id":` + asJSON(s) + `,"instance":` + asJSON(s) + `}`
		}),
		"a long message": body(400, func(s string) string {
			return `{"success":false,"errors":[{"message":` + asJSON(strings.Repeat(s+" ", 1000)) + `}]}`
		}),
		"JSON":            body(400, func(s string) string { return `{"echo":` + asJSON(s) + `}` }),
		"JSON in 200":     body(200, func(s string) string { return `{"echo":` + asJSON(s) + `}` }),
		"a bad timestamp": body(200, func(s string) string { return `{"success":true,"result":{"id":"o1","create_time":` + asJSON(s) + `}}` }),
		"a bad result":    body(200, func(s string) string { return `{"success":true,"result":` + asJSON(s) + `}` }),
		"a bad key":       body(200, func(s string) string { return `{"success":true,` + asJSON(s) + `:1,` + asJSON(s) + `:1}` }),
		"a bad key below": body(200, func(s string) string { return `{"success":true,"result":{` + asJSON(s) + `:{"a":1,"a":1}}}` }),
		"result_info":     body(200, func(s string) string { return `{"success":true,"result_info":{"next_page_token":[` + asJSON(s) + `]}}` }),
		"text":            body(500, func(s string) string { return s }),
		"text in 200":     body(200, func(s string) string { return s }),
		"quoted twice":    body(500, func(s string) string { return fmt.Sprintf("%q", fmt.Sprintf("%q", s)) }),
		"HTML":            body(500, func(s string) string { return "<html><p>" + html.EscapeString(s) + "</p>" }),
		"a query":         body(500, func(s string) string { return "/?" + url.Values{"q": {s}}.Encode() }),
		"a path":          body(500, func(s string) string { return "/" + url.PathEscape(s) }),
		"lower-case hex": body(500, func(s string) string {
			return strings.ReplaceAll(url.QueryEscape(s), "%2B", "%2b")
		}),
		"Cf-Ray":           header(500, "Cf-Ray", "%s-IAD"),
		"Location":         header(302, "Location", "https://x.example/%[1]s?%[1]s#%[1]s"),
		"Location's user":  header(302, "Location", "https://%s@x.example/"),
		"Location's host":  header(302, "Location", "https://%s.x.example/"),
		"a bad Location":   header(302, "Location", "https://[%s"),
		"Retry-After":      header(429, "Retry-After", "%s"),
		"Ratelimit":        header(429, "Ratelimit", `"%s";r=1;t=1`),
		"Ratelimit-Policy": header(429, "Ratelimit-Policy", `"%s";q=1;w=1`),
		"Content-Type":     header(500, "Content-Type", "%s"),
		"Set-Cookie":       header(500, "Set-Cookie", "a=%s"),
	}
	for _, at := range []int{1, 150, 180, 190, 195, 199} {
		echoes["text cut at "+strconv.Itoa(at)] = body(500, func(s string) string { return strings.Repeat("x", at) + s })
	}
	for _, at := range []int{4 << 10, 8 << 10, 16 << 10, 1 << 20} {
		for _, before := range []int{1, 20, 30, 45} {
			name := fmt.Sprintf("cut %d before %d", before, at)
			echoes["text "+name] = body(500, func(s string) string { return strings.Repeat(" ", at-before) + s })
			echoes["message "+name] = body(400, func(s string) string {
				return `{"success":false,"errors":[{"message":"` + strings.Repeat("x", at-before) + s + strings.Repeat("x", 20<<10) + `"}]}`
			})
		}
	}
	for name, e := range echoes {
		for scheme, credential := range credentials {
			t.Run(name+"/"+scheme, func(t *testing.T) {
				var logged bytes.Buffer
				var captured cloudflare.Response
				c, err := cloudflare.NewClient(credential, cloudflare.WithMaxRetries(1), cloudflare.WithMaxRetryWait(0),
					cloudflare.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
					cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
						h, text := make(http.Header), ""
						if e.header != nil {
							e.header(h, sent(r))
						}
						if e.body != nil {
							text = e.body(strings.TrimSpace(sent(r)))
						}
						response, err := respondWith(e.status, text)(r)
						response.Header = h
						return response, err
					})}))
				require.NoError(t, err)
				_, err = c.Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&captured))
				require.Error(t, err)
				requireNoCanary(t, "the error", err)
				requireNoCanary(t, "the response", captured)
				for _, err := range c.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}) {
					require.Error(t, err)
					requireNoCanary(t, "the page error", err)
				}
				_, err = c.Organizations.Update(t.Context(), "o1", cloudflare.OrganizationUpdateParams{Name: "n"})
				require.Error(t, err)
				requireNoCanary(t, "the error of a write", err)
				assert.NotContains(t, logged.String(), canary)
				assert.Contains(t, logged.String(), "attempt")
			})
		}
	}
}

// Credentials of characters that encoders escape are found in their usual spellings.
func TestServersThatEchoOddCredentials(t *testing.T) {
	const odd = `C4n4ry"C4n4ry\C4n4ry<C4n4ry>C4n4ry&C4n4ry'C4n4ry/C4n4ry+C4n4ry%C4n4ry=C4n4ry~`
	for name, spell := range map[string]func(string) string{
		"verbatim": func(s string) string { return s },
		"JSON":     func(s string) string { b, _ := json.Marshal(s); return string(b) },
		"quoted":   strconv.Quote,
		"query":    url.QueryEscape,
		"path":     url.PathEscape,
		"HTML":     html.EscapeString,
	} {
		c, err := cloudflare.NewClient(cloudflare.WithAPIToken(odd), cloudflare.WithMaxRetries(0),
			cloudflare.WithHTTPClient(&http.Client{Transport: respondWith(500, spell(odd))}))
		require.NoError(t, err)
		_, err = c.Organizations.Get(t.Context(), "o1")
		require.Error(t, err)
		requireNoCanary(t, name, err)
		assert.ErrorContains(t, err, "[redacted]", name)
	}
}

// What net/http itself says of an answer that is no HTTP quotes it.
func TestAnswersThatAreNoHTTPAndEchoCredentials(t *testing.T) {
	for name, raw := range map[string]string{
		"no HTTP":               "%s\r\n\r\n",
		"a status":              "HTTP/1.1 %s OK\r\n\r\n",
		"a version":             "HTTP/%s 200 OK\r\n\r\n",
		"a status text":         "HTTP/1.1 418 %s\r\nContent-Length: 0\r\n\r\n",
		"a header without name": "HTTP/1.1 200 OK\r\n: %s\r\n\r\n",
		"no header":             "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"a length":              "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"an encoding":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"a chunk":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
		"control characters":    "HTTP/1.1 200 OK\r\nX\x1b[2J\x07 %s\r\n\r\n",
		"more of them":          "\x1b[2J\x07\x00 %s\r\n\r\n",
		"a trailer":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n%s\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(func() { listener.Close() })
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
						fmt.Fprintf(conn, raw, sent(r))
					}
					conn.Close()
				}
			}()
			var logged bytes.Buffer
			c, err := cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken), cloudflare.WithMaxRetries(0),
				cloudflare.WithBaseURL("http://"+listener.Addr().String()), cloudflare.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
			require.NoError(t, err)
			_, err = c.Organizations.Get(t.Context(), "o1")
			require.Error(t, err)
			requireNoCanary(t, "the error", err)
			assert.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl), "%q", err.Error())
			assert.NotContains(t, logged.String(), canary)
			assert.NotEmpty(t, logged.String())
		})
	}
}

// carrying is an error that holds what its text does not show.
type carrying struct{ request *http.Request }

func (carrying) Error() string { return "the transport failed" }

func TestTransportErrorsThatCarryCredentials(t *testing.T) {
	for name, fail := range map[string]func(*http.Request) error{
		"a text":        func(r *http.Request) error { return errors.New("sent " + sent(r)) },
		"a quoted text": func(r *http.Request) error { return fmt.Errorf("sent %q", sent(r)) },
		"all of it":     func(r *http.Request) error { return fmt.Errorf("sent %v: %w", r.Header, io.ErrUnexpectedEOF) },
		"a *url.Error": func(r *http.Request) error {
			return &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New(sent(r))}
		},
		"within another": func(r *http.Request) error {
			return fmt.Errorf("outer: %w", &url.Error{Op: "Get", URL: sent(r), Err: io.EOF})
		},
		"in a field":       func(r *http.Request) error { return carrying{r} },
		"in a field below": func(r *http.Request) error { return fmt.Errorf("outer: %w", &carrying{r}) },
	} {
		for _, m := range everyMethod {
			var logged bytes.Buffer
			c := newSingleAttemptClient(t, roundTripper(func(r *http.Request) (*http.Response, error) { return nil, fail(r) }),
				cloudflare.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
			_, err := m.call(t.Context(), c)
			require.Error(t, err)
			requireNoCanary(t, name+": "+m.name, err)
			assert.NotContains(t, logged.String(), canary)
		}
	}
}

// Whatever a transport says, the error of a call is one line.
func TestTransportErrorsAreOneLine(t *testing.T) {
	c := newSingleAttemptClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.Join(errors.New("first"), errors.New("second\x1b[2J\r\nERROR forged"))
	}))
	_, err := c.Organizations.Get(t.Context(), "o1")
	assert.EqualError(t, err, "cloudflare: GET /organizations/o1: first second [2J ERROR forged")
}

// A *url.Error, which a transport that is a client itself returns, shows the host and the query.
func TestURLErrorsArePeeledOff(t *testing.T) {
	cause := errors.New("the cause")
	c := newSingleAttemptClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: cause}
	}))
	_, err := c.Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "secret-name"})
	require.ErrorIs(t, err, cause)
	assert.EqualError(t, err, "cloudflare: GET /organizations: the cause")
	_, isURLError := errors.AsType[*url.Error](err)
	assert.False(t, isURLError)
}

// A credential that was passed in the wrong place is in no error and no log record: whether it is refused there, or a
// server says that it is wrong.
func TestCredentialsInTheWrongPlace(t *testing.T) {
	wrong := map[string]func(ctx context.Context, c *cloudflare.Client, value string) error{
		"SetHeader's value": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Get(ctx, "o1", cloudflare.SetHeader("X-Mine", value))
			return err
		},
		"SetHeader's key": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Get(ctx, "o1", cloudflare.SetHeader(value, "x"))
			return err
		},
		"AddQuery's value": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Get(ctx, "o1", cloudflare.AddQuery("q", value))
			return err
		},
		"AddQuery's key": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Get(ctx, "o1", cloudflare.AddQuery(value, "x"))
			return err
		},
		"a name": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: value})
			return err
		},
		"a filter": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.List(ctx, cloudflare.OrganizationListParams{NameContains: value})
			return err
		},
		"a page token": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.List(ctx, cloudflare.OrganizationListParams{PageToken: value})
			return err
		},
		"Call's method": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: value, Path: []string{"x"}}, nil)
		},
		"Call's path": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "GET", Path: []string{"x", value}}, nil)
		},
		"Call's query": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "GET", Path: []string{"x"}, Query: url.Values{value: {"x"}}}, nil, cloudflare.AddQuery(value, "y"))
		},
		"Call's body": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "POST", Path: []string{"x"}, Body: json.RawMessage(value)}, nil)
		},
	}
	for _, m := range everyIDMethod {
		wrong[m.name] = func(ctx context.Context, c *cloudflare.Client, value string) error { return m.call(ctx, c, value) }
	}
	answers := map[string]roundTripper{
		"a refusal":   respondWith(404, `{"success":false,"errors":[{"code":7003,"message":"no route"}]}`),
		"a failure":   respondWith(500, ""),
		"no answer":   func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"an unusable": respondWith(200, "<html>"),
	}
	for name, call := range wrong {
		for answer, transport := range answers {
			for _, value := range []string{canaryToken, "Bearer " + canaryToken, canaryToken + "\n", "/" + canaryToken, canaryToken + "\xff"} {
				var logged bytes.Buffer
				c := newSingleAttemptClient(t, transport, cloudflare.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
				err := call(t.Context(), c, value)
				require.Error(t, err, "%s, %s, %q", name, answer, value)
				requireNoCanary(t, fmt.Sprintf("%s, %s, %q", name, answer, value), err)
				assert.NotContains(t, logged.String(), canary)
			}
		}
	}
	for _, value := range []string{canaryToken + "\n", " " + canaryToken} {
		_, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithUserAgent(value))
		require.Error(t, err)
		requireNoCanary(t, "WithUserAgent", err)
	}
}

// The log says what it says it does, and at every level no more than that.
func TestLogRecordsHoldNoSecrets(t *testing.T) {
	var logged bytes.Buffer
	answer := respondWith(200, `{"success":true,"result":`+anOrganization+`}`, rayHeader)
	c := newSingleAttemptClient(t, answer, cloudflare.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.Level(-100)}))))
	_, err := c.Organizations.Update(t.Context(), "o1", cloudflare.OrganizationUpdateParams{Name: "in-the-body"},
		cloudflare.SetHeader("X-Mine", "in-a-header"), cloudflare.AddQuery("q", "in-the-query"))
	require.NoError(t, err)
	var record map[string]any
	require.NoError(t, json.Unmarshal(logged.Bytes(), &record))
	delete(record, "time")
	delete(record, "duration")
	assert.Equal(t, map[string]any{
		"level": "DEBUG", "msg": "cloudflare request", "method": "PUT", "path": "/organizations/o1", "attempt": 1.0, "status": 200.0,
		"ray_id": "86610873f8d987a9-IAD",
	}, record)
}

// What a program that crashes leaves behind shows no credential either. It crashes in a process of its own.
func TestCrashesShowNoCredential(t *testing.T) {
	if os.Getenv("CRASH") != "" {
		var c *cloudflare.Client
		c = newSingleAttemptClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			panic(fmt.Errorf("crashed on purpose: %+v %#v", c, c))
		}))
		c.Organizations.Get(t.Context(), "o1")
		return
	}
	program, err := os.Executable()
	require.NoError(t, err)
	crash := exec.Command(program, "-test.run=^TestCrashesShowNoCredential$")
	crash.Env = append(os.Environ(), "CRASH=1", "GOTRACEBACK=system")
	output, err := crash.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(output), "crashed on purpose")
	assert.Contains(t, string(output), "rest.(*Sender)", "a trace of every frame")
	assert.NotContains(t, string(output), canary)
}

// What the security policy promises names the tests that hold it, and they are there.
func TestPromisesAreTested(t *testing.T) {
	policy, err := os.ReadFile("SECURITY.md")
	require.NoError(t, err)
	files, err := fs.Glob(os.DirFS("."), "*_test.go")
	require.NoError(t, err)
	inner, err := fs.Glob(os.DirFS("."), "internal/*/*_test.go")
	require.NoError(t, err)
	var code strings.Builder
	for _, name := range append(files, inner...) {
		file, err := os.ReadFile(name)
		require.NoError(t, err)
		code.Write(file)
	}
	_, promises, found := strings.Cut(string(policy), "## What you can rely on")
	require.True(t, found)
	promises, _, _ = strings.Cut(promises, "## What is yours to keep")
	for promise := range strings.SplitSeq(promises, "\n- ") {
		names := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`").FindAllStringSubmatch(promise, -1)
		if strings.Contains(promise, "Each promise ends") {
			continue
		}
		assert.NotEmpty(t, names, "no test holds: %s", promise)
		for _, name := range names {
			assert.Contains(t, code.String(), "\nfunc "+name[1]+"(", "named by a promise")
		}
	}
}

// Control characters in what becomes a header are refused before anything is sent.
func TestHeadersThatAreRefused(t *testing.T) {
	sentNothing := roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, io.EOF
	})
	for _, value := range []string{"a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00", "\x7f", "a\tb", "a\x1b[2J", "a\u0085b", "a\xff"} {
		_, err := newSingleAttemptClient(t, sentNothing).Organizations.Get(t.Context(), "o1", cloudflare.SetHeader("X-Mine", value))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", value)
		assert.ErrorContains(t, err, "SetHeader")
		_, err = cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithUserAgent(value))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", value)
		assert.ErrorContains(t, err, "WithUserAgent")
	}
	for _, value := range []string{"", " ", " a", "a ", "\u00a0"} {
		_, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithUserAgent(value))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", value)
	}
	for _, key := range []string{
		"", " ", "X Mine", "X-Mine:", "X-Mine\r\nX-Evil", "X-Mïne", "(X)", "X-Mine\x00", "X/Y",
		"Authorization", "authorization", "AUTHORIZATION", "X-Auth-Key", "x-auth-key", "X-Auth-Email", "X-Auth-User-Service-Key", "x-auth-anything",
		"Proxy-Authorization", "Cookie", "cookie", "Host", "host", "Accept", "accept", "Accept-Encoding", "Content-Type", "content-length",
		"Content-Encoding", "Content-Anything", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "TE", "Trailer", "Transfer-Encoding", "transfer-encoding",
		"Upgrade", "Expect", "Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY", "X-Idempotency-Key", "x-idempotency-KEY",
		"X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override",
	} {
		_, err := newSingleAttemptClient(t, sentNothing).Organizations.Get(t.Context(), "o1", cloudflare.SetHeader(key, "x"))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", key)
	}
}

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
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// renderings returns the text of a value in each of the ways in which it can end up in a log.
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

// reachable returns every string that reflection can reach, as dumpers like spew do: behind pointers and interfaces, in
// unexported fields, in maps and in the buffers of connections.
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

func TestReachable(t *testing.T) {
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

// No value of this package shows a credential, however it is printed. That holds after requests too, when the buffers
// of connections contain it.
func TestNoPrinterReachesACredential(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"success":true,"result":`+anOrganization+`}`)
	}))
	t.Cleanup(srv.Close)
	for scheme, credential := range credentials {
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		origin, err := url.Parse(srv.URL)
		require.NoError(t, err)
		jar.SetCookies(origin, []*http.Cookie{{Name: "session", Value: canaryToken}})
		for _, hc := range []*http.Client{nil, {Transport: srv.Client().Transport}, {Jar: jar}} {
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

// No encoder or print verb shows what the error of an attempt holds, such as the certificate of a server.
func TestAttemptsShowNoCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	var attempt cloudflare.Attempt
	client := newClient(t, cloudflare.NewTransport(), noRetries, cloudflare.WithBaseURL(server.URL),
		cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { attempt = a }))
	_, err := client.Organizations.Get(t.Context(), organizationID)
	require.Error(t, err)
	untrusted, ok := errors.AsType[*tls.CertificateVerificationError](attempt.Err)
	require.True(t, ok, "%v", attempt.Err)
	subject := untrusted.UnverifiedCertificates[0].Subject.Organization[0]
	require.NotEmpty(t, subject)
	for how, text := range renderings(t, attempt) {
		assert.NotContains(t, text, subject, how)
	}
	for how, text := range renderings(t, err) {
		assert.NotContains(t, text, subject, how)
	}
}

// carrying is an error with a request in a field.
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
			c := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) { return nil, fail(r) }), noRetries,
				cloudflare.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
			_, err := m.call(t.Context(), c)
			require.Error(t, err)
			requireNoCanary(t, name+": "+m.name, err)
			assert.NotContains(t, logged.String(), canary)
		}
	}
}

// The output of a program that crashes contains no credential. It crashes in a process of its own.
func TestCrashesShowNoCredential(t *testing.T) {
	if os.Getenv("CRASH") != "" {
		var c *cloudflare.Client
		c = newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			panic(fmt.Errorf("crashed on purpose: %+v %#v", c, c))
		}), noRetries)
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

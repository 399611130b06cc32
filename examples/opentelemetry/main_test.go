package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

func TestDrawing(t *testing.T) {
	var out, errs bytes.Buffer
	require.Equal(t, 0, run(t.Context(), nil, &out, &errs), errs.String())
	assert.Empty(t, errs.String())

	constant := regexp.MustCompile(` +\d+\.\d ms +[·█]{40}`).ReplaceAllString(out.String(), " |")
	constant = regexp.MustCompile(`[0-9a-f]{32}|…\S+`).ReplaceAllString(constant, "…")
	assert.Equal(t, `trace …

inventory |
├─ list organizations |  2 found
│  └─ GET /organizations |  200
├─ list organizations below … |  25 found
│  ├─ GET /organizations |  200
│  ├─ GET /organizations |  503, ray 86610873f8d987a9-IAD
│  ├─ GET /organizations (attempt 2) |  200
│  └─ GET /organizations |  200
└─ list organizations below … |  3 found
   ├─ GET /organizations |  unexpected EOF
   └─ GET /organizations (attempt 2) |  200
`, constant)
}

func TestExits(t *testing.T) {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"} {
		t.Setenv(name, "")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name        string
		ctx         context.Context
		args        []string
		code        int
		out, errout string
	}{
		{"help", t.Context(), []string{"-h"}, 0, "Usage: opentelemetry", ""},
		{"unknown flag", t.Context(), []string{"-x"}, 2, "", "-x; see -h"},
		{"argument", t.Context(), []string{"x"}, 2, "", `unexpected argument "x"`},
		{"page size", t.Context(), []string{"-page-size", "1001"}, 2, "inventory", "PageSize must be between 1 and 1000"},
		{"no credential", t.Context(), []string{"-live"}, 2, "", "CLOUDFLARE_API_TOKEN"},
		{"interrupted", cancelled, nil, 130, "context canceled", "interrupted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			assert.Equal(t, test.code, run(test.ctx, test.args, &out, &errs))
			assert.Contains(t, out.String(), test.out)
			assert.Contains(t, errs.String(), test.errout)
			assert.Equal(t, []bool{test.out == "", test.errout == ""}, []bool{out.Len() == 0, errs.Len() == 0})
		})
	}
	assert.Equal(t, 1, run(t.Context(), nil, brokenPipe{}, new(bytes.Buffer)), "a drawing that cannot be written")
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// What a program's traces are grouped and filtered by.
func TestSpans(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("Example", "")
	server.Fail(1, cloudflaretest.Status(http.StatusBadGateway, nil, ""))
	server.Fail(3, cloudflaretest.Reset())
	recorder := tracetest.NewSpanRecorder()
	client := server.Client(attemptSpans(recorder), cloudflare.WithMaxRetryWait(time.Millisecond))
	ctx, parent := sdktrace.NewTracerProvider().Tracer("").Start(t.Context(), "parent")
	_, err := client.Organizations.Get(ctx, id)
	require.NoError(t, err)
	_, err = client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "New"})
	require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
	_, err = client.Organizations.Get(ctx, strings.Repeat("0", 32))
	require.ErrorIs(t, err, cloudflare.ErrNotFound)

	var got []string
	for _, span := range recorder.Ended() {
		status, route := value(span, "http.response.status_code").AsInt64(), value(span, "url.template").AsString()
		got = append(got, fmt.Sprint(span.Name(), " ", value(span, "http.request.resend_count").AsInt64(), " ", status, " ", span.Status().Code))
		assert.Equal(t, value(span, "http.request.method").AsString()+" "+route, span.Name())
		assert.Equal(t, parent.SpanContext().SpanID(), span.Parent().SpanID())
		assert.Equal(t, trace.SpanKindClient, span.SpanKind())
		assert.Positive(t, span.EndTime().Sub(span.StartTime()))
	}
	assert.Equal(t, []string{
		"GET /organizations/{organization_id} 0 502 Error",
		"GET /organizations/{organization_id} 1 200 Unset",
		"POST /organizations 0 0 Error",
		"GET /organizations/{organization_id} 0 404 Error",
	}, got)
	for _, request := range server.Requests() {
		assert.Empty(t, request.Header.Get("Traceparent"))
	}
}

// attemptSpans is the option under test, with spans that end in recorder.
func attemptSpans(recorder *tracetest.SpanRecorder) cloudflare.Option {
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	return cloudflare.WithAttemptHook(traceAttempts(provider.Tracer("")))
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever a server or a transport echoes, no span holds a credential or a filter.
func TestSpansHoldNoCredentialAndNoFilter(t *testing.T) {
	const token, key, email, filter, next = "C4n4ryToken0123456789", "C4n4ryKey0123456789abcdef01234567890", "canary@example.com", "Canary & Sons", "C4n4ryPage"
	respond := func(status int, body string) func(*http.Request, string) (*http.Response, error) {
		return func(r *http.Request, echo string) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Request: r, Body: io.NopCloser(strings.NewReader(strings.ReplaceAll(body, "ECHO", echo))),
				Header: http.Header{
					"Content-Type": {"application/json"}, "Cf-Ray": {echo}, "X-Echo": {echo}, "Set-Cookie": {"a=" + echo},
					"Location": {r.URL.String() + "&token=" + url.QueryEscape(echo)}, "Ratelimit": {`"` + echo + `";r=1;t=1`}, "Server": {echo},
				},
			}, nil
		}
	}
	fail := func(err func(r *http.Request, echo string) error) func(*http.Request, string) (*http.Response, error) {
		return func(r *http.Request, echo string) (*http.Response, error) { return nil, err(r, echo) }
	}
	const failure = `{"success":false,"errors":[{"code":10000,"message":"no ECHO","documentation_url":"https://example.com/?ECHO","source":{"pointer":"/ECHO"}}],"messages":[{"message":"ECHO"}],"ray_id":"ECHO"}`
	for name, respond := range map[string]func(*http.Request, string) (*http.Response, error){
		"success":                 respond(200, `{"success":true,"result":[]}`),
		"success with an echo":    respond(200, `{"success":true,"result":[{"id":"ECHO","name":"ECHO"}],"messages":[{"message":"ECHO"}]}`),
		"another page":            respond(200, `{"success":true,"result":[{"id":"a","name":"b"}],"result_info":{"next_page_token":"`+next+`"}}`),
		"failure with status 200": respond(200, failure),
		"no JSON":                 respond(200, `ECHO`),
		"bad request":             respond(400, failure),
		"unauthorized":            respond(401, failure),
		"forbidden":               respond(403, failure),
		"HTML from a proxy":       respond(502, `<html>ECHO</html>`),
		"redirect":                respond(302, ``),
		"status 999":              respond(999, `ECHO`),
		"no connection":           fail(func(_ *http.Request, echo string) error { return fmt.Errorf("dial %s: refused", echo) }),
		"the URL in the error": fail(func(r *http.Request, echo string) error {
			return &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New(echo)}
		}),
		"a wrapped error": fail(func(_ *http.Request, echo string) error {
			return fmt.Errorf("x: %w", fmt.Errorf("%q: %w", echo, io.EOF))
		}),
		"the headers in the error": fail(func(r *http.Request, _ string) error { return fmt.Errorf("cannot send %v", r.Header) }),
		"a body that breaks": func(r *http.Request, echo string) (*http.Response, error) {
			response, _ := respond(200, "")(r, echo)
			response.Body = io.NopCloser(iotest.ErrReader(errors.New("broken at " + echo)))
			return response, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			for echo, credential := range map[string]cloudflare.Option{
				token:                        cloudflare.WithAPIToken(token),
				"Bearer " + token:            cloudflare.WithAPIToken(token),
				key:                          cloudflare.WithAPIKey(key, email),
				"X-Auth-Key: " + key + email: cloudflare.WithAPIKey(key, email),
			} {
				recorder := tracetest.NewSpanRecorder()
				provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
				client, err := cloudflare.NewClient(credential, attemptSpans(recorder), cloudflare.WithMaxRetries(0),
					cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) { return respond(r, echo) })}))
				require.NoError(t, err)
				_, _ = list(t.Context(), provider.Tracer(""), client, cloudflare.OrganizationListParams{NameContains: filter, ContainingUser: email, PageToken: next})

				require.GreaterOrEqual(t, len(recorder.Ended()), 2)
				for _, span := range recorder.Ended() {
					printed := fmt.Sprintf("%+v", tracetest.SpanStubFromReadOnlySpan(span)) // attributes, status, events and links
					for _, secret := range []string{token, key, email, filter, next} {
						assert.NotContains(t, printed, secret)
						assert.NotContains(t, printed, url.QueryEscape(secret))
					}
				}
			}
		})
	}
}

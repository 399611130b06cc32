package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"testing"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
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
│  ├─ GET /organizations page … |  503, ray 86610873f8d987a9-IAD
│  ├─ GET /organizations page … (attempt 2) |  200
│  └─ GET /organizations page … |  200
└─ list organizations below … |  3 found
   ├─ GET /organizations |  200, unexpected EOF, ray 0d17d0a5e877804b-TST
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

// What a program's traces are grouped and filtered by, and what must not be in them.
func TestSpans(t *testing.T) {
	global := otel.GetTextMapPropagator()
	otel.SetTextMapPropagator(propagation.TraceContext{})
	t.Cleanup(func() { otel.SetTextMapPropagator(global) })

	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("Example", "")
	server.Fail(1, cloudflaretest.Status(http.StatusBadGateway, nil, ""))
	recorder := tracetest.NewSpanRecorder()
	client := server.Client(
		cloudflare.WithHTTPClient(traced(http.DefaultTransport, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)))),
		cloudflare.WithMaxRetryWait(time.Millisecond),
	)
	ctx := countResends(t.Context())
	_, err := client.Organizations.Get(ctx, id)
	require.NoError(t, err)
	_, err = client.Organizations.List(ctx, cloudflare.OrganizationListParams{})
	require.NoError(t, err)

	var got []string
	for _, span := range recorder.Ended() {
		got = append(got, fmt.Sprint(span.Name(), " ", value(span, "http.request.resend_count").AsInt64()))
		printed := fmt.Sprintf("%+v", tracetest.SpanStubFromReadOnlySpan(span))
		assert.NotContains(t, printed, cloudflaretest.APIKey)
		assert.NotContains(t, printed, cloudflaretest.Email)
	}
	assert.Equal(t, []string{"GET /organizations/{id} 0", "GET /organizations/{id} 1", "GET /organizations 0"}, got)
	for _, request := range server.Requests() {
		assert.Empty(t, request.Header.Get("Traceparent"))
	}
}

// The client repeats a POST only on proof that nothing was sent, and takes a wrapped error for none.
func TestErrorsPassThrough(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	client, err := cloudflare.NewClient(
		cloudflare.WithBaseURL("http://"+closed.Addr().String()),
		cloudflare.WithAPIToken("token"),
		cloudflare.WithHTTPClient(traced(http.DefaultTransport, sdktrace.NewTracerProvider())),
		cloudflare.WithMaxRetries(1), cloudflare.WithMaxRetryWait(time.Millisecond),
	)
	require.NoError(t, err)
	var response cloudflare.Response
	_, err = client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Example"}, cloudflare.CaptureResponse(&response))
	assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
	assert.Equal(t, 2, response.Attempts)
}

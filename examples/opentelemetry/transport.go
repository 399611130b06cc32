package main

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// traced returns an HTTP client for [cloudflare.WithHTTPClient] that starts a span for each attempt. The span ends with
// the body of the response. otelhttp records no headers, so the span contains no credential.
func traced(base http.RoundTripper, provider trace.TracerProvider) *http.Client {
	return &http.Client{Transport: otelhttp.NewTransport(resends{base},
		otelhttp.WithTracerProvider(provider),
		otelhttp.WithSpanNameFormatter(spanName),
		// Without this option, a global propagator would send the trace context and the baggage to the API.
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
	)}
}

var anID = regexp.MustCompile(`[0-9a-f]{32}`)

// spanName returns the same name for all requests of one operation, because backends group spans by name. The attribute
// url.full has the IDs and the page token.
func spanName(_ string, r *http.Request) string {
	return r.Method + " " + anID.ReplaceAllString(strings.TrimPrefix(r.URL.Path, "/client/v4"), "{id}")
}

// resends is a transport below otelhttp. It adds two attributes to the spans: the number of resends, and the ray ID,
// which identifies the request in Cloudflare's logs.
type resends struct{ base http.RoundTripper }

func (t resends) RoundTrip(r *http.Request) (*http.Response, error) {
	span := trace.SpanFromContext(r.Context())
	if counter, ok := r.Context().Value(counterKey{}).(*counter); ok {
		if n := counter.count(r.Method + " " + r.URL.String()); n > 0 {
			span.SetAttributes(semconv.HTTPRequestResendCount(n))
		}
	}
	response, err := t.base.RoundTrip(r)
	if err == nil && response.Header.Get("Cf-Ray") != "" {
		span.SetAttributes(semconv.HTTPResponseHeader("cf-ray", response.Header.Get("Cf-Ray")))
	}
	return response, err
}

// countResends returns a context for one call, or for one range over All. A request with this context that equals the
// one before it counts as a resend.
func countResends(ctx context.Context) context.Context {
	return context.WithValue(ctx, counterKey{}, new(counter))
}

type counterKey struct{}

type counter struct {
	mu      sync.Mutex
	last    string
	resends int
}

// count returns how often the request was sent before.
func (c *counter) count(request string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if request == c.last {
		c.resends++
	} else {
		c.last, c.resends = request, 0
	}
	return c.resends
}

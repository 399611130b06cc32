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

// traced returns an HTTP client for [cloudflare.WithHTTPClient] that makes a span of every request: of each page, and
// of each attempt at it, from its first byte to the last of the answer. otelhttp records no header, so no credential.
func traced(base http.RoundTripper, provider trace.TracerProvider) *http.Client {
	return &http.Client{Transport: otelhttp.NewTransport(resends{base},
		otelhttp.WithTracerProvider(provider),
		otelhttp.WithSpanNameFormatter(spanName),
		// What the rest of the program puts into a trace's baggage is not for a third party to see. Leave this out
		// and the global propagator sends it, if one is set.
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
	)}
}

var anID = regexp.MustCompile(`[0-9a-f]{32}`)

// spanName is the same for all requests of one operation, as backends group by it; which organization and which page
// it was is in the attribute url.full.
func spanName(_ string, r *http.Request) string {
	return r.Method + " " + anID.ReplaceAllString(strings.TrimPrefix(r.URL.Path, "/client/v4"), "{id}")
}

// resends sits below otelhttp and adds to its spans what only this API's users look for: which attempt it was, and
// the ray ID, which Cloudflare's support asks for.
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

// countResends prepares the context of one call, or of one range over All. Within that, a request equal to the one
// before it is another attempt.
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

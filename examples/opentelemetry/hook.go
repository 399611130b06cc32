package main

import (
	"context"

	"example.com/cloudflare"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// traceAttempts returns a hook for [cloudflare.WithAttemptHook]. It makes a span of each attempt, below the span in the
// context of the call. The client has redacted all texts of an attempt, and they do not contain the query. All spans of
// an operation have the same name, because backends group spans by name.
//
// A transport of otelhttp makes spans before the client redacts anything. They contain the query in url.full, and what
// a server repeats of the credential. Use one only if a gateway needs the trace context in the headers of requests.
func traceAttempts(tracer trace.Tracer) func(context.Context, cloudflare.Attempt) {
	return func(ctx context.Context, a cloudflare.Attempt) {
		_, span := tracer.Start(ctx, a.Method+" "+a.Route, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(a.Start),
			trace.WithAttributes(semconv.HTTPRequestMethodKey.String(a.Method), semconv.URLTemplate(a.Route)))
		if a.Number > 1 {
			span.SetAttributes(semconv.HTTPRequestResendCount(a.Number - 1))
		}
		if a.StatusCode != 0 {
			span.SetAttributes(semconv.HTTPResponseStatusCode(a.StatusCode), semconv.HTTPResponseHeader("cf-ray", a.RayID))
		}
		if a.Err != nil {
			span.SetStatus(codes.Error, a.Err.Error())
		} else if a.StatusCode >= 400 {
			span.SetStatus(codes.Error, "")
		}
		span.End(trace.WithTimestamp(a.Start.Add(a.Duration)))
	}
}

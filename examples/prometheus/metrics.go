package main

import (
	"context"
	"strconv"

	"example.com/cloudflare"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics counts attempts and measures how long they take. A route has placeholders for IDs, so that it can be a label.
func metrics(registry prometheus.Registerer) cloudflare.Option {
	duration := promauto.With(registry).NewHistogramVec(prometheus.HistogramOpts{
		Name: "cloudflare_attempt_duration_seconds",
		Help: "Time from sending a request to the end of its response. Status 0 means that there was no response.",
	}, []string{"method", "route", "status"})
	retries := promauto.With(registry).NewCounterVec(prometheus.CounterOpts{
		Name: "cloudflare_retries_total",
		Help: "Attempts that were followed by another one.",
	}, []string{"method", "route"})
	return cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
		duration.WithLabelValues(a.Method, a.Route, strconv.Itoa(a.StatusCode)).Observe(a.Duration.Seconds())
		if a.Retry {
			retries.WithLabelValues(a.Method, a.Route).Inc()
		}
	})
}

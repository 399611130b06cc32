// Prometheus lists organizations, reads one of them, and prints the metrics of its requests. It uses an in-memory API
// that fails one request.
package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"os"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	server.Fail(2, cloudflaretest.Status(http.StatusServiceUnavailable, nil, ""))

	registry := prometheus.NewRegistry()
	client := server.Client(metrics(registry)) // cloudflare.NewClient(metrics(registry)) against the real API
	if _, err := client.Organizations.List(ctx, cloudflare.OrganizationListParams{}); err != nil {
		return err
	}
	if _, err := client.Organizations.Get(ctx, id); err != nil {
		return err
	}

	// A service serves promhttp.HandlerFor(registry, promhttp.HandlerOpts{}) instead.
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(out, family); err != nil {
			return err
		}
	}
	return nil
}

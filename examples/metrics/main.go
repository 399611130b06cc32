// Metrics counts attempts by route and status with an attempt hook. The module in examples/prometheus uses a metrics
// library instead.
package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"net/http"
	"slices"
	"sync"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// counter is called once per attempt, so it also counts retries.
type counter struct {
	mu       sync.Mutex
	attempts map[string]int
}

func (c *counter) hook(_ context.Context, a cloudflare.Attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Route has a placeholder for each ID, so the number of labels is bounded.
	c.attempts[fmt.Sprintf("%s %s %d", a.Method, a.Route, a.StatusCode)]++
}

func main() {
	ctx := context.Background()
	server := cloudflaretest.NewServer() // in place of a real account
	counts := counter{attempts: map[string]int{}}
	client := server.Client(cloudflare.WithAttemptHook(counts.hook)) // with a real account: cloudflare.NewClient

	for _, name := range []string{"Europe", "Asia"} {
		id := server.AddOrganization(name, "")
		server.Fail(1, cloudflaretest.Status(http.StatusServiceUnavailable, nil, "")) // the call is retried
		if _, err := client.Organizations.Get(ctx, id); err != nil {
			log.Fatal(err)
		}
	}
	// A request of Call names its own route.
	req := cloudflare.Request{Method: "GET", Route: "/zones/{zone_id}", PathValues: []string{"z1"}}
	if err := client.Call(ctx, req, nil); err != nil {
		fmt.Println("zones are not part of the fake API")
	}
	for _, labels := range slices.Sorted(maps.Keys(counts.attempts)) {
		fmt.Println(labels, counts.attempts[labels])
	}
}

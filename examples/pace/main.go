// Pace limits the rate of a client, and stops sending while the API fails.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"sync"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

var errOpen = errors.New("circuit breaker is open")

// pacer admits one request per interval, and none for a minute after three failures in a row. A request that a limiter
// rejects was not sent. If a transport rejected it, the outcome of a write would be unknown. To limit only the rate,
// use the *rate.Limiter of golang.org/x/time/rate.
type pacer struct {
	interval  time.Duration
	mu        sync.Mutex
	next      time.Time
	failures  int
	openUntil time.Time // the circuit breaker
}

// Wait is called before each attempt.
func (p *pacer) Wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	if now.Before(p.openUntil) {
		p.mu.Unlock()
		return errOpen
	}
	wait := max(0, p.next.Sub(now))
	p.next = now.Add(wait + p.interval)
	p.mu.Unlock()
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt is called after each attempt.
func (p *pacer) attempt(_ context.Context, a cloudflare.Attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.Err == nil && a.StatusCode < 500 {
		p.failures = 0
	} else if p.failures++; p.failures >= 3 {
		p.openUntil = time.Now().Add(time.Minute)
	}
}

func main() {
	ctx := context.Background()
	server := cloudflaretest.NewServer() // in place of a real account
	id := server.AddOrganization("Example, Inc.", "")
	p := &pacer{interval: 20 * time.Millisecond}
	client := server.Client(cloudflare.WithLimiter(p), cloudflare.WithAttemptHook(p.attempt), cloudflare.WithMaxRetries(0))

	start := time.Now()
	for range 10 {
		if _, err := client.Organizations.Get(ctx, id); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("ten requests took at least 180 ms:", time.Since(start) >= 180*time.Millisecond)
	for n := range 4 {
		server.Fail(1, cloudflaretest.Status(http.StatusBadGateway, nil, ""))
		_, err := client.Organizations.Get(ctx, id)
		fmt.Println("failure", n+1, "not sent:", errors.Is(err, errOpen))
	}
}

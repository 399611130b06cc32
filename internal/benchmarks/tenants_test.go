package benchmarks_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"example.com/cloudflare"
)

// BenchmarkTenants creates a client for each of 1,000 tenants, as a service does that acts for all of them. It measures
// what stays in memory, and fails if a client starts a goroutine.
func BenchmarkTenants(b *testing.B) {
	const tenants = 1000
	options := map[string]func(token string) cloudflare.Option{
		"token": cloudflare.WithAPIToken,
		"source": func(token string) cloudflare.Option {
			return cloudflare.WithCredentialSource(func(context.Context) (cloudflare.Credential, error) {
				return cloudflare.TokenCredential(token), nil
			})
		},
	}
	tokens := make([]string, tenants)
	for i := range tokens {
		tokens[i] = fmt.Sprintf("token-of-tenant-%04d", i)
	}
	for _, name := range []string{"token", "source"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			clients := make([]*cloudflare.Client, tenants)
			goroutines, heap := runtime.NumGoroutine(), liveHeap()
			for b.Loop() {
				for i, token := range tokens {
					client, err := cloudflare.NewClient(options[name](token))
					if err != nil {
						b.Fatal(err)
					}
					clients[i] = client
				}
			}
			b.ReportMetric((liveHeap()-heap)/tenants, "B/client")
			if started := runtime.NumGoroutine() - goroutines; started > 0 {
				b.Errorf("%d goroutines were started", started)
			}
			runtime.KeepAlive(clients)
		})
	}
}

package main

import (
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"

	"example.com/cloudflare"
	"example.com/cloudflare/examples/fleet/budget"
)

// client returns a client that keeps to the quota which all workers with the same credential share. Once stopping is
// closed, no request waits any more.
func (f *fleet) client(store redis.UniversalClient, stopping <-chan struct{}) (*cloudflare.Client, error) {
	options := append(f.budget(store, stopping).Options(),
		cloudflare.WithLogger(f.log),
		// The user agent is in the audit log, and so tells which worker did something.
		cloudflare.WithUserAgent(fmt.Sprintf("fleet/%d", os.Getpid())),
	)
	if f.baseURL != "" {
		options = append(options, cloudflare.WithBaseURL(f.baseURL))
	}
	return cloudflare.NewClient(options...) // with the credential in the environment
}

func (f *fleet) budget(store redis.UniversalClient, stopping <-chan struct{}) *budget.Budget {
	return budget.New(budget.Config{
		Redis:       store,
		Fingerprint: fingerprint(),
		Quota:       f.quota,
		Window:      f.window,
		Stopping:    stopping,
		Log:         f.log,
	})
}

// usesToken reports whether NewClient takes an API token from the environment.
func usesToken() bool { return os.Getenv("CLOUDFLARE_API_TOKEN") != "" }

// fingerprint identifies the credential that NewClient takes from the environment. It is empty if there is none.
func fingerprint() string {
	token, key := os.Getenv("CLOUDFLARE_API_TOKEN"), os.Getenv("CLOUDFLARE_API_KEY")
	switch {
	case token != "":
		return budget.Fingerprint(token)
	case key != "":
		return budget.Fingerprint(os.Getenv("CLOUDFLARE_EMAIL") + " " + key)
	}
	return ""
}

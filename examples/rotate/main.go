// Rotate uses a token from a vault, which is replaced while the client is in use.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// tokens caches a token until shortly before it expires. The client asks it before every attempt.
type tokens struct {
	fetch func(context.Context) (token string, lifetime time.Duration, err error)

	mu      sync.Mutex
	current cloudflare.Credential
	expires time.Time
}

func (t *tokens) credential(ctx context.Context) (cloudflare.Credential, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Until(t.expires) < time.Minute {
		token, lifetime, err := t.fetch(ctx)
		if err != nil {
			return cloudflare.Credential{}, err // the call fails, and nothing is sent
		}
		t.current, t.expires = cloudflare.TokenCredential(token), time.Now().Add(lifetime)
	}
	return t.current, nil
}

func main() {
	ctx := context.Background()
	server := cloudflaretest.NewServer() // in place of a real account

	fetched, sealed := 0, false
	source := &tokens{fetch: func(context.Context) (string, time.Duration, error) {
		if sealed {
			return "", 0, errors.New("the vault is sealed")
		}
		fetched++
		return cloudflaretest.APIToken, time.Hour, nil
	}}
	client := server.Client(cloudflare.WithCredentialSource(source.credential)) // cloudflare.NewClient with a real account
	for range 2 {
		if _, err := client.Organizations.List(ctx, cloudflare.OrganizationListParams{}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("tokens fetched for two calls:", fetched)
	source.expires, sealed = time.Time{}, true // as if an hour had passed
	_, err := client.Organizations.List(ctx, cloudflare.OrganizationListParams{})
	fmt.Println(err)
	fmt.Println("a credential is always printed as", source.current)
}

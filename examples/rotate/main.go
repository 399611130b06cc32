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

// tokens caches a token until shortly before it expires, or until the API rejects it. The client calls credential
// before every attempt.
type tokens struct {
	fetch func(context.Context) (token string, lifetime time.Duration, err error)

	mu      sync.Mutex
	current cloudflare.Credential
	expires time.Time
}

func (t *tokens) credential(ctx context.Context) (cloudflare.Credential, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rejected, ok := cloudflare.RejectedCredential(ctx) // another call may have replaced it since
	if time.Until(t.expires) < time.Minute || ok && t.current.Equal(rejected) {
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

	vault, fetched, sealed := cloudflaretest.APIToken, 0, false
	source := &tokens{fetch: func(context.Context) (string, time.Duration, error) {
		if sealed {
			return "", 0, errors.New("the vault is sealed")
		}
		fetched++
		return vault, time.Hour, nil
	}}
	client := server.Client(cloudflare.WithCredentialSource(source.credential)) // cloudflare.NewClient with a real account
	list := func() error {
		_, err := client.Organizations.List(ctx, cloudflare.OrganizationListParams{})
		return err
	}
	for range 2 {
		if err := list(); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("tokens fetched for two calls:", fetched)

	vault = "another-token" // the first one is replaced before it expires
	server.AddToken(vault, cloudflaretest.Email)
	server.Revoke(cloudflaretest.APIToken)
	if err := list(); err != nil { // the client asks for another token, and sends the request again
		log.Fatal(err)
	}
	fmt.Println("tokens fetched after one was revoked:", fetched)

	source.expires, sealed = time.Time{}, true // as if an hour had passed
	fmt.Println(list())
	fmt.Println("a credential is always printed as", source.current)
}

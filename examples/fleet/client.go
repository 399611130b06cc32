package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"example.com/cloudflare"
)

const (
	attemptTimeout = 30 * time.Second
	retryWait      = 5 * time.Second // longest wait of the client itself; the queue waits longer
)

// client returns a client that keeps to the quota which all workers with the same credential and base URL share. Once
// stopping has ended, no request waits any more.
func (f *fleet) client(tasks *queue, stopping context.Context) (*cloudflare.Client, error) {
	shared := f.limiter(tasks)
	return f.newClient(append(shared.Options(),
		cloudflare.WithLimiter(limiter{shared, stopping}),
		cloudflare.WithTimeout(attemptTimeout),
		cloudflare.WithMaxRetryWait(retryWait),
		cloudflare.WithMaxRateLimitWait(retryWait),
		cloudflare.WithLogger(f.log),
		// The user agent is in the audit log, and so tells which worker did something.
		cloudflare.WithUserAgent(fmt.Sprintf("fleet/%d", os.Getpid())),
	)...)
}

// newClient returns a client with the credential in the environment.
func (f *fleet) newClient(options ...cloudflare.Option) (*cloudflare.Client, error) {
	if f.baseURL != "" {
		options = append(options, cloudflare.WithBaseURL(f.baseURL))
	}
	client, err := cloudflare.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	return client, nil
}

// usesToken reports whether NewClient takes an API token from the environment.
func usesToken() bool { return os.Getenv("CLOUDFLARE_API_TOKEN") != "" }

// fingerprint identifies a credential and the API that it is sent to, and does not reveal the credential. A task must
// not be carried out with another credential, or elsewhere.
func (f *fleet) fingerprint() (string, error) {
	if _, err := f.newClient(); err != nil { // checks both
		return "", err
	}
	credential := "key " + os.Getenv("CLOUDFLARE_EMAIL") + " " + os.Getenv("CLOUDFLARE_API_KEY")
	if usesToken() {
		credential = "token " + os.Getenv("CLOUDFLARE_API_TOKEN")
	}
	sum := sha256.Sum256([]byte(credential + "\n" + canonical(f.baseURL)))
	return hex.EncodeToString(sum[:8]), nil
}

// canonical returns the same text for all spellings of a base URL, which must be valid or empty.
func canonical(base string) string {
	if base == "" {
		base = "https://api.cloudflare.com/client/v4"
	}
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host + strings.TrimRight(u.EscapedPath(), "/")
}

package cloudflaretest

import (
	"fmt"

	"example.com/cloudflare"
)

// Client returns a client for this server, with an API key and an e-mail address that the server accepts.
// Everything else is as in production, retries and their waits included; options come last, so that they can change
// that. Client panics on an option that [cloudflare.NewClient] refuses.
//
// The one thing that options cannot change is the credential, for a client has exactly one. For a client with another
// one, or with one that the server refuses, give the server's URL to NewClient:
//
//	cloudflare.NewClient(cloudflare.WithBaseURL(server.URL), cloudflare.WithAPIToken(cloudflaretest.APIToken))
func (s *Server) Client(opts ...cloudflare.Option) *cloudflare.Client {
	ours := []cloudflare.Option{cloudflare.WithBaseURL(s.URL), cloudflare.WithAPIKey(APIKey, Email)}
	client, err := cloudflare.NewClient(append(ours, opts...)...)
	if err != nil {
		panic(fmt.Sprintf("cloudflaretest: Client: %v", err))
	}
	return client
}

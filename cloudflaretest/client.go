package cloudflaretest

import (
	"fmt"

	"example.com/cloudflare"
)

// Client returns a client for this server with [APIKey] and [Email]. The options are applied last and may change
// everything except the credential. The client retries and waits like any other client. Client panics if
// [cloudflare.NewClient] rejects an option.
//
// To use another credential, call NewClient with the server's URL:
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

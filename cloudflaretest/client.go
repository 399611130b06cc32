package cloudflaretest

import (
	"fmt"
	"net/http"
	"slices"

	"example.com/cloudflare"
)

// baseURL has a host that does not exist, so that a client with another transport reaches nothing by accident.
const baseURL = "https://cloudflaretest.invalid" + basePath

// Client returns a client for this server. It sends its requests through [Server.Transport], with [APIKey] and [Email],
// and retries and waits like any other client. The options are applied last and may change everything, including the
// credential. Client panics if [cloudflare.NewClient] rejects an option.
//
// The base URL is https://cloudflaretest.invalid/client/v4, which nothing serves: with another transport, set another
// base URL too. A client over a socket has both options:
//
//	outer := httptest.NewServer(server)
//	defer outer.Close()
//	client := server.Client(cloudflare.WithHTTPClient(outer.Client()), cloudflare.WithBaseURL(outer.URL+"/client/v4"))
func (s *Server) Client(opts ...cloudflare.Option) *cloudflare.Client {
	opts = append([]cloudflare.Option{
		cloudflare.WithBaseURL(baseURL),
		cloudflare.WithHTTPClient(&http.Client{Transport: s.Transport()}),
	}, opts...)
	client, err := cloudflare.NewClient(append(slices.Clip(opts), cloudflare.WithAPIKey(APIKey, Email))...)
	if err != nil { // an option is not valid, or sets the only credential that a client may have
		client, err = cloudflare.NewClient(opts...)
	}
	if err != nil {
		panic(fmt.Sprintf("cloudflaretest: Client: %v", err))
	}
	return client
}

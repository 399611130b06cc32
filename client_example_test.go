package cloudflare_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"strings"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// A program against the real API leaves the server away, and its client comes from NewClient.
func Example() {
	server := cloudflaretest.NewServer()
	client := server.Client()
	ctx := context.Background()

	org, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"Sales", "Engineering"} {
		params := cloudflare.OrganizationCreateParams{Name: name, ParentID: org.ID}
		if _, err := client.Organizations.Create(ctx, params); err != nil {
			log.Fatal(err)
		}
	}
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{ParentID: org.ID}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(org.Name, "belongs to", org.Parent.Name)
	}
	// Output:
	// Sales belongs to Example, Inc.
	// Engineering belongs to Example, Inc.
}

func ExampleNewClient() {
	server := cloudflaretest.NewServer() // without it: cloudflare.NewClient(), and CLOUDFLARE_API_TOKEN

	client, err := cloudflare.NewClient(
		cloudflare.WithHTTPClient(&http.Client{Transport: server.Transport()}),
		cloudflare.WithAPIToken(cloudflaretest.APIToken),
		cloudflare.WithUserAgent("inventory/1.2"),
	)
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	fmt.Println(page.TotalSize, err)
	// Output: 0 <nil>
}

func ExampleNewClient_invalid() {
	_, err := cloudflare.NewClient(cloudflare.WithAPIToken("copied with a new line\n"))
	fmt.Println(err)
	// Output: cloudflare: invalid argument: WithAPIToken: the API token contains white space or a character that is not printable ASCII
}

func ExampleClient_Call() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	server.AddAccount(id, cloudflaretest.Account{Name: "Production"})
	client := server.Client()

	var accounts []struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	err := client.Call(context.Background(), cloudflare.Request{
		Method:     http.MethodGet,
		Route:      "/organizations/{organization_id}/accounts",
		PathValues: []string{id},
		Query:      url.Values{"name.startsWith": {"prod"}},
	}, &accounts)
	fmt.Println(accounts, err)
	// Output: [{Production standard}] <nil>
}

func ExampleClient_Call_verbatim() {
	server := cloudflaretest.NewServer()
	client := server.Client()

	var result json.RawMessage
	err := client.Call(context.Background(), cloudflare.Request{
		Method: http.MethodPost,
		Route:  "/organizations",
		Body:   json.RawMessage(`{"name":"Example, Inc."}`),
	}, &result)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(string(result), `"name":"Example, Inc."`))
	// Output: true
}

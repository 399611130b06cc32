package cloudflare_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleSetHeader() {
	server := cloudflaretest.NewServer()
	client := server.Client()

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{},
		cloudflare.SetHeader("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[0].Header.Get("Traceparent"))
	// Output: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
}

func ExampleAddQuery() {
	server := cloudflaretest.NewServer()
	client := server.Client()

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{Name: "Example, Inc."},
		cloudflare.AddQuery("a_filter_of_tomorrow", "yes"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[0].Query.Encode())
	// Output: a_filter_of_tomorrow=yes&name=Example%2C+Inc.
}

func ExampleSetMaxRetries() {
	server := cloudflaretest.NewServer()
	server.Fail(1, cloudflaretest.Status(http.StatusServiceUnavailable, nil, ""))
	client := server.Client()

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{}, cloudflare.SetMaxRetries(0))
	fmt.Println(err)
	// Output: cloudflare: GET /organizations: 503 Service Unavailable: the body is empty
}

func ExampleCaptureResponse() {
	server := cloudflaretest.NewServer()
	client := server.Client()

	var response cloudflare.Response
	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{},
		cloudflare.CaptureResponse(&response))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, response.Attempts, response.Header.Get("Content-Type"), string(response.ResultInfo))
	// Output: 200 1 application/json {"total_size":0}
}

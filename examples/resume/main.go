// Resume continues a list after a page failed, without a gap and without duplicates.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func main() {
	ctx := context.Background()
	server := cloudflaretest.NewServer() // in place of a real account
	for i := range 5 {
		server.AddOrganization(fmt.Sprint("Organization ", i+1), "")
	}
	server.Fail(2, cloudflaretest.Status(http.StatusBadGateway, nil, "")) // the second page
	client := server.Client(cloudflare.WithMaxRetries(0))                 // with a real account: cloudflare.NewClient()

	params := cloudflare.OrganizationListParams{PageSize: 2}
	for range 3 { // a program that stores PageToken can also resume after a restart
		err := printAll(ctx, client, params)
		if err == nil {
			return
		}
		failed, ok := errors.AsType[*cloudflare.PageError](err)
		if !ok {
			log.Fatal(err)
		}
		fmt.Println("a page failed; resuming")
		params.PageToken = failed.PageToken
	}
	log.Fatal("giving up")
}

func printAll(ctx context.Context, client *cloudflare.Client, params cloudflare.OrganizationListParams) error {
	for org, err := range client.Organizations.All(ctx, params) {
		if err != nil {
			return err
		}
		fmt.Println(org.Name)
	}
	return nil
}

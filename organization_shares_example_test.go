package cloudflare_test

import (
	"context"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleOrganizationSharesService_List() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	server.AddShare(id, cloudflaretest.Share{Name: "WAF rules", AccountName: "shop", TargetType: "organization"})
	server.AddShare(id, cloudflaretest.Share{Name: "Block page", AccountName: "office", Kind: "received"})

	page, err := server.Client().OrganizationShares.List(context.Background(), id, cloudflare.ShareListParams{
		Kind:    cloudflare.ShareKindSent,
		OrderBy: cloudflare.ShareOrderByName,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, share := range page.Items {
		fmt.Println(share.Name, "from", share.AccountName, "to an", share.TargetType)
	}
	// Output: WAF rules from shop to an organization
}

func ExampleOrganizationSharesService_All() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	for n := range 250 {
		server.AddShare(id, cloudflaretest.Share{Name: fmt.Sprint("Share ", n)})
	}

	shares, err := cloudflare.Collect(server.Client().OrganizationShares.All(context.Background(), id, cloudflare.ShareListParams{}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(shares), "shares with", len(server.Requests()), "requests")
	// Output: 250 shares with 3 requests
}

// Modify changes one field of a profile and keeps the others.
package main

import (
	"context"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func main() {
	ctx := context.Background()
	server := cloudflaretest.NewServer() // in place of a real account
	client := server.Client()            // with a real account: client, err := cloudflare.NewClient()

	org, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{
		Name:    "Example, Inc.",
		Profile: &cloudflare.OrganizationProfile{BusinessName: "Example, Inc.", BusinessPhone: "+1 555 0100"},
	})
	if err != nil {
		log.Fatal(err)
	}

	// Update sends all fields of a profile, and the API may clear those that are empty. Modify reads the profile first.
	profile, err := client.OrganizationProfile.Modify(ctx, org.ID, func(p *cloudflare.OrganizationProfile) error {
		p.BusinessPhone = "+1 555 0199"
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(profile.BusinessName, profile.BusinessPhone)

	org, err = client.Organizations.Modify(ctx, org.ID, func(o *cloudflare.OrganizationUpdateParams) error {
		o.Name = "Example Group"
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name)
}

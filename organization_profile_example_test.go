package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleOrganizationProfileService_Get() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	client := server.Client()

	_, err := client.OrganizationProfile.Get(context.Background(), id)
	fmt.Println("never set:", errors.Is(err, cloudflare.ErrNotFound))
	// Output: never set: true
}

// An update replaces all fields. To change one field, read the profile first.
func ExampleOrganizationProfileService_Update() {
	server := cloudflaretest.NewServer()
	client := server.Client()
	ctx := context.Background()
	created, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{
		Name:    "Sales",
		Profile: &cloudflare.OrganizationProfile{BusinessName: "Example Sales", BusinessPhone: "+1 555 0100"},
	})
	if err != nil {
		log.Fatal(err)
	}

	profile, err := client.OrganizationProfile.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	profile.BusinessPhone = "+1 555 0199"
	if err := client.OrganizationProfile.Update(ctx, created.ID, *profile); err != nil {
		log.Fatal(err)
	}

	profile, err = client.OrganizationProfile.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(profile.BusinessName, profile.BusinessPhone)
	// Output: Example Sales +1 555 0199
}

func ExampleOrganizationProfileService_Modify() {
	server := cloudflaretest.NewServer()
	client, ctx := server.Client(), context.Background()
	id := server.AddOrganization("Example, Inc.", "")

	for _, phone := range []string{"+1 555 0100", "+1 555 0199", "+1 555 0199"} { // the last one is not sent
		profile, err := client.OrganizationProfile.Modify(ctx, id, func(p *cloudflare.OrganizationProfile) error {
			if p.BusinessName == "" {
				p.BusinessName = "Example, Inc."
			}
			p.BusinessPhone = phone
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(profile.BusinessName, profile.BusinessPhone)
	}
	// Output:
	// Example, Inc. +1 555 0100
	// Example, Inc. +1 555 0199
	// Example, Inc. +1 555 0199
}

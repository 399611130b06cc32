package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleOrganizationsService_Modify() {
	server := cloudflaretest.NewServer()
	client, ctx := server.Client(), context.Background()
	id := server.AddOrganization("Example, Inc.", "")
	if err := client.OrganizationProfile.Update(ctx, id, cloudflare.OrganizationProfile{BusinessPhone: "+1 555 0100"}); err != nil {
		log.Fatal(err)
	}

	// An Update with nothing but the name would have cleared the profile.
	org, err := client.Organizations.Modify(ctx, id, func(p *cloudflare.OrganizationUpdateParams) error {
		p.Name = "Example Group"
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name, org.Profile.BusinessPhone)
	// Output: Example Group +1 555 0100
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

func ExampleOrganizationsService_Ensure() {
	server := cloudflaretest.NewServer()
	client, ctx := server.Client(), context.Background()
	parentID := server.AddOrganization("Example, Inc.", "")

	for range 2 { // as after a crash
		org, created, err := client.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{
			Name:     "Example Labs",
			ParentID: parentID,
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(org.Name, created)
	}
	// Output:
	// Example Labs true
	// Example Labs false
}

func ExampleAmbiguousError_Error() {
	server := cloudflaretest.NewServer()
	for range 2 { // names are not unique
		server.AddOrganization("Example, Inc.", "")
	}

	_, _, err := server.Client().Organizations.Ensure(context.Background(), cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if ambiguous, ok := errors.AsType[*cloudflare.AmbiguousError](err); ok {
		for _, org := range ambiguous.Organizations {
			fmt.Println(org.ID, org.CreateTime)
		}
	}
	fmt.Println(err)
	// Output:
	// c8c49e23426968ab787f286c1172f028 2026-01-01 00:00:01 +0000 UTC
	// d62d0718758daec1c277e5b62d5128fc 2026-01-01 00:00:02 +0000 UTC
	// cloudflare: 2 organizations without a parent are named "Example, Inc.": c8c49e23426968ab787f286c1172f028, d62d0718758daec1c277e5b62d5128fc
}

func ExampleOrganizationsService_WaitUntilReadable() {
	server := cloudflaretest.NewServer()
	server.Lag(1) // as the API itself may
	client, ctx := server.Client(), context.Background()

	fresh, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	org, err := client.Organizations.WaitUntilReadable(ctx, fresh.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name)
	// Output: Example, Inc.
}

func ExampleOrganizationsService_DeleteIfEmpty() {
	server := cloudflaretest.NewServer()
	client, ctx := server.Client(), context.Background()
	id := server.AddOrganization("Example, Inc.", "")
	memberID := server.AddMember(id, cloudflaretest.Member{Email: "ada@example.com"})

	err := client.Organizations.DeleteIfEmpty(ctx, id)
	if holds, ok := errors.AsType[*cloudflare.NotEmptyError](err); ok {
		fmt.Println("members:", holds.Members)
	}

	if err := client.OrganizationMembers.Delete(ctx, id, memberID); err != nil {
		log.Fatal(err)
	}
	for range 2 { // the second time, it is gone already
		fmt.Println(client.Organizations.DeleteIfEmpty(ctx, id))
	}
	// Output:
	// members: 1
	// <nil>
	// <nil>
}

func ExampleNotEmptyError_Error() {
	err := &cloudflare.NotEmptyError{OrganizationID: "a7b9c3d2e8f4a1b5c6d0e9f2a7b8c4d1", Accounts: 12, Members: 3}
	fmt.Println(err)
	// Output: cloudflare: organization a7b9c3d2e8f4a1b5c6d0e9f2a7b8c4d1 is not empty: organizations: 0, accounts: 12, members: 3
}

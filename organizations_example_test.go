package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleOrganizationsService_List() {
	server := cloudflaretest.NewServer()
	for _, name := range []string{"Alpha", "Beta", "Gamma"} {
		server.AddOrganization(name, "")
	}
	client := server.Client()

	page, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{PageSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, org := range page.Items {
		fmt.Println(org.Name)
	}
	fmt.Printf("%d of %d, more: %t\n", len(page.Items), page.TotalSize, page.NextPageToken != "")
	// Output:
	// Alpha
	// Beta
	// 2 of 3, more: true
}

func ExampleOrganizationsService_Get() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	client := server.Client()

	org, err := client.Organizations.Get(context.Background(), id)
	switch {
	case errors.Is(err, cloudflare.ErrNotFound):
		fmt.Println("there is none")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println(org.Name, org.CreateTime.Format(time.DateOnly))
	}
	// Output: Example, Inc. 2026-01-01
}

func ExampleOrganizationsService_Create() {
	server := cloudflaretest.NewServer()
	root := server.AddOrganization("Example, Inc.", "")
	client := server.Client()

	org, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{
		Name:     "Sales",
		ParentID: root,
		Profile:  &cloudflare.OrganizationProfile{BusinessEmail: "sales@example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name, "below", org.Parent.Name+":", org.Profile.BusinessEmail)
	// Output: Sales below Example, Inc.: sales@example.com
}

// A create whose response was lost is not retried: names are not unique, and there would be two organizations.
func ExampleOrganizationsService_Create_outcomeUnknown() {
	server := cloudflaretest.NewServer()
	server.Fail(1, cloudflaretest.Cut()) // the organization is created, but the response is lost
	client := server.Client()
	ctx := context.Background()

	_, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Sales"})
	if errors.Is(err, cloudflare.ErrOutcomeUnknown) {
		page, err := client.Organizations.List(ctx, cloudflare.OrganizationListParams{Name: "Sales"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("of this name there are", page.TotalSize)
	}
	// Output: of this name there are 1
}

// To change the name alone, send the profile that is there.
func ExampleOrganizationsService_Update() {
	server := cloudflaretest.NewServer()
	client := server.Client()
	ctx := context.Background()
	created, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{
		Name:    "Sales",
		Profile: &cloudflare.OrganizationProfile{BusinessEmail: "sales@example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}

	org, err := client.Organizations.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	org, err = client.Organizations.Update(ctx, org.ID, cloudflare.OrganizationUpdateParams{
		Name:    "Sales and Marketing",
		Profile: org.Profile,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name, org.Profile.BusinessEmail)
	// Output: Sales and Marketing sales@example.com
}

func ExampleOrganizationsService_Delete() {
	server := cloudflaretest.NewServer()
	root := server.AddOrganization("Example, Inc.", "")
	sales := server.AddOrganization("Sales", root)
	client := server.Client()

	for _, id := range []string{root, sales, root} {
		_, err := client.Organizations.Delete(context.Background(), id)
		if e, ok := errors.AsType[*cloudflare.Error](err); ok {
			fmt.Println("rejected:", e.Errors[0].Message)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("deleted")
	}
	// Output:
	// rejected: organization is not empty: it has sub-organizations
	// deleted
	// deleted
}

func ExampleOrganization_Flags() {
	server := cloudflaretest.NewServer()
	client := server.Client()

	org, err := client.Organizations.Get(context.Background(), server.AddOrganization("Example, Inc.", ""))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Flags().AccountCreation)
	// Output: enabled
}

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

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

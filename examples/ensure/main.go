// Ensure creates an organization safely: a program that is interrupted can run again, and a lost response causes no
// second organization.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func main() {
	ctx := context.Background()
	server := cloudflaretest.NewServer() // in place of a real account
	client := server.Client()            // with a real account: client, err := cloudflare.NewClient()

	wanted := cloudflare.OrganizationCreateParams{Name: "Example, Inc."}
	server.FailNext("POST /organizations", cloudflaretest.Cut()) // it is created, but the response is lost
	for range 2 {
		org, created, err := client.Organizations.Ensure(ctx, wanted)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(org.Name, "created:", created)
	}

	// Names are not unique. To create a second organization with the same name, compare the IDs before and after.
	before, err := named(ctx, client, wanted.Name)
	if err != nil {
		log.Fatal(err)
	}
	server.FailNext("POST /organizations", cloudflaretest.Cut())
	second, err := client.Organizations.Create(ctx, wanted)
	if errors.Is(err, cloudflare.ErrOutcomeUnknown) {
		second, err = nil, nil
		after, listErr := named(ctx, client, wanted.Name)
		for id, org := range after {
			if before[id] == nil {
				second = org
			}
		}
		if err = listErr; err == nil && second == nil {
			err = errors.New("it may still appear: wait, and list again before the next create")
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("second", second.Name)
}

// named returns the organizations with a name, by their IDs.
func named(ctx context.Context, client *cloudflare.Client, name string) (map[string]*cloudflare.Organization, error) {
	found := map[string]*cloudflare.Organization{}
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{Name: name}) {
		if err != nil {
			return nil, err
		}
		found[org.ID] = org
	}
	return found, nil
}

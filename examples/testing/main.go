// Testing has a function that calls the API. Its main_test.go shows how to test such code without an account.
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
	server := cloudflaretest.NewServer() // in place of a real account
	if err := onboard(context.Background(), server.Client(), "Example, Inc.", "ann@example.com"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("onboarded")
}

// onboard creates an organization with a first member. It can run again after a failure.
func onboard(ctx context.Context, client *cloudflare.Client, name, email string) error {
	org, _, err := client.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: name})
	if err != nil {
		return fmt.Errorf("organization: %w", err)
	}
	// A new organization may not be readable at once.
	if _, err := client.Organizations.WaitUntilReadable(ctx, org.ID); err != nil {
		return fmt.Errorf("organization: %w", err)
	}
	_, _, err = client.OrganizationMembers.Ensure(ctx, org.ID, cloudflare.OrganizationMemberCreateParams{Email: email})
	if errors.Is(err, cloudflare.ErrForbidden) {
		return fmt.Errorf("this credential cannot invite members: %w", err)
	}
	return err
}

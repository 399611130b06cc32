// Testing has functions that call the API. Its main_test.go shows how to test such code without an account, and its
// mock_test.go why a mock is the weaker tool.
package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

// lister is the part of the client that names uses. A test can replace it. [cloudflare.OrganizationsService] implements
// it.
type lister interface {
	All(context.Context, cloudflare.OrganizationListParams, ...cloudflare.CallOption) iter.Seq2[*cloudflare.Organization, error]
}

// names returns the names of the organizations directly below another one.
func names(ctx context.Context, organizations lister, parentID string) (names []string, err error) {
	for org, err := range organizations.All(ctx, cloudflare.OrganizationListParams{ParentID: parentID}) {
		if err != nil {
			return nil, err
		}
		names = append(names, org.Name)
	}
	return names, nil
}

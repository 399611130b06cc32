// Members invites members, lists those without two-factor authentication, and accepts an invitation.
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
	id := server.AddOrganization("Example, Inc.", "")

	// BatchCreate sends ten members per request.
	_, err := client.OrganizationMembers.BatchCreate(ctx, id, []cloudflare.OrganizationMemberCreateParams{
		{Email: "ann@example.com"}, {Email: "bob@example.com"},
	})
	if batch, ok := errors.AsType[*cloudflare.BatchError](err); ok {
		fmt.Println("created", len(batch.Created), "unknown", len(batch.Unknown), "not created", len(batch.NotCreated))
	}
	if err != nil {
		log.Fatal(err)
	}

	// Ensure finds an existing member by email address, so it can run again.
	member, created, err := client.OrganizationMembers.Ensure(ctx, id, cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.User.Email, member.Status, "created:", created)

	// The invited user accepts with a credential of their own and the code from the email.
	ann := server.Client(cloudflare.WithAPIKey(cloudflaretest.APIKey, "ann@example.com"))
	if err := ann.OrganizationInvites.Accept(ctx, id, server.InviteCode(id, "ann@example.com")); err != nil {
		log.Fatal(err)
	}

	for member, err := range client.OrganizationMembers.All(ctx, id, cloudflare.OrganizationMemberListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		twoFactor := "unknown" // a missing value does not mean "no"
		if enabled, ok := member.User.TwoFactorAuthenticationEnabled.Get(); ok {
			twoFactor = fmt.Sprint(enabled)
		}
		fmt.Println(member.User.Email, member.Status, "two-factor authentication:", twoFactor)
	}
}

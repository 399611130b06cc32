package cloudflare_test

import (
	"context"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// Ann has received an email with a code. The client uses her credential.
func ExampleOrganizationInvitesService_Accept() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	memberID := server.AddMember(id, cloudflaretest.Member{Email: "ann@example.com", Status: "pending"})
	code := server.InviteCode(id, "ann@example.com")
	ann := server.Client(cloudflare.WithAPIKey(cloudflaretest.APIKey, "ann@example.com"))
	ctx := context.Background()

	if err := ann.OrganizationInvites.Accept(ctx, id, code); err != nil {
		log.Fatal(err)
	}
	member, err := server.Client().OrganizationMembers.Get(ctx, id, memberID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.User.Email, member.Status)
	// Output: ann@example.com active
}

func ExampleOrganizationInvitesService_Reject() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	memberID := server.AddMember(id, cloudflaretest.Member{Email: "ann@example.com", Status: "pending"})
	code := server.InviteCode(id, "ann@example.com")
	ann := server.Client(cloudflare.WithAPIKey(cloudflaretest.APIKey, "ann@example.com"))
	ctx := context.Background()

	if err := ann.OrganizationInvites.Reject(ctx, id, code); err != nil {
		log.Fatal(err)
	}
	member, err := server.Client().OrganizationMembers.Get(ctx, id, memberID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.User.Email, member.Status)
	// Output: ann@example.com rejected
}

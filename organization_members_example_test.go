package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleOrganizationMembersService_List() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	server.AddMember(id, cloudflaretest.Member{Email: "ann@example.com"})
	server.AddMember(id, cloudflaretest.Member{Email: "ben@example.com", Status: "pending"})
	server.AddMember(id, cloudflaretest.Member{Email: "cleo@example.com", Status: "rejected"})

	page, err := server.Client().OrganizationMembers.List(context.Background(), id, cloudflare.OrganizationMemberListParams{
		Statuses: []cloudflare.MemberStatus{cloudflare.MemberStatusPending, cloudflare.MemberStatusRejected},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, member := range page.Items {
		fmt.Println(member.User.Email, member.Status)
	}
	// Output:
	// ben@example.com pending
	// cleo@example.com rejected
}

// List members without two-factor authentication. A missing value means "unknown", not "no".
func ExampleOrganizationMembersService_All() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	server.AddMember(id, cloudflaretest.Member{Email: "ann@example.com", TwoFactor: true})
	server.AddMember(id, cloudflaretest.Member{Email: "ben@example.com"})
	server.AddMember(id, cloudflaretest.Member{Email: "cleo@example.com", TwoFactorUnknown: true})
	client := server.Client()

	for member, err := range client.OrganizationMembers.All(context.Background(), id, cloudflare.OrganizationMemberListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		if enabled, known := member.User.TwoFactorAuthenticationEnabled.Get(); !known {
			fmt.Println(member.User.Email, "is not known to have 2FA")
		} else if !enabled {
			fmt.Println(member.User.Email, "has no 2FA")
		}
	}
	// Output:
	// ben@example.com has no 2FA
	// cleo@example.com is not known to have 2FA
}

func ExampleOrganizationMembersService_Get() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	memberID := server.AddMember(id, cloudflaretest.Member{Email: "ann@example.com", Name: "Ann"})

	member, err := server.Client().OrganizationMembers.Get(context.Background(), id, memberID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.User.Name, member.Status, "since", member.CreateTime.Format("2006-01-02"))
	// Output: Ann active since 2026-01-01
}

func ExampleOrganizationMembersService_Create() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")

	member, err := server.Client().OrganizationMembers.Create(context.Background(), id, cloudflare.OrganizationMemberCreateParams{
		Email: "ann@example.com",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.User.Email, member.Status)
	// Output: ann@example.com pending
}

func ExampleOrganizationMembersService_BatchCreate() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	var members []cloudflare.OrganizationMemberCreateParams
	for i := range 25 {
		members = append(members, cloudflare.OrganizationMemberCreateParams{Email: fmt.Sprintf("agent%d@example.com", i)})
	}

	created, err := server.Client().OrganizationMembers.BatchCreate(context.Background(), id, members)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(created), "members with", len(server.Requests()), "requests")
	// Output: 25 members with 3 requests
}

// The connection breaks after the second ten are sent. Whether they were created is unknown until they are listed.
func ExampleOrganizationMembersService_BatchCreate_failure() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	var members []cloudflare.OrganizationMemberCreateParams
	for i := range 25 {
		members = append(members, cloudflare.OrganizationMemberCreateParams{Email: fmt.Sprintf("agent%d@example.com", i)})
	}
	server.Fail(2, cloudflaretest.Cut())
	client, ctx := server.Client(), context.Background()

	_, err := client.OrganizationMembers.BatchCreate(ctx, id, members)
	var batch *cloudflare.BatchError
	if !errors.As(err, &batch) {
		log.Fatal(err)
	}
	again := batch.NotCreated
	for _, params := range batch.Unknown {
		page, err := client.OrganizationMembers.List(ctx, id, cloudflare.OrganizationMemberListParams{Email: params.Email})
		if err != nil {
			log.Fatal(err)
		}
		if len(page.Items) == 0 {
			again = append(again, params)
		}
	}
	fmt.Println(len(batch.Created), "created,", len(batch.Unknown), "unknown,", len(again), "to create")
	if _, err := client.OrganizationMembers.BatchCreate(ctx, id, again); err != nil {
		log.Fatal(err)
	}
	// Output: 10 created, 10 unknown, 5 to create
}

func ExampleOrganizationMembersService_Delete() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	memberID := server.AddMember(id, cloudflaretest.Member{Email: "ann@example.com"})
	client, ctx := server.Client(), context.Background()

	if err := client.OrganizationMembers.Delete(ctx, id, memberID); err != nil {
		log.Fatal(err)
	}
	_, err := client.OrganizationMembers.Get(ctx, id, memberID)
	fmt.Println(errors.Is(err, cloudflare.ErrNotFound))
	// Output: true
}

func ExampleBatchError_Error() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")

	_, err := server.Client().OrganizationMembers.BatchCreate(context.Background(), id, []cloudflare.OrganizationMemberCreateParams{
		{Email: "ann@example.com"}, {Email: "ben.example.com"},
	})
	fmt.Println(err)
	// Output: cloudflare: invalid argument: member 1: Email has no @ (created: 0; unknown: 0; not created: 2)
}

func ExampleBatchError_Unwrap() {
	err := &cloudflare.BatchError{Err: cloudflare.ErrOutcomeUnknown}
	fmt.Println(errors.Is(err, cloudflare.ErrOutcomeUnknown))
	// Output: true
}

func ExampleOrganizationMembersService_Ensure() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	client, ctx := server.Client(), context.Background()

	for range 2 {
		member, created, err := client.OrganizationMembers.Ensure(ctx, id, cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(member.User.Email, member.Status, created)
	}
	// Output:
	// ann@example.com pending true
	// ann@example.com pending false
}

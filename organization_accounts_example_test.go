package cloudflare_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleOrganizationAccountsService_List() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	for _, name := range []string{"web shop", "Web site", "office"} {
		server.AddAccount(id, cloudflaretest.Account{Name: name})
	}

	page, err := server.Client().OrganizationAccounts.List(context.Background(), id, cloudflare.OrganizationAccountListParams{
		NameStartsWith: "web",
		OrderBy:        cloudflare.AccountOrderByName,
		Direction:      cloudflare.DirectionDescending,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, account := range page.Items {
		fmt.Println(account.Name, account.Type)
	}
	// Output:
	// Web site standard
	// web shop standard
}

// List accounts that do not enforce two-factor authentication. A missing value means "unknown", not "no".
func ExampleOrganizationAccountsService_All() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	server.AddAccount(id, cloudflaretest.Account{Name: "shop", Settings: json.RawMessage(`{"enforce_twofactor": true}`)})
	server.AddAccount(id, cloudflaretest.Account{Name: "blog", Settings: json.RawMessage(`{"enforce_twofactor": false}`)})
	server.AddAccount(id, cloudflaretest.Account{Name: "lab", Settings: json.RawMessage(`{"enforce_twofactor": null}`)})
	client := server.Client()

	for account, err := range client.OrganizationAccounts.All(context.Background(), id, cloudflare.OrganizationAccountListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		switch enforced, ok := account.Settings.EnforceTwofactor.Get(); {
		case !ok:
			fmt.Println(account.Name, "is not known")
		case !enforced:
			fmt.Println(account.Name, "does not enforce it")
		}
	}
	// Output:
	// blog does not enforce it
	// lab is not known
}

// The key in the params makes it safe to call Create again, also from another process.
func ExampleOrganizationAccountsService_Create() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	client, ctx := server.Client(), context.Background()
	params := cloudflare.AccountCreateParams{Name: "shop", OrganizationID: id, IdempotencyKey: "order-4711"}

	first, err := client.OrganizationAccounts.Create(ctx, params)
	if err != nil {
		log.Fatal(err)
	}
	second, err := client.OrganizationAccounts.Create(ctx, params)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(first.Name, "in", first.ManagedBy.ParentOrgName)
	fmt.Println("one account:", first.ID == second.ID)
	// Output:
	// shop in Example, Inc.
	// one account: true
}

// If the outcome stays unknown, the key in the error makes it safe to call Create again.
func ExampleOrganizationAccountsService_Create_outcomeUnknown() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	client, ctx := server.Client(cloudflare.WithMaxRetries(0)), context.Background()
	params := cloudflare.AccountCreateParams{Name: "shop", OrganizationID: id}

	server.Fail(1, cloudflaretest.Cut()) // the account is created, but the response is lost
	_, err := client.OrganizationAccounts.Create(ctx, params)
	if errors.Is(err, cloudflare.ErrOutcomeUnknown) {
		params.IdempotencyKey = keyOf(err) // store it, to repeat the call when the network works again
		_, err = client.OrganizationAccounts.Create(ctx, params)
	}
	if err != nil {
		log.Fatal(err)
	}
	accounts, err := cloudflare.Collect(client.OrganizationAccounts.All(ctx, id, cloudflare.OrganizationAccountListParams{}))
	fmt.Println(len(accounts), err)
	// Output: 1 <nil>
}

// keyOf returns the idempotency key of a call that failed.
func keyOf(err error) string {
	if e, ok := errors.AsType[*cloudflare.CallError](err); ok {
		return e.IdempotencyKey
	}
	if e, ok := errors.AsType[*cloudflare.Error](err); ok {
		return e.IdempotencyKey
	}
	return ""
}

func ExampleOrganizationAccountsService_Move() {
	server := cloudflaretest.NewServer()
	root := server.AddOrganization("Example, Inc.", "")
	emea := server.AddOrganization("EMEA", root)
	accountID := server.AddAccount(root, cloudflaretest.Account{Name: "shop"})

	moved, err := server.Client().OrganizationAccounts.Move(context.Background(), accountID, emea)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(moved.SourceOrganizationID == root, moved.DestinationOrganizationID == emea)
	// Output: true true
}

// Which organization is an account in? It is the last one.
func ExampleOrganizationAccountsService_ListOrganizations() {
	server := cloudflaretest.NewServer()
	emea := server.AddOrganization("EMEA", server.AddOrganization("Example, Inc.", ""))
	accountID := server.AddAccount(emea, cloudflaretest.Account{Name: "shop"})

	organizations, err := server.Client().OrganizationAccounts.ListOrganizations(context.Background(), accountID)
	if err != nil {
		log.Fatal(err)
	}
	for _, org := range organizations {
		fmt.Println(org.Name)
	}
	// Output:
	// Example, Inc.
	// EMEA
}

func ExampleOrganizationAccountsService_GetProfile() {
	server := cloudflaretest.NewServer()
	accountID := server.AddAccount(server.AddOrganization("Example, Inc.", ""), cloudflaretest.Account{Name: "shop"})
	client, ctx := server.Client(), context.Background()

	_, err := client.OrganizationAccounts.GetProfile(ctx, accountID)
	fmt.Println("set:", !errors.Is(err, cloudflare.ErrNotFound))
	// Output: set: false
}

func ExampleOrganizationAccountsService_UpdateProfile() {
	server := cloudflaretest.NewServer()
	accountID := server.AddAccount(server.AddOrganization("Example, Inc.", ""), cloudflaretest.Account{Name: "shop"})
	client, ctx := server.Client(), context.Background()

	err := client.OrganizationAccounts.UpdateProfile(ctx, accountID, cloudflare.OrganizationProfile{
		BusinessName:  "Example, Inc.",
		BusinessEmail: "billing@example.com",
	})
	if err != nil {
		log.Fatal(err)
	}
	profile, err := client.OrganizationAccounts.GetProfile(ctx, accountID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(profile.BusinessName, profile.BusinessEmail)
	// Output: Example, Inc. billing@example.com
}

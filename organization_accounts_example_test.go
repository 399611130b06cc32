package cloudflare_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleOrganizationAccountsService_List() {
	server := cloudflaretest.NewServer()
	defer server.Close()
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

// Which accounts let people in without a second factor? Where the API does not say, that is not a no.
func ExampleOrganizationAccountsService_All() {
	server := cloudflaretest.NewServer()
	defer server.Close()
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

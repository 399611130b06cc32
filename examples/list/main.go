// List prints the organizations below a root, and the accounts in each.
package main

import (
	"context"
	"fmt"
	"log"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func main() {
	ctx := context.Background()
	server := cloudflaretest.NewServer() // in place of a real account
	root := server.AddOrganization("Example, Inc.", "")
	for _, name := range []string{"Europe", "Asia"} {
		branch := server.AddOrganization(name, root)
		server.AddAccount(branch, cloudflaretest.Account{Name: "Web " + name})
	}
	client := server.Client() // with a real account: client, err := cloudflare.NewClient()

	branches := cloudflare.OrganizationListParams{ParentID: root}
	for org, err := range client.Organizations.All(ctx, branches) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(org.Name)
		accounts := client.OrganizationAccounts.All(ctx, org.ID, cloudflare.OrganizationAccountListParams{})
		for account, err := range accounts {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println("-", account.Name, account.Type)
		}
	}
}

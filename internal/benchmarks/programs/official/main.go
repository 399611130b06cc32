//go:build !noofficial

// Command official lists organizations with the client of the official SDK, as its README does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/organizations"
)

func main() {
	client := cloudflare.NewClient()
	pager := client.Organizations.ListAutoPaging(context.Background(), organizations.OrganizationListParams{
		PageSize: cloudflare.F(int64(100)),
	})
	for pager.Next() {
		o := pager.Current()
		fmt.Println(o.ID, o.Name)
	}
	if err := pager.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

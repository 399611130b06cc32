//go:build !noofficial

// Command officialpackage lists organizations with one package of the official SDK and without its client.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/organizations"
)

func main() {
	service := organizations.NewOrganizationService(
		option.WithEnvironmentProduction(), option.WithAPIToken(os.Getenv("CLOUDFLARE_API_TOKEN")))
	var params organizations.OrganizationListParams
	params.PageSize.Value, params.PageSize.Present = 100, true
	pager := service.ListAutoPaging(context.Background(), params)
	for pager.Next() {
		o := pager.Current()
		fmt.Println(o.ID, o.Name)
	}
	if err := pager.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

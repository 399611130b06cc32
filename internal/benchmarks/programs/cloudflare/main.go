// Command cloudflare lists organizations with this module.
package main

import (
	"context"
	"fmt"
	"os"

	"example.com/cloudflare"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	client, err := cloudflare.NewClient()
	if err != nil {
		return err
	}
	for o, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{}) {
		if err != nil {
			return err
		}
		fmt.Println(o.ID, o.Name)
	}
	return nil
}

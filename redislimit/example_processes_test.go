package redislimit_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/redislimit"
)

// countMembers prints how many members each organization has.
func countMembers(ctx context.Context, store redis.UniversalClient, config redislimit.Config, options ...cloudflare.Option) error {
	limiter := redislimit.New(store, config)
	client, err := cloudflare.NewClient(append(limiter.Options(), options...)...)
	if err != nil {
		return err
	}
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{}) {
		if err != nil {
			return err
		}
		members, err := cloudflare.Collect(client.OrganizationMembers.All(ctx, org.ID, cloudflare.OrganizationMemberListParams{}))
		fmt.Println(org.Name, len(members), err)
	}
	return nil
}

// A program without any queue shares a quota: however many processes run it, they send no more than 1,100 requests in
// any five minutes, and leave 100 to people.
func Example_processes() {
	store, stop := newStore()
	defer stop()
	api := cloudflaretest.NewServer()
	defer api.Close()
	id := api.AddOrganization("Acme", "")
	api.AddMember(id, cloudflaretest.Member{Email: "ada@acme.example"})

	config := redislimit.Config{Name: "ops@example.com", Leave: 100}
	var processes sync.WaitGroup
	for range 2 {
		processes.Go(func() {
			if err := countMembers(context.Background(), store, config, fake(api)...); err != nil {
				fmt.Println(err)
			}
		})
	}
	processes.Wait()

	status, err := redislimit.New(store, config).Status(context.Background())
	fmt.Println(status.Used, "of", status.Quota, "requests,", err)

	// Output:
	// Acme 1 <nil>
	// Acme 1 <nil>
	// 4 of 1100 requests, <nil>
}

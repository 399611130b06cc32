// Foreach counts the members of every organization, eight at once, and waits for the rate limit when it must.
package main

import (
	"context"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func main() {
	server := cloudflaretest.NewServer() // in place of a real account
	for n := range 40 {
		id := server.AddOrganization(fmt.Sprintf("Customer %02d", n), "")
		server.AddMember(id, cloudflaretest.Member{Email: fmt.Sprintf("admin%d@example.com", n)})
	}
	server.SetRateLimit(30, 2*time.Second) // the real one: 1,200 requests per five minutes
	client := server.Client(cloudflare.WithRateLimitHook(func(_ context.Context, wait time.Duration) {
		log.Printf("waiting %s for the rate limit", wait.Round(time.Second))
	}))

	orgs, err := cloudflare.Collect(client.Organizations.All(context.Background(), cloudflare.OrganizationListParams{}))
	if err != nil {
		log.Fatal(err)
	}
	var members atomic.Int64
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(8)
	for _, org := range orgs {
		group.Go(func() error {
			list := client.OrganizationMembers.All(ctx, org.ID, cloudflare.OrganizationMemberListParams{})
			found, err := cloudflare.Collect(list)
			members.Add(int64(len(found)))
			return err
		})
	}
	if err := group.Wait(); err != nil { // the first error, which also ends the other calls
		log.Fatal(err)
	}
	fmt.Println(len(orgs), "organizations,", members.Load(), "members,", len(server.Requests()), "requests")
}

package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// Which requests of tokens failed?
func ExampleOrganizationAuditLogsService_List() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	server.AddAuditLog(id, cloudflaretest.AuditLog{Time: at, ActorContext: "api_token", ActionResult: "failure", RawStatusCode: 409})
	server.AddAuditLog(id, cloudflaretest.AuditLog{Time: at, ActorContext: "api_token", ActionResult: "failure", RawStatusCode: 429})
	server.AddAuditLog(id, cloudflaretest.AuditLog{Time: at, ActorContext: "dash", ActionResult: "failure", RawStatusCode: 409})

	page, err := server.Client().OrganizationAuditLogs.List(context.Background(), id, cloudflare.AuditLogListParams{
		Since:  at.AddDate(0, 0, -1),
		Before: at.AddDate(0, 0, 1),
		Match: cloudflare.AuditLogFilter{
			ActionResults: []cloudflare.AuditLogActionResult{cloudflare.AuditLogActionResultFailure},
			ActorContexts: []cloudflare.AuditLogActorContext{cloudflare.AuditLogActorContextAPIToken},
		},
		Exclude: cloudflare.AuditLogFilter{RawStatusCodes: []int{429}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range page.Items {
		fmt.Println(entry.Actor.Context, entry.Action.Result, entry.Raw.StatusCode)
	}
	// Output: api_token failure 409
}

// The writes of a client are in the audit log.
func ExampleOrganizationAuditLogsService_All() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	client, ctx := server.Client(), context.Background()
	if _, err := client.Organizations.Update(ctx, id, cloudflare.OrganizationUpdateParams{Name: "Example"}); err != nil {
		log.Fatal(err)
	}
	if _, err := client.OrganizationMembers.Create(ctx, id, cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"}); err != nil {
		log.Fatal(err)
	}

	for entry, err := range client.OrganizationAuditLogs.All(ctx, id, cloudflare.AuditLogListParams{
		Since:     time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
		Before:    time.Date(2026, time.January, 2, 0, 0, 0, 0, time.UTC),
		Direction: cloudflare.DirectionAscending,
	}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Action.Type, entry.Resource.Type, string(entry.Resource.Scope))
	}
	// Output:
	// update organization "organizations"
	// create member "organizations"
}

func ExampleOrganizationAuditLogsService_History() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	entryID := server.AddAuditLog(id, cloudflaretest.AuditLog{Time: at, ActionType: "update", ResourceID: "r1", ResourceType: "member", RawURI: "/r1"})
	server.AddAuditLog(id, cloudflaretest.AuditLog{Time: at.Add(time.Hour), ActionType: "delete", ResourceID: "r1", ResourceType: "member", RawURI: "/r1"})
	client, ctx := server.Client(), context.Background()
	params := cloudflare.AuditLogHistoryParams{ActionTime: at, Since: at.AddDate(0, 0, -7), Before: at.AddDate(0, 0, 7)}

	page, err := client.OrganizationAuditLogs.History(ctx, id, entryID, params)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Status)
	for _, entry := range page.Items {
		fmt.Println(entry.Action.Type, entry.Action.Time.Format(time.TimeOnly))
	}

	params.ActionTime = at.AddDate(0, 0, 3) // not the time of the entry
	_, err = client.OrganizationAuditLogs.History(ctx, id, entryID, params)
	fmt.Println(errors.Is(err, cloudflare.ErrNotFound))
	// Output:
	// exact
	// delete 13:00:00
	// update 12:00:00
	// true
}

func ExampleOrganizationAuditLogsService_HistoryAll() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	entryID := server.AddAuditLog(id, cloudflaretest.AuditLog{Time: at, ResourceID: "r1", ResourceType: "member", RawURI: "/r1"})
	for n := range 1500 {
		server.AddAuditLog(id, cloudflaretest.AuditLog{Time: at.Add(time.Duration(n) * time.Second), ResourceID: "r1", ResourceType: "member", RawURI: "/r1"})
	}

	history, err := cloudflare.Collect(server.Client().OrganizationAuditLogs.HistoryAll(context.Background(), id, entryID, cloudflare.AuditLogHistoryParams{
		ActionTime: at, Since: at, Before: at.AddDate(0, 0, 1),
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(history), "entries with", len(server.Requests()), "requests")
	// Output: 1501 entries with 2 requests
}

package demo

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/cloudflare/cloudflaretest"
)

// AddRecent adds what depends on the time of day to a seeded server: an audit log of the last hours, the usage of the
// last days, and shares. All of it belongs to the first organization.
func AddRecent(s *cloudflaretest.Server, t *Tree, now time.Time) {
	root := t.Organizations[0]
	products := []string{"members", "accounts", "organizations"}
	actions := []string{"create", "update", "delete"}
	for i := range 24 {
		actor := root.Members[i%len(root.Members)]
		s.AddAuditLog(root.ID, cloudflaretest.AuditLog{
			Time:         now.Add(time.Duration(i-24) * 37 * time.Minute).Truncate(time.Second),
			ActionType:   actions[i%len(actions)],
			ActionResult: "success",
			ActorContext: "dash", ActorEmail: actor.Email, ActorType: "user",
			RawMethod: "POST", RawStatusCode: 200, RawURI: fmt.Sprintf("/organizations/%s/%s", root.ID, products[i%len(products)]),
			ResourceID: root.ID, ResourceProduct: products[i%len(products)], ResourceScope: "organizations", ResourceType: "organization",
		})
	}
	for i, account := range root.Accounts {
		s.AddUsageRecord(root.ID, cloudflaretest.UsageRecord{
			ChargePeriodStart: now.UTC().Truncate(24 * time.Hour), BillingAccountID: account.ID, BillingAccountName: account.Name,
			MetricID: "requests", MetricName: "Requests", ChargeDescription: "Requests", ConsumedUnit: "requests",
			ConsumedQuantity: json.Number(fmt.Sprint(1000 * (i + 1))),
		})
	}
	s.AddShare(root.ID, cloudflaretest.Share{Name: "Rules for everybody", AccountID: root.Accounts[0].ID, AccountName: root.Accounts[0].Name})
}

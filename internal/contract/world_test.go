package contract_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// world is a fake with resources that have every field. All worlds are equal, so that a request to one fits another.
type world struct {
	server *cloudflaretest.Server

	root, child, grandchild string // organizations, one in the other; the child holds everything else
	account, standalone     string
	member, user            string // the ID of a membership, and of its user
	code                    string // of the invitation of invitee
	auditLog                string
}

const (
	invitee   = "grace@example.com"
	aMember   = "ada@example.com"
	unknownID = "00000000000000000000000000000000"
)

// The period of the audit log, and the time of its first entries.
var (
	since  = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	before = time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)
	acted  = time.Date(2025, time.June, 2, 3, 4, 5, 0, time.UTC)
)

// The smallest params of an audit log and of a history.
var (
	aPeriod  = cloudflare.AuditLogListParams{Since: since, Before: before}
	aHistory = cloudflare.AuditLogHistoryParams{ActionTime: acted, Since: since, Before: before}
)

var aProfile = cloudflare.OrganizationProfile{
	BusinessAddress: "1 Example Way", BusinessEmail: "hello@example.com", BusinessName: "Example", BusinessPhone: "+1 555 0100", ExternalMetadata: "x",
}

func newWorld() (*world, error) {
	s := cloudflaretest.NewServer()
	w := &world{server: s}
	w.root = s.AddOrganization("Root", "")
	w.child = s.AddOrganization("Child", w.root)
	w.grandchild = s.AddOrganization("Grandchild", w.child)

	settings := json.RawMessage(`{"enforce_twofactor":true,"api_access_enabled":false,"access_approval_expiry":"2026-01-02T03:04:05Z",` +
		`"abuse_contact_email":"abuse@example.com","default_nameservers":"custom","use_account_custom_ns_by_default":null}`)
	w.account = s.AddAccount(w.child, cloudflaretest.Account{Name: "shop", PublicName: "shop", Settings: settings, Tags: map[string]string{"team": "web"}})
	s.AddAccount(w.child, cloudflaretest.Account{Name: "lab", Type: "enterprise"})
	w.standalone = s.AddAccount("", cloudflaretest.Account{Name: "alone"})

	w.member = s.AddMember(w.child, cloudflaretest.Member{Email: aMember, Name: "Ada", TwoFactor: true})
	s.AddMember(w.child, cloudflaretest.Member{Email: invitee, Status: "pending"})
	w.code = s.InviteCode(w.child, invitee)

	entry := cloudflaretest.AuditLog{
		Time: acted, ActionDescription: "Update account", ActionResult: "success", ActionType: "update",
		ActorContext: "api_token", ActorEmail: aMember, ActorID: "u1", ActorIPAddress: "192.0.2.1",
		ActorTokenID: "t1", ActorTokenName: "deploy", ActorType: "user",
		RawCFRayID: "86610873f8d987a9", RawMethod: "PUT", RawStatusCode: 200, RawURI: "/accounts/a1", RawUserAgent: "curl",
		ResourceID: "a1", ResourceProduct: "accounts", ResourceRequest: json.RawMessage(`{"name":"n"}`), ResourceResponse: json.RawMessage(`[1]`),
		ResourceScope: "organizations", ResourceType: "account",
	}
	w.auditLog = s.AddAuditLog(w.child, entry)
	entry.Time = acted.Add(time.Second)
	s.AddAuditLog(w.child, entry)

	s.AddUsageRecord(w.child, cloudflaretest.UsageRecord{
		ChargePeriodStart: time.Now().UTC(), BillingAccountID: w.account, BillingAccountName: "shop", MetricID: "m1", MetricName: "Requests",
		ChargeDescription: "Requests", ConsumedQuantity: "12.50", ConsumedUnit: "requests",
		Fields: json.RawMessage(`{"SubAccountId":"s1","SubAccountName":"sub","x_ProductCategoryName":"c","x_ProductFamilyId":"f1","x_ProductFamilyName":"f",
			"x_ZoneId":"z1","x_ZoneName":"example.com","RegionId":null,"RegionName":null,"BillingCurrency":"USD","PricingUnit":null,
			"BilledCost":1.5,"ContractedCost":null,"ContractedUnitPrice":null,"EffectiveCost":null,"ListCost":null,"ListUnitPrice":null,"PricingQuantity":null,
			"BillingPeriodStart":"2026-01-01T00:00:00Z","BillingPeriodEnd":null,"ChargeClass":"Correction","Tags":{"team":"web","production":true}}`),
	})

	share := cloudflaretest.Share{
		Name: "Rules", AccountID: w.account, AccountName: "shop", ResourceTypes: []string{"custom-ruleset"},
		Fields: json.RawMessage(`{"resources":[{"id":"r1","resource_id":"c1","resource_type":"custom-ruleset","resource_account_id":"a1",` +
			`"resource_version":3,"meta":{"a":1},"status":"active","created":"2026-01-02T03:04:05.123456Z","modified":"2026-01-02T03:04:05.123456Z"}],` +
			`"associated_recipient_count":1,"associating_recipient_count":0,"disassociated_recipient_count":0,"disassociating_recipient_count":0}`),
	}
	s.AddShare(w.child, share)
	share.Name = "Lists"
	s.AddShare(w.child, share)

	client := s.Client()
	for _, id := range []string{w.root, w.child, w.grandchild} {
		if err := client.OrganizationProfile.Update(context.Background(), id, aProfile); err != nil {
			return nil, err
		}
	}
	member, err := client.OrganizationMembers.Get(context.Background(), w.child, w.member)
	if err != nil {
		return nil, err
	}
	w.user = member.User.ID
	return w, nil
}

// client returns a client whose requests pass through next.
func (w *world) client(next http.RoundTripper, opts ...cloudflare.Option) *cloudflare.Client {
	return w.server.Client(append(opts, cloudflare.WithHTTPClient(&http.Client{Transport: next}), cloudflare.WithMaxRetries(0))...)
}

// exactly returns an error unless a list has n items.
func exactly[T any](n int, items []T, err error) error {
	if err == nil && len(items) != n {
		err = fmt.Errorf("the list has %d items, not %d", len(items), n)
	}
	return err
}

// page returns the items of a page.
func page[T any](p *cloudflare.Page[T], err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return p.Items, nil
}

// failed returns the error of a method with a result.
func failed[T any](_ T, err error) error { return err }

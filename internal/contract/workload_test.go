package contract_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// job calls one method. Each job has a world of its own.
type job struct {
	method string
	do     func(context.Context, *cloudflare.Client, *world) error
}

// workload calls every method, first with the fewest params and then with the most. The most are every field, in
// several calls where fields exclude each other. Add new methods and fields here.
var workload = []job{
	{"Organizations.List", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		items, err := page(c.Organizations.List(ctx, cloudflare.OrganizationListParams{}))
		return exactly(3, items, err)
	}},
	{"Organizations.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := page(c.Organizations.List(ctx, cloudflare.OrganizationListParams{
			IDs: []string{w.child, w.root}, Name: "Child", NameContains: "HIL", NameStartsWith: "chi", NameEndsWith: "ILD",
			ContainingAccount: w.account, ContainingOrganization: w.grandchild, ContainingUser: w.user, ParentID: w.root, PageSize: 1,
		}))
		return exactly(1, items, err)
	}},
	{"Organizations.List", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		items, err := page(c.Organizations.List(ctx, cloudflare.OrganizationListParams{RootsOnly: true}))
		return exactly(1, items, err)
	}},
	{"Organizations.All", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		items, err := cloudflare.Collect(c.Organizations.All(ctx, cloudflare.OrganizationListParams{}))
		return exactly(3, items, err)
	}},
	{"Organizations.All", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		items, err := cloudflare.Collect(c.Organizations.All(ctx, cloudflare.OrganizationListParams{PageSize: 1}))
		return exactly(3, items, err)
	}},
	{"Organizations.Get", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.Organizations.Get(ctx, w.child))
	}},
	{"Organizations.WaitUntilReadable", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.Organizations.WaitUntilReadable(ctx, w.child))
	}},
	{"Organizations.Create", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		return failed(c.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "New"}))
	}},
	{"Organizations.Create", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "New", ParentID: w.child, Profile: &aProfile}))
	}},
	{"Organizations.Ensure", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		_, created, err := c.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: "Root"})
		return unless(!created, err)
	}},
	{"Organizations.Ensure", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		_, created, err := c.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: "New", ParentID: w.child, Profile: &aProfile})
		return unless(created, err)
	}},
	{"Organizations.Update", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.Organizations.Update(ctx, w.child, cloudflare.OrganizationUpdateParams{Name: "New"}))
	}},
	{"Organizations.Update", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.Organizations.Update(ctx, w.child, cloudflare.OrganizationUpdateParams{Name: "New", ParentID: w.root, Profile: &aProfile}))
	}},
	{"Organizations.Modify", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.Organizations.Modify(ctx, w.child, func(params *cloudflare.OrganizationUpdateParams) error {
			params.Name = "New"
			return nil
		}))
	}},
	{"Organizations.Delete", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.Organizations.Delete(ctx, w.grandchild))
	}},
	{"Organizations.DeleteIfEmpty", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return c.Organizations.DeleteIfEmpty(ctx, w.grandchild)
	}},

	{"OrganizationProfile.Get", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationProfile.Get(ctx, w.child))
	}},
	{"OrganizationProfile.Update", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return c.OrganizationProfile.Update(ctx, w.child, cloudflare.OrganizationProfile{BusinessName: "New"})
	}},
	{"OrganizationProfile.Update", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return c.OrganizationProfile.Update(ctx, w.child, aProfile)
	}},
	{"OrganizationProfile.Modify", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationProfile.Modify(ctx, w.child, func(profile *cloudflare.OrganizationProfile) error {
			profile.BusinessPhone = "+1 555 0199"
			return nil
		}))
	}},

	{"OrganizationAccounts.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := page(c.OrganizationAccounts.List(ctx, w.child, cloudflare.OrganizationAccountListParams{}))
		return exactly(2, items, err)
	}},
	{"OrganizationAccounts.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := page(c.OrganizationAccounts.List(ctx, w.child, cloudflare.OrganizationAccountListParams{
			Name: "SHOP", NameContains: "HO", NameStartsWith: "SH", NameEndsWith: "OP",
			//lint:ignore SA1019 Deprecated parameters must be sent right too.
			AccountPubname: "SHOP", AccountPubnameContains: "HO", AccountPubnameStartsWith: "SH", AccountPubnameEndsWith: "OP",
			OrderBy: cloudflare.AccountOrderByName, Direction: cloudflare.DirectionDescending, IncludeTags: true, OmitTotal: true, PageSize: 1,
		}))
		return exactly(1, items, err)
	}},
	{"OrganizationAccounts.All", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := cloudflare.Collect(c.OrganizationAccounts.All(ctx, w.child, cloudflare.OrganizationAccountListParams{}))
		return exactly(2, items, err)
	}},
	{"OrganizationAccounts.All", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		params := cloudflare.OrganizationAccountListParams{IncludeTags: true, PageSize: 1}
		items, err := cloudflare.Collect(c.OrganizationAccounts.All(ctx, w.child, params))
		return exactly(2, items, err)
	}},
	{"OrganizationAccounts.Create", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationAccounts.Create(ctx, cloudflare.AccountCreateParams{Name: "new", OrganizationID: w.child}))
	}},
	{"OrganizationAccounts.Create", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		return failed(c.OrganizationAccounts.Create(ctx, cloudflare.AccountCreateParams{
			Name: "new", Type: cloudflare.AccountTypeEnterprise, Standalone: true, IdempotencyKey: "order-4711",
		}))
	}},
	{"OrganizationAccounts.Move", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationAccounts.Move(ctx, w.account, w.grandchild))
	}},
	{"OrganizationAccounts.Move", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationAccounts.Move(ctx, w.standalone, w.grandchild))
	}},
	{"OrganizationAccounts.ListOrganizations", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := c.OrganizationAccounts.ListOrganizations(ctx, w.account)
		return exactly(2, items, err)
	}},
	{"OrganizationAccounts.GetProfile", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationAccounts.GetProfile(ctx, w.account))
	}},
	{"OrganizationAccounts.UpdateProfile", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return c.OrganizationAccounts.UpdateProfile(ctx, w.account, cloudflare.OrganizationProfile{BusinessName: "New"})
	}},

	{"OrganizationMembers.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := page(c.OrganizationMembers.List(ctx, w.child, cloudflare.OrganizationMemberListParams{}))
		return exactly(2, items, err)
	}},
	{"OrganizationMembers.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := page(c.OrganizationMembers.List(ctx, w.child, cloudflare.OrganizationMemberListParams{
			Statuses: []cloudflare.MemberStatus{
				cloudflare.MemberStatusActive, cloudflare.MemberStatusPending, cloudflare.MemberStatusRejected, cloudflare.MemberStatusCanceled,
			},
			Email: aMember, EmailContains: "example", EmailStartsWith: "ada", EmailEndsWith: ".com", PageSize: 1,
		}))
		return exactly(1, items, err)
	}},
	{"OrganizationMembers.All", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := cloudflare.Collect(c.OrganizationMembers.All(ctx, w.child, cloudflare.OrganizationMemberListParams{}))
		return exactly(2, items, err)
	}},
	{"OrganizationMembers.All", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := cloudflare.Collect(c.OrganizationMembers.All(ctx, w.child, cloudflare.OrganizationMemberListParams{PageSize: 1}))
		return exactly(2, items, err)
	}},
	{"OrganizationMembers.Get", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationMembers.Get(ctx, w.child, w.member))
	}},
	{"OrganizationMembers.Create", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationMembers.Create(ctx, w.child, cloudflare.OrganizationMemberCreateParams{Email: "new@example.com"}))
	}},
	{"OrganizationMembers.Create", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		params := cloudflare.OrganizationMemberCreateParams{Email: "new@example.com", Status: cloudflare.MemberStatusActive}
		return failed(c.OrganizationMembers.Create(ctx, w.child, params))
	}},
	{"OrganizationMembers.BatchCreate", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := c.OrganizationMembers.BatchCreate(ctx, w.child, []cloudflare.OrganizationMemberCreateParams{{Email: "new@example.com"}})
		return exactly(1, items, err)
	}},
	{"OrganizationMembers.BatchCreate", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		var members []cloudflare.OrganizationMemberCreateParams
		for i := range 11 { // one more than a request may have
			email := fmt.Sprintf("new-%d@example.com", i)
			members = append(members, cloudflare.OrganizationMemberCreateParams{Email: email, Status: cloudflare.MemberStatusCanceled})
		}
		items, err := c.OrganizationMembers.BatchCreate(ctx, w.child, members)
		return exactly(11, items, err)
	}},
	{"OrganizationMembers.Ensure", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		_, created, err := c.OrganizationMembers.Ensure(ctx, w.child, cloudflare.OrganizationMemberCreateParams{Email: aMember})
		return unless(!created, err)
	}},
	{"OrganizationMembers.Ensure", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		params := cloudflare.OrganizationMemberCreateParams{Email: "new@example.com", Status: cloudflare.MemberStatusActive}
		_, created, err := c.OrganizationMembers.Ensure(ctx, w.child, params)
		return unless(created, err)
	}},
	{"OrganizationMembers.Delete", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return c.OrganizationMembers.Delete(ctx, w.child, w.member)
	}},

	{"OrganizationInvites.Accept", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return c.OrganizationInvites.Accept(ctx, w.child, w.code)
	}},
	{"OrganizationInvites.Reject", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return c.OrganizationInvites.Reject(ctx, w.child, w.code)
	}},

	{"OrganizationAuditLogs.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := page(c.OrganizationAuditLogs.List(ctx, w.child, aPeriod))
		return exactly(3, items, err)
	}},
	{"OrganizationAuditLogs.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := page(c.OrganizationAuditLogs.List(ctx, w.child, cloudflare.AuditLogListParams{
			Since: since, Before: before, Direction: cloudflare.DirectionAscending, PageSize: 10,
			Match: cloudflare.AuditLogFilter{
				IDs: []string{w.auditLog, "x"}, ActionResults: []cloudflare.AuditLogActionResult{"success", "failure"},
				ActionTypes: []cloudflare.AuditLogActionType{"update", "view"}, ActorContexts: []cloudflare.AuditLogActorContext{"api_token", "dash"},
				ActorEmails: []string{aMember, invitee}, ActorIDs: []string{"u1", "u2"}, ActorIPAddresses: []string{"192.0.2.1", "192.0.2.2"},
				ActorTokenIDs: []string{"t1", "t2"}, ActorTokenNames: []string{"deploy", "test"},
				ActorTypes:  []cloudflare.AuditLogActorType{"user", "system"},
				RawCFRayIDs: []string{"86610873f8d987a9", "86610873f8d987aa"}, RawMethods: []string{"PUT", "POST"},
				RawStatusCodes: []int{200, 204}, RawURIs: []string{"/accounts/a1", "/accounts/a2"},
				ResourceIDs: []string{"a1", "a2"}, ResourceProducts: []string{"accounts", "members"},
				ResourceScopes: []string{"organizations"}, ResourceTypes: []string{"account", "member"},
			},
			Exclude: cloudflare.AuditLogFilter{
				IDs: []string{"x"}, ActionResults: []cloudflare.AuditLogActionResult{"failure"},
				ActionTypes: []cloudflare.AuditLogActionType{"view"}, ActorContexts: []cloudflare.AuditLogActorContext{"dash"},
				ActorEmails: []string{invitee}, ActorIDs: []string{"u2"}, ActorIPAddresses: []string{"192.0.2.2"},
				ActorTokenIDs: []string{"t2"}, ActorTokenNames: []string{"test"}, ActorTypes: []cloudflare.AuditLogActorType{"system"},
				RawCFRayIDs: []string{"86610873f8d987aa"}, RawMethods: []string{"POST"}, RawStatusCodes: []int{204}, RawURIs: []string{"/accounts/a2"},
				ResourceIDs: []string{"a2"}, ResourceProducts: []string{"members"}, ResourceTypes: []string{"member"},
			},
		}))
		return exactly(1, items, err)
	}},
	{"OrganizationAuditLogs.List", func(ctx context.Context, c *cloudflare.Client, w *world) error { // no entry has another scope
		items, err := page(c.OrganizationAuditLogs.List(ctx, w.child, cloudflare.AuditLogListParams{
			Since: since, Before: before, Exclude: cloudflare.AuditLogFilter{ResourceScopes: []string{"organizations"}},
		}))
		return exactly(0, items, err)
	}},
	{"OrganizationAuditLogs.All", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := cloudflare.Collect(c.OrganizationAuditLogs.All(ctx, w.child, aPeriod))
		return exactly(3, items, err)
	}},
	{"OrganizationAuditLogs.All", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		params := aPeriod
		params.PageSize = 1
		items, err := cloudflare.Collect(c.OrganizationAuditLogs.All(ctx, w.child, params))
		return exactly(3, items, err)
	}},
	{"OrganizationAuditLogs.History", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		history, err := c.OrganizationAuditLogs.History(ctx, w.child, w.auditLog, aHistory)
		if err == nil && history.Status != cloudflare.HistoryStatusExact {
			err = errors.New("the status is " + string(history.Status))
		}
		return err
	}},
	{"OrganizationAuditLogs.History", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		params := aHistory
		params.Direction, params.PageSize = cloudflare.DirectionDescending, 1
		history, err := c.OrganizationAuditLogs.History(ctx, w.child, w.auditLog, params)
		if err != nil {
			return err
		}
		return exactly(1, history.Items, nil)
	}},
	{"OrganizationAuditLogs.HistoryAll", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := cloudflare.Collect(c.OrganizationAuditLogs.HistoryAll(ctx, w.child, w.auditLog, aHistory))
		return exactly(2, items, err)
	}},
	{"OrganizationAuditLogs.HistoryAll", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		params := aHistory
		params.PageSize = 1
		items, err := cloudflare.Collect(c.OrganizationAuditLogs.HistoryAll(ctx, w.child, w.auditLog, params))
		return exactly(2, items, err)
	}},

	{"OrganizationUsage.Get", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := c.OrganizationUsage.Get(ctx, w.child, cloudflare.UsageParams{})
		return exactly(1, items, err)
	}},
	{"OrganizationUsage.Get", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		now := time.Now().UTC()
		items, err := c.OrganizationUsage.Get(ctx, w.child, cloudflare.UsageParams{From: now.AddDate(0, 0, -1), To: now.AddDate(0, 0, 1)})
		return exactly(1, items, err)
	}},

	{"OrganizationShares.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := page(c.OrganizationShares.List(ctx, w.child, cloudflare.ShareListParams{}))
		return exactly(2, items, err)
	}},
	{"OrganizationShares.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := page(c.OrganizationShares.List(ctx, w.child, cloudflare.ShareListParams{
			Status: cloudflare.ShareStatusActive, Kind: cloudflare.ShareKindSent, TargetType: cloudflare.ShareTargetTypeAccount,
			ResourceTypes: []cloudflare.ShareResourceType{cloudflare.ShareResourceTypeCustomRuleset, cloudflare.ShareResourceTypeTrustGrant},
			OrderBy:       cloudflare.ShareOrderByName, Direction: cloudflare.DirectionDescending, PageSize: 1, PageToken: "2",
		}))
		return exactly(1, items, err)
	}},
	{"OrganizationShares.All", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := cloudflare.Collect(c.OrganizationShares.All(ctx, w.child, cloudflare.ShareListParams{}))
		return exactly(2, items, err)
	}},
	{"OrganizationShares.All", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		items, err := cloudflare.Collect(c.OrganizationShares.All(ctx, w.child, cloudflare.ShareListParams{PageSize: 1}))
		return exactly(2, items, err)
	}},
}

// failures are calls to which the API responds with an error.
var failures = []job{
	{"Organizations.Get", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		return failed(c.Organizations.Get(ctx, unknownID))
	}},
	{"Organizations.Create", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		return failed(c.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "New", ParentID: unknownID}))
	}},
	{"Organizations.Delete", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.Organizations.Delete(ctx, w.child))
	}},
	{"OrganizationProfile.Get", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		created, err := c.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "New"})
		if err != nil {
			return nil
		}
		return failed(c.OrganizationProfile.Get(ctx, created.ID)) // never set
	}},
	{"OrganizationAccounts.List", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationAccounts.List(ctx, w.child, cloudflare.OrganizationAccountListParams{PageToken: "x"}))
	}},
	{"OrganizationAccounts.Create", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		return failed(c.OrganizationAccounts.Create(ctx, cloudflare.AccountCreateParams{Name: "new"}))
	}},
	{"OrganizationAccounts.GetProfile", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationAccounts.GetProfile(ctx, w.standalone))
	}},
	{"OrganizationMembers.Create", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationMembers.Create(ctx, w.child, cloudflare.OrganizationMemberCreateParams{Email: aMember}))
	}},
	{"OrganizationMembers.Delete", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return c.OrganizationMembers.Delete(ctx, w.child, unknownID)
	}},
	{"OrganizationInvites.Accept", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return c.OrganizationInvites.Accept(ctx, w.child, "x")
	}},
	{"OrganizationAuditLogs.List", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		return failed(c.OrganizationAuditLogs.List(ctx, unknownID, aPeriod))
	}},
	{"OrganizationAuditLogs.History", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		params := aHistory
		params.ActionTime = before
		return failed(c.OrganizationAuditLogs.History(ctx, w.child, w.auditLog, params))
	}},
	{"OrganizationAuditLogs.History", func(ctx context.Context, c *cloudflare.Client, w *world) error {
		return failed(c.OrganizationAuditLogs.History(ctx, unknownID, w.auditLog, aHistory))
	}},
	{"OrganizationShares.List", func(ctx context.Context, c *cloudflare.Client, _ *world) error {
		return failed(c.OrganizationShares.List(ctx, unknownID, cloudflare.ShareListParams{}))
	}},
}

// unless returns an error if there is none and ok is false.
func unless(ok bool, err error) error {
	if err == nil && !ok {
		err = errors.New("it should have done the other thing")
	}
	return err
}

// outcome is what came of a job.
type outcome struct {
	job
	what string // in addition to the method
	err  error
	want bool     // an error
	sent []string // the requests that succeeded
}

// ran is the workload after it has run once: with a key, with an unknown key, and, for the operations that accept one,
// with a token.
var ran = sync.OnceValues(func() (ran struct {
	outcomes []outcome
	*checker
}, err error) {
	if _, err := router(); err != nil { // every request would fail, and be sent again
		return ran, err
	}
	ran.checker = &checker{seen: map[string]bool{}}
	do := func(job job, what string, want bool, opts ...cloudflare.Option) {
		if err != nil {
			return
		}
		var w *world
		if w, err = newWorld(); err != nil {
			return
		}
		defer w.server.Close()
		ran.next = w.server.Transport()
		ran.method = job.method + what
		if len(opts) == 0 && slices.Contains([]string{"OrganizationInvites.Accept", "OrganizationInvites.Reject"}, job.method) {
			opts = []cloudflare.Option{cloudflare.WithAPIKey(cloudflaretest.APIKey, invitee)}
		}
		before := len(ran.succeeded)
		outcome := outcome{job: job, what: what, want: want, err: job.do(context.Background(), w.client(ran.checker, opts...), w)}
		for _, r := range ran.succeeded[before:] {
			outcome.sent = append(outcome.sent, r.operation+"?"+r.query.Encode())
		}
		ran.outcomes = append(ran.outcomes, outcome)
	}
	for _, job := range workload {
		do(job, "", false)
		do(job, " with an unknown key", true, cloudflare.WithAPIKey("unknown", cloudflaretest.Email))
	}
	for _, job := range failures {
		do(job, " that must fail", true)
	}
	do(workload[0], " with a token in place of a key", true, cloudflare.WithAPIKey("cfut_x", cloudflaretest.Email))
	return ran, err
})

// Each method works, and no request or response of it contradicts api.yaml.
func TestWorkload(t *testing.T) {
	ran, err := ran()
	require.NoError(t, err)
	for _, outcome := range ran.outcomes {
		name := outcome.method + outcome.what
		if !outcome.want {
			assert.NoError(t, outcome.err, "%s: %s", name, outcome.sent)
			continue
		}
		if assert.Error(t, outcome.err, name) {
			assert.NotErrorIs(t, outcome.err, cloudflare.ErrInvalidArgument, name)
		}
	}
	for _, violation := range ran.violations {
		t.Error(violation)
	}
}

// The workload has every method.
func TestWorkloadIsComplete(t *testing.T) {
	var methods, want []string
	for _, job := range workload {
		methods = append(methods, job.method)
	}
	for _, m := range clientMethods(t) {
		want = append(want, m.String())
	}
	assert.ElementsMatch(t, want, slices.Compact(methods), "methods of the client, methods in the workload")
}

// Everything in api.yaml occurs in the workload. A field or a parameter that is added there fails until the client
// sends it, or the fake does.
func TestCoverage(t *testing.T) {
	ran, err := ran()
	require.NoError(t, err)
	all := requirements(t)
	require.Greater(t, len(all), 500)
	for _, requirement := range all {
		assert.True(t, ran.seen[requirement], "api.yaml has %q, which neither the client nor the fake ever sends", requirement)
	}
}

package doctor

import (
	"context"
	"reflect"
	"time"

	"example.com/cloudflare"
)

// probe is an operation that only reads.
type probe struct {
	method, route string
	result        reflect.Type // of the result, or of an item of it
	list          bool
	keyOnly       bool // the API documents that no token can hold the permission

	needs func(*found) (id, what string) // what the operation needs to know first
	call  func(context.Context, *cloudflare.Client, *found) (items int, err error)
}

// found is what earlier probes found, for later ones.
type found struct {
	organization, account, member string // IDs
	auditLog                      cloudflare.AuditLog
	response                      cloudflare.Response // of the first probe
}

func organization(f *found) (id, what string) { return f.organization, "organization" }
func account(f *found) (id, what string)      { return f.account, "account" }
func member(f *found) (id, what string)       { return f.member, "member" }
func auditLog(f *found) (id, what string)     { return f.auditLog.ID, "entry of the audit log" }

// sample is how many items of a list are compared with what the API client expects.
const sample = 100

// probes are all operations of the API client that only read, each after those that find what it needs.
var probes = []probe{
	{
		method: "Organizations.List", route: "GET /organizations",
		result: reflect.TypeFor[cloudflare.Organization](), list: true,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			page, err := c.Organizations.List(ctx, cloudflare.OrganizationListParams{PageSize: sample}, cloudflare.CaptureResponse(&f.response))
			if err != nil {
				return 0, err
			}
			for _, org := range page.Items {
				if f.organization == "" || org.Parent == nil { // a root is more likely to hold something
					f.organization = org.ID
				}
				if org.Parent == nil {
					break
				}
			}
			return len(page.Items), nil
		},
	},
	{
		method: "Organizations.Get", route: "GET /organizations/{organization_id}",
		result: reflect.TypeFor[cloudflare.Organization](), keyOnly: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			_, err := c.Organizations.Get(ctx, f.organization)
			return 1, err
		},
	},
	{
		method: "OrganizationProfile.Get", route: "GET /organizations/{organization_id}/profile",
		result: reflect.TypeFor[cloudflare.OrganizationProfile](), keyOnly: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			_, err := c.OrganizationProfile.Get(ctx, f.organization)
			return 1, err
		},
	},
	{
		method: "OrganizationAccounts.List", route: "GET /organizations/{organization_id}/accounts",
		result: reflect.TypeFor[cloudflare.Account](), list: true, keyOnly: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			page, err := c.OrganizationAccounts.List(ctx, f.organization, cloudflare.OrganizationAccountListParams{PageSize: sample, IncludeTags: true})
			if err != nil || len(page.Items) == 0 {
				return 0, err
			}
			f.account = page.Items[0].ID
			return len(page.Items), nil
		},
	},
	{
		method: "OrganizationMembers.List", route: "GET /organizations/{organization_id}/members",
		result: reflect.TypeFor[cloudflare.OrganizationMember](), list: true, keyOnly: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			page, err := c.OrganizationMembers.List(ctx, f.organization, cloudflare.OrganizationMemberListParams{PageSize: sample})
			if err != nil || len(page.Items) == 0 {
				return 0, err
			}
			f.member = page.Items[0].ID
			return len(page.Items), nil
		},
	},
	{
		method: "OrganizationMembers.Get", route: "GET /organizations/{organization_id}/members/{member_id}",
		result: reflect.TypeFor[cloudflare.OrganizationMember](), keyOnly: true, needs: member,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			_, err := c.OrganizationMembers.Get(ctx, f.organization, f.member)
			return 1, err
		},
	},
	{
		method: "OrganizationAuditLogs.List", route: "GET /organizations/{organization_id}/logs/audit",
		result: reflect.TypeFor[cloudflare.AuditLog](), list: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			params := cloudflare.AuditLogListParams{Since: daysAgo(30), Before: time.Now(), PageSize: sample}
			page, err := c.OrganizationAuditLogs.List(ctx, f.organization, params)
			if err != nil || len(page.Items) == 0 {
				return 0, err
			}
			f.auditLog = page.Items[0]
			return len(page.Items), nil
		},
	},
	{
		method: "OrganizationAuditLogs.History", route: "GET /organizations/{organization_id}/logs/audit/{audit_log_id}/history",
		result: reflect.TypeFor[cloudflare.AuditLog](), list: true, needs: auditLog,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			params := cloudflare.AuditLogHistoryParams{
				ActionTime: f.auditLog.Action.Time, Since: daysAgo(30), Before: time.Now(), PageSize: sample,
			}
			page, err := c.OrganizationAuditLogs.History(ctx, f.organization, f.auditLog.ID, params)
			if err != nil {
				return 0, err
			}
			return len(page.Items), nil
		},
	},
	{
		method: "OrganizationUsage.Get", route: "GET /organizations/{organization_id}/billable/usage",
		result: reflect.TypeFor[cloudflare.UsageRecord](), list: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			records, err := c.OrganizationUsage.Get(ctx, f.organization, cloudflare.UsageParams{From: daysAgo(6).UTC(), To: time.Now().UTC()})
			return len(records), err
		},
	},
	{
		method: "OrganizationShares.List", route: "GET /organizations/{organization_id}/shares",
		result: reflect.TypeFor[cloudflare.Share](), list: true, keyOnly: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			page, err := c.OrganizationShares.List(ctx, f.organization, cloudflare.ShareListParams{PageSize: sample})
			if err != nil {
				return 0, err
			}
			return len(page.Items), nil
		},
	},
	{
		method: "OrganizationAccounts.ListOrganizations", route: "GET /accounts/{account_id}/organizations",
		result: reflect.TypeFor[cloudflare.Organization](), list: true, needs: account,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			orgs, err := c.OrganizationAccounts.ListOrganizations(ctx, f.account)
			return len(orgs), err
		},
	},
	{
		method: "OrganizationAccounts.GetProfile", route: "GET /accounts/{account_id}/profile",
		result: reflect.TypeFor[cloudflare.OrganizationProfile](), needs: account,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			_, err := c.OrganizationAccounts.GetProfile(ctx, f.account)
			return 1, err
		},
	},
}

func daysAgo(n int) time.Time { return time.Now().AddDate(0, 0, -n) }

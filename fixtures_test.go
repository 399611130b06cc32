package cloudflare_test

import (
	"fmt"
	"net/http"
	"time"

	"example.com/cloudflare"
)

const (
	organizationID = "a7b9c3d2e8f40715a6b0c9d2e3f4a7b8"
	parentID       = "0123456789abcdef0123456789abcdef"
	memberID       = "fedcba9876543210fedcba9876543210"

	apiURL           = "https://api.cloudflare.com/client/v4"
	organizationsURL = apiURL + "/organizations"
	organizationURL  = organizationsURL + "/" + organizationID

	rayID     = "86610873f8d987a9-IAD"
	rayHeader = "Cf-Ray: " + rayID
)

// The smallest results that a method for one resource needs.
const (
	anOrganization = `{"id":"o1","name":"Org","create_time":"2026-01-02T03:04:05Z","meta":{"hierarchy_tags":["o0","o1"]},` +
		`"parent":{"id":"o0","name":"Root"}}`
	anAccount = `{"id":"a1","name":"Account","created_on":"2026-01-02T03:04:05Z","settings":{"enforce_twofactor":null}}`
	aMember   = `{"id":"m1","create_time":"2026-01-02T03:04:05Z","user":{"id":"u1","email":"a@example.com"}}`

	aUsageRecord = `{"ChargePeriodStart":"2026-01-02T03:04:05Z","ChargePeriodEnd":"2026-01-03T03:04:05Z",` +
		`"x_BillableMetricId":"b1","ConsumedQuantity":0.10}`
)

// The smallest params of an audit log and of a history.
var (
	aDay     = time.Date(2026, time.January, 2, 0, 0, 0, 0, time.UTC)
	aPeriod  = cloudflare.AuditLogListParams{Since: aDay, Before: aDay.AddDate(0, 0, 1)}
	aHistory = cloudflare.AuditLogHistoryParams{ActionTime: aDay, Since: aDay, Before: aDay.AddDate(0, 0, 1)}
)

// successBody is the body of a response that reports success.
func successBody(result string) string {
	return `{"success":true,"errors":[],"messages":[],"result":` + result + `}`
}

// pageBody is the body of a page. As in the API's responses, the last page has no token at all.
func pageBody(items, nextPageToken string) string {
	info := `{}`
	if nextPageToken != "" {
		info = `{"next_page_token":"` + nextPageToken + `"}`
	}
	return `{"success":true,"result":` + items + `,"result_info":` + info + `}`
}

// errorBody is the body of a response in which the API reports one error.
func errorBody(code int, message string) string {
	return fmt.Sprintf(`{"success":false,"errors":[{"code":%d,"message":%q}],"messages":[],"result":null}`, code, message)
}

var (
	rejectedBody = errorBody(1003, "rejected")
	notFoundBody = errorBody(1551, "organization not found")
	noRouteBody  = errorBody(7003, "Could not route to it")
)

func respondSuccess(result string) roundTripper {
	return respondWith(http.StatusOK, successBody(result))
}

func respondError(status int) roundTripper { return respondWith(status, rejectedBody) }

// fullOrganizationJSON is an organization with every documented field and one that is not documented. fullOrganization
// returns it as it is decoded.
const fullOrganizationJSON = `{
	"id": "` + organizationID + `",
	"name": "Example, Inc. ☁",
	"create_time": "2026-01-02T03:04:05.678901Z",
	"meta": {
		"flags": {
			"account_creation": "f1", "account_deletion": "f2", "account_migration": "f3",
			"account_mobility": "f4", "sub_org_creation": "f5"
		},
		"tenant_flags": {
			"account_creation": "t1", "account_deletion": "t2", "account_migration": "t3", "account_mobility": "t4",
			"enterprise_capability": "t5", "member_management": "t6", "sub_org_creation": "t7",
			"account_creation_applies_tenant_defaults": "t8"
		},
		"hierarchy_tags": ["` + parentID + `", "` + organizationID + `"],
		"managed_by": "somebody",
		"of_a_later_version": {"a": [1]}
	},
	"parent": {"id": "` + parentID + `", "name": "Above"},
	"profile": ` + fullProfileJSON + `
}`

func fullOrganization() *cloudflare.Organization {
	return &cloudflare.Organization{
		ID:         organizationID,
		Name:       "Example, Inc. ☁",
		CreateTime: time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC),
		Meta: cloudflare.OrganizationMeta{
			Flags: &cloudflare.OrganizationFlags{
				AccountCreation: "f1", AccountDeletion: "f2", AccountMigration: "f3",
				AccountMobility: "f4", SubOrgCreation: "f5",
			},
			TenantFlags: &cloudflare.OrganizationFlags{
				AccountCreation: "t1", AccountDeletion: "t2", AccountMigration: "t3", AccountMobility: "t4",
				EnterpriseCapability: "t5", MemberManagement: "t6", SubOrgCreation: "t7",
				AccountCreationAppliesTenantDefaults: "t8",
			},
			HierarchyTags: []string{parentID, organizationID},
			ManagedBy:     "somebody",
		},
		Parent:  &cloudflare.OrganizationParent{ID: parentID, Name: "Above"},
		Profile: fullProfile(),
	}
}

const fullProfileJSON = `{
	"business_address": "1 Example Way",
	"business_email": "hello@example.com",
	"business_name": "Example",
	"business_phone": "+1 555 0100",
	"external_metadata": "{\"crm\":7}"
}`

func fullProfile() *cloudflare.OrganizationProfile {
	return &cloudflare.OrganizationProfile{
		BusinessAddress:  "1 Example Way",
		BusinessEmail:    "hello@example.com",
		BusinessName:     "Example",
		BusinessPhone:    "+1 555 0100",
		ExternalMetadata: `{"crm":7}`,
	}
}

// The credentials of the tests. Any twelve consecutive bytes of one contain canary, so that a part of one is found too.
const (
	canary      = "C4n4ry"
	canaryToken = "cfut_C4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ry"
	canaryKey   = "cfk_C4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ry"
	canaryEmail = "C4n4ryC4n4ry+C4n4ry@C4n4ry.example"
)

package blackbox

import (
	"fmt"
	"time"

	"example.com/cloudflare"
)

const (
	organizationID = "a7b9c3d2e8f40715a6b0c9d2e3f4a7b8"

	rayID     = "86610873f8d987a9-IAD"
	rayHeader = "Cf-Ray: " + rayID
)

// The smallest results that a method for one resource needs.
const (
	anOrganization = `{"id":"o1","name":"Org","create_time":"2026-01-02T03:04:05Z","meta":{"hierarchy_tags":["o0","o1"]},` +
		`"parent":{"id":"o0","name":"Root"}}`
	anAccount = `{"id":"a1","name":"Account","created_on":"2026-01-02T03:04:05Z","settings":{"enforce_twofactor":null}}`
	aMember   = `{"id":"m1","create_time":"2026-01-02T03:04:05Z","user":{"id":"u1","email":"a@example.com"}}`
	aMove     = `{"account_id":"a1","source_organization_id":"o0","destination_organization_id":"o1"}`
	aShare    = `{"id":"s1","name":"Share","created":"2026-01-02T03:04:05Z"}`

	anAuditLog   = `{"id":"e1","action":{"time":"2026-01-02T03:04:05Z"},"resource":{"request":{"a":[1]}}}`
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

// errorBody is the body of a response in which the API reports one error.
func errorBody(code int, message string) string {
	return fmt.Sprintf(`{"success":false,"errors":[{"code":%d,"message":%q}],"messages":[],"result":null}`, code, message)
}

// organizationBody is the body of a response to a read of organizationID.
var organizationBody = successBody(`{"id":"` + organizationID + `","name":"Acme","create_time":"2026-01-02T03:04:05Z","meta":{}}`)

var (
	rejectedBody = errorBody(1003, "rejected")
	notFoundBody = errorBody(1551, "organization not found")
	noRouteBody  = errorBody(7003, "Could not route to it")
	deletedBody  = successBody(`{"id":"` + organizationID + `"}`)
)

// manyMembers returns the params of n members.
func manyMembers(n int) []cloudflare.OrganizationMemberCreateParams {
	members := make([]cloudflare.OrganizationMemberCreateParams, n)
	for i := range members {
		members[i].Email = fmt.Sprintf("m%d@example.com", i)
	}
	return members
}

func renameTo(to string) func(*cloudflare.OrganizationUpdateParams) error {
	return func(p *cloudflare.OrganizationUpdateParams) error { p.Name = to; return nil }
}

func setBusinessPhone(p *cloudflare.OrganizationProfile) error {
	p.BusinessPhone = "+1 555 0199"
	return nil
}

// The credentials of the tests. Any twelve consecutive bytes of one contain canary, so that a part of one is found too.
const (
	canary      = "C4n4ry"
	canaryToken = "cfut_C4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ry"
	canaryKey   = "cfk_C4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ry"
	canaryEmail = "C4n4ryC4n4ry+C4n4ry@C4n4ry.example"
)

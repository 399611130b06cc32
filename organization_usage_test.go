package cloudflare_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the locations, also on a machine without them

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const usageURL = organizationURL + "/billable/usage"

// The dates are sent as they are written, whatever the location and the time of day, and the order and the number of
// days are those of the dates.
func TestUsageQueries(t *testing.T) {
	const utc, tokyo, losAngeles, berlin = " UTC", " Asia/Tokyo", " America/Los_Angeles", " Europe/Berlin"
	const first, last = " Pacific/Kiritimati", " Etc/GMT+12" // where a day begins first and ends last, 26 hours apart
	const apia = " Pacific/Apia"                             // which had no December 30, 2011
	const limit, order = "From and To must span at most 31 days", "To is before From"
	for _, tt := range []struct{ from, to, says string }{
		{"2026-10-01 00:00" + utc, "2026-10-31 23:59" + utc, ""},
		{"2026-10-01 00:00" + tokyo, "2026-10-31 00:00" + tokyo, ""},
		{"2026-10-01 23:59" + tokyo, "2026-10-31 23:59" + tokyo, ""},
		{"2026-10-01 00:00" + losAngeles, "2026-10-31 00:00" + losAngeles, ""},
		{"2026-10-01 23:59" + losAngeles, "2026-10-31 23:59" + losAngeles, ""},
		{"2026-10-01 23:59" + tokyo, "2026-10-01 00:00" + tokyo, ""},
		{"2026-12-31 00:00" + tokyo, "2027-01-30 00:00" + tokyo, ""},
		{"2028-02-01 00:00" + tokyo, "2028-03-02 00:00" + tokyo, ""},
		{"2026-10-01 23:59" + utc, "2026-11-01 00:00" + utc, limit},
		{"2026-10-01 23:59" + tokyo, "2026-11-01 00:00" + tokyo, limit},
		{"2028-02-01 00:00" + tokyo, "2028-03-03 00:00" + tokyo, limit},
		{"2026-01-01 00:00" + utc, "2526-01-01 00:00" + utc, limit},
		{"2026-10-02 00:00" + utc, "2026-10-01 23:59" + utc, order},

		// Summer time begins or ends, or a day is left out.
		{"2026-03-01 00:00" + berlin, "2026-03-31 23:59" + berlin, ""},
		{"2026-10-01 00:00" + berlin, "2026-10-31 23:59" + berlin, ""},
		{"2026-03-08 00:00" + losAngeles, "2026-03-09 00:00" + losAngeles, ""},
		{"2011-12-01 00:00" + apia, "2011-12-31 00:00" + apia, ""},
		{"2026-03-01 23:59" + berlin, "2026-04-01 00:00" + berlin, limit},
		{"2026-10-31 23:59" + losAngeles, "2026-12-01 00:00" + losAngeles, limit},
		{"2011-12-01 00:00" + apia, "2012-01-01 00:00" + apia, limit},

		// The locations differ.
		{"2026-10-01 23:59" + utc, "2026-10-02 08:59" + tokyo, ""}, // the same moment
		{"2026-10-01 00:00" + last, "2026-10-01 00:00" + first, ""},
		{"2026-10-01 00:00" + first, "2026-10-31 23:59" + last, ""},
		{"2026-10-01 23:59" + last, "2026-10-31 00:00" + first, ""},
		{"2026-10-01 23:59" + last, "2026-11-01 00:00" + first, limit}, // less than 30 days
		{"2026-10-02 00:00" + first, "2026-10-01 23:59" + last, order}, // a later moment
	} {
		client, script := newScriptedClient(t, respondSuccess(`[]`))
		_, err := client.OrganizationUsage.Get(t.Context(), organizationID, cloudflare.UsageParams{From: timeIn(t, tt.from), To: timeIn(t, tt.to)})
		if tt.says != "" {
			assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%+v", tt)
			assert.ErrorContains(t, err, tt.says, "%+v", tt)
			assert.Empty(t, script.sent, "%+v", tt)
			continue
		}
		require.NoError(t, err, "%+v", tt)
		assert.Equal(t, usageURL+"?from="+tt.from[:len(time.DateOnly)]+"&to="+tt.to[:len(time.DateOnly)], script.only(t).URL)
	}
}

// timeIn parses a time such as "2026-10-01 00:00 Asia/Tokyo".
func timeIn(t *testing.T, text string) time.Time {
	const layout = "2006-01-02 15:04"
	location, err := time.LoadLocation(text[len(layout)+1:])
	require.NoError(t, err)
	at, err := time.ParseInLocation(layout, text[:len(layout)], location)
	require.NoError(t, err)
	require.Equal(t, text[:len(layout)], at.Format(layout), "this time does not exist there")
	return at
}

func TestUsageOfACompletePeriodOrNone(t *testing.T) {
	client, script := newScriptedClient(t, respondSuccess(`[]`))
	records, err := client.OrganizationUsage.Get(t.Context(), organizationID, cloudflare.UsageParams{})
	require.NoError(t, err)
	assert.Empty(t, records)
	assert.Equal(t, usageURL, script.only(t).URL)

	day, distant := timeIn(t, "2026-10-01 00:00 Asia/Tokyo"), time.Date(11026, time.October, 1, 0, 0, 0, 0, time.UTC)
	newYear := timeIn(t, "9999-12-31 23:59 UTC").In(day.Location()) // 10000 in Tokyo
	for says, params := range map[string][]cloudflare.UsageParams{
		"From and To must both be set": {{From: day}, {To: day}},
		"in years between 0 and 9999": {
			{From: distant, To: distant}, {From: newYear, To: newYear}, {From: day, To: time.Unix(1<<62, 0)},
			{From: day.AddDate(-3000, 0, 0), To: day}, {From: time.Unix(-1<<62, 0), To: day},
		},
	} {
		for _, params := range params {
			_, err := newClient(t, sendNothing(t)).OrganizationUsage.Get(t.Context(), organizationID, params)
			assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%+v", params)
			assert.ErrorContains(t, err, says, "%+v", params)
		}
	}
}

const fullUsageRecordJSON = `{
	"ServiceProviderName": "Cloudflare", "InvoiceIssuerName": "Cloudflare, Inc.", "HostProviderName": "CF",
	"ChargePeriodStart": "2026-10-01T00:00:00Z", "ChargePeriodEnd": "2026-10-02T00:00:00Z",
	"ChargeCategory": "Usage", "ChargeFrequency": "Usage-Based", "ChargeDescription": "Workers requests",
	"ConsumedQuantity": 0.10, "ConsumedUnit": "million", "x_BillableMetricId": "m1", "x_BillableMetricName": "Requests",
	"BillingAccountId": "b1", "BillingAccountName": "Billing", "SubAccountId": "s1", "SubAccountName": "Shop",
	"x_ProductCategoryName": "Developer", "x_ProductFamilyId": "f1", "x_ProductFamilyName": "Workers",
	"x_ZoneId": null, "x_ZoneName": "example.com", "RegionId": null, "RegionName": "EU", "PricingUnit": null,
	"BillingCurrency": "USD", "Tags": {"team": "a", "prod": true},
	"BilledCost": 12345678901234567890.123456789, "ContractedCost": null, "ContractedUnitPrice": 1E-7, "EffectiveCost": -0.5,
	"ListCost": 0, "ListUnitPrice": 0.00, "PricingQuantity": null,
	"BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": null, "ChargeClass": "Correction", "x_OfALaterVersion": {"a": [1]}
}`

func TestUsageRecordIsDecoded(t *testing.T) {
	type (
		text    = cloudflare.Nullable[string]
		decimal = cloudflare.Nullable[cloudflare.Decimal]
		at      = cloudflare.Nullable[time.Time]
	)
	first := time.Date(2026, time.October, 1, 0, 0, 0, 0, time.UTC)
	want := cloudflare.UsageRecord{
		ServiceProviderName: "Cloudflare", InvoiceIssuerName: "Cloudflare, Inc.", HostProviderName: "CF",
		ChargePeriodStart: first, ChargePeriodEnd: first.AddDate(0, 0, 1),
		ChargeCategory: "Usage", ChargeFrequency: "Usage-Based", ChargeDescription: "Workers requests",
		ConsumedQuantity: "0.10", ConsumedUnit: "million", BillableMetricID: "m1", BillableMetricName: "Requests",
		BillingAccountID: "b1", BillingAccountName: "Billing", SubAccountID: "s1", SubAccountName: "Shop",
		ProductCategoryName: "Developer", ProductFamilyID: "f1", ProductFamilyName: "Workers",
		ZoneID: text{Null: true}, ZoneName: text{Value: "example.com", Valid: true},
		RegionID: text{Null: true}, RegionName: text{Value: "EU", Valid: true}, PricingUnit: text{Null: true},
		BillingCurrency: text{Value: "USD", Valid: true}, Tags: json.RawMessage(`{"team": "a", "prod": true}`),
		BilledCost:          decimal{Value: "12345678901234567890.123456789", Valid: true},
		ContractedCost:      decimal{Null: true},
		ContractedUnitPrice: decimal{Value: "1E-7", Valid: true},
		EffectiveCost:       decimal{Value: "-0.5", Valid: true},
		ListCost:            decimal{Value: "0", Valid: true},
		ListUnitPrice:       decimal{Value: "0.00", Valid: true},
		PricingQuantity:     decimal{Null: true},
		BillingPeriodStart:  at{Value: first, Valid: true},
		BillingPeriodEnd:    at{Null: true},
		ChargeClass:         text{Value: "Correction", Valid: true},
	}
	body := `{"success":true,"errors":null,"messages":null,"result":[` + fullUsageRecordJSON + `,` + aUsageRecord + `]}`
	records, err := newClient(t, respondWith(200, body)).OrganizationUsage.Get(t.Context(), organizationID, cloudflare.UsageParams{})
	require.NoError(t, err)
	require.Len(t, records, 2)
	assert.Equal(t, want, records[0])
	assert.True(t, records[1].BilledCost.IsZero(), "absent is not null")

	again, err := json.Marshal(records[0])
	require.NoError(t, err)
	assert.JSONEq(t, strings.Replace(fullUsageRecordJSON, `, "x_OfALaterVersion": {"a": [1]}`, "", 1), string(again))
	assert.Contains(t, string(again), `"ConsumedQuantity":0.10,`, "the text of a number is kept")
}

// A sum over records without a quantity, or of nobody knows what, would be wrong without anybody noticing.
func TestIncompleteUsageRecords(t *testing.T) {
	for name, record := range map[string]string{
		"no quantity":          strings.Replace(aUsageRecord, "ConsumedQuantity", "x", 1),
		"a null quantity":      strings.Replace(aUsageRecord, "0.10", "null", 1),
		"a quantity of text":   strings.Replace(aUsageRecord, "0.10", `"a lot"`, 1),
		"an endless quantity":  strings.Replace(aUsageRecord, "0.10", "1e99999999", 1),
		"no metric":            strings.Replace(aUsageRecord, "x_BillableMetricId", "x", 1),
		"no start":             strings.Replace(aUsageRecord, "ChargePeriodStart", "x", 1),
		"no end":               strings.Replace(aUsageRecord, "ChargePeriodEnd", "x", 1),
		"null":                 `null`,
		"names in lower case":  strings.ToLower(aUsageRecord),
		"an empty record":      `{}`,
		"a record in a record": `[` + aUsageRecord + `]`,
	} {
		records, err := newClient(t, respondSuccess(`[`+aUsageRecord+`,`+record+`]`)).
			OrganizationUsage.Get(t.Context(), organizationID, cloudflare.UsageParams{})
		assert.ErrorContains(t, err, "cannot be used", name)
		assert.Nil(t, records, name)
	}
}

func TestUsageErrors(t *testing.T) {
	client := newClient(t, respondWith(400, `{"success":false,"errors":[{"code":1183,"message":"Invalid request parameters"}],"messages":null,"result":null}`))
	_, err := client.OrganizationUsage.Get(t.Context(), organizationID, cloudflare.UsageParams{})
	e, ok := errors.AsType[*cloudflare.Error](err)
	require.True(t, ok)
	assert.True(t, e.HasCode(1183))
	assert.Equal(t, http.StatusBadRequest, e.StatusCode)
}

// A month of a large organization has more records than a page of any list, and more values than other responses may.
func TestUsageHasNoPages(t *testing.T) {
	const n = 8_000
	body := successBody("[" + strings.TrimSuffix(strings.Repeat(fullUsageRecordJSON+",", n), ",") + "]")
	records, err := newClient(t, respondWith(200, body)).OrganizationUsage.Get(t.Context(), organizationID, cloudflare.UsageParams{})
	require.NoError(t, err)
	assert.Len(t, records, n)

	_, err = newClient(t, respondWith(200, body+strings.Repeat(" ", 32<<20))).
		OrganizationUsage.Get(t.Context(), organizationID, cloudflare.UsageParams{})
	assert.ErrorContains(t, err, "it is larger than 32 MiB: request fewer days")
}

func TestUsageOfTheFakeAPI(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	organization := server.AddOrganization("Example, Inc.", "")
	first := time.Date(2026, time.October, 1, 0, 0, 0, 0, time.UTC)
	for day := range 40 {
		server.AddUsageRecord(organization, cloudflaretest.UsageRecord{
			ChargePeriodStart: first.AddDate(0, 0, day), MetricID: "m1", ConsumedQuantity: json.Number(fmt.Sprintf("%d.50", day)),
		})
	}
	client := server.Client()
	records, err := client.OrganizationUsage.Get(t.Context(), organization, cloudflare.UsageParams{From: first, To: first.AddDate(0, 0, 30)})
	require.NoError(t, err)
	require.Len(t, records, 31)
	assert.Equal(t, cloudflare.Decimal("30.50"), records[30].ConsumedQuantity)

	records, err = client.OrganizationUsage.Get(t.Context(), strings.Repeat("0", 32), cloudflare.UsageParams{From: first, To: first})
	require.NoError(t, err)
	assert.Empty(t, records, "the API does not say that the organization does not exist")
}

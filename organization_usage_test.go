package cloudflare_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const usageURL = organizationURL + "/billable/usage"

func TestUsageQueries(t *testing.T) {
	date := func(month time.Month, day, hour int, zone *time.Location) time.Time {
		return time.Date(2026, month, day, hour, 59, 59, 999, zone)
	}
	east := time.FixedZone("", 5*60*60)
	for _, tt := range []struct {
		params cloudflare.UsageParams
		query  string
		says   string // of an error
	}{
		{cloudflare.UsageParams{}, "", ""},
		{cloudflare.UsageParams{From: date(10, 1, 0, time.UTC), To: date(10, 31, 23, time.UTC)}, "?from=2026-10-01&to=2026-10-31", ""},
		{cloudflare.UsageParams{From: date(10, 1, 23, time.UTC), To: date(10, 1, 0, time.UTC)}, "?from=2026-10-01&to=2026-10-01", ""},
		{cloudflare.UsageParams{From: date(10, 1, 3, east), To: date(10, 31, 4, east)}, "?from=2026-09-30&to=2026-10-30", ""},
		{cloudflare.UsageParams{From: date(2, 1, 0, time.UTC), To: date(3, 3, 0, time.UTC)}, "?from=2026-02-01&to=2026-03-03", ""},
		{cloudflare.UsageParams{From: date(10, 1, 23, time.UTC), To: date(11, 1, 0, time.UTC)}, "", "at most 31 days"},
		{cloudflare.UsageParams{From: date(1, 1, 0, time.UTC), To: date(1, 1, 0, time.UTC).AddDate(500, 0, 0)}, "", "at most 31 days"},
		{cloudflare.UsageParams{From: date(10, 2, 0, time.UTC), To: date(10, 1, 23, time.UTC)}, "", "To is before From"},
		{cloudflare.UsageParams{From: date(10, 1, 0, time.UTC)}, "", "both be set"},
		{cloudflare.UsageParams{To: date(10, 1, 0, time.UTC)}, "", "both be set"},
		{cloudflare.UsageParams{From: date(10, 1, 0, time.UTC).AddDate(9000, 0, 0), To: date(10, 1, 0, time.UTC).AddDate(9000, 0, 0)}, "", "in years"},
	} {
		client, script := newScriptedClient(t, respondSuccess(`[]`))
		records, err := client.OrganizationUsage.Get(t.Context(), organizationID, tt.params)
		if tt.says != "" {
			assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
			assert.ErrorContains(t, err, tt.says)
			assert.Empty(t, script.sent)
			continue
		}
		require.NoError(t, err)
		assert.Empty(t, records)
		assert.Equal(t, "GET "+usageURL+tt.query, script.only(t).Method+" "+script.sent[0].URL)
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

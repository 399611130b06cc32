package cloudflaretest

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// metrics returns the IDs of the metrics in a list of usage records.
func metrics(t *testing.T, result json.RawMessage) string {
	t.Helper()
	var records []map[string]any
	require.NoError(t, json.Unmarshal(result, &records))
	ids := []string{}
	for _, r := range records {
		ids = append(ids, r["x_BillableMetricId"].(string))
	}
	return strings.Join(ids, ",")
}

func TestUsageOnTheWire(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	path := "/organizations/" + id + "/billable/usage?from=2026-05-01&to=2026-05-31"
	assert.JSONEq(t, `{"success":true,"errors":null,"messages":null,"result":[]}`, do(t, s, "GET", path, "").Raw)

	start := time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)
	s.AddUsageRecord(id, UsageRecord{ChargePeriodStart: start})
	s.AddUsageRecord(id, UsageRecord{
		ChargePeriodStart: start, ChargePeriodEnd: start.Add(time.Hour), BillingAccountID: "1", BillingAccountName: "One",
		MetricID: "m", MetricName: "Metric", ChargeDescription: "Requests", ConsumedQuantity: "150000.10", ConsumedUnit: "Requests",
		Fields: json.RawMessage(`{"BilledCost":null,"ListUnitPrice":5.00e-06,"ConsumedUnit":"Other"}`),
	})
	got := do(t, s, "GET", path, "")
	assert.JSONEq(t, `{"success":true,"errors":null,"messages":null,"result":[{
		"ServiceProviderName":"Cloudflare","InvoiceIssuerName":"Cloudflare","HostProviderName":"Cloudflare",
		"ChargePeriodStart":"2026-05-02T00:00:00Z","ChargePeriodEnd":"2026-05-03T00:00:00Z","ChargeCategory":"Usage",
		"ChargeFrequency":"Usage-Based","ChargeDescription":"","ConsumedQuantity":0,"ConsumedUnit":"","x_BillableMetricId":""
	},{
		"ServiceProviderName":"Cloudflare","InvoiceIssuerName":"Cloudflare","HostProviderName":"Cloudflare",
		"ChargePeriodStart":"2026-05-02T00:00:00Z","ChargePeriodEnd":"2026-05-02T01:00:00Z","ChargeCategory":"Usage",
		"ChargeFrequency":"Usage-Based","ChargeDescription":"Requests","ConsumedQuantity":150000.10,"ConsumedUnit":"Other",
		"x_BillableMetricId":"m","x_BillableMetricName":"Metric","BillingAccountId":"1","BillingAccountName":"One",
		"BilledCost":null,"ListUnitPrice":5.00e-06
	}]}`, got.Raw)
	assert.Contains(t, got.Raw, `150000.10`, "the exact text of the number")
	assert.Contains(t, got.Raw, `5.00e-06`)

	failed := do(t, s, "GET", strings.Replace(path, "from", "since", 1), "")
	assert.Equal(t, 400, failed.Status)
	assert.JSONEq(t, `{"success":false,"errors":[{"code":1183,"message":"Invalid request parameters: from is required"}],"messages":null,"result":null}`, failed.Raw)

	for _, r := range []UsageRecord{
		{}, {ChargePeriodStart: start, ConsumedQuantity: "x"}, {ChargePeriodStart: start, Fields: json.RawMessage(`7`)},
	} {
		assert.Panics(t, func() { s.AddUsageRecord(id, r) })
	}
	assert.Panics(t, func() { s.AddUsageRecord("unknown", UsageRecord{ChargePeriodStart: start}) })
}

func TestUsagePeriod(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	for _, at := range []string{"2026-05-31T23:59:59Z", "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-05-01T01:00:00+02:00"} {
		start, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		s.AddUsageRecord(id, UsageRecord{ChargePeriodStart: start, MetricID: at})
	}
	path := "/organizations/" + id + "/billable/usage?"
	for query, want := range map[string]string{
		"from=2026-05-01&to=2026-05-31": "2026-05-01T00:00:00Z,2026-05-31T23:59:59Z", // 31 days
		"from=2026-05-31&to=2026-06-01": "2026-05-31T23:59:59Z,2026-06-01T00:00:00Z",
		"from=2026-05-31&to=2026-05-31": "2026-05-31T23:59:59Z",
		"from=2026-04-30&to=2026-04-30": "2026-05-01T01:00:00+02:00",
		"from=2025-01-01&to=2025-01-31": "",
	} {
		assert.Equal(t, want, metrics(t, do(t, s, "GET", path+query, "").Result), query)
	}
	for query, text := range map[string]string{
		"from=2026-05-01":                         "to is required",
		"to=2026-05-01":                           "from is required",
		"from=&to=":                               "from is required",
		"from=2026-05-01&to=2026-06-01":           "at most 31 days",
		"from=2026-05-02&to=2026-05-01":           "to must not be before from",
		"from=2026-05-01T00:00:00Z&to=2026-05-02": "from must have the form 2006-01-02",
		"from=2026-05-01&to=tomorrow":             "to must have the form 2006-01-02",
		"from=2026-02-30&to=2026-03-01":           "from must have the form 2006-01-02",
	} {
		do(t, s, "GET", path+query, "").failed(t, 400, text)
	}
	assert.JSONEq(t, `[]`, string(do(t, s, "GET", strings.Replace(path, id, strings.Repeat("0", 32), 1), "").Result), "an unknown ID proves nothing")
}

func TestUsageOfThisMonth(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(15 * 24 * time.Hour) // the clock of a bubble begins on 2000-01-01
		for _, day := range []string{"1999-12-31", "2000-01-01", "2000-01-16", "2000-01-17"} {
			start, err := time.Parse(time.DateOnly, day)
			require.NoError(t, err)
			s.AddUsageRecord(id, UsageRecord{ChargePeriodStart: start, MetricID: day})
		}
		response, err := s.Transport().RoundTrip(newRequest(t, "GET", "/organizations/"+id+"/billable/usage", ""))
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		var got struct{ Result json.RawMessage }
		require.NoError(t, json.Unmarshal(body, &got))
		assert.Equal(t, "2000-01-01,2000-01-16", metrics(t, got.Result))
	})
}

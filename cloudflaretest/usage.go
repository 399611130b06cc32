package cloudflaretest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// UsageRecord describes a record for [Server.AddUsageRecord]: the usage of one metric by one account on one day.
type UsageRecord struct {
	ChargePeriodStart time.Time // required
	ChargePeriodEnd   time.Time // exclusive; a day after the start if zero

	BillingAccountID   string // absent in responses if empty
	BillingAccountName string // absent in responses if empty
	MetricID           string // x_BillableMetricId
	MetricName         string // x_BillableMetricName; absent in responses if empty
	ChargeDescription  string
	ConsumedQuantity   json.Number // sent as it is; 0 if empty
	ConsumedUnit       string

	// Fields is a JSON object with further fields, such as {"BilledCost": null, "x_ZoneName": "example.com"}. Fields
	// replaces fields above of the same name.
	Fields json.RawMessage
}

type usageRecord struct {
	start time.Time
	wire  json.RawMessage
}

type wireUsageRecord struct {
	BillingAccountID    string `json:"BillingAccountId,omitempty"`
	BillingAccountName  string `json:",omitempty"`
	ChargeCategory      string
	ChargeDescription   string
	ChargeFrequency     string
	ChargePeriodEnd     time.Time
	ChargePeriodStart   time.Time
	ConsumedQuantity    json.Number
	ConsumedUnit        string
	HostProviderName    string
	InvoiceIssuerName   string
	ServiceProviderName string
	MetricID            string `json:"x_BillableMetricId"`
	MetricName          string `json:"x_BillableMetricName,omitempty"`
}

// AddUsageRecord adds a record to an organization's billable usage. AddUsageRecord panics if the organization does not
// exist, if ChargePeriodStart is zero, if ConsumedQuantity is not a number, or if Fields is not a JSON object.
func (s *Server) AddUsageRecord(organizationID string, r UsageRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.mustHave("AddUsageRecord", organizationID)
	if r.ChargePeriodStart.IsZero() {
		panic("cloudflaretest: AddUsageRecord: ChargePeriodStart must not be zero")
	}
	start := r.ChargePeriodStart.UTC()
	wire, err := withFields(wireUsageRecord{
		BillingAccountID:    r.BillingAccountID,
		BillingAccountName:  r.BillingAccountName,
		ChargeCategory:      "Usage",
		ChargeDescription:   r.ChargeDescription,
		ChargeFrequency:     "Usage-Based",
		ChargePeriodEnd:     cmp.Or(r.ChargePeriodEnd, start.AddDate(0, 0, 1)).UTC(),
		ChargePeriodStart:   start,
		ConsumedQuantity:    r.ConsumedQuantity,
		ConsumedUnit:        r.ConsumedUnit,
		HostProviderName:    "Cloudflare",
		InvoiceIssuerName:   "Cloudflare",
		ServiceProviderName: "Cloudflare",
		MetricID:            r.MetricID,
		MetricName:          r.MetricName,
	}, r.Fields)
	if err != nil {
		panic(fmt.Sprintf("cloudflaretest: AddUsageRecord: %v", err))
	}
	o.usage = append(o.usage, usageRecord{start, wire})
}

// usageEnvelope wraps usage. Its errors and messages are null if they are empty, as the API allows.
type usageEnvelope struct {
	Success  bool      `json:"success"`
	Errors   []message `json:"errors"`
	Messages []message `json:"messages"`
	Result   any       `json:"result"`
}

const maxUsageDays = 31

func (s *Server) getUsage(c *call) response {
	from, to, err := usagePeriod(c)
	if err != nil {
		return response{http.StatusBadRequest, usageEnvelope{Errors: []message{{
			Code:    1183,
			Message: "Invalid request parameters: " + err.Error(),
		}}}}
	}
	result := []json.RawMessage{}
	if o := s.organization[c.params["organization"]]; o != nil {
		records := slices.Clone(o.usage)
		slices.SortStableFunc(records, func(a, b usageRecord) int { return a.start.Compare(b.start) })
		for _, r := range records {
			if !r.start.Before(from) && r.start.Before(to.AddDate(0, 0, 1)) {
				result = append(result, r.wire)
			}
		}
	}
	return response{http.StatusOK, usageEnvelope{Success: true, Result: result}}
}

// usagePeriod returns the first and the last day of a request. The default is the current month until today.
func usagePeriod(c *call) (from, to time.Time, err error) {
	if !isID(c.params["organization"]) {
		return from, to, errors.New("organization_id must be 32 lowercase hexadecimal digits")
	}
	if !c.query.Has("from") && !c.query.Has("to") {
		year, month, day := time.Now().UTC().Date()
		return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC), time.Date(year, month, day, 0, 0, 0, 0, time.UTC), nil
	}
	from, fromErr := timeParam(c.query, "from", time.DateOnly)
	to, toErr := timeParam(c.query, "to", time.DateOnly)
	switch {
	case fromErr != nil || toErr != nil:
		return from, to, cmp.Or(fromErr, toErr)
	case to.Before(from):
		return from, to, errors.New("to must not be before from")
	case !to.Before(from.AddDate(0, 0, maxUsageDays)):
		return from, to, fmt.Errorf("from and to must span at most %d days", maxUsageDays)
	}
	return from, to, nil
}

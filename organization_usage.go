package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/cloudflare/internal/envelope"
)

// OrganizationUsageService reads the billable usage of the accounts in an organization. Use it as
// Client.OrganizationUsage.
type OrganizationUsageService service

var getUsage = newOperation(http.MethodGet, "/organizations/{organization_id}/billable/usage", keyOrToken(""))

// maxUsageDays is the longest period that the API accepts.
const maxUsageDays = 31

// UsageParams selects a period of at most 31 days by the charge period of the records. From and To are calendar dates,
// and both days are included. Each is the date in the location of its time, so that midnight on October 1 in Tokyo is
// October 1. The time of day is ignored. If neither is set, the period is the current month until today. Setting only
// one is not valid.
//
// The API counts days in UTC. To get the usage until now, set To to time.Now().UTC().
type UsageParams struct {
	From, To time.Time
}

func (p UsageParams) call(organizationID string) call {
	return call{operation: getUsage, ids: []string{organizationID}, query: checked(p.query())}
}

func (p UsageParams) query() (url.Values, error) {
	if p.From.IsZero() != p.To.IsZero() {
		return nil, invalid("From and To must both be set, or neither")
	}
	if p.From.IsZero() {
		return nil, nil
	}
	from, to := calendarDate(p.From), calendarDate(p.To)
	switch {
	case from.Year() < 0 || to.Year() > 9999:
		return nil, invalid("From and To must be in years between 0 and 9999")
	case to.Before(from):
		return nil, invalid("To is before From")
	case !to.Before(from.AddDate(0, 0, maxUsageDays)):
		return nil, invalid("From and To must span at most %d days", maxUsageDays)
	}
	return url.Values{"from": {from.Format(time.DateOnly)}, "to": {to.Format(time.DateOnly)}}, nil
}

// calendarDate returns the date of t in its own location, as midnight in UTC.
func calendarDate(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// UsageRecord is the usage of one billable metric by one account on one day. The fields have the names of the FOCUS
// specification, version 1.3. The API does not fill the costs, prices and billing periods at present.
type UsageRecord struct {
	ChargePeriodStart time.Time `json:"ChargePeriodStart,omitzero"`
	ChargePeriodEnd   time.Time `json:"ChargePeriodEnd,omitzero"` // exclusive
	ChargeCategory    string    `json:"ChargeCategory"`           // "Usage"
	ChargeFrequency   string    `json:"ChargeFrequency"`          // "Usage-Based"
	ChargeDescription string    `json:"ChargeDescription"`        // of the metric

	ConsumedQuantity Decimal `json:"ConsumedQuantity"`
	ConsumedUnit     string  `json:"ConsumedUnit"`

	BillableMetricID    string `json:"x_BillableMetricId"`
	BillableMetricName  string `json:"x_BillableMetricName,omitzero"`
	ProductCategoryName string `json:"x_ProductCategoryName,omitzero"`
	ProductFamilyID     string `json:"x_ProductFamilyId,omitzero"`
	ProductFamilyName   string `json:"x_ProductFamilyName,omitzero"`

	// The API omits the billing account if the usage belongs to a contract.
	BillingAccountID   string `json:"BillingAccountId,omitzero"`
	BillingAccountName string `json:"BillingAccountName,omitzero"`
	SubAccountID       string `json:"SubAccountId,omitzero"`
	SubAccountName     string `json:"SubAccountName,omitzero"`

	ZoneID     Nullable[string] `json:"x_ZoneId,omitzero"`
	ZoneName   Nullable[string] `json:"x_ZoneName,omitzero"`
	RegionID   Nullable[string] `json:"RegionId,omitzero"`
	RegionName Nullable[string] `json:"RegionName,omitzero"`

	ServiceProviderName string `json:"ServiceProviderName"`
	InvoiceIssuerName   string `json:"InvoiceIssuerName"`
	HostProviderName    string `json:"HostProviderName"`

	BillingCurrency     Nullable[string]    `json:"BillingCurrency,omitzero"` // such as USD
	BilledCost          Nullable[Decimal]   `json:"BilledCost,omitzero"`
	ContractedCost      Nullable[Decimal]   `json:"ContractedCost,omitzero"`
	ContractedUnitPrice Nullable[Decimal]   `json:"ContractedUnitPrice,omitzero"`
	EffectiveCost       Nullable[Decimal]   `json:"EffectiveCost,omitzero"`
	ListCost            Nullable[Decimal]   `json:"ListCost,omitzero"`
	ListUnitPrice       Nullable[Decimal]   `json:"ListUnitPrice,omitzero"`
	PricingQuantity     Nullable[Decimal]   `json:"PricingQuantity,omitzero"`
	PricingUnit         Nullable[string]    `json:"PricingUnit,omitzero"`
	BillingPeriodStart  Nullable[time.Time] `json:"BillingPeriodStart,omitzero"`
	BillingPeriodEnd    Nullable[time.Time] `json:"BillingPeriodEnd,omitzero"`
	ChargeClass         Nullable[string]    `json:"ChargeClass,omitzero"` // "Correction", or null

	Tags json.RawMessage `json:"Tags,omitzero"` // an object as sent, whose values are strings or true
}

// check returns an error for a record without a period, a metric or a quantity, because a sum over such records would
// be wrong.
func (r *UsageRecord) check() error {
	if r.ChargePeriodStart.IsZero() || r.ChargePeriodEnd.IsZero() || r.BillableMetricID == "" || r.ConsumedQuantity == "" {
		return errors.New("a usage record without ChargePeriodStart, ChargePeriodEnd, x_BillableMetricId or ConsumedQuantity")
	}
	return nil
}

// maxUsageRecords bounds the memory that a response takes. A body of 32 MiB does not hold more records, because each
// has about 512 bytes.
const maxUsageRecords = 1 << 16

// usageRecords is a result that has no pages.
type usageRecords []UsageRecord

// UnmarshalJSONFrom decodes the records and checks each of them.
func (l *usageRecords) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return decodeItems(dec, (*[]UsageRecord)(l), maxUsageRecords, errUsageTooLong)
}

var errUsageTooLong = fmt.Errorf("it has more than %d records: request fewer days", maxUsageRecords)

func (l *usageRecords) tooLarge() string { return "request fewer days" }

// Get returns the billable usage of the accounts in an organization. The list has no pages. If the response is too
// large, Get returns an error: request fewer days.
//
// An empty list does not prove that the accounts had no usage. The API also returns an empty list if the organization
// has no accounts or does not exist.
//
// Get returns an error that matches [ErrInvalidArgument] if only one of From and To is set, if To is before From, or if
// they span more than 31 days.
//
// Credential: a global API key, or an API token. The API does not document which permission the token needs.
//
// API: GET /organizations/{organization_id}/billable/usage
func (s *OrganizationUsageService) Get(ctx context.Context, organizationID string, params UsageParams, opts ...CallOption) ([]UsageRecord, error) {
	var records usageRecords
	err := (*service)(s).do(ctx, params.call(organizationID),
		&envelope.Envelope{Result: envelope.Result{Into: &records}, NoValueLimit: true}, opts)
	if err != nil {
		return nil, err
	}
	return records, nil
}

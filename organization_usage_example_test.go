package cloudflare_test

import (
	"context"
	"fmt"
	"log"
	"math/big"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// The sum of a metric over a month. Its exact value is kept, which a float64 would not do.
func ExampleOrganizationUsageService_Get() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	first := time.Date(2026, time.October, 1, 0, 0, 0, 0, time.UTC)
	for day := range 3 {
		server.AddUsageRecord(id, cloudflaretest.UsageRecord{
			ChargePeriodStart: first.AddDate(0, 0, day), MetricID: "workers-requests", ConsumedQuantity: "0.10", ConsumedUnit: "million",
		})
	}

	records, err := server.Client().OrganizationUsage.Get(context.Background(), id, cloudflare.UsageParams{
		From: first,
		To:   first.AddDate(0, 0, 30),
	})
	if err != nil {
		log.Fatal(err)
	}
	sum := new(big.Rat)
	for _, record := range records {
		quantity, _ := new(big.Rat).SetString(string(record.ConsumedQuantity)) // a Decimal from the API is a number
		sum.Add(sum, quantity)
	}
	fmt.Println(records[0].BillableMetricID, sum.FloatString(2), records[0].ConsumedUnit)
	// Output: workers-requests 0.30 million
}

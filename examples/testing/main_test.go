package main

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func Example() {
	main()
	// Output: onboarded
}

// After a lost response, another run must not create a second organization.
func TestOnboardAfterALostResponse(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	server.FailNext("POST /organizations", cloudflaretest.Cut()) // it is created, but the response is lost
	for range 2 {
		if err := onboard(t.Context(), server.Client(), "Example, Inc.", "ann@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	orgs, err := cloudflare.Collect(server.Client().Organizations.All(t.Context(), cloudflare.OrganizationListParams{}))
	if err != nil || len(orgs) != 1 {
		t.Errorf("%d organizations, %v", len(orgs), err)
	}
}

func TestOnboardReportsWhatIsForbidden(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	server.FailNext("POST /organizations/{organization_id}/members", cloudflaretest.Status(http.StatusForbidden, nil, `{"success":false,"errors":[{"code":9109,"message":"no"}]}`))
	if err := onboard(t.Context(), server.Client(), "Example, Inc.", "ann@example.com"); !errors.Is(err, cloudflare.ErrForbidden) {
		t.Error(err)
	}
}

// In virtual time, waits cost nothing and are exact.
func TestOnboardWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cloudflaretest.NewServer().ForTest(t)
		server.Lag(2) // the first two reads of a new organization find nothing
		start := time.Now()
		if err := onboard(t.Context(), server.Client(), "Example, Inc.", "ann@example.com"); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 750*time.Millisecond {
			t.Errorf("waited %s, not 250 ms and 500 ms", waited)
		}
	})
}

// Each row has a client of its own, because a client remembers a 429.
func TestOnboardAfterFaults(t *testing.T) {
	for name, fault := range map[string]cloudflaretest.Fault{
		"rate limit": cloudflaretest.RateLimited(20 * time.Second),
		"outage":     cloudflaretest.Status(http.StatusServiceUnavailable, nil, ""),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := cloudflaretest.NewServer().ForTest(t) // the test fails if the fault never happens
				server.FailNext("GET /organizations/{organization_id}", fault)
				if err := onboard(t.Context(), server.Client(), "Example, Inc.", "ann@example.com"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

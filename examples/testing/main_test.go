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
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.FailNext("POST", "/organizations", cloudflaretest.Cut()) // it is created, but the response is lost
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
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.FailNext("POST", "/members", cloudflaretest.Status(http.StatusForbidden, nil, `{"success":false,"errors":[{"code":9109,"message":"no"}]}`))
	if err := onboard(t.Context(), server.Client(), "Example, Inc.", "ann@example.com"); !errors.Is(err, cloudflare.ErrForbidden) {
		t.Error(err)
	}
}

// In virtual time, waits cost nothing and are exact. Transport needs no socket, which would stop the virtual clock.
func TestOnboardWaits(t *testing.T) {
	server := cloudflaretest.NewServer() // outside of the bubble
	defer server.Close()
	server.Lag(2) // the first two reads of a new organization find nothing
	synctest.Test(t, func(t *testing.T) {
		client := server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: server.Transport()}))
		start := time.Now()
		if err := onboard(t.Context(), client, "Example, Inc.", "ann@example.com"); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 750*time.Millisecond {
			t.Errorf("waited %s, not 250 ms and 500 ms", waited)
		}
	})
}

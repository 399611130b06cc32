// Errors decides from an error what to do, as a Terraform provider or a controller does.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func main() {
	ctx := context.Background()
	server := cloudflaretest.NewServer()                  // in place of a real account
	client := server.Client(cloudflare.WithMaxRetries(0)) // with a real account: cloudflare.NewClient()
	id := server.AddOrganization("Example, Inc.", "")

	for _, fault := range []cloudflaretest.Fault{
		cloudflaretest.Status(http.StatusNotFound, nil, `{"success":false,"errors":[{"code":1001,"message":"not found"}]}`),
		cloudflaretest.Status(http.StatusNotFound, nil, "<html>the page of a gateway</html>"),
		cloudflaretest.Status(http.StatusForbidden, nil, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`),
		cloudflaretest.Reset(),
		cloudflaretest.RateLimited(20 * time.Second), // all calls of the client now wait that long
	} {
		server.Fail(1, fault)
		_, err := client.Organizations.Update(ctx, id, cloudflare.OrganizationUpdateParams{Name: "Example"})
		fmt.Println(action(err))
	}
}

func action(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, cloudflare.ErrOutcomeUnknown):
		return "read the current state before writing again"
	case errors.Is(err, cloudflare.ErrNotFound): // the API itself says so
		return "it is gone: remove it from the state"
	case errors.Is(err, cloudflare.ErrUnauthorized), errors.Is(err, cloudflare.ErrForbidden):
		return "ask for another credential"
	case errors.Is(err, cloudflare.ErrRateLimited):
		return "wait " + cmp.Or(cloudflare.RetryAfter(err), time.Minute).String()
	case errors.Is(err, cloudflare.ErrUnavailable): // also the 404 of a gateway
		return "keep the state and come back, up to ten times"
	default:
		return "keep the state and report: " + err.Error()
	}
}

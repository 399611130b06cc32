package cloudflare_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// A Terraform provider or a controller reads a resource, and decides from the error what to do with its state.
func ExampleError_actions() {
	server := cloudflaretest.NewServer()
	client := server.Client()

	read := func(id string) string {
		org, err := client.Organizations.Get(context.Background(), id, cloudflare.SetMaxRetries(0))
		switch {
		case err == nil:
			return "store " + org.Name
		case errors.Is(err, cloudflare.ErrOutcomeUnknown):
			return "read the state before the next write" // only after a write
		case errors.Is(err, cloudflare.ErrNotFound):
			return "remove it from the state" // the API itself says that it does not exist
		case errors.Is(err, cloudflare.ErrUnauthorized), errors.Is(err, cloudflare.ErrForbidden):
			return "ask for another credential"
		case errors.Is(err, cloudflare.ErrRateLimited):
			return "come back in " + retryAfter(err).String()
		case errors.Is(err, cloudflare.ErrUnavailable):
			return "keep the state and come back, up to ten times" // also after the 404 of a gateway
		default:
			return "keep the state and report the error"
		}
	}

	id := server.AddOrganization("Example, Inc.", "")
	fmt.Println(read(id))
	fmt.Println(read("0123456789abcdef0123456789abcdef"))
	server.Fail(1, cloudflaretest.Status(http.StatusForbidden, nil, `{"success":false,"errors":[{"code":9109,"message":"Unauthorized"}]}`))
	fmt.Println(read(id))
	server.Fail(1, cloudflaretest.Status(http.StatusNotFound, nil, "<html>no such page</html>"))
	fmt.Println(read(id))
	server.Fail(1, cloudflaretest.RateLimited(20*time.Second))
	fmt.Println(read(id))
	// Output:
	// store Example, Inc.
	// remove it from the state
	// ask for another credential
	// keep the state and come back, up to ten times
	// come back in 20s
}

// retryAfter returns the time to wait for, from the response of the API or from the client's own rate limit.
func retryAfter(err error) time.Duration {
	var wait time.Duration
	if e, ok := errors.AsType[*cloudflare.Error](err); ok {
		wait = e.RetryAfter
	}
	if e, ok := errors.AsType[*cloudflare.CallError](err); ok {
		wait = cmp.Or(e.RetryAfter, wait)
	}
	return cmp.Or(wait, time.Minute)
}

// Names are not unique, so Ensure cannot create a second organization of the same name. This creates one, and if the
// outcome of the create is unknown, it finds out by comparing the IDs before and after.
func ExampleOrganizationsService_Create_sameName() {
	server := cloudflaretest.NewServer()
	server.AddOrganization("Branch", "")
	client := server.Client()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // also limits the search below
	defer cancel()

	named := cloudflare.OrganizationListParams{Name: "Branch"}
	before := map[string]bool{}
	for org, err := range client.Organizations.All(ctx, named) {
		if err != nil {
			log.Fatal(err)
		}
		before[org.ID] = true
	}

	server.Fail(1, cloudflaretest.Cut()) // the organization is created, but the response is lost
	org, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Branch"})
	if errors.Is(err, cloudflare.ErrOutcomeUnknown) {
		org = nil
		for found, err := range client.Organizations.All(ctx, named) {
			if err != nil {
				log.Fatal(err)
			}
			if !before[found.ID] {
				org = found
			}
		}
		if org == nil {
			log.Fatal("it may still appear: wait, and look again before the next create")
		}
	} else if err != nil {
		log.Fatal(err)
	}
	fmt.Println("created:", org.Name, !before[org.ID])
	// Output: created: Branch true
}

func ExampleError() {
	server := cloudflaretest.NewServer()

	_, err := server.Client().Organizations.Get(context.Background(), "0123456789abcdef0123456789abcdef")
	if e, ok := errors.AsType[*cloudflare.Error](err); ok {
		fmt.Println(e.Method, e.Path, e.StatusCode)
		for _, info := range e.Errors {
			fmt.Println(info.Code, info.Message)
		}
	}
	// Output:
	// GET /organizations/0123456789abcdef0123456789abcdef 404
	// 1001 organization not found
}

func ExampleError_HasCode() {
	server := cloudflaretest.NewServer()
	client := server.Client(cloudflare.WithAPIKey("cfut_a-token-in-the-place-of-a-key", cloudflaretest.Email))

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	if e, ok := errors.AsType[*cloudflare.Error](err); ok && e.HasCode(6103) { // in an error_chain
		fmt.Println("not an API key")
	}
	// Output: not an API key
}

// A web service tells its own callers when to come back.
func ExampleRetryAfter() {
	server := cloudflaretest.NewServer()
	server.Fail(1, cloudflaretest.RateLimited(20*time.Second))
	client := server.Client(cloudflare.WithMaxRateLimitWait(0))

	handler := func(w http.ResponseWriter, r *http.Request) {
		_, err := client.Organizations.List(r.Context(), cloudflare.OrganizationListParams{})
		if wait := cloudflare.RetryAfter(err); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			http.Error(w, "the rate limit is exceeded", http.StatusServiceUnavailable)
		}
	}
	recorder := httptest.NewRecorder()
	handler(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Println(recorder.Code, "Retry-After:", recorder.Header().Get("Retry-After"))
	// Output: 503 Retry-After: 20
}

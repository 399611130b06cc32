package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// notFound returns the error of a call for an organization that is not there.
func notFound() error {
	server := cloudflaretest.NewServer()
	defer server.Close()
	_, err := server.Client().Organizations.Get(context.Background(), "0123456789abcdef0123456789abcdef")
	return err
}

func ExampleError() {
	err := notFound()
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

func ExampleError_Error() {
	err := &cloudflare.Error{
		Method: "GET", Path: "/organizations", StatusCode: 403, Attempts: 1, RayID: "86610873f8d987a9-IAD",
		Errors: []cloudflare.ResponseInfo{{Code: 10000, Message: "Authentication error"}},
	}
	fmt.Println(err)
	// Output: cloudflare: GET /organizations: 403 Forbidden: Authentication error (code 10000) (ray 86610873f8d987a9-IAD)
}

func ExampleError_Is() {
	err := fmt.Errorf("onboarding: %w", notFound())
	fmt.Println(errors.Is(err, cloudflare.ErrNotFound), errors.Is(err, cloudflare.ErrForbidden))
	// Output: true false
}

func ExampleError_Unwrap() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.Fail(1, cloudflaretest.Status(http.StatusBadGateway, nil, ""))

	_, err := server.Client().Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "Sales"})
	e, _ := errors.AsType[*cloudflare.Error](err)
	fmt.Println(e.StatusCode, e.Unwrap())
	// Output: 502 outcome unknown: the write may or may not have happened
}

func ExampleError_HasCode() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client, err := cloudflare.NewClient(
		cloudflare.WithBaseURL(server.URL),
		cloudflare.WithAPIKey("cfut_a-token-in-the-place-of-a-key", cloudflaretest.Email),
	)
	if err != nil {
		log.Fatal(err)
	}

	_, err = client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	if e, ok := errors.AsType[*cloudflare.Error](err); ok && e.HasCode(6103) { // in an error_chain
		fmt.Println("this is no API key")
	}
	// Output: this is no API key
}

func ExampleError_LogValue() {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "ray_id" || a.Key == "message" { // what differs from run to run
				return slog.Attr{}
			}
			return a
		},
	}))
	e, _ := errors.AsType[*cloudflare.Error](notFound())
	logger.Error("no such customer", "err", e)
	// Output: {"level":"ERROR","msg":"no such customer","err":{"method":"GET","path":"/organizations/0123456789abcdef0123456789abcdef","status":404,"attempts":1,"codes":[1001]}}
}

func ExamplePageError_Error() {
	err := &cloudflare.PageError{PageToken: "b3Bhc", Err: errors.New("cloudflare: GET /organizations: 403 Forbidden")}
	fmt.Println(err)
	// Output: cloudflare: GET /organizations: 403 Forbidden (on a page after the first; PageToken resumes there)
}

func ExamplePageError_Unwrap() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.Fail(1, cloudflaretest.Status(http.StatusForbidden, nil, ""))

	for _, err := range server.Client().Organizations.All(context.Background(), cloudflare.OrganizationListParams{}) {
		fmt.Println(errors.Is(err, cloudflare.ErrForbidden))
	}
	// Output: true
}

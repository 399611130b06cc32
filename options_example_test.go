package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleWithAPIToken() {
	server := cloudflaretest.NewServer()

	client := server.Client(cloudflare.WithAPIToken(cloudflaretest.APIToken))
	org, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "New"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Organizations.Get(context.Background(), org.ID)
	fmt.Println("Get is forbidden:", errors.Is(err, cloudflare.ErrForbidden))
	// Output: Get is forbidden: true
}

func ExampleWithAPIKey() {
	server := cloudflaretest.NewServer()

	client := server.Client(cloudflare.WithAPIKey(cloudflaretest.APIKey, cloudflaretest.Email))
	org, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "New"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name)
	// Output: New
}

// A program that only reads cannot write by mistake, even with a global API key.
func ExampleWithReadOnly() {
	server := cloudflaretest.NewServer()
	server.AddOrganization("Example, Inc.", "")
	client, ctx := server.Client(cloudflare.WithReadOnly()), context.Background()

	for _, name := range []string{"Example, Inc.", "New"} {
		_, _, err := client.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: name})
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// cloudflare: invalid argument: the client is read-only
}

func ExampleWithBaseURL() {
	_, err := cloudflare.NewClient(
		cloudflare.WithAPIToken("a-token"),
		cloudflare.WithBaseURL("http://gateway.example.com/cloudflare"),
	)
	fmt.Println(err)
	// Output: cloudflare: invalid argument: WithBaseURL: the URL must begin with https://, because http:// is allowed only for localhost and loopback addresses
}

func ExampleWithHTTPClient() {
	server := cloudflaretest.NewServer()
	outer := httptest.NewServer(server)
	defer outer.Close()

	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = 4
	client := server.Client(
		cloudflare.WithHTTPClient(&http.Client{Transport: transport}),
		cloudflare.WithBaseURL(outer.URL+"/client/v4"),
	)

	page, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items))
	// Output: 0
}

func ExampleWithTimeout() {
	server := cloudflaretest.NewServer()
	server.Fail(1, cloudflaretest.Stall())
	client := server.Client(cloudflare.WithTimeout(50*time.Millisecond), cloudflare.WithMaxRetries(0))

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	fmt.Println(err)
	fmt.Println(errors.Is(err, cloudflare.ErrAttemptTimeout), errors.Is(err, context.DeadlineExceeded))
	// Output:
	// cloudflare: GET /organizations: attempt timed out: no complete response within 50ms
	// true false
}

func ExampleWithMaxRetries() {
	server := cloudflaretest.NewServer()
	server.Fail(1, cloudflaretest.Reset())
	client := server.Client(cloudflare.WithMaxRetries(1))

	var response cloudflare.Response
	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{},
		cloudflare.CaptureResponse(&response))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Attempts, "attempts")
	// Output: 2 attempts
}

func ExampleWithMaxRetryWait() {
	server := cloudflaretest.NewServer()
	server.Fail(1, cloudflaretest.Status(http.StatusServiceUnavailable, http.Header{"Retry-After": {"60"}}, ""))
	client := server.Client(cloudflare.WithMaxRetryWait(10 * time.Second))

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	fmt.Println("come back in", cloudflare.RetryAfter(err))
	// Output: come back in 1m0s
}

// A service does not keep its own callers waiting for the rate limit.
func ExampleWithMaxRateLimitWait() {
	server := cloudflaretest.NewServer()
	server.SetRateLimit(1, 5*time.Minute)
	client := server.Client(cloudflare.WithMaxRateLimitWait(0))

	for range 2 {
		_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
		if errors.Is(err, cloudflare.ErrRateLimited) {
			fmt.Println("come back in", cloudflare.RetryAfter(err).Round(time.Minute))
		}
	}
	fmt.Println(len(server.Requests()), "request")
	// Output:
	// come back in 5m0s
	// 1 request
}

// This program shows why it stands still, and ends instead of waiting.
func ExampleWithRateLimitHook() {
	server := cloudflaretest.NewServer()
	server.SetRateLimit(1, 5*time.Minute)
	ctx, stop := context.WithCancel(context.Background())
	client := server.Client(cloudflare.WithRateLimitHook(func(_ context.Context, wait time.Duration) {
		fmt.Println("waiting for the rate limit:", wait.Round(time.Minute))
		stop()
	}))

	for range 2 {
		_, err := client.Organizations.List(ctx, cloudflare.OrganizationListParams{})
		fmt.Println("canceled:", errors.Is(err, context.Canceled))
	}
	// Output:
	// canceled: false
	// waiting for the rate limit: 5m0s
	// canceled: true
}

func ExampleWithUserAgent() {
	server := cloudflaretest.NewServer()
	client := server.Client(cloudflare.WithUserAgent("inventory/1.2"))

	if _, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{}); err != nil {
		log.Fatal(err)
	}
	products := strings.Fields(server.Requests()[0].Header.Get("User-Agent"))
	fmt.Println(products[0])
	// Output: inventory/1.2
}

func ExampleWithLogger() {
	server := cloudflaretest.NewServer()
	server.Fail(1, cloudflaretest.Status(http.StatusServiceUnavailable, http.Header{"Cf-Ray": {"86610873f8d987a9-IAD"}}, ""))

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { // what differs from run to run
			if a.Key == slog.TimeKey || a.Key == "duration" || a.Key == "retry_in" {
				return slog.Attr{}
			}
			return a
		},
	}))
	client := server.Client(cloudflare.WithLogger(logger))
	if _, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{}); err != nil {
		log.Fatal(err)
	}
	// Output: level=WARN msg="cloudflare request" method=GET path=/organizations attempt=1 status=503 ray_id=86610873f8d987a9-IAD
}

// limiterFunc lets any function be a limiter. For an even pace, take a *rate.Limiter of golang.org/x/time/rate.
type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func ExampleWithLimiter() {
	server := cloudflaretest.NewServer()
	var waited int
	client := server.Client(cloudflare.WithLimiter(limiterFunc(func(context.Context) error {
		waited++
		return nil
	})))

	for range 3 {
		if _, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(waited)
	// Output: 3
}

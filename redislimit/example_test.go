package redislimit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/redislimit"
)

// fake returns the options of a client for the fake API.
func fake(api *cloudflaretest.Server) []cloudflare.Option {
	return []cloudflare.Option{
		cloudflare.WithAPIKey(cloudflaretest.APIKey, cloudflaretest.Email),
		cloudflare.WithBaseURL("https://cloudflaretest.invalid/client/v4"),
		cloudflare.WithHTTPClient(&http.Client{Transport: api.Transport()}),
	}
}

// newStore returns a client of an embedded Redis, which stands for a redis-server.
func newStore() (store *redis.Client, stop func()) {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		panic(err)
	}
	store = redis.NewClient(&redis.Options{Addr: server.Addr()})
	return store, func() {
		store.Close()
		server.Close()
	}
}

// A program can show how much of the quota is used, by all processes together.
func ExampleLimiter_Status() {
	store, stop := newStore()
	defer stop()
	api := cloudflaretest.NewServer()
	defer api.Close()
	api.SetRateLimit(1200, 5*time.Minute)

	limiter := redislimit.New(store, redislimit.Config{Name: "ops@example.com", Leave: 200})
	client, err := cloudflare.NewClient(append(limiter.Options(), fake(api)...)...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		if _, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{}); err != nil {
			fmt.Println(err)
		}
	}
	status, err := limiter.Status(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d of %d requests used, %d can be sent now\n", status.Used, status.Quota, status.Available)

	// Output:
	// 3 of 1000 requests used, 997 can be sent now
}

// limit makes another SDK in the same program share the quota. The middleware of cloudflare-go has this type, so
// option.WithMiddleware(limit(limiter)) is all that it needs. It calls its middleware for each retry too.
func limit(limiter *redislimit.Limiter) func(*http.Request, func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	return func(request *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		if err := limiter.Wait(request.Context()); err != nil {
			return nil, err
		}
		response, err := next(request)
		if err != nil {
			limiter.Observe(0, nil)
			return response, err
		}
		limiter.Observe(response.StatusCode, response.Header)
		return response, nil
	}
}

func ExampleLimiter_Observe() {
	store, stop := newStore()
	defer stop()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Ratelimit", `"default";r=7;t=300`)
	}))
	defer api.Close()

	limiter := redislimit.New(store, redislimit.Config{Name: "ops@example.com"})
	middleware := limit(limiter)
	request, _ := http.NewRequest(http.MethodGet, api.URL, nil)
	response, err := middleware(request, http.DefaultTransport.RoundTrip)
	if err != nil {
		fmt.Println(err)
		return
	}
	response.Body.Close()

	status, err := limiter.Status(context.Background())
	fmt.Println(status.Used, "used,", status.Available, "can be sent now,", err)

	// Output:
	// 1 used, 7 can be sent now, <nil>
}

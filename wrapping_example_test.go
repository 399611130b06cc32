package cloudflare_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// vault holds a token that another program replaces from time to time.
type vault struct {
	mu    sync.Mutex
	token string
}

func (v *vault) set(token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.token = token
}

// credential is called before every attempt, so it returns what it has at hand.
func (v *vault) credential(context.Context) (cloudflare.Credential, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.token == "" {
		return cloudflare.Credential{}, errors.New("the vault is sealed")
	}
	return cloudflare.TokenCredential(v.token), nil
}

func ExampleWithCredentialSource() {
	server := cloudflaretest.NewServer()
	var tokens vault
	client := server.Client(cloudflare.WithCredentialSource(tokens.credential))

	list := func() error {
		_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
		return err
	}
	fmt.Println(list())
	tokens.set("a-token-that-was-revoked")
	fmt.Println(errors.Is(list(), cloudflare.ErrForbidden))
	tokens.set(cloudflaretest.APIToken)
	fmt.Println(list())
	// Output:
	// cloudflare: GET /organizations: credential source: the vault is sealed (nothing was sent)
	// true
	// <nil>
}

func ExampleTokenCredential() {
	fmt.Printf("%v %+v %q\n", cloudflare.TokenCredential("secret"), cloudflare.TokenCredential("secret"), cloudflare.TokenCredential("secret"))
	// Output: [redacted] [redacted] [redacted]
}

// A source that caches a token drops it if the API rejects it. Several calls may report the same token at the same
// time.
func ExampleRejectedCredential() {
	server := cloudflaretest.NewServer()
	server.AddToken("t0ken-1", cloudflaretest.Email)
	cached, current := cloudflare.TokenCredential("t0ken-1"), "t0ken-1"
	client := server.Client(cloudflare.WithCredentialSource(func(ctx context.Context) (cloudflare.Credential, error) {
		if rejected, ok := cloudflare.RejectedCredential(ctx); ok && cached.Equal(rejected) {
			cached = cloudflare.TokenCredential(current) // with a mutex, if calls run at the same time
		}
		return cached, nil
	}))
	server.Revoke("t0ken-1")
	current = "t0ken-2"
	server.AddToken(current, cloudflaretest.Email)
	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleCredential_Equal() {
	token := cloudflare.TokenCredential("secret")
	fmt.Println(token.Equal(cloudflare.TokenCredential("secret")), token.Equal(cloudflare.KeyCredential("secret", "me@example.com")))
	// Output: true false
}

func ExampleKeyCredential() {
	server := cloudflaretest.NewServer()
	key := cloudflare.KeyCredential(cloudflaretest.APIKey, cloudflaretest.Email)
	client := server.Client(cloudflare.WithCredentialSource(func(context.Context) (cloudflare.Credential, error) { return key, nil }))
	org, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name)
	// Output: Example, Inc.
}

func ExampleWithAttemptHook() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	server.Fail(1, cloudflaretest.Status(http.StatusServiceUnavailable, nil, ""))

	// In place of these lines, a metrics library counts by the same labels.
	client := server.Client(cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
		fmt.Println(a.Method, a.Route, a.Number, a.StatusCode, a.Retry)
	}))
	if _, err := client.Organizations.Get(context.Background(), id); err != nil {
		log.Fatal(err)
	}
	// Output:
	// GET /organizations/{organization_id} 1 503 true
	// GET /organizations/{organization_id} 2 200 false
}

var errOpen = errors.New("circuit breaker: open")

// breaker stops all requests for a minute after three attempts in a row have failed.
type breaker struct {
	mu       sync.Mutex
	failures int
	open     time.Time
}

// Wait makes a breaker a [cloudflare.Limiter].
func (b *breaker) Wait(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Now().Before(b.open) {
		return errOpen
	}
	return nil
}

func (b *breaker) observe(_ context.Context, a cloudflare.Attempt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.Err == nil && a.StatusCode < 500 {
		b.failures = 0
	} else if b.failures++; b.failures >= 3 {
		b.failures, b.open = 0, time.Now().Add(time.Minute)
	}
}

// A circuit breaker is a limiter. If it were a transport, the outcome of each write that it stops would be unknown.
func ExampleWithLimiter_circuitBreaker() {
	server := cloudflaretest.NewServer()
	for n := range 3 {
		server.Fail(n+1, cloudflaretest.Status(http.StatusServiceUnavailable, nil, ""))
	}
	var b breaker
	client := server.Client(cloudflare.WithLimiter(&b), cloudflare.WithAttemptHook(b.observe), cloudflare.WithMaxRetryWait(0))

	_, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "First"})
	fmt.Println("unknown outcome:", errors.Is(err, cloudflare.ErrOutcomeUnknown))
	_, err = client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	fmt.Println("stopped:", errors.Is(err, errOpen))
	_, err = client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "Second"})
	fmt.Println("stopped:", errors.Is(err, errOpen), "unknown outcome:", errors.Is(err, cloudflare.ErrOutcomeUnknown))
	fmt.Println(len(server.Requests()), "requests")
	// Output:
	// unknown outcome: true
	// stopped: true
	// stopped: true unknown outcome: false
	// 3 requests
}

// stamping adds a header to every request.
type stamping struct{ next http.RoundTripper }

func (t stamping) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	return t.next.RoundTrip(r)
}

func ExampleNewTransport() {
	server := cloudflaretest.NewServer()
	outer := httptest.NewServer(server)
	defer outer.Close()

	transport := cloudflare.NewTransport()
	defer transport.CloseIdleConnections()
	transport.ResponseHeaderTimeout = 10 * time.Second
	client := server.Client(
		cloudflare.WithHTTPClient(&http.Client{Transport: stamping{transport}}),
		cloudflare.WithBaseURL(outer.URL+"/client/v4"),
	)

	if _, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[0].Header.Get("Traceparent") != "")
	// Output: true
}

// organizations is the part of the client that a program uses. Its tests replace it.
type organizations interface {
	Create(context.Context, cloudflare.OrganizationCreateParams, ...cloudflare.CallOption) (*cloudflare.Organization, error)
	All(context.Context, cloudflare.OrganizationListParams, ...cloudflare.CallOption) iter.Seq2[*cloudflare.Organization, error]
}

// mock is a double of it. The server of package cloudflaretest is usually the better one: it checks arguments, keeps
// what was written, and divides lists into pages.
type mock struct {
	items []cloudflare.Organization
	err   error // of Create
}

func (m *mock) Create(context.Context, cloudflare.OrganizationCreateParams, ...cloudflare.CallOption) (*cloudflare.Organization, error) {
	return nil, m.err
}

func (m *mock) All(_ context.Context, params cloudflare.OrganizationListParams, _ ...cloudflare.CallOption) iter.Seq2[*cloudflare.Organization, error] {
	return cloudflare.Paginate(params.PageToken, func(string) (*cloudflare.Page[cloudflare.Organization], error) {
		return &cloudflare.Page[cloudflare.Organization]{Items: m.items}, nil
	})
}

// Paginate makes the iterator of a mocked All.
func ExamplePaginate_mock() {
	var service organizations = &mock{items: []cloudflare.Organization{{Name: "First"}, {Name: "Second"}}}
	for org, err := range service.All(context.Background(), cloudflare.OrganizationListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(org.Name)
	}
	// Output:
	// First
	// Second
}

// A mock joins an Error and ErrOutcomeUnknown for a write that may have happened.
func ExampleError_mock() {
	var service organizations = &mock{err: errors.Join(&cloudflare.Error{
		Method: "POST", Path: "/organizations", StatusCode: http.StatusBadGateway,
	}, cloudflare.ErrOutcomeUnknown)}
	_, err := service.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	e, ok := errors.AsType[*cloudflare.Error](err)
	if !ok {
		log.Fatal(err)
	}
	fmt.Println(e.StatusCode, errors.Is(err, cloudflare.ErrOutcomeUnknown))
	// Output: 502 true
}

// The paging of another endpoint is in ResultInfo, which is decoded after the call.
func ExampleClient_Call_resultInfo() {
	server := cloudflaretest.NewServer()
	server.Handle("GET /zones", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"success":true,"result":[{"id":"z1"}],"result_info":{"page":1,"total_pages":7}}`)
	}))
	client := server.Client()

	var zones []struct {
		ID string `json:"id"`
	}
	var response cloudflare.Response
	err := client.Call(context.Background(), cloudflare.Request{Method: "GET", Route: "/zones"}, &zones,
		cloudflare.CaptureResponse(&response))
	if err != nil {
		log.Fatal(err)
	}
	var info struct {
		TotalPages int `json:"total_pages"`
	}
	if err := json.Unmarshal(response.ResultInfo, &info); err != nil {
		log.Fatal(err)
	}
	fmt.Println(zones[0].ID, info.TotalPages)
	// Output: z1 7
}

// A plan is checked as a whole before the first of its writes.
func ExampleOrganizationCreateParams_Validate() {
	for _, name := range []string{"Sales", ""} {
		params := cloudflare.OrganizationCreateParams{Name: name}
		fmt.Println(params.Validate())
	}
	// Output:
	// <nil>
	// cloudflare: invalid argument: Name is empty
}

// A name that an update would reject: the API may trim it.
func ExampleOrganizationUpdateParams_Validate() {
	params := cloudflare.OrganizationUpdateParams{Name: "Sales "}
	fmt.Println(params.Validate())
	// Output: cloudflare: invalid argument: Name must not begin or end with white space
}

func ExampleOrganizationProfile_Validate() {
	var profile cloudflare.OrganizationProfile
	fmt.Println(profile.Validate())
	// Output: cloudflare: invalid argument: the profile must have at least one field set
}

func ExampleOrganizationMemberCreateParams_Validate() {
	params := cloudflare.OrganizationMemberCreateParams{Email: "nobody"}
	fmt.Println(params.Validate())
	// Output: cloudflare: invalid argument: Email has no @
}

func ExampleAccountCreateParams_Validate() {
	params := cloudflare.AccountCreateParams{Name: "Shop", OrganizationID: "o1", Standalone: true}
	fmt.Println(params.Validate())
	// Output: cloudflare: invalid argument: OrganizationID and Standalone are both set
}

// A key lets the server recognize a repeat, so that a POST is retried like a PUT.
func ExampleClient_Call_idempotencyKey() {
	server := cloudflaretest.NewServer()
	server.Handle("POST /orders", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"success":true,"result":{"key":%q}}`, r.Header.Get("Idempotency-Key"))
	}))
	server.Fail(1, cloudflaretest.Cut()) // the first request is carried out, but its response is lost
	client := server.Client()

	var order struct{ Key string }
	var response cloudflare.Response
	err := client.Call(context.Background(), cloudflare.Request{
		Method: "POST", Route: "/orders", IdempotencyKey: "order-4711",
	}, &order, cloudflare.CaptureResponse(&response))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.Key, response.Attempts)
	// Output: order-4711 2
}

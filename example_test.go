package cloudflare_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// Every exported function and method has an example, and every example an output that is checked.
func TestEveryExportedNameHasAnExample(t *testing.T) {
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	positions, files := token.NewFileSet(), []*ast.File{}
	for _, name := range names {
		file, err := parser.ParseFile(positions, name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	public, err := doc.NewFromFiles(positions, files, "example.com/cloudflare")
	require.NoError(t, err)

	functions := public.Funcs
	for _, of := range public.Types {
		functions = slices.Concat(functions, of.Funcs, of.Methods)
	}
	require.NotEmpty(t, functions)
	for _, function := range functions {
		// Nobody calls these directly.
		if slices.Contains([]string{"Error", "Unwrap", "Is", "MarshalJSON", "UnmarshalJSON", "LogValue", "IsZero", "Format", "MarshalText"}, function.Name) {
			continue
		}
		assert.NotEmpty(t, function.Examples, "%s%s has no example", function.Recv, function.Name)
		for _, example := range function.Examples {
			assert.NotEmpty(t, example.Output, "%s has an example without an output", function.Name)
		}
	}
}

// A program against the real API leaves the server away, and its client comes from NewClient.
func Example() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	org, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"Sales", "Engineering"} {
		params := cloudflare.OrganizationCreateParams{Name: name, ParentID: org.ID}
		if _, err := client.Organizations.Create(ctx, params); err != nil {
			log.Fatal(err)
		}
	}
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{ParentID: org.ID}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(org.Name, "belongs to", org.Parent.Name)
	}
	// Output:
	// Sales belongs to Example, Inc.
	// Engineering belongs to Example, Inc.
}

func ExampleNewClient() {
	server := cloudflaretest.NewServer() // without it: cloudflare.NewClient(), and CLOUDFLARE_API_TOKEN
	defer server.Close()

	client, err := cloudflare.NewClient(
		cloudflare.WithBaseURL(server.URL),
		cloudflare.WithAPIToken(cloudflaretest.APIToken),
		cloudflare.WithUserAgent("inventory/1.2"),
	)
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	fmt.Println(page.TotalSize, err)
	// Output: 0 <nil>
}

func ExampleNewClient_refused() {
	_, err := cloudflare.NewClient(cloudflare.WithAPIToken("copied with a new line\n"))
	fmt.Println(err)
	// Output: cloudflare: invalid argument: WithAPIToken: the API token contains white space or a character that is not printable ASCII
}

func ExampleClient_Call() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("Example, Inc.", "")
	server.AddAccount(id, cloudflaretest.Account{Name: "Production"})
	client := server.Client()

	var accounts []struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	err := client.Call(context.Background(), cloudflare.Request{
		Method: http.MethodGet,
		Path:   []string{"organizations", id, "accounts"},
		Query:  url.Values{"name.startsWith": {"prod"}},
	}, &accounts)
	fmt.Println(accounts, err)
	// Output: [{Production standard}] <nil>
}

func ExampleClient_Call_verbatim() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()

	var result json.RawMessage
	err := client.Call(context.Background(), cloudflare.Request{
		Method: http.MethodPost,
		Path:   []string{"organizations"},
		Body:   json.RawMessage(`{"name":"Example, Inc."}`),
	}, &result)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(string(result), `"name":"Example, Inc."`))
	// Output: true
}

func ExampleWithAPIToken() {
	server := cloudflaretest.NewServer()
	defer server.Close()

	client, err := cloudflare.NewClient(
		cloudflare.WithAPIToken(cloudflaretest.APIToken),
		cloudflare.WithBaseURL(server.URL),
	)
	if err != nil {
		log.Fatal(err)
	}
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
	defer server.Close()

	client, err := cloudflare.NewClient(
		cloudflare.WithAPIKey(cloudflaretest.APIKey, cloudflaretest.Email),
		cloudflare.WithBaseURL(server.URL),
	)
	if err != nil {
		log.Fatal(err)
	}
	org, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "New"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name)
	// Output: New
}

func ExampleWithBaseURL() {
	_, err := cloudflare.NewClient(
		cloudflare.WithAPIToken("a-token"),
		cloudflare.WithBaseURL("http://gateway.example.com/cloudflare"),
	)
	fmt.Println(err)
	// Output: cloudflare: invalid argument: WithBaseURL: the URL must begin with https:// (plain http goes to this machine only)
}

func ExampleWithHTTPClient() {
	server := cloudflaretest.NewServer()
	defer server.Close()

	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = 4
	client := server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: transport}))

	page, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items))
	// Output: 0
}

func ExampleWithTimeout() {
	server := cloudflaretest.NewServer()
	defer server.Close()
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
	defer server.Close()
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
	defer server.Close()
	server.Fail(1, cloudflaretest.RateLimited(5*time.Minute))
	client := server.Client(cloudflare.WithMaxRetryWait(10 * time.Second))

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	if e, ok := errors.AsType[*cloudflare.Error](err); ok && errors.Is(err, cloudflare.ErrRateLimited) {
		fmt.Println("come back in", e.RetryAfter)
	}
	// Output: come back in 5m0s
}

func ExampleWithUserAgent() {
	server := cloudflaretest.NewServer()
	defer server.Close()
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
	defer server.Close()
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
	defer server.Close()
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

func ExampleSetHeader() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{},
		cloudflare.SetHeader("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[0].Header.Get("Traceparent"))
	// Output: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
}

func ExampleAddQuery() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{Name: "Example, Inc."},
		cloudflare.AddQuery("a_filter_of_tomorrow", "yes"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[0].Query.Encode())
	// Output: a_filter_of_tomorrow=yes&name=Example%2C+Inc.
}

func ExampleSetMaxRetries() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.Fail(1, cloudflaretest.Status(http.StatusServiceUnavailable, nil, ""))
	client := server.Client()

	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{}, cloudflare.SetMaxRetries(0))
	fmt.Println(err)
	// Output: cloudflare: GET /organizations: 503 Service Unavailable: the body is empty
}

func ExampleCaptureResponse() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()

	var response cloudflare.Response
	_, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{},
		cloudflare.CaptureResponse(&response))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, response.Attempts, response.Header.Get("Content-Type"), string(response.ResultInfo))
	// Output: 200 1 application/json {"total_size":0}
}

func ExampleOrganizationsService_List() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	for _, name := range []string{"Alpha", "Beta", "Gamma"} {
		server.AddOrganization(name, "")
	}
	client := server.Client()

	page, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{PageSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, org := range page.Items {
		fmt.Println(org.Name)
	}
	fmt.Printf("%d of %d, more: %t\n", len(page.Items), page.TotalSize, page.NextPageToken != "")
	// Output:
	// Alpha
	// Beta
	// 2 of 3, more: true
}

func ExampleCollect() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	for _, name := range []string{"Gamma", "Alpha", "Beta"} {
		server.AddOrganization(name, "")
	}
	client := server.Client()

	orgs, err := cloudflare.Collect(client.Organizations.All(context.Background(), cloudflare.OrganizationListParams{}))
	if err != nil {
		log.Fatal(err)
	}
	slices.SortFunc(orgs, func(a, b cloudflare.Organization) int { return strings.Compare(a.Name, b.Name) })
	for _, org := range orgs {
		fmt.Println(org.Name)
	}
	// Output:
	// Alpha
	// Beta
	// Gamma
}

// Lists of any other part of the API, paged by number or by cursor, work like the lists of this package.
func ExamplePaginate() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	for _, name := range []string{"Alpha", "Beta", "Gamma"} {
		server.AddOrganization(name, "")
	}
	client := server.Client()
	ctx := context.Background()

	type item struct {
		Name string `json:"name"`
	}
	// The token of this list is a query parameter; in another it may be a page number, from strconv.Itoa.
	fetch := func(token string) (*cloudflare.Page[item], error) {
		query := url.Values{"page_size": {"2"}}
		if token != "" {
			query.Set("page_token", token)
		}
		var items []item
		var response cloudflare.Response
		request := cloudflare.Request{Method: http.MethodGet, Path: []string{"organizations"}, Query: query}
		if err := client.Call(ctx, request, &items, cloudflare.CaptureResponse(&response)); err != nil {
			return nil, err
		}
		var info struct {
			NextPageToken string `json:"next_page_token"`
		}
		if err := json.Unmarshal(response.ResultInfo, &info); err != nil {
			return nil, err
		}
		return &cloudflare.Page[item]{Items: items, NextPageToken: info.NextPageToken}, nil
	}
	for item, err := range cloudflare.Paginate("", fetch) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name)
	}
	// Output:
	// Alpha
	// Beta
	// Gamma
}

func ExampleOrganizationsService_All() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	root := server.AddOrganization("Example, Inc.", "")
	for _, name := range []string{"Sales Europe", "Engineering", "Sales Asia"} {
		server.AddOrganization(name, root)
	}
	client := server.Client()

	params := cloudflare.OrganizationListParams{ParentID: root, NameStartsWith: "sales"}
	for org, err := range client.Organizations.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(org.Name)
	}
	// Output:
	// Sales Europe
	// Sales Asia
}

// What was listed before a page failed stays, and the list goes on where it stopped.
func ExampleOrganizationsService_All_resume() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	for _, name := range []string{"Alpha", "Beta", "Gamma"} {
		server.AddOrganization(name, "")
	}
	server.Fail(2, cloudflaretest.Status(http.StatusForbidden, nil, ""))
	client := server.Client()

	params := cloudflare.OrganizationListParams{PageSize: 2}
	for complete := false; !complete; {
		complete = true
		for org, err := range client.Organizations.All(context.Background(), params) {
			if failed, ok := errors.AsType[*cloudflare.PageError](err); ok {
				fmt.Println("a page failed")
				params.PageToken, complete = failed.PageToken, false
				break
			}
			fmt.Println(org.Name)
		}
	}
	// Output:
	// Alpha
	// Beta
	// a page failed
	// Gamma
}

func ExampleOrganizationsService_Get() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("Example, Inc.", "")
	client := server.Client()

	org, err := client.Organizations.Get(context.Background(), id)
	switch {
	case errors.Is(err, cloudflare.ErrNotFound):
		fmt.Println("there is none")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println(org.Name, org.CreateTime.Format(time.DateOnly))
	}
	// Output: Example, Inc. 2026-01-01
}

func ExampleOrganizationsService_Create() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	root := server.AddOrganization("Example, Inc.", "")
	client := server.Client()

	org, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{
		Name:     "Sales",
		ParentID: root,
		Profile:  &cloudflare.OrganizationProfile{BusinessEmail: "sales@example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name, "below", org.Parent.Name+":", org.Profile.BusinessEmail)
	// Output: Sales below Example, Inc.: sales@example.com
}

// A create whose answer was lost is not sent again: names are not unique, and there would be two.
func ExampleOrganizationsService_Create_outcomeUnknown() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.Fail(1, cloudflaretest.Cut()) // carried out, but its answer does not arrive
	client := server.Client()
	ctx := context.Background()

	_, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Sales"})
	if errors.Is(err, cloudflare.ErrOutcomeUnknown) {
		page, err := client.Organizations.List(ctx, cloudflare.OrganizationListParams{Name: "Sales"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("of this name there are", page.TotalSize)
	}
	// Output: of this name there are 1
}

// To change the name alone, send the profile that is there.
func ExampleOrganizationsService_Update() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()
	created, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{
		Name:    "Sales",
		Profile: &cloudflare.OrganizationProfile{BusinessEmail: "sales@example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}

	org, err := client.Organizations.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	org, err = client.Organizations.Update(ctx, org.ID, cloudflare.OrganizationUpdateParams{
		Name:    "Sales and Marketing",
		Profile: org.Profile,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Name, org.Profile.BusinessEmail)
	// Output: Sales and Marketing sales@example.com
}

func ExampleOrganizationsService_Delete() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	root := server.AddOrganization("Example, Inc.", "")
	sales := server.AddOrganization("Sales", root)
	client := server.Client()

	for _, id := range []string{root, sales, root} {
		_, err := client.Organizations.Delete(context.Background(), id)
		if refused, ok := errors.AsType[*cloudflare.Error](err); ok {
			fmt.Println("refused:", refused.Errors[0].Message)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("deleted")
	}
	// Output:
	// refused: organization is not empty: it has sub-organizations
	// deleted
	// deleted
}

func ExampleOrganizationProfileService_Get() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("Example, Inc.", "")
	client := server.Client()

	_, err := client.OrganizationProfile.Get(context.Background(), id)
	fmt.Println("never set:", errors.Is(err, cloudflare.ErrNotFound))
	// Output: never set: true
}

// An update replaces all fields. To change one, change what is there.
func ExampleOrganizationProfileService_Update() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()
	created, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{
		Name:    "Sales",
		Profile: &cloudflare.OrganizationProfile{BusinessName: "Example Sales", BusinessPhone: "+1 555 0100"},
	})
	if err != nil {
		log.Fatal(err)
	}

	profile, err := client.OrganizationProfile.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	profile.BusinessPhone = "+1 555 0199"
	if err := client.OrganizationProfile.Update(ctx, created.ID, *profile); err != nil {
		log.Fatal(err)
	}

	profile, err = client.OrganizationProfile.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(profile.BusinessName, profile.BusinessPhone)
	// Output: Example Sales +1 555 0199
}

func ExampleOrganization_Flags() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()

	org, err := client.Organizations.Get(context.Background(), server.AddOrganization("Example, Inc.", ""))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.Flags().AccountCreation)
	// Output: enabled
}

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

package cloudflaretest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	server := cloudflaretest.NewServer() // in a test, add .ForTest(t)
	client := server.Client()
	ctx := context.Background()

	// Preparing the server sends no request.
	parent := server.AddOrganization("Example, Inc.", "")

	// The response is lost on its way. Was the organization created?
	server.Fail(1, cloudflaretest.Cut())
	_, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Example, Ltd.", ParentID: parent})
	fmt.Println("outcome unknown:", errors.Is(err, cloudflare.ErrOutcomeUnknown))

	for organization, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{ParentID: parent}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("found:", organization.Name)
	}
	for _, request := range server.Requests() {
		fmt.Println(request.Method, request.Path)
	}
	// Output:
	// outcome unknown: true
	// found: Example, Ltd.
	// POST /client/v4/organizations
	// GET /client/v4/organizations
}

func ExampleServer_Transport() {
	server := cloudflaretest.NewServer()

	// The transport is wrapped, to see what the client sends.
	client := server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: printing{server.Transport()}}))

	organization, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(organization.Name)
	// Output:
	// POST https://cloudflaretest.invalid/client/v4/organizations
	// Example, Inc.
}

type printing struct{ http.RoundTripper }

func (p printing) RoundTrip(r *http.Request) (*http.Response, error) {
	fmt.Println(r.Method, r.URL)
	return p.RoundTripper.RoundTrip(r)
}

func ExampleServer_ServeHTTP() {
	server := cloudflaretest.NewServer()

	// Only a test of connections or of another program needs a socket.
	outer := httptest.NewServer(server)
	defer outer.Close()
	client := server.Client(cloudflare.WithHTTPClient(outer.Client()), cloudflare.WithBaseURL(outer.URL+"/client/v4"))

	organization, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(organization.Name)
	// Output: Example, Inc.
}

func ExampleServer_FailNext() {
	server := cloudflaretest.NewServer()
	client := server.Client()
	ctx := context.Background()

	server.FailNext("PUT /organizations/{organization_id}/profile", cloudflaretest.Status(http.StatusForbidden, nil,
		`{"success":false,"errors":[{"code":9109,"message":"Unauthorized to access requested resource"}],"messages":[],"result":null}`))
	organization, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	err = client.OrganizationProfile.Update(ctx, organization.ID, cloudflare.OrganizationProfile{BusinessName: "Example"})
	fmt.Println(errors.Is(err, cloudflare.ErrForbidden))
	// Output: true
}

func ExampleServer_AddKey() {
	server := cloudflaretest.NewServer()
	server.AddKey("ann-key", "ann@example.com")
	server.AddKey("bob-key", "bob@example.com")
	ann := server.Client(cloudflare.WithAPIKey("ann-key", "ann@example.com"))
	bob := server.Client(cloudflare.WithAPIKey("bob-key", "bob@example.com"))
	ctx := context.Background()

	organization, err := ann.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	server.Revoke("ann-key")
	_, err = ann.Organizations.Get(ctx, organization.ID)
	fmt.Println("revoked:", errors.Is(err, cloudflare.ErrUnauthorized))
	if _, err := bob.Organizations.Get(ctx, organization.ID); err != nil {
		log.Fatal(err)
	}
	for _, request := range server.Requests() {
		fmt.Printf("%s by %q\n", request.Method, request.Email)
	}
	// Output:
	// revoked: true
	// POST by "ann@example.com"
	// GET by ""
	// GET by "bob@example.com"
}

func ExampleServer_Handle() {
	server := cloudflaretest.NewServer()

	server.Handle("GET /zones/{zone_id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"success":true,"errors":[],"messages":[],"result":{"id":%q}}`, r.PathValue("zone_id"))
	}))

	var zone struct {
		ID string `json:"id"`
	}
	request := cloudflare.Request{Method: http.MethodGet, Route: "/zones/1"}
	if err := server.Client().Call(context.Background(), request, &zone); err != nil {
		log.Fatal(err)
	}
	fmt.Println(zone.ID)
	// Output: 1
}

func ExampleServer_InviteCode() {
	server := cloudflaretest.NewServer()
	id := server.AddOrganization("Example, Inc.", "")
	server.AddMember(id, cloudflaretest.Member{Email: "ann@example.com", Status: "pending"})

	// Ann accepts with her own email address. Every member has the server's first key.
	ann := server.Client(cloudflare.WithAPIKey(cloudflaretest.APIKey, "ann@example.com"))
	if err := ann.OrganizationInvites.Accept(context.Background(), id, server.InviteCode(id, "ann@example.com")); err != nil {
		log.Fatal(err)
	}
	for member, err := range server.Client().OrganizationMembers.All(context.Background(), id, cloudflare.OrganizationMemberListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(member.User.Email, member.Status)
	}
	// Output: ann@example.com active
}

// A client with a transport of its own needs no Server.
func Example_httpmock() {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodGet, "https://api.cloudflare.com/client/v4/organizations",
		httpmock.NewStringResponder(http.StatusOK, `{"success":true,"errors":[],"messages":[],"result":[]}`))

	client, err := cloudflare.NewClient(
		cloudflare.WithAPIToken("token"),
		cloudflare.WithHTTPClient(&http.Client{Transport: mock}),
	)
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.Organizations.List(context.Background(), cloudflare.OrganizationListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items), mock.GetTotalCallCount())
	// Output: 0 1
}

func TestClient(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("a", "")

	// A credential of the environment is not used.
	t.Setenv("CLOUDFLARE_API_TOKEN", "from-the-environment")
	client := server.Client(cloudflare.WithUserAgent("mine/1"))
	page, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1)
	assert.Contains(t, server.Requests()[0].Header.Get("User-Agent"), "mine/1")
	assert.Equal(t, cloudflaretest.Email, server.Requests()[0].Email)

	client = server.Client(cloudflare.WithAPIToken(cloudflaretest.APIToken))
	_, err = client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	assert.NoError(t, err)
	_, err = client.Organizations.Get(t.Context(), id)
	assert.ErrorIs(t, err, cloudflare.ErrForbidden, "a token cannot read an organization")

	assert.PanicsWithValue(t, "cloudflaretest: Client: cloudflare: invalid argument: WithMaxRetries: -1 is negative", func() { server.Client(cloudflare.WithMaxRetries(-1)) })
	assert.Panics(t, func() { server.Client(nil) })
	assert.Panics(t, func() { server.Client(cloudflare.WithAPIToken("")) })
	assert.Panics(t, func() { server.Client(cloudflare.WithAPIToken("x"), cloudflare.WithMaxRetries(-1)) })
	assert.Panics(t, func() { server.Client(cloudflare.WithAPIToken("x"), cloudflare.WithAPIKey("x", "a@example.com")) }, "a client has one credential")
}

// A client with another transport sends nothing to a real API.
func TestClientWithAnotherTransport(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	var host string
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		host = r.URL.Host
		return httpmock.NewStringResponse(http.StatusBadRequest, ""), nil
	})
	client := server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: mock}), cloudflare.WithMaxRetries(0))
	_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	assert.Error(t, err)
	assert.Equal(t, "cloudflaretest.invalid", host)
	assert.Empty(t, server.Requests())
}

func TestOutcomesOverTransport(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	client := server.Client(cloudflare.WithMaxRetries(0))
	create := func() error {
		_, err := client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "a"})
		return err
	}
	for _, fault := range []cloudflaretest.Fault{cloudflaretest.Reset(), cloudflaretest.Cut()} {
		server.Fail(1, fault)
		assert.ErrorIs(t, create(), cloudflare.ErrOutcomeUnknown)
	}
	server.Close()
	err := create()
	require.Error(t, err)
	assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown, "the request was not sent")
}

// The Route of an attempt, with its method, is a pattern of FailNext.
func TestFailNextTakesTheRouteOfAnAttempt(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("a", "")
	var attempts []cloudflare.Attempt
	client := server.Client(cloudflare.WithMaxRetries(0), cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
		attempts = append(attempts, a)
	}))
	calls := []func() error{
		func() error { return client.OrganizationMembers.Delete(t.Context(), id, id) },
		func() error {
			_, err := client.OrganizationShares.List(t.Context(), id, cloudflare.ShareListParams{})
			return err
		},
	}
	for _, call := range calls {
		call()
	}
	require.Len(t, attempts, len(calls))
	for i, call := range calls {
		server.FailNext(attempts[i].Method+" "+attempts[i].Route, cloudflaretest.Status(http.StatusTeapot, nil, ""))
		assert.ErrorContains(t, call(), "418")
	}
}

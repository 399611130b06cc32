package cloudflaretest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"testing"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	server := cloudflaretest.NewServer()
	defer server.Close()
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
	defer server.Close()
	client := server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: server.Transport()}))

	organization, err := client.Organizations.Create(context.Background(), cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(organization.Name)
	// Output: Example, Inc.
}

func ExampleServer_FailNext() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	server.FailNext(http.MethodPut, "/profile", cloudflaretest.Status(http.StatusForbidden, nil, ""))
	organization, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Example, Inc."})
	if err != nil {
		log.Fatal(err)
	}
	err = client.OrganizationProfile.Update(ctx, organization.ID, cloudflare.OrganizationProfile{BusinessName: "Example"})
	fmt.Println(errors.Is(err, cloudflare.ErrForbidden))
	// Output: true
}

func ExampleServer_Handle() {
	server := cloudflaretest.NewServer()
	defer server.Close()

	server.Handle("GET /zones/{zone_id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"success":true,"errors":[],"messages":[],"result":{"id":%q}}`, r.PathValue("zone_id"))
	}))

	var zone struct {
		ID string `json:"id"`
	}
	request := cloudflare.Request{Method: http.MethodGet, Path: []string{"zones", "1"}}
	if err := server.Client().Call(context.Background(), request, &zone); err != nil {
		log.Fatal(err)
	}
	fmt.Println(zone.ID)
	// Output: 1
}

func ExampleServer_InviteCode() {
	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("Example, Inc.", "")
	server.AddMember(id, cloudflaretest.Member{Email: "ann@example.com", Status: "pending"})

	// Ann accepts with her own email address. Every user of the server has the same key.
	ann, err := cloudflare.NewClient(
		cloudflare.WithBaseURL(server.URL),
		cloudflare.WithAPIKey(cloudflaretest.APIKey, "ann@example.com"),
	)
	if err != nil {
		log.Fatal(err)
	}
	var member struct {
		Status string `json:"status"`
	}
	err = ann.Call(context.Background(), cloudflare.Request{
		Method: http.MethodPut,
		Path:   []string{"organizations", id, "invites", server.InviteCode(id, "ann@example.com")},
		Body:   json.RawMessage(`{"status":"accept"}`),
	}, &member)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.Status)
	// Output: active
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
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.AddOrganization("a", "")

	// A credential of the environment is not used.
	t.Setenv("CLOUDFLARE_API_TOKEN", "from-the-environment")
	page, err := server.Client(cloudflare.WithUserAgent("mine/1")).Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1)
	assert.Contains(t, server.Requests()[0].Header.Get("User-Agent"), "mine/1")

	assert.Panics(t, func() { server.Client(cloudflare.WithMaxRetries(-1)) })
	assert.Panics(t, func() { server.Client(cloudflare.WithAPIToken("x")) }, "a client has one credential")

	client, err := cloudflare.NewClient(cloudflare.WithBaseURL(server.URL), cloudflare.WithAPIToken(cloudflaretest.APIToken))
	require.NoError(t, err)
	_, err = client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	assert.NoError(t, err)
	_, err = client.Organizations.Get(t.Context(), page.Items[0].ID)
	assert.ErrorIs(t, err, cloudflare.ErrForbidden, "a token cannot read an organization")
}

func TestOutcomesOverTransport(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client(
		cloudflare.WithHTTPClient(&http.Client{Transport: server.Transport()}),
		cloudflare.WithMaxRetries(0),
	)
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

package cloudflare_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func ExampleCollect() {
	server := cloudflaretest.NewServer()
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

// Paginate iterates over any list, also one with page numbers or cursors.
func ExamplePaginate() {
	server := cloudflaretest.NewServer()
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
		request := cloudflare.Request{Method: http.MethodGet, Route: "/organizations", Query: query}
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

// A list that fails can be resumed from the page that failed.
func ExampleOrganizationsService_All_resume() {
	server := cloudflaretest.NewServer()
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

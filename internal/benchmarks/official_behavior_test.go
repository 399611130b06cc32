//go:build !noofficial

package benchmarks_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/organizations"
	"github.com/stretchr/testify/assert"

	"example.com/cloudflare"
)

// behavior records what a client does with a server that misbehaves.
type behavior struct {
	Listed       int  // how many organizations it lists, of two on two pages
	Creates      int  // how many requests it sends for one create if the response is a 502
	KeyForwarded bool // it sends the API key to the host that a redirect points to
	Escaped      bool // it requests /accounts for the organization ID ../accounts
	FalseIsError bool // it returns an error for a 200 with "success": false
}

// calls holds the calls that probe makes with each client.
type calls struct {
	list   func() int
	create func()
	get    func(id string) error
}

// probe runs a client against two servers, of which one redirects to the other. A client takes 127.0.0.1 and localhost
// for different hosts.
func probe(t *testing.T, connect func(base string) calls) behavior {
	var b behavior
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b.KeyForwarded = b.KeyForwarded || r.Header.Get("X-Auth-Key") != ""
	}))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodPost:
			b.Creates++
			w.WriteHeader(http.StatusBadGateway)
		case r.URL.Path == "/organizations/moved":
			http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		case r.URL.Path == "/organizations/refused":
			fmt.Fprint(w, `{"success":false,"errors":[{"code":1,"message":"no"}],"messages":[],"result":null}`)
		case r.URL.Path == "/accounts":
			b.Escaped = true
		case r.URL.Query().Has("page_token"):
			fmt.Fprint(w, `{"success":true,"errors":[],"messages":[],"result":[{"id":"b","name":"B"}],"result_info":{}}`)
		default:
			fmt.Fprint(w, `{"success":true,"errors":[],"messages":[],"result":[{"id":"a","name":"A"}],"result_info":{"next_page_token":"t"}}`)
		}
	}))
	t.Cleanup(server.Close)

	c := connect(server.URL)
	b.Listed = c.list()
	c.create()
	_ = c.get("moved") // the servers record what these two calls do
	_ = c.get("../accounts")
	b.FalseIsError = c.get("refused") != nil
	return b
}

// TestBehavior checks what the comparison in the README says.
func TestBehavior(t *testing.T) {
	ours := probe(t, func(base string) calls {
		client, err := cloudflare.NewClient(cloudflare.WithAPIKey("key", "a@example.com"),
			cloudflare.WithBaseURL(base), cloudflare.WithMaxRetryWait(time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		return calls{
			list: func() int {
				all, _ := cloudflare.Collect(client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}))
				return len(all)
			},
			create: func() {
				_, _ = client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "A"})
			},
			get: func(id string) error {
				_, err := client.Organizations.Get(t.Context(), id)
				return err
			},
		}
	})
	assert.Equal(t, behavior{Listed: 2, Creates: 1, FalseIsError: true}, ours, "package cloudflare")

	official := probe(t, func(base string) calls {
		service := organizations.NewOrganizationService(
			option.WithBaseURL(base+"/"), option.WithAPIKey("key"), option.WithAPIEmail("a@example.com"))
		return calls{
			list: func() (n int) {
				for pages := service.ListAutoPaging(t.Context(), organizations.OrganizationListParams{}); pages.Next(); {
					n++
				}
				return n
			},
			create: func() {
				var params organizations.OrganizationNewParams
				params.Organization.Name.Value, params.Organization.Name.Present = "A", true
				_, _ = service.New(t.Context(), params)
			},
			get: func(id string) error {
				_, err := service.Get(t.Context(), id)
				return err
			},
		}
	})
	assert.Equal(t, behavior{Listed: 1, Creates: 3, KeyForwarded: true, Escaped: true}, official, "the official SDK")
}

// Wrap is a small SDK for other parts of the API, with paging by number and by cursor, a credential source and metrics.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

type Item struct{ ID string }

type info struct { // the result_info of both lists
	Page       int
	TotalPages int `json:"total_pages"`
	Cursors    struct{ After string }
}

// Zones pages by number.
func Zones(ctx context.Context, client *cloudflare.Client) iter.Seq2[*Item, error] {
	return cloudflare.Paginate("1", func(page string) (*cloudflare.Page[Item], error) {
		items, info, err := list(ctx, client, "/zones", nil, url.Values{"page": {page}})
		next := ""
		if info.Page < info.TotalPages {
			next = strconv.Itoa(info.Page + 1)
		}
		return &cloudflare.Page[Item]{Items: items, NextPageToken: next}, err
	})
}

// Lists pages by cursor.
func Lists(ctx context.Context, client *cloudflare.Client, accountID string) iter.Seq2[*Item, error] {
	return cloudflare.Paginate("", func(cursor string) (*cloudflare.Page[Item], error) {
		items, info, err := list(ctx, client, "/accounts/{account_id}/lists", []string{accountID}, url.Values{"cursor": {cursor}})
		return &cloudflare.Page[Item]{Items: items, NextPageToken: info.Cursors.After}, err
	})
}

func list(ctx context.Context, client *cloudflare.Client, route string, values []string, query url.Values) (items []Item, info info, err error) {
	var response cloudflare.Response
	req := cloudflare.Request{Method: http.MethodGet, Route: route, PathValues: values, Query: query}
	if err = client.Call(ctx, req, &items, cloudflare.CaptureResponse(&response)); err == nil {
		err = json.Unmarshal(response.ResultInfo, &info)
	}
	return items, info, err
}

func main() {
	ctx, server := context.Background(), cloudflaretest.NewServer() // in place of a real account
	server.Handle("GET /zones", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"success":true,"result":[{"id":"zone %[1]s"}],"result_info":{"page":%[1]s,"total_pages":2}}`, r.FormValue("page"))
	}))
	server.Handle("GET /accounts/{id}/lists", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := map[string]string{"": "more"}[r.FormValue("cursor")]
		fmt.Fprintf(w, `{"success":true,"result":[{"id":"list %s"}],"result_info":{"cursors":{"after":%q}}}`, r.FormValue("cursor"), next)
	}))
	client := server.Client( // cloudflare.NewClient with a real account
		cloudflare.WithCredentialSource(func(context.Context) (cloudflare.Credential, error) {
			return cloudflare.TokenCredential(cloudflaretest.APIToken), nil // the current token of a vault
		}),
		cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { fmt.Println(a.Method, a.Route, a.StatusCode) }),
	)
	zones, zonesErr := cloudflare.Collect(Zones(ctx, client))
	lists, listsErr := cloudflare.Collect(Lists(ctx, client, "a1"))
	fmt.Printf("%q %q %v\n", zones, lists, errors.Join(zonesErr, listsErr))
}

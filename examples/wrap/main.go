// Wrap is a small SDK for other parts of the API, with a helper for lists that have page numbers, a list that has
// cursors, a credential source and metrics.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

type Item struct{ ID string }

// Zones returns an iterator over all zones.
func Zones(ctx context.Context, client *cloudflare.Client) iter.Seq2[*Item, error] {
	return numbered[Item](ctx, client, cloudflare.Request{Method: http.MethodGet, Route: "/zones"}, 50)
}

// numbered returns an iterator over a list that has page numbers, with size items per page. It works for every such
// list of the API. A list never ends early without an error.
func numbered[T any](ctx context.Context, client *cloudflare.Client, req cloudflare.Request, size int, opts ...cloudflare.CallOption) iter.Seq2[*T, error] {
	opts = append(slices.Clip(opts), cloudflare.AddQuery("per_page", strconv.Itoa(size)))
	return cloudflare.Paginate("1", func(token string) (*cloudflare.Page[T], error) {
		page, info, err := fetch[T](ctx, client, req, append(slices.Clip(opts), cloudflare.AddQuery("page", token)))
		switch {
		case err != nil:
			return nil, err
		case strconv.Itoa(info.Page) != token:
			return nil, fmt.Errorf("%s: the API returned page %d, not %s", req.Route, info.Page, token)
		case info.Page < info.TotalPages || info.TotalPages == 0 && len(page.Items) > 0: // or until an empty page
			page.NextPageToken = strconv.Itoa(info.Page + 1)
		}
		return page, nil
	})
}

// Lists returns an iterator over the lists of an account, which have cursors.
func Lists(ctx context.Context, client *cloudflare.Client, accountID string) iter.Seq2[*Item, error] {
	req := cloudflare.Request{Method: http.MethodGet, Route: "/accounts/{account_id}/lists", PathValues: []string{accountID}}
	return cloudflare.Paginate("", func(cursor string) (*cloudflare.Page[Item], error) {
		var opts []cloudflare.CallOption
		if cursor != "" {
			opts = append(opts, cloudflare.AddQuery("cursor", cursor))
		}
		page, info, err := fetch[Item](ctx, client, req, opts)
		if err != nil {
			return nil, err
		}
		page.NextPageToken = info.Cursors.After
		return page, nil
	})
}

type info struct { // the result_info of both kinds of lists
	Page       int
	TotalPages int   `json:"total_pages"`
	TotalCount int64 `json:"total_count"`
	Cursors    struct{ After string }
}

// fetch returns one page of a list, and its result_info.
func fetch[T any](ctx context.Context, client *cloudflare.Client, req cloudflare.Request, opts []cloudflare.CallOption) (*cloudflare.Page[T], info, error) {
	var items []T
	var response cloudflare.Response
	var info info
	if err := client.Call(ctx, req, &items, append(opts, cloudflare.CaptureResponse(&response))...); err != nil {
		return nil, info, err
	}
	if err := json.Unmarshal(response.ResultInfo, &info); err != nil {
		return nil, info, fmt.Errorf("%s: result_info: %w", req.Route, err)
	}
	return &cloudflare.Page[T]{Items: items, TotalSize: info.TotalCount}, info, nil
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
	client := server.Client( // with a real account: cloudflare.NewClient
		cloudflare.WithCredentialSource(func(context.Context) (cloudflare.Credential, error) {
			return cloudflare.TokenCredential(cloudflaretest.APIToken), nil // the current token of a vault
		}),
		cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { fmt.Println(a.Method, a.Route, a.StatusCode) }),
	)
	zones, zonesErr := cloudflare.Collect(Zones(ctx, client))
	lists, listsErr := cloudflare.Collect(Lists(ctx, client, "a1"))
	fmt.Printf("%q %q %v\n", zones, lists, errors.Join(zonesErr, listsErr))
}

package blackbox

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// schemeList is a list in one of the ways in which the API divides lists into pages.
type schemeList struct {
	token, size string // the parameters of the query
	largest     string // the page size that All asks for
	first       string // the token of the first page
	name        func(page int) string
	info        func(page, pages int) string // the result_info of a page that is not empty
	all         func(ctx context.Context, c *cloudflare.Client, pageToken string, opts ...cloudflare.CallOption) iter.Seq2[string, error]
}

// named returns a field of result_info that names the next page, or nothing on the last page.
func named(field string, name func(int) string) func(page, pages int) string {
	return func(page, pages int) string {
		if page == pages {
			return `{}`
		}
		return fmt.Sprintf(`{%q:%q}`, field, name(page+1))
	}
}

func opaque(page int) string { return fmt.Sprint("page ", page, "/=+") }

var schemeLists = map[string]schemeList{
	"page tokens": {
		"page_token", "page_size", "1000", "", opaque, named("next_page_token", opaque),
		func(ctx context.Context, c *cloudflare.Client, pageToken string, opts ...cloudflare.CallOption) iter.Seq2[string, error] {
			params := cloudflare.OrganizationListParams{Name: "n", PageToken: pageToken}
			return ids(c.Organizations.All(ctx, params, opts...), func(o *cloudflare.Organization) string { return o.ID })
		},
	},
	"cursors": {
		"cursor", "limit", "1000", "", opaque, named("cursor", opaque),
		func(ctx context.Context, c *cloudflare.Client, pageToken string, opts ...cloudflare.CallOption) iter.Seq2[string, error] {
			params := aPeriod
			params.PageToken = pageToken
			return ids(c.OrganizationAuditLogs.All(ctx, "o1", params, opts...), func(e *cloudflare.AuditLog) string { return e.ID })
		},
	},
	"cursors of a history": {
		"cursor", "limit", "1000", "", opaque, named("cursor", opaque),
		func(ctx context.Context, c *cloudflare.Client, pageToken string, opts ...cloudflare.CallOption) iter.Seq2[string, error] {
			params := aHistory
			params.PageToken = pageToken
			return ids(c.OrganizationAuditLogs.HistoryAll(ctx, "o1", "e1", params, opts...), func(e *cloudflare.AuditLog) string { return e.ID })
		},
	},
	"page numbers": {
		"page", "per_page", "100", "1", strconv.Itoa,
		func(page, pages int) string {
			return fmt.Sprintf(`{"count":2,"page":%d,"per_page":100,"total_count":7,"total_pages":%d}`, page, pages)
		},
		func(ctx context.Context, c *cloudflare.Client, pageToken string, opts ...cloudflare.CallOption) iter.Seq2[string, error] {
			params := cloudflare.ShareListParams{Kind: "sent", PageToken: pageToken}
			return ids(c.OrganizationShares.All(ctx, "o1", params, opts...), func(s *cloudflare.Share) string { return s.ID })
		},
	},
}

// pagedServer is a transport that serves the pages of a list and records the queries.
type pagedServer struct {
	list  schemeList
	pages [][]string
	sent  []url.Values
}

func (s *pagedServer) RoundTrip(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	s.sent = append(s.sent, query)
	page := 1
	for number := range len(s.pages) + 1 {
		if number > 0 && query.Get(s.list.token) == s.list.name(number) {
			page = number
		}
	}
	items := make([]string, len(s.pages[page-1]))
	for i, id := range s.pages[page-1] {
		items[i] = fmt.Sprintf(`{"id":%q}`, id)
	}
	body := `{"success":true,"result":[` + strings.Join(items, ",") + `],"result_info":` + s.list.info(page, len(s.pages)) + `}`
	return respondWith(http.StatusOK, body)(r)
}

var manyPages = [][]string{{"1", "2"}, {"3", "4"}, {"5", "6"}, {"7"}}

func TestAllReadsEveryPageOnce(t *testing.T) {
	for name, list := range schemeLists {
		for _, pages := range [][][]string{{{}}, {{"1"}}, {{"1", "2"}}, {{"1", "2"}, {"3"}}, manyPages} {
			t.Run(fmt.Sprintf("%s/%v", name, pages), func(t *testing.T) {
				server := &pagedServer{list: list, pages: pages}
				all := list.all(t.Context(), newClient(t, server), "")
				for range 2 { // an iterator can be used again
					server.sent = nil
					var got []string
					for id, err := range all {
						require.NoError(t, err)
						got = append(got, id)
					}
					assert.Equal(t, slices.Concat(pages...), got)
					require.Len(t, server.sent, len(pages))
					for i, query := range server.sent {
						want := list.name(i + 1)
						if i == 0 {
							want = list.first
						}
						assert.Equal(t, want, query.Get(list.token))
						assert.Equal(t, []string{list.largest}, query[list.size])
						query.Del(list.token)
						first := server.sent[0]
						assert.Equal(t, first, query, "the filters are those of the first page")
					}
				}
			})
		}
	}
}

// A list whose next page is one that came before would never end.
func TestRepeatedPagesAreAnError(t *testing.T) {
	for name, list := range schemeLists {
		if name == "page numbers" { // the client counts the pages, and a page with another number is an error
			continue
		}
		t.Run(name, func(t *testing.T) {
			circle := list
			circle.info = func(page, pages int) string { return list.info(page%3, pages) } // after page 3 comes page 1
			server := &pagedServer{list: circle, pages: manyPages}
			var got []string
			var failed error
			for id, err := range list.all(t.Context(), newClient(t, server), list.name(1)) {
				if failed = err; err == nil {
					got = append(got, id)
				}
			}
			assert.ErrorContains(t, failed, "would never end")
			assert.Equal(t, []string{"1", "2", "3", "4", "5", "6"}, got)
			assert.Len(t, server.sent, 3)
		})
	}
}

// The parameters that divide a list into pages belong to its params. They are free for methods that do not use them.
func TestAddQueryLeavesPagingToTheParams(t *testing.T) {
	for name, list := range schemeLists {
		for _, key := range []string{list.token, list.size} {
			for _, err := range list.all(t.Context(), newClient(t, sendNothing(t)), "", cloudflare.AddQuery(key, "7")) {
				assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name)
				assert.ErrorContains(t, err, strconv.Quote(key), name)
			}
			var sent []string
			client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				sent = append(sent, r.URL.String())
				return respondWith(200, successBody(`{"id":"o1"}`))(r)
			}))
			_, err := client.Organizations.Get(t.Context(), "o1", cloudflare.AddQuery(key, "7"))
			require.NoError(t, err)
			request := cloudflare.Request{Method: "GET", Route: "/organizations", Query: url.Values{"a": {"b"}}}
			require.NoError(t, client.Call(t.Context(), request, nil, cloudflare.AddQuery(key, "7")))
			const organizations = "https://api.cloudflare.com/client/v4/organizations"
			assert.Equal(t, []string{organizations + "/o1?" + key + "=7", organizations + "?a=b&" + key + "=7"}, sent)
		}
	}
}

// A list that ends although there is another page is not complete. That is an error in every paging scheme.
func TestAnotherPagingSchemeIsAnError(t *testing.T) {
	lists := map[string]func(*cloudflare.Client) error{
		"next_page_token": func(c *cloudflare.Client) error {
			_, err := lastOf(c.OrganizationMembers.All(t.Context(), "o1", cloudflare.OrganizationMemberListParams{}))
			return err
		},
		"cursor": func(c *cloudflare.Client) error {
			_, err := lastOf(c.OrganizationAuditLogs.All(t.Context(), "o1", aPeriod))
			return err
		},
		"total_pages": func(c *cloudflare.Client) error {
			_, err := lastOf(c.OrganizationShares.All(t.Context(), "o1", cloudflare.ShareListParams{}))
			return err
		},
		"none": func(c *cloudflare.Client) error {
			_, err := c.OrganizationAccounts.ListOrganizations(t.Context(), "a1")
			return err
		},
	}
	for info, own := range map[string]string{ // the scheme in which another page is requested
		`{"next_page_token":"t"}`:                           "next_page_token",
		`{"cursor":"c"}`:                                    "cursor",
		`{"cursors":{"after":"c"}}`:                         "",
		`{"cursors":{"after":"","before":"c"}}`:             "",
		`{"page":1,"per_page":100,"total_pages":2}`:         "total_pages",
		`{"total_pages":"2"}`:                               "total_pages",
		`{"page":1.0,"total_pages":2.0}`:                    "total_pages",
		`{"cursors":"c"}`:                                   "",
		`{"cursors":["c"]}`:                                 "",
		`{"cursors":[]}`:                                    "all",
		`{"cursor":{"x":1}}`:                                "cursor",
		`{"next_page_token":"t","total_pages":9}`:           "next_page_token total_pages",
		`{"next_page_token":"t","cursor":"c"}`:              "next_page_token cursor",
		`{"cursor":"c","cursors":{"after":"d"}}`:            "cursor",
		`{"page":1,"total_pages":1,"cursor":"c"}`:           "cursor last:total_pages",
		`{"page":1,"total_pages":1,"next_page_token":"t"}`:  "next_page_token last:total_pages",
		`{"cursor":"","cursors":{"after":"","before":""}}`:  "all",
		`{"cursor":null,"cursors":null,"total_pages":null}`: "all",
		`{"page":1,"total_pages":1}`:                        "all",
		`{"total_pages":1,"total_count":5000}`:              "all",
		`{"page":1,"total_pages":0}`:                        "all",
		`{"page":"one","total_pages":true}`:                 "all",
		`{"count":1,"total_count":1000,"total_size":1000}`:  "all",
	} {
		for scheme, list := range lists {
			requests := 0
			err := list(newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				if requests++; requests > 1 {
					return respondWith(200, `{"success":true,"result":[]}`)(r)
				}
				return respondWith(200, `{"success":true,"result":[{"id":"x"}],"result_info":`+info+`}`)(r)
			})))
			switch {
			case own == "all" || strings.Contains(own, "last:"+scheme):
				assert.NoError(t, err, "%s: %s", scheme, info)
				assert.Equal(t, 1, requests, "%s: %s", scheme, info)
			case strings.Contains(own, scheme):
				assert.NoError(t, err, "%s: %s", scheme, info)
				assert.Equal(t, 2, requests, "%s: %s", scheme, info)
			default:
				assert.ErrorContains(t, err, "result_info identifies another page", "%s: %s", scheme, info)
				assert.Equal(t, 1, requests, "%s: %s", scheme, info)
			}
		}
	}
}

// A cursor list ends at an empty page, even if that has a cursor.
func TestCursorListEndsAtAnEmptyPage(t *testing.T) {
	pages := []string{
		`{"success":true,"result":[{"id":"1"}],"result_info":{"cursor":"a"}}`,
		`{"success":true,"result":[],"result_info":{"cursor":"b","cursors":{"after":"c"}}}`,
	}
	sent := 0
	client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		sent++
		return respondWith(200, pages[sent-1])(r)
	}))
	entries, err := cloudflare.Collect(client.OrganizationAuditLogs.All(t.Context(), "o1", aPeriod))
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	assert.Equal(t, 2, sent)
}

// Without total_pages, a page that is not full is the last one. The server may use smaller pages than requested.
func TestPageNumbersEnd(t *testing.T) {
	items := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`{"id":"s"},`, n), ",") + "]" }
	for name, tt := range map[string]struct {
		params cloudflare.ShareListParams
		items  int
		info   string
		next   string
		err    string
	}{
		"nothing known, not full":       {cloudflare.ShareListParams{PageSize: 3}, 2, `{}`, "", ""},
		"nothing known, full":           {cloudflare.ShareListParams{PageSize: 3}, 3, `{}`, "2", ""},
		"nothing known, more than full": {cloudflare.ShareListParams{PageSize: 3}, 4, `{}`, "2", ""},
		"nothing known, empty":          {cloudflare.ShareListParams{PageSize: 3}, 0, `{}`, "", ""},
		"the default size, full":        {cloudflare.ShareListParams{}, 20, `{}`, "2", ""},
		"no result_info":                {cloudflare.ShareListParams{PageSize: 3}, 3, `null`, "2", ""},
		"a smaller size, full":          {cloudflare.ShareListParams{PageSize: 50}, 20, `{"per_page":20}`, "2", ""},
		"a smaller size, not full":      {cloudflare.ShareListParams{PageSize: 50}, 19, `{"per_page":20}`, "", ""},
		"a larger size":                 {cloudflare.ShareListParams{PageSize: 3}, 3, `{"per_page":20}`, "2", ""},
		"total_count says the end":      {cloudflare.ShareListParams{PageSize: 3}, 3, `{"total_count":3}`, "2", ""},
		"total_count says more":         {cloudflare.ShareListParams{PageSize: 3}, 2, `{"total_count":300}`, "", ""},
		"more pages, not full":          {cloudflare.ShareListParams{PageSize: 3}, 1, `{"total_pages":2}`, "2", ""},
		"more pages, empty":             {cloudflare.ShareListParams{PageSize: 3}, 0, `{"total_pages":2}`, "2", ""},
		"no more pages, full":           {cloudflare.ShareListParams{PageSize: 3}, 3, `{"total_pages":1}`, "", ""},
		"a later page":                  {cloudflare.ShareListParams{PageSize: 3, PageToken: "7"}, 3, `{"page":7,"total_pages":9}`, "8", ""},
		"the last page":                 {cloudflare.ShareListParams{PageSize: 3, PageToken: "9"}, 3, `{"page":9,"total_pages":9}`, "", ""},
		"beyond the last page":          {cloudflare.ShareListParams{PageSize: 3, PageToken: "10"}, 0, `{"page":10,"total_pages":9}`, "", ""},
		"the largest page number":       {cloudflare.ShareListParams{PageSize: 1, PageToken: "2147483647"}, 1, `{}`, "2147483648", ""},
		"another page than requested": {cloudflare.ShareListParams{PageSize: 3, PageToken: "2"}, 3, `{"page":1,"total_pages":9}`, "",
			"it is page 1, not 2"},
		"another page, nothing else known": {cloudflare.ShareListParams{PageSize: 3}, 3, `{"page":"4"}`, "", "it is page 4, not 1"},
	} {
		page, err := newClient(t, respondWith(200, `{"success":true,"result":`+items(tt.items)+`,"result_info":`+tt.info+`}`)).
			OrganizationShares.List(t.Context(), "o1", tt.params)
		if tt.err != "" {
			assert.ErrorContains(t, err, tt.err, name)
			continue
		}
		if assert.NoError(t, err, name) {
			assert.Equal(t, tt.next, page.NextPageToken, name)
			assert.Zero(t, page.TotalSize, "total_count does not count what the filters select")
		}
	}
}

package cloudflare_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// All sends one request for each page, and one for an empty list.
func TestAllRequests(t *testing.T) {
	type pages struct{ size, requests int }
	for organizations, tests := range map[int][]pages{
		0:      {{0, 1}, {1000, 1}},
		1:      {{0, 1}, {1, 1}},
		10:     {{0, 1}, {10, 1}, {9, 2}, {1, 10}},
		25:     {{0, 1}, {10, 3}, {25, 1}, {24, 2}},
		1_000:  {{0, 1}, {999, 2}, {1_000, 1}},
		10_001: {{0, 11}, {1_000, 11}},
	} {
		server, ids := seededServer(t, organizations)
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%d at %d a page", organizations, tt.size), func(t *testing.T) {
				before := len(server.Requests())
				got := listedIDs(t, server.Client(), cloudflare.OrganizationListParams{PageSize: tt.size})
				assert.True(t, slices.Equal(ids, got), "%d organizations came of %d, or not in order", len(got), len(ids))
				assert.Len(t, server.Requests(), before+tt.requests)
			})
		}
	}
}

// List does not send a page size unless it is set, and its pages can be followed by their tokens.
func TestListPageByPage(t *testing.T) {
	server, ids := seededServer(t, 25)
	client := server.Client()
	var got, sizes []string
	params := cloudflare.OrganizationListParams{}
	for {
		page, err := client.Organizations.List(t.Context(), params)
		require.NoError(t, err)
		assert.EqualValues(t, 25, page.TotalSize)
		sizes = append(sizes, strconv.Itoa(len(page.Items)))
		for _, org := range page.Items {
			got = append(got, org.ID)
		}
		if page.NextPageToken == "" {
			break
		}
		params.PageToken = page.NextPageToken
	}
	assert.Equal(t, ids, got)
	assert.Equal(t, []string{"10", "10", "5"}, sizes)
	assert.Len(t, server.Requests(), 3)
}

func TestAllKeepsFiltersOnEveryPage(t *testing.T) {
	client, script := newPages(t, "one", "two", "")
	params := cloudflare.OrganizationListParams{
		IDs: []string{"1", "2"}, NameContains: "a", NameStartsWith: "b", NameEndsWith: "c", Name: "d",
		ContainingAccount: "e", ContainingOrganization: "f", ContainingUser: "g", ParentID: "h", PageSize: 7,
	}
	before := params
	before.IDs = slices.Clone(params.IDs)

	listedIDs(t, client, params)

	want := url.Values{
		"id": {"1", "2"}, "name.contains": {"a"}, "name.startsWith": {"b"}, "name.endsWith": {"c"}, "name": {"d"},
		"containing.account": {"e"}, "containing.organization": {"f"}, "containing.user": {"g"},
		"parent.id": {"h"}, "page_size": {"7"},
	}
	require.Len(t, script.sent, 3)
	for i, token := range []string{"", "one", "two"} {
		if token != "" {
			want.Set("page_token", token)
		}
		sent, err := url.Parse(script.sent[i].URL)
		require.NoError(t, err)
		assert.Equal(t, want, sent.Query(), "page %d", i+1)
	}
	assert.Equal(t, before, params, "the caller's params were changed")
}

func TestAllKeepsCallOptionsOnEveryPage(t *testing.T) {
	client, script := newPages(t, "one", "")
	for _, err := range client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{},
		cloudflare.SetHeader("X-Trace", "a"), cloudflare.AddQuery("new", "b")) {
		require.NoError(t, err)
	}
	require.Len(t, script.sent, 2)
	assert.Equal(t, sentRequest{"GET", organizationsURL + "?new=b&page_size=1000", sentHeader("X-Trace", "a"), ""}, script.sent[0])
	assert.Equal(t, sentRequest{"GET", organizationsURL + "?new=b&page_size=1000&page_token=one", sentHeader("X-Trace", "a"), ""}, script.sent[1])
}

// newPages returns a client that gets one page for each token. A page has one organization, whose ID is the number of
// the page.
func newPages(t *testing.T, tokens ...string) (*cloudflare.Client, *script) {
	t.Helper()
	pages := make([]roundTripper, len(tokens))
	for i, token := range tokens {
		pages[i] = respondWith(200, pageBody(`[{"id":"`+strconv.Itoa(i+1)+`"}]`, token))
	}
	return newScriptedClient(t, pages...)
}

func TestAllStopsAtARepeatedToken(t *testing.T) {
	for name, tt := range map[string]struct {
		tokens []string
		params cloudflare.OrganizationListParams
		want   []string // what came before the error
		at     string
	}{
		"at once":       {[]string{"a", "a"}, cloudflare.OrganizationListParams{}, []string{"1", "2"}, "a"},
		"in a circle":   {[]string{"a", "b", "c", "a"}, cloudflare.OrganizationListParams{}, []string{"1", "2", "3", "4"}, "a"},
		"the caller's":  {[]string{"b", "a"}, cloudflare.OrganizationListParams{PageToken: "a"}, []string{"1", "2"}, "a"},
		"never another": {[]string{"a"}, cloudflare.OrganizationListParams{PageToken: "a"}, []string{"1"}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			client, script := newPages(t, tt.tokens...)
			var got []string
			var failures []error
			for org, err := range client.Organizations.All(t.Context(), tt.params) {
				require.LessOrEqual(t, len(script.sent), len(tt.want), "it goes round in circles")
				if err != nil {
					assert.Nil(t, org)
					failures = append(failures, err)
					continue
				}
				got = append(got, org.ID)
			}
			assert.Equal(t, tt.want, got)
			assert.Len(t, script.sent, len(tt.want))
			require.Len(t, failures, 1)
			assert.ErrorContains(t, failures[0], "would never end")
			e, ok := errors.AsType[*cloudflare.PageError](failures[0])
			require.True(t, ok, "%T", failures[0])
			assert.Equal(t, tt.at, e.PageToken)
		})
	}
}

// A token that is too long to be kept ends the list after the items of its page.
func TestAllStopsAtALongToken(t *testing.T) {
	longest := strings.Repeat("a", 64<<10)
	client, script := newPages(t, longest, "")
	assert.Equal(t, []string{"1", "2"}, listedIDs(t, client, cloudflare.OrganizationListParams{}))
	assert.Contains(t, script.sent[1].URL, longest)

	client, script = newPages(t, "a", longest+"a")
	var got []string
	var failures []error
	for org, err := range client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}) {
		if err != nil {
			failures = append(failures, err)
			continue
		}
		got = append(got, org.ID)
	}
	assert.Equal(t, []string{"1", "2"}, got)
	assert.Len(t, script.sent, 2)
	require.Len(t, failures, 1)
	assert.ErrorContains(t, failures[0], "a page token of more than 64 KiB")
	assert.NotContains(t, failures[0].Error(), "aaa")
	e, ok := errors.AsType[*cloudflare.PageError](failures[0])
	require.True(t, ok, "%T", failures[0])
	assert.Equal(t, longest+"a", e.PageToken)
}

// An empty page with a token is not the end of a list.
func TestAllContinuesAfterAnEmptyPage(t *testing.T) {
	client, script := newScriptedClient(t, respondWith(200, pageBody(`[]`, "a")), respondWith(200, pageBody(`[{"id":"1"}]`, "b")),
		respondWith(200, pageBody(`[]`, "c")), respondWith(200, pageBody(`[{"id":"2"}]`, "d")), respondWith(200, pageBody(`[]`, "")))
	assert.Equal(t, []string{"1", "2"}, listedIDs(t, client, cloudflare.OrganizationListParams{}))
	assert.Len(t, script.sent, 5)
}

// A list whose pages stay empty ends with an error. A loop over it could not end it, because the loop has no item.
func TestListsOfEmptyPagesEnd(t *testing.T) {
	const limit = 100
	for name, tt := range map[string]struct {
		empty func(request int) bool
		ids   int    // of organizations before the list ends
		sent  int    // the number of requests
		token string // to resume from; empty if the list is complete
	}{
		"never another item":      {func(int) bool { return true }, 0, limit, "100"},
		"after an item":           {func(n int) bool { return n > 1 }, 1, limit + 1, "101"},
		"an item just in time":    {func(n int) bool { return n != limit }, 1, 2 * limit, "200"},
		"an item one page late":   {func(n int) bool { return n != limit+1 }, 0, limit, "100"},
		"an item every 100 pages": {func(n int) bool { return n%limit != 0 }, 10, 10 * limit, ""},
	} {
		t.Run(name, func(t *testing.T) {
			sent := 0
			page := func() (items int, next string) {
				if sent++; !tt.empty(sent) {
					items = 1
				}
				if sent < 10*limit {
					next = strconv.Itoa(sent)
				}
				return items, next
			}
			check := func(name string, items int, last any, err error) {
				assert.Equal(t, tt.ids, items, name)
				assert.Equal(t, tt.sent, sent, name)
				sent = 0
				if tt.token == "" {
					assert.NoError(t, err, name)
					return
				}
				assert.Nil(t, last, name)
				assert.ErrorContains(t, err, "100 empty pages in a row", name)
				failed, ok := errors.AsType[*cloudflare.PageError](err)
				require.True(t, ok, "%s: %T", name, err)
				assert.Equal(t, tt.token, failed.PageToken, name)
			}

			client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				items, next := page()
				return respondWith(200, pageBody("["+strings.Repeat(`{"id":"1"}`, items)+"]", next))(r)
			}))
			n := 0
			for org, err := range client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}) {
				if err != nil {
					check("All", n, org, err)
				} else {
					n++
				}
			}
			if tt.token == "" {
				check("All", n, nil, nil)
			}

			n = 0
			var failure error
			for _, err := range cloudflare.Paginate("", func(string) (*cloudflare.Page[int], error) {
				items, next := page()
				return &cloudflare.Page[int]{Items: make([]int, items), NextPageToken: next}, nil
			}) {
				if failure = err; err == nil {
					n++
				}
			}
			check("Paginate", n, nil, failure)
		})
	}
}

// A result_info with page numbers is not an error on the last page.
func TestLastPageWithPageNumbers(t *testing.T) {
	for info, ok := range map[string]bool{
		`{"page":2,"total_pages":2}`: true,
		`{"page":1,"total_pages":1}`: true,
		`{"total_pages":1}`:          true,
		`{"page":1,"total_pages":2}`: false,
		`{"total_pages":2}`:          false,
	} {
		client := newClient(t, respondWith(200, `{"success":true,"result":[{"id":"o1"}],"result_info":`+info+`}`))
		_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
		assert.Equal(t, ok, err == nil, "%s: %v", info, err)
	}
}

func TestAllCanBeRangedAgain(t *testing.T) {
	server, ids := seededServer(t, 25)
	list := server.Client().Organizations.All(t.Context(), cloudflare.OrganizationListParams{PageSize: 10})
	for range 2 {
		var got []string
		for org, err := range list {
			require.NoError(t, err)
			got = append(got, org.ID)
		}
		assert.Equal(t, ids, got)
	}
	sent := server.Requests()
	require.Len(t, sent, 6)
	assert.Equal(t, sent[0].Query, sent[3].Query, "the second range did not begin where the first one did")
}

func TestAllStopsWhenTheCallerBreaks(t *testing.T) {
	server, ids := seededServer(t, 25)
	for org, err := range server.Client().Organizations.All(t.Context(), cloudflare.OrganizationListParams{PageSize: 10}) {
		require.NoError(t, err)
		if org.ID == ids[9] {
			break
		}
	}
	assert.Len(t, server.Requests(), 1)
}

// The page token of a PageError resumes a list at the page that failed.
func TestAllResumesFromAPageError(t *testing.T) {
	server, ids := seededServer(t, 45)
	client := server.Client(cloudflare.WithMaxRetries(0))
	server.Fail(3, cloudflaretest.Status(500, nil, ""))

	var got []string
	params := cloudflare.OrganizationListParams{PageSize: 10}
	for resumes := 0; len(got) < len(ids); resumes++ {
		require.Less(t, resumes, 2)
		for org, err := range client.Organizations.All(t.Context(), params) {
			if failed, ok := errors.AsType[*cloudflare.PageError](err); ok {
				params.PageToken = failed.PageToken
				break
			}
			require.NoError(t, err)
			got = append(got, org.ID)
		}
	}
	assert.Equal(t, ids, got)
	assert.Len(t, server.Requests(), 6)
}

// Organizations that All yielded do not change afterwards.
func TestAllDoesNotReuseItems(t *testing.T) {
	server, _ := seededServer(t, 25)
	kept := map[*cloudflare.Organization]cloudflare.Organization{}
	for org, err := range server.Client().Organizations.All(t.Context(), cloudflare.OrganizationListParams{PageSize: 10}) {
		require.NoError(t, err)
		kept[org] = *org
	}
	assert.Len(t, kept, 25)
	for org, copied := range kept {
		assert.True(t, reflect.DeepEqual(copied, *org), "%s was changed after it was yielded", org.ID)
	}
}

// Neither an argument nor an item that is nil causes a panic.
func TestPaginationOfNil(t *testing.T) {
	items, err := cloudflare.Collect[int](nil)
	assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
	assert.ErrorContains(t, err, "list is nil")
	assert.Nil(t, items)

	items, err = cloudflare.Collect(func(yield func(*int, error) bool) { _ = yield(new(1), nil) && yield(nil, nil) })
	assert.ErrorContains(t, err, "nil item")
	assert.Nil(t, items)

	for _, token := range []string{"", "t"} {
		var failures []error
		for item, err := range cloudflare.Paginate[int](token, nil) {
			assert.Nil(t, item)
			failures = append(failures, err)
		}
		require.Len(t, failures, 1)
		assert.ErrorIs(t, failures[0], cloudflare.ErrInvalidArgument)
		assert.ErrorContains(t, failures[0], "fetch is nil")
		failed, ok := errors.AsType[*cloudflare.PageError](failures[0])
		require.True(t, ok)
		assert.Equal(t, token, failed.PageToken)
	}
}

// Only after a page was read is there anything to resume. A list may begin with a page token.
func TestPageErrorsSayHowToResume(t *testing.T) {
	const resume = "set PageToken to resume"
	broken := errors.New("broken")
	for _, first := range []string{"", "1", "t"} {
		for after := range 3 { // pages that were read before
			for _, empty := range []bool{false, true} {
				read := 0
				_, err := lastOf(cloudflare.Paginate(first, func(string) (*cloudflare.Page[int], error) {
					if read == after {
						return nil, broken
					}
					read++
					page := &cloudflare.Page[int]{Items: []int{1}, NextPageToken: fmt.Sprint("next", read)}
					if empty {
						page.Items = nil
					}
					return page, nil
				}))
				assert.ErrorIs(t, err, broken)
				assert.Equal(t, after > 0, strings.Contains(err.Error(), resume), "%q, %d: %v", first, after, err)
			}
		}
		_, err := lastOf(cloudflare.Paginate(first, func(string) (*cloudflare.Page[int], error) {
			return &cloudflare.Page[int]{NextPageToken: "t"}, nil
		}))
		assert.ErrorContains(t, err, "for the second time", "after a page")
		assert.ErrorContains(t, err, resume)
	}
	client := newClient(t, respondError(403))
	_, err := lastOf(client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{PageToken: "t"}))
	assert.NotContains(t, err.Error(), resume)
}

func TestCollect(t *testing.T) {
	items, err := cloudflare.Collect(func(func(*int, error) bool) {})
	require.NoError(t, err)
	assert.NotNil(t, items, "none is not the same as unknown")
	assert.Empty(t, items)

	broken := errors.New("broken")
	items, err = cloudflare.Collect(func(yield func(*int, error) bool) { _ = yield(new(1), nil) && yield(nil, broken) })
	assert.Equal(t, broken, err)
	assert.Nil(t, items)
}

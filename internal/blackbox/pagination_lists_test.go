package blackbox

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// pagedList is a method named All with pages of two items, from a server with ten items.
type pagedList struct {
	name string
	all  func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error]
}

// ids returns an iterator over the IDs of the items of a list.
func ids[T any](list iter.Seq2[*T, error], id func(*T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range list {
			text := ""
			if item != nil {
				text = id(item)
			}
			if !yield(text, err) {
				return
			}
		}
	}
}

var everyPagedList = []pagedList{
	{"Organizations.All", func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error] {
		all := c.Organizations.All(ctx, cloudflare.OrganizationListParams{PageSize: 2, PageToken: token})
		return ids(all, func(o *cloudflare.Organization) string { return o.ID })
	}},
	{"OrganizationAccounts.All", func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error] {
		all := c.OrganizationAccounts.All(ctx, "o1", cloudflare.OrganizationAccountListParams{PageSize: 2, PageToken: token})
		return ids(all, func(a *cloudflare.Account) string { return a.ID })
	}},
	{"OrganizationMembers.All", func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error] {
		all := c.OrganizationMembers.All(ctx, "o1", cloudflare.OrganizationMemberListParams{PageSize: 2, PageToken: token})
		return ids(all, func(m *cloudflare.OrganizationMember) string { return m.ID })
	}},
	{"OrganizationAuditLogs.All", func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error] {
		all := c.OrganizationAuditLogs.All(ctx, "o1", cloudflare.AuditLogListParams{Since: aDay, Before: aDay, PageSize: 2, PageToken: token})
		return ids(all, func(e *cloudflare.AuditLog) string { return e.ID })
	}},
	{"OrganizationAuditLogs.HistoryAll", func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error] {
		params := cloudflare.AuditLogHistoryParams{ActionTime: aDay, Since: aDay, Before: aDay, PageSize: 2, PageToken: token}
		return ids(c.OrganizationAuditLogs.HistoryAll(ctx, "o1", "e1", params), func(e *cloudflare.AuditLog) string { return e.ID })
	}},
	{"OrganizationShares.All", func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error] {
		all := c.OrganizationShares.All(ctx, "o1", cloudflare.ShareListParams{PageSize: 2, PageToken: token})
		return ids(all, func(s *cloudflare.Share) string { return s.ID })
	}},
}

// Every method named All is in everyPagedList. Every list with pages has such a method: TestPagedListsHaveAll in
// internal/contract checks that.
func TestEveryPagedListIsListed(t *testing.T) {
	var want, listed []string
	for _, m := range everyMethod {
		if m.isAll() {
			want = append(want, m.name)
		}
	}
	for _, list := range everyPagedList {
		listed = append(listed, list.name)
	}
	assert.ElementsMatch(t, want, listed)
}

var tenIDs = []string{"i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7", "i8", "i9"}

// pageStart returns the index of the first item on the page that is requested. A page token and a cursor are this
// index.
func pageStart(r *http.Request) int {
	query := r.URL.Query()
	if page, err := strconv.Atoi(query.Get("page")); err == nil {
		return 2 * (page - 1)
	}
	index, _ := strconv.Atoi(query.Get("page_token") + query.Get("cursor")) // none for the first page
	return index
}

// servePage responds with two of the ten items, in the paging scheme of the request.
func servePage(w http.ResponseWriter, r *http.Request) {
	from, info := pageStart(r), `"total_size":10`
	switch next := strconv.Itoa(from + 2); {
	case r.URL.Query().Has("page"):
		info = `"page":` + strconv.Itoa(from/2+1) + `,"total_pages":5`
	case from+2 == len(tenIDs):
	case r.URL.Query().Has("limit"):
		info = `"cursor":"` + next + `"`
	default:
		info += `,"next_page_token":"` + next + `"`
	}
	fmt.Fprintf(w, `{"success":true,"result":[{"id":%q},{"id":%q}],"result_info":{%s}}`, tenIDs[from], tenIDs[from+1], info)
}

// However a loop over All ends, no goroutine is left and no further page is requested.
func TestAllLeaksNoGoroutines(t *testing.T) {
	var requests atomic.Int32
	seen := func(list iter.Seq2[string, error], stop func(int) bool) (got []string) {
		for id, err := range list {
			if err != nil {
				return got
			}
			got = append(got, id)
			if stop(len(got)) {
				break
			}
		}
		return got
	}
	for name, tt := range map[string]struct {
		use      func(ctx context.Context, cancel func(), list iter.Seq2[string, error]) []string
		want     int // items
		requests int
	}{
		"never ranged": {func(context.Context, func(), iter.Seq2[string, error]) []string { return nil }, 0, 0},
		"to its end": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			return seen(list, func(int) bool { return false })
		}, 10, 5},
		"broken out of within a page": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			return seen(list, func(n int) bool { return n == 3 })
		}, 3, 2},
		"broken out of at the end of a page": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			return seen(list, func(n int) bool { return n == 4 })
		}, 4, 2},
		"returned from": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			for id := range list {
				return []string{id}
			}
			return nil
		}, 1, 1},
		"panicked in": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) (got []string) {
			defer func() { recover() }()
			for id := range list {
				if got = append(got, id); len(got) == 5 {
					panic("enough")
				}
			}
			return got
		}, 5, 3},
		"canceled within a page": {func(_ context.Context, cancel func(), list iter.Seq2[string, error]) []string {
			return seen(list, func(n int) bool {
				if n == 3 {
					cancel()
				}
				return false
			})
		}, 4, 2},
		"canceled before": {func(_ context.Context, cancel func(), list iter.Seq2[string, error]) []string {
			cancel()
			return seen(list, func(int) bool { return false })
		}, 0, 0},
		"ranged twice": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			first := seen(list, func(n int) bool { return n == 3 })
			return append(seen(list, func(int) bool { return false }), first...)[:10]
		}, 10, 7},
		"ranged within itself": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) (got []string) {
			for id := range list {
				got = append(got, id)
				assert.Equal(t, tenIDs, seen(list, func(int) bool { return false }))
			}
			return got
		}, 10, 55},
		"pulled and stopped": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) (got []string) {
			next, stop := iter.Pull2(list)
			defer stop()
			for range 3 {
				id, _, _ := next()
				got = append(got, id)
			}
			return got
		}, 3, 2},
	} {
		for _, list := range everyPagedList {
			t.Run(list.name+" "+name, func(t *testing.T) {
				before := runtime.NumGoroutine()
				requests.Store(0)
				t.Run("", func(t *testing.T) {
					s := newCountedServer(t, func(w http.ResponseWriter, r *http.Request) {
						requests.Add(1)
						servePage(w, r)
					})
					c := s.client(t)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					got := tt.use(ctx, cancel, list.all(ctx, c, ""))
					assert.Equal(t, tenIDs[:tt.want], append([]string{}, got...))
					assert.LessOrEqual(t, s.connections.Load(), int32(1))
				})
				assert.EqualValues(t, tt.requests, requests.Load())
				requireGoroutines(t, before)
			})
		}
	}
}

// Wherever and however a list fails: the items before the error and those from its token on are all items, in order and
// without duplicates.
func TestAllResumesWithoutGapOrDuplicate(t *testing.T) {
	failures := map[string]http.HandlerFunc{
		"500":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusInternalServerError) },
		"429":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusTooManyRequests) },
		"a failure": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"success":false}`) },
		"HTML":      func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
		"a bad item": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"success":true,"result":[{"id":"i8"},{"id":8}]}`)
		},
		"a cut": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, fail := range failures {
		for _, list := range everyPagedList {
			for page := range 5 {
				var mended atomic.Bool
				s := newCountedServer(t, func(w http.ResponseWriter, r *http.Request) {
					if !mended.Load() && pageStart(r) == 2*page {
						fail(w, r)
						return
					}
					servePage(w, r)
				})
				c := s.client(t)
				var got []string
				var failed *cloudflare.PageError
				errs := 0
				for id, err := range list.all(t.Context(), c, "") {
					if err != nil {
						errs++
						require.ErrorAs(t, err, &failed)
						assert.Empty(t, id)
						continue // the loop ends by itself
					}
					got = append(got, id)
				}
				require.Equal(t, 1, errs, "%s on page %d", name, page)
				assert.Equal(t, tenIDs[:2*page], append([]string{}, got...))

				mended.Store(true)
				for id, err := range list.all(t.Context(), c, failed.PageToken) {
					require.NoError(t, err)
					got = append(got, id)
				}
				assert.Equal(t, tenIDs, got, "%s: %s on page %d", list.name, name, page)
			}
		}
	}
}

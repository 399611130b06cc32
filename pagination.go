package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/cloudflare/internal/envelope"
)

// MaxPageSize is the largest page size that the API accepts. A page with more items is an error. For shares, the
// largest page size is 100.
const MaxPageSize = 1000

// maxEmptyPages is the number of empty pages in a row after which a list ends with an error.
const maxEmptyPages = 100

// maxPageToken bounds the page tokens of a list, which Paginate keeps, in bytes.
const maxPageToken = 64 << 10

// Page is one page of a list. To count a list, range over all of its pages: the API may not report TotalSize. A page is
// not a response of the API, and is encoded as JSON with the names of these fields.
type Page[T any] struct {
	Items         []T
	NextPageToken string // empty on the last page
	TotalSize     int64  // the size of the whole list as the API counts it; zero if unknown
}

// Paginate returns an iterator over the items of every page of a list, beginning with the page that pageToken
// identifies. The methods named All use it. Use it for other lists too, such as those read with [Client.Call].
//
// The iterator calls fetch with pageToken first, and then with the NextPageToken of each page until that is empty. A
// token may be anything that identifies a page, such as a cursor or a page number. Each page is fetched when it is
// needed, and again if the iterator is used again. The items point into their page, so keeping one item keeps its page
// in memory.
//
// If fetch returns an error or a nil page, the iterator yields a nil item and a [*PageError] once, and stops. The same
// happens after a page whose NextPageToken has occurred before or has more than 64 KiB, and after 100 empty pages in a
// row that are not the last, because a loop cannot stop an iterator that yields nothing. If fetch is nil, the error
// matches [ErrInvalidArgument].
func Paginate[T any](pageToken string, fetch func(pageToken string) (*Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		if fetch == nil {
			yield(nil, &PageError{PageToken: pageToken, Err: invalid("fetch is nil"), first: true})
			return
		}
		token, seen, empty := pageToken, make(map[string]bool), 0
		for {
			seen[token] = true
			page, err := fetch(token)
			if err == nil && page == nil {
				err = errors.New("cloudflare: fetch returned neither a page nor an error")
			}
			if err != nil {
				yield(nil, &PageError{PageToken: token, Err: err, first: len(seen) == 1})
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
			if empty++; len(page.Items) > 0 {
				empty = 0
			}
			switch token = page.NextPageToken; {
			case token == "":
				return
			case seen[token]:
				err = errors.New("cloudflare: the API returned a page token for the second time, so the list would never end")
			case len(token) > maxPageToken:
				err = fmt.Errorf("cloudflare: the API returned a page token of more than %d KiB", maxPageToken>>10)
			case empty == maxEmptyPages:
				err = fmt.Errorf("cloudflare: the API returned %d empty pages in a row", maxEmptyPages)
			}
			if err != nil {
				yield(nil, &PageError{PageToken: token, Err: err})
				return
			}
		}
	}
}

// Collect returns all items of a list that All or [Paginate] returned. If the list yields an error, Collect returns
// that error and no items. Use Collect for lists that fit into memory. A nil list is an invalid argument, and a nil
// item without an error is an error.
func Collect[T any](list iter.Seq2[*T, error]) ([]T, error) {
	if list == nil {
		return nil, invalid("the list is nil")
	}
	items := []T{}
	for item, err := range list {
		switch {
		case err != nil:
			return nil, err
		case item == nil:
			return nil, errors.New("cloudflare: the list yielded a nil item without an error")
		}
		items = append(items, *item)
	}
	return items, nil
}

// list returns one page of a list.
func list[T any](ctx context.Context, s *service, c call, opts []CallOption) (*Page[T], error) {
	page, _, err := listWithInfo[T](ctx, s, c, opts)
	return page, err
}

// listWithInfo also returns the result_info of the page.
func listWithInfo[T any](ctx context.Context, s *service, c call, opts []CallOption) (*Page[T], *envelope.ResultInfo, error) {
	var result listResult[T]
	env := envelope.Envelope{Result: envelope.Result{Into: &result}}
	_, raw := any(new(T)).(rawItem)
	env.NoValueLimit, env.DuplicateNames = raw, raw
	if err := s.do(ctx, c, &env, opts); err != nil {
		return nil, nil, err
	}
	return &Page[T]{result.items, result.next, env.ResultInfo.TotalSize}, &env.ResultInfo, nil
}

// all returns an iterator over the items of every page from the one that the query names. It requests pages as large as
// the API allows, because the API limits the number of requests.
func all[T any](ctx context.Context, s *service, c call, opts []CallOption) iter.Seq2[*T, error] {
	query, pages := c.query.value, c.paging
	if c.query.err == nil && !query.Has(pages.size) {
		query.Set(pages.size, strconv.Itoa(pages.maxSize))
	}
	return Paginate(query.Get(pages.token), func(token string) (*Page[T], error) {
		c := c
		if token != "" {
			c.query.value = maps.Clone(query)
			c.query.value.Set(pages.token, token)
		}
		return list[T](ctx, s, c, opts)
	})
}

// listResult is the result of a list and the token of the next page.
type listResult[T any] struct {
	items[T]
	next string
}

// findNext sets the token of the next page. It returns an error if there may be another page that cannot be identified.
func (r *listResult[T]) findNext(pages *paging, query url.Values, info *envelope.ResultInfo) (err error) {
	r.next, err = pages.next(query, info, len(r.items))
	return err
}

func (r *listResult[T]) tooLarge() string { return "set a smaller PageSize" }

// preparer is an item that makes room for its parts before it is decoded.
type preparer interface{ prepare() }

// rawItem is an item that keeps parts of its JSON as sent. These parts may have any number of values, which take no
// more memory than their text. They may have duplicate names, which must not make the page invalid.
type rawItem interface{ keepsRaw() }

// items decodes the items of a page one by one, so that a page that is not valid is rejected before it fills memory.
type items[T any] []T

// UnmarshalJSONFrom decodes at most MaxPageSize items and checks each of them.
func (l *items[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return decodeItems(dec, (*[]T)(l), MaxPageSize, errPageTooLong)
}

var errPageTooLong = fmt.Errorf("the page has more than %d items", MaxPageSize)

// decodeItems decodes and checks at most limit items. It returns tooMany if there are more.
func decodeItems[T any](dec *jsontext.Decoder, l *[]T, limit int, tooMany error) error {
	if dec.PeekKind() != jsontext.KindBeginArray {
		return errors.New("the result is not a list")
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	// An item takes some 500 bytes or more. Allocating for as many as there may be saves growing by doubling.
	if dec.PeekKind() != jsontext.KindEndArray {
		*l = make([]T, 0, min(len(dec.UnreadBuffer())>>9+1, limit))
	}
	for dec.PeekKind() != jsontext.KindEndArray {
		if len(*l) == limit {
			return tooMany
		}
		if dec.PeekKind() == jsontext.KindNull {
			return fmt.Errorf("item %d is null", len(*l))
		}
		*l = append(*l, *new(T))
		item := &(*l)[len(*l)-1]
		if item, ok := any(item).(preparer); ok {
			item.prepare()
		}
		if err := json.UnmarshalDecode(dec, item); err != nil {
			return err
		}
		if item, ok := any(item).(checker); ok {
			if err := item.check(); err != nil {
				return fmt.Errorf("item %d: %w", len(*l)-1, err)
			}
		}
	}
	_, err := dec.ReadToken()
	return err
}

// paging is one of the ways in which the API divides lists into pages.
type paging struct {
	token, size string // the parameters that identify a page and set its size
	maxSize     int
	nullIsEmpty bool // a result of null means an empty page

	// next returns the token of the page after one with n items, or "" after the last page. It returns an error if
	// there may be another page that cannot be identified.
	next func(query url.Values, info *envelope.ResultInfo, n int) (string, error)
}

// The ways in which the API divides lists into pages. No scheme ends a list by the total number of items: the API may
// omit that number, or count without the filters.
var (
	pageTokens  = &paging{token: "page_token", size: "page_size", maxSize: MaxPageSize, next: nextToken}
	cursors     = &paging{token: "cursor", size: "limit", maxSize: MaxPageSize, next: nextCursor}
	pageNumbers = &paging{token: "page", size: "per_page", maxSize: 100, next: nextNumber, nullIsEmpty: true}
	onePage     = &paging{next: noNext}
)

// owns reports whether the params of a list set this parameter of the query.
func (p *paging) owns(key string) bool { return p != nil && (key == p.token || key == p.size) }

func nextToken(_ url.Values, info *envelope.ResultInfo, _ int) (string, error) {
	if info.NextPageToken != "" {
		return info.NextPageToken, nil
	}
	return "", checkLast(info)
}

// nextCursor takes an empty page for the last one, even if the page has a cursor. The API documents both ways to end a
// list.
func nextCursor(_ url.Values, info *envelope.ResultInfo, n int) (string, error) {
	switch {
	case n == 0:
		return "", nil
	case info.Cursor != "":
		return info.Cursor, nil
	}
	return "", checkLast(info)
}

// nextNumber uses total_pages. Without total_pages, a page that is not full is the last one.
func nextNumber(query url.Values, info *envelope.ResultInfo, n int) (string, error) {
	page, _ := strconv.Atoi(query.Get("page")) // the params were checked
	size, _ := strconv.Atoi(query.Get("per_page"))
	if info.PerPage > 0 {
		size = min(size, info.PerPage)
	}
	switch {
	case info.Page > 0 && info.Page != page:
		return "", fmt.Errorf("it is page %d, not %d", info.Page, page)
	case info.TotalPages > 0:
		if page >= info.TotalPages {
			return "", nil
		}
	case n < size:
		return "", checkLast(info)
	}
	return strconv.FormatInt(int64(page)+1, 10), nil
}

func noNext(_ url.Values, info *envelope.ResultInfo, _ int) (string, error) {
	return "", checkLast(info)
}

// checkLast returns an error if result_info identifies another page in a way that the list does not use. Otherwise the
// list would end too early without an error.
func checkLast(info *envelope.ResultInfo) error {
	if info.NextPageToken+info.Cursor+info.CursorAfter+info.CursorBefore != "" || info.TotalPages > max(info.Page, 1) {
		return errors.New("result_info identifies another page in a way that is not known for this list")
	}
	return nil
}

package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-querystring/query"

	"example.com/cloudflare/internal/envelope"
)

// MaxPageSize is the largest page that the API gives, and the most items that are read from one answer.
const MaxPageSize = 1000

// The page size that All asks for unless the params say otherwise: the API's own default of 10 would cost ten times
// the requests.
const defaultPageSize = 100

const pageToken, pageSize = "page_token", "page_size"

// Page is one page of a list.
type Page[T any] struct {
	Items         []T
	NextPageToken string // empty on the last page
	TotalSize     int64  // of the whole list, as the API counts it; zero if it does not say
}

// preparer is an item that makes room for its parts before it is decoded.
type preparer interface{ prepare() }

// items decodes the items of a page one by one, so that what is no page is refused before it has become memory.
type items[T any] []T

// UnmarshalJSONFrom refuses more than MaxPageSize items, and an item that is not what it should be.
func (l *items[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != jsontext.KindBeginArray {
		return errors.New("the result is not a list")
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	// An item takes some 500 bytes or more: room for as many as there may be saves growing to them by doubling.
	if dec.PeekKind() != jsontext.KindEndArray {
		*l = make(items[T], 0, min(len(dec.UnreadBuffer())>>9+1, MaxPageSize))
	}
	for dec.PeekKind() != jsontext.KindEndArray {
		if len(*l) == MaxPageSize {
			return fmt.Errorf("the page has more than %d items", MaxPageSize)
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

// listQuery encodes the params of a list, which are a struct with url tags.
func listQuery(params any, size int) (url.Values, error) {
	if size < 0 || size > MaxPageSize {
		return nil, invalid("PageSize %d is not between 1 and %d", size, MaxPageSize)
	}
	values, err := query.Values(params)
	if err != nil {
		return nil, invalid("params: %v", err)
	}
	return values, nil
}

// checkAnyOf refuses a filter that is empty and not nil, or that has an empty element: it was computed, and must not
// select everything.
func checkAnyOf[T ~string](name string, values []T) error {
	if values != nil && len(values) == 0 {
		return invalid("%s is empty, which would select everything; leave it nil for that", name)
	}
	if slices.Contains(values, "") {
		return invalid("%s has an empty element", name)
	}
	return nil
}

// list gets one page, unless it was refused.
func list[T any](ctx context.Context, s *service, path []string, query url.Values, refused error, opts []CallOption) (*Page[T], error) {
	page := new(Page[T])
	env := envelope.Envelope{Result: envelope.Result{Into: (*items[T])(&page.Items)}}
	if err := s.do(ctx, request{method: http.MethodGet, path: path, query: query, refused: refused}, &env, opts); err != nil {
		return nil, err
	}
	page.NextPageToken, page.TotalSize = env.ResultInfo.NextPageToken, env.ResultInfo.TotalSize
	return page, nil
}

// all yields the items of every page from the one that query names: the only loop over pages.
func all[T any](ctx context.Context, s *service, path []string, query url.Values, refused error, opts []CallOption) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		token, query := query.Get(pageToken), maps.Clone(query) // each range begins where the first one began
		if refused == nil && !query.Has(pageSize) {
			query.Set(pageSize, strconv.Itoa(defaultPageSize))
		}
		seen, seed := make(map[uint64]bool), maphash.MakeSeed() // hashes, as a token may be long and a list longer
		for {
			page, err := list[T](ctx, s, path, query, refused, opts)
			if err != nil {
				yield(nil, &PageError{token, err})
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
			if page.NextPageToken == "" {
				return
			}
			seen[maphash.String(seed, token)] = true
			token = page.NextPageToken
			if seen[maphash.String(seed, token)] {
				yield(nil, &PageError{token, errors.New("cloudflare: the API named a page that came before: the list would never end")})
				return
			}
			query.Set(pageToken, token)
		}
	}
}

// Collect returns all items of what All returns, for where they are few enough to be held at once. With an error there
// are none: a list that is not whole must not be taken for one that is.
func Collect[T any](list iter.Seq2[*T, error]) ([]*T, error) {
	items := []*T{}
	for item, err := range list {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

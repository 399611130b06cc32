package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"maps"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/cloudflare/internal/envelope"
)

// MaxPageSize is the largest page size that the API accepts, and the most items that are read from one response.
const MaxPageSize = 1000

// defaultPageSize is what All asks for unless the params say otherwise. The API's own default of 10 would cost ten
// times the requests.
const defaultPageSize = 100

const pageToken, pageSize = "page_token", "page_size"

// Page is one page of a list.
type Page[T any] struct {
	Items         []T
	NextPageToken string // empty on the last page
	TotalSize     int64  // the size of the whole list as the API counts it; zero if unknown
}

// Paginate returns an iterator over the items of every page of a list, beginning with the page that pageToken names.
// Every method named All is built on it. Use it to iterate over other lists, such as those fetched with [Client.Call].
//
// Paginate calls fetch with pageToken first, and then with the NextPageToken of each page until that is empty. A token
// may be anything that identifies the next page, such as a cursor or a page number. Pages are fetched when they are
// needed. The iterator can be used again, which fetches the pages again.
//
// If fetch returns an error, a nil page or a token that came before, the iterator yields a nil item and a [*PageError]
// once, and stops.
func Paginate[T any](pageToken string, fetch func(pageToken string) (*Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		token := pageToken
		seen, seed := make(map[uint64]bool), maphash.MakeSeed() // hashes, because a token may be long
		for {
			page, err := fetch(token)
			if err == nil && page == nil {
				err = errors.New("cloudflare: fetch returned neither a page nor an error")
			}
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
		}
	}
}

// Collect returns all items of a list that All or [Paginate] returned. If the list yields an error, Collect returns that
// error and no items. Use it for lists that fit into memory.
func Collect[T any](list iter.Seq2[*T, error]) ([]T, error) {
	items := []T{}
	for item, err := range list {
		if err != nil {
			return nil, err
		}
		items = append(items, *item)
	}
	return items, nil
}

// list returns one page of a list.
func list[T any](ctx context.Context, s *service, c call, opts []CallOption) (*Page[T], error) {
	page := new(Page[T])
	env := envelope.Envelope{Result: envelope.Result{Into: (*items[T])(&page.Items)}}
	if err := s.do(ctx, c, &env, opts); err != nil {
		return nil, err
	}
	page.NextPageToken, page.TotalSize = env.ResultInfo.NextPageToken, env.ResultInfo.TotalSize
	return page, nil
}

// all returns an iterator over the items of every page from the one that the query names.
func all[T any](ctx context.Context, s *service, c call, opts []CallOption) iter.Seq2[*T, error] {
	query := c.query.value
	if c.query.err == nil && !query.Has(pageSize) {
		query.Set(pageSize, strconv.Itoa(defaultPageSize))
	}
	return Paginate(query.Get(pageToken), func(token string) (*Page[T], error) {
		c := c
		if token != "" {
			c.query.value = maps.Clone(query)
			c.query.value.Set(pageToken, token)
		}
		return list[T](ctx, s, c, opts)
	})
}

// preparer is an item that makes room for its parts before it is decoded.
type preparer interface{ prepare() }

// items decodes the items of a page one by one, so that a page that is not valid is rejected before it fills memory.
type items[T any] []T

// UnmarshalJSONFrom decodes at most MaxPageSize items and checks each of them.
func (l *items[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != jsontext.KindBeginArray {
		return errors.New("the result is not a list")
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	// An item takes some 500 bytes or more. Allocating for as many as there may be saves growing by doubling.
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

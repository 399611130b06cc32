package cloudflaretest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	defaultPageSize = 10
	maxPageSize     = 1000
)

// paginate answers with one page of the matching items, in the order given.
//
// A token is a position, so that somebody who deletes while listing misses items. Nobody says that the API spares
// its users that. Query parameters that nothing reads are ignored.
func paginate[T, W any](c *call, matching []T, wire func(T) W) answer {
	size, err := pageSize(c.query)
	if err != nil {
		return badRequest("%v", err)
	}
	start, ok := 0, true
	if c.query.Has("page_token") {
		if start, ok = c.position(c.query.Get("page_token")); !ok {
			return badRequest("page_token is not valid for this list and its filters")
		}
	}

	start = min(start, len(matching)) // the list may have become shorter since
	end := min(start+size, len(matching))
	page := make([]W, 0, end-start)
	for _, item := range matching[start:end] {
		page = append(page, wire(item))
	}
	info := &resultInfo{TotalSize: len(matching)}
	if end < len(matching) {
		info.NextPageToken = c.token(end)
	}
	return answer{http.StatusOK, &envelope{Success: true, Result: page, ResultInfo: info}}
}

// pageSize takes 0, which the API allows without saying what it means, for "not set".
func pageSize(query url.Values) (int, error) {
	if !query.Has("page_size") {
		return defaultPageSize, nil
	}
	size, err := strconv.Atoi(query.Get("page_size"))
	if err != nil || size < 0 || size > maxPageSize {
		return 0, fmt.Errorf("page_size must be a number from 0 to %d", maxPageSize)
	}
	if size == 0 {
		return defaultPageSize, nil
	}
	return size, nil
}

// token names a position in this list with these filters; position reads it back, if it is one.
func (c *call) token(position int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", c.filterDigest(), position))
}

func (c *call) position(token string) (int, bool) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	digest, number, _ := strings.Cut(string(text), ":")
	position, err := strconv.Atoi(number)
	return position, err == nil && position > 0 && digest == c.filterDigest()
}

// filterDigest covers everything but the page: its size may change on the way.
func (c *call) filterDigest() string {
	filters := make(url.Values, len(c.query))
	for name, values := range c.query {
		if name != "page_token" && name != "page_size" {
			filters[name] = values
		}
	}
	sum := sha256.Sum256([]byte(c.path + "?" + filters.Encode()))
	return hex.EncodeToString(sum[:8])
}

// text is a text to filter by, with its lower-case form made only once.
type text struct{ exact, lower string }

func newText(s string) text { return text{s, strings.ToLower(s)} }

// textFilter makes one test of the filters NAME, NAME.startsWith, NAME.endsWith and NAME.contains. The last three are
// case-insensitive everywhere in the API, equality only in some lists. A filter that is there but empty is a filter:
// what a client computed to be empty must not show up as "everything".
func textFilter(query url.Values, name string, equal func(of, to text) bool) func(text) bool {
	forms := []struct {
		name string
		test func(of, to text) bool
	}{
		{name, equal},
		{name + ".startsWith", func(of, to text) bool { return strings.HasPrefix(of.lower, to.lower) }},
		{name + ".endsWith", func(of, to text) bool { return strings.HasSuffix(of.lower, to.lower) }},
		{name + ".contains", func(of, to text) bool { return strings.Contains(of.lower, to.lower) }},
	}
	var given []func(text) bool
	for _, form := range forms {
		if query.Has(form.name) {
			to := newText(query.Get(form.name))
			given = append(given, func(of text) bool { return form.test(of, to) })
		}
	}
	return all(given)
}

func sameCase(of, to text) bool { return of.exact == to.exact }
func anyCase(of, to text) bool  { return of.lower == to.lower }

// all makes one test of several: filters are joined with AND.
func all[T any](tests []func(T) bool) func(T) bool {
	return func(item T) bool {
		for _, test := range tests {
			if !test(item) {
				return false
			}
		}
		return true
	}
}

func filter[T any](items []T, matches func(T) bool) []T {
	var matching []T
	for _, item := range items {
		if matches(item) {
			matching = append(matching, item)
		}
	}
	return matching
}

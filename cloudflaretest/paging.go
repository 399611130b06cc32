package cloudflaretest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultPageSize = 10
	maxPageSize     = 1000
)

// tokenInfo is the result_info of lists with page tokens. The API omits the token on the last page.
type tokenInfo struct {
	NextPageToken string `json:"next_page_token,omitempty"`
	TotalSize     *int   `json:"total_size,omitempty"`
}

// The query parameters that select a page are not filters. The first one is the token.
var (
	tokenParams  = []string{"page_token", "page_size", "include_total"}
	cursorParams = []string{"cursor", "limit"}
)

// paginate returns one page of the matching items, with a page token. A token is a position, so a client that deletes
// while it lists misses items.
func paginate[T, W any](c *call, matching []T, wire func(T) W, withTotal bool) response {
	size, err := intParam(c.query, "page_size", 0, maxPageSize, defaultPageSize)
	if err != nil {
		return badRequest(err)
	}
	if size == 0 {
		size = defaultPageSize
	}
	start, err := c.position(tokenParams)
	if err != nil {
		return badRequest(err)
	}

	start = min(start, len(matching)) // the list may have become shorter
	end := min(start+size, len(matching))
	items := make([]W, 0, end-start)
	for _, item := range matching[start:end] {
		items = append(items, wire(item))
	}
	var info tokenInfo
	if withTotal {
		info.TotalSize = new(len(matching))
	}
	if end < len(matching) {
		info.NextPageToken = c.token(end, tokenParams)
	}
	return page(items, info)
}

// token returns an opaque token for a position in the list of this path with these filters.
func (c *call) token(position int, pageParams []string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", c.filterDigest(pageParams), position))
}

// position returns the position of the request's token, or 0 without one.
func (c *call) position(pageParams []string) (int, error) {
	param := pageParams[0]
	if !c.query.Has(param) {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(c.query.Get(param))
	digest, number, _ := strings.Cut(string(text), ":")
	position, numberErr := strconv.Atoi(number)
	if err != nil || numberErr != nil || position <= 0 || digest != c.filterDigest(pageParams) {
		return 0, fmt.Errorf("%s is not valid for this list and its filters", param)
	}
	return position, nil
}

func (c *call) filterDigest(pageParams []string) string {
	filters := make(url.Values, len(c.query))
	for name, values := range c.query {
		if !slices.Contains(pageParams, name) {
			filters[name] = values
		}
	}
	sum := sha256.Sum256([]byte(c.path + "?" + filters.Encode()))
	return hex.EncodeToString(sum[:8])
}

// intParam returns a query parameter that is a number, or the default if it is absent.
func intParam(query url.Values, name string, least, most, unset int) (int, error) {
	if !query.Has(name) {
		return unset, nil
	}
	n, err := strconv.Atoi(query.Get(name))
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s must be between %d and %d", name, least, most)
	}
	return n, nil
}

// boolParam returns a query parameter that is true or false, or the default if it is absent.
func boolParam(query url.Values, name string, unset bool) (bool, error) {
	if err := checkEnum(query, name, "true", "false"); err != nil || !query.Has(name) {
		return unset, err
	}
	return query.Get(name) == "true", nil
}

// checkEnum returns an error if a query parameter has a value that is not allowed.
func checkEnum(query url.Values, name string, allowed ...string) error {
	for _, value := range query[name] {
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("%s must be one of %s", name, strings.Join(allowed, ", "))
		}
	}
	return nil
}

// text is a text to filter by, with its lower-case form.
type text struct{ exact, lower string }

func newText(s string) text { return text{s, strings.ToLower(s)} }

// textFilter returns one test for the filters NAME, NAME.startsWith, NAME.endsWith and NAME.contains. The last three
// ignore case; equal compares for the first. An empty value still filters: a client that computed an empty value by
// mistake must not get everything.
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

// all returns a test that passes if all of the tests pass.
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

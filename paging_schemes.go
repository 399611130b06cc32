package cloudflare

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"example.com/cloudflare/internal/envelope"
)

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
	case page < info.TotalPages || info.TotalPages <= 0 && n >= size:
		return strconv.FormatInt(int64(page)+1, 10), nil
	case info.TotalPages > 0:
		return "", nil
	}
	return "", checkLast(info)
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

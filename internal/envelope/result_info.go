package envelope

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ResultInfo holds the metadata of a page of a list. The API has three paging schemes: page tokens, cursors and page
// numbers. A field is zero if the response does not have it.
type ResultInfo struct {
	NextPageToken string // next_page_token; a token that is not a string is an error, because more pages may follow
	TotalSize     int64  // total_size

	Cursor       string // cursor
	CursorAfter  string // cursors.after
	CursorBefore string // cursors.before

	Page       int // page, from 1
	PerPage    int // per_page
	TotalPages int // total_pages

	HistoryStatus string // history_status of the history of an audit log

	skip bool
}

// UnmarshalJSONFrom decodes the known members of an object, and skips any other value: some servers encode an empty
// object as an array. Numbers may be strings. A number that cannot be decoded is zero: the page is usable without it. A
// cursor of another type is kept as its JSON, because a page without a cursor would be taken for the last one.
func (r *ResultInfo) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if r.skip || dec.PeekKind() != jsontext.KindBeginObject {
		return dec.SkipValue()
	}
	var wire struct {
		NextPageToken string  `json:"next_page_token"`
		TotalSize     number  `json:"total_size"`
		Cursor        text    `json:"cursor"`
		Cursors       cursors `json:"cursors"`
		Page          number  `json:"page"`
		PerPage       number  `json:"per_page"`
		TotalPages    number  `json:"total_pages"`
		HistoryStatus text    `json:"history_status"`
	}
	err := json.UnmarshalDecode(dec, &wire)
	r.NextPageToken, r.TotalSize = wire.NextPageToken, int64(wire.TotalSize)
	r.Cursor, r.CursorAfter, r.CursorBefore = string(wire.Cursor), string(wire.Cursors.After), string(wire.Cursors.Before)
	r.Page, r.PerPage, r.TotalPages = wire.Page.int(), wire.PerPage.int(), wire.TotalPages.int()
	r.HistoryStatus = string(wire.HistoryStatus)
	return err
}

// cursors is {"after": "...", "before": "..."}. Any other value except null and an empty array is kept as After.
type cursors struct {
	After  text `json:"after"`
	Before text `json:"before"`
}

func (c *cursors) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != jsontext.KindBeginObject {
		err := json.UnmarshalDecode(dec, &c.After)
		if strings.Trim(string(c.After), "[] \t\r\n") == "" {
			c.After = ""
		}
		return err
	}
	type plain cursors // without this method
	return json.UnmarshalDecode(dec, (*plain)(c))
}

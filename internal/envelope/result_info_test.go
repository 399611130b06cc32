package envelope

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestResultInfo(t *testing.T) {
	for body, want := range map[string]ResultInfo{
		`{}`: {},
		`{"next_page_token":"t","total_size":7,"more":[{}]}`:                        {NextPageToken: "t", TotalSize: 7},
		`{"count":"2","cursor":"c","history_status":"exact"}`:                       {Cursor: "c", HistoryStatus: "exact"},
		`{"cursors":{"after":"a","before":"b","more":1},"per_page":3}`:              {CursorAfter: "a", CursorBefore: "b", PerPage: 3},
		`{"count":1,"page":2,"per_page":3,"total_count":4,"total_pages":5}`:         {Page: 2, PerPage: 3, TotalPages: 5},
		`{"count":"1","page":"2","per_page":"3","total_pages":"5","total_size":""}`: {Page: 2, PerPage: 3, TotalPages: 5},
		`{"next_page_token":null,"cursor":null,"cursors":null,"page":null}`:         {},
		`{"next_page_token":"","cursor":"","cursors":{},"page":0}`:                  {},
		`{"cursors":{"after":null,"before":""}}`:                                    {},
		`{"cursors":[ ],"total_pages":false}`:                                       {},
		`{"page":2.0,"per_page":1e2,"total_pages":"3.00"}`:                          {Page: 2, PerPage: 100, TotalPages: 3},
		// A cursor that is not a string still says that there are more pages.
		`{"cursor":7}`:                                {Cursor: "7"},
		`{"cursor":{"a":[1]}}`:                        {Cursor: `{"a":[1]}`},
		`{"cursors":["a"]}`:                           {CursorAfter: `["a"]`},
		`{"cursors":"a"}`:                             {CursorAfter: "a"},
		`{"cursors":{"after":8,"before":[]}}`:         {CursorAfter: "8", CursorBefore: "[]"},
		`{"page":1.5,"per_page":[],"total_pages":{}}`: {},
		`{"page":"first","count":true}`:               {},
		// Values of another type, which some servers send in place of an empty object.
		`[]`: {}, `[{"next_page_token":"t"}]`: {}, `null`: {}, `"t"`: {}, `7`: {}, `true`: {},
	} {
		var e Envelope
		require.NoError(t, e.Decode([]byte(`{"success":true,"result_info":`+body+`,"messages":["m"]}`)), body)
		assert.Equal(t, True, e.Success, body)
		assert.Equal(t, Infos{{Message: "m"}}, e.Messages, body)
		assert.Equal(t, want, e.ResultInfo, body)
	}
}

func TestTotalSizeCostsNoPage(t *testing.T) {
	for size, want := range map[string]int64{
		`12`: 12, `"12"`: 12, `-1`: -1, `1099511627776`: 1 << 40, `1.5`: 0, `"many"`: 0, `null`: 0, `[1]`: 0, `9223372036854775808`: 0,
	} {
		var e Envelope
		require.NoError(t, e.Decode([]byte(`{"success":true,"result_info":{"total_size":`+size+`,"next_page_token":"t"}}`)), size)
		assert.Equal(t, want, e.ResultInfo.TotalSize, size)
		assert.Equal(t, "t", e.ResultInfo.NextPageToken, size)
	}
}

// A token that cannot be decoded would end the list early.
func TestPageTokenThatIsNotAString(t *testing.T) {
	for _, token := range []string{`1`, `{}`, `["t"]`, `true`} {
		var e Envelope
		err := e.Decode([]byte(`{"success":true,"result_info":{"next_page_token":` + token + `}}`))
		assert.ErrorContains(t, err, "/result_info/next_page_token: JSON ", token)
	}
}

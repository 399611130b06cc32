package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func Example() {
	main()
	// Output:
	// GET /zones 200
	// GET /zones 200
	// GET /accounts/{account_id}/lists 200
	// GET /accounts/{account_id}/lists 200
	// [{"zone 1"} {"zone 2"}] [{"list "} {"list more"}] <nil>
}

// A list of page numbers ends at its last page, or at an empty page if the API does not report how many there are. If
// the API reports something else, the list ends with an error.
func TestNumberedPages(t *testing.T) {
	const item = `[{"id":"z"}]`
	for name, test := range map[string]struct {
		pages []string // results and result_info
		items int
		err   string // empty for none
	}{
		"one page":           {[]string{item + `,"result_info":{"page":1,"total_pages":1,"total_count":1}`}, 1, ""},
		"no items":           {[]string{`[],"result_info":{"page":1,"total_pages":0}`}, 0, ""},
		"no number of pages": {[]string{item + `,"result_info":{"page":1}`, item + `,"result_info":{"page":2}`, `[],"result_info":{"page":3}`}, 2, ""},
		"the page ignored":   {[]string{item + `,"result_info":{"page":1,"total_pages":2}`, item + `,"result_info":{"page":1,"total_pages":2}`}, 1, "/zones: the API returned page 1, not 2"},
		"no result_info":     {[]string{item}, 0, "/zones: result_info: "},
		"a null result_info": {[]string{item + `,"result_info":null`}, 0, "/zones: "},
		"another form":       {[]string{item + `,"result_info":{"page":"one"}`}, 0, "/zones: result_info: "},
	} {
		t.Run(name, func(t *testing.T) {
			server, pages := cloudflaretest.NewServer().ForTest(t), test.pages
			server.Handle("GET /zones", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, `{"success":true,"result":%s}`, pages[0])
				pages = pages[1:]
			}))
			items := 0
			var err error
			for zone, failed := range Zones(t.Context(), server.Client()) {
				if err = failed; err == nil {
					assert.Equal(t, "z", zone.ID)
					items++
				}
			}
			assert.Equal(t, test.items, items)
			assert.Empty(t, pages, "pages that were not requested")
			if test.err == "" {
				assert.NoError(t, err)
			} else {
				var failed *cloudflare.PageError
				require.ErrorAs(t, err, &failed)
				assert.True(t, strings.HasPrefix(failed.Err.Error(), test.err), "%v", failed.Err)
			}
			for n, request := range server.Requests() {
				assert.Equal(t, fmt.Sprintf("page=%d&per_page=50", n+1), request.Query.Encode())
			}
		})
	}
}

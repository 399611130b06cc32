package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// A list may report a total that is wrong, or none. The organization must not be deleted unless every list is empty.
func TestDeleteIfEmptyTrustsNoTotal(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	for name, tt := range map[string]struct {
		members []string // the pages
		empty   bool
		count   int
	}{
		"empty":                                {[]string{`"result":[],"result_info":{"total_size":0}`}, true, 0},
		"empty, without a total":               {[]string{`"result":[]`}, true, 0},
		"empty, with a total that is wrong":    {[]string{`"result":[],"result_info":{"total_size":7}`}, true, 0},
		"one":                                  {[]string{`"result":[{"id":"m1"}]`}, false, 1},
		"one, with a total that is too small":  {[]string{`"result":[{"id":"m1"}],"result_info":{"total_size":0}`}, false, 1},
		"one, with a negative total":           {[]string{`"result":[{"id":"m1"}],"result_info":{"total_size":-1}`}, false, 1},
		"one of many":                          {[]string{`"result":[{"id":"m1"}],"result_info":{"total_size":1234,"next_page_token":"t"}`}, false, 1234},
		"an empty page with a next one":        {[]string{`"result":[],"result_info":{"next_page_token":"t"}`, `"result":[],"result_info":{"next_page_token":"u"}`, `"result":[{"id":"m1"},{"id":"m2"}]`}, false, 2},
		"an empty page with a next one, empty": {[]string{`"result":[],"result_info":{"total_size":9,"next_page_token":"t"}`, `"result":[],"result_info":{"next_page_token":"u"}`, `"result":[]`}, true, 0},
		"many, without a total":                {[]string{`"result":[{"id":"m1"}],"result_info":{"next_page_token":"t"}`, `"result":[{"id":"m1"},{"id":"m2"}],"result_info":{"next_page_token":"u"}`, `"result":[{"id":"m3"}]`}, false, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var deleted atomic.Bool
			pages := tt.members
			transport := roundTripper(func(r *http.Request) (*http.Response, error) {
				body := `"result":[]`
				switch {
				case r.Method == http.MethodDelete:
					deleted.Store(true)
					body = `"result":{"id":"` + id + `"}`
				case strings.HasSuffix(r.URL.Path, "/members"):
					body, pages = pages[0], pages[1:]
				}
				return saying(200, nil, `{"success":true,"errors":[],"messages":[],`+body+`}`)(r)
			})
			client := wiredClient(t, transport)
			err := client.Organizations.DeleteIfEmpty(t.Context(), id)
			assert.Equal(t, tt.empty, deleted.Load())
			assert.Empty(t, pages, "all pages were read")
			if tt.empty {
				assert.NoError(t, err)
				return
			}
			var notEmpty *cloudflare.NotEmptyError
			require.ErrorAs(t, err, &notEmpty)
			assert.Equal(t, cloudflare.NotEmptyError{OrganizationID: id, Members: tt.count}, *notEmpty)
		})
	}
}

// The first failure cancels the other reads, nothing goes on after the call, and the caller's Response is about the read
// that failed.
func TestDeleteIfEmptyEndsAtTheFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var underWay atomic.Int32
		client := wiredClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			underWay.Add(1)
			defer underWay.Add(-1)
			if strings.HasSuffix(r.URL.Path, "/accounts") {
				time.Sleep(time.Second)
				return saying(403, http.Header{"Cf-Ray": {"ray-of-accounts"}}, `{"success":false,"errors":[{"code":9109,"message":"no"}]}`)(r)
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		start := time.Now()
		var response, second cloudflare.Response
		err := client.Organizations.DeleteIfEmpty(t.Context(), "o1", cloudflare.CaptureResponse(&response), cloudflare.CaptureResponse(&second))
		assert.ErrorIs(t, err, cloudflare.ErrForbidden)
		assert.NotErrorIs(t, err, context.Canceled)
		assert.Zero(t, underWay.Load())
		assert.Equal(t, time.Second, time.Since(start))
		assert.Equal(t, "ray-of-accounts", response.RayID)
		assert.Equal(t, response, second)
	})
}

func TestDeleteIfEmptyAppliesItsOptionsToEachRequest(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("Org", "")
	var response cloudflare.Response
	require.NoError(t, server.Client().Organizations.DeleteIfEmpty(t.Context(), id,
		cloudflare.CaptureResponse(&response), cloudflare.SetHeader("X-Trace", "abc")))
	assert.JSONEq(t, fmt.Sprintf(`{"id":%q}`, id), string(response.Result), "the response to the delete")
	requests := server.Requests()
	assert.Len(t, requests, 4)
	for _, r := range requests {
		assert.Equal(t, "abc", r.Header.Get("X-Trace"))
	}
}

// A panic, for example of an attempt hook, reaches the caller although the reads run in goroutines.
func TestDeleteIfEmptyPassesOnPanics(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("Org", "")
	broken := errors.New("broken hook")
	client := server.Client(cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
		if strings.HasSuffix(a.Path, "/members") {
			panic(broken)
		}
	}))
	assert.PanicsWithValue(t, broken, func() { _ = client.Organizations.DeleteIfEmpty(t.Context(), id) })
	_, err := client.Organizations.Get(t.Context(), id)
	assert.NoError(t, err, "the client is usable, and nothing was deleted")
}

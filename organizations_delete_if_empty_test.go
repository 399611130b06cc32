package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
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

func TestDeleteIfEmpty(t *testing.T) {
	for name, test := range map[string]struct {
		fill func(api *fakeAPI, id string)
		want *cloudflare.NotEmptyError
	}{
		"nothing": {func(*fakeAPI, string) {}, nil},
		"organizations": {func(api *fakeAPI, id string) {
			api.AddAccount(api.AddOrganization("A", id), cloudflaretest.Account{}) // not its own
			api.AddOrganization("B", id)
		}, &cloudflare.NotEmptyError{Organizations: 2}},
		"accounts": {func(api *fakeAPI, id string) { api.AddAccount(id, cloudflaretest.Account{}) }, &cloudflare.NotEmptyError{Accounts: 1}},
		"a member who is none any more": {func(api *fakeAPI, id string) {
			api.AddMember(id, cloudflaretest.Member{Email: "a@example.com", Status: "canceled"})
		}, &cloudflare.NotEmptyError{Members: 1}},
		"more than a page of members": {func(api *fakeAPI, id string) {
			for i := range cloudflare.MaxPageSize + 1 {
				api.AddMember(id, cloudflaretest.Member{Email: fmt.Sprintf("%d@example.com", i)})
			}
		}, &cloudflare.NotEmptyError{Members: cloudflare.MaxPageSize + 1}},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				id := api.AddOrganization("Org", api.AddOrganization("Parent", ""))
				test.fill(api, id)
				err := api.client.Organizations.DeleteIfEmpty(t.Context(), id)
				if test.want == nil {
					require.NoError(t, err)
					assert.Zero(t, api.named(t, "Org"))
					assert.NoError(t, api.client.Organizations.DeleteIfEmpty(t.Context(), id), "gone is gone")
					return
				}
				test.want.OrganizationID = id
				assert.Equal(t, test.want, err)
				assert.Equal(t, 1, api.named(t, "Org"))
				assert.Empty(t, api.writes())
			})
		})
	}
}

func TestDeleteIfEmptyFailures(t *testing.T) {
	const looks = 3 // before the delete
	for name, test := range map[string]struct {
		n      int // of the request that fails, 1 being the first; 0 for none
		fault  cloudflaretest.Fault
		before func(api *fakeAPI, id string, r *http.Request)
		err    error
		status int // of an error that has no sentinel
		stays  bool
	}{
		"the response is lost":       {n: looks + 1, fault: cloudflaretest.Cut()},
		"a list is forbidden":        {n: 1, fault: cloudflaretest.Status(403, nil, rejectedBody), err: cloudflare.ErrForbidden, stays: true},
		"another list is forbidden":  {n: 2, fault: cloudflaretest.Status(403, nil, rejectedBody), err: cloudflare.ErrForbidden, stays: true},
		"the last list is forbidden": {n: 3, fault: cloudflaretest.Status(403, nil, rejectedBody), err: cloudflare.ErrForbidden, stays: true},
		"a route that is not there":  {n: 2, fault: cloudflaretest.Status(404, nil, noRouteBody), status: 404, stays: true},
		"a 404 from the way":         {n: looks + 1, fault: cloudflaretest.Status(404, nil, "<html>"), status: 404, stays: true},
		"filled in between": {err: cloudflare.ErrConflict, stays: true, before: func(api *fakeAPI, id string, r *http.Request) {
			if r.Method == http.MethodDelete {
				api.AddAccount(id, cloudflaretest.Account{})
			}
		}},
		"deleted in between": {before: func(api *fakeAPI, id string, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/members") {
				_, err := api.client.Organizations.Delete(context.WithoutCancel(r.Context()), id)
				if err != nil {
					panic(err)
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				id := api.AddOrganization("Org", "")
				if test.n > 0 {
					api.Fail(test.n, test.fault)
				}
				if test.before != nil {
					api.before = func(r *http.Request) { test.before(api, id, r) }
				}
				err := api.client.Organizations.DeleteIfEmpty(t.Context(), id)
				if test.status != 0 {
					var e *cloudflare.Error
					require.ErrorAs(t, err, &e)
					assert.Equal(t, test.status, e.StatusCode)
					assert.NotErrorIs(t, err, cloudflare.ErrNotFound)
				} else {
					assert.ErrorIs(t, err, test.err)
				}
				api.before = func(*http.Request) {}
				assert.Equal(t, test.stays, api.named(t, "Org") == 1)
			})
		})
	}
}

// A list whose pages stay empty ends with an error, and nothing is deleted.
func TestDeleteIfEmptyOfEmptyPages(t *testing.T) {
	for _, list := range []string{"/organizations", "/accounts", "/members"} {
		var sent atomic.Int32
		client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			assert.Equal(t, http.MethodGet, r.Method, list)
			if strings.HasSuffix(r.URL.Path, list) {
				return respondWith(200, pageBody("[]", fmt.Sprint("token", sent.Add(1))))(r)
			}
			return respondSuccess("[]")(r)
		}))
		err := client.Organizations.DeleteIfEmpty(t.Context(), organizationID)
		assert.ErrorContains(t, err, "100 empty pages in a row", list)
		failed, ok := errors.AsType[*cloudflare.PageError](err)
		require.True(t, ok, "%s: %T", list, err)
		assert.Equal(t, "token101", failed.PageToken, "%s: it looks at one item first", list)
		assert.EqualValues(t, 101, sent.Load(), list)
	}
}

// The ID that a list has may differ from the argument in the case of its letters.
func TestDeleteIfEmptyIgnoresTheCaseOfIDs(t *testing.T) {
	listed := respondSuccess("[" + organizationJSON(organizationID, "Org", "") + "]")
	client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Has("id") {
			return listed(r)
		}
		return respondWith(http.StatusNotFound, notFoundBody)(r)
	}))
	err := client.Organizations.DeleteIfEmpty(t.Context(), strings.ToUpper(organizationID))
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.ErrorContains(t, err, "listed")
}

// A new organization that cannot be read yet is not gone.
func TestDeleteIfEmptyWithoutAReadableOrganization(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		id := api.AddOrganization("Org", "")
		notFound := cloudflaretest.Status(404, nil, notFoundBody)
		api.FailNext("GET /organizations/{organization_id}/accounts", notFound)
		err := api.client.Organizations.DeleteIfEmpty(t.Context(), id)
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		assert.ErrorContains(t, err, "listed")
		assert.Empty(t, api.writes())

		api.FailNext("GET /organizations/{organization_id}/accounts", notFound)
		api.before = func(r *http.Request) {
			if r.URL.Query().Has("id") {
				api.Fail(1, cloudflaretest.Status(403, nil, rejectedBody))
			}
		}
		assert.ErrorIs(t, api.client.Organizations.DeleteIfEmpty(t.Context(), id), cloudflare.ErrForbidden, "the check whether it is gone failed")
		api.before = func(*http.Request) {}

		err = newClient(t, respondWith(404, "<html>")).Organizations.DeleteIfEmpty(t.Context(), "0123456789abcdef0123456789abcdef")
		assert.ErrorContains(t, err, "404 Not Found", "only the API knows what is gone")
		assert.NotErrorIs(t, err, cloudflare.ErrNotFound)

		sent := len(api.sent())
		assert.ErrorIs(t, api.client.Organizations.DeleteIfEmpty(t.Context(), "null"), cloudflare.ErrInvalidArgument)
		assert.Len(t, api.sent(), sent)
	})
}

// A list may report a total that is wrong, or none. The organization must not be deleted unless every list is empty.
func TestDeleteIfEmptyChecksEveryPage(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	for name, tt := range map[string]struct {
		members []string // the pages
		empty   bool
		count   int
	}{
		"empty":                               {[]string{`"result":[],"result_info":{"total_size":0}`}, true, 0},
		"empty, without a total":              {[]string{`"result":[]`}, true, 0},
		"empty, with a total that is wrong":   {[]string{`"result":[],"result_info":{"total_size":7}`}, true, 0},
		"one":                                 {[]string{`"result":[{"id":"m1"}]`}, false, 1},
		"one, with a total that is too small": {[]string{`"result":[{"id":"m1"}],"result_info":{"total_size":0}`}, false, 1},
		"one, with a negative total":          {[]string{`"result":[{"id":"m1"}],"result_info":{"total_size":-1}`}, false, 1},
		"one of many":                         {[]string{`"result":[{"id":"m1"}],"result_info":{"total_size":1234,"next_page_token":"t"}`}, false, 1234},
		"an empty page with a next one": {[]string{
			`"result":[],"result_info":{"next_page_token":"t"}`,
			`"result":[],"result_info":{"next_page_token":"u"}`,
			`"result":[{"id":"m1"},{"id":"m2"}]`,
		}, false, 2},
		"an empty page with a next one, empty": {
			[]string{`"result":[],"result_info":{"total_size":9,"next_page_token":"t"}`, `"result":[],"result_info":{"next_page_token":"u"}`, `"result":[]`},
			true, 0,
		},
		"many, without a total": {[]string{
			`"result":[{"id":"m1"}],"result_info":{"next_page_token":"t"}`,
			`"result":[{"id":"m1"},{"id":"m2"}],"result_info":{"next_page_token":"u"}`,
			`"result":[{"id":"m3"}]`,
		}, false, 3},
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
				return respondWith(200, `{"success":true,"errors":[],"messages":[],`+body+`}`)(r)
			})
			client := newClient(t, transport, noRetries)
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

// An organization that is deleted while its members are counted is gone, also if a later page reports that.
func TestDeleteIfEmptyOfAnOrganizationDeletedBetweenPages(t *testing.T) {
	client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, http.MethodGet, r.Method)
		switch size := r.URL.Query().Get("page_size"); {
		case !strings.HasSuffix(r.URL.Path, "/members"):
			return respondSuccess("[]")(r)
		case size == "1":
			return respondWith(200, pageBody("[]", "t"))(r)
		}
		return respondWith(404, notFoundBody)(r)
	}), noRetries)
	assert.NoError(t, client.Organizations.DeleteIfEmpty(t.Context(), "o1"))
}

// If the API ignores the filter by ID, another organization does not count as the one that is gone.
func TestDeleteIfEmptyChecksTheIDOfWhatIsListed(t *testing.T) {
	for listed, says := range map[string]string{"o1": "listed", "o2": ""} {
		client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			switch {
			case r.URL.Query().Has("id"):
				return respondSuccess(`[{"id":"` + listed + `"}]`)(r)
			case strings.HasSuffix(r.URL.Path, "/members"):
				return respondWith(404, notFoundBody)(r)
			}
			<-r.Context().Done() // so that the 404 comes first
			return nil, r.Context().Err()
		}), noRetries)
		err := client.Organizations.DeleteIfEmpty(t.Context(), "o1")
		assert.Equal(t, says != "", errors.Is(err, cloudflare.ErrNotFound), "%v", err)
		assert.Contains(t, fmt.Sprint(err), says)
	}
}

// The first failure cancels the other reads, nothing goes on after the call, and the caller's Response is about the
// read that failed.
func TestDeleteIfEmptyStopsAtTheFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var underWay atomic.Int32
		client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			underWay.Add(1)
			defer underWay.Add(-1)
			if strings.HasSuffix(r.URL.Path, "/accounts") {
				time.Sleep(time.Second)
				return respondWith(403, rejectedBody, "Cf-Ray: ray-of-accounts")(r)
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}), noRetries)
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

func TestDeleteIfEmptyAppliesCallOptionsToEachRequest(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
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

// A panic, for example of an attempt hook, reaches the caller although the reads run in goroutines, and shows where it
// happened.
func TestDeleteIfEmptyPassesOnPanics(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("Org", "")
	broken := errors.New("broken hook")
	for name, value := range map[string]any{"error": broken, "string": "broken hook", "runtime error": nil} {
		client := server.Client(cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
			if strings.HasSuffix(a.Path, "/members") {
				panicInHook(value)
			}
		}))
		recovered := func() (value any) {
			defer func() { value = recover() }()
			return client.Organizations.DeleteIfEmpty(t.Context(), id)
		}()
		err, ok := recovered.(error)
		require.True(t, ok, "%s: %v", name, recovered)
		assert.ErrorContains(t, err, "panicInHook", "%s: the stack", name)
		switch value {
		case nil:
			assert.ErrorAs(t, err, new(runtime.Error))
		case broken:
			assert.ErrorIs(t, err, broken)
		default:
			assert.ErrorContains(t, err, "broken hook")
		}
		_, err = server.Client().Organizations.Get(t.Context(), id)
		assert.NoError(t, err, "nothing was deleted")
		_, err = client.Organizations.Get(t.Context(), id)
		assert.NoError(t, err, "the client is usable")
	}
}

//go:noinline
func panicInHook(value any) {
	if value == nil {
		value = []any{}[len(os.Args[:0])] // out of range
	}
	panic(value)
}

func TestNotEmptyErrorShowsNoCredential(t *testing.T) {
	source := func(context.Context) (cloudflare.Credential, error) {
		return cloudflare.KeyCredential(canaryKey, canaryEmail), nil
	}
	client, err := cloudflare.NewClient(cloudflare.WithCredentialSource(source),
		cloudflare.WithHTTPClient(&http.Client{Transport: respondSuccess(`[{"id":"a","name":"Org"}]`)}))
	require.NoError(t, err)
	err = client.Organizations.DeleteIfEmpty(t.Context(), canaryKey)
	_, notEmpty := errors.AsType[*cloudflare.NotEmptyError](err)
	require.True(t, notEmpty, "%v", err)
	assert.NotContains(t, fmt.Sprintf("%#v %v", err, err), canary)
}

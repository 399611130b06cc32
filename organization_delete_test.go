package cloudflare_test

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
		n      int // of the request that fails, 1 being the first
		fault  cloudflaretest.Fault
		before func(api *fakeAPI, id string, r *http.Request)
		err    error
		status int // of an error that has no sentinel
		stays  bool
	}{
		"the answer is lost":        {n: looks + 1, fault: cloudflaretest.Cut()},
		"a list is refused":         {n: 1, fault: cloudflaretest.Status(403, nil, ""), err: cloudflare.ErrForbidden, stays: true},
		"another list is refused":   {n: 2, fault: cloudflaretest.Status(403, nil, ""), err: cloudflare.ErrForbidden, stays: true},
		"the last list is refused":  {n: 3, fault: cloudflaretest.Status(403, nil, ""), err: cloudflare.ErrForbidden, stays: true},
		"a route that is not there": {n: 2, fault: cloudflaretest.Status(404, nil, noRouteBody), status: 404, stays: true},
		"a 404 from the way":        {n: looks + 1, fault: cloudflaretest.Status(404, nil, "<html>"), status: 404, stays: true},
		"filled in between": {n: 100, fault: cloudflaretest.Cut(), err: cloudflare.ErrConflict, stays: true, before: func(api *fakeAPI, id string, r *http.Request) {
			if r.Method == http.MethodDelete {
				api.AddAccount(id, cloudflaretest.Account{})
			}
		}},
		"deleted in between": {n: 100, fault: cloudflaretest.Cut(), before: func(api *fakeAPI, id string, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/members") {
				api.before = func(*http.Request) {}
				_, err := api.client.Organizations.Delete(r.Context(), id)
				if err != nil {
					panic(err)
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				id := api.AddOrganization("Org", "")
				api.Fail(test.n, test.fault)
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

// To take a fresh organization for one that is gone would be a lie.
func TestDeleteIfEmptyWithoutAReadableOrganization(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		id := api.AddOrganization("Org", "")
		api.Fail(2, cloudflaretest.Status(404, nil, notFoundBody))
		err := api.client.Organizations.DeleteIfEmpty(t.Context(), id)
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		assert.ErrorContains(t, err, "listed")
		assert.Empty(t, api.writes())

		api.Fail(2, cloudflaretest.Status(404, nil, notFoundBody))
		api.Fail(3, cloudflaretest.Status(403, nil, ""))
		assert.ErrorIs(t, api.client.Organizations.DeleteIfEmpty(t.Context(), id), cloudflare.ErrForbidden, "whether it is gone could not be seen")

		api.Fail(2, cloudflaretest.Status(404, nil, "<html>"))
		err = api.client.Organizations.DeleteIfEmpty(t.Context(), "0123456789abcdef0123456789abcdef")
		assert.ErrorContains(t, err, "404 Not Found", "only the API knows what is gone")
		assert.NotErrorIs(t, err, cloudflare.ErrNotFound)

		sent := len(api.sent())
		assert.ErrorIs(t, api.client.Organizations.DeleteIfEmpty(t.Context(), cloudflare.NoParent), cloudflare.ErrInvalidArgument)
		assert.Len(t, api.sent(), sent)
	})
}

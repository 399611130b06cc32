package cloudflare_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

func TestErrorText(t *testing.T) {
	list := func(c *cloudflare.Client) error {
		_, err := c.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
		return err
	}
	create := func(c *cloudflare.Client) error {
		_, err := c.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "n"})
		return err
	}
	const all = `{"success":false,"errors":[{"code":1,"message":"one","source":{"pointer":"/a"},"documentation_url":"https://d"},` +
		`{"message":"two","error_chain":[{"code":2,"message":"inner"}]}],"messages":[]}`
	for want, tt := range map[string]struct {
		call     func(*cloudflare.Client) error
		response roundTripper
	}{
		"cloudflare: GET /organizations: 409 Conflict: rejected (code 1003)": {
			list, respondError(409),
		},
		"cloudflare: GET /organizations: 409 Conflict: one (code 1) at /a, see https://d; two < inner (code 2) (ray " + rayID + ")": {
			list, respondWith(409, all, rayHeader),
		},
		"cloudflare: GET /organizations: 429 Too Many Requests: rejected (code 1003) (retry after 1m30s, ray " + rayID + ")": {
			list, respondWith(429, rejectedBody, rayHeader, "Retry-After: 90"),
		},
		"cloudflare: GET /organizations: 503 Service Unavailable: the body is empty (retry after 2m0s)": {
			list, respondWith(503, "", "Retry-After: 120"),
		},
		"cloudflare: GET /organizations: 503 Service Unavailable: the body is blank (2 attempts)": {
			list, respondWith(503, " \n"),
		},
		"cloudflare: POST /organizations: 520: \"oops\": outcome unknown: the write may or may not have happened": {
			create, respondWith(520, "oops"),
		},
		"cloudflare: POST /organizations: 200 OK: the response cannot be used: it has no result: " +
			"outcome unknown: the write may or may not have happened": {
			create, respondWith(200, `{"success":true}`),
		},
	} {
		client := newClient(t, tt.response, cloudflare.WithMaxRetries(1), cloudflare.WithMaxRetryWait(time.Nanosecond))
		assert.EqualError(t, tt.call(client), want)
	}
	assert.EqualError(t, &cloudflare.Error{Method: "GET", Path: "/x", StatusCode: 418, Attempts: 1, RayID: "r"},
		"cloudflare: GET /x: 418 I'm a teapot (ray r)")
}

// The error of a call that ended without a response names the last response that there was.
func TestCallErrorText(t *testing.T) {
	broken := errors.New("broken pipe")
	get := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.Organizations.Get(ctx, "o1")
		return err
	}
	update := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.Organizations.Update(ctx, "o1", cloudflare.OrganizationUpdateParams{Name: "n"})
		return err
	}
	for want, tt := range map[string]struct {
		call      func(context.Context, *cloudflare.Client) error
		responses []roundTripper
	}{
		"cloudflare: GET /organizations/o1: broken pipe (2 attempts)": {
			get, []roundTripper{fail(errors.New("an earlier cause")), fail(broken)},
		},
		"cloudflare: GET /organizations/o1: broken pipe (2 attempts); the last response was " +
			"GET /organizations/o1: 503 Service Unavailable: rejected (code 1003) (retry after 3s, 2 attempts, ray " + rayID + ")": {
			get, []roundTripper{respondWith(503, rejectedBody, rayHeader, "Retry-After: 3"), fail(broken)},
		},
		"cloudflare: PUT /organizations/o1: broken pipe (2 attempts); the last response was " +
			"PUT /organizations/o1: 503 Service Unavailable: rejected (code 1003) (2 attempts): " +
			"outcome unknown: the write may or may not have happened": {
			update, []roundTripper{respondError(503), fail(broken)},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := tt.call(t.Context(), newClient(t, newScript(t, tt.responses...), cloudflare.WithMaxRetries(1)))
			assert.EqualError(t, err, want)
			assert.ErrorIs(t, err, broken)
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newClient(t, sendNothing(t)).Organizations.Get(ended, "o1")
	assert.EqualError(t, err, "cloudflare: GET /organizations/o1: context canceled (nothing was sent)")
	assert.EqualError(t, &cloudflare.CallError{Method: "GET", Path: "/x", Attempts: 1}, "cloudflare: GET /x", "made by a user")
	assert.Empty(t, (&cloudflare.CallError{}).Unwrap())
}

// What ended an earlier attempt is not reported for a later one.
func TestEarlierCauseIsNotReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := errors.New("first cause")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		client, _ := newScriptedClient(t, fail(first), respondWith(503, "", "Retry-After: 10"))
		_, err := client.Organizations.Get(ctx, "o1")
		assert.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, first)
		assert.NotContains(t, err.Error(), "first cause")
		assert.ErrorContains(t, err, "the last response was GET /organizations/o1: 503")
	})
}

func TestErrorLogValue(t *testing.T) {
	full := newClient(t, respondWith(503, errorBody(1001, "no"), rayHeader))
	_, unknown := full.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "n"})
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"everything": {unknown, `err.message="cloudflare: POST /organizations: 503 Service Unavailable: no (code 1001) (ray ` + rayID +
			`): outcome unknown: the write may or may not have happened" err.method=POST err.path=/organizations err.status=503 ` +
			`err.attempts=1 err.ray_id=` + rayID + ` err.codes=[1001] err.outcome_unknown=true`},
		"the least": {&cloudflare.Error{Method: "GET", Path: "/x", StatusCode: 404, Attempts: 2},
			`err.message="cloudflare: GET /x: 404 Not Found (2 attempts)" err.method=GET err.path=/x err.status=404 err.attempts=2`},
	} {
		var out bytes.Buffer
		e, ok := errors.AsType[*cloudflare.Error](tt.err)
		require.True(t, ok, name)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "err", e)
		assert.Contains(t, out.String(), "msg=m "+tt.want+"\n", name)
	}
}

func TestPageError(t *testing.T) {
	cause := errors.New("cause")
	assert.EqualError(t, &cloudflare.PageError{Err: cause}, "cause")
	later := &cloudflare.PageError{PageToken: "t", Err: cause}
	assert.EqualError(t, later, "cause (not on the first page; set PageToken to resume)")
	assert.Same(t, cause, errors.Unwrap(later))
}

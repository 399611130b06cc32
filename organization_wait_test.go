package cloudflare_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestWaitUntilReadable(t *testing.T) {
	const never = 1 << 20
	for name, test := range map[string]struct {
		lag      int
		deadline time.Duration // zero for none
		took     time.Duration
		err      error
		deadErr  bool
	}{
		"at once":                          {},
		"after three looks":                {lag: 3, took: 1750 * time.Millisecond},
		"after three looks, in time":       {lag: 3, deadline: 2 * time.Second, took: 1750 * time.Millisecond},
		"never, without a deadline":        {lag: never, took: 57750 * time.Millisecond, err: cloudflare.ErrNotFound},
		"never, with one":                  {lag: never, deadline: 3 * time.Second, took: 1750 * time.Millisecond, err: cloudflare.ErrNotFound, deadErr: true},
		"a deadline of more than a minute": {lag: never, deadline: 2 * time.Minute, took: 117750 * time.Millisecond, err: cloudflare.ErrNotFound, deadErr: true},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				api.Lag(test.lag)
				fresh, err := api.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
				require.NoError(t, err)
				ctx := t.Context()
				if test.deadline > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, test.deadline)
					defer stop()
				}
				start := time.Now()
				org, err := api.client.Organizations.WaitUntilReadable(ctx, fresh.ID)
				assert.Equal(t, test.took, time.Since(start))
				assert.ErrorIs(t, err, test.err)
				assert.Equal(t, test.deadErr, errors.Is(err, context.DeadlineExceeded), "%v", err)
				if test.err == nil {
					assert.Equal(t, fresh, org)
				}
			})
		})
	}
}

// Without a deadline, WaitUntilReadable looks again if the next look begins within a minute.
func TestWaitUntilReadableLooksForOneMinute(t *testing.T) {
	for _, tt := range []struct{ look, took time.Duration }{ // it begins after 52.75 s, and is followed by a wait of 5 s
		{2250 * time.Millisecond, time.Minute},
		{2250*time.Millisecond + 1, 55*time.Second + 1},
	} {
		withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
			id := api.AddOrganization("Org", "")
			start := time.Now()
			api.before = func(*http.Request) {
				api.FailNext(http.MethodGet, "/"+id, cloudflaretest.Status(404, nil, notFoundBody))
				if time.Since(start) == 52750*time.Millisecond {
					time.Sleep(tt.look)
				}
			}
			_, err := api.client.Organizations.WaitUntilReadable(t.Context(), id)
			assert.ErrorIs(t, err, cloudflare.ErrNotFound)
			assert.Equal(t, tt.took, time.Since(start))
		})
	}
}

func TestWaitUntilReadableStopsOnOtherErrors(t *testing.T) {
	forbidden := cloudflaretest.Status(403, nil, `{"success":false,"errors":[],"messages":[],"result":null}`)
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		api.Lag(3)
		fresh, err := api.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
		require.NoError(t, err)

		start := time.Now()
		api.Fail(2, forbidden)
		_, err = api.client.Organizations.WaitUntilReadable(t.Context(), fresh.ID)
		assert.ErrorIs(t, err, cloudflare.ErrForbidden)
		assert.NotErrorIs(t, err, cloudflare.ErrNotFound, "what it was before does not matter")
		assert.Equal(t, 250*time.Millisecond, time.Since(start))

		start = time.Now()
		_, err = api.client.Organizations.WaitUntilReadable(t.Context(), "no-id")
		assert.ErrorContains(t, err, "404 Not Found", "no such route: there is nothing to wait for")
		assert.NotErrorIs(t, err, cloudflare.ErrNotFound)
		_, err = api.client.Organizations.WaitUntilReadable(t.Context(), "")
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		var none context.Context
		_, err = api.client.Organizations.WaitUntilReadable(none, fresh.ID)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		assert.Zero(t, time.Since(start))

		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("Ctrl-C")) })
		_, err = api.client.Organizations.WaitUntilReadable(ctx, fresh.ID)
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorContains(t, err, "Ctrl-C")
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
	})
}

//go:build !noofficial

package benchmarks_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/organizations"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/redislimit"
)

// The official SDK shares a quota with this package, through the middleware of the example in redislimit. Each of its
// attempts is admitted.
func TestOfficialSharesAQuota(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("one", "")
	server.FailNext("GET /organizations/{organization_id}", cloudflaretest.Status(503, http.Header{"Retry-After": {"0"}}, ""))
	socket := httptest.NewServer(server)
	defer socket.Close()

	store := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	defer store.Close()
	limiter := redislimit.New(store, redislimit.Config{Name: "ops@example.com"})
	official := organizations.NewOrganizationService(
		option.WithBaseURL(socket.URL+"/client/v4/"),
		option.WithAPIKey(cloudflaretest.APIKey), option.WithAPIEmail(cloudflaretest.Email),
		option.WithMiddleware(func(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			if err := limiter.Wait(request.Context()); err != nil {
				return nil, err
			}
			response, err := next(request)
			if err != nil {
				limiter.Observe(0, nil)
				return response, err
			}
			limiter.Observe(response.StatusCode, response.Header)
			return response, nil
		}))
	_, err := official.Get(t.Context(), id)
	require.NoError(t, err)
	status, err := limiter.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, redislimit.Status{Quota: 1200, Used: 2, Available: 1198}, status, "both attempts have ended")

	client := server.Client(append(limiter.Options(), cloudflare.WithMaxRetries(0))...)
	_, err = client.Organizations.Get(t.Context(), id)
	require.NoError(t, err)
	status, err = limiter.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 3, status.Used)
	assert.Len(t, server.Requests(), 3)
}

package blackbox

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// A client without options for its transport uses the Fetch API, and follows no redirect there either. The API of this
// test is served by what runs it: internal/rest/testdata/fetch.cjs.
func TestFetch(t *testing.T) {
	base := os.Getenv("FETCH_URL")
	if base == "" {
		t.Skip("run by internal/rest/testdata/fetch.cjs only")
	}
	for name, opts := range map[string][]cloudflare.Option{
		"default transport":           nil,
		"http.DefaultTransport":       {cloudflare.WithHTTPClient(&http.Client{})},
		"a transport of NewTransport": {cloudflare.WithHTTPClient(&http.Client{Transport: cloudflare.NewTransport()})},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := cloudflare.NewClient(append(opts, cloudflare.WithAPIToken("secret-token"), cloudflare.WithBaseURL(base))...)
			require.NoError(t, err)
			organization, err := client.Organizations.Get(t.Context(), "a1")
			require.NoError(t, err)
			assert.Equal(t, "GET true ", organization.Name)
			organization, err = client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Acme"})
			require.NoError(t, err)
			assert.Equal(t, `POST true {"name":"Acme"}`, organization.Name)
			_, err = client.Organizations.Get(t.Context(), "missing")
			require.ErrorIs(t, err, cloudflare.ErrNotFound)

			_, err = client.Organizations.Get(t.Context(), "redirected")
			require.ErrorContains(t, err, "redirects are not followed")
			err = client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/organizations/redirected", Body: 1}, nil)
			require.ErrorContains(t, err, "redirects are not followed")
			require.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
			organization, err = client.Organizations.Get(t.Context(), "leaked")
			require.NoError(t, err)
			assert.Equal(t, "0", organization.Name, "requests that reached another origin")
		})
	}
}

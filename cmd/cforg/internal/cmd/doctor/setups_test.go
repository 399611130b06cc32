package doctor

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

// Doctor names the cause, and what to do next. It blames the account and the credential only for what the API said.
func TestDoctorLeadsToTheCause(t *testing.T) {
	const (
		gateway = "ask who runs the proxy or gateway"
		format  = "the response is not in the format of the API: a proxy or gateway responded"
		again   = "run this command again in some minutes"
		limit   = "wait until the rate limit is reset"
	)
	typed := func(mediaType string) http.Header { return http.Header{"Content-Type": {mediaType}} }
	enveloped := func(code string) string {
		return `{"success":false,"errors":[{"code":` + code + `,"message":"no"}],"messages":[],"result":null}`
	}
	jsonType, html := typed("application/json"), typed("text/html")
	for name, test := range map[string]struct {
		fault        cloudflaretest.Fault
		reason, next string
		api          bool // the API itself responded
	}{
		"403 of the API":              {cloudflaretest.Status(403, jsonType, enveloped("10000")), "the user may not do this", "use a global API key", true},
		"403 of the API, unknown key": {cloudflaretest.Status(403, jsonType, enveloped("9103")), "does not know this credential", "replace the credential", true},
		"401 of the API":              {cloudflaretest.Status(401, jsonType, enveloped("10000")), "does not know this credential", "replace the credential", true},
		"403 as HTML":                 {cloudflaretest.Status(403, html, "<h1>no</h1>"), "HTML instead of JSON", gateway, false},
		"403 as JSON, no envelope":    {cloudflaretest.Status(403, jsonType, `{"error":"blocked"}`), format, gateway, false},
		"403 as problem":              {cloudflaretest.Status(403, typed("application/problem+json"), `{"title":"blocked","status":403}`), format, gateway, false},
		"403 as text":                 {cloudflaretest.Status(403, typed("text/plain"), "blocked"), format, gateway, false},
		"403 without a body":          {cloudflaretest.Status(403, nil, ""), format, gateway, false},
		"401 of a proxy":              {cloudflaretest.Status(401, html, "log in"), "HTML instead of JSON", gateway, false},
		"401 as JSON, no envelope":    {cloudflaretest.Status(401, jsonType, `{"message":"log in"}`), format, gateway, false},
		"404 of a proxy":              {cloudflaretest.Status(404, html, "no"), "HTML instead of JSON", gateway, false},
		"404 as JSON, no envelope":    {cloudflaretest.Status(404, jsonType, `{}`), format, gateway, false},
		"407":                         {cloudflaretest.Status(407, html, "no"), "a proxy requires authentication", "add the user and password of the proxy", false},
		"407 as JSON":                 {cloudflaretest.Status(407, jsonType, `{}`), "a proxy requires authentication", "add the user and password of the proxy", false},
		"429 with Retry-After":        {cloudflaretest.RateLimited(5 * time.Minute), "too many requests: the next one is allowed in 5m0s", limit, false},
		"429 without":                 {cloudflaretest.Status(429, jsonType, enveloped("971")), "too many requests", limit, false},
		"429 of a proxy":              {cloudflaretest.Status(429, http.Header{"Retry-After": {"60"}}, "slow"), "too many requests: the next one is allowed in 1m0s", limit, false},
		"a cut response":              {cloudflaretest.Cut(), "cut", gateway, false},
		"200 as HTML":                 {cloudflaretest.Status(200, html, "log in"), "HTML instead of JSON", gateway, false},
		"200 as JSON, no envelope":    {cloudflaretest.Status(200, jsonType, `{"hello":1}`), "cannot use the response", gateway, false},
		"302":                         {cloudflaretest.Status(302, http.Header{"Location": {"https://login.example.com"}}, ""), "a redirect", gateway, false},
		"307":                         {cloudflaretest.Status(307, http.Header{"Location": {"https://login.example.com"}}, ""), "a redirect", gateway, false},
		"500 of the API":              {cloudflaretest.Status(500, jsonType, enveloped("1")), "the server failed", again, false},
		"502 as HTML":                 {cloudflaretest.Status(502, html, "bad"), "HTML instead of JSON", again, false},
		"503":                         {cloudflaretest.Status(503, nil, ""), "the server failed", again, false},
		"504 as text":                 {cloudflaretest.Status(504, typed("text/plain"), "late"), "the server failed", again, false},
		"the connection was reset":    {cloudflaretest.Reset(), "the connection was reset", "mend the network: the connection was reset", false},
		"no response":                 {cloudflaretest.Stall(), "no response in time", "mend the network: no response in time", false},
	} {
		t.Run(name, func(t *testing.T) {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				w.FailNext("GET /organizations", test.fault)
				got := w.Run(t.Context(), Command, "")
				assert.Equal(t, cli.ExitFailed, got.Code)
				shown := strings.Join(strings.Fields(got.Stdout), " ") // a table wraps its lines
				assert.Contains(t, shown, test.reason)
				lines := strings.Split(strings.TrimSpace(got.Stdout), "\n")
				assert.Contains(t, lines[len(lines)-1], "Do this next: "+test.next)
				if !test.api {
					assert.NotContains(t, shown, "does not know the credential")
					assert.NotContains(t, shown, "no, or not for this credential")
				}
			})
		})
	}
}

func TestDoctorNamesAProxyThatCannotBeParsed(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		t.Run(name, func(t *testing.T) {
			assert.Empty(t, badProxyVariable())
			for _, valid := range []string{"http://10.0.0.1:3128", "10.0.0.1:3128", "socks5://user:password@proxy", "proxy"} {
				t.Setenv(name, valid)
				assert.Empty(t, badProxyVariable(), valid)
			}
			for _, invalid := range []string{"http://proxy:port", "http://pro xy:3128", "http://user:100%@proxy"} {
				t.Setenv(name, invalid)
				assert.Equal(t, name, badProxyVariable(), invalid)
			}
		})
	}
}

func TestDoctorShowsRayIDsIfAsked(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		assert.NotContains(t, w.Run(t.Context(), Command, "").Stdout, "-TST")
		assert.Contains(t, w.Run(t.Context(), Command, "", "--ray").Stdout, "-TST)")
		assert.Empty(t, rayID("ada@example.com"))
	})
}

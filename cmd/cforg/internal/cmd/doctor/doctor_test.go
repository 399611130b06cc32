package doctor

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

// examine runs doctor twice, and checks that neither output holds anything private.
func examine(t *testing.T, w *clitest.World) (text clitest.Result, r report) {
	t.Helper()
	text = w.Run(t.Context(), Command, "")
	asJSON := w.Run(t.Context(), Command, "", "--json")
	require.NoError(t, json.Unmarshal([]byte(asJSON.Stdout), &r), asJSON.Stdout)
	assert.Equal(t, text.Code, asJSON.Code)
	for _, out := range []string{text.Stdout, asJSON.Stdout, text.Stderr} {
		assertNothingPrivate(t, w, out)
	}
	return text, r
}

func assertNothingPrivate(t *testing.T, w *clitest.World, out string) {
	t.Helper()
	private := []string{cloudflaretest.APIKey, cloudflaretest.APIToken, cloudflaretest.Email, "@", "127.0.0.1", "Ada", "Ray", "-TST"}
	for _, o := range w.Tree.Organizations {
		private = append(private, o.Name, o.ID)
		for _, a := range o.Accounts {
			private = append(private, a.ID)
		}
		for _, m := range o.Members {
			private = append(private, m.ID, m.Email, m.Name)
		}
	}
	for _, secret := range private {
		assert.False(t, strings.Contains(out, secret), "%q is in the output:\n%s", secret, out)
	}
}

func (r report) operation(method string) operation {
	for _, op := range r.Operations {
		if op.Method == method {
			return op
		}
	}
	return operation{}
}

func TestDoctor(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		demo.AddRecent(w.Server, w.Tree, time.Now())
		text, r := examine(t, w)
		assert.Equal(t, cli.ExitDone, text.Code, text.Stderr)
		assert.True(t, r.OK)
		assert.Equal(t, "yes, 60", r.Organizations)
		assert.Equal(t, "yes, the API knows the credential", r.Credential.Known)
		assert.Equal(t, "the demo server", r.Network.Server)
		assert.Equal(t, []rateLimit{{"default", 1199, 1200, 300, 300}}, r.RateLimits)
		for _, op := range r.Operations {
			assert.Equal(t, resultOK, op.Result, op.Method)
			assert.Empty(t, op.Missing, op.Method)
			assert.Empty(t, op.OtherKind, op.Method)
			assert.Contains(t, text.Stdout, op.Method)
		}
		assert.Equal(t, "never set", r.operation("OrganizationProfile.Get").Reason)
		assert.Equal(t, 6, *r.operation("OrganizationAccounts.List").Items)
		for _, request := range w.Requests() {
			assert.Equal(t, http.MethodGet, request.Method)
		}
		assert.Len(t, w.Requests(), 2*len(probes), "one request for each operation")
	})
}

func TestDoctorTellsWhatIsWrong(t *testing.T) {
	jsonHeader := http.Header{"Content-Type": {"application/json"}}
	failure := func(code int) string {
		return `{"success":false,"errors":[{"code":` + strconv.Itoa(code) + `,"message":"Ada of Northwind Distribution may not"}],"messages":[],"result":null}`
	}
	for name, test := range map[string]struct {
		fault         cloudflaretest.Fault
		organizations string
		reason        string
		known         string
	}{
		"no Organizations": {cloudflaretest.Status(403, jsonHeader, failure(10000)),
			"no, or not for this credential: without the feature, the API responds with 403", "the user may not do this", "not known: it could not be verified"},
		"an unknown credential": {cloudflaretest.Status(403, jsonHeader, failure(9103)),
			"not known: the API does not know this credential", "the API does not know this credential", "no, the API does not know the credential"},
		"a gateway": {cloudflaretest.Status(502, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, "<h1>Ada's gateway 10.0.0.1</h1>"),
			"not known: HTML instead of JSON", "HTML instead of JSON: a proxy or gateway responded, not the API", "not known: it could not be verified"},
		"a captive portal": {cloudflaretest.Status(200, http.Header{"Content-Type": {"text/html"}}, "<h1>Log in, Ada</h1>"),
			"not known: HTML instead of JSON", "HTML instead of JSON", "not known"},
		"a redirect": {cloudflaretest.Status(302, http.Header{"Location": {"https://login.example.com/?user=Ada"}}, ""),
			"not known: a redirect", "a redirect, which is never followed", "not known"},
		"a rate limit": {cloudflaretest.RateLimited(5 * time.Minute),
			"not known: too many requests", "too many requests", "not known"},
		"an outage": {cloudflaretest.Status(503, jsonHeader, failure(1)),
			"not known: the server failed", "the server failed", "not known"},
		"success that is none": {cloudflaretest.Status(200, jsonHeader, failure(1)),
			"not known: the response reports an error", "the response reports an error in spite of its status", "not known"},
		"no envelope": {cloudflaretest.Status(200, jsonHeader, `{"name":"Ada"}`),
			"not known: the API client cannot use the response", "the API client cannot use the response", "not known"},
		"another scheme": {cloudflaretest.Status(405, jsonHeader, failure(10000)),
			"not known: this kind of credential", "this kind of credential is not accepted here", "not known"},
	} {
		t.Run(name, func(t *testing.T) {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				for range 2 {
					w.FailNext("GET /organizations", test.fault)
				}
				text, r := examine(t, w)
				assert.Equal(t, cli.ExitFailed, text.Code)
				assert.False(t, r.OK)
				assert.True(t, strings.HasPrefix(r.Organizations, test.organizations), r.Organizations)
				assert.Contains(t, r.operation("Organizations.List").Reason, test.reason)
				assert.True(t, strings.HasPrefix(r.Credential.Known, test.known), r.Credential.Known)
				assert.Equal(t, resultNotTested, r.operation("Organizations.Get").Result)
				assert.Contains(t, text.Stdout, "not tested: no organization was found to try it with")
			})
		})
	}
}

func TestDoctorWithoutOrganizations(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	w := &clitest.World{Server: server}
	got := w.Run(t.Context(), Command, "")
	assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
	assert.Contains(t, got.Stdout, "Organizations  none is visible to this credential\n")
}

func TestDoctorWithAToken(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.RunWithToken(t, Command, "--json")
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assertNothingPrivate(t, w, got.Stdout)
		var r report
		require.NoError(t, json.Unmarshal([]byte(got.Stdout), &r))
		assert.Equal(t, "an API token", r.Credential.Kind)
		assert.Equal(t, "a server on this machine", r.Network.Server)
		op := r.operation("OrganizationMembers.List")
		assert.Equal(t, resultFailed, op.Result)
		assert.Equal(t, 403, op.Status)
		assert.Equal(t, []int{10000}, op.Codes)
		assert.Contains(t, op.Reason, "a global API key with its email address may be")
	})
}

func TestDoctorVerifiesACredentialThatMayNotList(t *testing.T) {
	for path, token := range map[string]string{"user": "", "user/tokens/verify": cloudflaretest.APIToken} {
		server, baseURL := clitest.Serve(t)
		server.Handle("GET /"+path, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"success":true,"errors":[],"messages":[],"result":{"id":"f00","status":"active"}}`)
		}))
		server.FailNext("GET /organizations", cloudflaretest.Status(403, nil, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[],"result":null}`))
		t.Setenv("CLOUDFLARE_API_TOKEN", token)
		t.Setenv("CLOUDFLARE_API_KEY", "")
		t.Setenv("CLOUDFLARE_EMAIL", "")
		if token == "" {
			t.Setenv("CLOUDFLARE_API_KEY", cloudflaretest.APIKey)
			t.Setenv("CLOUDFLARE_EMAIL", cloudflaretest.Email)
		}
		t.Setenv("CLOUDFLARE_BASE_URL", baseURL)
		var out, errs bytes.Buffer
		env := &cli.Env{Stdout: &out, Stderr: &errs}
		assert.Equal(t, cli.ExitFailed, cli.Execute(t.Context(), env, []string{"doctor"}, Command))
		assert.Contains(t, out.String(), "yes, the API knows the credential, but it may not list organizations")
		assert.Contains(t, out.String(), "HTTP/1.1, connect ")
	}
}

func TestCredentialKind(t *testing.T) {
	for _, test := range []struct{ token, key, email, want string }{
		{"", "", "", "none: set "},
		{"cfut_1", "", "", "an API token of a user"},
		{"cfat_1", "", "", "an API token of an account"},
		{"cfoat_1", "", "", "an OAuth access token"},
		{"1", "", "", "an API token"},
		{"", "1", "a@b", "a global API key with its email address"},
		{"", "1", "", "half of one"},
		{"1", "1", "", "more than one"},
	} {
		t.Setenv("CLOUDFLARE_API_TOKEN", test.token)
		t.Setenv("CLOUDFLARE_API_KEY", test.key)
		t.Setenv("CLOUDFLARE_EMAIL", test.email)
		kind, _ := credentialKind(false)
		assert.True(t, strings.HasPrefix(kind, test.want), kind)
	}
}

func TestDoctorEndsOnInterrupt(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(w.InterruptAt(t.Context(), 3), Command, "")
		assert.Equal(t, cli.ExitInterrupted, got.Code)
		assert.Len(t, w.Requests(), 2)
	})
}

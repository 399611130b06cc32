package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
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

// change returns a hook that changes the bodies of responses to paths with a suffix.
func change(t *testing.T, suffix string, edit func(body map[string]any)) func(*http.Request, *http.Response) {
	return func(r *http.Request, response *http.Response) {
		if !strings.HasSuffix(r.URL.Path, suffix) {
			return
		}
		var body map[string]any
		decoder := json.NewDecoder(response.Body)
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&body))
		edit(body)
		encoded, err := json.Marshal(body)
		require.NoError(t, err)
		response.Body = io.NopCloser(bytes.NewReader(encoded))
		response.ContentLength = int64(len(encoded))
	}
}

func items(body map[string]any) (all []map[string]any) {
	for _, item := range body["result"].([]any) {
		all = append(all, item.(map[string]any))
	}
	return all
}

func TestDoctorOnAServerThatLies(t *testing.T) {
	const accounts = "/accounts"
	for name, test := range map[string]struct {
		edit    func(body map[string]any)
		unknown []fieldCount
		missing []fieldCount
		other   []fieldCount
	}{
		"an unknown field": {func(body map[string]any) { items(body)[0]["new_thing"] = "Ada" },
			[]fieldCount{{"result[].new_thing", 1, 6}}, nil, nil},
		"an unknown field in an object": {func(body map[string]any) {
			for _, a := range items(body) {
				a["settings"].(map[string]any)["x_newSetting"] = true
			}
		}, []fieldCount{{"result[].settings.x_newSetting", 6, 6}}, nil, nil},
		"an unknown field of the envelope": {func(body map[string]any) { body["result_info"].(map[string]any)["cursors"] = "Ada" },
			[]fieldCount{{"result_info.cursors", 1, 1}}, nil, nil},
		"keys that are data": {func(body map[string]any) {
			items(body)[0]["ada@example.com"] = 1
			items(body)[1]["0123456789abcdef0123456789abcdef"] = 1
			items(body)[2][cloudflaretest.APIKey] = 1
			items(body)[3]["x\x1b[2J"] = 1
		}, []fieldCount{{"result[]." + hidden, 4, 6}}, nil, nil},
		"a missing field": {func(body map[string]any) { delete(items(body)[0], "type"); delete(items(body)[1], "type") },
			nil, []fieldCount{{"result[].type", 2, 6}}, nil},
		"a missing object": {func(body map[string]any) { delete(items(body)[0], "settings") },
			nil, []fieldCount{{"result[].settings", 1, 6}}, nil},
		"another kind": {func(body map[string]any) { items(body)[0]["created_on"] = 1700000000 },
			nil, nil, []fieldCount{{"result[].created_on: number, not string", 1, 6}}},
		"an object for a list": {func(body map[string]any) { body["result"] = map[string]any{"ada@example.com": 1} },
			nil, nil, []fieldCount{{"result: object, not array", 1, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				w.Change = change(t, accounts, test.edit)
				text, r := examine(t, w)
				op := r.operation("OrganizationAccounts.List")
				assert.Equal(t, differences{test.unknown, test.missing, test.other}, op.differences)
				for _, field := range append(append(test.unknown, test.missing...), test.other...) {
					assert.Contains(t, text.Stdout, "  GET /organizations/{organization_id}/accounts  "+field.String()+"\n")
				}
			})
		})
	}
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
					w.FailNext(http.MethodGet, "/organizations", test.fault)
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
	server := cloudflaretest.NewServer()
	defer server.Close()
	w := &clitest.World{Server: server}
	got := w.Run(t.Context(), Command, "")
	assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
	assert.Contains(t, got.Stdout, "Organizations  none is visible to this credential\n")
}

func TestDoctorComparesClocks(t *testing.T) {
	for date, want := range map[time.Duration]string{
		0:                          "the local clock agrees with the server's",
		time.Second:                "the local clock agrees with the server's",
		-5 * time.Minute:           "the local clock is (5m0|4m59)s ahead of the server's",
		26 * time.Hour:             "the local clock is 26h0m[01]s behind the server's",
		-20 * 365 * 24 * time.Hour: "the local clock is (175200h0m0|175199h59m59)s ahead of the server's",
	} {
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			w.Change = func(_ *http.Request, response *http.Response) {
				response.Header.Set("Date", time.Now().Add(date).UTC().Format(http.TimeFormat))
			}
			_, r := examine(t, w)
			assert.Regexp(t, want, r.Clock.Verdict)
		})
	}
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Change = func(_ *http.Request, response *http.Response) { response.Header.Set("Date", "yesterday, said Ada") }
		_, r := examine(t, w)
		assert.Contains(t, r.Clock.Verdict, "not compared")
		assert.Nil(t, r.Clock.AheadSeconds)
	})
}

func TestDoctorHidesNamesOfRateLimits(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Change = func(_ *http.Request, response *http.Response) {
			response.Header.Set("Ratelimit", `"ada@example.com";r=7;t=3, "burst";r=1;t=1`)
			response.Header.Del("Ratelimit-Policy")
		}
		_, r := examine(t, w)
		require.Len(t, r.RateLimits, 2)
		assert.Equal(t, []string{hidden, "burst"}, []string{r.RateLimits[0].Name, r.RateLimits[1].Name})
		assert.Equal(t, 7, r.RateLimits[0].Remaining)
	})
}

// Without a network, doctor says so, and which part of the way fails.
func TestDoctorWithoutANetwork(t *testing.T) {
	const host = "ada.internal.example"
	for want, err := range map[string]error{
		"could not be resolved: no network": &net.DNSError{Err: "no such host", Name: host, IsNotFound: true},
		"DNS does not respond":              &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true},
		"the connection was refused":        &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
		"there is no route to the server":   &net.OpError{Op: "dial", Err: syscall.ENETUNREACH},
		"the proxy could not be reached":    &net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED},
		"the connection was reset":          &net.OpError{Op: "read", Err: syscall.ECONNRESET},
		"the connection failed":             errors.New("the cat of " + host + " sat on the cable"),
	} {
		var out, errs bytes.Buffer
		env := &cli.Env{Stdout: &out, Stderr: &errs, Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, err })}
		t.Setenv("CLOUDFLARE_API_TOKEN", "cfut_x1y2z3")
		t.Setenv("CLOUDFLARE_API_KEY", "")
		t.Setenv("CLOUDFLARE_EMAIL", "")
		t.Setenv("CLOUDFLARE_BASE_URL", "https://"+host+"/client/v4")
		code := cli.Execute(t.Context(), env, []string{"doctor"}, Command)
		assert.Equal(t, cli.ExitFailed, code)
		assert.Contains(t, out.String(), want)
		assert.Contains(t, out.String(), "Credential     an API token of a user\n")
		assert.Contains(t, out.String(), "Server         a server of the base URL; proxy: ")
		assert.NotContains(t, out.String()+errs.String(), host)
		assert.NotContains(t, out.String()+errs.String(), "x1y2z3")
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A server that does not respond is reported after less than two seconds, and given up after --timeout.
func TestDoctorTellsThatItWaits(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Fail(1, cloudflaretest.Stall())
		start := time.Now()
		got := w.Run(t.Context(), Command, "", "--timeout", "5s")
		assert.Equal(t, 5*time.Second, time.Since(start))
		assert.Equal(t, cli.ExitFailed, got.Code)
		assert.Contains(t, got.Stderr, "no response for 1.5s; waiting for up to 5s (--timeout)\n")
		assert.Contains(t, got.Stdout, "Network        no response in time\n")

		quick := w.Run(t.Context(), Command, "")
		assert.NotContains(t, quick.Stderr, "no response")
	})
}

func TestDoctorWithAToken(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		var out, errs bytes.Buffer
		env := &cli.Env{Stdout: &out, Stderr: &errs, Transport: w}
		t.Setenv("CLOUDFLARE_API_TOKEN", cloudflaretest.APIToken)
		t.Setenv("CLOUDFLARE_API_KEY", "")
		t.Setenv("CLOUDFLARE_EMAIL", "")
		t.Setenv("CLOUDFLARE_BASE_URL", w.URL)
		assert.Equal(t, cli.ExitDone, cli.Execute(t.Context(), env, []string{"doctor", "--json"}, Command), errs.String())
		assertNothingPrivate(t, w, out.String())
		var r report
		require.NoError(t, json.Unmarshal(out.Bytes(), &r))
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
		server := cloudflaretest.NewServer()
		defer server.Close()
		server.Handle("GET /"+path, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"success":true,"errors":[],"messages":[],"result":{"id":"f00","status":"active"}}`)
		}))
		server.FailNext(http.MethodGet, "/organizations", cloudflaretest.Status(403, nil, ""))
		t.Setenv("CLOUDFLARE_API_TOKEN", token)
		t.Setenv("CLOUDFLARE_API_KEY", "")
		t.Setenv("CLOUDFLARE_EMAIL", "")
		if token == "" {
			t.Setenv("CLOUDFLARE_API_KEY", cloudflaretest.APIKey)
			t.Setenv("CLOUDFLARE_EMAIL", cloudflaretest.Email)
		}
		t.Setenv("CLOUDFLARE_BASE_URL", server.URL)
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

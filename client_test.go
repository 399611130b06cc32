package cloudflare_test

import (
	"log/slog"
	"math"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

func TestNewClientCredential(t *testing.T) {
	token := http.Header{"Authorization": {"Bearer " + canaryToken}}
	key := http.Header{"X-Auth-Email": {canaryEmail}, "X-Auth-Key": {canaryKey}}
	for name, tt := range map[string]struct {
		options     []cloudflare.Option
		environment map[string]string
		want        http.Header
	}{
		"WithAPIToken": {options: []cloudflare.Option{cloudflare.WithAPIToken(canaryToken)}, want: token},
		"WithAPIKey":   {options: []cloudflare.Option{cloudflare.WithAPIKey(canaryKey, canaryEmail)}, want: key},
		"token variable": {
			environment: map[string]string{"CLOUDFLARE_API_TOKEN": canaryToken}, want: token,
		},
		"key variables": {
			environment: map[string]string{"CLOUDFLARE_API_KEY": canaryKey, "CLOUDFLARE_EMAIL": canaryEmail}, want: key,
		},
		"token variable beside an email": {
			environment: map[string]string{"CLOUDFLARE_API_TOKEN": canaryToken, "CLOUDFLARE_EMAIL": canaryEmail}, want: token,
		},
		"WithAPIToken beside key variables": {
			options:     []cloudflare.Option{cloudflare.WithAPIToken(canaryToken)},
			environment: map[string]string{"CLOUDFLARE_API_KEY": "another", "CLOUDFLARE_EMAIL": "another@example.com"},
			want:        token,
		},
		"WithAPIKey beside a token variable": {
			options:     []cloudflare.Option{cloudflare.WithAPIKey(canaryKey, canaryEmail)},
			environment: map[string]string{"CLOUDFLARE_API_TOKEN": "another"},
			want:        key,
		},
		"an option with an environment that is not valid": {
			options:     []cloudflare.Option{cloudflare.WithAPIToken(canaryToken)},
			environment: map[string]string{"CLOUDFLARE_API_TOKEN": "another", "CLOUDFLARE_API_KEY": "yet another"},
			want:        token,
		},
	} {
		t.Run(name, func(t *testing.T) {
			setCredentialVariables(t, tt.environment)
			script := newScript(t, respondSuccess("null"))
			client, err := cloudflare.NewClient(append(tt.options, cloudflare.WithHTTPClient(&http.Client{Transport: script}))...)
			require.NoError(t, err)

			require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/organizations"}, nil))

			got := http.Header{}
			for name, values := range script.only(t).Header {
				if name == "Authorization" || strings.HasPrefix(name, "X-Auth-") {
					got[name] = values
				}
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// setCredentialVariables sets these credential variables and unsets all others.
func setCredentialVariables(t *testing.T, variables map[string]string) {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"} {
		value, set := variables[name]
		t.Setenv(name, value) // also restores it afterwards
		if !set {
			require.NoError(t, os.Unsetenv(name))
		}
	}
}

// Every combination of the three variables, each unset, empty or set. Empty counts as unset.
func TestNewClientEnvironment(t *testing.T) {
	const tokenVar, keyVar, emailVar = "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"
	type set struct{ token, key, email bool }
	rejections := map[set][]string{ // the variables that the error must name; none: it is accepted
		{false, false, false}: {tokenVar, keyVar, emailVar},
		{false, false, true}:  {tokenVar, keyVar, emailVar},
		{false, true, false}:  {keyVar, emailVar},
		{false, true, true}:   nil,
		{true, false, false}:  nil,
		{true, false, true}:   nil,
		{true, true, false}:   {tokenVar, keyVar},
		{true, true, true}:    {tokenVar, keyVar},
	}
	states := []string{"unset", "empty", "set"}
	for _, token := range states {
		for _, key := range states {
			for _, email := range states {
				t.Run("token "+token+" key "+key+" email "+email, func(t *testing.T) {
					variables := map[string]string{}
					for _, v := range []struct{ name, state, value string }{
						{tokenVar, token, canaryToken}, {keyVar, key, canaryKey}, {emailVar, email, canaryEmail},
					} {
						switch v.state {
						case "empty":
							variables[v.name] = ""
						case "set":
							variables[v.name] = v.value
						}
					}
					setCredentialVariables(t, variables)

					client, err := cloudflare.NewClient()

					named := rejections[set{token == "set", key == "set", email == "set"}]
					if named == nil {
						require.NoError(t, err)
						assert.NotNil(t, client)
						return
					}
					require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
					assert.Nil(t, client)
					for _, name := range named {
						assert.ErrorContains(t, err, name)
					}
					for _, value := range []string{canaryToken, canaryKey, canaryEmail} {
						assert.NotContains(t, err.Error(), value)
					}
				})
			}
		}
	}
}

func TestNewClientRejectsTwoCredentials(t *testing.T) {
	token, key := cloudflare.WithAPIToken(canaryToken), cloudflare.WithAPIKey(canaryKey, canaryEmail)
	for name, options := range map[string][]cloudflare.Option{
		"token and key":  {token, key},
		"key and token":  {key, token},
		"token and same": {token, token},
		"key and same":   {key, key},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := cloudflare.NewClient(options...)
			require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
			assert.ErrorContains(t, err, "only one credential")
			assert.Nil(t, client)
		})
	}
}

func TestOptionsChangeTheRequest(t *testing.T) {
	for name, tt := range map[string]struct {
		options   []cloudflare.Option
		url, user string
	}{
		"defaults": {
			nil,
			"https://api.cloudflare.com/client/v4/organizations", userAgent,
		},
		"WithBaseURL": {
			[]cloudflare.Option{cloudflare.WithBaseURL("https://gateway.example.com/cf")},
			"https://gateway.example.com/cf/organizations", userAgent,
		},
		"WithBaseURL that ends with a slash": {
			[]cloudflare.Option{cloudflare.WithBaseURL("https://gateway.example.com/cf/")},
			"https://gateway.example.com/cf/organizations", userAgent,
		},
		"WithBaseURL without a path": {
			[]cloudflare.Option{cloudflare.WithBaseURL("http://127.0.0.1:8080")},
			"http://127.0.0.1:8080/organizations", userAgent,
		},
		"WithUserAgent": {
			[]cloudflare.Option{cloudflare.WithUserAgent("inventory/1.2")},
			"https://api.cloudflare.com/client/v4/organizations", "inventory/1.2 " + userAgent,
		},
	} {
		t.Run(name, func(t *testing.T) {
			script := newScript(t, respondSuccess("null"))
			client := newClient(t, script, tt.options...)

			require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/organizations"}, nil))

			assert.Equal(t, sentRequest{
				Method: "GET",
				URL:    tt.url,
				Header: sentHeader("User-Agent", tt.user+" ("+runtime.Version()+")"),
			}, script.only(t))
		})
	}
}

func TestZeroOptionsAreValid(t *testing.T) {
	_, err := cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken), cloudflare.WithTimeout(0),
		cloudflare.WithMaxRetries(0), cloudflare.WithMaxRetryWait(0))
	assert.NoError(t, err)
}

func TestWithHTTPClientCopiesTheClient(t *testing.T) {
	script := newScript(t, respondSuccess("null"))
	own := &http.Client{Transport: script}
	client, err := cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken), cloudflare.WithHTTPClient(own))
	require.NoError(t, err)
	own.Transport = nil

	require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/user"}, nil))

	script.only(t)
	assert.Nil(t, own.CheckRedirect, "the caller's client was changed")
}

func TestWithLogger(t *testing.T) {
	var log strings.Builder
	noTimes := func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindTime || a.Value.Kind() == slog.KindDuration {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: noTimes}))
	params := cloudflare.OrganizationListParams{Name: "a name that is nobody else's business"}

	client := newClient(t, newScript(t, respondWith(200, successBody("[]"), rayHeader), respondWith(403, rejectedBody, rayHeader)),
		cloudflare.WithLogger(logger))
	_, err := client.Organizations.List(t.Context(), params)
	require.NoError(t, err)
	_, err = client.Organizations.List(t.Context(), params)
	require.ErrorIs(t, err, cloudflare.ErrForbidden)

	assert.Equal(t, `level=DEBUG msg="cloudflare request" method=GET path=/organizations attempt=1 status=200 ray_id=86610873f8d987a9-IAD
level=INFO msg="cloudflare request" method=GET path=/organizations attempt=1 status=403 ray_id=86610873f8d987a9-IAD
`, log.String())
}

func TestInvalidOptions(t *testing.T) {
	transport := func(transport http.RoundTripper) cloudflare.Option {
		return cloudflare.WithHTTPClient(&http.Client{Transport: transport})
	}
	for name, option := range map[string]cloudflare.Option{ // the name begins with what the error must contain
		"option 2: nil":                     nil,
		"WithBaseURL: empty":                cloudflare.WithBaseURL(""),
		"WithBaseURL: another scheme":       cloudflare.WithBaseURL("ftp://example.com"),
		"WithBaseURL: http to another host": cloudflare.WithBaseURL("http://example.com"),
		"WithBaseURL: a query":              cloudflare.WithBaseURL("https://example.com/?a=b"),
		"WithHTTPClient: nil":               cloudflare.WithHTTPClient(nil),
		"WithHTTPClient: nil *Transport":    transport((*http.Transport)(nil)),
		"WithHTTPClient: nil func":          transport(roundTripper(nil)),
		"WithHTTPClient: nil *Jar":          cloudflare.WithHTTPClient(&http.Client{Jar: (*cookiejar.Jar)(nil)}),
		"WithTimeout: negative":             cloudflare.WithTimeout(-time.Nanosecond),
		"WithMaxRetries: negative":          cloudflare.WithMaxRetries(-1),
		"WithMaxRetries: math.MinInt":       cloudflare.WithMaxRetries(math.MinInt),
		"WithMaxRetryWait: negative":        cloudflare.WithMaxRetryWait(-time.Nanosecond),
		"WithMaxRateLimitWait: negative":    cloudflare.WithMaxRateLimitWait(-time.Nanosecond),
		"WithRateLimitHook: nil":            cloudflare.WithRateLimitHook(nil),
		"WithUserAgent: empty":              cloudflare.WithUserAgent(""),
		"WithUserAgent: a new line":         cloudflare.WithUserAgent("a\nb"),
		"WithLogger: nil":                   cloudflare.WithLogger(nil),
		"WithLogger: without a handler":     cloudflare.WithLogger(new(slog.Logger)),
		"WithLimiter: nil":                  cloudflare.WithLimiter(nil),
		"WithLimiter: nil pointer":          cloudflare.WithLimiter((*limiterFunc)(nil)),
		"WithLimiter: nil func":             cloudflare.WithLimiter(limiterFunc(nil)),
	} {
		says, _, _ := strings.Cut(name, ":")
		c, err := cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken), option)
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: invalid argument: .{8,}`, err.Error(), name)
			assert.ErrorContains(t, err, says, name)
			assert.Nil(t, c)
		}
	}
}

// The User-Agent names the version of this module that is built into a program. In these tests that is "devel".
func TestUserAgentHasTheVersion(t *testing.T) {
	run := exec.Command("go", "run", ".")
	run.Dir = newModule(t, "v1.22.333", map[string]string{"main.go": `package main

import (
	"context"
	"fmt"
	"net/http"

	"example.com/cloudflare"
)

type transport struct{}

func (transport) RoundTrip(r *http.Request) (*http.Response, error) {
	fmt.Print(r.UserAgent())
	return nil, http.ErrServerClosed
}

func main() {
	client, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithMaxRetries(0),
		cloudflare.WithHTTPClient(&http.Client{Transport: transport{}}))
	if err != nil {
		panic(err)
	}
	_, _ = client.Organizations.Get(context.Background(), "o1")
}
`})
	output, err := run.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, "cloudflare-organizations-go/v1.22.333 ("+runtime.Version()+")", string(output))
}

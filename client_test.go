package cloudflare_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

func TestCredentialOnTheWire(t *testing.T) {
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
		"token variable beside an e-mail": {
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
		"an option beside an environment that would be refused": {
			options:     []cloudflare.Option{cloudflare.WithAPIToken(canaryToken)},
			environment: map[string]string{"CLOUDFLARE_API_TOKEN": "another", "CLOUDFLARE_API_KEY": "yet another"},
			want:        token,
		},
	} {
		t.Run(name, func(t *testing.T) {
			setCredentialVariables(t, tt.environment)
			w := newScript(t, respondSuccess("null"))
			client, err := cloudflare.NewClient(append(tt.options, cloudflare.WithHTTPClient(&http.Client{Transport: w}))...)
			require.NoError(t, err)

			require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"organizations"}}, nil))

			got := http.Header{}
			for name, values := range w.only(t).Header {
				if name == "Authorization" || strings.HasPrefix(name, "X-Auth-") {
					got[name] = values
				}
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// setCredentialVariables makes these the only credential variables that are set.
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
func TestNewClientFromEveryEnvironment(t *testing.T) {
	const tokenVar, keyVar, emailVar = "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"
	type set struct{ token, key, email bool }
	refusals := map[set][]string{ // the variables that the error must name; none: it is accepted
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

					named := refusals[set{token == "set", key == "set", email == "set"}]
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

func TestNewClientRefusesTwoCredentials(t *testing.T) {
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

func TestOptionsOnTheWire(t *testing.T) {
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
			w := newScript(t, respondSuccess("null"))
			client := newClient(t, w, tt.options...)

			require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"organizations"}}, nil))

			assert.Equal(t, sentRequest{
				Method: "GET",
				URL:    tt.url,
				Header: sentHeader("User-Agent", tt.user+" ("+runtime.Version()+")"),
			}, w.only(t))
		})
	}
}

func TestNewClientTakesZeroForNone(t *testing.T) {
	_, err := cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken), cloudflare.WithTimeout(0),
		cloudflare.WithMaxRetries(0), cloudflare.WithMaxRetryWait(0))
	assert.NoError(t, err)
}

func TestWithHTTPClientIsACopy(t *testing.T) {
	w := newScript(t, respondSuccess("null"))
	own := &http.Client{Transport: w}
	client, err := cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken), cloudflare.WithHTTPClient(own))
	require.NoError(t, err)
	own.Transport = nil

	require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"user"}}, nil))

	w.only(t)
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

	client := newClient(t, newScript(t, respondWith(200, successBody("[]"), rayHeader), respondWith(403, rejectedBody, rayHeader)), cloudflare.WithLogger(logger))
	_, err := client.Organizations.List(t.Context(), params)
	require.NoError(t, err)
	_, err = client.Organizations.List(t.Context(), params)
	require.ErrorIs(t, err, cloudflare.ErrForbidden)

	assert.Equal(t, `level=DEBUG msg="cloudflare request" method=GET path=/organizations attempt=1 status=200 ray_id=86610873f8d987a9-IAD
level=INFO msg="cloudflare request" method=GET path=/organizations attempt=1 status=403 ray_id=86610873f8d987a9-IAD
`, log.String())
}

func TestCallOptionsOnTheWire(t *testing.T) {
	for name, tt := range map[string]struct {
		options []cloudflare.CallOption
		want    sentRequest
	}{
		"SetHeader": {
			[]cloudflare.CallOption{cloudflare.SetHeader("x-trace", "a"), cloudflare.SetHeader("X-Trace", "b")},
			sentRequest{Method: "GET", URL: organizationsURL + "?name=n", Header: sentHeader("X-Trace", "b")},
		},
		"SetHeader of the user agent": {
			[]cloudflare.CallOption{cloudflare.SetHeader("User-Agent", "mine")},
			sentRequest{Method: "GET", URL: organizationsURL + "?name=n", Header: sentHeader("User-Agent", "mine")},
		},
		"AddQuery": {
			[]cloudflare.CallOption{cloudflare.AddQuery("new", "a b"), cloudflare.AddQuery("new", "c&d")},
			sentRequest{Method: "GET", URL: organizationsURL + "?name=n&new=a+b&new=c%26d", Header: sentHeader()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, w := newScriptedClient(t, respondSuccess("[]"))
			_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "n"}, tt.options...)
			require.NoError(t, err)
			assert.Equal(t, tt.want, w.only(t))
		})
	}
}

func TestCaptureResponse(t *testing.T) {
	header := http.Header{
		"Cf-Ray":           {"86610873f8d987a9-IAD"},
		"Ratelimit":        {`"default";r=50;t=30`},
		"Ratelimit-Policy": {`"default";q=1200;w=300`},
	}
	limits := []cloudflare.RateLimit{
		{Name: "default", Remaining: 50, Quota: 1200, Reset: 30 * time.Second, Window: 5 * time.Minute},
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		fails  error
		want   cloudflare.Response
	}{
		"success": {
			status: 200,
			body: `{"success":true,"errors":[],"messages":[{"code":1,"message":"be quick"}],"result":[],
				"result_info":{"total_size":0, "later":[1]}}`,
			want: cloudflare.Response{
				StatusCode: 200, Attempts: 1, Header: header, RayID: "86610873f8d987a9-IAD", RateLimits: limits,
				Messages:   []cloudflare.ResponseInfo{{Code: 1, Message: "be quick"}},
				Result:     json.RawMessage(`[]`),
				ResultInfo: json.RawMessage(`{"total_size":0, "later":[1]}`),
			},
		},
		"error": {
			status: 404,
			body:   `{"success":false,"errors":[{"code":1001,"message":"no"}],"messages":["look elsewhere"],"result":{"why":1},"result_info":{"a":2}}`,
			fails:  cloudflare.ErrNotFound,
			want: cloudflare.Response{
				StatusCode: 404, Attempts: 1, Header: header, RayID: "86610873f8d987a9-IAD", RateLimits: limits,
				Messages:   []cloudflare.ResponseInfo{{Message: "look elsewhere"}},
				Result:     json.RawMessage(`{"why":1}`),
				ResultInfo: json.RawMessage(`{"a":2}`),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := newScriptedClient(t, respondWith(tt.status, tt.body,
				rayHeader, `Ratelimit: "default";r=50;t=30`, `Ratelimit-Policy: "default";q=1200;w=300`))
			got := cloudflare.Response{RayID: "of an earlier call", ResultInfo: json.RawMessage("{}")}
			_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{}, cloudflare.CaptureResponse(&got))
			assert.ErrorIs(t, err, tt.fails)
			assert.Equal(t, tt.want, got)
		})
	}
}

// What a captured response held before is cleared even by a call that is refused before it is sent.
func TestCaptureResponseOfRefusedCalls(t *testing.T) {
	client := newClient(t, sendNothing(t))
	for name, call := range map[string]func(cloudflare.CallOption) error{
		"Create": func(opt cloudflare.CallOption) error {
			_, err := client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{}, opt)
			return err
		},
		"List": func(opt cloudflare.CallOption) error {
			_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{PageSize: -1}, opt)
			return err
		},
		"Profile.Update": func(opt cloudflare.CallOption) error {
			return client.OrganizationProfile.Update(t.Context(), organizationID, cloudflare.OrganizationProfile{}, opt)
		},
		"Members.Create": func(opt cloudflare.CallOption) error {
			_, err := client.OrganizationMembers.Create(t.Context(), organizationID, cloudflare.OrganizationMemberCreateParams{}, opt)
			return err
		},
		"BatchCreate": func(opt cloudflare.CallOption) error {
			_, err := client.OrganizationMembers.BatchCreate(t.Context(), organizationID, nil, opt)
			return err
		},
		"Call": func(opt cloudflare.CallOption) error {
			return client.Call(t.Context(), cloudflare.Request{Method: "get", Path: []string{"x"}}, nil, opt)
		},
	} {
		held := cloudflare.Response{StatusCode: 200, RayID: "of another call"}
		assert.ErrorIs(t, call(cloudflare.CaptureResponse(&held)), cloudflare.ErrInvalidArgument, name)
		assert.Zero(t, held, name)
	}
}

// A transport may read a body when the call has returned, and the caller has its bytes back.
func TestRawBodiesAreCopied(t *testing.T) {
	var body io.ReadCloser
	client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		body = r.Body
		return respondWith(http.StatusRequestEntityTooLarge, "")(r)
	}))
	raw := json.RawMessage(`{"name":"mine"}`)
	require.Error(t, client.Call(t.Context(), cloudflare.Request{Method: "POST", Path: []string{"x"}, Body: raw}, nil))
	copy(raw, `{"name":"else"}`)
	sent, err := io.ReadAll(body)
	require.NoError(t, err)
	assert.Equal(t, `{"name":"mine"}`, string(sent))
}

func TestCaptureResponseWithoutAnAnswer(t *testing.T) {
	client := newClient(t, fail(errors.New("the line is dead")), cloudflare.WithMaxRetries(1), cloudflare.WithMaxRetryWait(0))
	got := cloudflare.Response{StatusCode: 200}
	_, err := client.Organizations.Get(t.Context(), organizationID, cloudflare.CaptureResponse(&got))
	assert.ErrorContains(t, err, "the line is dead")
	assert.Equal(t, cloudflare.Response{Attempts: 2}, got)
}

func TestCall(t *testing.T) {
	type zone struct {
		ID   string `json:"id"`
		Tags []int  `json:"tags"`
	}
	const verbatim = `{"z": 1,"a":[ 1.50, "\u0041" ]}`
	for name, tt := range map[string]struct {
		request cloudflare.Request
		answer  string
		into    any
		want    any
		sent    sentRequest
	}{
		"decodes the result": {
			request: cloudflare.Request{Method: "GET", Path: []string{"zones", "1"}, Query: url.Values{"b": {"2", "1"}, "a": {"&"}}},
			answer:  successBody(`{"id":"1","tags":[2]}`),
			into:    new(zone), want: &zone{"1", []int{2}},
			sent: sentRequest{Method: "GET", URL: apiURL + "/zones/1?a=%26&b=2&b=1", Header: sentHeader()},
		},
		"encodes the body as encoding/json": {
			request: cloudflare.Request{Method: "POST", Path: []string{"zones"}, Body: zone{ID: "<1>"}},
			answer:  successBody(`{}`),
			into:    new(zone), want: new(zone),
			sent: sentRequest{Method: "POST", URL: apiURL + "/zones", Body: `{"id":"\u003c1\u003e","tags":null}`,
				Header: sentHeader("Content-Type", "application/json")},
		},
		"passes RawMessage verbatim": {
			request: cloudflare.Request{Method: "PATCH", Path: []string{"zones"}, Body: json.RawMessage(verbatim)},
			answer:  successBody(verbatim),
			into:    new(json.RawMessage), want: new(json.RawMessage(verbatim)),
			sent: sentRequest{Method: "PATCH", URL: apiURL + "/zones", Body: verbatim,
				Header: sentHeader("Content-Type", "application/json")},
		},
		"needs no result": {
			request: cloudflare.Request{Method: "DELETE", Path: []string{"zones", "1"}},
			answer:  "",
			sent:    sentRequest{Method: "DELETE", URL: apiURL + "/zones/1", Header: sentHeader()},
		},
		"escapes segments": {
			request: cloudflare.Request{Method: "GET", Path: []string{"zones", "a b:é;,@&=+$"}},
			answer:  successBody(`[]`),
			sent:    sentRequest{Method: "GET", URL: apiURL + "/zones/a%20b:%C3%A9%3B%2C@&=+$", Header: sentHeader()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, w := newScriptedClient(t, respondWith(200, tt.answer))
			require.NoError(t, client.Call(t.Context(), tt.request, tt.into))
			assert.Equal(t, tt.want, tt.into)
			assert.Equal(t, tt.sent, w.only(t))
		})
	}
}

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

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

const (
	wireToken = "a-token-of-the-tests"
	wireKey   = "a-key-of-the-tests"
	wireEmail = "tests@example.com"
	wireAgent = "cloudflare-organizations-go/devel"
)

// wire is a transport that gives prepared answers and keeps what was sent.
type wire struct {
	*httpmock.MockTransport
	sent []wireRequest
}

// wireRequest is a request as it goes over the wire.
type wireRequest struct {
	Method, URL string // URL as the request line and the Host header have it
	Header      http.Header
	Body        string // empty if there was none
}

// newWire gives each request the next of the answers, and the last one to all that follow.
func newWire(status int, answers ...string) *wire {
	w := &wire{MockTransport: httpmock.NewMockTransport()}
	w.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		sent := wireRequest{Method: r.Method, URL: r.URL.String(), Header: r.Header.Clone()}
		if r.Body != nil {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			sent.Body = string(body)
		}
		response := httpmock.NewStringResponse(status, answers[min(len(w.sent), len(answers)-1)])
		w.sent = append(w.sent, sent)
		response.Header.Set("Cf-Ray", "86610873f8d987a9-IAD")
		return response, nil
	})
	return w
}

// client returns a client over w. It authenticates with a token unless opts bring the credential.
func (w *wire) client(t *testing.T, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	if len(opts) == 0 {
		opts = []cloudflare.Option{cloudflare.WithAPIToken(wireToken)}
	}
	client, err := cloudflare.NewClient(append(opts, cloudflare.WithHTTPClient(&http.Client{Transport: w}))...)
	require.NoError(t, err)
	return client
}

// only returns the one request that was sent.
func (w *wire) only(t *testing.T) wireRequest {
	t.Helper()
	require.Len(t, w.sent, 1)
	return w.sent[0]
}

// wireHeader is the whole header of a request, with the credential of wire.client and what more there is.
func wireHeader(more ...string) http.Header {
	h := http.Header{
		"Accept":        {"application/json"},
		"Authorization": {"Bearer " + wireToken},
		"User-Agent":    {wireAgent + " (" + runtime.Version() + ")"},
	}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = []string{more[i+1]}
	}
	return h
}

const wireSuccess = `{"success":true,"errors":[],"messages":[],"result":null}`

func TestCredentialOnTheWire(t *testing.T) {
	token := http.Header{"Authorization": {"Bearer " + wireToken}}
	key := http.Header{"X-Auth-Email": {wireEmail}, "X-Auth-Key": {wireKey}}
	for name, tt := range map[string]struct {
		options     []cloudflare.Option
		environment map[string]string
		want        http.Header
	}{
		"WithAPIToken": {options: []cloudflare.Option{cloudflare.WithAPIToken(wireToken)}, want: token},
		"WithAPIKey":   {options: []cloudflare.Option{cloudflare.WithAPIKey(wireKey, wireEmail)}, want: key},
		"token variable": {
			environment: map[string]string{"CLOUDFLARE_API_TOKEN": wireToken}, want: token,
		},
		"key variables": {
			environment: map[string]string{"CLOUDFLARE_API_KEY": wireKey, "CLOUDFLARE_EMAIL": wireEmail}, want: key,
		},
		"token variable beside an e-mail": {
			environment: map[string]string{"CLOUDFLARE_API_TOKEN": wireToken, "CLOUDFLARE_EMAIL": wireEmail}, want: token,
		},
		"WithAPIToken beside key variables": {
			options:     []cloudflare.Option{cloudflare.WithAPIToken(wireToken)},
			environment: map[string]string{"CLOUDFLARE_API_KEY": "another", "CLOUDFLARE_EMAIL": "another@example.com"},
			want:        token,
		},
		"WithAPIKey beside a token variable": {
			options:     []cloudflare.Option{cloudflare.WithAPIKey(wireKey, wireEmail)},
			environment: map[string]string{"CLOUDFLARE_API_TOKEN": "another"},
			want:        key,
		},
		"an option beside an environment that would be refused": {
			options:     []cloudflare.Option{cloudflare.WithAPIToken(wireToken)},
			environment: map[string]string{"CLOUDFLARE_API_TOKEN": "another", "CLOUDFLARE_API_KEY": "yet another"},
			want:        token,
		},
	} {
		t.Run(name, func(t *testing.T) {
			setCredentialVariables(t, tt.environment)
			w := newWire(200, wireSuccess)
			client := w.client(t, append(tt.options, cloudflare.WithMaxRetries(0))...)

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
						{tokenVar, token, wireToken}, {keyVar, key, wireKey}, {emailVar, email, wireEmail},
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
					for _, value := range []string{wireToken, wireKey, wireEmail} {
						assert.NotContains(t, err.Error(), value)
					}
				})
			}
		}
	}
}

func TestNewClientRefusesTwoCredentials(t *testing.T) {
	token, key := cloudflare.WithAPIToken(wireToken), cloudflare.WithAPIKey(wireKey, wireEmail)
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
	token := cloudflare.WithAPIToken(wireToken)
	for name, tt := range map[string]struct {
		options   []cloudflare.Option
		url, user string
	}{
		"defaults": {
			[]cloudflare.Option{token},
			"https://api.cloudflare.com/client/v4/organizations", wireAgent,
		},
		"WithBaseURL": {
			[]cloudflare.Option{token, cloudflare.WithBaseURL("https://gateway.example.com/cf")},
			"https://gateway.example.com/cf/organizations", wireAgent,
		},
		"WithBaseURL that ends with a slash": {
			[]cloudflare.Option{token, cloudflare.WithBaseURL("https://gateway.example.com/cf/")},
			"https://gateway.example.com/cf/organizations", wireAgent,
		},
		"WithBaseURL without a path": {
			[]cloudflare.Option{token, cloudflare.WithBaseURL("http://127.0.0.1:8080")},
			"http://127.0.0.1:8080/organizations", wireAgent,
		},
		"WithUserAgent": {
			[]cloudflare.Option{token, cloudflare.WithUserAgent("inventory/1.2")},
			"https://api.cloudflare.com/client/v4/organizations", "inventory/1.2 " + wireAgent,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(200, wireSuccess)
			client := w.client(t, tt.options...)

			require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"organizations"}}, nil))

			assert.Equal(t, wireRequest{
				Method: "GET",
				URL:    tt.url,
				Header: wireHeader("User-Agent", tt.user+" ("+runtime.Version()+")"),
			}, w.only(t))
		})
	}
}

func TestNewClientRefusesOptions(t *testing.T) {
	for name, option := range map[string]cloudflare.Option{
		"nil option":                            nil,
		"WithAPIToken: empty":                   cloudflare.WithAPIToken(""),
		"WithAPIKey: empty key":                 cloudflare.WithAPIKey("", wireEmail),
		"WithAPIKey: empty e-mail":              cloudflare.WithAPIKey(wireKey, ""),
		"WithAPIKey: no e-mail":                 cloudflare.WithAPIKey(wireKey, "tests"),
		"WithBaseURL: empty":                    cloudflare.WithBaseURL(""),
		"WithBaseURL: another scheme":           cloudflare.WithBaseURL("ftp://example.com"),
		"WithBaseURL: http to elsewhere":        cloudflare.WithBaseURL("http://example.com"),
		"WithBaseURL: a query":                  cloudflare.WithBaseURL("https://example.com/?a=b"),
		"WithHTTPClient: nil":                   cloudflare.WithHTTPClient(nil),
		"WithHTTPClient: a nil transport in it": cloudflare.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)}),
		"WithTimeout: negative":                 cloudflare.WithTimeout(-1),
		"WithMaxRetries: negative":              cloudflare.WithMaxRetries(-1),
		"WithMaxRetryWait: negative":            cloudflare.WithMaxRetryWait(-1),
		"WithUserAgent: empty":                  cloudflare.WithUserAgent(""),
		"WithUserAgent: a new line":             cloudflare.WithUserAgent("a\nb"),
		"WithLogger: nil":                       cloudflare.WithLogger(nil),
		"WithLimiter: nil":                      cloudflare.WithLimiter(nil),
	} {
		t.Run(name, func(t *testing.T) {
			options := []cloudflare.Option{option}
			if !strings.HasPrefix(name, "WithAPI") {
				options = []cloudflare.Option{cloudflare.WithAPIToken(wireToken), option}
			}
			client, err := cloudflare.NewClient(options...)
			require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
			assert.Nil(t, client)
			if source, _, ok := strings.Cut(name, ":"); ok {
				assert.ErrorContains(t, err, source)
			}
		})
	}
}

func TestNewClientTakesZeroForNone(t *testing.T) {
	_, err := cloudflare.NewClient(cloudflare.WithAPIToken(wireToken), cloudflare.WithTimeout(0),
		cloudflare.WithMaxRetries(0), cloudflare.WithMaxRetryWait(0))
	assert.NoError(t, err)
}

func TestWithHTTPClientIsACopy(t *testing.T) {
	w := newWire(200, wireSuccess)
	own := &http.Client{Transport: w}
	client, err := cloudflare.NewClient(cloudflare.WithAPIToken(wireToken), cloudflare.WithHTTPClient(own))
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
	options := []cloudflare.Option{cloudflare.WithAPIToken(wireToken), cloudflare.WithLogger(logger)}
	params := cloudflare.OrganizationListParams{Name: "a name that is nobody else's business"}

	_, err := newWire(200, `{"success":true,"result":[]}`).client(t, options...).Organizations.List(t.Context(), params)
	require.NoError(t, err)
	_, err = newWire(403, `{"success":false}`).client(t, options...).Organizations.List(t.Context(), params)
	require.ErrorIs(t, err, cloudflare.ErrForbidden)

	assert.Equal(t, `level=DEBUG msg="cloudflare request" method=GET path=/organizations attempt=1 status=200 ray_id=86610873f8d987a9-IAD
level=INFO msg="cloudflare request" method=GET path=/organizations attempt=1 status=403 ray_id=86610873f8d987a9-IAD
`, log.String())
}

func TestCallOptionsOnTheWire(t *testing.T) {
	for name, tt := range map[string]struct {
		options []cloudflare.CallOption
		want    wireRequest
	}{
		"SetHeader": {
			[]cloudflare.CallOption{cloudflare.SetHeader("x-trace", "a"), cloudflare.SetHeader("X-Trace", "b")},
			wireRequest{Method: "GET", URL: wireOrganizations + "?name=n", Header: wireHeader("X-Trace", "b")},
		},
		"SetHeader of the user agent": {
			[]cloudflare.CallOption{cloudflare.SetHeader("User-Agent", "mine")},
			wireRequest{Method: "GET", URL: wireOrganizations + "?name=n", Header: wireHeader("User-Agent", "mine")},
		},
		"AddQuery": {
			[]cloudflare.CallOption{cloudflare.AddQuery("new", "a b"), cloudflare.AddQuery("new", "c&d")},
			wireRequest{Method: "GET", URL: wireOrganizations + "?name=n&new=a+b&new=c%26d", Header: wireHeader()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(200, `{"success":true,"result":[]}`)
			_, err := w.client(t).Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "n"}, tt.options...)
			require.NoError(t, err)
			assert.Equal(t, tt.want, w.only(t))
		})
	}
}

func TestCallOptionsRefuse(t *testing.T) {
	for name, option := range map[string]cloudflare.CallOption{
		"nil":                              nil,
		"SetHeader: a credential":          cloudflare.SetHeader("Authorization", "Bearer other"),
		"SetHeader: another credential":    cloudflare.SetHeader("x-auth-key", "other"),
		"SetHeader: Accept":                cloudflare.SetHeader("Accept", "*/*"),
		"SetHeader: Content-Type":          cloudflare.SetHeader("content-type", "text/plain"),
		"SetHeader: Idempotency-Key":       cloudflare.SetHeader("Idempotency-Key", "k"),
		"SetHeader: no name":               cloudflare.SetHeader("", "v"),
		"SetHeader: a name with a space":   cloudflare.SetHeader("X Trace", "v"),
		"SetHeader: a value of two lines":  cloudflare.SetHeader("X-Trace", "a\r\nb"),
		"AddQuery: no key":                 cloudflare.AddQuery("", "v"),
		"AddQuery: page_token":             cloudflare.AddQuery("page_token", "v"),
		"AddQuery: page_size":              cloudflare.AddQuery("page_size", "1"),
		"AddQuery: what the params set":    cloudflare.AddQuery("name", "other"),
		"SetMaxRetries: a negative number": cloudflare.SetMaxRetries(-1),
		"CaptureResponse: nil":             cloudflare.CaptureResponse(nil),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(200, `{"success":true,"result":[]}`)
			_, err := w.client(t).Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "n"}, option)
			require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
			if source, _, ok := strings.Cut(name, ":"); ok {
				assert.ErrorContains(t, err, source)
			}
			assert.Empty(t, w.sent)
		})
	}
}

func TestSetMaxRetries(t *testing.T) {
	for name, tt := range map[string]struct {
		client, call int
		attempts     int
	}{
		"more than the client": {0, 2, 3},
		"less than the client": {2, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(503, "")
			client := w.client(t, cloudflare.WithAPIToken(wireToken), cloudflare.WithMaxRetries(tt.client),
				cloudflare.WithMaxRetryWait(0))
			_, err := client.Organizations.Get(t.Context(), wireID, cloudflare.SetMaxRetries(tt.call))

			e, ok := errors.AsType[*cloudflare.Error](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.attempts, e.Attempts)
			assert.Len(t, w.sent, tt.attempts)
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
			transport := httpmock.NewMockTransport()
			transport.RegisterResponder("GET", wireOrganizations,
				httpmock.NewStringResponder(tt.status, tt.body).HeaderSet(header))
			client, err := cloudflare.NewClient(cloudflare.WithAPIToken(wireToken),
				cloudflare.WithHTTPClient(&http.Client{Transport: transport}))
			require.NoError(t, err)

			got := cloudflare.Response{RayID: "of an earlier call", ResultInfo: json.RawMessage("{}")}
			_, err = client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{}, cloudflare.CaptureResponse(&got))
			assert.ErrorIs(t, err, tt.fails)
			assert.Equal(t, tt.want, got)
		})
	}
}

// What a captured response held before is cleared even by a call that is refused before it is sent.
func TestCaptureResponseOfRefusedCalls(t *testing.T) {
	client := newWire(http.StatusOK, enveloped(wireOrganization)).client(t)
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
			return client.OrganizationProfile.Update(t.Context(), wireID, cloudflare.OrganizationProfile{}, opt)
		},
		"Members.Create": func(opt cloudflare.CallOption) error {
			_, err := client.OrganizationMembers.Create(t.Context(), wireID, cloudflare.OrganizationMemberCreateParams{}, opt)
			return err
		},
		"BatchCreate": func(opt cloudflare.CallOption) error {
			_, err := client.OrganizationMembers.BatchCreate(t.Context(), wireID, nil, opt)
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
	client, err := cloudflare.NewClient(cloudflare.WithAPIToken(wireToken), cloudflare.WithHTTPClient(&http.Client{
		Transport: cannedTransport(func(r *http.Request) (*http.Response, error) {
			body = r.Body
			return httpmock.NewStringResponse(http.StatusRequestEntityTooLarge, ""), nil
		}),
	}))
	require.NoError(t, err)
	raw := json.RawMessage(`{"name":"mine"}`)
	require.Error(t, client.Call(t.Context(), cloudflare.Request{Method: "POST", Path: []string{"x"}, Body: raw}, nil))
	copy(raw, `{"name":"else"}`)
	sent, err := io.ReadAll(body)
	require.NoError(t, err)
	assert.Equal(t, `{"name":"mine"}`, string(sent))
}

func TestCaptureResponseWithoutAnAnswer(t *testing.T) {
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(httpmock.NewErrorResponder(errors.New("the line is dead")))
	client, err := cloudflare.NewClient(cloudflare.WithAPIToken(wireToken), cloudflare.WithMaxRetries(1),
		cloudflare.WithMaxRetryWait(0), cloudflare.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)

	got := cloudflare.Response{StatusCode: 200}
	_, err = client.Organizations.Get(t.Context(), wireID, cloudflare.CaptureResponse(&got))
	assert.ErrorContains(t, err, "the line is dead")
	assert.Equal(t, cloudflare.Response{Attempts: 2}, got)
}

func TestCall(t *testing.T) {
	type zone struct {
		ID   string `json:"id"`
		Tags []int  `json:"tags"`
	}
	const verbatim = `{"z": 1,"a":[ 1.50, "\u0041" ]}`
	envelope := func(result string) string { return `{"success":true,"result":` + result + `}` }
	for name, tt := range map[string]struct {
		request cloudflare.Request
		answer  string
		into    any
		want    any
		sent    wireRequest
	}{
		"decodes the result": {
			request: cloudflare.Request{Method: "GET", Path: []string{"zones", "1"}, Query: url.Values{"b": {"2", "1"}, "a": {"&"}}},
			answer:  envelope(`{"id":"1","tags":[2]}`),
			into:    new(zone), want: &zone{"1", []int{2}},
			sent: wireRequest{Method: "GET", URL: wireBase + "/zones/1?a=%26&b=2&b=1", Header: wireHeader()},
		},
		"encodes the body as encoding/json": {
			request: cloudflare.Request{Method: "POST", Path: []string{"zones"}, Body: zone{ID: "<1>"}},
			answer:  envelope(`{}`),
			into:    new(zone), want: new(zone),
			sent: wireRequest{Method: "POST", URL: wireBase + "/zones", Body: `{"id":"\u003c1\u003e","tags":null}`,
				Header: wireHeader("Content-Type", "application/json")},
		},
		"passes RawMessage verbatim": {
			request: cloudflare.Request{Method: "PATCH", Path: []string{"zones"}, Body: json.RawMessage(verbatim)},
			answer:  envelope(verbatim),
			into:    new(json.RawMessage), want: new(json.RawMessage(verbatim)),
			sent: wireRequest{Method: "PATCH", URL: wireBase + "/zones", Body: verbatim,
				Header: wireHeader("Content-Type", "application/json")},
		},
		"needs no result": {
			request: cloudflare.Request{Method: "DELETE", Path: []string{"zones", "1"}},
			answer:  "",
			sent:    wireRequest{Method: "DELETE", URL: wireBase + "/zones/1", Header: wireHeader()},
		},
		"escapes segments": {
			request: cloudflare.Request{Method: "GET", Path: []string{"zones", "a b:é;,@&=+$"}},
			answer:  envelope(`[]`),
			sent:    wireRequest{Method: "GET", URL: wireBase + "/zones/a%20b:%C3%A9%3B%2C@&=+$", Header: wireHeader()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(200, tt.answer)
			require.NoError(t, w.client(t).Call(t.Context(), tt.request, tt.into))
			assert.Equal(t, tt.want, tt.into)
			assert.Equal(t, tt.sent, w.only(t))
		})
	}
}

func TestCallRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		request cloudflare.Request
		into    any
	}{
		"no method":                  {cloudflare.Request{Path: []string{"zones"}}, nil},
		"a method in lower case":     {cloudflare.Request{Method: "get", Path: []string{"zones"}}, nil},
		"another method":             {cloudflare.Request{Method: "CONNECT", Path: []string{"zones"}}, nil},
		"no path":                    {cloudflare.Request{Method: "GET"}, nil},
		"a path that is one string":  {cloudflare.Request{Method: "GET", Path: []string{"zones/1"}}, nil},
		"a result of no use":         {cloudflare.Request{Method: "GET", Path: []string{"zones"}}, map[string]any{}},
		"a nil pointer":              {cloudflare.Request{Method: "GET", Path: []string{"zones"}}, (*int)(nil)},
		"a body that cannot be sent": {cloudflare.Request{Method: "POST", Path: []string{"zones"}, Body: make(chan int)}, nil},
		"a RawMessage that is none":  {cloudflare.Request{Method: "POST", Path: []string{"zones"}, Body: json.RawMessage("{")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(200, wireSuccess)
			assert.ErrorIs(t, w.client(t).Call(t.Context(), tt.request, tt.into), cloudflare.ErrInvalidArgument)
			assert.Empty(t, w.sent)
		})
	}
}

package cloudflare_test

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

func TestCallOptionsChangeTheRequest(t *testing.T) {
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
			client, script := newScriptedClient(t, respondSuccess("[]"))
			_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "n"}, tt.options...)
			require.NoError(t, err)
			assert.Equal(t, tt.want, script.only(t))
		})
	}
}

func TestInvalidCallOptions(t *testing.T) {
	c := newClient(t, sendNothing(t))
	for name, tt := range map[string]struct { // the name begins with what the error must contain
		options []cloudflare.CallOption
	}{
		"option 1: nil":               {[]cloudflare.CallOption{nil}},
		"option 2: nil":               {[]cloudflare.CallOption{cloudflare.SetMaxRetries(0), nil}},
		"SetMaxRetries: negative":     {[]cloudflare.CallOption{cloudflare.SetMaxRetries(-1)}},
		"SetMaxRetries: math.MinInt":  {[]cloudflare.CallOption{cloudflare.SetMaxRetries(math.MinInt)}},
		"CaptureResponse: nil":        {[]cloudflare.CallOption{cloudflare.CaptureResponse(nil)}},
		"AddQuery: no key":            {[]cloudflare.CallOption{cloudflare.AddQuery("", "x")}},
		"\"q\": a value not in UTF-8": {[]cloudflare.CallOption{cloudflare.AddQuery("q", "\xff")}},
		"UTF-8: a key not in UTF-8":   {[]cloudflare.CallOption{cloudflare.AddQuery("\xff", "x")}},
		"\"page_token\": reserved":    {[]cloudflare.CallOption{cloudflare.AddQuery("page_token", "x")}},
		"\"page_size\": reserved":     {[]cloudflare.CallOption{cloudflare.AddQuery("page_size", "1")}},
		"\"name\": in the params too": {[]cloudflare.CallOption{cloudflare.AddQuery("name", "b")}},
		"SetHeader: no key":           {[]cloudflare.CallOption{cloudflare.SetHeader("", "v")}},
		"Authorization: reserved":     {[]cloudflare.CallOption{cloudflare.SetHeader("authorization", "Bearer other")}},
		"X-Trace: two lines":          {[]cloudflare.CallOption{cloudflare.SetHeader("x-trace", "a\r\nb")}},
		"SetMaxRetries: comes first":  {[]cloudflare.CallOption{cloudflare.SetMaxRetries(-1), cloudflare.AddQuery("", "x")}},
	} {
		says, _, _ := strings.Cut(name, ":")
		_, err := c.Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "n"}, tt.options...)
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: invalid argument: .{8,}`, err.Error(), name)
			assert.ErrorContains(t, err, says, name)
		}
		_, err = c.OrganizationMembers.BatchCreate(t.Context(), organizationID, manyMembers(11), append(tt.options, cloudflare.AddQuery("", ""))...)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		assert.Len(t, batchErrorOf(t, err).NotCreated, 11)
	}
}

// Headers with control characters, and headers that the client sets itself, are rejected before a request is sent.
func TestInvalidHeaders(t *testing.T) {
	for _, value := range []string{"a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00", "\x7f", "a\tb", "a\x1b[2J", "a\u0085b", "a\xff"} {
		_, err := newClient(t, sendNothing(t)).Organizations.Get(t.Context(), "o1", cloudflare.SetHeader("X-Mine", value))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", value)
		assert.ErrorContains(t, err, "SetHeader")
		_, err = cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithUserAgent(value))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", value)
		assert.ErrorContains(t, err, "WithUserAgent")
	}
	for _, value := range []string{"", " ", " a", "a ", "\u00a0"} {
		_, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithUserAgent(value))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", value)
	}
	for _, key := range []string{
		"", " ", "X Mine", "X-Mine:", "X-Mine\r\nX-Evil", "X-Mïne", "(X)", "X-Mine\x00", "X/Y",
		"Authorization", "authorization", "AUTHORIZATION", "X-Auth-Key", "x-auth-key", "X-Auth-Email", "X-Auth-User-Service-Key", "x-auth-anything",
		"Proxy-Authorization", "Cookie", "cookie", "Host", "host", "Accept", "accept", "Accept-Encoding", "Content-Type", "content-length",
		"Content-Encoding", "Content-Anything", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "TE", "Trailer", "Transfer-Encoding", "transfer-encoding",
		"Upgrade", "Expect", "Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY", "X-Idempotency-Key", "x-idempotency-KEY",
		"X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override",
	} {
		_, err := newClient(t, sendNothing(t)).Organizations.Get(t.Context(), "o1", cloudflare.SetHeader(key, "x"))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", key)
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

// The result of a success is captured only if the whole body was read. That of an error is captured wherever possible.
func TestCapturedResultOfABodyThatIsNotRead(t *testing.T) {
	for name, tt := range map[string]struct {
		status       int
		body         string
		result, info string
	}{
		"of another type":            {200, `{"success":true,"result":7,"result_info":{"a":1}}`, `7`, `{"a":1}`},
		"a name twice":               {200, `{"success":true,"result":[],"result_info":{},"result":7}`, "", ""},
		"a name twice in an item":    {200, `{"success":true,"result":[{"id":"a","id":"b"}],"result_info":{}}`, "", ""},
		"too many values":            {200, `{"success":true,"result":[` + strings.Repeat(`{},`, 400_000) + `{}],"result_info":{}}`, "", ""},
		"incomplete":                 {200, `{"success":true,"result":[],"result_info":{}`, "", ""},
		"an error":                   {404, `{"success":false,"result":7,"result_info":{"a":1}}`, `7`, `{"a":1}`},
		"an error with a name twice": {404, `{"success":false,"result":[],"result_info":{},"result":7}`, `7`, `{}`},
		"an incomplete error":        {404, `{"success":false,"result":[],"result_info":{}`, "", ""},
	} {
		client, _ := newScriptedClient(t, respondWith(tt.status, tt.body))
		var got cloudflare.Response
		_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{}, cloudflare.CaptureResponse(&got))
		assert.Error(t, err, name)
		assert.Equal(t, tt.status, got.StatusCode, name)
		assert.Equal(t, tt.result, string(got.Result), name)
		assert.Equal(t, tt.info, string(got.ResultInfo), name)
	}
}

// A call with an invalid argument clears the captured response too.
func TestInvalidCallsClearTheCapturedResponse(t *testing.T) {
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
			return client.Call(t.Context(), cloudflare.Request{Method: "get", Route: "/x"}, nil, opt)
		},
	} {
		held := cloudflare.Response{StatusCode: 200, RayID: "of another call"}
		assert.ErrorIs(t, call(cloudflare.CaptureResponse(&held)), cloudflare.ErrInvalidArgument, name)
		assert.Zero(t, held, name)
	}
}

// A call that ends without a response captures the last response before that.
func TestCaptureResponseOfAnEarlierAttempt(t *testing.T) {
	const body = `{"success":false,"errors":[{"code":1,"message":"no"}],"messages":[{"code":2,"message":"maintenance"}],"result":{"a":1},"result_info":{"b":2}}`
	client := newClient(t, newScript(t, respondWith(503, body, rayHeader), fail(errors.New("the line is dead"))),
		cloudflare.WithMaxRetries(1), cloudflare.WithMaxRetryWait(0))
	var got cloudflare.Response
	_, err := client.Organizations.Get(t.Context(), organizationID, cloudflare.CaptureResponse(&got))
	assert.ErrorContains(t, err, "the line is dead")
	assert.Equal(t, cloudflare.Response{
		StatusCode: 503, Attempts: 2, Header: http.Header{"Cf-Ray": {rayID}}, RayID: rayID,
		Messages: []cloudflare.ResponseInfo{{Code: 2, Message: "maintenance"}},
		Result:   json.RawMessage(`{"a":1}`), ResultInfo: json.RawMessage(`{"b":2}`),
	}, got)
}

func TestCaptureResponseWithoutAResponse(t *testing.T) {
	client := newClient(t, fail(errors.New("the line is dead")), cloudflare.WithMaxRetries(1), cloudflare.WithMaxRetryWait(0))
	got := cloudflare.Response{StatusCode: 200}
	_, err := client.Organizations.Get(t.Context(), organizationID, cloudflare.CaptureResponse(&got))
	assert.ErrorContains(t, err, "the line is dead")
	assert.Equal(t, cloudflare.Response{Attempts: 2}, got)
}

func TestWorkflowsApplyCallOptionsToEachRequest(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		id := api.AddOrganization("Org", "")
		var last cloudflare.Response
		opts := []cloudflare.CallOption{cloudflare.SetHeader("X-Job", "nightly"), cloudflare.CaptureResponse(&last)}
		o := api.client.Organizations

		_, err := o.Modify(t.Context(), id, renameTo("New"), opts...)
		require.NoError(t, err)
		_, err = api.client.OrganizationProfile.Modify(t.Context(), id, setBusinessPhone, opts...)
		require.NoError(t, err)
		assert.Equal(t, http.StatusNoContent, last.StatusCode, "of the PUT")
		_, _, err = o.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Another"}, opts...)
		require.NoError(t, err)
		_, err = o.WaitUntilReadable(t.Context(), id, opts...)
		require.NoError(t, err)
		require.NoError(t, o.DeleteIfEmpty(t.Context(), id, opts...))
		require.NoError(t, o.DeleteIfEmpty(t.Context(), id, opts...))

		assert.Greater(t, len(api.Requests()), 12)
		for _, r := range api.Requests() {
			assert.Equal(t, "nightly", r.Header.Get("X-Job"), "%s %s", r.Method, r.Path)
		}
	})
}

func TestEveryCaptureIsFilled(t *testing.T) {
	body := `{"success":true,"messages":[{"code":1,"message":"hello"}],"result":[{"id":"o1","later":true}],"result_info":{"total_size":1}}`
	var first, second cloudflare.Response
	_, err := newClient(t, respondWith(200, body)).Organizations.List(t.Context(), cloudflare.OrganizationListParams{},
		cloudflare.CaptureResponse(&first), cloudflare.CaptureResponse(&second))
	require.NoError(t, err)
	assert.Equal(t, 200, first.StatusCode)
	assert.JSONEq(t, `[{"id":"o1","later":true}]`, string(first.Result), "a field that this version does not know")
	assert.Equal(t, first, second)

	first, second = cloudflare.Response{}, cloudflare.Response{}
	_, err = newClient(t, respondWith(404, `{"success":false,"errors":[{"message":"no"}],"result":null,"result_info":{"history_status":"unavailable"}}`)).
		Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&first), cloudflare.CaptureResponse(&second))
	require.Error(t, err)
	assert.JSONEq(t, `{"history_status":"unavailable"}`, string(first.ResultInfo))
	assert.Equal(t, first, second)
	assert.Equal(t, 404, second.StatusCode)

	first = cloudflare.Response{}
	_, err = newClient(t, respondWith(200, `{"success":true,"result":{"id":7}}`)).Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&first))
	require.Error(t, err)
	assert.JSONEq(t, `{"id":7}`, string(first.Result), "a result that cannot be decoded is within reach")
}

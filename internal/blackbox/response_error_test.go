package blackbox

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// A response with status 200 and "success": false is an error. The outcome of a write is known: it failed.
func TestFailureWithStatus200(t *testing.T) {
	for _, result := range []string{"", `,"result":null`, `,"result":{}`, `,"result":[]`, `,"result":"no"`, `,"result":[{"id":7}]`} {
		for _, m := range everyMethod {
			body := `{"success":false,"errors":[{"code":1001,"message":"not today"}],"messages":["try tomorrow"]` + result + `}`
			got, err := m.call(t.Context(), newClient(t, respondWith(200, body, rayHeader)))
			apiError := requireResponseError(t, m, got, err, 200)
			assert.Equal(t, []cloudflare.ResponseInfo{{Code: 1001, Message: "not today"}}, apiError.Errors)
			assert.Equal(t, []cloudflare.ResponseInfo{{Message: "try tomorrow"}}, apiError.Messages)
			assert.ErrorContains(t, err, "not today (code 1001)")
			assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
			assert.NotErrorIs(t, err, cloudflare.ErrNotFound)
		}
	}
}

// The API, its edge and its older endpoints send errors in all of these forms.
func TestErrorBodies(t *testing.T) {
	type infos = []cloudflare.ResponseInfo
	tests := []struct {
		name   string
		status int
		body   string
		errors infos
		text   string
		is     []error
	}{
		{"unauthorized", 401, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[]}`,
			infos{{Code: 10000, Message: "Authentication error"}}, "401 Unauthorized: Authentication error (code 10000)", []error{cloudflare.ErrUnauthorized}},
		{"bad headers, with a chain", 400,
			`{"success":false,"errors":[{"code":6003,"message":"Invalid request headers",` +
				`"error_chain":[{"code":6103,"message":"Invalid format for X-Auth-Key header"}]}],"messages":[],"result":null}`,
			infos{{Code: 6003, Message: "Invalid request headers", ErrorChain: infos{{Code: 6103, Message: "Invalid format for X-Auth-Key header"}}}},
			"Invalid request headers (code 6003) < Invalid format for X-Auth-Key header (code 6103)", []error{cloudflare.ErrUnauthorized}},
		{"a code that counts, in a chain", 400, `{"success":false,"errors":[{"message":"no","error_chain":[{"error_chain":[{"code":9106}]}]}]}`,
			infos{{Message: "no", ErrorChain: infos{{ErrorChain: infos{{Code: 9106}}}}}}, "no <", []error{cloudflare.ErrUnauthorized}},
		{"missing headers", 400, `{"success":false,"errors":[{"code":9106,"message":"Missing X-Auth-Key, X-Auth-Email or Authorization headers"}]}`,
			infos{{Code: 9106, Message: "Missing X-Auth-Key, X-Auth-Email or Authorization headers"}}, "code 9106", []error{cloudflare.ErrUnauthorized}},
		{"unknown key", 403, `{"success":false,"errors":[{"code":9103,"message":"Unknown X-Auth-Key or X-Auth-Email"}]}`,
			infos{{Code: 9103, Message: "Unknown X-Auth-Key or X-Auth-Email"}}, "code 9103", []error{cloudflare.ErrUnauthorized, cloudflare.ErrForbidden}},
		{"documentation_url", 403,
			`{"success":false,"errors":[{"code":10000,"message":"Forbidden","documentation_url":"https://developers.cloudflare.com/x"}]}`,
			infos{{Code: 10000, Message: "Forbidden", DocumentationURL: "https://developers.cloudflare.com/x"}},
			"Forbidden (code 10000), see https://developers.cloudflare.com/x: the token may not be valid; user API tokens support only some", []error{cloudflare.ErrForbidden}},
		{"tokens not allowed", 405, `{"success":false,"errors":[{"code":10000,"message":"POST method not allowed for the api_token authentication scheme"}]}`,
			infos{{Code: 10000, Message: "POST method not allowed for the api_token authentication scheme"}}, "user API tokens support only some", nil},
		{"source.pointer", 400, `{"success":false,"errors":[{"code":1183,"message":"bad","source":{"pointer":"/name"}}]}`,
			infos{{Code: 1183, Message: "bad", Source: cloudflare.ResponseInfoSource{Pointer: "/name"}}}, "bad (code 1183) at /name", nil},
		{"no route", 404, `{"success":false,"errors":[{"code":7003,"message":"Could not route to /x"},{"code":7000,"message":"No route for that URI"}]}`,
			infos{{Code: 7003, Message: "Could not route to /x"}, {Code: 7000, Message: "No route for that URI"}},
			"Could not route to /x (code 7003); No route for that URI (code 7000)", nil},
		{
			"conflict", 409, `{"success":false,"errors":[{"code":1,"message":"exists"}]}`,
			infos{{Code: 1, Message: "exists"}}, "exists", []error{cloudflare.ErrConflict},
		},
		{"throttled", 429, `{"success":false,"errors":[{"code":971,"message":"Please wait and consider throttling your request speed"}]}`,
			infos{{Code: 971, Message: "Please wait and consider throttling your request speed"}},
			"429 Too Many Requests: Please wait", []error{cloudflare.ErrRateLimited}},
		{
			"no code", 400, `{"success":false,"errors":[{"message":"only a message"}],"result":null}`,
			infos{{Message: "only a message"}}, "400 Bad Request: only a message (ray", nil,
		},
		{"a code as text", 400, `{"success":false,"errors":[{"code":"1004","message":"x"}]}`, infos{{Code: 1004, Message: "x"}}, "x (code 1004)", nil},
		{"a code that is none", 400, `{"success":false,"errors":[{"code":{"a":1},"message":"x"}]}`, infos{{Message: "x"}}, "x (ray", nil},
		{"plain strings", 400, `{"success":false,"errors":["first","second"]}`, infos{{Message: "first"}, {Message: "second"}}, "first; second", nil},
		{"one string", 400, `{"success":false,"errors":"all of it"}`, infos{{Message: "all of it"}}, "all of it", nil},
		{"one object", 400, `{"success":false,"errors":{"code":7,"message":"alone"}}`, infos{{Code: 7, Message: "alone"}}, "alone (code 7)", nil},
		{"a message that is not a string", 400, `{"success":false,"errors":[{"message":{"a":[1]}}]}`, infos{{Message: `{"a":[1]}`}}, `{"a":[1]}`, nil},
		{"entries that are not errors", 400, `{"success":false,"errors":[null,1,true,[{}],{"code":5}]}`, infos{{Code: 5}}, "(code 5)", nil},
		{
			"more lines than one", 400, `{"success":false,"errors":[{"message":"one\r\n\ttwo\u001b[31m"}]}`,
			infos{{Message: "one   two [31m"}}, "one two", nil,
		},
		{"a pointer and a URL of two lines", 400,
			`{"success":false,"errors":[{"message":"m","source":{"pointer":"/a\r\nb"},"documentation_url":"https://d\u001b[2J\n/e"}]}`,
			infos{{Message: "m", Source: cloudflare.ResponseInfoSource{Pointer: "/a  b"}, DocumentationURL: "https://d [2J /e"}},
			"m at /a b, see https://d [2J /e", nil},
		{
			"messages null", 400,
			`{"success":false,"errors":[{"code":1183,"message":"x"}],"messages":null,"result":null}`,
			infos{{Code: 1183, Message: "x"}}, "code 1183", nil,
		},
		{"history not there", 404,
			`{"success":false,"errors":[{"message":"gone"}],"result_info":{"count":"0","cursor":"","history_status":"unavailable"},"result":null}`,
			infos{{Message: "gone"}}, "gone", []error{cloudflare.ErrNotFound}},
		{"an envelope without errors", 400, `{"success":false,"errors":[],"messages":[]}`, nil, `"{"success":false,"errors":[],"messages":[]}"`, nil},
		{
			"success: true, and yet 500", 500, `{"success":true,"errors":[],"messages":[],"result":{"id":"o1"}}`, nil,
			`500 Internal Server Error: "{"success":true`, nil,
		},
		{
			"flat and old", 403, `{"code":1007,"error":"auth.key_not_in_claims"}`,
			infos{{Code: 1007, Message: "auth.key_not_in_claims"}}, "auth.key_not_in_claims (code 1007)", nil,
		},
		{
			"flat, with a message", 400, `{"code":1001,"message":"method_not_allowed"}`,
			infos{{Code: 1001, Message: "method_not_allowed"}}, "method_not_allowed (code 1001)", nil,
		},
		{"problem+json", 502,
			`{"type":"https://x/","status":502,"title":"Bad gateway","detail":"The origin is gone","instance":"86610873f8d987a9",` +
				`"error_code":502,"error_name":"bad_gateway","error_category":"origin","retryable":true,"retry_after":60,"owner_action_required":true,` +
				`"ray_id":"86610873f8d987a9"}`,
			infos{{Code: 502, Message: "Bad gateway: The origin is gone"}}, "502 Bad Gateway: Bad gateway: The origin is gone (code 502)", nil},
		{
			"problem+json, 1015", 429, `{"title":"You are being rate limited","error_code":1015}`,
			infos{{Code: 1015, Message: "You are being rate limited"}}, "code 1015", []error{cloudflare.ErrRateLimited},
		},
		{"errors before the rest", 400, `{"errors":[{"message":"in errors"}],"error":"e","message":"m","title":"t","detail":"d"}`,
			infos{{Message: "in errors"}}, "in errors (ray", nil},
		{"error before message", 400, `{"message":"m","error":"e","title":"t"}`, infos{{Message: "e"}}, "400 Bad Request: e (ray", nil},
		{"message before title", 400, `{"title":"t","detail":"d","message":"m"}`, infos{{Message: "m"}}, "400 Bad Request: m (ray", nil},
		{"detail alone", 400, `{"detail":"d"}`, infos{{Message: "d"}}, "400 Bad Request: d (ray", nil},
		{"an envelope without errors, and an error", 400, `{"success":false,"errors":[],"error":"e"}`, nil, `"{"success":false`, nil},
		{"code below error_code", 400, `{"code":7,"error_code":9,"message":"m"}`, infos{{Code: 9, Message: "m"}}, "m (code 9)", nil},
		{"code above error_code", 400, `{"code":9,"error_code":7,"message":"m"}`, infos{{Code: 9, Message: "m"}}, "m (code 9)", nil},
		{"HTML", 503, "<html>\r\n<head><title>503</title></head>", nil, `503 Service Unavailable: "<html> <head><title>503</title></head>"`, nil},
		{"text", 500, "oops", nil, `"oops"`, nil},
		{"cut", 500, `{"success":false,"errors":[{"code":1,`, nil, `"{"success":false,"errors":[{"code":1,"`, nil},
		{"empty", 500, "", nil, "the body is empty", nil},
		{"null", 404, "null", nil, `"null"; this is not a response of the API`, nil},
		{"a list", 404, "[]", nil, `"[]"; this is not a response of the API`, nil},
		{"long", 500, strings.Repeat("é", 5000), nil, `"` + strings.Repeat("é", 98) + `…"`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var captured cloudflare.Response
			c := newClient(t, respondWith(tt.status, tt.body, rayHeader), noRetries)
			_, err := c.Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&captured))
			var apiError *cloudflare.Error
			require.ErrorAs(t, err, &apiError)
			assert.Equal(t, tt.status, apiError.StatusCode)
			assert.Equal(t, tt.errors, apiError.Errors)
			assert.Contains(t, err.Error(), tt.text)
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "\x1b")
			assert.NotContains(t, err.Error(), "invalid character")
			assert.Equal(t, "86610873f8d987a9-IAD", apiError.RayID)
			assert.Equal(t, apiError.Messages, captured.Messages)
			assert.Equal(t, tt.status, captured.StatusCode)
			for _, sentinel := range []error{
				cloudflare.ErrUnauthorized, cloudflare.ErrForbidden, cloudflare.ErrNotFound, cloudflare.ErrConflict,
				cloudflare.ErrRateLimited, cloudflare.ErrOutcomeUnknown, cloudflare.ErrInvalidArgument, cloudflare.ErrAttemptTimeout,
			} {
				want := false
				for _, is := range tt.is {
					want = want || is == sentinel
				}
				assert.Equal(t, want, errors.Is(err, sentinel), sentinel)
			}
		})
	}
}

// Every method returns an Error with the same fields for every status and body.
func TestErrorStatuses(t *testing.T) {
	unknown := []int{408, 500, 502, 503, 504, 520, 521, 522, 523, 524}
	statuses := append([]int{400, 401, 403, 404, 405, 409, 410, 412, 413, 418, 422, 429, 451, 501, 505, 525, 526, 527, 530, 599, 600, 999}, unknown...)
	bodies := []string{"", "<html>", `{"success":false,"errors":[{"code":1,"message":"no"}]}`, `{"title":"T","detail":"D","error_code":2}`}
	for _, status := range statuses {
		for _, body := range bodies {
			for _, m := range everyMethod {
				got, err := m.call(t.Context(), newClient(t, respondWith(status, body, rayHeader), noRetries))
				requireResponseError(t, m, got, err, status)
				mayHaveHappened := false
				for _, u := range unknown {
					mayHaveHappened = mayHaveHappened || m.isWrite() && status == u
				}
				assert.Equal(t, mayHaveHappened, errors.Is(err, cloudflare.ErrOutcomeUnknown), "%s %d", m.name, status)
			}
		}
	}
}

// The edge responds by itself, in the format of RFC 9457 and with a Retry-After.
func TestEdgeErrors(t *testing.T) {
	for status, title := range map[int]string{
		520: "Web server returned an unknown error", 521: "Web server is down", 522: "Connection timed out", 523: "Origin is unreachable",
		524: "A timeout occurred", 525: "SSL handshake failed", 526: "Invalid SSL certificate",
	} {
		header := []string{rayHeader}
		if status < 525 {
			header = append(header, "Retry-After: 120")
		}
		body := `{"title":"` + title + `","status":` + strconv.Itoa(status) + `,"error_code":` + strconv.Itoa(status) + `,"ray_id":"another"}`
		requests := 0
		transport := respondWith(status, body, header...)
		c := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) { requests++; return transport(r) }), cloudflare.WithMaxRetries(3))
		_, err := c.Organizations.Get(t.Context(), "o1")
		var got *cloudflare.Error
		require.ErrorAs(t, err, &got)
		assert.Equal(t, []cloudflare.ResponseInfo{{Code: status, Message: title}}, got.Errors)
		assert.Equal(t, "86610873f8d987a9-IAD", got.RayID, "the header comes before the body")
		assert.Equal(t, 1, requests, "a wait of two minutes is longer than the client waits, and 525 and 526 do not pass")
		if status < 525 {
			assert.Equal(t, 2*time.Minute, got.RetryAfter)
		}
	}
}

// A ray ID may be in the body alone. In a text it has no control characters and at most 200 bytes.
func TestRayIDs(t *testing.T) {
	for _, tt := range []struct {
		header []string
		body   string
		want   string
	}{
		{nil, `{"title":"T","ray_id":"86610873f8d987a9"}`, "86610873f8d987a9"},
		{nil, `{"title":"T","ray_id":"a\r\nERROR forged line\u001b[2J"}`, "a ERROR forged line [2J"},
		{[]string{"Cf-Ray: a\x1b[2J\nb"}, "", "a [2J b"},
		{[]string{"Cf-Ray: " + strings.Repeat("r", 1<<20)}, "", strings.Repeat("r", 197) + "…"},
	} {
		_, err := newClient(t, respondWith(502, tt.body, tt.header...), noRetries).Organizations.Get(t.Context(), "o1")
		var apiError *cloudflare.Error
		require.ErrorAs(t, err, &apiError)
		assert.Equal(t, tt.want, apiError.RayID)
		assert.Contains(t, err.Error(), "(ray "+tt.want+")")
	}
}

// An Error has at most 100 errors and messages.
func TestLongErrors(t *testing.T) {
	chain := strings.Repeat(`{"code":2},`, 50) + `{}`
	body := `{"success":false,"errors":[` + strings.Repeat(`{"code":1,"message":"m","error_chain":[`+chain+`]},`, 150) + `{}],"messages":[` +
		strings.Repeat(`"m",`, 150) + `"m"]}`
	for _, status := range []int{200, 400} {
		_, err := newClient(t, respondWith(status, body), noRetries).Organizations.Get(t.Context(), "o1")
		var apiError *cloudflare.Error
		require.ErrorAs(t, err, &apiError)
		assert.Len(t, apiError.Errors, 100)
		assert.Len(t, apiError.Errors[0].ErrorChain, 10)
		assert.Len(t, apiError.Messages, 100)
	}
}

// The text of an Error is bounded, whatever the API sends: each message, and all of them together.
func TestLongErrorsHaveAShortText(t *testing.T) {
	long := `"code":1234,"message":"` + strings.Repeat("m", 4500) + `","source":{"pointer":"/` + strings.Repeat("p", 300) +
		`"},"documentation_url":"https://` + strings.Repeat("d", 300) + `"`
	chain := `{` + long + `,"error_chain":[{` + long + `}]}`
	for _, status := range []int{200, 400} {
		for errs, most := range map[string]int{chain: 1500, strings.Repeat(chain+",", 79) + chain: 4300} {
			client := newClient(t, respondWith(status, `{"success":false,"errors":[`+errs+`]}`, rayHeader), noRetries)
			_, err := client.Organizations.Get(t.Context(), "o1")
			assert.Less(t, len(err.Error()), most)
			assert.ErrorContains(t, err, strings.Repeat("m", 197)+"… (code 1234) at /"+strings.Repeat("p", 196)+"… < mmm")
			assert.ErrorContains(t, err, "(ray "+rayID+")")
			apiError, ok := errors.AsType[*cloudflare.Error](err)
			require.True(t, ok)
			assert.Len(t, apiError.Errors[0].Message, 4<<10)
		}
	}
}

// An error quotes what follows white space, if it is near enough. Of a longer body, the second half of what is searched
// for credentials is not quoted: a credential may lie across its end.
func TestHowFarABodyIsQuoted(t *testing.T) {
	blank := func(n int) string { return strings.Repeat(" ", n) }
	for body, want := range map[string]string{
		blank(16<<10-3) + "end":                      `: "end"`,
		blank(16<<10-2) + "end":                      `: "…"`,
		blank(8<<10-3) + "end" + blank(16<<10):       `: "end…"`,
		blank(8<<10-2) + "end" + blank(16<<10):       `: "en…"`,
		blank(8<<10-3) + "end" + blank(8<<10):        `: "end"`,
		blank(8<<10-3) + "end " + blank(8<<10):       `: "end…"`,
		"end" + blank(1<<20-3):                       `: "end …"`,
		strings.Repeat("x", 200):                     `: "` + strings.Repeat("x", 200) + `"`,
		strings.Repeat("x", 201):                     `: "` + strings.Repeat("x", 197) + `…"`,
		blank(16<<10-200) + strings.Repeat("x", 200): `: "` + strings.Repeat("x", 200) + `"`,
	} {
		_, err := newClient(t, respondWith(400, body)).Organizations.Get(t.Context(), "o1")
		assert.True(t, strings.HasSuffix(err.Error(), want), "%v, not %s", err, want)
	}
}

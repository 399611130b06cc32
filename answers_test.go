package cloudflare_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// requireAnswerError is what holds of every error that reports an answer.
func requireAnswerError(t *testing.T, m apiMethod, result any, err error, status int) *cloudflare.Error {
	t.Helper()
	var answer *cloudflare.Error
	require.ErrorAs(t, err, &answer)
	assert.Nil(t, result)
	assert.Equal(t, status, answer.StatusCode)
	assert.Equal(t, "86610873f8d987a9-IAD", answer.RayID)
	assert.Equal(t, 1, answer.Attempts)
	assert.Equal(t, m.verb(), answer.Method)
	assert.Equal(t, m.path(), answer.Path)
	assert.NotErrorIs(t, err, cloudflare.ErrInvalidArgument)
	text := err.Error()
	assert.Contains(t, text, strconv.Itoa(status))
	assert.Contains(t, text, "86610873f8d987a9-IAD")
	assert.NotContains(t, text, "invalid character")
	assert.NotContains(t, text, "\n")
	assert.Less(t, len(text), 600, text)
	var page *cloudflare.PageError
	assert.Equal(t, m.isAll(), errors.As(err, &page))
	return answer
}

// What has status 200 and is no success is an error for every method, and says what is wrong with it. A write that it
// answers may have happened.
func TestUnusableAnswers(t *testing.T) {
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	same := func(body string) func(apiMethod) string { return func(apiMethod) string { return body } }
	due := func(body string) func(apiMethod) string {
		return func(m apiMethod) string {
			if !m.needsResult() {
				return ""
			}
			return body
		}
	}
	list := func(body string) func(apiMethod) string {
		return func(m apiMethod) string {
			if !m.isList() {
				return ""
			}
			return body
		}
	}
	only := func(methods func(apiMethod) bool, body string) func(apiMethod) string {
		return func(m apiMethod) string {
			if !methods(m) {
				return ""
			}
			return body
		}
	}
	type test struct {
		name string
		body func(apiMethod) string // empty where it would be a success
		want string                 // in the error's text
	}
	tests := []test{
		{"null", same(`null`), "success"},
		{"a list", same(`[]`), "JSON array"},
		{"a string", same(`"success"`), "JSON string"},
		{"a number", same(`1`), "JSON number"},
		{"an empty object", same(`{}`), "is missing or not a boolean"},
		{"success is null", same(`{"success":null,"result":{"id":"o1"}}`), ""},
		{"success is a string", func(m apiMethod) string { return strings.Replace(m.success(), "true", `"true"`, 1) }, "is missing or not a boolean"},
		{"success is a number", func(m apiMethod) string { return strings.Replace(m.success(), "true", "1", 1) }, "is missing or not a boolean"},
		{"success in capitals", func(m apiMethod) string { return strings.Replace(m.success(), "success", "Success", 1) }, "is missing or not a boolean"},
		{"no result", due(`{"success":true}`), "no result"},
		{"a null result", only(func(m apiMethod) bool { return m.needsResult() && !m.takesNull() }, `{"success":true,"result":null}`), "null"},
		{"a boolean for a result", due(`{"success":true,"result":true}`), ""},
		{"a string for a result", due(`{"success":true,"result":"o1"}`), ""},
		{"an item that is null", list(`{"success":true,"result":[null]}`), "item 0 is null"},
		{"a list in a list", list(`{"success":true,"result":[[]]}`), ""},
		{"HTML", same("<!DOCTYPE html>\n<html><title>Just a moment…</title></html>"), "<!DOCTYPE html> <html><title>Just a moment"},
		{"text", same("upstream connect error"), "upstream connect error"},
		{"problem+json", same(`{"type":"about:blank","title":"Bad gateway","status":502}`), "is missing or not a boolean"},
		{"Python's JSON", same(`{'success': True}`), ""},
		{"UTF-16", same("\xff\xfe{\x00}\x00"), ""},
		{"gzip that says it is none", same("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), ""},
		{"control characters", same("\x1b[2J\x1b]0;title\x07\x00"), ""},
		{"a comma too many", func(m apiMethod) string { return strings.TrimSuffix(m.success(), "}") + ",}" }, ""},
		{"cut", func(m apiMethod) string { return m.success()[:len(m.success())-1] }, ""},
		{"doubled", func(m apiMethod) string { return m.success() + m.success() }, ""},
		{"followed by something", func(m apiMethod) string { return m.success() + " ok" }, ""},
		{"deep result", same(`{"success":true,"result":` + deep + `}`), ""},
		{"deep elsewhere", func(m apiMethod) string { return strings.Replace(m.success(), "{", `{"x":`+deep+",", 1) }, ""},
		{"deep errors", func(m apiMethod) string {
			chain := strings.Repeat(`[{"error_chain":`, 10_000) + "null" + strings.Repeat("}]", 10_000)
			return strings.Replace(m.success(), `"errors":[]`, `"errors":`+chain, 1)
		}, ""},
		{"a duplicate key", func(m apiMethod) string { return strings.Replace(m.success(), "{", `{"success":true,`, 1) }, "duplicate"},
		{"a duplicate key below", func(m apiMethod) string {
			return strings.Replace(m.success(), `"result":`, `"x":{"id":1,"id":1},"result":`, 1)
		}, "duplicate"},
		{"a bad timestamp", func(m apiMethod) string {
			if !strings.Contains(m.result, "2026-01-02T03:04:05Z") || strings.HasPrefix(m.name, "Call") {
				return ""
			}
			return strings.Replace(m.success(), "2026-01-02T03:04:05Z", "yesterday", 1)
		}, "not a time"},
		{"an empty id", func(m apiMethod) string {
			if !m.itemsHaveIDs() {
				return ""
			}
			return strings.Replace(m.success(), `{"id":"`, `{"id":"","x":"`, 1)
		}, "without an id"},
		{"a number for an id", func(m apiMethod) string {
			if !strings.Contains(m.result, `{"id":"`) {
				return ""
			}
			return strings.Replace(m.success(), `{"id":"`, `{"id":1,"x":"`, 1)
		}, ""},
		{"a page token that is none", list(`{"success":true,"result":[],"result_info":{"next_page_token":7}}`), "result_info"},
		{"2,000 empty items", only(func(m apiMethod) bool { return m.isList() && m.itemsHaveIDs() }, `{"success":true,"result":[`+strings.Repeat("{},", 1999)+`{}]}`), "without an id"},
		{"1,001 items", only(func(m apiMethod) bool { return m.isList() && m.name != "OrganizationUsage.Get" }, `{"success":true,"result":[`+strings.Repeat(`{"id":"o1"},`, 1000)+`{"id":"o1"}]}`), "more than 1000 items"},
		{"an object for a list", list(`{"success":true,"result":{"id":"o1"}}`), "not a list"},
		{"blank", due(" "), "the body is blank"},
	}
	for _, tt := range tests {
		tried := 0
		for _, m := range everyMethod {
			body := tt.body(m)
			if body == "" {
				continue
			}
			tried++
			t.Run(tt.name+"/"+m.name, func(t *testing.T) {
				result, err := m.call(t.Context(), newSingleAttemptClient(t, respondWith(200, body, rayHeader)))
				answer := requireAnswerError(t, m, result, err, 200)
				neverSet := tt.name == "a null result" && strings.HasSuffix(m.operation, "/profile")
				if neverSet {
					assert.Contains(t, err.Error(), "200 OK: the profile was never set")
				} else {
					assert.Contains(t, err.Error(), "cannot be used")
					assert.Contains(t, err.Error(), tt.want)
				}
				assert.Empty(t, answer.Errors)
				assert.Equal(t, m.isWrite(), errors.Is(err, cloudflare.ErrOutcomeUnknown))
				assert.Equal(t, neverSet, errors.Is(err, cloudflare.ErrNotFound))
			})
		}
		assert.NotZero(t, tried, tt.name)
	}
}

// Which 2xx it is does not matter, but a result that is due must be there.
func TestEmptyAnswers(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 205, 299} {
		for _, body := range []string{"", " \r\n"} {
			for _, m := range everyMethod {
				result, err := m.call(t.Context(), newSingleAttemptClient(t, respondWith(status, body, rayHeader)))
				if !m.needsResult() {
					assert.NoError(t, err, m.name)
					continue
				}
				requireAnswerError(t, m, result, err, status)
				assert.Regexp(t, "the body is (empty|blank)", err, m.name)
				assert.Equal(t, m.isWrite(), errors.Is(err, cloudflare.ErrOutcomeUnknown), m.name)
			}
		}
	}
}

func TestUsableAnswers(t *testing.T) {
	bodies := map[string]func(string) string{
		"as documented":     func(s string) string { return s },
		"no errors":         func(s string) string { return strings.Replace(s, `"errors":[],`, "", 1) },
		"null errors":       func(s string) string { return strings.Replace(s, `"errors":[]`, `"errors":null`, 1) },
		"null messages":     func(s string) string { return strings.Replace(s, `"messages":[]`, `"messages":null`, 1) },
		"a text for errors": func(s string) string { return strings.Replace(s, `"errors":[]`, `"errors":"none"`, 1) },
		"a number for both": func(s string) string { return strings.NewReplacer(`:[],"m`, `:0,"m`, `:[],"r`, `:0,"r`).Replace(s) },
		"members unknown":   func(s string) string { return strings.ReplaceAll(s, "{", `{"x_new":{"a":[1,{"b":null}]},`) },
		"null result_info":  func(s string) string { return strings.Replace(s, "{", `{"result_info":null,`, 1) },
		"empty result_info": func(s string) string { return strings.Replace(s, "{", `{"result_info":{},`, 1) },
		"white space":       func(s string) string { return "\r\n\t " + s + "\n\n" },
		"invalid UTF-8":     func(s string) string { return strings.Replace(s, "{", "{\"x\":\"\xff\\ud800\",", 1) },
	}
	for name, body := range bodies {
		for _, status := range []int{200, 201, 202, 206, 299} {
			for _, m := range everyMethod {
				result, err := m.call(t.Context(), newSingleAttemptClient(t, respondWith(status, body(m.success()))))
				if assert.NoError(t, err, "%s, %s, %d", name, m.name, status) && m.needsResult() {
					assert.NotNil(t, result, "%s, %s", name, m.name)
				}
			}
		}
	}
}

// success: false in a 200 is the API's own refusal: an error, and nothing was done.
func TestRefusalsInA200(t *testing.T) {
	for _, result := range []string{"", `,"result":null`, `,"result":{}`, `,"result":[]`, `,"result":"no"`, `,"result":[{"id":7}]`} {
		for _, m := range everyMethod {
			body := `{"success":false,"errors":[{"code":1001,"message":"not today"}],"messages":["try tomorrow"]` + result + `}`
			got, err := m.call(t.Context(), newSingleAttemptClient(t, respondWith(200, body, rayHeader)))
			answer := requireAnswerError(t, m, got, err, 200)
			assert.Equal(t, []cloudflare.ResponseInfo{{Code: 1001, Message: "not today"}}, answer.Errors)
			assert.Equal(t, []cloudflare.ResponseInfo{{Message: "try tomorrow"}}, answer.Messages)
			assert.ErrorContains(t, err, "not today (code 1001)")
			assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
			assert.NotErrorIs(t, err, cloudflare.ErrNotFound)
		}
	}
}

// One badly encoded name must not hide every other.
func TestInvalidUTF8InANameLosesNoOther(t *testing.T) {
	body := "{\"success\":true,\"result\":[{\"id\":\"o1\",\"name\":\"Ann\"},{\"id\":\"o2\",\"name\":\"B\xe9\\ud800b\"},{\"id\":\"o3\",\"name\":\"Çem\"}]}"
	page, err := newSingleAttemptClient(t, respondWith(200, body)).Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	require.NoError(t, err)
	var names []string
	for _, org := range page.Items {
		names = append(names, org.Name)
	}
	assert.Equal(t, []string{"Ann", "B\ufffd\ufffdb", "Çem"}, names)
}

// Every shape in which the API, its edge and its older endpoints are known to put an error.
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
			`{"success":false,"errors":[{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6103,"message":"Invalid format for X-Auth-Key header"}]}],"messages":[],"result":null}`,
			infos{{Code: 6003, Message: "Invalid request headers", ErrorChain: infos{{Code: 6103, Message: "Invalid format for X-Auth-Key header"}}}},
			"Invalid request headers (code 6003) < Invalid format for X-Auth-Key header (code 6103)", []error{cloudflare.ErrUnauthorized}},
		{"a code that counts, in a chain", 400, `{"success":false,"errors":[{"message":"no","error_chain":[{"error_chain":[{"code":9106}]}]}]}`,
			infos{{Message: "no", ErrorChain: infos{{ErrorChain: infos{{Code: 9106}}}}}}, "no <", []error{cloudflare.ErrUnauthorized}},
		{"missing headers", 400, `{"success":false,"errors":[{"code":9106,"message":"Missing X-Auth-Key, X-Auth-Email or Authorization headers"}]}`,
			infos{{Code: 9106, Message: "Missing X-Auth-Key, X-Auth-Email or Authorization headers"}}, "code 9106", []error{cloudflare.ErrUnauthorized}},
		{"unknown key", 403, `{"success":false,"errors":[{"code":9103,"message":"Unknown X-Auth-Key or X-Auth-Email"}]}`,
			infos{{Code: 9103, Message: "Unknown X-Auth-Key or X-Auth-Email"}}, "code 9103", []error{cloudflare.ErrUnauthorized, cloudflare.ErrForbidden}},
		{"documentation_url", 403, `{"success":false,"errors":[{"code":10000,"message":"Forbidden","documentation_url":"https://developers.cloudflare.com/x"}]}`,
			infos{{Code: 10000, Message: "Forbidden", DocumentationURL: "https://developers.cloudflare.com/x"}},
			"Forbidden (code 10000), see https://developers.cloudflare.com/x: perhaps because user API tokens cover only some", []error{cloudflare.ErrForbidden}},
		{"tokens refused", 405, `{"success":false,"errors":[{"code":10000,"message":"POST method not allowed for the api_token authentication scheme"}]}`,
			infos{{Code: 10000, Message: "POST method not allowed for the api_token authentication scheme"}}, "user API tokens cover only some", nil},
		{"source.pointer", 400, `{"success":false,"errors":[{"code":1183,"message":"bad","source":{"pointer":"/name"}}]}`,
			infos{{Code: 1183, Message: "bad", Source: cloudflare.ResponseInfoSource{Pointer: "/name"}}}, "bad (code 1183) at /name", nil},
		{"no route", 404, `{"success":false,"errors":[{"code":7003,"message":"Could not route to /x"},{"code":7000,"message":"No route for that URI"}]}`,
			infos{{Code: 7003, Message: "Could not route to /x"}, {Code: 7000, Message: "No route for that URI"}},
			"Could not route to /x (code 7003); No route for that URI (code 7000)", nil},
		{"conflict", 409, `{"success":false,"errors":[{"code":1,"message":"exists"}]}`, infos{{Code: 1, Message: "exists"}}, "exists", []error{cloudflare.ErrConflict}},
		{"throttled", 429, `{"success":false,"errors":[{"code":971,"message":"Please wait and consider throttling your request speed"}]}`,
			infos{{Code: 971, Message: "Please wait and consider throttling your request speed"}}, "429 Too Many Requests: Please wait", []error{cloudflare.ErrRateLimited}},
		{"no code", 400, `{"success":false,"errors":[{"message":"only a message"}],"result":null}`, infos{{Message: "only a message"}}, "400 Bad Request: only a message (ray", nil},
		{"a code as text", 400, `{"success":false,"errors":[{"code":"1004","message":"x"}]}`, infos{{Code: 1004, Message: "x"}}, "x (code 1004)", nil},
		{"a code that is none", 400, `{"success":false,"errors":[{"code":{"a":1},"message":"x"}]}`, infos{{Message: "x"}}, "x (ray", nil},
		{"plain strings", 400, `{"success":false,"errors":["first","second"]}`, infos{{Message: "first"}, {Message: "second"}}, "first; second", nil},
		{"one string", 400, `{"success":false,"errors":"all of it"}`, infos{{Message: "all of it"}}, "all of it", nil},
		{"one object", 400, `{"success":false,"errors":{"code":7,"message":"alone"}}`, infos{{Code: 7, Message: "alone"}}, "alone (code 7)", nil},
		{"a message that is no string", 400, `{"success":false,"errors":[{"message":{"a":[1]}}]}`, infos{{Message: `{"a":[1]}`}}, `{"a":[1]}`, nil},
		{"things that are no errors", 400, `{"success":false,"errors":[null,1,true,[{}],{"code":5}]}`, infos{{Code: 5}}, "(code 5)", nil},
		{"more lines than one", 400, `{"success":false,"errors":[{"message":"one\r\n\ttwo\u001b[31m"}]}`, infos{{Message: "one\r\n\ttwo\x1b[31m"}}, "one two", nil},
		{"messages null", 400, `{"success":false,"errors":[{"code":1183,"message":"x"}],"messages":null,"result":null}`, infos{{Code: 1183, Message: "x"}}, "code 1183", nil},
		{"history not there", 404, `{"success":false,"errors":[{"message":"gone"}],"result_info":{"count":"0","cursor":"","history_status":"unavailable"},"result":null}`,
			infos{{Message: "gone"}}, "gone", []error{cloudflare.ErrNotFound}},
		{"an envelope without errors", 400, `{"success":false,"errors":[],"messages":[]}`, nil, `"{"success":false,"errors":[],"messages":[]}"`, nil},
		{"success: true, and yet 500", 500, `{"success":true,"errors":[],"messages":[],"result":{"id":"o1"}}`, nil, `500 Internal Server Error: "{"success":true`, nil},
		{"flat and old", 403, `{"code":1007,"error":"auth.key_not_in_claims"}`, infos{{Code: 1007, Message: "auth.key_not_in_claims"}}, "auth.key_not_in_claims (code 1007)", []error{cloudflare.ErrForbidden}},
		{"flat, with a message", 400, `{"code":1001,"message":"method_not_allowed"}`, infos{{Code: 1001, Message: "method_not_allowed"}}, "method_not_allowed (code 1001)", nil},
		{"problem+json", 502, `{"type":"https://x/","status":502,"title":"Bad gateway","detail":"The origin is gone","instance":"86610873f8d987a9","error_code":502,"error_name":"bad_gateway","error_category":"origin","retryable":true,"retry_after":60,"owner_action_required":true,"ray_id":"86610873f8d987a9"}`,
			infos{{Code: 502, Message: "Bad gateway: The origin is gone"}}, "502 Bad Gateway: Bad gateway: The origin is gone (code 502)", nil},
		{"problem+json, 1015", 429, `{"title":"You are being rate limited","error_code":1015}`, infos{{Code: 1015, Message: "You are being rate limited"}}, "code 1015", []error{cloudflare.ErrRateLimited}},
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
			c := newSingleAttemptClient(t, respondWith(tt.status, tt.body, rayHeader))
			_, err := c.Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&captured))
			var answer *cloudflare.Error
			require.ErrorAs(t, err, &answer)
			assert.Equal(t, tt.status, answer.StatusCode)
			assert.Equal(t, tt.errors, answer.Errors)
			assert.Contains(t, err.Error(), tt.text)
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "\x1b")
			assert.NotContains(t, err.Error(), "invalid character")
			assert.Equal(t, "86610873f8d987a9-IAD", answer.RayID)
			assert.Equal(t, answer.Messages, captured.Messages)
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

// Whatever the status and the body, every method makes an Error of it with the same facts.
func TestErrorStatuses(t *testing.T) {
	unknown := []int{408, 500, 502, 503, 504, 520, 521, 522, 523, 524}
	statuses := append([]int{400, 401, 403, 404, 405, 409, 410, 412, 413, 418, 422, 429, 451, 501, 505, 525, 526, 527, 530, 599, 600, 999}, unknown...)
	bodies := []string{"", "<html>", `{"success":false,"errors":[{"code":1,"message":"no"}]}`, `{"title":"T","detail":"D","error_code":2}`}
	for _, status := range statuses {
		for _, body := range bodies {
			for _, m := range everyMethod {
				got, err := m.call(t.Context(), newSingleAttemptClient(t, respondWith(status, body, rayHeader)))
				requireAnswerError(t, m, got, err, status)
				mayHaveHappened := false
				for _, u := range unknown {
					mayHaveHappened = mayHaveHappened || m.isWrite() && status == u
				}
				assert.Equal(t, mayHaveHappened, errors.Is(err, cloudflare.ErrOutcomeUnknown), "%s %d", m.name, status)
			}
		}
	}
}

// What the edge answers by itself, with the wait that it asks for.
func TestEdgeStatuses(t *testing.T) {
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
		answer := respondWith(status, body, header...)
		c := newSingleAttemptClient(t, roundTripper(func(r *http.Request) (*http.Response, error) { requests++; return answer(r) }), cloudflare.WithMaxRetries(3))
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

// A ray ID that only the body has is found, and what the server puts there cannot break a line or move a cursor.
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
		_, err := newSingleAttemptClient(t, respondWith(502, tt.body, tt.header...)).Organizations.Get(t.Context(), "o1")
		var answer *cloudflare.Error
		require.ErrorAs(t, err, &answer)
		assert.Equal(t, tt.want, answer.RayID)
		assert.Contains(t, err.Error(), "(ray "+tt.want+")")
	}
}

// A server that talks without end about what is wrong is cut short.
func TestLongErrors(t *testing.T) {
	body := `{"success":false,"errors":[` + strings.Repeat(`{"code":1,"message":"m","error_chain":[`+strings.Repeat(`{"code":2},`, 50)+`{}]},`, 150) + `{}],"messages":[` +
		strings.Repeat(`"m",`, 150) + `"m"]}`
	for _, status := range []int{200, 400} {
		_, err := newSingleAttemptClient(t, respondWith(status, body)).Organizations.Get(t.Context(), "o1")
		var answer *cloudflare.Error
		require.ErrorAs(t, err, &answer)
		assert.Len(t, answer.Errors, 100)
		assert.Len(t, answer.Errors[0].ErrorChain, 10)
		assert.Len(t, answer.Messages, 100)
	}
}

// A transport that breaks net/http's rules gives an error, and never a panic.
func TestTransportsThatMisbehave(t *testing.T) {
	body := func() io.ReadCloser { return io.NopCloser(strings.NewReader(`{"success":true,"result":{"id":"o1"}}`)) }
	tests := []struct {
		name     string
		response *http.Response
		err      error
		answered bool // an *Error
		text     string
	}{
		{"nothing at all", nil, nil, false, "neither a response nor an error"},
		{"no body", &http.Response{StatusCode: 200, Header: http.Header{}}, nil, true, "the body is empty"},
		{"no header and no body", &http.Response{StatusCode: 404}, nil, true, "404 Not Found"},
		{"status 0", &http.Response{Header: http.Header{}, Body: body()}, nil, false, "unexpected status 0"},
		{"status -200", &http.Response{StatusCode: -200, Header: http.Header{}, Body: body()}, nil, false, "unexpected status -200"},
		{"status 101", &http.Response{StatusCode: 101, Header: http.Header{}, Body: body()}, nil, false, "unexpected status 101"},
		{"status 199", &http.Response{StatusCode: 199, Header: http.Header{}, Body: body()}, nil, false, "unexpected status 199"},
		{"status 1000000", &http.Response{StatusCode: 1000000, Header: http.Header{}, Body: body()}, nil, true, "1000000"},
		{"an error and an answer", &http.Response{StatusCode: 200, Body: body()}, errors.New("broken"), false, "broken"},
		{"a body that fails", &http.Response{StatusCode: 200, Body: failingBody{}}, nil, false, "the body broke"},
		{"a body that reads too much", &http.Response{StatusCode: 200, Body: readFunc(func(p []byte) int { return len(p) + 5 })}, nil, false, "no io.Reader"},
		{"a body that reads less than nothing", &http.Response{StatusCode: 200, Body: readFunc(func([]byte) int { return -1 })}, nil, false, "no io.Reader"},
		{"a body that reads nothing", &http.Response{StatusCode: 200, Body: readFunc(func([]byte) int { return 0 })}, nil, false, "no data or error"},
	}
	for _, tt := range tests {
		for _, m := range everyMethod {
			t.Run(tt.name+"/"+m.name, func(t *testing.T) {
				c := newSingleAttemptClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
					if tt.response == nil {
						return nil, tt.err
					}
					response := *tt.response
					return &response, tt.err
				}))
				result, err := m.call(t.Context(), c)
				if tt.name == "no body" && !m.needsResult() {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, tt.text)
				assert.Nil(t, result)
				var answer *cloudflare.Error
				assert.Equal(t, tt.answered, errors.As(err, &answer))
				wantUnknown := m.isWrite() && (!tt.answered || tt.name == "no body")
				assert.Equal(t, wantUnknown, errors.Is(err, cloudflare.ErrOutcomeUnknown))
			})
		}
	}
}

// readFunc is a body whose Read returns what no Read should.
type readFunc func([]byte) int

func (f readFunc) Read(p []byte) (int, error) { return f(p), nil }
func (readFunc) Close() error                 { return nil }

type failingBody struct{}

func (failingBody) Read(p []byte) (int, error) {
	return copy(p, `{"success":true,`), errors.New("the body broke")
}
func (failingBody) Close() error { return errors.New("and so did closing it") }

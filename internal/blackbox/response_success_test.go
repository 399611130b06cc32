package blackbox

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// requireResponseError checks what is true for the error of any response.
func requireResponseError(t *testing.T, m apiMethod, result any, err error, status int) *cloudflare.Error {
	t.Helper()
	var apiError *cloudflare.Error
	require.ErrorAs(t, err, &apiError)
	assert.Nil(t, result)
	assert.Equal(t, status, apiError.StatusCode)
	assert.Equal(t, "86610873f8d987a9-IAD", apiError.RayID)
	assert.Equal(t, 1, apiError.Attempts)
	assert.Equal(t, m.verb(), apiError.Method)
	assert.Equal(t, m.path(), apiError.Path)
	assert.NotErrorIs(t, err, cloudflare.ErrInvalidArgument)
	text := err.Error()
	assert.Contains(t, text, strconv.Itoa(status))
	assert.Contains(t, text, "86610873f8d987a9-IAD")
	assert.NotContains(t, text, "invalid character")
	assert.NotContains(t, text, "\n")
	assert.Less(t, len(text), 600, text)
	var page *cloudflare.PageError
	assert.Equal(t, m.isAll(), errors.As(err, &page))
	return apiError
}

// A response with status 200 that does not report success is an error for every method, and says what is wrong. The
// outcome of a write is unknown.
func TestUnusableResponses(t *testing.T) {
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
		{
			"2,000 empty items",
			only(func(m apiMethod) bool { return m.isList() && m.itemsHaveIDs() }, `{"success":true,"result":[`+strings.Repeat("{},", 1999)+`{}]}`),
			"without an id",
		},
		{
			"1,001 items",
			only(func(m apiMethod) bool { return m.isList() && m.name != "OrganizationUsage.Get" },
				`{"success":true,"result":[`+strings.Repeat(`{"id":"o1"},`, 1000)+`{"id":"o1"}]}`),
			"more than 1000 items",
		},
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
				result, err := m.call(t.Context(), newClient(t, respondWith(200, body, rayHeader)))
				apiError := requireResponseError(t, m, result, err, 200)
				neverSet := tt.name == "a null result" && strings.HasSuffix(m.operation, "/profile")
				if neverSet {
					assert.Contains(t, err.Error(), "200 OK: the profile was never set")
				} else {
					assert.Contains(t, err.Error(), "cannot be used")
					assert.Contains(t, err.Error(), tt.want)
				}
				assert.Empty(t, apiError.Errors)
				assert.Equal(t, m.isWrite(), errors.Is(err, cloudflare.ErrOutcomeUnknown))
				assert.Equal(t, neverSet, errors.Is(err, cloudflare.ErrNotFound))
			})
		}
		assert.NotZero(t, tried, tt.name)
	}
}

// Every 2xx status is a success, but a result that the method returns must not be missing.
func TestEmptyResponses(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 205, 299} {
		for _, body := range []string{"", " \r\n"} {
			for _, m := range everyMethod {
				result, err := m.call(t.Context(), newClient(t, respondWith(status, body, rayHeader), noRetries))
				if !m.needsResult() {
					assert.NoError(t, err, m.name)
					continue
				}
				requireResponseError(t, m, result, err, status)
				assert.Regexp(t, "the body is (empty|blank)", err, m.name)
				assert.Equal(t, m.isWrite(), errors.Is(err, cloudflare.ErrOutcomeUnknown), m.name)
			}
		}
	}
}

func TestUsableResponses(t *testing.T) {
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
				result, err := m.call(t.Context(), newClient(t, respondWith(status, body(m.success())), noRetries))
				if assert.NoError(t, err, "%s, %s, %d", name, m.name, status) && m.needsResult() {
					assert.NotNil(t, result, "%s, %s", name, m.name)
				}
			}
		}
	}
}

// The error names the item that is not valid, counting from 0.
func TestInvalidItemIsNumbered(t *testing.T) {
	for item, says := range map[string]string{`{"name":"x"}`: "item 2: an organization without an id", `null`: "item 2 is null"} {
		client := newClient(t, respondWith(200, successBody(`[{"id":"o1"},{"id":"o2"},`+item+`,{"id":"o4"}]`)))
		_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
		assert.ErrorContains(t, err, says)
	}
}

// A name that is not valid UTF-8 does not make the whole list unusable.
func TestInvalidUTF8IsReplaced(t *testing.T) {
	body := "{\"success\":true,\"result\":[{\"id\":\"o1\",\"name\":\"Ann\"},{\"id\":\"o2\",\"name\":\"B\xe9\\ud800b\"},{\"id\":\"o3\",\"name\":\"Çem\"}]}"
	page, err := newClient(t, respondWith(200, body)).Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	require.NoError(t, err)
	var names []string
	for _, org := range page.Items {
		names = append(names, org.Name)
	}
	assert.Equal(t, []string{"Ann", "B\ufffd\ufffdb", "Çem"}, names)
}

// A body of another length than announced is an error, and never half a result.
// A page is not lost because the API sends an integer in another spelling.
func TestIntegersInOtherSpellings(t *testing.T) {
	// integersOf returns the names of all integer fields in a type. A Nullable is named as the field that has it.
	var integersOf func(name string, of reflect.Type) []string
	integersOf = func(name string, of reflect.Type) (names []string) {
		switch kind := of.Kind(); {
		case kind >= reflect.Int && kind <= reflect.Uintptr:
			return []string{name}
		case kind == reflect.Pointer || kind == reflect.Slice && of.Elem().Kind() != reflect.Uint8:
			return integersOf(name, of.Elem())
		case kind == reflect.Struct:
			for field := range of.Fields() {
				if field.Name == "Value" {
					field.Name = name
				}
				if field.IsExported() {
					names = append(names, integersOf(field.Name, field.Type)...)
				}
			}
		}
		return names
	}
	entry := func(id, n string) string { return `{"id":"` + id + `","raw":{"status_code":` + n + `}}` }
	share := func(id, n string) string {
		return `{"id":"` + id + `","resources":[{"resource_version":` + n + `},{"resource_version":1}],"associated_recipient_count":` + n +
			`,"associating_recipient_count":` + n + `,"disassociated_recipient_count":` + n + `,"disassociating_recipient_count":` + n + `}`
	}
	// Each spelling stands on the second of three items, so that the first and the last are decoded again.
	for _, text := range []string{`200`, `"200"`, `200.0`, `2e2`, `"200.0"`, `"2E2"`} {
		body := func(item func(id, n string) string) roundTripper {
			return respondWith(200, successBody("["+item("1", "3")+","+item("2", text)+","+item("3", "4.0")+"]"))
		}
		entries, err := cloudflare.Collect(newClient(t, body(entry)).OrganizationAuditLogs.All(t.Context(), "o1",
			cloudflare.AuditLogListParams{Since: aDay, Before: aDay}))
		require.NoError(t, err, text)
		require.Len(t, entries, 3)
		assert.Equal(t, []int{3, 200, 4}, []int{entries[0].Raw.StatusCode, entries[1].Raw.StatusCode, entries[2].Raw.StatusCode}, text)

		shares, err := cloudflare.Collect(newClient(t, body(share)).OrganizationShares.All(t.Context(), "o1", cloudflare.ShareListParams{}))
		require.NoError(t, err, text)
		require.Len(t, shares, 3)
		count := cloudflare.Nullable[int]{Value: 200, Valid: true}
		assert.Equal(t, cloudflare.Share{
			ID: "2", Resources: []cloudflare.ShareResource{{ResourceVersion: 200}, {ResourceVersion: 1}},
			AssociatedRecipientCount: count, AssociatingRecipientCount: count,
			DisassociatedRecipientCount: count, DisassociatingRecipientCount: count,
		}, shares[1], text)
	}
	var fields []string
	for _, result := range []any{
		cloudflare.Organization{}, cloudflare.OrganizationDeleteResponse{}, cloudflare.OrganizationProfile{}, cloudflare.OrganizationMember{},
		cloudflare.Account{}, cloudflare.AccountMoveResponse{}, cloudflare.AuditLog{}, cloudflare.Share{}, cloudflare.UsageRecord{},
	} {
		fields = append(fields, integersOf("", reflect.TypeOf(result))...)
	}
	assert.ElementsMatch(t, []string{
		"StatusCode", "ResourceVersion", "AssociatedRecipientCount", "AssociatingRecipientCount",
		"DisassociatedRecipientCount", "DisassociatingRecipientCount",
	}, fields, "all of them are tested above")

	for text, want := range map[string]string{`"7131x"`: "string", `7131.5`: "number", `true`: "boolean"} {
		client := newClient(t, respondWith(200, successBody("["+entry("1", "3")+","+entry("2", text)+"]")))
		_, err := cloudflare.Collect(client.OrganizationAuditLogs.All(t.Context(), "o1", cloudflare.AuditLogListParams{Since: aDay, Before: aDay}))
		assert.ErrorContains(t, err, "/result/1/raw/status_code: JSON "+want+" is not valid for Go type int", text)
		assert.NotContains(t, err.Error(), "7131", text)
		client = newClient(t, respondWith(200, successBody("["+share("1", "3")+","+share("2", text)+"]")))
		_, err = cloudflare.Collect(client.OrganizationShares.All(t.Context(), "o1", cloudflare.ShareListParams{}))
		assert.ErrorContains(t, err, "JSON "+want+" is not valid for Go type int", text)
		assert.NotContains(t, err.Error(), "7131", text)
	}
}

func TestContentLengthMismatch(t *testing.T) {
	for name, tt := range map[string]struct {
		announced int64
		body      string
		text      string
	}{
		"less comes":           {500, `{"success":true,"result":{"id":"o1"}}`, "unexpected EOF"},
		"much less comes":      {1 << 40, `{"success":true,"result":{"id":"o1"}}`, "unexpected EOF"},
		"nothing comes":        {7, "", "unexpected EOF"},
		"more comes":           {20, `{"success":true,"result":{"id":"o1"}}`, "its JSON is incomplete"},
		"all of it was hidden": {0, `{"success":true,"result":{"id":"o1"}}`, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCountedServer(t, func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if assert.NoError(t, err) {
					fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", tt.announced, tt.body)
					conn.Close()
				}
			})
			org, err := s.client(t).Organizations.Get(t.Context(), "o1")
			assert.ErrorContains(t, err, tt.text)
			assert.Nil(t, org)
		})
	}
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	org, err := newClient(t, respondWith(200, "\ufeff"+`{"success":true,"result":{"id":"o1"}}`)).Organizations.Get(t.Context(), "o1")
	require.NoError(t, err)
	assert.Equal(t, "o1", org.ID)
	_, err = newClient(t, respondWith(403, "\ufeff"+`{"success":false,"errors":[{"code":9109,"message":"Unauthorized"}]}`)).Organizations.Get(t.Context(), "o1")
	assert.ErrorContains(t, err, "Unauthorized (code 9109)")
}

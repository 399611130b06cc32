package cloudflare_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestCallReceivesNull(t *testing.T) {
	const null = `{"success":true,"result":null}`
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		req := cloudflare.Request{Method: method, Path: []string{"zones"}}

		raw := json.RawMessage("old")
		require.NoError(t, newKeyClient(t, respondWith(200, null)).Call(t.Context(), req, &raw))
		assert.Equal(t, "null", string(raw))

		pointer := new(int)
		require.NoError(t, newKeyClient(t, respondWith(200, null)).Call(t.Context(), req, &pointer))
		assert.Nil(t, pointer)

		nullable := cloudflare.Nullable[int]{Value: 1, Valid: true}
		require.NoError(t, newKeyClient(t, respondWith(200, null)).Call(t.Context(), req, &nullable))
		assert.Equal(t, cloudflare.Nullable[int]{Null: true}, nullable)

		var anything any = 1
		require.NoError(t, newKeyClient(t, respondWith(200, null)).Call(t.Context(), req, &anything))
		assert.Nil(t, anything)

		require.NoError(t, newKeyClient(t, respondWith(200, null)).Call(t.Context(), req, nil))

		// What cannot hold null would be taken for a value that the API did not send.
		for _, result := range []any{new(struct{ A int }), new(int), new([]int), new(map[string]int), new(time.Time)} {
			err := newKeyClient(t, respondWith(200, null)).Call(t.Context(), req, result)
			assert.ErrorContains(t, err, "its result is null", "%T", result)
		}
	}
}

func TestCallDecodesLikeEncodingJSON(t *testing.T) {
	var result struct {
		Name  string
		Count json.Number
		At    time.Time `json:"at"`
	}
	body := `{"success":true,"result":{"NAME":"x","count":12345678901234567890,"at":"2026-01-02T03:04:05Z"}}`
	require.NoError(t, newKeyClient(t, respondWith(200, body)).Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"zones"}}, &result))
	assert.Equal(t, "x", result.Name, "names match without case")
	assert.Equal(t, json.Number("12345678901234567890"), result.Count)
	assert.Equal(t, 2026, result.At.Year())
}

func TestCallEncodesLikeEncodingJSON(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()
	type patch struct {
		Name    string `json:"name,omitempty"`
		Enabled bool   `json:"enabled,omitempty"`
		Count   int    `json:"count,omitempty"`
		At      *int   `json:"at,omitempty"`
	}
	_ = client.Call(t.Context(), cloudflare.Request{Method: "PATCH", Path: []string{"zones"}, Body: patch{Name: "x"}}, nil)
	requests := server.Requests()
	require.Len(t, requests, 1)
	assert.JSONEq(t, `{"name":"x"}`, string(requests[0].Body), "zero and false are omitted")
}

func TestCallBodiesThatAreNotValid(t *testing.T) {
	client := newKeyClient(t, respondWith(200, ""))
	for name, body := range map[string]any{
		"not UTF-8":                 map[string]string{"a": "\xff"},
		"not UTF-8, in a key":       map[string]string{"\xff": "a"},
		"not UTF-8, at the start":   "\xff",
		"a channel":                 make(chan int),
		"raw JSON that is not JSON": json.RawMessage(`{`),
	} {
		err := client.Call(t.Context(), cloudflare.Request{Method: "POST", Path: []string{"zones"}, Body: body}, nil)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name)
		assert.ErrorContains(t, err, "body", name)
	}
	for name, body := range map[string]any{
		"U+FFFD itself":      "\ufffd",
		"an escaped escape":  `\ufffd`,
		"two escaped escape": `\\ufffd`,
	} {
		assert.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "POST", Path: []string{"zones"}, Body: body}, nil), name)
	}
}

func TestCallNamesTheFieldThatDoesNotFit(t *testing.T) {
	var result struct {
		Owner struct {
			Age int `json:"age"`
		} `json:"owner"`
	}
	body := `{"success":true,"result":{"owner":{"age":"ann.secret@example.com"}}}`
	err := newKeyClient(t, respondWith(200, body)).Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"zones"}}, &result)
	assert.ErrorContains(t, err, "owner.age: JSON string is not valid for Go type int")
	body = `{"success":true,"result":{"owner":{"age":123456.5}}}`
	err = newKeyClient(t, respondWith(200, body)).Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"zones"}}, &result)
	assert.ErrorContains(t, err, "JSON number is not valid for Go type int")
	assert.NotContains(t, err.Error(), "123456")

	var at struct{ At time.Time }
	body = `{"success":true,"result":{"at":"ann.secret@example.com"}}`
	err = newKeyClient(t, respondWith(200, body)).Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"zones"}}, &at)
	assert.ErrorContains(t, err, "cannot be decoded")
	assert.NotContains(t, err.Error(), "secret")
}

func TestEveryCaptureIsFilled(t *testing.T) {
	body := `{"success":true,"messages":[{"code":1,"message":"hello"}],"result":[{"id":"o1","later":true}],"result_info":{"total_size":1}}`
	var first, second cloudflare.Response
	_, err := newKeyClient(t, respondWith(200, body)).Organizations.List(t.Context(), cloudflare.OrganizationListParams{},
		cloudflare.CaptureResponse(&first), cloudflare.CaptureResponse(&second))
	require.NoError(t, err)
	assert.Equal(t, 200, first.StatusCode)
	assert.JSONEq(t, `[{"id":"o1","later":true}]`, string(first.Result), "a field that this version does not know")
	assert.Equal(t, first, second)

	first, second = cloudflare.Response{}, cloudflare.Response{}
	_, err = newKeyClient(t, respondWith(404, `{"success":false,"errors":[{"message":"no"}],"result":null,"result_info":{"history_status":"unavailable"}}`)).
		Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&first), cloudflare.CaptureResponse(&second))
	require.Error(t, err)
	assert.JSONEq(t, `{"history_status":"unavailable"}`, string(first.ResultInfo))
	assert.Equal(t, first, second)
	assert.Equal(t, 404, second.StatusCode)

	first = cloudflare.Response{}
	_, err = newKeyClient(t, respondWith(200, `{"success":true,"result":{"id":7}}`)).Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&first))
	require.Error(t, err)
	assert.JSONEq(t, `{"id":7}`, string(first.Result), "a result that cannot be decoded is within reach")
}

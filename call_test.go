package cloudflare_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestCall(t *testing.T) {
	type zone struct {
		ID   string `json:"id"`
		Tags []int  `json:"tags"`
	}
	const verbatim = `{"z": 1,"a":[ 1.50, "\u0041" ]}`
	for name, tt := range map[string]struct {
		request  cloudflare.Request
		response string
		into     any
		want     any
		sent     sentRequest
	}{
		"decodes the result": {
			request:  cloudflare.Request{Method: "GET", Route: "/zones/{zone_id}", PathValues: []string{"1"}, Query: url.Values{"b": {"2", "1"}, "a": {"&"}}},
			response: successBody(`{"id":"1","tags":[2]}`),
			into:     new(zone), want: &zone{"1", []int{2}},
			sent: sentRequest{Method: "GET", URL: apiURL + "/zones/1?a=%26&b=2&b=1", Header: sentHeader()},
		},
		"encodes the body as encoding/json": {
			request:  cloudflare.Request{Method: "POST", Route: "/zones", Body: zone{ID: "<1>"}},
			response: successBody(`{}`),
			into:     new(zone), want: new(zone),
			sent: sentRequest{Method: "POST", URL: apiURL + "/zones", Body: `{"id":"\u003c1\u003e","tags":null}`,
				Header: sentHeader("Content-Type", "application/json")},
		},
		"passes RawMessage verbatim": {
			request:  cloudflare.Request{Method: "PATCH", Route: "/zones", Body: json.RawMessage(verbatim)},
			response: successBody(verbatim),
			into:     new(json.RawMessage), want: new(json.RawMessage(verbatim)),
			sent: sentRequest{Method: "PATCH", URL: apiURL + "/zones", Body: verbatim,
				Header: sentHeader("Content-Type", "application/json")},
		},
		"needs no result": {
			request:  cloudflare.Request{Method: "DELETE", Route: "/zones/{zone_id}", PathValues: []string{"1"}},
			response: "",
			sent:     sentRequest{Method: "DELETE", URL: apiURL + "/zones/1", Header: sentHeader()},
		},
		"escapes segments": {
			request:  cloudflare.Request{Method: "GET", Route: "/zones/{name}", PathValues: []string{"a b:é;,@&=+$"}},
			response: successBody(`[]`),
			sent:     sentRequest{Method: "GET", URL: apiURL + "/zones/a%20b:%C3%A9%3B%2C@&=+$", Header: sentHeader()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, respondWith(200, tt.response))
			require.NoError(t, client.Call(t.Context(), tt.request, tt.into))
			assert.Equal(t, tt.want, tt.into)
			assert.Equal(t, tt.sent, script.only(t))
		})
	}
}

func TestInvalidRequests(t *testing.T) {
	c := newClient(t, sendNothing(t))
	get := cloudflare.Request{Method: "GET", Route: "/x"}
	for name, tt := range map[string]struct {
		request cloudflare.Request
		result  any
		says    string
	}{
		"no method":                      {cloudflare.Request{Route: "/x"}, nil, "method"},
		"a method in lower case":         {cloudflare.Request{Method: "get", Route: "/x"}, nil, "method"},
		"an unknown method":              {cloudflare.Request{Method: "CONNECT", Route: "/x"}, nil, "method"},
		"a method that is a request":     {cloudflare.Request{Method: "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", Route: "/x"}, nil, "method"},
		"a key that is not UTF-8":        {cloudflare.Request{Method: "GET", Route: "/x", Query: url.Values{"\xff": nil}}, nil, "UTF-8"},
		"a result that is a struct":      {get, struct{}{}, "struct {}"},
		"a result that is a map":         {get, map[string]any{}, "map[string]"},
		"a result that is a nil pointer": {get, (*cloudflare.Organization)(nil), "*cloudflare.Organization"},
		"a body that is a channel":       {cloudflare.Request{Method: "POST", Route: "/x", Body: make(chan int)}, nil, "body"},
		"a body that is NaN":             {cloudflare.Request{Method: "POST", Route: "/x", Body: math.NaN()}, nil, "body"},
		"a body that is not UTF-8":       {cloudflare.Request{Method: "POST", Route: "/x", Body: "\xff"}, nil, "body"},
		"a raw body that is not JSON":    {cloudflare.Request{Method: "POST", Route: "/x", Body: json.RawMessage("{")}, nil, "body"},
		"an empty raw body":              {cloudflare.Request{Method: "POST", Route: "/x", Body: json.RawMessage{}}, nil, "body"},
		"an idempotency key of two":      {cloudflare.Request{Method: "POST", Route: "/x", IdempotencyKey: "a b"}, nil, "IdempotencyKey"},
		"an idempotency key of lines":    {cloudflare.Request{Method: "POST", Route: "/x", IdempotencyKey: "a\r\nX: y"}, nil, "IdempotencyKey"},
		"a long idempotency key":         {cloudflare.Request{Method: "POST", Route: "/x", IdempotencyKey: strings.Repeat("a", 256)}, nil, "IdempotencyKey"},
	} {
		err := c.Call(t.Context(), tt.request, tt.result)
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: (GET: )?invalid argument: .{8,}`, err.Error(), name)
			assert.ErrorContains(t, err, tt.says, name)
		}
	}
}

// stream is a reader and a writer of JSON that encodes and decodes itself.
type stream struct{ bytes.Buffer }

func (s *stream) MarshalJSON() ([]byte, error)    { return s.Bytes(), nil }
func (s *stream) UnmarshalJSON(data []byte) error { s.Reset(); _, err := s.Write(data); return err }

// textStream encodes itself as a string.
type textStream struct{ io.ReadWriter }

func (textStream) MarshalText() ([]byte, error) { return []byte("text"), nil }
func (*textStream) UnmarshalText([]byte) error  { return nil }

// encoding/json would send {} for a reader or a writer, and would decode nothing into it.
func TestCallRejectsReadersAndWriters(t *testing.T) {
	client := newClient(t, sendNothing(t))
	buffer := bytes.NewBufferString(`{"a":1}`)
	file, err := os.Open("go.mod")
	require.NoError(t, err)
	defer file.Close()
	pipe, writer := io.Pipe()
	var reader io.Reader = buffer
	var anything any = buffer
	for name, v := range map[string]any{
		"strings.Reader":         strings.NewReader("{}"),
		"bytes.Reader":           bytes.NewReader(nil),
		"bytes.Buffer":           buffer,
		"a nil bytes.Buffer":     (*bytes.Buffer)(nil),
		"strings.Builder":        new(strings.Builder),
		"os.File":                file,
		"bufio.Reader":           bufio.NewReader(buffer),
		"bufio.Writer":           bufio.NewWriter(buffer),
		"bufio.ReadWriter":       &bufio.ReadWriter{},
		"gzip.Writer":            gzip.NewWriter(buffer),
		"io.NopCloser":           io.NopCloser(buffer),
		"io.LimitReader":         io.LimitReader(buffer, 1),
		"io.MultiReader":         io.MultiReader(buffer, buffer),
		"io.TeeReader":           io.TeeReader(buffer, buffer),
		"io.SectionReader":       io.NewSectionReader(file, 0, 1),
		"io.Pipe":                pipe,
		"the end of io.Pipe":     writer,
		"io.Discard":             io.Discard,
		"http.NoBody":            http.NoBody,
		"a pointer to a pointer": &buffer,
		"a pointer to a Reader":  &reader,
		"a pointer to any":       &anything,
		"an embedded Reader":     struct{ io.Reader }{buffer},
		"a named, embedded one": &struct {
			Name string
			*bytes.Buffer
		}{"x", buffer},
	} {
		post := cloudflare.Request{Method: "POST", Route: "/x", Body: v}
		err := client.Call(t.Context(), post, nil)
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s as a body", name) {
			assert.ErrorContains(t, err, "the body must not be", name)
			assert.ErrorContains(t, err, "json.RawMessage", name)
		}
		if reflect.ValueOf(v).Kind() != reflect.Pointer || reflect.ValueOf(v).IsNil() {
			continue // is not a result at all
		}
		post.Body = nil
		err = client.Call(t.Context(), post, v)
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s as a result", name) {
			assert.ErrorContains(t, err, "the result must not be", name)
			assert.ErrorContains(t, err, "*json.RawMessage", name)
		}
	}
	for name, body := range map[string]any{"a bytes.Buffer": *buffer, "a strings.Builder": strings.Builder{}} { // the methods have pointers
		err := client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/x", Body: body}, nil)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name)
	}

	type endless *endless
	for name, v := range map[string]any{
		"it encodes itself":            &stream{*buffer},
		"a pointer to one that does":   new(&stream{*buffer}),
		"it encodes itself as a text":  &textStream{},
		"a pointer to nothing":         new(any),
		"raw JSON":                     &json.RawMessage{'1'},
		"no bytes at all":              &struct{ Name string }{},
		"a field that is not embedded": &struct{ Reader, Other any }{},
		"pointers without end":         new(endless),
	} {
		result := `"x"`
		if reflect.TypeOf(v).Elem().Kind() == reflect.Struct && name != "it encodes itself as a text" {
			result = `{}`
		}
		client, _ := newScriptedClient(t, respondSuccess(result), respondSuccess(result))
		if name != "pointers without end" { // encoding/json cannot decode to it
			assert.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/x"}, v), name)
		}
		assert.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/x", Body: v}, nil), name)
	}
}

// A route has whole segments that every server reads as they are, and no value.
func TestRoutes(t *testing.T) {
	anID := strings.Repeat("0a1b", 8)
	for route, says := range map[string]string{
		"":                           "begin with /",
		"zones":                      "begin with /",
		" /zones":                    "begin with /",
		"{zone_id}":                  "begin with /",
		"?a=b":                       "begin with /",
		apiURL + "/zones":            "begin with /",
		"//api.example.com/zones":    "segment 1",
		"/":                          "segment 1",
		"/zones/":                    "segment 2",
		"/zones//settings":           "segment 2",
		"/zones/.":                   "segment 2",
		"/zones/../user":             "segment 2",
		"/zones/%2e%2e/user":         "segment 2",
		"/zones/a%20b":               "segment 2",
		"/zones/a b":                 "segment 2",
		"/zones/é":                   "segment 2",
		"/zones/\xff":                "segment 2",
		"/zones/\u2028":              "segment 2",
		"/zones/a\r\nX-Mine: b":      "segment 2",
		"/zones/\x00":                "segment 2",
		`/zones/\..\user`:            "segment 2",
		"/zones?per_page=5":          "segment 1",
		"/zones/{zone_id}?a=b":       "segment 2",
		"/zones#a":                   "segment 1",
		"/zones/{":                   "segment 2",
		"/zones/}":                   "segment 2",
		"/zones/{}":                  "segment 2",
		"/zones/{zone_id":            "segment 2",
		"/zones/zone_id}":            "segment 2",
		"/zones/}zone_id{":           "segment 2",
		"/zones/{{zone_id}}":         "segment 2",
		"/zones/{{zone_id}":          "segment 2",
		"/zones/{zone_{kind}_id}":    "segment 2",
		"/zones/{a}{b}":              "segment 2",
		"/zones/a{zone_id}":          "segment 2",
		"/zones/{zone_id}:purge":     "segment 2",
		"/zones/{zone id}":           "segment 2",
		"/zones/{zone_id...}":        "segment 2",
		"/zones/{$}":                 "segment 2",
		"/zones/{1}":                 "segment 2",
		"/zones/{_id}":               "segment 2",
		"/zones/{zone/id}":           "segment 2",
		"/zones/{é}":                 "segment 2",
		"/zones/{zone_id}/a/{b}c":    "segment 4",
		"/zones/" + anID:             "segment 2",
		"/zones/{a" + anID + "}":     "segment 2",
		"/zones/" + canaryToken:      "segment 2",
		"/zones/" + canaryToken[:32]: "segment 2",
	} {
		err := newClient(t, sendNothing(t)).Call(t.Context(), cloudflare.Request{Method: "GET", Route: route}, nil)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", route)
		assert.ErrorContains(t, err, ": Route", "%q", route)
		assert.ErrorContains(t, err, says, "%q", route)
	}
	for route, values := range map[string][]string{
		"/zones":                               nil,
		"/members:batchCreate":                 nil,
		"/a/B.c-d_e~f@g/1":                     nil,
		"/{a}/{B2}/{c_d}/{A}":                  {"1", "2", "3", "4"},
		"/zones/" + strings.Repeat("a", 31):    {},
		"/x/{" + strings.Repeat("a", 31) + "}": {canaryToken},
	} {
		client := newClient(t, respondSuccess("null"))
		assert.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: route, PathValues: values}, nil), route)
	}
}

// There is one value for each placeholder. A placeholder whose name ends in _id takes an ID, and any other a segment.
func TestPathValues(t *testing.T) {
	for name, tt := range map[string]struct {
		route  string
		values []string
		says   string
	}{
		"none for one":        {"/zones/{zone_id}", nil, "PathValues must have one value for each placeholder in Route: 1, not 0"},
		"two for one":         {"/zones/{zone_id}", []string{"a", "b"}, "1, not 2"},
		"one for two":         {"/{a}/{b}", []string{"a"}, "2, not 1"},
		"one for none":        {"/zones", []string{"a"}, "0, not 1"},
		"an empty ID":         {"/zones/{zone_id}", []string{""}, "zone ID is empty"},
		"the second ID":       {"/zones/{zone_id}/x/{dns_record_id}", []string{"a", ".."}, "dns record ID must not be"},
		"an ID of null":       {"/zones/{zone_id}", []string{"null"}, "zone ID must not be"},
		"an ID of two":        {"/zones/{zone_id}", []string{"a,b"}, "zone ID contains a comma"},
		"an ID with a blank":  {"/zones/{zone_id}", []string{"a b"}, "zone ID contains"},
		"an ID with a slash":  {"/zones/{zone_id}", []string{"a/b"}, "zone ID contains"},
		"an escaped ID":       {"/zones/{zone_id}", []string{"a%2fb"}, "zone ID contains"},
		"an empty name":       {"/x/{setting_name}", []string{""}, "setting name is empty"},
		"a dot":               {"/x/{name}", []string{"."}, "name must not be"},
		"two dots":            {"/x/{name}", []string{".."}, "name must not be"},
		"two segments":        {"/x/{name}", []string{"a/b"}, "name contains"},
		"a backslash":         {"/x/{name}", []string{`a\b`}, "name contains"},
		"a query":             {"/x/{name}", []string{"a?b"}, "name contains"},
		"a fragment":          {"/x/{name}", []string{"a#b"}, "name contains"},
		"an escape":           {"/x/{name}", []string{"a%2e"}, "name contains"},
		"a control character": {"/x/{name}", []string{"a\nb"}, "name contains"},
		"not UTF-8":           {"/x/{name}", []string{"\xff"}, "name is not valid UTF-8"},
	} {
		err := newClient(t, sendNothing(t)).Call(t.Context(), cloudflare.Request{Method: "GET", Route: tt.route, PathValues: tt.values}, nil)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name)
		assert.ErrorContains(t, err, tt.says, name)
	}
	// What an ID must not be, a code or a name may be.
	for _, value := range []string{"null", "a,b", "a b", "{name}", "a:b@c", "é"} {
		request := cloudflare.Request{Method: "GET", Route: "/x/{name}/{identifier}", PathValues: []string{value, value}}
		client, script := newScriptedClient(t, respondSuccess("null"))
		require.NoError(t, client.Call(t.Context(), request, nil), value)
		segment := url.PathEscape(value)
		assert.Equal(t, apiURL+"/x/"+segment+"/"+segment, script.only(t).URL)
	}
}

// Any route and values cause an error, or a request for exactly these segments.
func FuzzRoute(f *testing.F) {
	for _, route := range []string{"", "/", "/zones", "/zones/{zone_id}", "/{a}{b}", "/{", "/}a{", "/a/../b", "/%2e", "https://h/x", "/a?b", "/é"} {
		for _, value := range []string{"", "z1", "..", "{a}", "a b", "null"} {
			f.Add(route, value)
		}
	}
	f.Fuzz(func(t *testing.T, route, value string) {
		request := cloudflare.Request{Method: "GET", Route: route}
		want := strings.Split(route, "/")
		for i, segment := range want {
			if strings.HasPrefix(segment, "{") {
				request.PathValues, want[i] = append(request.PathValues, value), url.PathEscape(value)
			}
		}
		client, script := newScriptedClient(t, respondSuccess("null"))
		if err := client.Call(t.Context(), request, nil); err != nil {
			require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
			require.Empty(t, script.sent)
			return
		}
		require.Equal(t, apiURL+strings.Join(want, "/"), script.only(t).URL)
	})
}

// A raw result belongs to the caller: later calls do not overwrite it.
func TestRawResultsAreCopied(t *testing.T) {
	var first, second json.RawMessage
	client, _ := newScriptedClient(t, respondSuccess(`{"first":1}`), respondSuccess(`{"other":2}`))
	request := cloudflare.Request{Method: "GET", Route: "/x"}
	var captured cloudflare.Response
	require.NoError(t, client.Call(t.Context(), request, &first, cloudflare.CaptureResponse(&captured)))
	require.NoError(t, client.Call(t.Context(), request, &second))
	assert.Equal(t, `{"first":1}`, string(first))
	assert.Equal(t, `{"first":1}`, string(captured.Result))
}

// A transport may read a body after the call has returned, when the caller may change its bytes.
func TestRawBodiesAreCopied(t *testing.T) {
	var body io.ReadCloser
	client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		body = r.Body
		return respondWith(http.StatusRequestEntityTooLarge, "")(r)
	}))
	raw := json.RawMessage(`{"name":"mine"}`)
	require.Error(t, client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/x", Body: raw}, nil))
	copy(raw, `{"name":"else"}`)
	sent, err := io.ReadAll(body)
	require.NoError(t, err)
	assert.Equal(t, `{"name":"mine"}`, string(sent))
}

func TestCallReceivesNull(t *testing.T) {
	const null = `{"success":true,"result":null}`
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		req := cloudflare.Request{Method: method, Route: "/zones"}

		raw := json.RawMessage("old")
		require.NoError(t, newClient(t, respondWith(200, null)).Call(t.Context(), req, &raw))
		assert.Equal(t, "null", string(raw))

		pointer := new(int)
		require.NoError(t, newClient(t, respondWith(200, null)).Call(t.Context(), req, &pointer))
		assert.Nil(t, pointer)

		nullable := cloudflare.Nullable[int]{Value: 1, Valid: true}
		require.NoError(t, newClient(t, respondWith(200, null)).Call(t.Context(), req, &nullable))
		assert.Equal(t, cloudflare.Nullable[int]{Null: true}, nullable)

		var anything any = 1
		require.NoError(t, newClient(t, respondWith(200, null)).Call(t.Context(), req, &anything))
		assert.Nil(t, anything)

		require.NoError(t, newClient(t, respondWith(200, null)).Call(t.Context(), req, nil))

		// What cannot hold null would be taken for a value that the API did not send.
		for _, result := range []any{new(struct{ A int }), new(int), new([]int), new(map[string]int), new(time.Time)} {
			err := newClient(t, respondWith(200, null)).Call(t.Context(), req, result)
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
	require.NoError(t, newClient(t, respondWith(200, body)).Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/zones"}, &result))
	assert.Equal(t, "x", result.Name, "names match without case")
	assert.Equal(t, json.Number("12345678901234567890"), result.Count)
	assert.Equal(t, 2026, result.At.Year())
}

// A Nullable in a body or a result keeps the rules of encoding/json.
func TestCallOfNullables(t *testing.T) {
	type value struct {
		Name string        `json:"name"`
		Wait time.Duration `json:"wait,omitempty"`
		Hash [3]byte       `json:"hash"`
		List []int         `json:"list"`
	}
	client, script := newScriptedClient(t, respondSuccess(`{"Name":"x","WAIT":5,"hash":[1,2,3],"List":null}`))
	var result cloudflare.Nullable[value]
	body := struct {
		Value cloudflare.Nullable[value] `json:"value"`
	}{cloudflare.Nullable[value]{Value: value{Name: "<x>"}, Valid: true}}
	require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/x", Body: body}, &result))
	assert.Equal(t, cloudflare.Nullable[value]{Value: value{Name: "x", Wait: 5, Hash: [3]byte{1, 2, 3}}, Valid: true}, result)
	assert.JSONEq(t, `{"value":{"name":"<x>","hash":[0,0,0],"list":null}}`, script.only(t).Body)
}

// Duplicate names are an error, unlike in encoding/json: a proxy may have read the other value.
func TestCallRejectsDuplicateNames(t *testing.T) {
	const twice = `{"a":1,"a":2}`
	for _, result := range []any{new(map[string]int), new(json.RawMessage), new(any), new(cloudflare.Nullable[any])} {
		err := newClient(t, respondSuccess(twice)).Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/x"}, result)
		assert.ErrorContains(t, err, "duplicate object member name", "%T", result)
	}
	for _, body := range []any{json.RawMessage(twice), json.RawMessage(`[` + twice + `]`)} {
		err := newClient(t, sendNothing(t)).Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/x", Body: body}, nil)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
	}
}

func TestCallEncodesLikeEncodingJSON(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	client := server.Client()
	type patch struct {
		Name    string `json:"name,omitempty"`
		Enabled bool   `json:"enabled,omitempty"`
		Count   int    `json:"count,omitempty"`
		At      *int   `json:"at,omitempty"`
	}
	_ = client.Call(t.Context(), cloudflare.Request{Method: "PATCH", Route: "/zones", Body: patch{Name: "x"}}, nil)
	requests := server.Requests()
	require.Len(t, requests, 1)
	assert.JSONEq(t, `{"name":"x"}`, string(requests[0].Body), "zero and false are omitted")
}

func TestCallBodiesThatAreNotValid(t *testing.T) {
	client := newClient(t, respondWith(200, ""))
	for name, body := range map[string]any{
		"not UTF-8":                 map[string]string{"a": "\xff"},
		"not UTF-8, in a key":       map[string]string{"\xff": "a"},
		"not UTF-8, at the start":   "\xff",
		"a channel":                 make(chan int),
		"raw JSON that is not JSON": json.RawMessage(`{`),
	} {
		err := client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/zones", Body: body}, nil)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name)
		assert.ErrorContains(t, err, "body", name)
	}
	for name, body := range map[string]any{
		"U+FFFD itself":      "\ufffd",
		"an escaped escape":  `\ufffd`,
		"two escaped escape": `\\ufffd`,
	} {
		assert.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/zones", Body: body}, nil), name)
	}
}

func TestCallNamesTheFieldThatDoesNotFit(t *testing.T) {
	var result struct {
		Owner struct {
			Age int `json:"age"`
		} `json:"owner"`
	}
	body := `{"success":true,"result":{"owner":{"age":"ann.secret@example.com"}}}`
	err := newClient(t, respondWith(200, body)).Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/zones"}, &result)
	assert.ErrorContains(t, err, "owner.age: JSON string is not valid for Go type int")
	body = `{"success":true,"result":{"owner":{"age":123456.5}}}`
	err = newClient(t, respondWith(200, body)).Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/zones"}, &result)
	assert.ErrorContains(t, err, "JSON number is not valid for Go type int")
	assert.NotContains(t, err.Error(), "123456")

	var at struct{ At time.Time }
	body = `{"success":true,"result":{"at":"ann.secret@example.com"}}`
	err = newClient(t, respondWith(200, body)).Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/zones"}, &at)
	assert.ErrorContains(t, err, "cannot be decoded")
	assert.NotContains(t, err.Error(), "secret")
}

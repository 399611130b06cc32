package envelope

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// item is a result like those of the services.
type item struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"create_time"`
	Tags    []string  `json:"tags"`
}

func decode(body string) (Envelope, *item, error) {
	result := new(item)
	e := Envelope{Result: Result{Into: result}, ResultInfo: ResultInfo{Keep: true}}
	err := e.Decode([]byte(body))
	return e, result, err
}

func TestDecode(t *testing.T) {
	e, result, err := decode(`{"success":true,"errors":[],"messages":[{"code":1,"message":"m"}],` +
		`"result":{"id":"i","name":"n","unknown":[1]},"result_info":{"next_page_token":"t","total_size":7,"more":{}},"unknown":null}`)
	require.NoError(t, err)
	assert.Equal(t, True, e.Success)
	assert.Equal(t, &item{ID: "i", Name: "n"}, result)
	assert.True(t, e.Result.Seen)
	assert.False(t, e.Result.Null)
	assert.Equal(t, Infos{{Code: 1, Message: "m"}}, e.Messages)
	assert.Equal(t, "t", e.ResultInfo.NextPageToken)
	assert.EqualValues(t, 7, e.ResultInfo.TotalSize)
	assert.Equal(t, `{"next_page_token":"t","total_size":7,"more":{}}`, string(e.ResultInfo.Raw))
}

// A size that cannot be read is not known; it costs nobody a page. A token that cannot be read would end the list early.
func TestDecodeResultInfo(t *testing.T) {
	for size, want := range map[string]int64{`12`: 12, `"12"`: 12, `1.5`: 0, `"many"`: 0, `null`: 0, `[1]`: 0} {
		var e Envelope
		require.NoError(t, e.Decode([]byte(`{"success":true,"result_info":{"next_page_token":"t","total_size":`+size+`}}`)), size)
		assert.Equal(t, want, e.ResultInfo.TotalSize, size)
		assert.Equal(t, "t", e.ResultInfo.NextPageToken, size)
	}
	for _, info := range []string{`{"next_page_token":1}`, `{"next_page_token":{}}`, `[]`, `"t"`} {
		var e Envelope
		assert.ErrorContains(t, e.Decode([]byte(`{"success":true,"result_info":`+info+`}`)), "result_info", info)
	}
}

func TestDecodeSuccess(t *testing.T) {
	for body, want := range map[string]Flag{
		`{"success":true}`: True, `{"success":false}`: False, `{"success":null}`: Absent, `{"success":"true"}`: Absent,
		`{"success":1}`: Absent, `{"success":[true]}`: Absent, `{"success":{"a":true}}`: Absent, `{}`: Absent, `{"Success":true}`: Absent, `null`: Absent,
	} {
		e, _, err := decode(body)
		require.NoError(t, err, body)
		assert.Equal(t, want, e.Success, body)
	}
}

func TestDecodeResult(t *testing.T) {
	for body, want := range map[string]Result{
		`{}`:                              {},
		`{"result":null}`:                 {Seen: true, Null: true},
		`{"result":{}}`:                   {Seen: true},
		`{"success":true,"result":{}}`:    {Seen: true},
		`{"result":{"id":"i"},"other":1}`: {Seen: true},
	} {
		e, _, err := decode(body)
		require.NoError(t, err, body)
		e.Result.Into = nil
		assert.Equal(t, want, e.Result, body)
	}
	var e Envelope
	require.NoError(t, e.Decode([]byte(`{"result":[{"of":["any","kind"]}]}`)), "a result that nobody wants")
	assert.True(t, e.Result.Seen)
}

// Nothing that a decoder says of single characters reaches a user.
func TestDecodeRefuses(t *testing.T) {
	nested := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for body, want := range map[string]string{
		"":                                      "it ends before its JSON does",
		"  ":                                    "it ends before its JSON does",
		`{"success":tr`:                         "it ends before its JSON does",
		"<html>":                                "it cannot be read as JSON from byte 0 on",
		"{'success':true}":                      "it cannot be read as JSON from byte 1 on",
		`{"success":true}x`:                     "it cannot be read as JSON from byte 1",
		`{"success":true}{}`:                    "it cannot be read as JSON from byte 1",
		`{"success":true,}`:                     "it cannot be read as JSON from byte 1",
		`{"x":` + nested + `}`:                  "it cannot be read as JSON from byte 100",
		`{"errors":` + nested + `}`:             "it cannot be read as JSON from byte 100",
		`{"success":true,"success":true}`:       "duplicate object member name",
		`{"result":{"id":"a","id":"b"}}`:        "duplicate object member name",
		`{"x":{"a":1,"a":1}}`:                   "duplicate object member name",
		`{"result":{"create_time":"x"}}`:        "parsing time",
		`{"result":{"id":7}}`:                   "JSON number",
		`{"result":[]}`:                         "JSON array",
		`[]`:                                    "JSON array",
		`"x"`:                                   "JSON string",
		`{"result_info":[]}`:                    "result_info",
		`{"result_info":{"next_page_token":1}}`: "result_info",
	} {
		_, _, err := decode(body)
		if assert.Error(t, err, "%.60q", body) {
			assert.Contains(t, err.Error(), want, "%.60q", body)
			assert.NotContains(t, err.Error(), "invalid character", "%.60q", body)
		}
	}
}

// That the API has refused, and why, is not lost to a result that does not fit.
func TestDecodeRefusals(t *testing.T) {
	for _, more := range []string{"", `,"result":null`, `,"result":[]`, `,"result":{"id":7}`, `,"result":{"create_time":"x"}`, `,"result_info":7`} {
		e, _, err := decode(`{"success":false,"errors":[{"code":7,"message":"no"}]` + more + `}`)
		require.NoError(t, err, more)
		assert.Equal(t, False, e.Success, more)
		assert.Equal(t, Infos{{Code: 7, Message: "no"}}, e.Errors, more)
	}
}

func TestInfos(t *testing.T) {
	for body, want := range map[string]Infos{
		`null`:                                   nil,
		`[]`:                                     nil,
		`[{"code":1,"message":"m"}]`:             {{Code: 1, Message: "m"}},
		`[{"code":"1","message":null}]`:          {{Code: 1}},
		`[{"code":1.5,"message":7}]`:             {{Message: "7"}},
		`[{"code":1e3}]`:                         {{}},
		`[{"code":99999999999999999999}]`:        {{}},
		`[{"code":null,"message":["a"]}]`:        {{Message: `["a"]`}},
		`["a",{"message":"b"},null,7,true,[[]]]`: {{Message: "a"}, {Message: "b"}},
		`"a"`:                                    {{Message: "a"}},
		`{"code":3}`:                             {{Code: 3}},
		`7`:                                      nil,
		`[{"source":{"pointer":"/a"}}]`:          {{Pointer: "/a"}},
		`[{"source":"/a"}]`:                      {{}},
		`[{"source":[{"pointer":"/a"}]}]`:        {{}},
		`[{"documentation_url":"https://x"}]`:    {{DocumentationURL: "https://x"}},
		`[{"error_chain":[{"code":2},"c"]}]`:     {{Chain: Infos{{Code: 2}, {Message: "c"}}}},
		`[{"error_chain":{"code":2}}]`:           {{Chain: Infos{{Code: 2}}}},
		`[{"error_chain":"c"}]`:                  {{Chain: Infos{{Message: "c"}}}},
		"[{\"message\":[\"\x96\"]}]":             {{Message: "[\"\ufffd\"]"}},
		"[\"a\xffb\\ud800\"]":                    {{Message: "a\ufffdb\ufffd"}},
	} {
		e, _, err := decode(`{"success":false,"errors":` + body + `,"messages":` + body + `}`)
		require.NoError(t, err, body)
		assert.Equal(t, want, e.Errors, body)
		assert.Equal(t, want, e.Messages, body)
		assert.Equal(t, want, DecodeProblem([]byte(`{"success":false,"errors":`+body+`}`)).Errors, body)
	}
}

// A small body cannot become a large tree.
func TestInfosAreBounded(t *testing.T) {
	chain := "null"
	for range 12 {
		chain = `[` + strings.Repeat(`{"error_chain":`+chain+`},`, 2) + strings.Repeat(`{"code":1},`, 30) + `{}]`
		if len(chain) > 1<<19 {
			break
		}
	}
	body := `{"success":false,"errors":[` + strings.Repeat(`{"code":1},`, 200) + `{}],"messages":` + chain + `}`
	e, _, err := decode(body)
	require.NoError(t, err)
	assert.Len(t, e.Errors, maxInfos)
	for name, infos := range map[string]Infos{"errors": e.Errors, "messages": e.Messages} {
		checkBounds(t, name, infos)
	}
}

func checkBounds(t *testing.T, what string, infos Infos) {
	t.Helper()
	var walk func(infos Infos, depth, bound int)
	walk = func(infos Infos, depth, bound int) {
		if len(infos) > bound {
			t.Fatalf("%s: %d entries at depth %d", what, len(infos), depth)
		}
		if depth > 3 && len(infos) > 0 {
			t.Fatalf("%s: a chain at depth %d", what, depth)
		}
		for _, info := range infos {
			for _, text := range []string{info.Message, info.DocumentationURL, info.Pointer} {
				if !utf8.ValidString(text) {
					t.Fatalf("%s: %q is not valid UTF-8", what, text)
				}
			}
			walk(info.Chain, depth+1, maxChain)
		}
	}
	walk(infos, 0, maxInfos)
}

// A body within the bound on bytes can hold a million values of two bytes. It is refused before it is decoded.
func TestDecodeRefusesTooManyValues(t *testing.T) {
	fill := func(before, value, after string) string {
		n := (4<<20 - len(before) - len(after)) / len(value)
		return before + strings.Repeat(value, n) + after
	}
	names := func() string {
		var b strings.Builder
		for i := 0; b.Len() < 4<<20; i++ {
			fmt.Fprintf(&b, `"%x":1,`, i)
		}
		return `{` + b.String() + `"success":true}`
	}()
	for name, body := range map[string]string{
		"strings":       fill(`{"success":true,"result":{"id":"i","tags":[`, `"",`, `""]}}`),
		"objects":       fill(`{"success":true,"result":{"id":"i","x":[`, `{},`, `{}]}}`),
		"lists":         fill(`{"success":true,"result":{"id":"i","x":[`, `[[[[[]]]]],`, `[]]}}`),
		"names":         names,
		"errors":        fill(`{"success":false,"errors":[`, `{},`, `{}]}`),
		"messages":      fill(`{"success":true,"messages":[`, `"",`, `""]}`),
		"chains":        fill(`{"success":false,"errors":[{"error_chain":[`, `{},`, `{}]}]}`),
		"half a string": fill(`{"success":true,"result":{"tags":["`, `","`, `"]}}`),
	} {
		var result any
		e := Envelope{Result: Result{Into: &result}}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := e.Decode([]byte(body)[:len(body):len(body)])
		runtime.ReadMemStats(&after)
		assert.ErrorContains(t, err, "more than 262144 values", name)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(len(body)+1<<20), name)
	}
	// Commas in texts are no values: a large page of large texts is one all the same.
	text := strings.Repeat(`,[{\"\\`, 1<<20)
	_, result, err := decode(`{"success":true,"result":{"name":"` + text + `"}}`)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat(`,[{"\`, 1<<20), result.Name)
}

func TestCountValues(t *testing.T) {
	for body, want := range map[string]int{
		``: 1, `1`: 1, `[]`: 2, `[1]`: 2, `[1,2]`: 3, `{"a":[1,{"b":2}]}`: 5, `"a,[{b"`: 1, `["a\",","\\",3]`: 4, `"`: 1, `"\`: 1,
	} {
		assert.Equal(t, want, countValues([]byte(body)), body)
	}
}

func TestDecodeProblem(t *testing.T) {
	for body, want := range map[string]Problem{
		``:                                   {},
		`null`:                               {},
		`[]`:                                 {},
		`<html>`:                             {},
		`{}`:                                 {},
		`{"success":false}`:                  {Enveloped: true},
		`{"success":false,"success":false}`:  {Enveloped: true},
		`{"success":true,"errors":["x"]}`:    {Errors: Infos{{Message: "x"}}},
		`{"success":"false","errors":["x"]}`: {Errors: Infos{{Message: "x"}}},
		`{"success":false,"errors":[],"error":"x"}`:                {Enveloped: true},
		`{"code":1007,"error":"auth.key_not_in_claims"}`:           {Errors: Infos{{Code: 1007, Message: "auth.key_not_in_claims"}}},
		`{"code":"1","message":"m"}`:                               {Errors: Infos{{Code: 1, Message: "m"}}},
		`{"error":{"a":1}}`:                                        {Errors: Infos{{Message: `{"a":1}`}}},
		`{"title":"T","detail":"D","error_code":522,"ray_id":"r"}`: {Errors: Infos{{Code: 522, Message: "T: D"}}, RayID: "r"},
		`{"title":"T"}`:                                            {Errors: Infos{{Message: "T"}}},
		`{"detail":"D","status":502}`:                              {Errors: Infos{{Message: "D"}}},
		`{"errors":"x","messages":["y"]}`:                          {Errors: Infos{{Message: "x"}}, Messages: Infos{{Message: "y"}}},
	} {
		assert.Equal(t, want, DecodeProblem([]byte(body)), body)
	}
}

// hostileBodies are what the fuzzing begins with.
var hostileBodies = []string{
	"", "null", "[]", "{}", `"x"`, "<html>", "\xff", "\ufeff{}", `{"success":true}`, `{"success":false,"errors":[{"code":1,"message":"m"}]}`,
	`{"success":true,"result":{"id":"i","create_time":"2026-01-02T03:04:05Z","tags":["a"]},"result_info":{"next_page_token":"t","total_size":3}}`,
	`{"success":true,"success":true}`, `{"success":true,"result":{"id":"a","id":"b"}}`, `{"success":true}{}`,
	`{"errors":[{"code":"1","message":{"a":1},"source":{"pointer":[]},"error_chain":[{"error_chain":[{"error_chain":["x"]}]}]},null,7,"s"]}`,
	`{"success":false,"errors":{"code":1},"messages":"m","result":7}`, `{"code":1007,"error":"auth.key_not_in_claims"}`,
	`{"title":"T","detail":"D","error_code":522,"ray_id":"r"}`, "{\"errors\":[\"\\ud800\xff\"]}", `{"result":null,"result_info":null}`,
}

// Whatever the body, decoding ends without a panic, within bounds, and reads only what is JSON. Nothing that was
// decoded points into the body.
func FuzzDecode(f *testing.F) {
	for _, body := range hostileBodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, result, err := decode(string(body))
		if err != nil {
			if strings.Contains(err.Error(), "invalid character") {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true)) {
			t.Fatalf("%q is no JSON", body)
		}
		var members map[string]json.RawMessage // by another decoder
		if json.Unmarshal(body, &members) == nil && utf8.Valid(body) {
			if success := string(members["success"]); (e.Success == True) != (success == "true") {
				t.Fatalf("%q: success is %v", body, e.Success)
			}
			if _, seen := members["result"]; seen != e.Result.Seen && e.Success != False {
				t.Fatalf("%q: there is a result: %v", body, seen)
			}
		}
		checkBounds(t, "errors", e.Errors)
		checkBounds(t, "messages", e.Messages)

		own := bytes.Clone(body)
		again := Envelope{Result: Result{Into: new(item)}, ResultInfo: ResultInfo{Keep: true}}
		if err := again.Decode(own); err != nil {
			t.Fatalf("%q: %v the second time", body, err)
		}
		for i := range own {
			own[i] = '~'
		}
		if fmt.Sprintf("%+v%+v%+v%+v", again.Success, again.Errors, again.Messages, again.ResultInfo) !=
			fmt.Sprintf("%+v%+v%+v%+v", e.Success, e.Errors, e.Messages, e.ResultInfo) {
			t.Fatalf("%q: what was decoded points into it", body)
		}
		if into, ok := again.Result.Into.(*item); ok && fmt.Sprintf("%+v", into) != fmt.Sprintf("%+v", result) {
			t.Fatalf("%q: the result points into it", body)
		}
	})
}

// Whatever the body of an error, reading it ends without a panic and within bounds, and what is no JSON object says
// nothing.
func FuzzDecodeProblem(f *testing.F) {
	for _, body := range hostileBodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		own := bytes.Clone(body)
		p := DecodeProblem(own)
		for i := range own {
			own[i] = '~'
		}
		if fmt.Sprintf("%+v", p) != fmt.Sprintf("%+v", DecodeProblem(body)) {
			t.Fatalf("%q: what was decoded points into it", body)
		}
		checkBounds(t, "errors", p.Errors)
		checkBounds(t, "messages", p.Messages)
		isObject := jsontext.Value(body).Kind() == '{' && jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
		if !isObject && (p.Enveloped || p.Errors != nil || p.Messages != nil || p.RayID != "") {
			t.Fatalf("%q is no JSON object, and gave %+v", body, p)
		}
		if p.Enveloped && !bytes.Contains(body, []byte("success")) && !bytes.Contains(body, []byte(`\u`)) {
			t.Fatalf("%q is no envelope", body)
		}
	})
}

package envelope

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

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

// decode decodes body to an envelope and an item.
func decode(body string) (Envelope, *item, error) {
	result := new(item)
	e := Envelope{Result: Result{Into: result}}
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
	assert.Empty(t, e.Errors)
	assert.Equal(t, Infos{{Code: 1, Message: "m"}}, e.Messages)
	assert.Equal(t, "t", e.ResultInfo.NextPageToken)
	assert.EqualValues(t, 7, e.ResultInfo.TotalSize)
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

func TestDecodeReportsWhetherThereIsAResult(t *testing.T) {
	for body, want := range map[string]struct{ seen, null bool }{
		`{}`:                              {},
		`{"result":null}`:                 {seen: true, null: true},
		`{"result":{}}`:                   {seen: true},
		`{"success":true,"result":{}}`:    {seen: true},
		`{"result":{"id":"i"},"other":1}`: {seen: true},
	} {
		e, _, err := decode(body)
		require.NoError(t, err, body)
		assert.Equal(t, want.seen, e.Result.Seen, body)
		assert.Equal(t, want.null, e.Result.Null, body)
	}
	for _, into := range []any{nil, new(picky)} {
		e := Envelope{Result: Result{Into: into}}
		require.NoError(t, e.Decode([]byte(`{"result":null}`)))
		assert.Equal(t, Result{Into: into, Seen: true, Null: true}, Result{Into: e.Result.Into, Seen: e.Result.Seen, Null: e.Result.Null})
	}
	var e Envelope
	require.NoError(t, e.Decode([]byte(`{"result":[{"of":["any","kind"]}]}`)), "without Into")
	assert.True(t, e.Result.Seen)
}

func TestRaw(t *testing.T) {
	for body, want := range map[string]struct{ result, info string }{
		`{}`:                                  {},
		`{"success":true}`:                    {},
		`{"result":null,"result_info":null}`:  {"null", "null"},
		`{"result":{},"result_info":{}}`:      {"{}", "{}"},
		`{"result_info":[],"result":{}}`:      {"{}", "[]"},
		`{"result":{"id":"i"},"errors":[7]}`:  {result: `{"id":"i"}`},
		`{"result_info":{"a":[1, 2]}}`:        {info: `{"a":[1, 2]}`},
		"{\"result\" \r:\n\t{ \"x\": 1e2 } }": {result: `{ "x": 1e2 }`},
		"{\"result\":\"\xff\\ud800\"}":        {result: "\"\xff\\ud800\""},
		`{"success":false,"errors":[{"message":"m"}],"result_info":{"count":0,"history_status":"unavailable"},"result":null}`: {
			"null", `{"count":0,"history_status":"unavailable"}`,
		},
		`{"success":false,"result": { "a" : 1 } ,"result_info":[]}`: {`{ "a" : 1 }`, `[]`},
		// What cannot be decoded is returned too, of a failure and of a success.
		`{"success":false,"result":[":"],"result_info":{"count":"0"}}`:             {`[":"]`, `{"count":"0"}`},
		`{"success":true,"result":7,"result_info":{"cursor":"c"}}`:                 {`7`, `{"cursor":"c"}`},
		`{"success":true,"result":{"id":"i"},"result_info":{"next_page_token":7}}`: {`{"id":"i"}`, `{"next_page_token":7}`},
		// Errors are read although a name is duplicate.
		`{"result":{},"result_info":{},"result":7}`: {`7`, `{}`},
		// Part of a body that is not a JSON object is not returned.
		``:                              {},
		`[]`:                            {},
		`{"result":{},"result_info":{}`: {},
	} {
		for _, mark := range []string{"", "\uFEFF"} {
			sent := []byte(mark + body)
			result, info := Raw(sent)
			for i := range sent {
				sent[i] = '~'
			}
			assert.Equal(t, want.result, string(result), body)
			assert.Equal(t, want.info, string(info), body)
			assert.Equal(t, want.result == "", result == nil, body)
			assert.Equal(t, want.info == "", info == nil, body)
		}
	}
}

// Nothing is captured of a success whose body was not read.
func TestDecodeReportsWhetherItParsed(t *testing.T) {
	for body, want := range map[string]bool{
		`{}`: true, `{"success":true,"result":{"id":"i"}}`: true, `{"success":false,"result":[":"]}`: true, `{"success":true,"result":7}`: true,
		`{"success":true,"result_info":{"next_page_token":7}}`: true,
		``: false, `{"result":{},"result_info":{}`: false, `{"result":{},"result_info":{},"result":7}`: false, `{"result":{"x":1,"x":1}}`: false,
	} {
		e, _, _ := decode(body)
		assert.Equal(t, want, e.Parsed, body)
	}
}

// The texts contain no value of the body, not even a single character.
func TestDecodeErrors(t *testing.T) {
	nested := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for body, want := range map[string]string{
		"":                                      "its JSON is incomplete",
		"  ":                                    "its JSON is incomplete",
		"\uFEFF":                                "its JSON is incomplete",
		`{"success":tr`:                         "its JSON is incomplete",
		"<html>":                                "it is not valid JSON from byte 0 on",
		"{'success':true}":                      "it is not valid JSON from byte 1 on",
		"\uFEFF\uFEFF{}":                        "it is not valid JSON from byte 0 on",
		"{}\uFEFF":                              "it is not valid JSON from byte 2 on",
		`{"success":true}x`:                     "it is not valid JSON from byte 16 on",
		`{"success":true}{}`:                    "it is not valid JSON from byte 16 on",
		`{"success":true,}`:                     "it is not valid JSON from byte 15 on",
		`{"x":` + nested + `}`:                  "it is not valid JSON from byte 10004 on",
		`{"errors":` + nested + `}`:             "it is not valid JSON from byte 10009 on",
		`{"success":true,"success":true}`:       "/success: duplicate object member name",
		`{"result":{"id":"a","id":"b"}}`:        "/result/id: duplicate object member name",
		`{"x":{"a":1,"a":1}}`:                   "/x/a: duplicate object member name",
		`{"result":{"create_time":"secret"}}`:   "/result/create_time: not a time as in RFC 3339",
		`{"result":{"name":"n","id":7356}}`:     "/result/id: JSON number is not valid for Go type string",
		`{"result":{"id":true}}`:                "/result/id: JSON boolean is not valid for Go type string",
		`{"result":{"tags":["a",{"b":"c"}]}}`:   "/result/tags/1: JSON object is not valid for Go type string",
		`{"result":[]}`:                         "/result: JSON array is not valid for Go type envelope.item",
		`[]`:                                    "it is a JSON array, not an object",
		`"secret"`:                              "it is a JSON string, not an object",
		`7356`:                                  "it is a JSON number, not an object",
		`false`:                                 "it is a JSON boolean, not an object",
		`{"result_info":{"next_page_token":7}}`: "/result_info/next_page_token: JSON number is not valid for Go type string",
	} {
		_, _, err := decode(body)
		assert.EqualError(t, err, want, "%.60q", body)
	}
}

// picky takes no value.
type picky struct{}

func (*picky) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if err := dec.SkipValue(); err != nil {
		return err
	}
	return fmt.Errorf("item 3: %w", assert.AnError)
}

// A result that keeps JSON as sent may have duplicate names. The envelope may not: of two results, one would be lost.
func TestDuplicateNames(t *testing.T) {
	for body, problem := range map[string]string{
		`{"success":true,"result":{"id":"i","raw":{"a":1,"a":2}}}`:                       "",
		`{"success":true,"result":{"id":"h","id":"i"},"result_info":{}}`:                 "",
		`{"success":true,"result":{"id":"i"},"x":1,"x":{"a":[2]}}`:                       "",
		`{"success":false,"success":true,"result":{"id":"i"}}`:                           "/success: duplicate object member name",
		`{"success":true,"result":{"id":"h"},"result":{"id":"i"}}`:                       "/result: duplicate object member name",
		`{"success":true,"result":{"id":"h"},"\u0072esult":{"id":"i"}}`:                  "/result: duplicate object member name",
		`{"success":true,"result":{"id":"i"},"result_info":{},"result_info":{}}`:         "/result_info: duplicate object member name",
		`{"success":true,"errors":[],"result":{"id":"i"},"errors":[]}`:                   "/errors: duplicate object member name",
		`{"messages":[{"message":"m","message":"n"}],"messages":[],"result":{"id":"i"}}`: "/messages: duplicate object member name",
		`{"success":true,"result":{"id":"i"},"x":[{"a":1,"a":2}]}`:                       "/x: duplicate object member name",
		`{"success":true,"result":{"id":"i"},"result_info":{"page":1,"page":2}}`:         "/result_info: duplicate object member name",
		`{"success":true,"result":{"id":"i"`:                                             "its JSON is incomplete",
		`{"success":true,"result":{"id":"i"},}`:                                          "it is not valid JSON from byte 35 on",
		`[]`:                                                                             "it is a JSON array, not an object",
		``:                                                                               "its JSON is incomplete",
	} {
		result := new(item)
		e := Envelope{Result: Result{Into: result}, DuplicateNames: true}
		err := e.Decode([]byte(body))
		if problem != "" {
			assert.EqualError(t, err, problem, body)
			continue
		}
		require.NoError(t, err, body)
		assert.Equal(t, "i", result.ID, body)

		e = Envelope{Result: Result{Into: new(item)}}
		assert.ErrorContains(t, e.Decode([]byte(body)), "duplicate object member name", body)
	}
}

func TestDecodeReturnsTheErrorOfAResult(t *testing.T) {
	e := Envelope{Result: Result{Into: new(picky)}}
	err := e.Decode([]byte(`{"success":true,"result":["secret"]}`))
	require.ErrorIs(t, err, assert.AnError)
	assert.EqualError(t, err, "/result: item 3: "+assert.AnError.Error())
}

// A result that cannot be decoded hides neither the failure that the API reports nor the other members.
func TestDecodeFillsTheOtherMembers(t *testing.T) {
	for more, fits := range map[string]bool{
		"":                                       true,
		`,"result":null`:                         true,
		`,"result_info":7`:                       true,
		`,"result":[]`:                           false,
		`,"result":{"id":7}`:                     false,
		`,"result":{"create_time":"x"}`:          false,
		`,"result_info":{"next_page_token":[1]}`: false,
	} {
		infos := `"errors":[{"code":7,"message":"no"}],"messages":["yes"]`
		for _, body := range []string{`{` + infos + `%s}`, `{"a":1%s,` + infos + `}`} {
			for success, flag := range map[string]Flag{`,"success":true`: True, `,"success":false`: False, ``: Absent} {
				body := fmt.Sprintf(body, success+more)
				e, _, err := decode(body)
				assert.Equal(t, fits || flag == False, err == nil, body)
				assert.Equal(t, flag, e.Success, body)
				assert.Equal(t, Infos{{Code: 7, Message: "no"}}, e.Errors, body)
				assert.Equal(t, Infos{{Message: "yes"}}, e.Messages, body)
			}
		}
	}
}

// A truncated body is an error wherever it ends. A decoder that loses the error would not come to an end.
func TestTruncatedBodies(t *testing.T) {
	info := `{"code":"1","message":{"a":["b\u00e9\ud83d\ude00é",1.5e-3]},"source":{"pointer":"/a"},"documentation_url":null,` +
		`"error_chain":[{"code":2,"message":"\\","error_chain":{"message":"c"}},"d",{"source":"e","error_chain":"f"}]}`
	for _, members := range []string{
		`"errors":[` + info + `,"s",null,[true]],"success":false`,
		`"success":true,"messages":` + info,
		`"messages":"s"`,
		`"errors":[` + strings.Repeat(`"x",`, maxInfos) + info + `]`,
		`"errors":` + strings.Repeat(`[{"error_chain":`, maxDepth) + info + strings.Repeat(`}]`, maxDepth),
		`"success":true,"result":{"id":"i","create_time":"2026-01-02T03:04:05Z","tags":["a"]},"unknown":{"a":[{}]}`,
		`"success":false,"result":{"id":["i"]},"result_info":["i"]`,
		`"result_info":{"cursors":["i"]}`,
		`"result_info":{"next_page_token":"t","total_size":"3","cursor":["c"],"cursors":{"after":1,"before":"b"},"page":1}`,
		`"code":1,"error":{"a":1},"message":["m"],"title":"T","detail":"D","error_code":7,"ray_id":"r"`,
	} {
		body := `{` + members + `}`
		_, _, err := decode(body)
		require.NoError(t, err)
		for i := range len(body) {
			if _, _, err := decode(body[:i]); err == nil || err.Error() != "its JSON is incomplete" {
				t.Fatalf("%s: %v", body[:i], err)
			}
			if p := DecodeProblem([]byte(body[:i])); !reflect.DeepEqual(p, Problem{}) {
				t.Fatalf("%s: %+v", body[:i], p)
			}
		}
	}
}

// A body within the bound on bytes can hold a million values of two bytes. Decode returns an error before it allocates
// memory for them.
func TestDecodeBoundsTheNumberOfValues(t *testing.T) {
	fill := func(before, value, after string) string {
		n := (2<<20 - len(before) - len(after)) / len(value)
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
		assert.EqualError(t, err, "it has more than 262144 values", name)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(len(body)+1<<20), name)
	}
}

func TestDecodeAcceptsLargeBodies(t *testing.T) {
	// Commas inside strings do not count as values.
	text := strings.Repeat(`,[{\"\\`, 1<<18)
	_, result, err := decode(`{"success":true,"result":{"name":"` + text + `"}}`)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat(`,[{"\`, 1<<18), result.Name)

	// Bodies of up to maxUncounted bytes are not counted. Three values are around the tags.
	body := func(tags, size int) string {
		body := `{"result":{"tags":[""` + strings.Repeat(`,""`, tags-1) + `]}}`
		return body + strings.Repeat(" ", size-len(body))
	}
	_, result, err = decode(body(maxValues, maxUncounted))
	require.NoError(t, err)
	assert.Len(t, result.Tags, maxValues)
	_, _, err = decode(body(maxValues, maxUncounted+1))
	require.EqualError(t, err, "it has more than 262144 values")
	_, _, err = decode(body(maxValues-3, maxUncounted+1))
	require.NoError(t, err)
	_, _, err = decode(body(maxValues-2, maxUncounted+1))
	require.EqualError(t, err, "it has more than 262144 values")
}

func TestIsAndCut(t *testing.T) {
	for body, want := range map[string]struct{ is, cut bool }{
		"":                             {},
		" \n":                          {},
		"<html>":                       {},
		"[]":                           {},
		"null":                         {},
		`{}`:                           {},
		`{"success":null}`:             {},
		`{"success":"true"}`:           {},
		`{"success":true}`:             {is: true},
		"\uFEFF" + `{"success":false}`: {is: true},
		`{"success":true,"errors":1,"result":[]}`: {is: true},
		`{"a":1,"a":2,"success":true}`:            {is: true},
		`{`:                                       {cut: true},
		`{"success":true`:                         {cut: true},
		`{"success":true,"result":{`:              {cut: true},
		`{"success":true}}`:                       {},
	} {
		assert.Equal(t, want.is, Is([]byte(body)), body)
		assert.Equal(t, want.cut, Cut([]byte(body)), body)
	}
}

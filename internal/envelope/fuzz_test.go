package envelope

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// hostileBodies are the seeds of the fuzz targets.
var hostileBodies = []string{
	"", "null", "[]", "{}", `"x"`, "<html>", "\xff", "\ufeff{}", `{"success":true}`, `{"success":false,"errors":[{"code":1,"message":"m"}]}`,
	`{"success":true,"result":{"id":"i","create_time":"2026-01-02T03:04:05Z","tags":["a"]},"result_info":{"next_page_token":"t","total_size":3}}`,
	`{"success":true,"success":true}`, `{"success":true,"result":{"id":"a","id":"b"}}`, `{"success":true}{}`,
	`{"errors":[{"code":"1","message":{"a":1},"source":{"pointer":[]},"error_chain":[{"error_chain":[{"error_chain":["x"]}]}]},null,7,"s"]}`,
	`{"success":false,"errors":{"code":1},"messages":"m","result":7}`, `{"code":1007,"error":"auth.key_not_in_claims"}`,
	`{"title":"T","detail":"D","error_code":522,"ray_id":"r"}`, `{"success":true,"result_info":{"cursors":{"after":1},"page":"2"},"result":[ 7 ]}`,
	"{\"errors\":[\"\\ud800\xff\"]}", `{"result":null,"result_info":null}`,
}

// FuzzDecode checks that Decode returns, keeps to its bounds, accepts nothing but JSON, agrees with encoding/json and
// copies what it keeps.
func FuzzDecode(f *testing.F) {
	for _, body := range hostileBodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, result, err := decode(string(body))
		if err != nil {
			return
		}
		body = bytes.TrimPrefix(body, byteOrderMark)
		if !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true)) {
			t.Fatalf("%q is not JSON", body)
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) == nil && utf8.Valid(body) {
			if success := string(members["success"]); (e.Success == True) != (success == "true") {
				t.Fatalf("%q: success is %v", body, e.Success)
			}
			if _, seen := members["result"]; seen != e.Result.Seen {
				t.Fatalf("%q: there is a result: %v", body, seen)
			}
			if rawResult, rawInfo := Raw(body); !bytes.Equal(members["result"], rawResult) || !bytes.Equal(members["result_info"], rawInfo) {
				t.Fatalf("%q: raw are %q and %q", body, rawResult, rawInfo)
			}
		}
		checkBounds(t, "errors", e.Errors)
		checkBounds(t, "messages", e.Messages)

		own := bytes.Clone(body)
		again := Envelope{Result: Result{Into: new(item)}}
		if err := again.Decode(own); err != nil {
			t.Fatalf("%q: %v the second time", body, err)
		}
		for i := range own {
			own[i] = '~'
		}
		show := func(e Envelope, result any) string {
			return fmt.Sprintf("%+v%+v%+v%+v%+v", e.Success, e.Errors, e.Messages, e.ResultInfo, result)
		}
		if into, ok := again.Result.Into.(*item); ok && show(again, into) != show(e, result) || !ok && show(again, nil) != show(e, nil) {
			t.Fatalf("%q: a decoded value points into it", body)
		}
	})
}

// FuzzDecodeProblem checks that DecodeProblem returns, keeps to its bounds, copies what it keeps, and takes nothing
// from a body that is not a JSON object.
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
			t.Fatalf("%q: a decoded value points into it", body)
		}
		checkBounds(t, "errors", p.Errors)
		checkBounds(t, "messages", p.Messages)
		body = bytes.TrimPrefix(body, byteOrderMark)
		isObject := jsontext.Value(body).Kind() == '{' && jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
		if !isObject && fmt.Sprintf("%+v", p) != fmt.Sprintf("%+v", Problem{}) {
			t.Fatalf("%q is not a JSON object, but gave %+v", body, p)
		}
		if p.Enveloped && !bytes.Contains(body, []byte("success")) && !bytes.Contains(body, []byte(`\u`)) {
			t.Fatalf("%q is not an envelope", body)
		}
	})
}

package envelope

import (
	"errors"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Lenient decodes times and integers in spellings that the decoder does not accept but that Cloudflare has sent, such
// as "2018-09-24 11:41:36+00", and "200" or 200.0 for 200. It makes decoding slower, so use it only if strict decoding
// has failed with an error that IsLenient reports.
var Lenient = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(unmarshalTime), json.UnmarshalFromFunc(unmarshalInt)))

// IsLenient reports whether strict decoding failed at a time or an integer, which Lenient may be able to decode.
func IsLenient(err error) bool {
	if _, ok := errors.AsType[*time.ParseError](err); ok {
		return true
	}
	mismatch, ok := errors.AsType[*json.SemanticError](err)
	return ok && mismatch.GoType == reflect.TypeFor[int]()
}

// shortText returns the text of a string or a number. It returns an empty text for one that is too long for a time and
// an integer: the errors of time and strconv copy what they cannot parse.
func shortText(value jsontext.Value) string {
	switch {
	case len(value) > 1<<10:
		return ""
	case value.Kind() != jsontext.KindString:
		return string(value)
	}
	text, _ := jsontext.AppendUnquote(nil, value)
	return string(text)
}

// Package envelope decodes the envelope of Cloudflare's API responses in one pass over the bytes:
// {"success", "errors", "messages", "result", "result_info"}.
package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Envelope holds the members of a response. Set Result.Into before Decode to receive the result.
type Envelope struct {
	Success    Flag       `json:"success"`
	Errors     Infos      `json:"errors"`
	Messages   Infos      `json:"messages"`
	Result     Result     `json:"result"`
	ResultInfo ResultInfo `json:"result_info"`

	// Parsed is set by Decode, unless the body is not JSON, has a duplicate name or exceeds a bound.
	Parsed bool `json:"-"`

	// NoValueLimit turns off the limit on the number of values. Set it if Result.Into takes at most a few times the memory
	// of its text.
	NoValueLimit bool `json:"-"`

	// DuplicateNames allows the objects in the result to have duplicate names. Of two values, the last one counts.
	DuplicateNames bool `json:"-"`
}

// options replace invalid UTF-8 with U+FFFD, so that one badly encoded name does not make the whole response invalid.
var options = json.JoinOptions(jsontext.AllowInvalidUTF8(true))

// byteOrderMark is U+FEFF in UTF-8. Some proxies and servers begin a body with it.
var byteOrderMark = []byte("\uFEFF")

// Decode decodes body into e. The result shares no memory with body, so that the caller may reuse it. The text of its
// errors never quotes a value of the body.
//
// If only the result or the result_info cannot be decoded, Decode still fills the other members. If such a response
// reports a failure, Decode returns nil, so that the caller gets the errors of the API.
func (e *Envelope) Decode(body []byte) error {
	body = bytes.TrimPrefix(body, byteOrderMark)
	if err := e.checkBounds(body); err != nil {
		return err
	}
	options := options
	if e.DuplicateNames {
		if err := checkNames(body); err != nil {
			return err
		}
		options = json.JoinOptions(options, jsontext.AllowDuplicateNames(true))
	}
	err := json.Unmarshal(body, e, options)
	if IsLenient(err) {
		*e = Envelope{Result: Result{Into: e.Result.Into}, NoValueLimit: e.NoValueLimit, DuplicateNames: e.DuplicateNames} // lists would grow
		err = json.Unmarshal(body, e, options, Lenient)
	}
	if err == nil {
		e.Parsed = true
		return nil
	}
	others := Envelope{Parsed: true, ResultInfo: ResultInfo{skip: true}}
	if invalid := json.Unmarshal(body, &others, options); invalid != nil { // the body is not JSON
		return describe(invalid)
	}
	*e = others
	if e.Success == False {
		return nil
	}
	return describe(err)
}

// Is reports whether a body is an envelope: a JSON object whose "success" is a boolean. Everything else in the object
// may be invalid for its type, or repeated.
func Is(body []byte) bool {
	var wire struct {
		Success Flag `json:"success"`
	}
	err := json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), &wire, options, jsontext.AllowDuplicateNames(true))
	return err == nil && wire.Success != Absent
}

// Cut reports whether a body is only the beginning of a JSON value.
func Cut(body []byte) bool {
	var wire struct{}
	err := json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), &wire, options, jsontext.AllowDuplicateNames(true))
	return errors.Is(err, io.ErrUnexpectedEOF) && len(bytes.TrimSpace(body)) > 0
}

// checkNames returns an error if a body has a member of the envelope twice, or a duplicate name outside of the result.
// It leaves other mistakes to the decoder.
func checkNames(body []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), options, jsontext.AllowDuplicateNames(true))
	if token, err := dec.ReadToken(); err != nil || token.Kind() != jsontext.KindBeginObject {
		return nil
	}
	seen := map[string]bool{"success": false, "errors": false, "messages": false, "result": false, "result_info": false}
	for dec.PeekKind() == jsontext.KindString {
		token, err := dec.ReadToken()
		if err != nil {
			return nil
		}
		name := token.String() // a token is only valid until the next one
		if twice, known := seen[name]; twice {
			return fmt.Errorf("%s: duplicate object member name", dec.StackPointer())
		} else if known {
			seen[name] = true
		}
		pointer := dec.StackPointer()
		switch value, err := dec.ReadValue(); {
		case err != nil:
			return nil
		case name != "result" && !value.IsValid(options): // the syntax is right, so it is a name
			return fmt.Errorf("%s: duplicate object member name", pointer)
		}
	}
	return nil
}

// maxResultInfo bounds what Raw returns of a result_info, in bytes. It describes a page, and is a few hundred bytes
// long.
const maxResultInfo = 1 << 20

// Raw returns copies of the result and of the result_info as sent, and nil for one that a body does not have. It also
// returns nil for a result_info of more than 1 MiB.
func Raw(body []byte) (result, resultInfo jsontext.Value) {
	result, resultInfo = RawParts(body)
	return result.Clone(), resultInfo.Clone()
}

// RawParts returns what Raw does, in the memory of body.
func RawParts(body []byte) (result, resultInfo jsontext.Value) {
	var wire struct {
		Result     part `json:"result"`
		ResultInfo part `json:"result_info"`
	}
	body = bytes.TrimPrefix(body, byteOrderMark)
	if json.Unmarshal(body, &wire, options, jsontext.AllowDuplicateNames(true)) != nil {
		return nil, nil
	}
	if wire.ResultInfo.end-wire.ResultInfo.start > maxResultInfo {
		wire.ResultInfo = part{}
	}
	return wire.Result.of(body), wire.ResultInfo.of(body)
}

// part is the place of a value in a body.
type part struct{ start, end int64 }

func (p *part) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	p.end = dec.InputOffset()
	p.start = p.end - int64(len(value))
	return err
}

func (p part) of(body []byte) jsontext.Value {
	if p.end == 0 {
		return nil
	}
	return body[p.start:p.end:p.end]
}

// describe returns an error whose text says what is wrong with a body without quoting its values, which may be personal
// data. The decoder's text quotes strings, numbers and single characters.
func describe(err error) error {
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName):
			return fmt.Errorf("%s: duplicate object member name", syntactic.JSONPointer)
		case errors.Is(err, io.ErrUnexpectedEOF):
			return errors.New("its JSON is incomplete")
		}
		return fmt.Errorf("it is not valid JSON from byte %d on", syntactic.ByteOffset)
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case !ok:
		return err
	case semantic.JSONPointer == "":
		return fmt.Errorf("it is a JSON %s, not an object", kindNames[semantic.JSONKind])
	case semantic.JSONKind == jsontext.KindInvalid: // the error comes from a method of the type, not from the decoder
		return fmt.Errorf("%s: %w", semantic.JSONPointer, semantic.Err)
	}
	return fmt.Errorf("%s: JSON %s is not valid for Go type %v", semantic.JSONPointer, kindNames[semantic.JSONKind], semantic.GoType)
}

var kindNames = map[jsontext.Kind]string{
	jsontext.KindTrue: "boolean", jsontext.KindFalse: "boolean", jsontext.KindNumber: "number",
	jsontext.KindString: "string", jsontext.KindBeginArray: "array", jsontext.KindBeginObject: "object",
}

// Flag is a boolean that may be absent.
type Flag int8

// The values of a Flag. Absent also stands for a value that is not a boolean.
const (
	Absent Flag = iota
	False
	True
)

// UnmarshalJSONFrom decodes true and false, and skips any other value.
func (f *Flag) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case jsontext.KindTrue:
		*f = True
	case jsontext.KindFalse:
		*f = False
	}
	return dec.SkipValue()
}

// Result decodes the result of a response.
type Result struct {
	Into any  // a pointer to decode to, or nil to skip the result
	Seen bool // the response has a result
	Null bool // the result is null
}

// UnmarshalJSONFrom decodes the result to r.Into, unless it is null.
func (r *Result) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	r.Seen, r.Null = true, dec.PeekKind() == jsontext.KindNull
	if r.Into == nil || r.Null {
		return dec.SkipValue()
	}
	return json.UnmarshalDecode(dec, r.Into)
}

// Package envelope reads the frame that Cloudflare's API puts around every answer, in one pass over the bytes:
// {"success", "errors", "messages", "result", "result_info"}.
package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Envelope is one answer. Result says where its result goes.
type Envelope struct {
	Success    Flag       `json:"success"`
	Errors     Infos      `json:"errors"`
	Messages   Infos      `json:"messages"`
	Result     Result     `json:"result"`
	ResultInfo ResultInfo `json:"result_info"`
}

// options lets one badly encoded name through, as U+FFFD, rather than lose the whole answer to it.
var options = json.JoinOptions(jsontext.AllowInvalidUTF8(true))

// Decode reads body into e. Nothing of e points into body afterwards.
func (e *Envelope) Decode(body []byte) error {
	if len(body) > maxUncounted && countValues(body) > maxValues {
		return fmt.Errorf("it has more than %d values", maxValues)
	}
	err := json.Unmarshal(body, e, options)
	if err == nil {
		return nil
	}
	// A result that does not fit must not hide that the API has refused, and why.
	refusal := Envelope{ResultInfo: ResultInfo{skip: true}}
	if json.Unmarshal(body, &refusal, options) == nil && refusal.Success == False {
		*e = refusal
		return nil
	}
	return unreadable(err)
}

// Bounds on how many values a body holds: one of two bytes, such as "", takes many times that in memory. A full page
// has some 30,000.
const (
	maxUncounted = 1 << 20
	maxValues    = 1 << 18
)

// countValues returns about how many values there are in a JSON text, and no fewer than are decoded from it.
func countValues(body []byte) int {
	n := 1
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			for i++; i < len(body) && body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
		case ',', '[', '{':
			n++
		}
	}
	return n
}

// unreadable says why a body could not be decoded. What the decoder says of single characters helps nobody: where
// there is HTML in place of JSON, its beginning tells more.
func unreadable(err error) error {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok || errors.Is(err, jsontext.ErrDuplicateName):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends before its JSON does")
	}
	return fmt.Errorf("it cannot be read as JSON from byte %d on", syntax.ByteOffset)
}

// Flag is a boolean that may be absent.
type Flag int8

// The values of a Flag. Absent is also what stands where no boolean is.
const (
	Absent Flag = iota
	False
	True
)

// UnmarshalJSONFrom reads true and false.
func (f *Flag) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case jsontext.KindTrue:
		*f = True
	case jsontext.KindFalse:
		*f = False
	}
	return dec.SkipValue()
}

// Result is where a result is decoded to, and what was there.
type Result struct {
	Into any // a pointer, or nil to pass the result over
	Seen bool
	Null bool
}

// UnmarshalJSONFrom decodes the result straight to where it belongs.
func (r *Result) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	r.Seen, r.Null = true, dec.PeekKind() == jsontext.KindNull
	if r.Into == nil || r.Null {
		return dec.SkipValue()
	}
	return json.UnmarshalDecode(dec, r.Into)
}

// ResultInfo is what lists say of their pages.
type ResultInfo struct {
	NextPageToken string
	TotalSize     int64
	Raw           jsontext.Value // if Keep is set
	Keep          bool

	skip bool
}

// UnmarshalJSONFrom reads the two members that matter here, and keeps all of them where that was asked for.
func (r *ResultInfo) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil || r.skip || raw.Kind() == jsontext.KindNull {
		return err
	}
	if r.Keep {
		r.Raw = raw.Clone()
	}
	var page struct {
		NextPageToken string `json:"next_page_token"`
		TotalSize     number `json:"total_size"` // nobody relies on it, so it must not cost a page
	}
	if err := json.Unmarshal(raw, &page, options); err != nil {
		return fmt.Errorf("result_info: %w", err)
	}
	r.NextPageToken, r.TotalSize = page.NextPageToken, int64(page.TotalSize)
	return nil
}

// Info is one entry of errors or messages.
type Info struct {
	Code             int
	Message          string
	DocumentationURL string
	Pointer          string // source.pointer
	Chain            Infos  // error_chain
}

// Infos is a list of entries, read as tolerantly as possible: what is wrong with an error must not hide the error.
type Infos []Info

// Bounds on what is kept, so that a small body cannot become large memory.
const (
	maxInfos = 100
	maxChain = 10
	maxDepth = 9 // of nested lists and objects: three levels of error_chain
)

// UnmarshalJSONFrom takes a list, a single entry, or null.
func (l *Infos) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != jsontext.KindBeginArray {
		return l.appendNext(dec)
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	bound := maxInfos
	if dec.StackDepth() > 2 {
		bound = maxChain
	}
	for dec.PeekKind() != jsontext.KindEndArray {
		if len(*l) >= bound || dec.StackDepth() > maxDepth {
			if err := dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if err := l.appendNext(dec); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

func (l *Infos) appendNext(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case jsontext.KindBeginObject:
		var wire struct {
			Code             number `json:"code"`
			Message          text   `json:"message"`
			DocumentationURL text   `json:"documentation_url"`
			Source           source `json:"source"`
			ErrorChain       Infos  `json:"error_chain"`
		}
		if err := json.UnmarshalDecode(dec, &wire); err != nil {
			return err
		}
		*l = append(*l, Info{int(wire.Code), string(wire.Message), string(wire.DocumentationURL), string(wire.Source), wire.ErrorChain})
		return nil
	case jsontext.KindString:
		var message text
		if err := json.UnmarshalDecode(dec, &message); err != nil {
			return err
		}
		*l = append(*l, Info{Message: string(message)})
		return nil
	}
	return dec.SkipValue()
}

// number is a whole number, perhaps written as a text; anything else counts as zero.
type number int

func (n *number) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var t text
	if err := json.UnmarshalDecode(dec, &t); err != nil {
		return err
	}
	value, err := strconv.Atoi(string(t))
	if err == nil {
		*n = number(value)
	}
	return nil
}

// text is a string, or whatever JSON stands in its place; null is empty.
type text string

func (t *text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case jsontext.KindNull:
		return dec.SkipValue()
	case jsontext.KindString:
		return json.UnmarshalDecode(dec, (*string)(t))
	}
	raw, err := dec.ReadValue()
	*t = text(bytes.ToValidUTF8(raw, []byte("\uFFFD")))
	return err
}

// source is {"pointer": "..."}, of which only the pointer counts.
type source string

func (s *source) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != jsontext.KindBeginObject {
		return dec.SkipValue()
	}
	var wire struct {
		Pointer text `json:"pointer"`
	}
	err := json.UnmarshalDecode(dec, &wire)
	*s = source(wire.Pointer)
	return err
}

// Problem is the body of an answer that is no success, in any of the shapes that are known.
type Problem struct {
	Enveloped bool // an answer of the API itself, and not of something on the way to it
	Errors    Infos
	Messages  Infos
	RayID     string
}

// DecodeProblem reads the body of an answer that is no success. A body that says nothing gives a Problem without
// errors.
func DecodeProblem(body []byte) Problem {
	var wire struct {
		Success  Flag  `json:"success"`
		Errors   Infos `json:"errors"`
		Messages Infos `json:"messages"`

		// Answers of old endpoints: {"code":1007,"error":"auth.key_not_in_claims"}.
		Code    number `json:"code"`
		Error   text   `json:"error"`
		Message text   `json:"message"`

		// RFC 9457, from the edge.
		Title     text   `json:"title"`
		Detail    text   `json:"detail"`
		ErrorCode number `json:"error_code"`
		RayID     text   `json:"ray_id"`
	}
	if json.Unmarshal(body, &wire, options, jsontext.AllowDuplicateNames(true)) != nil {
		return Problem{}
	}
	p := Problem{
		Enveloped: wire.Success == False,
		Errors:    wire.Errors,
		Messages:  wire.Messages,
		RayID:     string(wire.RayID),
	}
	if len(p.Errors) > 0 || p.Enveloped {
		return p
	}
	edge := wire.Title
	if edge != "" && wire.Detail != "" {
		edge += ": "
	}
	edge += wire.Detail
	for _, message := range []text{wire.Error, wire.Message, edge} {
		if message != "" {
			p.Errors = Infos{{Code: int(max(wire.Code, wire.ErrorCode)), Message: string(message)}}
			break
		}
	}
	return p
}

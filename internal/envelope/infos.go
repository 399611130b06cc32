package envelope

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Info is one entry of errors or messages.
type Info struct {
	Code             int
	Message          string
	DocumentationURL string
	Pointer          string // source.pointer
	Chain            Infos  // error_chain
}

// Infos is a list of entries. It is decoded as leniently as possible, because a malformed entry must not hide the error
// that it reports.
type Infos []Info

// Bounds on the entries that are kept, so that a small body cannot become large memory. Entries beyond them are
// skipped.
const (
	maxInfos = 100
	maxChain = 10
	maxDepth = 9 // of the arrays and objects around an entry: three levels of error_chain if each is an array
)

// UnmarshalJSONFrom decodes an array of entries or a single entry. It skips null.
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
		if len(*l) >= bound {
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

// appendNext decodes an entry, which is an object or a bare message, and appends it. It skips any other value.
func (l *Infos) appendNext(dec *jsontext.Decoder) error {
	if dec.StackDepth() > maxDepth {
		return dec.SkipValue()
	}
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
		*l = append(*l, Info{wire.Code.int(), string(wire.Message), string(wire.DocumentationURL), string(wire.Source), wire.ErrorChain})
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

// text is a string. Null is empty, and any other value is its JSON.
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

// source is the pointer of {"pointer": "..."}.
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

package cloudflare

import (
	"bytes"
	"strings"
	"unicode"

	"example.com/cloudflare/internal/rest"
)

// Bounds on texts from a server, in bytes.
const (
	maxRedacted = 16 << 10 // searched for secrets
	maxText     = 4 << 10  // kept in a field of an error, and quoted of all errors of a response
	maxLine     = 200      // quoted on one line
)

// redactor removes the credentials of a call from a text.
type redactor func(string) string

// redactor returns one for the results of earlier calls.
func (c *Client) redactor() redactor { return c.sender.Redact }

// text redacts a text and returns at most limit bytes of it.
func (redact redactor) text(text string, limit int) string {
	whole := len(text) <= maxRedacted
	text = redact(strings.ToValidUTF8(text[:min(len(text), maxRedacted)], "\uFFFD"))
	if !whole { // a secret may lie across the end of the searched text
		text = text[:max(0, len(text)-maxRedacted/2)] + "…"
	}
	return rest.Shorten(text, limit)
}

// line redacts the beginning of a text and puts it on one line.
func (redact redactor) line(text string) string {
	return rest.Shorten(oneLine(redact.text(text, maxRedacted)), maxLine)
}

// sample returns the beginning of a body, on one line.
func (redact redactor) sample(body []byte) string {
	switch {
	case len(body) == 0:
		return "the body is empty"
	case len(bytes.TrimSpace(body)) == 0:
		return "the body is blank"
	}
	return `"` + redact.line(string(body[:min(len(body), maxRedacted+1)])) + `"`
}

// sampleOfSuccess returns the beginning of the body of a 2xx response if it is HTML or plain text, as proxies send it.
// It does not quote JSON, not even behind other text: the result of a request holds personal data, which must not appear
// in errors.
func (redact redactor) sampleOfSuccess(body []byte) string {
	start := bytes.TrimSpace(body)
	if len(start) > 0 && start[0] != '<' && (start[0] > unicode.MaxASCII || !unicode.IsLetter(rune(start[0]))) {
		return ""
	}
	sample := redact.sample(body)
	if i := strings.IndexAny(sample, "{["); i >= 0 {
		return sample[:i] + `…"`
	}
	return sample
}

// json returns a redacted copy of raw JSON, and nil for nil.
func (redact redactor) json(raw []byte) []byte {
	if raw == nil {
		return nil
	}
	return []byte(redact(string(raw)))
}

// oneLine replaces runs of white space and control characters with a single space. It must not remove them, because
// that could join two halves of a secret that was not found before.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, isSpaceOrControl), " ")
}

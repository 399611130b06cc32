package cloudflare

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/cloudflare/internal/rest"
)

// maxText bounds what is kept in a field of an error, and quoted of all errors of a response, in bytes.
const maxText = 4 << 10

// maxName bounds the names and statuses that quoted quotes, in bytes before they are escaped.
const maxName = 100

// redactor removes the credentials of a call from a text.
type redactor func(string) string

// asIs is for texts that were redacted before, and for those in errors that a user makes.
var asIs redactor = func(text string) string { return text }

// redactor returns one for the results of earlier calls.
func (c *Client) redactor() redactor { return c.sender.Redact }

// text returns the beginning of a text, as an error keeps it.
func (redact redactor) text(text string) string { return rest.Text(redact, text, maxText) }

// line returns the beginning of a text on one line, as an error quotes it.
func (redact redactor) line(text string) string { return rest.Line(redact, text) }

// quoted returns the beginning of a text in quotes, with escapes for all but ASCII. Unlike line, it tells texts apart
// that look the same. The escapes of invisible characters keep a divided credential divided.
func (redact redactor) quoted(text string) string {
	return strconv.QuoteToASCII(rest.Shorten(rest.Beginning(redact, text), maxName))
}

// sample returns the beginning of a body, on one line.
func (redact redactor) sample(body []byte) string {
	switch {
	case len(body) == 0:
		return "the body is empty"
	case len(bytes.TrimSpace(body)) == 0:
		return "the body is blank"
	}
	return `"` + redact.line(string(body)) + `"`
}

// sampleOfSuccess returns the beginning of the body of a 2xx response if it is HTML or plain text, as proxies send it.
// It does not quote JSON, not even behind other text: the result of a request holds personal data, which must not
// appear in errors.
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

// json returns redacted JSON, and nil for nil. If a credential is a number or part of an escape, the rest would not be
// JSON: nothing of it is kept then, so that a Response can always be encoded.
func (redact redactor) json(raw jsontext.Value) json.RawMessage {
	clean := jsontext.Value(redact(string(raw)))
	switch {
	case raw == nil:
		return nil
	case !clean.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)):
		return json.RawMessage(`"[redacted]"`)
	}
	return json.RawMessage(clean)
}

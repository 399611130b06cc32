package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// visible writes text to a terminal. Whoever can write to Redis or can name an organization chooses a part of what is
// printed, so a character that a terminal may act on becomes U+FFFD. A Write must end between two characters.
type visible struct{ io.Writer }

func (w visible) Write(p []byte) (int, error) {
	_, err := w.Writer.Write(bytes.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return mark(r)
	}, p))
	return len(p), err
}

// line returns s on one line, with U+FFFD for each character that a terminal may act on. Nothing is removed, because
// that could join the halves of a secret.
func line(s string) string { return strings.Map(mark, s) }

func mark(r rune) rune {
	if isVisible(r) {
		return r
	}
	return utf8.RuneError
}

// isVisible reports whether a terminal shows r and does nothing else. Names in Persian and many emoji need the joiners.
func isVisible(r rune) bool { return unicode.IsGraphic(r) || r == '\u200c' || r == '\u200d' }

// encode writes v as JSON, with an escape sequence of JSON for each character that a terminal may act on.
func encode(w io.Writer, v any, indent string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	var escaped strings.Builder
	for _, r := range text.String() {
		if isVisible(r) || r == '\n' { // no string of JSON has a line break
			escaped.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
	}
	_, err := io.WriteString(w, escaped.String())
	return err
}

// quote returns an argument of the command line for an error. An argument that may be a URL is not shown, because it
// may contain a password.
func quote(arg string) string {
	if mayBeURL(arg) {
		return "(not shown, because it may contain a password)"
	}
	return fmt.Sprintf("%q", arg)
}

func mayBeURL(text string) bool {
	return strings.Contains(text, ":/") || strings.Contains(text, "@")
}

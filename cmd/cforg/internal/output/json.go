package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
)

// JSON writes a value, indented.
func JSON(w io.Writer, value any) error { return encode(w, value, "  ") }

// JSONLine writes a value on one line.
func JSONLine(w io.Writer, value any) error { return encode(w, value, "") }

// encode writes complete strings: characters that a terminal acts on or does not show are escaped.
func encode(w io.Writer, value any, indent string) error {
	var encoded, escaped bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	for _, r := range encoded.String() {
		switch {
		case r == '\n' || unicode.IsGraphic(r) && !hidden(r):
			escaped.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&escaped, `\u%04x`, unit)
			}
		}
	}
	_, err := w.Write(escaped.Bytes())
	return err
}

// Package output prints what a server sent, where names are other people's: as a table, as CSV for spreadsheets, and as
// JSON for scripts. Nothing in them moves a terminal's cursor, and no cell is a formula.
package output

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"

	"example.com/cloudflare/examples/internal/demo"
)

// Table writes rows, the header first, in columns.
func Table(w io.Writer, rows [][]string) error {
	const widest = 60 // one very long name must not push away what is right of all others
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], min(width(demo.Text(cell)), widest))
		}
	}
	var b bytes.Buffer
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = demo.Text(cell)
			line.WriteString(cell + strings.Repeat(" ", max(0, widths[i]-width(cell))+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// wide has the characters that take two columns of a terminal, by and large: those of East Asia, and emoji.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115F, 1}, {0x2E80, 0x303E, 1}, {0x3041, 0xA4CF, 1}, {0xAC00, 0xD7A3, 1},
		{0xF900, 0xFAFF, 1}, {0xFE30, 0xFE6F, 1}, {0xFF01, 0xFF60, 1}, {0xFFE0, 0xFFE6, 1},
	},
	R32: []unicode.Range32{{0x1F300, 0x1F64F, 1}, {0x1F680, 0x1F6FF, 1}, {0x1F900, 0x1F9FF, 1}, {0x20000, 0x3FFFD, 1}},
}

// width returns how many columns of a terminal a text takes.
func width(s string) (columns int) {
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me): // drawn over the character before
		case unicode.Is(wide, r):
			columns += 2
		default:
			columns++
		}
	}
	return columns
}

// formula is what a spreadsheet would calculate: at the beginning of a cell, or behind what a spreadsheet of another
// country takes for the end of one.
var formula = regexp.MustCompile(`(^|;)(\s*[=+\-@＝＋－＠])`)

// CSV writes rows, the header first. A cell that a spreadsheet would take for a formula gets an apostrophe before it.
func CSV(w io.Writer, rows [][]string) error {
	out := csv.NewWriter(w)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = formula.ReplaceAllString(demo.Text(cell), "$1'$2")
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// JSON writes a value, indented. Texts in it are complete: what would be dropped elsewhere is escaped.
func JSON(w io.Writer, value any) error {
	var encoded, escaped bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	for _, r := range encoded.String() {
		switch {
		case r == '\n' || unicode.IsGraphic(r):
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

package output

import (
	"encoding/csv"
	"io"
	"regexp"
)

// formula matches what a spreadsheet calculates: at the beginning of a cell, and after a semicolon, which separates
// cells where the comma is for decimals.
var formula = regexp.MustCompile(`(^|;)(\s*[=+\-@＝＋－＠])`)

// CSV writes rows, the header first. A cell that a spreadsheet would take for a formula gets an apostrophe before it.
func CSV(w io.Writer, rows [][]string) error {
	out := csv.NewWriter(w)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = formula.ReplaceAllString(Text(cell), "$1'$2")
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

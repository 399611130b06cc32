// Package output prints what a server sent: as tables, as CSV for spreadsheets, and as JSON for scripts. Names come from
// other people, so nothing that is printed moves a terminal's cursor or changes its colors, and no CSV cell is a formula.
package output

import (
	"strings"
	"unicode"

	"github.com/dustin/go-humanize/english"
)

// Text returns s on one line. It replaces white space, control characters and characters that cannot be seen with spaces.
// It must not remove them, because that could join two halves of a credential that was not found before.
func Text(s string) string { return replace(s, "") }

// Lines does what Text does, and keeps line breaks and tabs.
func Lines(s string) string { return replace(s, "\n\t") }

func replace(s, kept string) string {
	var b strings.Builder
	var last rune         // that was written
	for _, r := range s { // which turns invalid UTF-8 into U+FFFD
		switch {
		case printable(r, last) || strings.ContainsRune(kept, r):
		case last == ' ':
			continue
		default:
			r = ' '
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// printable reports whether r may be printed after last. Persian names and many emoji need joiners and variation
// selectors. ASCII does not, and all credentials are ASCII.
func printable(r, last rune) bool {
	return (last > unicode.MaxASCII || !hidden(r)) && (unicode.IsGraphic(r) || unicode.Is(unicode.Join_Control, r))
}

// hidden reports whether r cannot be seen, although it may be needed where it stands.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Join_Control, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// Count returns a number with a word, such as "1 row" or "2 rows". The word is its singular.
func Count(n int, word string) string {
	plural := ""
	if word == "person" {
		plural = "people"
	}
	return english.Plural(n, word, plural)
}

// Package output prints what a server sent: as tables, as CSV for spreadsheets, and as JSON for scripts. Names come from
// other people, so nothing that is printed moves a terminal's cursor or changes its colors, and no CSV cell is a formula.
package output

import (
	"strings"
	"unicode"

	"github.com/dustin/go-humanize/english"
)

// Text returns s on one line, without control characters and other characters that a terminal acts on. Joiners stay:
// Persian names and many emoji need them.
func Text(s string) string { return strings.Map(printable, s) }

// Lines does what Text does, and keeps line breaks and tabs.
func Lines(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return printable(r)
	}, s)
}

func printable(r rune) rune {
	switch {
	case unicode.IsGraphic(r), r == '\u200c', r == '\u200d':
		return r
	case unicode.IsSpace(r):
		return ' '
	}
	return -1
}

// Count returns a number with a word, such as "1 row" or "2 rows". The word is its singular.
func Count(n int, word string) string {
	plural := ""
	if word == "person" {
		plural = "people"
	}
	return english.Plural(n, word, plural)
}

package rest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Texts of servers, transports and callers become part of errors and log records only through this file. A text is made
// visible before it is redacted: characters that cannot be seen are replaced and never removed, because removing them
// could join two halves of a secret that was not found before.

// Bounds on texts, in bytes.
const (
	maxSearched = 16 << 10 // searched for secrets
	maxLine     = 200      // quoted on one line: net/http quotes a header of up to 1 MiB in full
)

// Line returns the beginning of a text on one line, without the secrets that redact replaces.
func Line(redact func(string) string, text string) string {
	return Shorten(OneLine(Text(redact, text, maxSearched)), maxLine)
}

// Text returns the beginning of a text, in at most limit bytes, without the secrets that redact replaces.
func Text(redact func(string) string, text string, limit int) string {
	return Shorten(Beginning(func(text string) string { return redact(visible(text)) }, text), limit)
}

// Beginning returns the beginning of a text without the secrets that redact replaces. The text is not made visible.
func Beginning(redact func(string) string, text string) string {
	if len(text) <= maxSearched {
		return redact(text)
	}
	text = redact(text[:maxSearched]) // a secret may lie across the end
	if len(text) <= maxSearched/2 {
		return "…"
	}
	return Shorten(text, len(text)-maxSearched/2+len("…"))
}

// OneLine makes a text visible, and replaces runs of spaces with a single one.
func OneLine(text string) string { return strings.Join(strings.Fields(visible(text)), " ") }

// IsSpaceOrControl reports whether r is white space or a control character.
func IsSpaceOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// visible replaces white space and control characters with spaces, and what is not valid UTF-8 or cannot be seen with
// U+FFFD. It keeps hidden characters that belong to the character before them, as in emoji and in some scripts. A
// credential is ASCII, so that these cannot divide it.
func visible(text string) string {
	last := rune(0)
	return strings.Map(func(r rune) rune {
		hidden := r > unicode.MaxASCII &&
			unicode.In(r, unicode.Join_Control, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
		switch {
		case IsSpaceOrControl(r):
			r = ' '
		case hidden && last <= unicode.MaxASCII, !hidden && !unicode.IsGraphic(r):
			r = utf8.RuneError
		}
		last = r
		return r
	}, text) // which passes what is not valid UTF-8 as U+FFFD
}

// Shorten returns a text, or its beginning and an ellipsis, in at most limit bytes.
func Shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

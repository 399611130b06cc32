package rest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

const secret = "cfut_0123456789"

func redactSecret(text string) string { return strings.ReplaceAll(text, secret, "[redacted]") }

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"plain":                   "plain",
		"two\r\n\tlines  there":   "two lines there",
		"a\x00b\x1b[2Jc\x7fd":     "a b [2Jc d",
		"C1 \u009b2J":             "C1 2J",
		"no\u00a0break\u2028":     "no break",
		"tw\xffo":                 "tw\uFFFDo",
		"half\xe2\x80 a rune":     "half\uFFFD\uFFFD a rune",
		"zero\u200bwidth":         "zero\uFFFDwidth",
		"\u202edesrever":          "\uFFFDdesrever",
		"soft\u00adhyphen":        "soft\uFFFDhyphen",
		"\ufeffmark":              "\uFFFDmark",
		"tag\U000e0041s":          "tag\uFFFDs",
		"variation\ufe0f":         "variation\uFFFD",
		"joiner\u200dj\u034fk":    "joiner\uFFFDj\uFFFDk",
		"filler\u3164\uffa0":      "filler\uFFFDﾠ", // the second follows a character that is not ASCII
		"private \ue000":          "private \uFFFD",
		"Café, ☁ and 日本":          "Café, ☁ and 日本",
		"👩\u200d💻 ❤\ufe0f":        "👩\u200d💻 ❤\ufe0f",
		"a " + secret:             "a [redacted]",
		"a\u200b" + secret + "\n": "a\uFFFD[redacted]",
		"of \uFFFD itself":        "of \uFFFD itself",
	} {
		assert.Equal(t, want, Line(redactSecret, text), "%q", text)
	}
	assert.Equal(t, strings.Repeat("é", 98)+"…", Line(redactSecret, strings.Repeat("é", 100)+"x"), "no character is cut in two")
	assert.NotContains(t, Line(redactSecret, strings.Repeat(" ", maxSearched-8)+secret), secret[:6], "a secret across the end of what is searched")
	// So many secrets at the beginning leave so little of the text that its end would be quoted.
	for at := 0; at < maxSearched; at += 16 * len(secret) {
		spelled := strings.Repeat(secret, at/len(secret))
		spelled += strings.Repeat("é", max(0, maxSearched-len(spelled)-7)/2) + secret
		line := Beginning(strings.NewReplacer(secret, "").Replace, spelled)
		assert.NotContains(t, line, secret[:4])
		assert.True(t, utf8.ValidString(line), "no character is cut in two")
	}
}

// No text joins the halves of a secret, whatever divides them. What a reader sees is on one line and valid UTF-8.
func FuzzLine(f *testing.F) {
	for _, divider := range []string{"", "\xff", "\u200b", "\u202e", "\u009b",
		"\u00ad", "\U000e0041", "\ufe0f", "\u200d", "é\u200d", "\n", "\x00", "…", "\uFFFD"} {
		f.Add(divider)
	}
	f.Fuzz(func(t *testing.T, divider string) {
		line := Line(redactSecret, secret[:7]+divider+secret[7:])
		if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r != ' ' && IsSpaceOrControl(r) }) {
			t.Fatalf("%q becomes %q", divider, line)
		}
		if len(line) > maxLine || strings.Contains(line, secret) {
			t.Fatalf("%q becomes %q", divider, line)
		}
	})
}

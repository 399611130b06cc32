package output_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cmd/cforg/internal/output"
)

// hostile moves the cursor up, clears the screen, turns the direction of reading, and is not all printable in JSON.
const hostile = "a\x1b[2J\r\n\b\tb\u009b1A\u202ec\x7f\U000e0041"

const harmless = "a [2J b 1A c " // what Text makes of it

// assertHarmless checks that text does to a terminal nothing but fill lines.
func assertHarmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		assert.True(t, r == '\n' || r == '\u200c' || r == '\u200d' || unicode.IsGraphic(r), "%U", r)
	}
}

// dividers cannot be seen, or are not allowed on a terminal. A server may put one into a credential that it echoes, so
// that a search for the credential does not find it.
var dividers = map[string]string{
	"zero width space": "\u200b", "joiner": "\u200d", "non-joiner": "\u200c", "word joiner": "\u2060", "invisible plus": "\u2064",
	"byte order mark": "\ufeff", "soft hyphen": "\u00ad", "grapheme joiner": "\u034f", "Arabic letter mark": "\u061c",
	"Mongolian vowel separator": "\u180e", "annotation anchor": "\ufff9",
	"text style": "\ufe0e", "emoji style": "\ufe0f", "variation selector 17": "\U000e0100", "Mongolian variation selector": "\u180b",
	"Hangul filler": "\u3164", "halfwidth Hangul filler": "\uffa0", "Hangul choseong filler": "\u115f", "Khmer inherent vowel": "\u17b4",
	"language tag": "\U000e0001", "tag letter": "\U000e0041", "end of tags": "\U000e007f",
	"left-to-right mark": "\u200e", "bidi override": "\u202e", "bidi isolate": "\u2066", "end of isolate": "\u2069",
	"NUL": "\x00", "backspace": "\b", "escape": "\x1b", "delete": "\x7f", "C1 control": "\u009b", "next line": "\u0085",
	"line feed": "\n", "carriage return": "\r", "line separator": "\u2028", "tab": "\t",
	"invalid byte": "\xff", "invalid bytes": "\xc3\x28", "surrogate": "\xed\xa0\x80", "C1 control in Latin-1": "\x9b",
	"private use": "\ue000", "not assigned": "\u0378", "not a character": "\ufffe", "replacement character": "\ufffd",
	"two kinds": "\u200b\u200d", "two kinds, styled": "\ufe0f\u200b\ufe0f",
}

func TestNothingJoinsADividedCredential(t *testing.T) {
	const key = "C4n4ryKey0123456789abcdef"
	invisible := []*unicode.RangeTable{unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point}
	visible := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.In(r, invisible...) || !unicode.IsGraphic(r) {
				return -1
			}
			return r
		}, s)
	}
	printed := func(print func(io.Writer) error) string {
		var b bytes.Buffer
		require.NoError(t, print(&b))
		return b.String()
	}
	for name, divider := range dividers {
		t.Run(name, func(t *testing.T) {
			text := key[:9] + divider + key[9:]
			tree := output.NewTree(text)
			tree.Add(1, text)
			for kind, shown := range map[string]string{
				"text":      output.Text(text),
				"table":     printed(func(w io.Writer) error { return output.Table(w, []string{text}, [][]string{{text}}) }),
				"tree":      printed(tree.Print),
				"CSV":       printed(func(w io.Writer) error { return output.CSV(w, [][]string{{text}}) }),
				"JSON":      printed(func(w io.Writer) error { return output.JSON(w, []string{text}) }),
				"JSON line": printed(func(w io.Writer) error { return output.JSONLine(w, map[string]string{text: text}) }),
			} {
				assert.NotContains(t, visible(shown), key, kind)
				assertHarmless(t, shown)
			}
			lines := output.Lines(text)
			assert.NotContains(t, visible(strings.NewReplacer("\n", " ", "\t", " ").Replace(lines)), key)
		})
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"Grupo Íñigo システム & “Co”": "Grupo Íñigo システム & “Co”",
		"two\nlines":              "two lines",
		"two\r\n\x00lines":        "two lines",
		"two  spaces":             "two  spaces",
		"\x1b[31mred\x07":         " [31mred ",
		"soft\u00adly":            "soft ly",
		"b\xffd":                  "b\ufffdd",
		"می\u200cخواهم":           "می\u200cخواهم",   // without the joiner it is another word
		"👨\u200d👩\u200d👧":         "👨\u200d👩\u200d👧", // one family, not three people
		"❤\ufe0f now":             "❤\ufe0f now",
		"葛\U000e0100飾":            "葛\U000e0100飾", // one form of a letter
		"a\u200d\u200db\ufe0fc":   "a b c",        // ASCII needs no joiners
		hostile:                   harmless,
	} {
		assert.Equal(t, want, output.Text(in))
	}
}

func TestCount(t *testing.T) {
	assert.Equal(t, "0 rows", output.Count(0, "row"))
	assert.Equal(t, "1 row", output.Count(1, "row"))
	assert.Equal(t, "2 people", output.Count(2, "person"))
}

func TestTable(t *testing.T) {
	long := strings.Repeat("x", 100)
	for name, test := range map[string]struct {
		header []string
		rows   [][]string
		want   string
	}{
		"columns":             {[]string{"NAME", "ID"}, [][]string{{"a", "1"}, {"abcdef", "2"}}, "NAME    ID\na       1\nabcdef  2\n"},
		"no space at the end": {[]string{"NAME", "NOTE"}, [][]string{{"a", ""}}, "NAME  NOTE\na\n"},
		"rows of any length":  {nil, [][]string{{"a", "b"}, {"c", "d", "e"}}, "a  b\nc  d  e\n"},
		"wide":                {nil, [][]string{{"システム", "1"}, {"🚀", "2"}, {"e\u0301", "3"}}, "システム  1\n🚀        2\ne\u0301         3\n"},
		"very long":           {nil, [][]string{{"a", "1"}, {long, "2"}}, "a" + strings.Repeat(" ", 61) + "1\n" + long[:60] + "  2\n" + long[60:] + "\n"},
		"hostile":             {nil, [][]string{{hostile, "1"}, {"b", "2"}}, harmless + "  1\nb              2\n"},
		"only a header":       {[]string{"NAME"}, nil, "NAME\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, output.Table(&b, test.header, test.rows))
			assert.Equal(t, test.want, b.String())
			assertHarmless(t, b.String())
		})
	}
}

func draw(t *testing.T) string {
	tree := output.NewTree("root " + hostile)
	tree.Add(1, "a")
	tree.Add(2, "システム")
	tree.Add(3, "c")
	tree.Add(2, "d")
	tree.Add(1, hostile)
	var b bytes.Buffer
	require.NoError(t, tree.Print(&b))
	assertHarmless(t, b.String())
	return b.String()
}

func TestTree(t *testing.T) {
	t.Setenv("LC_ALL", "")
	t.Setenv("LC_CTYPE", "")
	for _, locale := range []string{"", "en_US.UTF-8", "C.utf8"} {
		t.Setenv("LANG", locale)
		assert.Equal(t, "root "+harmless+"\n├─ a\n│  ├─ システム\n│  │  └─ c\n│  └─ d\n└─ "+harmless+"\n", draw(t))
	}
	t.Setenv("LANG", "C")
	assert.Equal(t, "root "+harmless+"\n|- a\n|  |- システム\n|  |  `- c\n|  `- d\n`- "+harmless+"\n", draw(t))

	var b bytes.Buffer
	require.NoError(t, output.NewTree("alone").Print(&b))
	assert.Equal(t, "alone\n", b.String())
}

func TestCSV(t *testing.T) {
	for in, want := range map[string]string{
		"plain":             "plain",
		`a "b", c`:          `a "b", c`,
		"a-b=c@d":           "a-b=c@d",
		"=1+1":              "'=1+1",
		"+1":                "'+1",
		"-1":                "'-1",
		"@SUM(A1)":          "'@SUM(A1)",
		" =1":               "' =1",
		"\t=1":              "' =1",
		"\r=1":              "' =1",
		"\u200d=1":          "' =1",
		"a;\u200b=1":        "a;' =1",
		"＝1":                "'＝1",
		"a;=1":              "a;'=1", // where the comma is for decimals, a semicolon separates cells
		"'=1":               "'=1",
		"two\nlines":        "two lines",
		"می\u200cخواهم":     "می\u200cخواهم",
		hostile:             harmless,
		"=HYPERLINK(\"x\")": "'=HYPERLINK(\"x\")",
	} {
		var b bytes.Buffer
		require.NoError(t, output.CSV(&b, [][]string{{"id", "name"}, {"1", in}}))
		assertHarmless(t, b.String())
		rows, err := csv.NewReader(&b).ReadAll()
		require.NoError(t, err)
		assert.Equal(t, [][]string{{"id", "name"}, {"1", want}}, rows)
	}
}

func TestJSONLosesNothing(t *testing.T) {
	for _, print := range []func(*bytes.Buffer, any) error{
		func(b *bytes.Buffer, v any) error { return output.JSON(b, v) },
		func(b *bytes.Buffer, v any) error { return output.JSONLine(b, v) },
	} {
		for _, in := range []string{"plain", "❤\ufe0f", "<a> & b", "Café 🚀", `"\`, hostile, "می\u200cخواهم"} {
			var b bytes.Buffer
			require.NoError(t, print(&b, map[string]string{in: in}))
			assertHarmless(t, b.String())
			var out map[string]string
			require.NoError(t, json.Unmarshal(b.Bytes(), &out))
			assert.Equal(t, map[string]string{in: in}, out)
		}
	}
	var b bytes.Buffer
	require.NoError(t, output.JSONLine(&b, []string{"<é&\u202e>"}))
	assert.Equal(t, "[\"<é&\\u202e>\"]\n", b.String())
}

// full is a disk without space.
type full struct{}

var errFull = errors.New("no space")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestErrorsOfTheWriter(t *testing.T) {
	assert.ErrorIs(t, output.Table(full{}, nil, [][]string{{"a"}}), errFull)
	assert.ErrorIs(t, output.NewTree("a").Print(full{}), errFull)
	assert.ErrorIs(t, output.CSV(full{}, [][]string{{"a"}}), errFull)
	assert.ErrorIs(t, output.JSON(full{}, "a"), errFull)
}

package output_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cmd/cforg/internal/output"
)

// hostile moves the cursor up, clears the screen, turns the direction of reading, and is not all printable in JSON.
const hostile = "a\x1b[2J\r\n\b\tb\u009b1A\u202ec\x7f\U000e0041"

const harmless = "a[2J   b1Ac" // what is left of it on a screen

// assertHarmless checks that text does to a terminal nothing but fill lines.
func assertHarmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		assert.True(t, r == '\n' || r == '\u200c' || r == '\u200d' || unicode.IsGraphic(r), "%U", r)
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"Grupo Íñigo システム & “Co”": "Grupo Íñigo システム & “Co”",
		"two\nlines":              "two lines",
		"\x1b[31mred\x07":         "[31mred",
		"می\u200cخواهم":           "می\u200cخواهم",   // without the joiner it is another word
		"👨\u200d👩\u200d👧":         "👨\u200d👩\u200d👧", // one family, not three people
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
		"hostile":             {nil, [][]string{{hostile, "1"}, {"b", "2"}}, harmless + "  1\nb            2\n"},
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
		"\u200d=1":          "'\u200d=1",
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
		for _, in := range []string{"plain", "<a> & b", "Café 🚀", `"\`, hostile, "می\u200cخواهم"} {
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

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

	"example.com/cloudflare/examples/internal/output"
)

// hostile moves the cursor up, clears the screen, turns the direction of reading, and is not all printable in JSON.
const hostile = "a\x1b[2J\r\n\b\tb\u009b1A\u202ec\x7f\U000e0041"

// assertHarmless checks that a text does to a terminal nothing but to fill lines.
func assertHarmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		assert.True(t, r == '\n' || unicode.IsGraphic(r), "%U", r)
	}
}

func TestTable(t *testing.T) {
	long := strings.Repeat("x", 100)
	for name, test := range map[string]struct {
		rows [][]string
		want string
	}{
		"columns":             {[][]string{{"NAME", "ID"}, {"a", "1"}, {"abcdef", "2"}}, "NAME    ID\na       1\nabcdef  2\n"},
		"no space at the end": {[][]string{{"NAME", "NOTE"}, {"a", ""}}, "NAME  NOTE\na\n"},
		"rows of any length":  {[][]string{{"a", "b"}, nil, {"c", "d", "e"}}, "a  b\n\nc  d  e\n"},
		"wide":                {[][]string{{"システム", "1"}, {"🚀", "2"}, {"e\u0301", "3"}}, "システム  1\n🚀        2\ne\u0301         3\n"},
		"very long":           {[][]string{{"a", "1"}, {long, "2"}}, "a" + strings.Repeat(" ", 61) + "1\n" + long + "  2\n"},
		"hostile":             {[][]string{{hostile, "1"}, {"b", "2"}}, "a[2Jb1Ac  1\nb         2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, output.Table(&b, test.rows))
			assert.Equal(t, test.want, b.String())
			assertHarmless(t, b.String())
		})
	}
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
		"\t=1":              "'=1",
		"\r=1":              "'=1",
		"＝1":                "'＝1",
		"a;=1":              "a;'=1", // where the comma is for decimals, a semicolon ends a cell
		"'=1":               "'=1",
		"two\nlines":        "twolines",
		hostile:             "a[2Jb1Ac",
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
	for _, in := range []string{"plain", "<a> & b", "Café 🚀", `"\`, hostile} {
		var b bytes.Buffer
		require.NoError(t, output.JSON(&b, map[string]string{in: in}))
		assertHarmless(t, b.String())
		var out map[string]string
		require.NoError(t, json.Unmarshal(b.Bytes(), &out))
		assert.Equal(t, map[string]string{in: in}, out)
	}
	var b bytes.Buffer
	require.NoError(t, output.JSON(&b, "<é&\u202e>"))
	assert.Equal(t, "\"<é&\\u202e>\"\n", b.String())
}

// full is a disk without space.
type full struct{}

var errFull = errors.New("no space")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestErrorsOfTheWriter(t *testing.T) {
	assert.ErrorIs(t, output.Table(full{}, [][]string{{"a"}}), errFull)
	assert.ErrorIs(t, output.CSV(full{}, [][]string{{"a"}}), errFull)
	assert.ErrorIs(t, output.JSON(full{}, "a"), errFull)
}

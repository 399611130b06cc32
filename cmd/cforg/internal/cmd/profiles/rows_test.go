package profiles

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadRows(t *testing.T) {
	const a, b, c = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccccccccccccccc"
	for name, test := range map[string]struct {
		csv  string
		want []string
	}{
		"columns in another order": {"business_phone,organization_id,business_name\n1," + a + ",A\n",
			[]string{"2 " + a + " business_phone=1 business_name=A"}},
		"lines of Windows, a byte order mark, blank lines": {"\ufefforganization_id,business_name\r\n\r\n" + a + ",A\r\n",
			[]string{"3 " + a + " business_name=A"}},
		"a byte order mark before a quote": {"\ufeff\"organization_id\",business_name\n" + a + ",A\n",
			[]string{"2 " + a + " business_name=A"}},
		"lines within a cell": {"organization_id,business_address\n" + a + ",\"1 Road\nTown\"\n" + b + ",2 Road\n",
			[]string{"2 " + a + " business_address=1 Road\nTown", "4 " + b + " business_address=2 Road"}},
		"a number of columns": {"organization_id,business_name\n" + a + "\n" + b + ",B,\n" + c + ",C\n",
			[]string{"2 it has 1 column, not 2", "3 it has 3 columns, not 2", "4 " + c + " business_name=C"}},
		"an ID": {"organization_id,business_name\n,A\n" + strings.ToUpper(a) + ",A\n " + a + ",A\n" + a[1:] + ",A\n",
			[]string{"2 the organization_id is empty", "3 the organization_id must be 32 digits 0 to 9, a to f",
				"4 the organization_id must be 32 digits 0 to 9, a to f", "5 the organization_id must be 32 digits 0 to 9, a to f"}},
		"three times the same": {"organization_id,business_name\n" + a + ",A\n" + b + ",B\n" + a + ",A\n" + a + ",C\n",
			[]string{"2 line 5 is about the same organization", "3 " + b + " business_name=B",
				"4 line 2 is about the same organization", "5 line 2 is about the same organization"}},
		"not UTF-8": {"organization_id,business_name\n" + a + ",Caf\xe9\n" + b + ",B\n",
			[]string{"2 it is not UTF-8", "3 " + b + " business_name=B"}},
		"a quote too many": {"organization_id,business_name\n" + a + ",A \"B\" C\n" + b + ",B\n",
			[]string{"2 bare \" in non-quoted-field", "3 " + b + " business_name=B"}},
		"a quote that is not closed": {"organization_id,business_name\n" + a + ",\"A\n" + b + ",B\n" + c + ",C\n",
			[]string{"2 lines 2 to 4 cannot be read: extraneous or missing \" in quoted-field"}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := readRows(strings.NewReader(test.csv))
			require.NoError(t, err)
			var got []string
			for _, r := range rows {
				text := fmt.Sprintf("%d %s", r.line, r.id)
				for _, e := range r.edits {
					text += fmt.Sprintf(" %s=%s", e.Name, e.Value)
				}
				if r.wrong != nil {
					text = fmt.Sprintf("%d %v", r.line, r.wrong)
				}
				got = append(got, text)
			}
			assert.Equal(t, test.want, got)
		})
	}
	for csv, want := range map[string]string{
		"":                                 "the file is empty",
		"organization_id\n":                "no column is named business_name",
		"business_name\n":                  "no column is named organization_id",
		"organization_id,x\n":              `column 2: "x" is not one of`,
		"organization_id;business_name\n":  "must be separated by commas, not by semicolons: save",
		"organization_id\tbusiness_name\n": "not by tabs",
		"\ufefforganization_id;business_name;business_email\na;b;c\n": "not by semicolons",
		"organization_id,business_name,business_name\n":               `two columns are named "business_name"`,
		"organization_id,organization_id,business_name\n":             `two columns are named "organization_id"`,
		"\"organization_id,business_name\n":                           "parse error",
	} {
		_, err := readRows(strings.NewReader(csv))
		assert.ErrorContains(t, err, want)
	}
	_, err := readRows(io.MultiReader(strings.NewReader("organization_id,business_name\n"), brokenReader{}))
	assert.ErrorIs(t, err, errDiskFull)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errDiskFull }

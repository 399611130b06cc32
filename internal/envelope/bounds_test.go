package envelope

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Of the bodies that are large enough to be measured, those are errors in which a value or the names exceed a bound.
func TestDecodeBoundsLargeValues(t *testing.T) {
	spaces := strings.Repeat(" ", maxUncounted)
	number := func(digits int) string { return `"a":` + strings.Repeat("1", digits) }
	names := func(size int) string { return `"` + strings.Repeat("a", size) + `":1` }
	for name, tt := range map[string]struct{ result, want string }{
		"a number":                        {"{" + number(maxNumber) + "}", ""},
		"a longer number":                 {"{" + number(maxNumber+1) + "}", "it has a number of more than 64 KiB"},
		"a longer number in a list":       {"[1," + strings.Repeat("1", maxNumber) + "e1]", "it has a number of more than 64 KiB"},
		"digits in a string":              {`{"a":"` + strings.Repeat("1", 2*maxNumber) + `"}`, ""},
		"names":                           {"{" + names(maxNames-len("successresult")) + "}", ""},
		"longer names":                    {"{" + names(maxNames-len("successresult")+1) + "}", "the names in one of its objects have more than 8 MiB"},
		"longer names before blanks":      {`{"` + strings.Repeat("a", maxNames) + `" ` + "\n\t:1}", "the names in one of its objects have more than 8 MiB"},
		"two names":                       {"{" + names(maxNames/2) + "," + names(maxNames/2-13) + "}", ""},
		"two longer names":                {"{" + names(maxNames/2) + "," + names(maxNames/2) + "}", "the names in one of its objects have more than 8 MiB"},
		"names of an object in an object": {"{" + names(maxNames / 2)[:maxNames/2+3] + "{" + names(maxNames/2) + "}}", "the names in one of its objects have more than 8 MiB"},
		"names of an object in a list":    {"{" + names(maxNames / 2)[:maxNames/2+3] + "[{" + names(maxNames/2) + "}]}", "the names in one of its objects have more than 8 MiB"},
		"names of objects beside others":  {"[{" + names(maxNames/2) + "},{" + names(maxNames/2+1) + "},{" + names(maxNames/2+2) + "}]", ""},
		"a text":                          {`{"a":"` + strings.Repeat("a", 2*maxNames) + `"}`, ""},
		"a text with invalid bytes":       {`{"a":"` + strings.Repeat("a\xff", maxInvalid) + `"}`, ""},
		"a text with more of them":        {`{"a":"` + strings.Repeat("\xffa", maxInvalid+1) + `"}`, "it is not UTF-8"},
		"U+FFFD itself":                   {`{"a":"` + strings.Repeat("\uFFFD", 2*maxInvalid) + `"}`, ""},
	} {
		var e Envelope
		if err := e.Decode([]byte(`{"success":true,"result":` + tt.result + "}" + spaces)); tt.want == "" {
			assert.NoError(t, err, name)
		} else {
			assert.EqualError(t, err, tt.want, name)
		}
		assert.Equal(t, tt.want == "", e.Parsed, name)
	}

	lenient := Envelope{DuplicateNames: true, NoValueLimit: true}
	assert.NoError(t, lenient.Decode([]byte(`{"success":true,"result":{`+names(2*maxNames)+`}}`)), "names that are not compared")
	assert.EqualError(t, lenient.Decode([]byte(`{"success":true,"result":{`+number(2*maxNumber)+`}}`+spaces)), "it has a number of more than 64 KiB")
}

func TestMeasure(t *testing.T) {
	for body, want := range map[string][2]int{
		``: {}, `1`: {1, 0}, `[1,-2.5e6, 12]`: {6, 0}, `"12345"`: {}, `{"a":1}`: {1, 1}, `{"a\"b":true}`: {4, 4}, `{"a":"b","cd":"e"}`: {0, 3},
		`{"a":{"b":[{"c":1}]},"d":1}`: {1, 3}, `[{"ab":1},{"cd":2}]`: {1, 2}, `{"a" :1}`: {1, 1}, `}]{"a":1`: {1, 1}, `{"a`: {}, `"\`: {}, `{"a":`: {0, 1},
		strings.Repeat("[", 3*maxNesting) + "1": {},
	} {
		number, names := measure([]byte(body))
		assert.Equal(t, want, [2]int{number, names}, body[:min(len(body), 30)])
	}
}

func TestCountValues(t *testing.T) {
	for body, want := range map[string]int{
		``: 1, `1`: 1, `[]`: 2, `[1]`: 2, `[1,2]`: 3, `{"a":[1,{"b":2}]}`: 5, `"a,[{b"`: 1, `["a\",","\\",3]`: 4, `"`: 1, `"\`: 1,
	} {
		assert.Equal(t, want, countValues([]byte(body)), body)
	}
}

package envelope

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIntegersAreDecodedLeniently(t *testing.T) {
	for text, want := range map[string]int{
		`200`: 200, `"200"`: 200, `200.0`: 200, `"200.00"`: 200, `2e2`: 200, `2E+2`: 200, `"2.00e2"`: 200, `20000e-2`: 200,
		`-3`: -3, `"-3"`: -3, `-3.0`: -3, `0`: 0, `-0.0`: 0, `"0"`: 0, `null`: 0,
		`2147483647`: 1<<31 - 1, `"2147483647.0"`: 1<<31 - 1,
	} {
		type counts struct {
			N    int
			List []int
			Map  map[string]*int
		}
		result := counts{N: 7}
		e := Envelope{Result: Result{Into: &result}}
		require.NoError(t, e.Decode([]byte(`{"success":true,"result":{"List":[1,`+text+`,2.0],"N":`+text+`,"Map":{"a":`+text+`}}}`)), text)
		assert.Equal(t, want, result.N, text)
		assert.Equal(t, []int{1, want, 2}, result.List, text)
		if text != "null" {
			assert.Equal(t, map[string]*int{"a": &want}, result.Map, text)
		}
	}
}

func TestIntegersThatCannotBeRead(t *testing.T) {
	for text, kind := range map[string]string{
		`"7131a"`: "string", `""`: "string", `" 7131"`: "string", `"seven"`: "string", `"NaN"`: "string", `"Inf"`: "string",
		`7131.5`: "number", `71e-3`: "number", `1e300`: "number", `7131e9999`: "number", `9223372036854775808`: "number",
		`"-9223372036854775809"`: "string", `12345678901234567890.0`: "number",
		`true`: "boolean", `[7131]`: "array", `{"a":7131}`: "object",
	} {
		var result struct{ Odd, N int }
		e := Envelope{Result: Result{Into: &result}}
		err := e.Decode([]byte(`{"success":true,"result":{"Odd":"1","N":` + text + `}}`))
		assert.EqualError(t, err, "/result/N: JSON "+kind+" is not valid for Go type int", text)
	}
}

// An integer that is sent as such costs nothing more because other spellings are accepted.
func BenchmarkIntegers(b *testing.B) {
	for name, n := range map[string]string{"an integer": "200", "a string": `"200"`} {
		b.Run(name, func(b *testing.B) {
			body := []byte(`{"success":true,"result":{"N":` + n + `}}`)
			b.ReportAllocs()
			for b.Loop() {
				var result struct{ N int }
				e := Envelope{Result: Result{Into: &result}}
				if err := e.Decode(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

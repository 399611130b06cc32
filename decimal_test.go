package cloudflare_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

func TestDecimalKeepsItsText(t *testing.T) {
	for text, want := range map[string]cloudflare.Decimal{
		`0`: "0", `-0`: "-0", `0.10`: "0.10", `1E+3`: "1E+3", `1.50e-7`: "1.50e-7", `1e999`: "1e999",
		`123456789012345678901234567890.123456789`: "123456789012345678901234567890.123456789",
		`"0.10"`: "0.10", `null`: "",
	} {
		var d cloudflare.Decimal
		require.NoError(t, json.Unmarshal([]byte(text), &d), text)
		assert.Equal(t, want, d)
	}
	for _, text := range []string{
		`""`, `"x"`, `"1.5 USD"`, `" 1"`, `"NaN"`, `"Infinity"`, `"0x10"`, `"1_000"`, `"01"`, `".5"`, `"1."`, `"+1"`, `"\u0031"`,
		`true`, `{}`, `[1]`, `1e1000`, `1E-1000`, `"1e+00001000"`,
	} {
		d := cloudflare.Decimal("unchanged")
		assert.Error(t, json.Unmarshal([]byte(text), &d), text)
		assert.Equal(t, cloudflare.Decimal("unchanged"), d)
	}
	var d cloudflare.Decimal
	require.NoError(t, json.Unmarshal([]byte(`1e-00000999`), &d), "leading zeros do not count")
}

func TestDecimalIsMarshaledAsANumber(t *testing.T) {
	for want, d := range map[string]cloudflare.Decimal{`0`: "", `0.10`: "0.10", `-1E+3`: "-1E+3"} {
		got, err := json.Marshal(struct{ D cloudflare.Decimal }{d})
		require.NoError(t, err)
		assert.Equal(t, `{"D":`+want+`}`, string(got))
	}
	for _, d := range []cloudflare.Decimal{"x", "1,2", "null", `"1"`, "1 ", "NaN", "{}"} {
		_, err := json.Marshal(d)
		assert.Error(t, err, d)
	}
	got, err := json.Marshal(cloudflare.Nullable[cloudflare.Decimal]{Value: "0.10", Valid: true})
	require.NoError(t, err)
	assert.Equal(t, `0.10`, string(got))
}

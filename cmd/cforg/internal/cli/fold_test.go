package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSameID(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"a7d8", "A7D8", true},
		{"AZaz@[`{", "azAZ@[`{", true},
		{"a7d8", "a7d9", false},
		{"a7d8", "a7d", false},
		{"[", "{", false},
		{"k", "\u212a", false},
		{"s", "\u017f", false},
		{"ä", "Ä", false},
		{"\xff", "\xfe", false},
	} {
		assert.Equal(t, tt.want, SameID(tt.a, tt.b), "%q and %q", tt.a, tt.b)
		assert.Equal(t, tt.want, SameID(tt.b, tt.a), "%q and %q", tt.b, tt.a)
	}
}

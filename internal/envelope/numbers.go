package envelope

import (
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// number is an integer of the envelope itself, in any spelling that parseInt knows. Any other value is zero.
type number int64

func (n *number) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var t text
	if err := json.UnmarshalDecode(dec, &t); err != nil {
		return err
	}
	if value, ok := parseInt(string(t)); ok {
		*n = number(value)
	}
	return nil
}

// int returns n, or zero if an int has too few bits for it.
func (n number) int() int {
	if int64(int(n)) != int64(n) {
		return 0
	}
	return int(n)
}

// unmarshalInt decodes an integer of a result, in any spelling that parseInt knows. Any other value is an error.
func unmarshalInt(dec *jsontext.Decoder, n *int) error {
	kind := dec.PeekKind()
	switch kind {
	case jsontext.KindNull:
		*n = 0
		return dec.SkipValue()
	case jsontext.KindNumber, jsontext.KindString:
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if value, ok := parseInt(shortText(raw)); ok && int64(int(value)) == value {
			*n = int(value)
			return nil
		}
	}
	return fmt.Errorf("JSON %s is not valid for Go type int", kindNames[kind])
}

// parseInt returns the integer that a text such as 200, 200.0 or 2e2 stands for.
func parseInt(text string) (value int64, ok bool) {
	if value, err := strconv.ParseInt(text, 10, 64); err == nil {
		return value, true
	}
	float, err := strconv.ParseFloat(text, 64)
	return int64(float), err == nil && float == math.Trunc(float) && math.Abs(float) < 1<<53
}

package cloudflare

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Decimal is a number with the exact text that the API sent, such as 0.10 or 1E+3. A float64 would not be exact. To
// calculate, convert a Decimal with math/big, strconv or a package for decimal numbers:
//
//	cost, ok := new(big.Rat).SetString(string(record.ConsumedQuantity))
//
// A Decimal is marshaled as a JSON number.
type Decimal string

// MarshalJSON encodes the number as it is. An empty Decimal is encoded as 0.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("0"), nil
	}
	if !isNumber(string(d)) {
		return nil, errors.New("cloudflare: the Decimal is not a JSON number")
	}
	return []byte(d), nil
}

func isNumber(text string) bool {
	value := jsontext.Value(text)
	return value.Kind() == jsontext.KindNumber && value.IsValid() && strings.TrimSpace(text) == text
}

// UnmarshalJSON decodes a number, or a string that contains a number. It leaves d unchanged for null. An exponent of
// more than three digits is an error, because calculating with such a number could take up all memory.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	text := strings.Trim(string(data), `"`)
	if !isNumber(text) {
		return errors.New("not a number")
	}
	_, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if len(strings.TrimLeft(exponent, "+-0")) > 3 {
		return errors.New("the exponent of the number has more than three digits")
	}
	*d = Decimal(text)
	return nil
}

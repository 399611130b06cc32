package cloudflare

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Decimal is a number with the exact text that the API sent, such as 0.10 or 1E+3. A float64 would not be exact. To
// calculate, convert it with math/big, strconv or a package for decimal numbers:
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
	if value := jsontext.Value(d); value.Kind() != jsontext.KindNumber || !value.IsValid() {
		return nil, errors.New("cloudflare: the Decimal is not a JSON number")
	}
	return []byte(d), nil
}

// UnmarshalJSON decodes a number, or a string that contains a number. It leaves d unchanged for null. It returns an error
// if the exponent has more than three digits: calculating with such a number could take up all memory.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	value := jsontext.Value(data)
	if value.Kind() == jsontext.KindNull {
		return nil
	}
	if value.Kind() == jsontext.KindString {
		value = jsontext.Value(strings.Trim(string(data), `"`))
	}
	if value.Kind() != jsontext.KindNumber || !value.IsValid() {
		return errors.New("not a number")
	}
	_, exponent, _ := strings.Cut(strings.ToLower(string(value)), "e")
	if len(strings.TrimLeft(exponent, "+-0")) > 3 {
		return errors.New("the exponent of the number has more than three digits")
	}
	*d = Decimal(value)
	return nil
}

package cloudflare

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"example.com/cloudflare/internal/envelope"
)

// likeEncodingJSON has the rules of encoding/json for the value of a Nullable, which may be a part of a body or a
// result of Call. Importing encoding/json for it would make all programs larger.
var likeEncodingJSON = json.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false))

// Nullable distinguishes a value, an explicit null and an absent field. The zero Nullable is an absent field.
//
//	if required, ok := account.Settings.EnforceTwofactor.Get(); ok && !required {
//		// the API reports that two-factor authentication is not required
//	}
//
// The JSON tag of a Nullable field needs the option omitzero. Otherwise an absent field is marshaled as null.
type Nullable[T any] struct {
	Value T    // meaningful only if Valid is true
	Valid bool // the field has a value
	Null  bool // the field is null
}

// Get returns the value and reports whether there is one.
func (n Nullable[T]) Get() (value T, ok bool) { return n.Value, n.Valid }

// IsZero reports whether the field is absent.
func (n Nullable[T]) IsZero() bool { return !n.Valid && !n.Null }

// MarshalJSON encodes the value as encoding/json does, or null if Valid is false. Text that is not valid UTF-8 is an
// error.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if !n.Valid {
		return []byte("null"), nil
	}
	return json.Marshal(n.Value, likeEncodingJSON, jsontext.AllowInvalidUTF8(false))
}

// UnmarshalJSON decodes a value as encoding/json does, or null. It accepts an int that is sent as a string or as a
// float, such as "7" or 7.0.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	*n = Nullable[T]{Null: jsontext.Value(data).Kind() == jsontext.KindNull}
	if n.Null {
		return nil
	}
	err := json.Unmarshal(data, &n.Value, likeEncodingJSON)
	if envelope.IsLenient(err) {
		*n = Nullable[T]{}
		err = json.Unmarshal(data, &n.Value, likeEncodingJSON, envelope.Lenient)
	}
	if err != nil {
		return err
	}
	n.Valid = true
	return nil
}

// nullable marks a type that can hold a null result of [Client.Call].
func (n *Nullable[T]) nullable() {}

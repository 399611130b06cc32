package cloudflare

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Nullable is what the API may send as a value, as null, or not at all, where these are three different answers. The
// zero Nullable was not sent.
//
//	if required, ok := account.Settings.EnforceTwofactor.Get(); ok && !required {
//		// the API says that it is not required
//	}
//
// A field of this type needs the option omitzero in its json tag, or what was not sent is stored as null.
type Nullable[T any] struct {
	Value T    // counts only with Valid
	Valid bool // the API sent a value
	Null  bool // the API sent null
}

// Get returns the value, and whether there is one.
func (n Nullable[T]) Get() (value T, ok bool) { return n.Value, n.Valid }

// IsZero reports whether the API sent neither a value nor null. It is what omitzero asks.
func (n Nullable[T]) IsZero() bool { return !n.Valid && !n.Null }

// MarshalJSON writes the value, or null without one.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if !n.Valid {
		return []byte("null"), nil
	}
	return json.Marshal(n.Value)
}

// UnmarshalJSON reads a value or null.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	*n = Nullable[T]{Null: jsontext.Value(data).Kind() == jsontext.KindNull}
	if n.Null {
		return nil
	}
	if err := json.Unmarshal(data, &n.Value, jsontext.AllowInvalidUTF8(true)); err != nil {
		return err
	}
	n.Valid = true
	return nil
}

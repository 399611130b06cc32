//go:build go1.27 && goexperiment.jsonv2

package cloudflare

import (
	"encoding/json"
	"encoding/json/jsontext"
	jsonv2 "encoding/json/v2"
)

// marshalUTF8 returns what json.Marshal returns, but an error if v holds a string that is not valid UTF-8. With this
// build tag, which Go 1.27 sets by default, json.Marshal writes the character U+FFFD in place of what is not valid.
func marshalUTF8(v any) ([]byte, error) {
	return jsonv2.Marshal(v, json.DefaultOptionsV1(), jsontext.AllowInvalidUTF8(false))
}

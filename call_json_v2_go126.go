//go:build !go1.27 && goexperiment.jsonv2

package cloudflare

import (
	"encoding/json"
	"encoding/json/jsontext"
	jsonv2 "encoding/json/v2"
)

// marshalUTF8 is the same as with Go 1.27. A file for both releases would fail go vet on 1.27, which allows the
// packages only in files for that release, as the module supports 1.26.
func marshalUTF8(v any) ([]byte, error) {
	return jsonv2.Marshal(v, json.DefaultOptionsV1(), jsontext.AllowInvalidUTF8(false))
}

//go:build !goexperiment.jsonv2

package cloudflare

import (
	"bytes"
	"encoding/json"
	"errors"
)

// marshalUTF8 returns what json.Marshal returns, but an error if v holds a string that is not valid UTF-8.
func marshalUTF8(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err == nil && hasEscapedReplacement(body) {
		return nil, errors.New("not valid UTF-8")
	}
	return body, err
}

// hasEscapedReplacement reports whether body contains \ufffd, which encoding/json writes for bytes that are not valid
// UTF-8. It writes the character U+FFFD itself unescaped.
func hasEscapedReplacement(body []byte) bool {
	for i := 0; i < len(body); i++ {
		if body[i] == '\\' {
			if bytes.HasPrefix(body[i:], []byte(`\ufffd`)) {
				return true
			}
			i++ // the escaped character
		}
	}
	return false
}

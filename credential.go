package cloudflare

import (
	"fmt"

	"example.com/cloudflare/internal/rest"
)

// Credential is an API token, or a global API key with the email address of its user. [TokenCredential] and
// [KeyCredential] return one for [WithCredentialSource]. A Credential is always printed, logged and encoded as
// "[redacted]".
type Credential struct{ rest rest.Credential }

// TokenCredential returns the Credential of an API token. The token is checked when the credential is used: it must not
// be empty, and must be printable ASCII without white space.
func TokenCredential(token string) Credential { return Credential{rest.Token(token)} }

// KeyCredential returns the Credential of a global API key and the email address of its user. Both are checked when the
// credential is used: they must not be empty, and must be printable ASCII without white space. The address must contain
// an @.
func KeyCredential(key, email string) Credential { return Credential{rest.Key(key, email)} }

const redacted = "[redacted]"

// Format prints "[redacted]" for every verb.
func (Credential) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText returns "[redacted]". JSON, XML and the handlers of package slog use it.
func (Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

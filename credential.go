package cloudflare

import (
	"context"
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

// Equal reports whether c and other are of the same kind, and have the same token, or the same key and email address.
func (c Credential) Equal(other Credential) bool { return c.rest.Equal(other.rest) }

// RejectedCredential returns the credential that the API has just rejected, if ctx is that of a call of a credential
// source that should return another one. A source that caches a credential should drop it if it is still this one, as
// [Credential.Equal] reports. RejectedCredential returns false if ctx is of any other call. See [WithCredentialSource].
func RejectedCredential(ctx context.Context) (Credential, bool) {
	c, ok := rest.RejectedCredential(ctx)
	return Credential{c}, ok
}

const redacted = "[redacted]"

// Format prints "[redacted]" for every verb.
func (Credential) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText returns "[redacted]". JSON, XML and the handlers of package slog use it.
func (Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

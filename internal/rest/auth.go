package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Credential signs requests: it is an API token, or a global API key with the email address of its user. Its secrets
// are in a closure, which print verbs, encoders and reflection do not show.
type Credential struct{ secrets func() secrets }

type secrets struct {
	isToken           bool
	token, key, email string
}

// Token returns the credential of an API token, unchecked.
func Token(token string) Credential { return newCredential(secrets{isToken: true, token: token}) }

// Key returns the credential of a global API key with the email address of its user, unchecked.
func Key(key, email string) Credential { return newCredential(secrets{key: key, email: email}) }

func newCredential(s secrets) Credential { return Credential{func() secrets { return s }} }

// Check returns an error unless c can be sent. The error names the invalid part of c, but never shows it. Check does
// not trim white space: a caller who copied a credential incorrectly should notice.
func (c Credential) Check() error {
	if c.secrets == nil {
		return errors.New("no credential")
	}
	s := c.secrets()
	if s.isToken {
		return checkSecret("API token", s.token)
	}
	if err := checkSecret("API key", s.key); err != nil {
		return err
	}
	if err := checkSecret("email address", s.email); err != nil {
		return err
	}
	if !strings.Contains(s.email, "@") {
		return errors.New("the email address has no @")
	}
	return nil
}

// Equal reports whether both credentials are of the same kind and have the same secrets.
func (c Credential) Equal(other Credential) bool {
	if c.secrets == nil || other.secrets == nil {
		return c.secrets == nil && other.secrets == nil
	}
	return c.secrets() == other.secrets()
}

func checkSecret(what, value string) error {
	if value == "" {
		return fmt.Errorf("the %s is empty", what)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("the %s contains white space or a character that is not printable ASCII", what)
	}
	return nil
}

// signer is a credential that has been prepared for use. As with Credential, closures keep its secrets.
type signer struct {
	credential Credential
	isToken    bool
	header     func() http.Header  // the headers of a request: a copy, to be changed
	redact     func(string) string // replaces every occurrence of one of the secrets
	secrets    func() []secrets    // the ones that redact replaces
}

// unsigned is used until a credential source has returned a credential. A credential that was passed in the wrong place
// could not be found before, so nothing is shown.
var unsigned = &signer{redact: func(string) string { return "[not shown]" }, secrets: func() []secrets { return nil }}

func newSigner(c Credential, userAgent string) *signer {
	own := c.secrets()
	constant := http.Header{
		"Accept":     {"application/json"}, // for other values, the edge sends its errors as HTML
		"User-Agent": {userAgent},
	}
	if own.isToken {
		constant["Authorization"] = []string{"Bearer " + own.token}
	} else {
		constant["X-Auth-Email"], constant["X-Auth-Key"] = []string{own.email}, []string{own.key}
	}
	return (&signer{credential: c, isToken: own.isToken, header: func() http.Header { return cloneHeader(constant) }}).redacting([]secrets{own})
}

// redacting returns a copy of s that redacts all of these secrets.
func (s *signer) redacting(all []secrets) *signer {
	own := *s
	own.secrets = func() []secrets { return all }
	own.redact = newRedact(all)
	return &own
}

// alsoRedacting returns a signer like s that also redacts the secrets of an earlier signer of the same call.
func (s *signer) alsoRedacting(earlier *signer) *signer {
	if s == earlier {
		return s
	}
	own := s.secrets()
	more := slices.DeleteFunc(slices.Clone(earlier.secrets()), func(e secrets) bool { return slices.Contains(own, e) })
	if len(more) == 0 {
		return s
	}
	return s.redacting(append(more, own...))
}

// sign returns the signer of the next attempt. If there is a credential source, sign asks it. If sign fails, it leaves
// the gate.
func (s *Sender) sign(ctx context.Context) (_ *signer, err error) {
	if s.Source == nil {
		return s.signer.Load(), nil
	}
	done := false
	defer func() { // the source may panic
		if !done {
			s.gate.leave(nil, 0, false, 0)
		}
	}()
	next, err := s.ask(ctx)
	done = err == nil
	return next, err
}

// ask asks the credential source, and creates a new signer if the credential has changed.
func (s *Sender) ask(ctx context.Context) (*signer, error) {
	c, err := s.Source(ctx)
	if err == nil {
		err = c.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("credential source: %w", err)
	}
	if err := contextError(ctx); err != nil { // no attempt follows, so a write must not count as sent
		return nil, err
	}
	current := s.signer.Load()
	if !current.credential.Equal(c) {
		current = newSigner(c, s.UserAgent)
		s.signer.Store(current)
	}
	return current, nil
}

type rejectedKey struct{}

// RejectedCredential returns the credential that the API rejected, if a source is asked with ctx for another one.
func RejectedCredential(ctx context.Context) (Credential, bool) {
	c, ok := ctx.Value(rejectedKey{}).(Credential)
	return c, ok
}

// renew asks the source for another credential if the API rejected the one that signed an attempt. It returns nil if
// the API did not, or if the source fails or returns the same credential.
func (s *Sender) renew(ctx context.Context, signed *signer, response *RawResponse) *signer {
	switch {
	case s.Source == nil || response == nil || contextError(ctx) != nil:
		return nil
	case response.StatusCode != http.StatusUnauthorized && response.StatusCode != http.StatusForbidden:
		return nil
	case !s.Advice(response.StatusCode, response.Body).Rejected:
		return nil
	}
	next, err := s.ask(context.WithValue(ctx, rejectedKey{}, signed.credential))
	if err != nil || next.credential.Equal(signed.credential) {
		return nil
	}
	return next
}

// Redact redacts the credential in a text: with a credential source, the one that it returned last.
func (s *Sender) Redact(text string) string { return s.signer.Load().redact(text) }

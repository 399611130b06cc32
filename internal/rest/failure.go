package rest

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"
)

// Failure is the error of a call that ended without a response to report.
type Failure struct {
	Path       string
	Attempts   int           // 0: no request was sent
	Last       *RawResponse  // the last response, nil if there was none; to be released
	Unknown    bool          // an attempt was a write that may have happened
	RetryAfter time.Duration // until the reset, if the client's own rate limit ended the call
	Causes     []error       // why the last attempt has no response, and why no other attempt followed

	Redact func(string) string // redacts the credentials of all attempts
}

func (f *Failure) Error() string { return errors.Join(f.Causes...).Error() }

func (f *Failure) Unwrap() []error { return f.Causes }

// endedBy adds the reason why no other attempt follows.
func (f *Failure) endedBy(cause error) *Failure {
	f.Causes = append(f.Causes, cause)
	return f
}

// add takes over the response and the error of an attempt, and returns the error as a caller may see it.
func (f *Failure) add(ctx context.Context, signer *signer, response *RawResponse, err error) error {
	f.Attempts++
	f.Redact, f.Causes = signer.redact, nil
	if err != nil {
		err = redactError(ctx, signer.redact, withoutURL(err))
		f.Causes = []error{err}
	}
	if response != nil {
		f.Last.Release()
		f.Last = response
		response.Path, response.Attempts = f.Path, f.Attempts
		response.Token, response.Redact = signer.isToken, signer.redact
		if response.Incomplete != nil {
			response.Incomplete = redactError(ctx, signer.redact, response.Incomplete)
		}
	}
	return err
}

// withoutURL returns the error inside a *url.Error, which prints the host and the query. A transport that uses an
// http.Client returns one.
func withoutURL(err error) error {
	for {
		outer, ok := errors.AsType[*url.Error](err)
		if !ok || outer.Err == nil {
			return err
		}
		err = outer.Err
	}
}

// redactError returns err as a caller may see it: without secrets and with a short text. It matches an error of package
// context only if the caller's context has ended, although net reports its own timeouts as such errors too.
func redactError(ctx context.Context, redact func(string) string, err error) error {
	if ended := contextError(ctx); ended != nil {
		return ended
	}
	text := err.Error()
	redacted := redact(text)
	switch short := Shorten(redacted, maxErrorText); {
	case redacted != text || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		return errors.New(short)
	case short != text:
		return &shortError{short, err}
	}
	return err
}

// maxErrorText bounds the text of an error. net/http quotes a header of up to 1 MiB in full.
const maxErrorText = 200

// Shorten returns a text, or its beginning and an ellipsis, in at most limit bytes.
func Shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len("…")], "") + "…"
}

// shortError prints the beginning of an error's text, and matches what the error matches.
type shortError struct {
	text string
	err  error
}

func (e *shortError) Error() string { return e.text }

func (e *shortError) Unwrap() error { return e.err }

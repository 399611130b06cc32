package rest

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// Failure is the error of a call that failed before its last attempt got a response.
type Failure struct {
	Attempts   int           // 0: no request was sent
	Last       *RawResponse  // the last response, nil if there was none; to be released
	Unknown    bool          // an attempt was a write that may have happened
	RetryAfter time.Duration // until the reset, if the client's own rate limit ended the call
	Unanswered bool          // the last attempt ended without a complete response, and nothing else ended the call
	Causes     []error       // why the last attempt has no response, and why no other attempt followed

	Redact func(string) string // redacts the credentials of all attempts

	path, route string // path is escaped, below the base URL
	known       bool   // there is a credential that Redact redacts
}

// newFailure returns the Failure of a call whose first attempt has not been admitted.
func newFailure(path, route string, signer *signer) *Failure {
	return &Failure{Redact: signer.redact, path: path, route: route, known: signer != unsigned}
}

// Path returns the redacted path of the request, or its route while the credential is not known.
func (f *Failure) Path() string {
	if !f.known {
		return f.route
	}
	return f.Redact(f.path)
}

func (f *Failure) Error() string { return errors.Join(f.Causes...).Error() }

func (f *Failure) Unwrap() []error { return f.Causes }

// endedBy adds the reason why no other attempt follows.
func (f *Failure) endedBy(ctx context.Context, cause error) *Failure {
	if ended := endOf(ctx, f.Redact); ended != nil {
		cause = ended
	}
	f.Causes, f.Unanswered = append(f.Causes, cause), false
	return f
}

// add takes over the response and the error of an attempt, and returns the error as a caller may see it.
func (f *Failure) add(ctx context.Context, signer *signer, response *RawResponse, err error) error {
	f.Attempts++
	f.Redact, f.known, f.Causes = signer.redact, true, nil
	if err != nil {
		err = redactError(ctx, signer.redact, withoutURL(err))
		f.Causes = []error{err}
	}
	f.Unanswered = err != nil && !isContextError(err) && !isOwnFault(err)
	if response != nil {
		f.Last.Release()
		f.Last = response
		response.Path, response.Attempts = f.path, f.Attempts
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

// redactError returns err as a caller may see it: without secrets and with a short text on one line. It matches an
// error of package context only if the caller's context has ended, although net reports its own timeouts as such errors
// too.
func redactError(ctx context.Context, redact func(string) string, err error) error {
	if ended := endOf(ctx, redact); ended != nil {
		return ended
	}
	text := err.Error()
	seen := visible(text)
	switch line := Line(redact, text); {
	case strings.ContainsRune(seen, utf8.RuneError) || redact(seen) != seen || isContextError(err):
		return errors.New(line)
	case line != text:
		return &shortError{line, err}
	}
	return err
}

func isContextError(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// endOf returns why ctx has ended, as a caller may see it, or nil. The cause of a context can be as long as its caller
// likes, and contain a secret.
func endOf(ctx context.Context, redact func(string) string) error {
	ended := contextError(ctx)
	if sentinel := errors.Unwrap(ended); sentinel != nil {
		said := strings.TrimPrefix(ended.Error(), sentinel.Error()+": ")
		return &shortError{sentinel.Error() + ": " + Line(redact, said), sentinel}
	}
	return ended
}

// shortError prints the text of an error as a caller may see it, and matches what the error matches.
type shortError struct {
	text string
	err  error
}

func (e *shortError) Error() string { return e.text }

func (e *shortError) Unwrap() error { return e.err }

// Package rest sends requests to one origin and brings back answers: it builds, signs, bounds, logs and repeats, and
// is the only package here that does I/O. It knows nothing of envelopes or of what the answers mean.
package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// What the errors of this package match.
var (
	ErrInvalidArgument = errors.New("invalid argument")
	ErrAttemptTimeout  = errors.New("attempt timed out")
	ErrRateLimited     = errors.New("rate limited")
	ErrOutcomeUnknown  = errors.New("outcome unknown: the write may or may not have happened")
)

// Config is what a Sender is made of. All of it has been checked, but for BaseURL, which New checks.
type Config struct {
	BaseURL      string
	HTTPClient   *http.Client // nil: the transport that all clients share
	Credential   Credential
	UserAgent    string
	Timeout      time.Duration // of one attempt; 0: none
	MaxRetryWait time.Duration
	Log          Log // nil: none
	Limiter      interface{ Wait(context.Context) error }
}

// Sender sends requests to one origin with one credential. It is safe for concurrent use.
type Sender struct {
	Config
	origin *url.URL // Path and RawPath, which is always set, end without a slash
	jar    http.CookieJar
	gate   gate

	// Closures, so that no printer reaches the credential: a transport holds it in the buffers of its connections.
	header    func() http.Header
	roundTrip func(*http.Request) (*http.Response, error)
}

// New returns a Sender. A bad base URL is ErrInvalidArgument.
func New(config Config) (*Sender, error) {
	origin, err := parseBase(config.BaseURL)
	if err != nil {
		return nil, err
	}
	s := &Sender{Config: config, origin: origin}
	s.HTTPClient = nil
	transport := http.RoundTripper(sharedTransport())
	if hc := config.HTTPClient; hc != nil {
		// Its transport is used directly and not through http.Client, which would follow redirects, or fail on a
		// Location that it cannot parse, before anyone could look at the answer.
		transport, s.jar = hc.Transport, hc.Jar
		if transport == nil {
			transport = http.DefaultTransport
		}
		if hc.Timeout > 0 && (s.Timeout == 0 || hc.Timeout < s.Timeout) {
			s.Timeout = hc.Timeout
		}
	}
	constant := http.Header{
		"Accept":     {"application/json"}, // anything else makes the edge answer its errors in HTML
		"User-Agent": {config.UserAgent},
	}
	config.Credential.sign(constant)
	s.header = func() http.Header { return cloneHeader(constant) }
	s.roundTrip = transport.RoundTrip
	return s, nil
}

// RawRequest is one call. Path holds raw segments.
type RawRequest struct {
	Method     string
	Path       []string
	Query      string // encoded
	Header     http.Header
	Body       []byte // nil: none
	Idempotent bool   // a POST or PATCH that may be repeated like a PUT
	MaxRetries int
}

// RawResponse is a complete HTTP answer, whatever its status.
type RawResponse struct {
	StatusCode int
	Header     http.Header
	Body       []byte // valid until Release
	TooLarge   bool   // Body is only the beginning
	Path       string // of the request, escaped, below the base URL
	Attempts   int
	Unknown    bool // this attempt or an earlier one was a write that may have happened

	buffer *[]byte
}

// Failure is the error of a call that ended without an answer to use.
type Failure struct {
	Path     string
	Attempts int          // zero: nothing was sent
	Last     *RawResponse // the last complete answer, nil if there was none; released by whoever has the Failure
	Unknown  bool         // an attempt was a write that may have happened
	Causes   []error      // what ended the call; its own secrets are out of their texts
}

func (f *Failure) Error() string { return errors.Join(f.Causes...).Error() }

func (f *Failure) Unwrap() []error { return f.Causes }

// Do sends a request, repeats it where that is harmless, and returns the answer, which the caller must release. An
// error is ErrInvalidArgument if nothing could be sent, or else a *Failure.
func (s *Sender) Do(ctx context.Context, req RawRequest) (*RawResponse, error) {
	target, path, err := s.target(req.Path, req.Query)
	if err != nil {
		return nil, err
	}
	call := Failure{Path: path}
	fail := func(ended error) (*RawResponse, error) { // beside why the last attempt had no answer
		call.Causes = append(call.Causes, ended)
		return nil, &call
	}
	for {
		queued := time.Now()
		if s.Limiter != nil {
			if err := contextError(ctx); err != nil {
				return fail(err)
			}
			if err := s.Limiter.Wait(ctx); err != nil {
				return fail(s.cleanError(ctx, fmt.Errorf("limiter: %w", err)))
			}
		}
		ticket, err := s.gate.enter(ctx, s.MaxRetryWait)
		if err != nil {
			return fail(err)
		}
		call.Attempts++
		start := time.Now()
		answer, result, err := s.attempt(ctx, ticket, &req, target)
		duration := time.Since(start)
		call.Causes = nil
		if err != nil {
			err = s.cleanError(ctx, withoutURL(err))
			call.Causes = []error{err}
		} else {
			call.Last.Release()
			call.Last = answer
			answer.Path, answer.Attempts = path, call.Attempts
		}
		call.Unknown = call.Unknown || result.unknown(req.Method)

		again, wait := call.Attempts <= req.MaxRetries && result.repeatable(req.idempotent()), time.Duration(0)
		if again {
			wait, again = s.wait(ctx, answer, call.Attempts)
		}
		if s.Log != nil {
			s.Log(ctx, s.Credential, record{
				method: req.Method, path: path, attempt: call.Attempts, waited: start.Sub(queued), duration: duration,
				answer: answer, err: err, unknown: result.unknown(req.Method), again: again, wait: wait,
			})
		}

		switch {
		case again:
			if ended := Sleep(ctx, wait); ended != nil {
				return fail(ended)
			}
		case err != nil:
			return nil, &call
		default:
			answer.Unknown = call.Unknown
			return answer, nil
		}
	}
}

// wait returns how long to wait before the next attempt, and false if there must be none: the caller is gone, or the
// server asks for more than the client is willing to wait and the caller is better served by the answer.
func (s *Sender) wait(ctx context.Context, answer *RawResponse, attempts int) (time.Duration, bool) {
	wait := backoff(attempts, s.MaxRetryWait)
	if answer == nil {
		return wait, contextError(ctx) == nil
	}
	if asked := RetryAfter(answer.Header, time.Now()); asked > 0 {
		wait = asked
	}
	wait = max(wait, s.gate.paused())
	return wait, wait <= s.MaxRetryWait
}

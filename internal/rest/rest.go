// Package rest sends requests to one origin and returns the responses. It builds, signs, limits and repeats requests,
// and reports each attempt to hooks. It is the only package of this module that does I/O, and it does not interpret
// responses.
package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Config configures a Sender. New checks BaseURL. The caller has checked everything else.
type Config struct {
	BaseURL      string
	HTTPClient   *http.Client // nil: the transport that all clients share
	Credential   Credential
	Source       func(context.Context) (Credential, error) // nil: Credential signs all requests
	UserAgent    string
	Timeout      time.Duration // of one attempt; 0: none
	TimedOut     error         // what the error of an attempt matches that took longer
	MaxRetryWait time.Duration // between two attempts, and for requests under way of which none ends, while few remain

	MaxRateLimitWait time.Duration                          // in one call: after a 429, and for the reset of the rate limit
	WaitHooks        []func(context.Context, time.Duration) // called before a wait for the rate limit

	// Advice returns what the body of a 401, a 403 or a 429 without Retry-After says. It is not nil if there is a Source.
	Advice func(status int, body []byte) Advice

	Hooks   []func(context.Context, Attempt)
	Limiter func(context.Context) error // waits until a request may be sent; nil: none
}

// Advice is what the body of a response says about another attempt.
type Advice struct {
	Rejected   bool          // the API rejected the credential
	RetryAfter time.Duration // zero if it does not say
}

// Sender sends requests to one origin. It is safe for concurrent use.
type Sender struct {
	Config
	origin *url.URL              // Path and RawPath, which is always set, end without a slash
	jar    func() http.CookieJar // nil: none; a closure, so that printing a Sender does not show the cookies
	gate   gate
	signer atomic.Pointer[signer] // the last one that was used; never nil

	// A closure, so that printing a Sender does not show the credentials in the buffers of its connections.
	roundTrip func(*http.Request) (*http.Response, error)
	proxy     func(*http.Request) (*url.URL, error) // nil: none, or not known
	native    bool                                  // the transport is an *http.Transport that reports to a trace
	h2c       bool                                  // and it uses HTTP/2 without TLS
	sends     func() bool                           // whether it does not pass requests on; nil unless it is an *http.Transport
	buffers   *sync.Pool                            // of this transport; nil for the shared ones
	closeIdle func()                                // closes its idle connections; nil unless it is an *http.Transport
	fetches   bool                                  // it uses the Fetch API
}

// New returns a Sender, or an error that names the option if the base URL is not valid, or if its requests would go
// through a proxy in clear text.
func New(config Config) (*Sender, error) {
	origin, err := parseBase(config.BaseURL)
	if err != nil {
		return nil, err
	}
	s := &Sender{Config: config, origin: origin}
	s.HTTPClient = nil
	transport := http.RoundTripper(sharedTransport())
	if hc := config.HTTPClient; hc != nil {
		// The transport is used without the http.Client, which would follow redirects, or hide a response whose Location
		// it cannot parse.
		transport = hc.Transport
		if jar := hc.Jar; jar != nil {
			s.jar = func() http.CookieJar { return jar }
		}
		if transport == nil {
			transport = http.DefaultTransport
		}
		if hc.Timeout > 0 && (s.Timeout == 0 || hc.Timeout < s.Timeout) {
			s.Timeout = hc.Timeout
		}
	}
	s.signer.Store(unsigned)
	if config.Source == nil {
		s.signer.Store(newSigner(config.Credential, config.UserAgent))
	}
	s.roundTrip = transport.RoundTrip
	if t, ok := transport.(*http.Transport); ok {
		s.proxy, s.fetches = t.Proxy, fetches(t)
		s.native = !s.fetches
		s.h2c = origin.Scheme == "http" && t.Protocols != nil && t.Protocols.UnencryptedHTTP2() && !t.Protocols.HTTP1()
		s.sends = func() bool { return sends(t, origin.Scheme) }
		s.closeIdle = t.CloseIdleConnections
	} else {
		s.buffers = newPool()
	}
	if err := s.checkTransport(); err != nil {
		return nil, err
	}
	return s, nil
}

// RawRequest is one call. Path holds raw segments.
type RawRequest struct {
	Method     string
	Path       []string
	Route      string // for hooks and errors: the path with placeholders for IDs
	Query      string // encoded
	Header     http.Header
	Body       []byte // nil: none
	Idempotent bool   // a POST or PATCH that may be repeated like a PUT
	MaxRetries int
}

// RawResponse is an HTTP response with any status.
type RawResponse struct {
	StatusCode int
	Header     http.Header
	RetryAfter time.Duration // from the header, or for a 429 from the body; zero if there is none
	Body       []byte        // valid until Release
	TooLarge   bool          // Body is only the beginning
	Incomplete error         // why the rest of Body could not be read; nil for a 2xx
	Path       string        // of the request, escaped, below the base URL
	Attempts   int
	Unknown    bool // this attempt or an earlier one was a write that may have happened
	Token      bool // the credential of this attempt was an API token
	Followed   bool // the call has waited as long as the response asked, or got another credential

	Redact func(string) string // redacts the credentials of this attempt and of earlier ones

	pool   *sync.Pool // of buffer; nil before read, for buffers
	buffer *[]byte
	ended  bool // the whole body was read
}

// Do sends a request, repeats it as the rules allow, and returns the response, which the caller must release. The error
// is a *Failure unless the path is not valid.
func (s *Sender) Do(ctx context.Context, req RawRequest) (*RawResponse, error) {
	target, path, err := s.target(req.Path, req.Query)
	if err != nil {
		return nil, err
	}
	var renewed *signer // signs the next attempt, if the API rejected the credential of the last one
	hasRenewed := false
	signer := s.signer.Load()
	failure := newFailure(path, req.Route, signer) // returned unless the call ends with a response
	waits := waits{queue: s.MaxRetryWait, limit: s.MaxRateLimitWait, announce: s.announce}
	call, tries := ctx, 0
	var renewing time.Duration // how long the source took for renewed
	for {
		ctx := s.contextOfAttempt(call)
		queued := time.Now()
		next, reset, err := s.admit(ctx, signer, renewed, &waits)
		if err != nil {
			failure.RetryAfter = reset
			return nil, failure.endedBy(ctx, err)
		}
		signer = next
		start := time.Now()
		waited := renewing + start.Sub(queued)
		response, result, err := s.attempt(ctx, signer, failure.Attempts+1, waits.pauses, &req, target)
		duration := time.Since(start)
		if response != nil && response.StatusCode == http.StatusTooManyRequests {
			response.RetryAfter = max(response.RetryAfter, s.gate.pause())
		}
		err = failure.add(ctx, signer, response, err)
		failure.Unknown = failure.Unknown || result.unknown(req.Method)

		renewed, renewing = nil, 0
		if !hasRenewed {
			asked := time.Now()
			renewed = s.renew(ctx, signer, response)
			hasRenewed, renewing = renewed != nil, time.Since(asked)
		}
		if renewed != nil {
			response.Followed = true
		}
		counts := renewed == nil && result != stale // net/http would not count a stale read either
		if counts {
			tries++
		}
		var wait time.Duration
		var ended error // why an attempt that is allowed does not follow
		again := renewed != nil || tries <= req.MaxRetries && result.repeatable(req.idempotent()) && (err == nil || contextError(ctx) == nil)
		if again && counts {
			if wait, again = s.wait(response, tries, &waits); again {
				ended = deadlineError(ctx, wait)
			}
		}
		if again && ended == nil {
			if reset, ended = s.gate.refusal(ctx, &waits, wait); ended != nil {
				failure.RetryAfter = reset
			}
		}
		again = again && ended == nil
		if len(s.Hooks) > 0 {
			a := Attempt{
				Method: req.Method, Path: path, Route: req.Route, Number: failure.Attempts, Err: err,
				Waited: waited, Start: start, Duration: duration,
				OutcomeUnknown: result.unknown(req.Method), Retry: again,
			}
			if again {
				a.RetryIn = wait
			}
			s.report(ctx, a, response, failure.Redact)
		}

		switch {
		case again:
			if ended := sleep(ctx, wait); ended != nil {
				return nil, failure.endedBy(ctx, ended)
			}
			if response != nil {
				response.Followed = true
			}
		case ended != nil:
			return nil, failure.endedBy(ctx, ended)
		case err != nil:
			return nil, failure
		default:
			response.Unknown = failure.Unknown
			return response, nil
		}
	}
}

type attemptKey struct{}

// contextOfAttempt returns a context that only one attempt has, so that a limiter can recognize the end of an attempt
// when a hook receives the same context. Without a limiter, it is the context of the call.
func (s *Sender) contextOfAttempt(call context.Context) context.Context {
	if s.Limiter == nil {
		return call
	}
	return context.WithValue(call, attemptKey{}, nil)
}

// admit waits for the limiter and the gate, and returns the signer of the next attempt, which also redacts the secrets
// of an earlier one: renewed, unless it is nil. If the rate limit ends the call, admit returns the time until the
// reset beside the error.
func (s *Sender) admit(ctx context.Context, earlier, renewed *signer, w *waits) (next *signer, reset time.Duration, err error) {
	if s.Limiter != nil {
		if err := contextError(ctx); err != nil {
			return nil, 0, err
		}
		if reset, err := s.gate.refusal(ctx, w, 0); err != nil { // the limiter would count a request that is not sent
			return nil, reset, err
		}
		if err := s.Limiter(ctx); err != nil {
			return nil, 0, notSent(ctx, earlier, fmt.Errorf("limiter: %w", err))
		}
	}
	if reset, err := s.gate.enter(ctx, w); err != nil {
		return nil, reset, err
	}
	if renewed != nil {
		return renewed.alsoRedacting(earlier), 0, nil
	}
	next, err = s.sign(ctx)
	if err != nil {
		return nil, 0, notSent(ctx, earlier, err)
	}
	return next.alsoRedacting(earlier), 0, nil
}

// notSent returns the error of a limiter or a credential source as a caller may see it. While the credential is not
// known, it is shown as it is, because it says nothing of the arguments of the call.
func notSent(ctx context.Context, known *signer, err error) error {
	redact := known.redact
	if known == unsigned {
		redact = func(text string) string { return text }
	}
	return redactError(ctx, redact, err)
}

// announce tells the hooks that a call begins to wait for the rate limit.
func (s *Sender) announce(ctx context.Context, wait time.Duration) {
	for _, hook := range s.WaitHooks {
		hook(ctx, wait)
	}
}

// wait returns the wait before the next attempt. It returns false if the server requests a longer wait than the call
// may take: the call then returns the response at once. The wait after a 429 is one for the rate limit. The pause of
// the gate is not part of the wait after any other response, because the next attempt waits for it by itself.
func (s *Sender) wait(response *RawResponse, attempts int, w *waits) (time.Duration, bool) {
	wait := backoff(attempts, s.MaxRetryWait)
	if response == nil {
		return wait, true
	}
	if response.RetryAfter > 0 {
		wait = response.RetryAfter
	}
	if response.StatusCode != http.StatusTooManyRequests {
		return wait, wait <= s.MaxRetryWait
	}
	wait = max(wait, s.gate.pause())
	if w.limit == 0 || !w.allow(wait) {
		return wait, false
	}
	w.waited += wait
	return wait, true
}

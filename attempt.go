package cloudflare

import (
	"time"

	"example.com/cloudflare/internal/rest"
)

// Attempt describes one attempt of a call. [WithAttemptHook] passes it to a function. An Attempt contains no
// credential.
type Attempt struct {
	Method string // the HTTP method
	Path   string // escaped, below the base URL, without the query
	Route  string // the path with placeholders for IDs, such as "/organizations/{organization_id}", for the label of a metric
	Number int    // 1 for the first attempt of a call, 2 for the next one

	StatusCode int           // zero if there was no response
	RayID      string        // identifies the request in Cloudflare's logs
	RetryAfter time.Duration // as in Error
	RateLimits []RateLimit   // from the Ratelimit headers
	Err        error         // why there was no response, or why it was not read to its end; nil for a complete response with any status

	Waited         time.Duration // before the attempt, after RetryIn: for the limiter, the rate limit and the credential source
	Start          time.Time     // when the attempt began, after what it waited for
	Duration       time.Duration // from Start to the end of the response
	OutcomeUnknown bool          // the attempt is a write that may have happened
	Retry          bool          // another attempt follows, after RetryIn
	RetryIn        time.Duration // the wait before the next attempt; zero if Retry is false
}

func newAttempt(a rest.Attempt) Attempt {
	return Attempt{
		Method:         a.Method,
		Path:           a.Path,
		Route:          a.Route,
		Number:         a.Number,
		StatusCode:     a.StatusCode,
		RayID:          a.RayID,
		RetryAfter:     a.RetryAfter,
		RateLimits:     redactor(a.Redact).rateLimits(a.Header),
		Err:            unprinted(a.Err),
		Waited:         a.Waited,
		Start:          a.Start,
		Duration:       a.Duration,
		OutcomeUnknown: a.OutcomeUnknown,
		Retry:          a.Retry,
		RetryIn:        a.RetryIn,
	}
}

// attemptError prints and matches like the error of a transport. It keeps that error in a closure, because an encoder
// would show what it holds, such as the certificate of a server.
type attemptError struct{ held func() error }

func unprinted(err error) error {
	if err == nil {
		return nil
	}
	return attemptError{func() error { return err }}
}

func (e attemptError) Error() string { return e.held().Error() }

func (e attemptError) Unwrap() error { return e.held() }

package cloudflare

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/cloudflare/internal/rest"
)

// Sentinel errors. Use [errors.Is] to match them.
var (
	// ErrInvalidArgument means that an argument is not valid. No request was sent.
	ErrInvalidArgument = errors.New("invalid argument")

	// ErrUnauthorized means that the API itself did not accept the credential. The status is 401, or the response has
	// one of the codes 6003, 9103 and 9106. A token that the API rejects usually gets status 403 with code 10000, which
	// is [ErrForbidden] instead.
	ErrUnauthorized = errors.New("unauthorized")

	// ErrForbidden means that the API itself reports that the credential does not permit the request: status 403. It also
	// responds with 403 and code 10000 if a token is not valid, if an operation does not accept tokens, or if the account
	// does not have the Organizations feature. A 403 from a proxy or a firewall is [ErrUnavailable] instead.
	ErrForbidden = errors.New("forbidden")

	// ErrNotFound means that the API itself reports that the resource does not exist, or that a profile was never set.
	// A 404 from a proxy does not match, nor does a 404 for a route that does not exist (codes 7000 and 7003).
	ErrNotFound = errors.New("not found")

	// ErrConflict means that the API itself reports that the request conflicts with the state of the resource: status 409.
	ErrConflict = errors.New("conflict")

	// ErrRateLimited means that a rate limit was exceeded: status 429. The client also returns ErrRateLimited, without
	// sending a request, if an earlier response reported that no requests remain, or was a 429 with a Retry-After.
	ErrRateLimited = errors.New("rate limited")

	// ErrAttemptTimeout means that an attempt took longer than [WithTimeout] allows. If the deadline of the context
	// passes, the error matches [context.DeadlineExceeded] instead.
	ErrAttemptTimeout = errors.New("attempt timed out")

	// ErrUnavailable means that the API itself did not respond, so that another call may succeed later. There was no
	// connection, an attempt timed out, a connection broke, the status is 408 or at least 500, or the response is not in
	// the format of the API, such as a redirect or the page of a proxy. Limit the number of calls, because a firewall may
	// reject each of them. A write whose error also matches [ErrOutcomeUnknown] may have happened.
	//
	// Neither a 429 nor a call that ended because of its context, a limiter or a credential source is ErrUnavailable. A
	// response to HEAD has no body, and an [Error] that a user creates has none either: only their status counts.
	ErrUnavailable = errors.New("unavailable")

	// ErrOutcomeUnknown means that a write may or may not have happened. Read the current state before repeating the
	// write. The write may still happen after the error was returned.
	ErrOutcomeUnknown = errors.New("outcome unknown: the write may or may not have happened")
)

// Error is returned when the API responds with anything but success. Use [errors.As] to find it and [errors.Is] to
// match it with the sentinel errors. If a server echoes a credential, Error has "[redacted]" instead.
type Error struct {
	Method, Path string         // Path is escaped, below the base URL, without the query
	StatusCode   int            // may be 200, for a response that reports a failure or cannot be used
	Errors       []ResponseInfo // from the API, at most 100
	Messages     []ResponseInfo // from the API, at most 100
	RayID        string         // identifies the request in Cloudflare's logs
	RetryAfter   time.Duration  // from the Retry-After header, or the body without it, or of a 429 the reset; zero if there is none
	RateLimits   []RateLimit    // from the Ratelimit headers
	Attempts     int            // the number of requests that were sent

	// IdempotencyKey is the Idempotency-Key header of every attempt; empty if there was none. If the outcome is unknown,
	// repeat the call safely with this key in its [AccountCreateParams] or [Request], and the other arguments unchanged.
	IdempotencyKey string

	enveloped bool   // sent by the API itself, not by a proxy
	foreign   bool   // has a body that was not sent by the API, or not as a whole; false in an Error that a user creates
	followed  bool   // the call has waited for RetryAfter, or got another credential
	overtaken bool   // the call ended later, for another reason
	unknown   bool   // matches ErrOutcomeUnknown
	null      bool   // the profile was null
	detail    string // what Error says in addition to Errors
}

// ResponseInfo is one entry of the errors or messages of a response.
type ResponseInfo struct {
	Code             int                `json:"code,omitzero"`
	Message          string             `json:"message"`
	DocumentationURL string             `json:"documentation_url,omitzero"`
	Source           ResponseInfoSource `json:"source,omitzero"`
	ErrorChain       []ResponseInfo     `json:"error_chain,omitzero"`
}

// ResponseInfoSource identifies the part of a request that an entry is about.
type ResponseInfoSource struct {
	Pointer string `json:"pointer,omitzero"` // a JSON pointer
}

// Error describes on one line which call failed, its status and the errors that the API reported.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cloudflare: %s: %s", nameOfCall(e.Method, e.Path), status(e.StatusCode))
	var infos strings.Builder
	separator := ": "
	for _, info := range e.Errors {
		infos.WriteString(separator)
		info.write(&infos)
		separator = "; "
	}
	b.WriteString(rest.Shorten(infos.String(), maxText))
	if e.detail != "" {
		b.WriteString(": " + e.detail)
	}
	var notes []string
	if e.RetryAfter > 0 {
		notes = append(notes, "retry after "+e.RetryAfter.String())
	}
	if e.Attempts > 1 {
		notes = append(notes, strconv.Itoa(e.Attempts)+" attempts")
	}
	if e.RayID != "" {
		notes = append(notes, "ray "+e.RayID)
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	if e.unknown {
		b.WriteString(": " + ErrOutcomeUnknown.Error())
	}
	return b.String()
}

// nameOfCall returns the method and the path of a call. An error that a user makes may have neither.
func nameOfCall(method, path string) string {
	return cmp.Or(strings.TrimSpace(method+" "+path), "a call")
}

func status(code int) string {
	if code == 0 {
		return "no status"
	}
	if text := http.StatusText(code); text != "" {
		return strconv.Itoa(code) + " " + text
	}
	return strconv.Itoa(code)
}

func (r ResponseInfo) write(b *strings.Builder) {
	b.WriteString(asIs.line(r.Message))
	if r.Code != 0 {
		fmt.Fprintf(b, " (code %d)", r.Code)
	}
	if r.Source.Pointer != "" {
		b.WriteString(" at " + asIs.line(r.Source.Pointer))
	}
	for _, inner := range r.ErrorChain {
		b.WriteString(" < ")
		inner.write(b)
	}
	if r.DocumentationURL != "" {
		b.WriteString(", see " + asIs.line(r.DocumentationURL))
	}
}

// Is reports whether e matches the sentinel error target.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return !e.foreign && !e.followed && (e.StatusCode == 401 || e.HasCode(6003) || e.HasCode(9103) || e.HasCode(9106))
	case ErrForbidden:
		return e.StatusCode == 403 && !e.foreign && !e.followed
	case ErrNotFound:
		return e.null || e.StatusCode == 404 && !e.foreign && !e.isUnknownRoute()
	case ErrConflict:
		return e.StatusCode == 409 && !e.foreign
	case ErrRateLimited:
		return e.StatusCode == 429 && !e.followed
	case ErrUnavailable:
		return !e.overtaken && e.StatusCode != 429 && (e.foreign || e.StatusCode == 408 || e.StatusCode >= 500)
	}
	return false
}

// Unwrap returns [ErrOutcomeUnknown] if the outcome of a write is unknown, and nil otherwise.
func (e *Error) Unwrap() error {
	if e.unknown {
		return ErrOutcomeUnknown
	}
	return nil
}

// HasCode reports whether Errors, or the error_chain of one of them, contains code.
func (e *Error) HasCode(code int) bool { return hasCode(e.Errors, code) }

func hasCode(infos []ResponseInfo, code int) bool {
	return slices.ContainsFunc(infos, func(info ResponseInfo) bool {
		return info.Code == code || hasCode(info.ErrorChain, code)
	})
}

// LogValue returns a group of attributes for structured logs: message, method, path, status and attempts, and ray_id,
// codes, idempotency_key and outcome_unknown if they apply.
func (e *Error) LogValue() slog.Value {
	call := CallError{
		Method: e.Method, Path: e.Path, Attempts: e.Attempts, IdempotencyKey: e.IdempotencyKey, last: e, unknown: e.unknown,
	}
	return call.logValue(e.Error())
}

// PageError reports that a page of a list failed. To resume, set PageToken in the params to this PageToken.
type PageError struct {
	PageToken string // of the page that failed; empty for the first
	Err       error

	first bool // no page was read before, so there is nothing to resume
}

// Error returns the text of Err. If a page after the first failed, the text adds how to resume the list.
func (e *PageError) Error() string {
	text := "cloudflare: a page failed"
	if e.Err != nil {
		text = e.Err.Error()
	}
	if e.PageToken == "" || e.first {
		return text
	}
	return text + " (not on the first page; set PageToken to resume)"
}

// Unwrap returns Err.
func (e *PageError) Unwrap() error { return e.Err }

// CallError is returned when a call fails before its last attempt gets a response, because the request was not sent,
// the connection failed or the context ended. Use [errors.Is] and [errors.As] to find the cause.
type CallError struct {
	Method, Path string // Path is escaped, below the base URL, without the query; the route if no credential was known
	Attempts     int    // the number of requests that were sent

	// RetryAfter is the time until the rate limit resets, if the client ended the call because no requests remain. An
	// error with RetryAfter matches [ErrRateLimited], and never [context.DeadlineExceeded].
	RetryAfter time.Duration

	// IdempotencyKey is that of [Error]; empty if nothing was sent.
	IdempotencyKey string

	last        *Error         // the last response, nil if there was none
	unknown     bool           // matches ErrOutcomeUnknown
	unavailable bool           // matches ErrUnavailable
	causes      func() []error // a closure, so that print verbs do not show what the errors of a transport contain
}

// Error describes on one line which call failed and why.
func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString("cloudflare: " + nameOfCall(e.Method, e.Path))
	for _, cause := range e.reasons() {
		b.WriteString(": " + rest.OneLine(cause.Error()))
	}
	switch {
	case e.Attempts == 0 && e.causes != nil: // not in an error that a user makes, which does not know what was sent
		b.WriteString(" (nothing was sent)")
	case e.Attempts > 1:
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	if e.last != nil {
		fmt.Fprintf(&b, "; the last response was %s", strings.TrimPrefix(e.last.Error(), "cloudflare: "))
	}
	if e.unknown {
		b.WriteString(": " + ErrOutcomeUnknown.Error())
	}
	return b.String()
}

// Unwrap returns the errors that ended the call. They include the [*Error] of the last response if there was one,
// [ErrUnavailable] if the last attempt got no response, and [ErrOutcomeUnknown] if the outcome of a write is unknown.
func (e *CallError) Unwrap() []error {
	all := slices.Clone(e.reasons())
	if e.last != nil {
		all = append(all, e.last)
	}
	if e.unavailable {
		all = append(all, ErrUnavailable)
	}
	if e.unknown {
		all = append(all, ErrOutcomeUnknown)
	}
	return all
}

// Is reports whether target is [ErrRateLimited] and RetryAfter is positive.
func (e *CallError) Is(target error) bool { return target == ErrRateLimited && e.RetryAfter > 0 }

// RetryAfter returns how long to wait before repeating a call that failed with err. It is the longest RetryAfter of all
// [*Error] and [*CallError] in the tree of err, or zero if none of them has one. The last response of a call does not
// count if the call has waited for it already.
func RetryAfter(err error) (longest time.Duration) {
	switch e := err.(type) {
	case *Error:
		if !e.followed {
			longest = e.RetryAfter
		}
	case *CallError:
		longest = e.RetryAfter
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		longest = max(longest, RetryAfter(e.Unwrap()))
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			longest = max(longest, RetryAfter(inner))
		}
	}
	return longest
}

// reasons returns the errors that ended the call, or nil for a CallError that a user created.
func (e *CallError) reasons() []error {
	if e.causes == nil {
		return nil
	}
	return e.causes()
}

// LogValue returns a group of attributes for structured logs: message, method, path and attempts, and idempotency_key
// and outcome_unknown if they apply. If there was a response, status, ray_id and codes are those of the last one.
func (e *CallError) LogValue() slog.Value { return e.logValue(e.Error()) }

func (e *CallError) logValue(message string) slog.Value {
	attrs := []slog.Attr{
		slog.String("message", message),
		slog.String("method", e.Method),
		slog.String("path", e.Path),
	}
	if e.last != nil {
		attrs = append(attrs, slog.Int("status", e.last.StatusCode))
	}
	attrs = append(attrs, slog.Int("attempts", e.Attempts))
	if e.last != nil && e.last.RayID != "" {
		attrs = append(attrs, slog.String("ray_id", e.last.RayID))
	}
	if e.last != nil && len(e.last.Errors) > 0 {
		codes := make([]int, len(e.last.Errors))
		for i, info := range e.last.Errors {
			codes[i] = info.Code
		}
		attrs = append(attrs, slog.Any("codes", codes))
	}
	if e.IdempotencyKey != "" {
		attrs = append(attrs, slog.String("idempotency_key", e.IdempotencyKey))
	}
	if e.unknown {
		attrs = append(attrs, slog.Bool("outcome_unknown", true))
	}
	return slog.GroupValue(attrs...)
}

// withoutOutcome returns an error of a limiter or of a credential source. If the error comes from another call,
// withoutOutcome keeps only its text. Otherwise the caller could mistake the outcome of that call for that of this one.
func withoutOutcome(err error) error {
	_, isError := errors.AsType[*Error](err)
	_, isCallError := errors.AsType[*CallError](err)
	if isError || isCallError || errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalidArgument) {
		return errors.New(err.Error())
	}
	return err
}

// absent reports whether the API itself reports that the resource does not exist. A 404 for an unknown route (codes
// 7000 and 7003) or from a proxy does not count.
func (e *Error) absent() bool {
	return e.enveloped && e.StatusCode == 404 && !e.isUnknownRoute()
}

func (e *Error) isUnknownRoute() bool { return e.HasCode(7000) || e.HasCode(7003) }

// isAbsent reports whether err means that the API itself reports that the resource does not exist.
func isAbsent(err error) bool {
	if page, ok := err.(*PageError); ok {
		err = page.Err
	}
	e, ok := err.(*Error)
	return ok && e.absent()
}

// isNull reports whether err means that a profile was null.
func isNull(err error) bool {
	e, ok := err.(*Error)
	return ok && e.null
}

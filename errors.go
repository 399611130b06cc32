package cloudflare

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"example.com/cloudflare/internal/envelope"
	"example.com/cloudflare/internal/rest"
)

// What the errors of this package match with [errors.Is].
var (
	// ErrInvalidArgument: refused before anything was sent.
	ErrInvalidArgument = rest.ErrInvalidArgument

	// ErrUnauthorized: status 401, or one of the codes 6003, 9103 and 9106, with which the API answers bad credentials
	// under the statuses 400 and 403.
	ErrUnauthorized = errors.New("unauthorized")

	ErrForbidden = errors.New("forbidden") // status 403
	ErrNotFound  = errors.New("not found") // status 404, or a profile that was never set
	ErrConflict  = errors.New("conflict")  // status 409

	// ErrRateLimited: status 429, or nothing was sent because the API said that nothing is left.
	ErrRateLimited = rest.ErrRateLimited

	// ErrAttemptTimeout: an attempt took longer than [WithTimeout] allows. [context.DeadlineExceeded] is always the
	// caller's own deadline.
	ErrAttemptTimeout = rest.ErrAttemptTimeout

	// ErrOutcomeUnknown: a write that may or may not have happened. Look before trying again.
	ErrOutcomeUnknown = rest.ErrOutcomeUnknown
)

// Error is an answer that is no success. Find it with [errors.As]; the sentinels of this package match it with
// [errors.Is]. No credential is in it: where a server echoes one, it reads "[redacted]".
type Error struct {
	Method, Path string         // Path is escaped, below the base URL, without the query
	StatusCode   int            // of the HTTP answer; may be 200, for an answer that cannot be used
	Errors       []ResponseInfo // what the API says is wrong, 100 at the most
	Messages     []ResponseInfo // 100 at the most
	RayID        string         // names the request in Cloudflare's logs
	RetryAfter   time.Duration  // how long the server asks to wait, or zero
	RateLimits   []RateLimit    // what the server says of its limits
	Attempts     int            // how many requests were sent

	enveloped bool   // made by the API itself, and not by something on the way
	unknown   bool   // matches ErrOutcomeUnknown
	null      bool   // the profile was null
	detail    string // what is known beyond Errors
}

// ResponseInfo is one entry of the errors or messages of an answer.
type ResponseInfo struct {
	Code             int                `json:"code"`
	Message          string             `json:"message"`
	DocumentationURL string             `json:"documentation_url,omitempty"`
	Source           ResponseInfoSource `json:"source,omitzero"`
	ErrorChain       []ResponseInfo     `json:"error_chain,omitempty"`
}

// ResponseInfoSource says which part of a request an entry is about.
type ResponseInfoSource struct {
	Pointer string `json:"pointer,omitempty"` // a JSON pointer
}

// Error says which call failed, with what status, and all that the API said about it, on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cloudflare: %s %s: %s", e.Method, e.Path, status(e.StatusCode))
	for i, info := range e.Errors {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		info.write(&b)
	}
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

func status(code int) string {
	if text := http.StatusText(code); text != "" {
		return strconv.Itoa(code) + " " + text
	}
	return strconv.Itoa(code)
}

func (r ResponseInfo) write(b *strings.Builder) {
	b.WriteString(oneLine(r.Message))
	if r.Code != 0 {
		fmt.Fprintf(b, " (code %d)", r.Code)
	}
	if r.Source.Pointer != "" {
		b.WriteString(" at " + oneLine(r.Source.Pointer))
	}
	for _, inner := range r.ErrorChain {
		b.WriteString(" < ")
		inner.write(b)
	}
	if r.DocumentationURL != "" {
		b.WriteString(", see " + oneLine(r.DocumentationURL))
	}
}

// Is reports whether e is what the sentinel target stands for.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return e.StatusCode == 401 || e.HasCode(6003) || e.HasCode(9103) || e.HasCode(9106)
	case ErrForbidden:
		return e.StatusCode == 403
	case ErrNotFound:
		return e.StatusCode == 404 || e.null
	case ErrConflict:
		return e.StatusCode == 409
	case ErrRateLimited:
		return e.StatusCode == 429
	}
	return false
}

// Unwrap returns [ErrOutcomeUnknown] if that is so, and else nil.
func (e *Error) Unwrap() error {
	if e.unknown {
		return ErrOutcomeUnknown
	}
	return nil
}

// HasCode reports whether the API gave code as a reason, in Errors or in the error_chain of one.
func (e *Error) HasCode(code int) bool { return hasCode(e.Errors, code) }

func hasCode(infos []ResponseInfo, code int) bool {
	return slices.ContainsFunc(infos, func(info ResponseInfo) bool {
		return info.Code == code || hasCode(info.ErrorChain, code)
	})
}

// LogValue makes e a group in structured logs, so that an operator can filter by status or ray.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("message", e.Error()),
		slog.String("method", e.Method),
		slog.String("path", e.Path),
		slog.Int("status", e.StatusCode),
		slog.Int("attempts", e.Attempts),
	}
	if e.RayID != "" {
		attrs = append(attrs, slog.String("ray_id", e.RayID))
	}
	if len(e.Errors) > 0 {
		codes := make([]int, len(e.Errors))
		for i, info := range e.Errors {
			codes[i] = info.Code
		}
		attrs = append(attrs, slog.Any("codes", codes))
	}
	if e.unknown {
		attrs = append(attrs, slog.Bool("outcome_unknown", true))
	}
	return slog.GroupValue(attrs...)
}

// PageError is what All yields when a page fails. To go on, set PageToken as the PageToken of the params: no item
// before it is missed and none comes twice.
type PageError struct {
	PageToken string // of the page that failed; empty for the first
	Err       error
}

// Error says what Err says, and that the list can be resumed.
func (e *PageError) Error() string {
	if e.PageToken == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + " (on a page after the first; PageToken resumes there)"
}

// Unwrap returns Err.
func (e *PageError) Unwrap() error { return e.Err }

// callError is the error of a call that ended without an answer to report.
type callError struct {
	method, path string
	attempts     int
	last         *Error // the last answer, nil if there was none
	unknown      bool
	causes       func() []error // a closure, so that no printer reaches what a transport put into its errors
}

func (e *callError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cloudflare: %s %s", e.method, e.path)
	for _, cause := range e.causes() {
		b.WriteString(": " + oneLine(cause.Error()))
	}
	switch {
	case e.attempts == 0:
		b.WriteString(" (nothing was sent)")
	case e.attempts > 1:
		fmt.Fprintf(&b, " (%d attempts)", e.attempts)
	}
	if e.last != nil {
		fmt.Fprintf(&b, "; the last answer was %s", strings.TrimPrefix(e.last.Error(), "cloudflare: "))
	}
	if e.unknown && (e.last == nil || !e.last.unknown) {
		b.WriteString(": " + ErrOutcomeUnknown.Error())
	}
	return b.String()
}

func (e *callError) Unwrap() []error {
	all := slices.Clone(e.causes())
	if e.last != nil {
		all = append(all, e.last)
	}
	if e.unknown {
		all = append(all, ErrOutcomeUnknown)
	}
	return all
}

// invalid returns an ErrInvalidArgument that says what is wrong with an argument.
func invalid(format string, args ...any) error {
	return fmt.Errorf("cloudflare: %w: %s", ErrInvalidArgument, fmt.Sprintf(format, args...))
}

// answered reads an answer into env, and makes an Error of one that is no success.
func (c *core) answered(method string, a *rest.RawResponse, env *envelope.Envelope, capture *Response) error {
	e := c.read(method, a, env)
	if capture != nil {
		c.capture(capture, a)
		if e != nil {
			capture.Messages = e.Messages
		} else {
			capture.Messages = c.infos(env.Messages)
		}
		if env.ResultInfo.Raw != nil {
			capture.ResultInfo = []byte(c.scrub(string(env.ResultInfo.Raw)))
		}
	}
	if e == nil { // a nil *Error in an error would not be nil
		return nil
	}
	return e
}

func (c *core) read(method string, a *rest.RawResponse, env *envelope.Envelope) *Error {
	due := env.Result.Into != nil
	switch {
	case a.StatusCode >= 300:
		return c.statusError(method, a)
	case a.TooLarge:
		return c.unusable(method, a, fmt.Sprintf("it is larger than %d MiB", rest.MaxBody>>20))
	case !due && len(bytes.TrimSpace(a.Body)) == 0:
		return nil
	}
	if err := env.Decode(a.Body); err != nil {
		return c.unusable(method, a, err.Error())
	}
	switch {
	case env.Success == envelope.False:
		e := c.newError(method, a, env.Errors, env.Messages)
		e.enveloped = true
		return e
	case env.Success != envelope.True:
		return c.unusable(method, a, "it does not say that it is a success")
	case !due:
		return nil
	case !env.Result.Seen:
		return c.unusable(method, a, "it has no result")
	case env.Result.Null:
		e := c.unusable(method, a, "its result is null")
		_, e.null = env.Result.Into.(*OrganizationProfile)
		return e
	}
	if result, ok := env.Result.Into.(checker); ok {
		if err := result.check(); err != nil {
			return c.unusable(method, a, err.Error())
		}
	}
	return nil
}

// checker is a result that can tell whether it is what it should be.
type checker interface{ check() error }

func checkHasID(what, id string) error {
	if id == "" {
		return errors.New(what + " without an id")
	}
	return nil
}

// failed makes the error of a call that ended without an answer to report.
func (c *core) failed(method string, err error, capture *Response) error {
	failure, ok := errors.AsType[*rest.Failure](err)
	if !ok { // refused before anything was sent
		return fmt.Errorf("cloudflare: %w", err)
	}
	e := &callError{
		method:   method,
		path:     c.scrub(failure.Path),
		attempts: failure.Attempts,
		unknown:  failure.Unknown,
		causes:   func() []error { return failure.Causes },
	}
	if capture != nil {
		capture.Attempts = failure.Attempts
	}
	if failure.Last != nil {
		failure.Last.Attempts = failure.Attempts
		e.last = c.statusError(method, failure.Last)
		if capture != nil {
			c.capture(capture, failure.Last)
			capture.Messages = e.last.Messages
		}
		failure.Last.Release()
	}
	return e
}

// capture fills what every answer has.
func (c *core) capture(into *Response, a *rest.RawResponse) {
	into.StatusCode, into.Attempts = a.StatusCode, a.Attempts
	into.Header = make(http.Header, len(a.Header))
	for name, values := range a.Header {
		name = c.scrub(name)
		for _, value := range values {
			into.Header[name] = append(into.Header[name], c.scrub(value))
		}
	}
	into.RayID = c.line(a.Header.Get("Cf-Ray"))
	into.RateLimits = c.rateLimits(a.Header)
}

// statusError makes an Error of an answer whose status is no success.
func (c *core) statusError(method string, a *rest.RawResponse) *Error {
	problem := envelope.DecodeProblem(a.Body)
	e := c.newError(method, a, problem.Errors, problem.Messages)
	e.enveloped = problem.Enveloped
	if e.RayID == "" {
		e.RayID = c.line(problem.RayID)
	}
	switch {
	case a.StatusCode < 400 && (a.StatusCode != http.StatusNotModified || a.Header.Get("Location") != ""):
		e.detail = c.redirection(a.Header)
	case len(e.Errors) == 0:
		e.detail = c.sample(a.Body)
	}
	// The list of organizations takes tokens, and what other endpoints take is not known here.
	refused := a.StatusCode == 403 || a.StatusCode == 405
	if c.token && refused && (strings.HasPrefix(a.Path, "/organizations/") || a.Path == "/organizations" && rest.IsWrite(method)) {
		e.detail = strings.TrimPrefix(e.detail+"; ", "; ") + tokenHint
	}
	return e
}

const tokenHint = "perhaps because user API tokens cover only some Organizations operations: a global API key with its e-mail covers all"

// unusable makes an Error of a 2xx answer that is no success all the same, for the reason why. A write it answers may
// have happened.
func (c *core) unusable(method string, a *rest.RawResponse, why string) *Error {
	e := c.newError(method, a, nil, nil)
	e.unknown = e.unknown || rest.IsWrite(method)
	e.detail = "the answer cannot be used: " + c.line(why)
	if sample := c.sample(a.Body); sample != "" {
		e.detail += ": " + sample
	}
	return e
}

func (c *core) newError(method string, a *rest.RawResponse, errs, messages envelope.Infos) *Error {
	return &Error{
		Method:     method,
		Path:       c.scrub(a.Path),
		StatusCode: a.StatusCode,
		Errors:     c.infos(errs),
		Messages:   c.infos(messages),
		RayID:      c.line(a.Header.Get("Cf-Ray")),
		RetryAfter: rest.RetryAfter(a.Header, time.Now()),
		RateLimits: c.rateLimits(a.Header),
		Attempts:   a.Attempts,
		unknown:    a.Unknown,
	}
}

func (c *core) infos(infos envelope.Infos) []ResponseInfo {
	if len(infos) == 0 {
		return nil
	}
	out := make([]ResponseInfo, len(infos))
	for i, info := range infos {
		out[i] = ResponseInfo{
			Code:             info.Code,
			Message:          c.clean(info.Message, maxText),
			DocumentationURL: c.clean(info.DocumentationURL, maxText),
			Source:           ResponseInfoSource{Pointer: c.clean(info.Pointer, maxText)},
			ErrorChain:       c.infos(info.Chain),
		}
	}
	return out
}

func (c *core) rateLimits(h http.Header) []RateLimit {
	var out []RateLimit
	for _, limit := range rest.RateLimits(h) {
		limit.Name = c.scrub(limit.Name)
		out = append(out, RateLimit(limit))
	}
	return out
}

// redirection says where a 3xx pointed, by host alone: the rest of a Location can carry secrets.
func (c *core) redirection(h http.Header) string {
	location, err := url.Parse(h.Get("Location"))
	if err != nil || location.Host == "" {
		return "redirects are not followed"
	}
	return fmt.Sprintf("redirects are not followed; this one points to %q", c.line(location.Host))
}

// Bounds on the texts of a server: what is looked at for secrets, what is kept of a text of its own, and what is kept
// where one line is enough.
const window, maxText, maxLine = 16 << 10, 4 << 10, 200

// clean takes the secrets out of a text, and keeps its first most bytes.
func (c *core) clean(text string, most int) string {
	whole := len(text) <= window
	text = c.scrub(strings.ToValidUTF8(text[:min(len(text), window)], "\uFFFD"))
	if !whole { // a secret may lie across the end of the window
		text = text[:max(0, len(text)-window/2)] + "…"
	}
	return cut(text, most)
}

// line is clean for what goes on one line.
func (c *core) line(text string) string { return cut(oneLine(c.clean(text, window)), maxLine) }

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("…")], "") + "…"
}

// sample returns the beginning of a body, on one line.
func (c *core) sample(body []byte) string {
	switch {
	case len(body) == 0:
		return "the body is empty"
	case len(bytes.TrimSpace(body)) == 0:
		return "the body is blank"
	}
	return `"` + c.line(string(body[:min(len(body), window+1)])) + `"`
}

// oneLine folds white space, and what could move a terminal's cursor with it. Nothing is dropped, as that could put
// together a secret that was found nowhere.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// deletedEarlier reports whether err is a delete that found nothing after an attempt that may have done it.
func deletedEarlier(err error) bool {
	e, ok := err.(*Error)
	return ok && e.unknown && e.absent()
}

// absent reports whether the API itself says that what the path names is not there. A route that does not exist (7000,
// 7003) says nothing about that, and neither does something on the way.
func (e *Error) absent() bool {
	return e.enveloped && e.StatusCode == 404 && !e.HasCode(7000) && !e.HasCode(7003)
}

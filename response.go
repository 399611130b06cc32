package cloudflare

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/cloudflare/internal/envelope"
	"example.com/cloudflare/internal/rest"
)

// checker is a result or an item of a list that can tell whether it is usable.
type checker interface{ check() error }

func checkHasID(what, id string) error {
	if id == "" {
		return errors.New(what + " without an id")
	}
	return nil
}

// receive decodes a response into env, and returns an *Error unless the response reports success.
func (c *core) receive(call *call, response *rest.RawResponse, env *envelope.Envelope, capture *Response) error {
	e := c.decode(call, response, env)
	if capture != nil {
		c.capture(capture, response)
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

func (c *core) decode(call *call, response *rest.RawResponse, env *envelope.Envelope) *Error {
	due := env.Result.Into != nil
	switch {
	case response.StatusCode >= 300:
		return c.statusError(call, response)
	case response.TooLarge:
		return c.unusableError(call, response, tooLarge(env.Result.Into))
	case !due && len(bytes.TrimSpace(response.Body)) == 0:
		return nil
	}
	if err := env.Decode(response.Body); err != nil {
		return c.unusableError(call, response, err.Error())
	}
	switch {
	case env.Success == envelope.False:
		e := c.newError(call, response, env.Errors, env.Messages)
		e.enveloped = true
		return e
	case env.Success != envelope.True:
		return c.unusableError(call, response, "it does not say that it is a success")
	case !due:
		return nil
	case !env.Result.Seen:
		return c.unusableError(call, response, "it has no result")
	case env.Result.Null:
		if result, ok := env.Result.Into.(interface{ setNull() bool }); ok && result.setNull() {
			return nil
		}
		e := c.unusableError(call, response, "its result is null")
		_, e.null = env.Result.Into.(*OrganizationProfile)
		return e
	}
	if result, ok := env.Result.Into.(checker); ok {
		if err := result.check(); err != nil {
			return c.unusableError(call, response, err.Error())
		}
	}
	return nil
}

// tooLarge says that a body is too large and, if the result knows, what the caller can do.
func tooLarge(into any) string {
	problem := fmt.Sprintf("it is larger than %d MiB", rest.MaxBody>>20)
	if result, ok := into.(interface{ tooLarge() string }); ok {
		problem += ": " + result.tooLarge()
	}
	return problem
}

// statusError returns the Error of a response whose status is not 2xx.
func (c *core) statusError(call *call, response *rest.RawResponse) *Error {
	problem := envelope.DecodeProblem(response.Body)
	e := c.newError(call, response, problem.Errors, problem.Messages)
	e.enveloped = problem.Enveloped
	if e.RayID == "" {
		e.RayID = c.line(problem.RayID)
	}
	switch {
	case response.StatusCode < 400 && (response.StatusCode != http.StatusNotModified || response.Header.Get("Location") != ""):
		e.detail = c.redirection(response.Header)
	case len(e.Errors) == 0:
		e.detail = c.sample(response.Body)
	}
	if c.token && (response.StatusCode == http.StatusForbidden || response.StatusCode == http.StatusMethodNotAllowed) {
		if hint := call.credentials.tokenHint(); hint != "" {
			e.detail = strings.TrimPrefix(e.detail+"; "+hint, "; ")
		}
	}
	return e
}

// tokenHint suggests why the API rejected a token.
func (accepts credentials) tokenHint() string {
	const some = "user API tokens cover only some Organizations operations"
	switch {
	case !accepts.token:
		return "perhaps because " + some + ": a global API key with its e-mail covers all"
	case accepts.permission != "":
		return "perhaps because " + some + ": this one needs a token with the permission " + accepts.permission
	}
	return ""
}

// unusableError returns the Error of a 2xx response that cannot be used. If it responds to a write, the outcome of that
// is unknown.
func (c *core) unusableError(call *call, response *rest.RawResponse, problem string) *Error {
	e := c.newError(call, response, nil, nil)
	e.unknown = e.unknown || rest.IsWrite(call.method)
	e.detail = "the answer cannot be used: " + c.line(problem)
	if sample := c.sample(response.Body); sample != "" {
		e.detail += ": " + sample
	}
	return e
}

func (c *core) newError(call *call, response *rest.RawResponse, errs, messages envelope.Infos) *Error {
	return &Error{
		Method:     call.method,
		Path:       c.scrub(response.Path),
		StatusCode: response.StatusCode,
		Errors:     c.infos(errs),
		Messages:   c.infos(messages),
		RayID:      c.line(response.Header.Get("Cf-Ray")),
		RetryAfter: rest.RetryAfter(response.Header, time.Now()),
		RateLimits: c.rateLimits(response.Header),
		Attempts:   response.Attempts,
		unknown:    response.Unknown,
	}
}

// callError returns the error of a call that ended without a response to report.
func (c *core) callError(call *call, err error, capture *Response) error {
	failure, ok := errors.AsType[*rest.Failure](err)
	if !ok { // an invalid argument
		return fmt.Errorf("cloudflare: %w", err)
	}
	e := &CallError{
		Method:   call.method,
		Path:     c.scrub(failure.Path),
		Attempts: failure.Attempts,
		unknown:  failure.Unknown,
		causes:   func() []error { return failure.Causes },
	}
	if capture != nil {
		capture.Attempts = failure.Attempts
	}
	if failure.Last != nil {
		failure.Last.Attempts = failure.Attempts
		e.last = c.statusError(call, failure.Last)
		if capture != nil {
			c.capture(capture, failure.Last)
			capture.Messages = e.last.Messages
		}
		failure.Last.Release()
	}
	return e
}

// capture stores what every response has.
func (c *core) capture(into *Response, response *rest.RawResponse) {
	into.StatusCode, into.Attempts = response.StatusCode, response.Attempts
	into.Header = make(http.Header, len(response.Header))
	for name, values := range response.Header {
		name = c.scrub(name)
		for _, value := range values {
			into.Header[name] = append(into.Header[name], c.scrub(value))
		}
	}
	into.RayID = c.line(response.Header.Get("Cf-Ray"))
	into.RateLimits = c.rateLimits(response.Header)
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

// redirection names the host of a redirect. The rest of a Location can contain secrets.
func (c *core) redirection(h http.Header) string {
	location, err := url.Parse(h.Get("Location"))
	if err != nil || location.Host == "" {
		return "redirects are not followed"
	}
	return fmt.Sprintf("redirects are not followed; this one points to %q", c.line(location.Host))
}

// deletedEarlier reports whether err is a 404 to a delete after an attempt that may have deleted the object.
func deletedEarlier(err error) bool {
	e, ok := err.(*Error)
	return ok && e.unknown && e.absent()
}

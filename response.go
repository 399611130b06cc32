package cloudflare

import (
	"bytes"
	"cmp"
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

// identified is a result that has the ID of the resource that was requested.
type identified interface{ id() string }

func checkHasID(what, id string) error {
	if id == "" {
		return errors.New(what + " without an id")
	}
	return nil
}

// receive decodes a response into env, and returns an *Error unless the response reports success.
func (c *core) receive(call *call, response *rest.RawResponse, env *envelope.Envelope, captures []*Response) error {
	e := c.decode(call, response, env)
	for _, into := range captures {
		messages := c.infos(env.Messages)
		if e != nil {
			messages = e.Messages
		}
		c.capture(into, response, messages, env.Result.Raw, env.ResultInfo.Raw)
	}
	if e == nil { // a nil *Error in an error would not be nil
		return nil
	}
	return e
}

// decode fills env, also for a response that is an error.
func (c *core) decode(call *call, response *rest.RawResponse, env *envelope.Envelope) *Error {
	into := env.Result.Into
	switch {
	case response.StatusCode >= 300:
		e, problem := c.statusError(call, response)
		env.Result.Raw, env.ResultInfo.Raw = problem.Result, problem.ResultInfo
		return e
	case response.TooLarge:
		return c.unusableError(call, response, fmt.Sprintf("it is larger than %d MiB", rest.MaxBody>>20))
	case into == nil && len(bytes.TrimSpace(response.Body)) == 0:
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
		return c.unusableError(call, response, `"success" is missing or not a boolean`)
	case into == nil:
		return nil
	case !env.Result.Seen:
		return c.unusableError(call, response, "it has no result")
	case env.Result.Null:
		return c.nullError(call, response, into)
	}
	if result, ok := into.(checker); ok {
		if err := result.check(); err != nil {
			return c.unusableError(call, response, err.Error())
		}
	}
	if result, ok := into.(identified); ok && call.operation.endsInID() {
		// A cache or a gateway may respond with another resource, which must not be taken for this one.
		if requested := call.ids[len(call.ids)-1]; !strings.EqualFold(result.id(), requested) {
			return c.unusableError(call, response, "it is about another ID than the one requested")
		}
	}
	return nil
}

// nullError returns the Error of a response whose result is null, or nil if the result may be null.
func (c *core) nullError(call *call, response *rest.RawResponse, into any) *Error {
	switch into := into.(type) {
	case *OrganizationProfile:
		e := c.newError(call, response, nil, nil)
		e.null, e.detail = true, "the profile was never set"
		return e
	case *callResult:
		if into.setNull() {
			return nil
		}
	}
	return c.unusableError(call, response, "its result is null")
}

// statusError returns the Error of a response whose status is not 2xx, and its body.
func (c *core) statusError(call *call, response *rest.RawResponse) (*Error, envelope.Problem) {
	problem := envelope.DecodeProblem(response.Body)
	e := c.newError(call, response, problem.Errors, problem.Messages)
	e.enveloped = problem.Enveloped
	e.foreign = response.StatusCode == http.StatusNotFound && !problem.Enveloped && call.method != http.MethodHead
	if e.RayID == "" {
		e.RayID = c.line(problem.RayID)
	}
	switch {
	case response.StatusCode < 400 && (response.StatusCode != http.StatusNotModified || response.Header.Get("Location") != ""):
		e.detail = c.redirection(response.Header)
	case len(e.Errors) == 0:
		e.detail = cmp.Or(c.unrequestedEncoding(response.Header), c.sample(response.Body))
	}
	if hint := c.hint(call, e); hint != "" {
		e.detail = strings.TrimPrefix(e.detail+"; "+hint, "; ")
	}
	return e, problem
}

// hint suggests what the caller may have to change, or is empty.
func (c *core) hint(call *call, e *Error) string {
	switch {
	case e.foreign:
		if c.unusualBase {
			return "this is not a response of the API; does the base URL end in /client/v4?"
		}
		return "this is not a response of the API, but perhaps of a proxy"
	case c.unusualBase && e.StatusCode == http.StatusNotFound && !e.absent():
		return "does the base URL end in /client/v4?"
	case c.token && (e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusMethodNotAllowed):
		return call.credentials.tokenHint()
	case !c.token && e.StatusCode == http.StatusForbidden && e.HasCode(10000) && strings.HasPrefix(call.route, "/organizations"):
		return "perhaps this account has no Organizations: they are available to Enterprise customers and resellers"
	}
	return ""
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
	e.detail = "the response cannot be used: " + c.line(problem)
	if sample := cmp.Or(c.unrequestedEncoding(response.Header), c.sampleOfSuccess(response.Body)); sample != "" {
		e.detail += ": " + sample
	}
	return e
}

// unrequestedEncoding names a Content-Encoding, which net/http removes from a header if it decoded the body.
func (c *core) unrequestedEncoding(h http.Header) string {
	encoding := h.Get("Content-Encoding")
	if encoding == "" {
		return ""
	}
	return fmt.Sprintf("the Content-Encoding %q was not requested", c.line(encoding))
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
func (c *core) callError(call *call, err error, captures []*Response) error {
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
	var problem envelope.Problem
	if failure.Last != nil {
		failure.Last.Attempts = failure.Attempts
		e.last, problem = c.statusError(call, failure.Last)
		defer failure.Last.Release()
	}
	for _, into := range captures {
		into.Attempts = failure.Attempts
		if failure.Last != nil {
			c.capture(into, failure.Last, e.last.Messages, problem.Result, problem.ResultInfo)
		}
	}
	return e
}

// capture stores the metadata of a response.
func (c *core) capture(into *Response, response *rest.RawResponse, messages []ResponseInfo, result, resultInfo []byte) {
	*into = Response{
		StatusCode: response.StatusCode,
		Attempts:   response.Attempts,
		Header:     make(http.Header, len(response.Header)),
		RayID:      c.line(response.Header.Get("Cf-Ray")),
		Messages:   messages,
		RateLimits: c.rateLimits(response.Header),
		Result:     c.scrubBytes(result),
		ResultInfo: c.scrubBytes(resultInfo),
	}
	for name, values := range response.Header {
		name = c.scrub(name)
		for _, value := range values {
			into.Header[name] = append(into.Header[name], c.scrub(value))
		}
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

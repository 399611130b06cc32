package cloudflare

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/cloudflare/internal/envelope"
	"example.com/cloudflare/internal/rest"
)

// checker is a result, or an item of a list, that is checked after it is decoded.
type checker interface{ check() error }

// paged is a result that is one page of a list.
type paged interface {
	findNext(*paging, url.Values, *envelope.ResultInfo) error
}

// identified is a result that has the ID of the resource that was requested.
type identified interface{ id() string }

func checkHasID(what, id string) error {
	if id == "" {
		return errors.New(what + " without an id")
	}
	return nil
}

// receive decodes a response into env, and returns an *Error unless the response reports success.
func (c *call) receive(response *rest.RawResponse, env *envelope.Envelope, captures []*Response) error {
	e := c.decode(response, env)
	var body []byte // with the result and result_info to capture
	if env.Parsed || response.StatusCode >= 300 {
		body = response.Body
	}
	for i, into := range captures {
		if i > 0 {
			body = bytes.Clone(body) // the response before keeps a part of it
		}
		messages := redactor(response.Redact).infos(env.Messages)
		if e != nil {
			messages = e.Messages
		}
		into.fill(response, messages, body)
	}
	if e == nil { // a nil *Error in an error would not be nil
		return nil
	}
	return e
}

// decode fills env, and returns an Error unless the response reports success.
func (c *call) decode(response *rest.RawResponse, env *envelope.Envelope) *Error {
	into := env.Result.Into
	switch {
	case response.StatusCode >= 300:
		return c.statusError(response)
	case response.TooLarge:
		return c.unusableError(response, tooLarge(into))
	case into == nil && len(bytes.TrimSpace(response.Body)) == 0:
		return nil
	}
	if err := env.Decode(response.Body); err != nil {
		return c.unusableError(response, err.Error())
	}
	switch {
	case env.Success == envelope.False:
		return c.newError(response, env.Errors, env.Messages)
	case env.Success != envelope.True:
		return c.unusableError(response, `"success" is missing or not a boolean`)
	case into == nil:
		return nil
	case !env.Result.Seen:
		return c.unusableError(response, "it has no result")
	case env.Result.Null:
		return c.receiveNull(response, env)
	}
	if result, ok := into.(checker); ok {
		if err := result.check(); err != nil {
			return c.unusableError(response, err.Error())
		}
	}
	if result, ok := into.(paged); ok {
		if err := result.findNext(c.paging, c.query.value, &env.ResultInfo); err != nil {
			return c.unusableError(response, err.Error())
		}
	}
	if result, ok := into.(identified); ok && c.operation.endsInID() {
		// A cache or a gateway may respond with another resource, which must not be taken for this one.
		if requestedID := c.ids[len(c.ids)-1]; !sameID(result.id(), requestedID) {
			return c.unusableError(response, "it is about another ID than the one requested")
		}
	}
	return nil
}

// tooLarge describes a body that is too large. If the result has a hint for the caller, tooLarge adds it.
func tooLarge(into any) string {
	problem := fmt.Sprintf("it is larger than %d MiB", rest.MaxBody>>20)
	if result, ok := into.(interface{ tooLarge() string }); ok {
		problem += ": " + result.tooLarge()
	}
	return problem
}

// receiveNull stores a result of null, or returns an Error if the result must not be null.
func (c *call) receiveNull(response *rest.RawResponse, env *envelope.Envelope) *Error {
	switch into := env.Result.Into.(type) {
	case *OrganizationProfile:
		e := c.newError(response, nil, nil)
		e.null, e.detail = true, "the profile was never set"
		return e
	case paged:
		if c.paging.nullIsEmpty && into.findNext(c.paging, c.query.value, &env.ResultInfo) == nil {
			return nil
		}
	case interface{ setNull() bool }:
		if into.setNull() {
			return nil
		}
	}
	return c.unusableError(response, "its result is null")
}

// statusError returns the Error of a response whose status is not 2xx.
func (c *call) statusError(response *rest.RawResponse) *Error {
	redact := redactor(response.Redact)
	problem := envelope.DecodeProblem(response.Body)
	e := c.newError(response, problem.Errors, problem.Messages)
	e.enveloped = problem.Enveloped
	e.foreign = !problem.Enveloped && c.method != http.MethodHead
	e.RetryAfter = cmp.Or(e.RetryAfter, problem.RetryAfter)
	if e.RayID == "" {
		e.RayID = redact.line(problem.RayID)
	}
	switch {
	case response.StatusCode < 400 && (response.StatusCode != http.StatusNotModified || response.Header.Get("Location") != ""):
		e.detail = redact.redirection(response.Header)
	case len(e.Errors) == 0 && response.Incomplete != nil:
		e.detail = "the body could not be read: " + redact.line(response.Incomplete.Error())
	case len(e.Errors) == 0:
		e.detail = cmp.Or(redact.unrequestedEncoding(response.Header), redact.sample(response.Body))
	}
	cut := response.Incomplete != nil || response.TooLarge || envelope.Cut(response.Body)
	if hint := c.hint(e, response.Token, cut); hint != "" {
		e.detail = strings.TrimPrefix(e.detail+"; "+hint, "; ")
	}
	return e
}

// advise reads the body of a 401, 403 or 429 for the next attempt.
func advise(status int, body []byte) rest.Advice {
	problem := envelope.DecodeProblem(body)
	return rest.Advice{
		Rejected:   problem.Enveloped && rejectsCredential(status, asIs.infos(problem.Errors)),
		RetryAfter: problem.RetryAfter,
	}
}

// rejectsCredential reports whether a response of the API with these errors says that a credential is not valid. It may
// also be valid and lack a permission, because the API has the same codes for both. The codes 6003 and 9106 mean that
// the headers are malformed or missing.
func rejectsCredential(status int, errs []ResponseInfo) bool {
	switch {
	case hasCode(errs, 6003) || hasCode(errs, 9106):
		return false
	case status == http.StatusForbidden:
		return hasCode(errs, 10000) || hasCode(errs, 9103) || hasCode(errs, 9109)
	}
	return status == http.StatusUnauthorized
}

// explained are the statuses that match a sentinel only if the API itself sent them.
var explained = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict}

// hint returns a suggestion for the caller, or an empty string.
func (c *call) hint(e *Error, token, cut bool) string {
	foreign := e.foreign && slices.Contains(explained, e.StatusCode)
	switch {
	case foreign && cut:
		return "it is unknown whether this is a response of the API"
	case foreign && e.StatusCode == http.StatusNotFound && c.unusualBase():
		return "this is not a response of the API; does the base URL end in /client/v4?"
	case foreign:
		return "this is not a response of the API, but perhaps of a proxy"
	case c.unusualBase() && e.StatusCode == http.StatusNotFound && !e.absent():
		return "does the base URL end in /client/v4?"
	case token && (e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusMethodNotAllowed):
		return c.credentials.tokenHint(rejectsCredential(e.StatusCode, e.Errors))
	case !token && e.StatusCode == http.StatusForbidden && e.HasCode(10000) && strings.HasPrefix(c.route, "/organizations"):
		return "perhaps this account has no Organizations: they are available to Enterprise customers and resellers"
	}
	return ""
}

func (c *call) unusualBase() bool {
	return !strings.HasSuffix(strings.TrimRight(c.client.sender.BaseURL, "/"), "/client/v4")
}

// tokenHint returns possible reasons why the API rejected a token, or an empty string.
func (accepts credentials) tokenHint(rejected bool) string {
	some := "user API tokens support only some Organizations endpoints"
	if rejected {
		some = "the token may not be valid; " + some
	}
	switch {
	case !accepts.token:
		return some + "; try a global API key and email"
	case accepts.permission != "":
		return some + "; this one needs the permission " + accepts.permission
	case rejected:
		return "the token may not be valid"
	}
	return ""
}

// unusableError returns the Error of a 2xx response that cannot be used. The outcome is unknown if the request was a
// write.
func (c *call) unusableError(response *rest.RawResponse, problem string) *Error {
	redact := redactor(response.Redact)
	e := c.newError(response, nil, nil)
	e.unknown = rest.IsWrite(c.method)
	e.foreign = c.method != http.MethodHead && !response.TooLarge && !envelope.Is(response.Body)
	e.detail = "the response cannot be used: " + redact.line(problem)
	if sample := cmp.Or(redact.unrequestedEncoding(response.Header), redact.sampleOfSuccess(response.Body)); sample != "" {
		e.detail += ": " + sample
	}
	return e
}

// unrequestedEncoding names a Content-Encoding, which net/http removes from a header if it decoded the body.
func (redact redactor) unrequestedEncoding(h http.Header) string {
	encoding := h.Get("Content-Encoding")
	if encoding == "" {
		return ""
	}
	return fmt.Sprintf("the Content-Encoding %q was not requested", redact.line(encoding))
}

func (c *call) newError(response *rest.RawResponse, errs, messages envelope.Infos) *Error {
	redact := redactor(response.Redact)
	return &Error{
		Method:     c.method,
		Path:       redact(response.Path),
		StatusCode: response.StatusCode,
		Errors:     redact.infos(errs),
		Messages:   redact.infos(messages),
		RayID:      redact.line(response.Header.Get("Cf-Ray")),
		RetryAfter: response.RetryAfter,
		RateLimits: redact.rateLimits(response.Header),
		Attempts:   response.Attempts,

		IdempotencyKey: redact(c.idempotencyKey),

		unknown: response.Unknown,
	}
}

// callError returns the error of a call that failed before its last attempt got a response.
func (c *call) callError(err error, captures []*Response) error {
	failure, ok := errors.AsType[*rest.Failure](err)
	if !ok { // an invalid argument
		return invalid("%v", err)
	}
	e := &CallError{
		Method:      c.method,
		Path:        failure.Path(),
		Attempts:    failure.Attempts,
		RetryAfter:  failure.RetryAfter,
		unknown:     failure.Unknown,
		unavailable: failure.Unanswered,
		causes:      func() []error { return failure.Causes },
	}
	if e.Attempts > 0 { // otherwise a misplaced credential may not be known, and a repeat needs no key
		e.IdempotencyKey = failure.Redact(c.idempotencyKey)
	}
	if failure.Last != nil {
		failure.Last.Attempts, failure.Last.Redact = failure.Attempts, failure.Redact
		e.last = c.statusError(failure.Last)
		e.last.followed, e.last.overtaken = failure.Last.Followed, !failure.Unanswered
		defer failure.Last.Release()
	}
	for _, into := range captures {
		into.Attempts = failure.Attempts
		if failure.Last != nil {
			into.fill(failure.Last, e.last.Messages, failure.Last.Body)
		}
	}
	return e
}

// fill stores the metadata of a response, and the result and result_info in its body. The result of a 2xx is data, as
// it is for the caller's own type, and is not redacted.
func (r *Response) fill(response *rest.RawResponse, messages []ResponseInfo, body []byte) {
	redact := redactor(response.Redact)
	parts := envelope.Raw
	if !rest.Pooled(len(body)) {
		parts = envelope.RawParts // a copy would be too large, and nobody else uses this memory
	}
	result, resultInfo := parts(body)
	*r = Response{
		StatusCode: response.StatusCode,
		Attempts:   response.Attempts,
		Header:     make(http.Header, len(response.Header)),
		RayID:      redact.line(response.Header.Get("Cf-Ray")),
		Messages:   messages,
		RateLimits: redact.rateLimits(response.Header),
		Result:     json.RawMessage(result),
		ResultInfo: redact.json(resultInfo),
	}
	if response.StatusCode >= 300 {
		r.Result = redact.json(result)
	}
	for name, values := range response.Header {
		name = redact(name)
		for _, value := range values {
			r.Header[name] = append(r.Header[name], redact(value))
		}
	}
}

// maxInfoText bounds the texts of a list of entries, in bytes. The body of an error is not larger.
const maxInfoText = rest.MaxErrorBody

func (redact redactor) infos(infos envelope.Infos) []ResponseInfo {
	left := maxInfoText
	return redact.infosWithin(infos, &left)
}

// infosWithin searches about as many bytes for credentials as are left, and returns "…" in place of the texts after
// them.
func (redact redactor) infosWithin(infos envelope.Infos, left *int) []ResponseInfo {
	if len(infos) == 0 {
		return nil
	}
	text := func(text string) string {
		if *left -= min(len(text), 4*maxText); *left < 0 && text != "" {
			return "…"
		}
		return redact.text(text)
	}
	out := make([]ResponseInfo, len(infos))
	for i, info := range infos {
		out[i] = ResponseInfo{
			Code:             info.Code,
			Message:          text(info.Message),
			DocumentationURL: text(info.DocumentationURL),
			Source:           ResponseInfoSource{Pointer: text(info.Pointer)},
			ErrorChain:       redact.infosWithin(info.Chain, left),
		}
	}
	return out
}

func (redact redactor) rateLimits(h http.Header) []RateLimit {
	var out []RateLimit
	for _, limit := range rest.RateLimits(h) {
		limit.Name = redact.line(limit.Name)
		out = append(out, RateLimit(limit))
	}
	return out
}

// redirection names the host of a redirect. The rest of a Location can contain secrets.
func (redact redactor) redirection(h http.Header) string {
	location, err := url.Parse(h.Get("Location"))
	if err != nil || location.Host == "" {
		return "redirects are not followed"
	}
	return fmt.Sprintf("redirects are not followed; this one points to %q", redact.line(location.Host))
}

// deletedEarlier reports whether err is a 404 for a delete, and an earlier attempt may have deleted the resource.
func deletedEarlier(err error) bool {
	e, ok := err.(*Error)
	return ok && e.unknown && e.absent()
}

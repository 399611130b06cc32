package cloudflare

import (
	"context"
	"log/slog"
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/cloudflare/internal/rest"
)

// Option configures a [Client]. An option with a bad value makes [NewClient] fail.
type Option func(*config)

// config is what the options of a client fill.
type config struct {
	rest       rest.Config
	maxRetries int
	credential string // the option that gave it, empty for none
	token      bool
	err        error // the first thing wrong
}

func (c *config) refuse(format string, args ...any) {
	if c.err == nil {
		c.err = invalid(format, args...)
	}
}

// WithAPIToken authenticates with an API token: Authorization: Bearer. The API takes user tokens for only some of the
// Organizations operations; [WithAPIKey] covers all of them. It must not be combined with another credential.
func WithAPIToken(token string) Option {
	return func(c *config) { c.setToken("WithAPIToken", token) }
}

// WithAPIKey authenticates with a global API key and the e-mail address of its user: X-Auth-Email and X-Auth-Key. It
// must not be combined with another credential.
func WithAPIKey(key, email string) Option {
	return func(c *config) { c.setKey("WithAPIKey", key, "WithAPIKey", email) }
}

func (c *config) setToken(source, token string) {
	if c.setCredential(source) && c.checkSecret(source, "API token", token) {
		c.rest.Credential, c.token = rest.Token(token), true
	}
}

func (c *config) setKey(keySource, key, emailSource, email string) {
	if !c.setCredential(keySource) || !c.checkSecret(keySource, "API key", key) || !c.checkSecret(emailSource, "e-mail address", email) {
		return
	}
	if !strings.Contains(email, "@") {
		c.refuse("%s: the e-mail address has no @", emailSource)
		return
	}
	c.rest.Credential = rest.Key(key, email)
}

func (c *config) setCredential(source string) bool {
	if c.credential != "" {
		c.refuse("%s and %s: only one credential can be sent", c.credential, source)
		return false
	}
	c.credential = source
	return true
}

// checkSecret never shows the value, nor mends it: a credential with white space around it was copied wrongly, and
// the caller should know.
func (c *config) checkSecret(source, what, value string) bool {
	if value == "" {
		c.refuse("%s: the %s is empty", source, what)
		return false
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		c.refuse("%s: the %s contains white space or a character that is not printable ASCII", source, what)
		return false
	}
	return true
}

// WithBaseURL sends requests elsewhere than to https://api.cloudflare.com/client/v4: to a gateway, or to a test
// server. It takes an https URL without user, query and fragment; plain http goes to localhost and loopback
// addresses only.
func WithBaseURL(base string) Option {
	return func(c *config) { c.rest.BaseURL = base }
}

// WithHTTPClient sends requests through the transport of hc, with its cookie jar if it has one, and bounds each
// attempt by its Timeout if that is shorter than [WithTimeout]. Redirects are never followed, whatever its
// CheckRedirect says. Changing hc later changes nothing.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) {
		if hc == nil || hc.Transport != nil && isNil(hc.Transport) || hc.Jar != nil && isNil(hc.Jar) {
			c.refuse("WithHTTPClient: the client, or its transport or jar, is a nil pointer")
			return
		}
		own := *hc
		c.rest.HTTPClient = &own
	}
}

// WithTimeout bounds one attempt, the reading of its answer included but not the waits between attempts. The default
// is 30 seconds; 0 means no limit but the context's. An attempt that takes longer counts as one without an answer
// ([ErrAttemptTimeout]).
func WithTimeout(d time.Duration) Option {
	return func(c *config) {
		if d < 0 {
			c.refuse("WithTimeout: %s is negative", d)
		}
		c.rest.Timeout = d
	}
}

// WithMaxRetries bounds how often one call is tried again after its first attempt. The default is 3; 0 means never.
// What is tried again is said in the package documentation.
func WithMaxRetries(n int) Option {
	return func(c *config) {
		if n < 0 {
			c.refuse("WithMaxRetries: %d is negative", n)
		}
		c.maxRetries = n
	}
}

// WithMaxRetryWait bounds one wait between attempts. The default is 30 seconds. If the server asks for a longer one,
// the call returns the answer at once, with [Error.RetryAfter] set.
func WithMaxRetryWait(d time.Duration) Option {
	return func(c *config) {
		if d < 0 {
			c.refuse("WithMaxRetryWait: %s is negative", d)
		}
		c.rest.MaxRetryWait = d
	}
}

// WithUserAgent puts product, such as "inventory/1.2", before the client's own name in the User-Agent header.
func WithUserAgent(product string) Option {
	return func(c *config) {
		if product == "" || strings.TrimSpace(product) != product || !isHeaderValue(product) {
			c.refuse("WithUserAgent: the product is empty, or has a control character or white space around it")
			return
		}
		c.rest.UserAgent = product + " " + userAgent()
	}
}

// WithLogger logs one record for each attempt, "cloudflare request", with the context of the call: method, path,
// attempt, duration, and either status and ray_id or error. Where they apply there are also waited, for the limiter and
// the rate limit; outcome_unknown, if a write may have happened; and retry_in, if another attempt follows.
//
// A 2xx is at Debug level, also if its body turns out to be an error. What the API refuses (400 to 499) and what the
// caller cancels is at Info level, for the caller is told. The rest is at Warn: no answer, a redirect, 408, 429, and
// 500 and above. No query, header, body or credential is logged. To tell clients apart, give each a logger of its own:
// logger.With("client", name).
func WithLogger(l *slog.Logger) Option {
	return func(c *config) {
		if l == nil || l.Handler() == nil {
			c.refuse("WithLogger: the logger or its handler is nil")
		}
		c.rest.Hooks = append(c.rest.Hooks, rest.LogTo(l))
	}
}

// WithLimiter makes every attempt wait for l first.
func WithLimiter(l Limiter) Option {
	return func(c *config) {
		if isNil(l) {
			c.refuse("WithLimiter: the limiter is nil")
			return
		}
		c.rest.Limiter = l
	}
}

// Limiter paces requests. *rate.Limiter of golang.org/x/time/rate is one; so may be a limiter shared between machines.
type Limiter interface {
	// Wait returns when a request may be sent, or an error if ctx ends first. Then the call fails with that error, or
	// with the context's own if ctx has ended.
	Wait(ctx context.Context) error
}

func isNil(v any) bool {
	switch value := reflect.ValueOf(v); value.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.Slice:
		return value.IsNil()
	}
	return false
}

// CallOption changes one call. A call option with a bad value makes the call fail before anything is sent.
type CallOption func(*call)

// call is what the options of one call fill.
type call struct {
	header     http.Header
	query      url.Values
	maxRetries int
	capture    *Response
	err        error // the first thing wrong
}

func (c *call) refuse(format string, args ...any) {
	if c.err == nil {
		c.err = invalid(format, args...)
	}
}

// SetHeader sets a header of the request. It refuses the headers that carry credentials, that say how the body is
// framed or encoded, and that make proxies or Go's own transport treat the request differently: Accept,
// Accept-Encoding, Connection, Content-*, Cookie, Expect, Host, Idempotency-Key, Transfer-Encoding, X-Auth-*,
// X-HTTP-Method-Override and their like.
func SetHeader(key, value string) CallOption {
	return func(c *call) {
		canonical := textproto.CanonicalMIMEHeaderKey(key)
		switch {
		case !isToken(key):
			c.refuse("SetHeader: the key is not the name of a header")
		case isReserved(canonical):
			c.refuse("SetHeader: %s is set by the client alone", canonical)
		case !isHeaderValue(value):
			c.refuse("SetHeader: the value of %s has a control character or is not valid UTF-8", canonical)
		default:
			if c.header == nil {
				c.header = make(http.Header)
			}
			c.header[canonical] = []string{value}
		}
	}
}

var reserved = []string{
	"Accept", "Accept-Encoding", "Authorization", "Connection", "Cookie", "Expect", "Host", "Idempotency-Key",
	"Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"X-Http-Method", "X-Http-Method-Override", "X-Idempotency-Key", "X-Method-Override",
}

func isReserved(canonical string) bool {
	return slices.Contains(reserved, canonical) ||
		strings.HasPrefix(canonical, "Content-") || strings.HasPrefix(canonical, "X-Auth-")
}

func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r > '~' || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func isHeaderValue(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// AddQuery adds a parameter to the query. It refuses page_token and page_size, and what the params of the call set.
func AddQuery(key, value string) CallOption {
	return func(c *call) {
		if key == "" || key == pageToken || key == pageSize {
			c.refuse("AddQuery: %q is not for it to set", key)
			return
		}
		if c.query == nil {
			c.query = make(url.Values)
		}
		c.query.Add(key, value)
	}
}

// SetMaxRetries is [WithMaxRetries] for one call.
func SetMaxRetries(n int) CallOption {
	return func(c *call) {
		if n < 0 {
			c.refuse("SetMaxRetries: %d is negative", n)
		}
		c.maxRetries = n
	}
}

// CaptureResponse fills into with what a result leaves out: on success, on an [Error], and in All once a page. What
// it held before is cleared first.
func CaptureResponse(into *Response) CallOption {
	return func(c *call) {
		if into == nil {
			c.refuse("CaptureResponse: into is nil")
			return
		}
		*into = Response{}
		c.capture = into
	}
}

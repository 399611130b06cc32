package cloudflare

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/cloudflare/internal/rest"
)

// Option configures a [Client]. If an option is not valid, [NewClient] returns an error.
type Option func(*config)

// config is what the options of a client fill.
type config struct {
	rest       rest.Config
	maxRetries int
	credential string // the option that gave it, empty for none
	token      bool
	err        error // the first thing wrong
}

func (c *config) reject(format string, args ...any) {
	if c.err == nil {
		c.err = invalid(format, args...)
	}
}

// WithAPIToken authenticates with an API token, in the Authorization header. The API accepts user tokens for only some
// of the Organizations operations; a global API key works for all of them. See [WithAPIKey].
func WithAPIToken(token string) Option {
	return func(c *config) { c.setToken("WithAPIToken", token) }
}

// WithAPIKey authenticates with a global API key and the email address of its user, in the headers X-Auth-Key and
// X-Auth-Email.
func WithAPIKey(key, email string) Option {
	return func(c *config) { c.setKey("WithAPIKey", key, "WithAPIKey", email) }
}

func (c *config) setToken(source, token string) {
	if c.setCredential(source) && c.checkSecret(source, "API token", token) {
		c.rest.Credential, c.token = rest.Token(token), true
	}
}

func (c *config) setKey(keySource, key, emailSource, email string) {
	if !c.setCredential(keySource) || !c.checkSecret(keySource, "API key", key) || !c.checkSecret(emailSource, "email address", email) {
		return
	}
	if !strings.Contains(email, "@") {
		c.reject("%s: the email address has no @", emailSource)
		return
	}
	c.rest.Credential = rest.Key(key, email)
}

func (c *config) setCredential(source string) bool {
	if c.credential != "" {
		c.reject("%s and %s: only one credential can be sent", c.credential, source)
		return false
	}
	c.credential = source
	return true
}

// checkSecret does not trim white space: a credential with white space around it was copied wrongly, and the caller
// should know. Its errors never contain the value.
func (c *config) checkSecret(source, what, value string) bool {
	if value == "" {
		c.reject("%s: the %s is empty", source, what)
		return false
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		c.reject("%s: the %s contains white space or a character that is not printable ASCII", source, what)
		return false
	}
	return true
}

// WithBaseURL sets the URL that requests are sent to, such as a gateway or a test server. The default is
// https://api.cloudflare.com/client/v4. The URL must use https and must not have a user, a query or a fragment. Plain
// http is valid for localhost and loopback addresses only.
func WithBaseURL(base string) Option {
	return func(c *config) { c.rest.BaseURL = base }
}

// WithHTTPClient sends requests through the transport of hc, and uses its cookie jar if it has one. The Timeout of hc
// limits each attempt if it is shorter than [WithTimeout]. Redirects are never followed, and CheckRedirect is ignored.
// Later changes of hc have no effect.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) {
		if hc == nil || hc.Transport != nil && isNil(hc.Transport) || hc.Jar != nil && isNil(hc.Jar) {
			c.reject("WithHTTPClient: the client, or its transport or jar, is a nil pointer")
			return
		}
		own := *hc
		c.rest.HTTPClient = &own
	}
}

// WithTimeout limits the time of one attempt, including reading the response but not the waits between attempts. The
// default is 30 seconds. Zero means no limit except that of the context. An attempt that takes longer fails with
// [ErrAttemptTimeout], and is retried like one without a response.
func WithTimeout(d time.Duration) Option {
	return func(c *config) {
		if d < 0 {
			c.reject("WithTimeout: %s is negative", d)
		}
		c.rest.Timeout = d
	}
}

// WithMaxRetries limits how often a call is retried after its first attempt. The default is 3. Zero disables retries.
// The package documentation lists what is retried.
func WithMaxRetries(n int) Option {
	return func(c *config) {
		if n < 0 {
			c.reject("WithMaxRetries: %d is negative", n)
		}
		c.maxRetries = n
	}
}

// WithMaxRetryWait limits the wait before one retry. The default is 30 seconds. If the server asks for a longer wait,
// the call returns the response at once as an [*Error] with RetryAfter set.
func WithMaxRetryWait(d time.Duration) Option {
	return func(c *config) {
		if d < 0 {
			c.reject("WithMaxRetryWait: %s is negative", d)
		}
		c.rest.MaxRetryWait = d
	}
}

// WithUserAgent adds product, such as "inventory/1.2", to the User-Agent header, before the name of this package.
func WithUserAgent(product string) Option {
	return func(c *config) {
		if product == "" || strings.TrimSpace(product) != product || !isHeaderValue(product) {
			c.reject("WithUserAgent: the product is empty, or has a control character or white space around it")
			return
		}
		c.rest.UserAgent = product + " " + userAgent()
	}
}

// WithLogger logs one record for each attempt, with the message "cloudflare request" and the context of the call. Its
// attributes are method, path, attempt and duration, and either status and ray_id or error. If they apply, it also has
// waited, the time spent waiting for the limiter and the rate limit; outcome_unknown, if a write may have happened; and
// retry_in, if the call is retried.
//
// The level is Debug for a 2xx status, even if the body then turns out to be an error. It is Info for the statuses 400
// to 499 and for calls that the caller canceled. It is Warn for everything else: no response, a redirect, 408, 429, and
// 500 and above. No query, header, body or credential is logged. To tell clients apart, pass each its own logger, such
// as logger.With("client", name).
func WithLogger(l *slog.Logger) Option {
	return func(c *config) {
		if l == nil || l.Handler() == nil {
			c.reject("WithLogger: the logger or its handler is nil")
		}
		c.rest.Log = rest.LogTo(l)
	}
}

// WithLimiter calls l.Wait before every attempt.
func WithLimiter(l Limiter) Option {
	return func(c *config) {
		if isNil(l) {
			c.reject("WithLimiter: the limiter is nil")
			return
		}
		c.rest.Limiter = l
	}
}

// Limiter paces requests. The *rate.Limiter of golang.org/x/time/rate implements it.
type Limiter interface {
	// Wait blocks until a request may be sent. If it returns an error, the call fails with that error, or with the
	// error of ctx if ctx has ended.
	Wait(ctx context.Context) error
}

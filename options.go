package cloudflare

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.com/cloudflare/internal/rest"
)

// Option configures a [Client]. [NewClient] returns an error if an option is not valid, such as one with a nil argument
// or a negative number.
type Option func(*config)

// config holds what the options of a client set.
type config struct {
	rest       rest.Config
	maxRetries int
	readOnly   bool
	setBy      string // the name of the option or variable that set the credential; empty if none did
	err        error  // the first problem
}

func (c *config) reject(format string, args ...any) {
	if c.err == nil {
		c.err = invalid(format, args...)
	}
}

// WithAPIToken authenticates with an API token, in the Authorization header. The API accepts user tokens for only some
// of the Organizations operations, and a global API key for all of them: see [WithAPIKey]. A token must not be empty,
// and must be printable ASCII without white space.
func WithAPIToken(token string) Option {
	return func(c *config) { c.setChecked("WithAPIToken", rest.Token(token)) }
}

// WithAPIKey authenticates with a global API key and the email address of its user, in the headers X-Auth-Key and
// X-Auth-Email. Key and email must not be empty, and must be printable ASCII without white space. The email must
// contain an @.
func WithAPIKey(key, email string) Option {
	return func(c *config) { c.setChecked("WithAPIKey", rest.Key(key, email)) }
}

// WithCredentialSource authenticates each attempt with the [Credential] that source returns. Use this option for
// credentials that change while the client is in use. NewClient does not call source.
//
// The client calls source before each attempt, after the waits for the limiter and the rate limit, with the context of
// the call. Concurrent calls call source concurrently, so it should cache the credential. If it returns an error, or a
// credential that is not valid, the attempt is not sent and the call fails with that error.
//
// If the API itself rejects the credential, with status 401, or with 403 and one of the codes 10000, 9103 and 9109, the
// client calls source again at once, and [RejectedCredential] returns the credential to source. If source returns
// another one, the client makes one more attempt with it, because the API has not processed the request. Otherwise the
// call returns the response. This happens once in a call, for reads and writes, and does not count as a retry. Source
// is called before the waits for the limiter and the rate limit in this case, and not again after them.
//
// All credentials must belong to one user, because a client keeps one rate limit. Create a client for each user.
func WithCredentialSource(source func(ctx context.Context) (Credential, error)) Option {
	return func(c *config) {
		if source == nil {
			c.reject("WithCredentialSource: the source is nil")
			return
		}
		if !c.setCredential("WithCredentialSource") {
			return
		}
		c.rest.Source = func(ctx context.Context) (rest.Credential, error) {
			credential, err := source(ctx)
			return credential.rest, withoutOutcome(err)
		}
	}
}

// setChecked sets a credential that names its source in errors.
func (c *config) setChecked(source string, credential rest.Credential) {
	if !c.setCredential(source) {
		return
	}
	if err := credential.Check(); err != nil {
		c.reject("%s: %v", source, err)
		return
	}
	c.rest.Credential = credential
}

func (c *config) setCredential(source string) bool {
	if c.setBy != "" {
		c.reject("%s and %s: only one credential can be sent", c.setBy, source)
		return false
	}
	c.setBy = source
	return true
}

// WithReadOnly makes every write an error that matches [ErrInvalidArgument]. A write is a request with a method other
// than GET and HEAD, also one of [Client.Call]. It is not sent, and no limiter, credential source or hook is called for
// it. Use this option in programs that only read, because a global API key can do whatever its user can do, and cannot
// be restricted.
//
// A method that may write after reads, such as Ensure, Modify and [OrganizationsService.DeleteIfEmpty], still reads,
// and returns this error in place of the write. If nothing has to be written, it succeeds.
func WithReadOnly() Option {
	return func(c *config) { c.readOnly = true }
}

// WithBaseURL sets the URL that requests are sent to, such as a gateway or a test server. The default is
// https://api.cloudflare.com/client/v4. The URL must use https and must not have a user, a query or a fragment. Plain
// http is valid for localhost and loopback addresses only, and never sent through a proxy.
func WithBaseURL(base string) Option {
	return func(c *config) { c.rest.BaseURL = base }
}

// WithHTTPClient sends requests through the transport of hc, and uses its cookie jar if it has one. The Timeout of hc
// limits each attempt if it is shorter than [WithTimeout]. Its CheckRedirect is ignored, because redirects are never
// followed. Later changes to hc have no effect.
//
// All clients without this option share one transport, which is not http.DefaultTransport: a test that replaces
// http.DefaultTransport does not affect them. If hc has no Transport, the client uses http.DefaultTransport, which
// keeps only two idle connections to the API. [NewTransport] returns a transport with better settings.
//
// If the base URL has http, the Proxy function of an *http.Transport must return nil for it. If a custom transport
// returns an error of its own without sending a write, the outcome of the write still counts as unknown: put a circuit
// breaker into a [Limiter] instead.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) {
		if hc == nil || hc.Transport != nil && isNil(hc.Transport) || hc.Jar != nil && isNil(hc.Jar) {
			c.reject("WithHTTPClient: the client, or its transport or jar, is a nil pointer")
			return
		}
		c.rest.HTTPClient = hc
	}
}

// WithTimeout limits the time of one attempt, including reading the response but not the waits between attempts. The
// default is 30 seconds. Zero means no limit except that of the context. The limit grows by one second for every 8 KiB
// of the response. An attempt that takes longer fails with [ErrAttemptTimeout], and is retried like an attempt without
// a response.
func WithTimeout(d time.Duration) Option {
	return func(c *config) {
		if d < 0 {
			c.reject("WithTimeout: %s is negative", d)
		}
		c.rest.Timeout = d
	}
}

// WithMaxRetries limits how often a call is retried after its first attempt. The default is 3. Zero disables retries. A
// read that is sent again because a connection turned out to be closed is not a retry. The package documentation lists
// what is retried.
func WithMaxRetries(n int) Option {
	return func(c *config) {
		if n < 0 {
			c.reject("WithMaxRetries: %d is negative", n)
		}
		c.maxRetries = n
	}
}

// WithMaxRetryWait limits the wait before one retry, except after a 429: [WithMaxRateLimitWait] limits all waits for
// the rate limit. The default is 30 seconds. Zero means that retries do not wait. If the server requests a longer wait,
// the call returns the response at once as an [*Error] with RetryAfter set.
//
// While few requests remain, this option also limits how long a call waits for other requests of the client if none of
// them ends.
func WithMaxRetryWait(d time.Duration) Option {
	return func(c *config) {
		if d < 0 {
			c.reject("WithMaxRetryWait: %s is negative", d)
		}
		c.rest.MaxRetryWait = d
	}
}

// WithMaxRateLimitWait limits how long one call waits for the rate limit. The default is five minutes, because the API
// allows 1,200 requests per five minutes and a job that sends more has to wait. Zero means that calls never wait. If a
// wait would be longer, or would pass the deadline of the context, the call fails at once with [ErrRateLimited], and
// [RetryAfter] returns the time until the reset. In a service, give the context of each request a deadline, or pass
// zero.
//
// The waits after a 429 and those for a reset count together. Their sum may exceed the limit by a thirtieth, because
// servers round to seconds.
func WithMaxRateLimitWait(d time.Duration) Option {
	return func(c *config) {
		if d < 0 {
			c.reject("WithMaxRateLimitWait: %s is negative", d)
		}
		c.rest.MaxRateLimitWait = d
	}
}

// WithRateLimitHook calls hook when a call begins to wait a second or more for the rate limit, so that a program can
// show why it waits. The hook runs in the goroutine of the call and with its context, once for each pause that the call
// waits for. It is not called for waits before a retry, which [Attempt.RetryIn] announces, nor for waits for other
// requests of the client. The option can be given several times.
func WithRateLimitHook(hook func(ctx context.Context, wait time.Duration)) Option {
	return func(c *config) {
		if hook == nil {
			c.reject("WithRateLimitHook: the hook is nil")
			return
		}
		c.rest.WaitHooks = append(c.rest.WaitHooks, hook)
	}
}

// WithUserAgent adds product, such as "inventory/1.2", to the User-Agent header, before the name of this package. The
// product must not be empty, must not have control characters, and must not begin or end with white space.
func WithUserAgent(product string) Option {
	return func(c *config) {
		if product == "" || strings.TrimSpace(product) != product || !isHeaderValue(product) {
			c.reject("WithUserAgent: the product is empty, or has a control character or white space around it")
			return
		}
		c.rest.UserAgent = product + " " + userAgent()
	}
}

// WithLogger logs one record for each attempt, with the message "cloudflare request" and the context of the call. The
// option can be given several times, to log to several loggers. These are the attributes, with their kinds:
//
//   - method, path: the HTTP method and the escaped path, strings
//   - attempt: 1 for the first attempt of a call, an int
//   - duration: the time that the attempt took, a duration
//   - status: the HTTP status, an int; only if there is a response
//   - ray_id: the ray ID, a string; only if the response has one
//   - error: why there is no response, or why it was not read to its end, a string
//   - waited: the time spent waiting for the limiter, the rate limit and the credential source, a duration; only from
//     1 ms
//   - outcome_unknown: true if the attempt is a write that may have happened, a bool; omitted otherwise
//   - retry_in: the wait before the next attempt, a duration; only if there is one
//
// The level is Debug for a 2xx status, even if the body then turns out to be an error, Info if the context was canceled
// and for the statuses 400 to 499 except 408 and 429, and Warn for everything else: no response, a redirect, 408, 429,
// and 500 and above. No query, header, body or credential is logged. To distinguish clients, pass each client its own
// logger, such as logger.With("client", name).
//
// A second message, "cloudflare rate limit" with a wait and at level Info, is logged when [WithRateLimitHook] would
// call its hook.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) {
		if l == nil || l.Handler() == nil {
			c.reject("WithLogger: the logger or its handler is nil")
			return
		}
		c.rest.Hooks = append(c.rest.Hooks, rest.LogTo(l))
		c.rest.WaitHooks = append(c.rest.WaitHooks, rest.LogWaitsTo(l))
	}
}

// WithAttemptHook calls hook after each attempt, before the wait for the next one. Use a hook for metrics, tracing and
// audit logs. The option can be given several times; the hooks run in the order of the options.
//
// A hook runs in the goroutine of the call, with the context of the call. With a limiter, it receives the context that
// [Limiter].Wait received for the same attempt. If it blocks, it delays only that call. If it panics, the call ends
// with the panic, and the client remains usable. A call that ends without an attempt runs no hook.
func WithAttemptHook(hook func(ctx context.Context, attempt Attempt)) Option {
	return func(c *config) {
		if hook == nil {
			c.reject("WithAttemptHook: the hook is nil")
			return
		}
		c.rest.Hooks = append(c.rest.Hooks, func(ctx context.Context, attempt rest.Attempt) { hook(ctx, newAttempt(attempt)) })
	}
}

// NewTransport returns a new transport with the settings of the default transport. Change or wrap the transport, and
// pass it to [WithHTTPClient]. Each transport has its own connections, so use one transport for all clients. It takes
// proxies from the environment, for https only.
func NewTransport() *http.Transport { return rest.NewTransport() }

// WithLimiter calls l.Wait before every attempt. If Wait returns an error, the attempt is not sent and the call fails
// with that error. Unlike an error of a transport, an error of Wait does not make the outcome of a write unknown, so a
// circuit breaker can be a [Limiter].
func WithLimiter(l Limiter) Option {
	return func(c *config) {
		if isNil(l) {
			c.reject("WithLimiter: the limiter is nil")
			return
		}
		c.rest.Limiter = func(ctx context.Context) error { return withoutOutcome(l.Wait(ctx)) }
	}
}

// Limiter paces requests. The *rate.Limiter of golang.org/x/time/rate implements it, and so does the one of module
// redislimit, which many processes can share.
type Limiter interface {
	// Wait blocks until a request may be sent. If ctx has ended, the call fails with the error of ctx, even if Wait
	// returns another error.
	//
	// No other attempt has the same ctx. A function of [WithAttemptHook] receives it when the attempt has ended, so that a
	// limiter can count how many requests are under way.
	Wait(ctx context.Context) error
}

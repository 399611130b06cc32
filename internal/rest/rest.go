// Package rest sends requests to one origin and brings back answers: it builds, signs, bounds, logs and repeats, and
// is the only package here that does I/O. It knows nothing of envelopes or of what the answers mean.
package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// What the errors of this package match.
var (
	ErrInvalidArgument = errors.New("invalid argument")
	ErrAttemptTimeout  = errors.New("attempt timed out")
	ErrRateLimited     = errors.New("rate limited")
	ErrOutcomeUnknown  = errors.New("outcome unknown: the write may or may not have happened")
)

// Config is what a Client is made of. All of it has been checked, but for BaseURL, which New checks.
type Config struct {
	BaseURL      string
	HTTPClient   *http.Client // nil: the transport that all clients share
	Credential   Credential
	UserAgent    string
	Timeout      time.Duration // of one attempt; 0: none
	MaxRetryWait time.Duration
	Log          Log // nil: none
	Limiter      interface{ Wait(context.Context) error }
}

// Client sends requests to one origin with one credential. It is safe for concurrent use.
type Client struct {
	Config
	origin *url.URL // Path and RawPath, which is always set, end without a slash
	jar    http.CookieJar
	gate   gate

	// Closures, so that no printer reaches the credential: a transport holds it in the buffers of its connections.
	header    func() http.Header
	roundTrip func(*http.Request) (*http.Response, error)
}

// New returns a Client. A bad base URL is ErrInvalidArgument.
func New(config Config) (*Client, error) {
	origin, err := parseBase(config.BaseURL)
	if err != nil {
		return nil, err
	}
	c := &Client{Config: config, origin: origin}
	c.HTTPClient = nil
	transport := http.RoundTripper(sharedTransport())
	if hc := config.HTTPClient; hc != nil {
		// Its transport is used directly and not through http.Client, which would follow redirects, or fail on a
		// Location that it cannot parse, before anyone could look at the answer.
		transport, c.jar = hc.Transport, hc.Jar
		if transport == nil {
			transport = http.DefaultTransport
		}
		if hc.Timeout > 0 && (c.Timeout == 0 || hc.Timeout < c.Timeout) {
			c.Timeout = hc.Timeout
		}
	}
	constant := http.Header{
		"Accept":     {"application/json"}, // anything else makes the edge answer its errors in HTML
		"User-Agent": {config.UserAgent},
	}
	config.Credential.sign(constant)
	c.header = func() http.Header { return cloneHeader(constant) }
	c.roundTrip = transport.RoundTrip
	return c, nil
}

// sharedTransport serves every client that brings none, so that a program with a client for each tenant has one set
// of connections. No credential lives in it. A dial gives up well before an attempt does by default: only so is it
// certain, where no host answers, that nothing was sent.
var sharedTransport = sync.OnceValue(func() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    128,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
})

// Request is one call. Path holds raw segments.
type Request struct {
	Method     string
	Path       []string
	Query      string // encoded
	Header     http.Header
	Body       []byte // nil: none
	MaxRetries int
}

// Answer is a complete HTTP answer, whatever its status.
type Answer struct {
	StatusCode int
	Header     http.Header
	Body       []byte // valid until Release
	TooLarge   bool   // Body is only the beginning
	Path       string // of the request, escaped, below the base URL
	Attempts   int
	Unknown    bool // this attempt or an earlier one was a write that may have happened

	buffer *[]byte
}

// Failure is the error of a call that ended without an answer to use.
type Failure struct {
	Path     string
	Attempts int     // zero: nothing was sent
	Last     *Answer // the last complete answer, nil if there was none; released by whoever has the Failure
	Unknown  bool    // an attempt was a write that may have happened
	Causes   []error // what ended the call; its own secrets are out of their texts
}

func (f *Failure) Error() string { return errors.Join(f.Causes...).Error() }

func (f *Failure) Unwrap() []error { return f.Causes }

// Do sends a request, repeats it where that is harmless, and returns the answer, which the caller must release. An
// error is ErrInvalidArgument if nothing could be sent, or else a *Failure.
func (c *Client) Do(ctx context.Context, req Request) (*Answer, error) {
	target, path, err := c.target(req.Path, req.Query)
	if err != nil {
		return nil, err
	}
	call := Failure{Path: path}
	fail := func(ended error) (*Answer, error) { // beside why the last attempt had no answer
		call.Causes = append(call.Causes, ended)
		return nil, &call
	}
	for {
		queued := time.Now()
		if c.Limiter != nil {
			if err := contextError(ctx); err != nil {
				return fail(err)
			}
			if err := c.Limiter.Wait(ctx); err != nil {
				return fail(c.cleanError(ctx, fmt.Errorf("limiter: %w", err)))
			}
		}
		ticket, err := c.gate.enter(ctx, c.MaxRetryWait)
		if err != nil {
			return fail(err)
		}
		call.Attempts++
		start := time.Now()
		answer, result, err := c.attempt(ctx, ticket, &req, target)
		duration := time.Since(start)
		call.Causes = nil
		if err != nil {
			err = c.cleanError(ctx, withoutURL(err))
			call.Causes = []error{err}
		} else {
			call.Last.Release()
			call.Last = answer
			answer.Path, answer.Attempts = path, call.Attempts
		}
		call.Unknown = call.Unknown || result.unknown(req.Method)

		again, wait := call.Attempts <= req.MaxRetries && result.repeatable(req.Method), time.Duration(0)
		if again {
			wait, again = c.wait(ctx, answer, call.Attempts)
		}
		if c.Log != nil {
			c.Log(ctx, c.Credential, record{
				method: req.Method, path: path, attempt: call.Attempts, waited: start.Sub(queued), duration: duration,
				answer: answer, err: err, unknown: result.unknown(req.Method), again: again, wait: wait,
			})
		}

		switch {
		case again:
			if ended := Sleep(ctx, wait); ended != nil {
				return fail(ended)
			}
		case err != nil:
			return nil, &call
		default:
			answer.Unknown = call.Unknown
			return answer, nil
		}
	}
}

// wait returns how long to wait before the next attempt, and false if there must be none: the caller is gone, or the
// server asks for more than the client is willing to wait and the caller is better served by the answer.
func (c *Client) wait(ctx context.Context, answer *Answer, attempts int) (time.Duration, bool) {
	wait := backoff(attempts, c.MaxRetryWait)
	if answer == nil {
		return wait, contextError(ctx) == nil
	}
	if asked := RetryAfter(answer.Header, time.Now()); asked > 0 {
		wait = asked
	}
	wait = max(wait, c.gate.paused())
	return wait, wait <= c.MaxRetryWait
}

// attempt sends the request once, reads the whole answer and says what that came to.
func (c *Client) attempt(caller context.Context, ticket int, req *Request, target *url.URL) (answer *Answer, result outcome, err error) {
	defer func() {
		if answer != nil {
			c.gate.leave(ticket, answer.Header)
		} else {
			c.gate.leave(ticket, nil)
		}
	}()
	ctx := caller
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(caller, c.Timeout)
		defer cancel()
	}
	answer, err = c.exchange(ctx, req, target)
	if err == nil {
		return answer, judgeStatus(answer.StatusCode), nil
	}
	if contextError(ctx) == nil {
		return nil, judgeError(err), err
	}
	// What a transport returns now may be the cause of the context, which is about something else.
	if contextError(caller) == nil {
		err = fmt.Errorf("%w: no complete answer within %s", ErrAttemptTimeout, c.Timeout)
	}
	return nil, lost, err
}

func (c *Client) exchange(ctx context.Context, req *Request, target *url.URL) (*Answer, error) {
	resp, err := c.roundTrip(c.request(ctx, req, target))
	switch {
	case err != nil:
		return nil, err
	case resp == nil:
		return nil, errors.New("the transport returned neither an answer nor an error")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	defer resp.Body.Close()
	if c.jar != nil {
		c.jar.SetCookies(target, resp.Cookies())
	}
	if resp.StatusCode < 200 { // 101: what follows is not HTTP
		return nil, fmt.Errorf("unexpected status %d", resp.StatusCode)
	}
	answer := &Answer{StatusCode: resp.StatusCode, Header: resp.Header}
	length := resp.ContentLength
	if req.Method == http.MethodHead { // it announces a body that does not follow
		length = 0
	}
	if err := answer.read(resp.Body, length); err != nil {
		answer.Release()
		return nil, err
	}
	return answer, nil
}

// request builds one attempt. Header and URL are its own, because transports that users write change them in place.
// GetBody stays unset: with it, net/http itself would repeat some requests, writes among them.
func (c *Client) request(ctx context.Context, req *Request, target *url.URL) *http.Request {
	own := *target
	header := c.header()
	for name, values := range req.Header {
		header[name] = slices.Clone(values)
	}
	r := (&http.Request{
		Method: req.Method, URL: &own, Host: target.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if req.Body != nil {
		header["Content-Type"] = []string{"application/json"}
		r.ContentLength = int64(len(req.Body))
		r.Body = io.NopCloser(bytes.NewReader(req.Body))
	}
	if c.jar != nil {
		for _, cookie := range c.jar.Cookies(target) {
			r.AddCookie(cookie)
		}
	}
	return r
}

// withoutURL returns what is inside a *url.Error, which prints host and query: transports that use an http.Client
// return one.
func withoutURL(err error) error {
	for {
		outer, ok := errors.AsType[*url.Error](err)
		if !ok || outer.Err == nil {
			return err
		}
		err = outer.Err
	}
}

// cloneHeader copies h in two allocations, and nothing that is done to the copy reaches h.
func cloneHeader(h http.Header) http.Header {
	own := maps.Clone(h)
	values := make([]string, 0, len(h))
	for name, value := range h {
		values = append(values, value[0])
		own[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return own
}

// cleanError makes err safe to hand to a caller: without secrets in its text, and matching the context's errors only
// if it is the caller's context that ended (net's own time-outs match context.DeadlineExceeded too).
func (c *Client) cleanError(ctx context.Context, err error) error {
	if ended := contextError(ctx); ended != nil {
		return ended
	}
	text := err.Error()
	clean := c.Credential.Scrub(text)
	if clean != text || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errors.New(clean)
	}
	return err
}

// Bounds on what is read of a body, after decompression.
const (
	MaxBody      = 32 << 20
	MaxErrorBody = 1 << 20
)

// maxPooled is the largest buffer that is kept: one large answer must not hold its memory for ever.
const maxPooled = 1 << 20

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// read reads the whole body, so that the connection can be used again, or as much of it as the bounds allow.
func (a *Answer) read(body io.Reader, contentLength int64) error {
	limit := MaxErrorBody
	if a.StatusCode < 300 {
		limit = MaxBody
	}
	if contentLength > int64(limit) {
		a.TooLarge, limit, contentLength = true, 1<<10, 0 // enough for a sample
	}
	a.buffer = buffers.Get().(*[]byte)
	buf := (*a.buffer)[:0]
	defer func() { *a.buffer = buf }()
	// A server may announce more than it sends, so a promise is believed only so far. The spare bytes let the reader
	// find the end of what was promised without growing.
	if promised := int(min(max(contentLength, 0), maxPooled)) + 512; cap(buf) < promised {
		buf = make([]byte, 0, promised)
	}
	for empty := 0; ; {
		n, err := body.Read(buf[len(buf):cap(buf)])
		if n < 0 || n > cap(buf)-len(buf) {
			return errors.New("the transport's body is no io.Reader: it says that it read more than there was room for")
		}
		if n > 0 {
			empty = 0
		} else if empty++; empty > 100 && err == nil {
			return io.ErrNoProgress
		}
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			a.TooLarge, a.Body = true, buf[:limit]
			return nil
		case err == io.EOF:
			a.Body = buf
			return nil
		case err != nil:
			return err
		}
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(2*cap(buf), limit+1))
			copy(grown, buf)
			buf = grown
		}
	}
}

// Release gives the body back; it must not be read any more. A nil Answer has nothing to give.
func (a *Answer) Release() {
	if a == nil || a.buffer == nil {
		return
	}
	if cap(*a.buffer) <= maxPooled {
		buffers.Put(a.buffer)
	}
	a.buffer, a.Body = nil, nil
}

// parseBase checks a base URL. Its errors do not show it: what is wrong with it may be a password.
func parseBase(base string) (*url.URL, error) {
	refuse := func(why string) (*url.URL, error) {
		return nil, fmt.Errorf("%w: WithBaseURL: the URL %s", ErrInvalidArgument, why)
	}
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Opaque != "" || strings.ContainsFunc(base, notPrintable) || strings.Contains(base, `\`):
		return refuse("cannot be parsed")
	case u.User != nil:
		return refuse("must not carry a user or a password")
	case strings.ContainsAny(base, "?#"):
		return refuse("must not have a query or a fragment")
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("must begin with https://")
	case u.Hostname() == "" || strings.Trim(strings.ToLower(u.Hostname()), "abcdefghijklmnopqrstuvwxyz0123456789-._:%") != "":
		return refuse("must name a host") // net/http sends no Host header for others
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return refuse("must begin with https:// (plain http goes to this machine only)")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return refuse("must not have a path with . or ..")
		}
	}
	// Trimmed as it is escaped: the slash of a %2F stays.
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/")
	u.Path, _ = url.PathUnescape(u.RawPath) // which was parsed before
	return u, nil
}

func notPrintable(r rune) bool { return r <= ' ' || r >= 0x7f }

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// target returns the URL of a path below the base URL, and that path alone, escaped.
func (c *Client) target(segments []string, query string) (u *url.URL, path string, err error) {
	if len(segments) == 0 {
		return nil, "", fmt.Errorf("%w: the path is empty", ErrInvalidArgument)
	}
	base := c.origin.RawPath
	buf := append(make([]byte, 0, 128), base...)
	for i, segment := range segments {
		if why := RefuseSegment(segment); why != "" {
			return nil, "", fmt.Errorf("%w: path segment %d %s", ErrInvalidArgument, i+1, why)
		}
		buf = append(buf, '/')
		buf = append(buf, url.PathEscape(segment)...)
	}
	own, escaped := *c.origin, string(buf)
	own.Path, err = url.PathUnescape(escaped)
	own.RawPath, own.RawQuery = escaped, query
	return &own, escaped[len(base):], err
}

// RefuseSegment says why a text is not one segment of a path for every server and proxy on the way, or "". It does
// not show the text: what ends up in the wrong place may be a credential.
func RefuseSegment(segment string) string {
	switch {
	case segment == "":
		return "is empty"
	case strings.Trim(segment, "0123456789abcdefghijklmnopqrstuvwxyz_-") == "": // what most paths are made of
		return ""
	case segment == "." || segment == "..":
		return "stands for another path"
	case strings.ContainsAny(segment, `/\?#%`):
		return `contains one of / \ ? # %`
	case !utf8.ValidString(segment):
		return "is not valid UTF-8"
	case strings.ContainsFunc(segment, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}

// fits returns an error if a wait would end when ctx has ended.
func fits(ctx context.Context, wait time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return fmt.Errorf("a wait of %s does not fit: %w", wait.Round(time.Millisecond), context.DeadlineExceeded)
	}
	return nil
}

// Sleep waits, unless ctx would end first: then it returns at once.
func Sleep(ctx context.Context, wait time.Duration) error {
	if err := fits(ctx, wait); err != nil {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return contextError(ctx)
	}
}

// contextError returns why ctx has ended, or nil. The text names the cause, but nothing matches it: it may be the error
// of another call, with an answer or an outcome that this one never had. A dial gives up at the deadline, which can be
// a moment before ctx itself notices.
func contextError(ctx context.Context) error {
	err := ctx.Err()
	if deadline, ok := ctx.Deadline(); err == nil && ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("%w: %v", err, cause)
	}
	return err
}

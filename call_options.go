package cloudflare

import (
	"encoding/json"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
)

// CallOption changes one call. If an option is not valid, the call returns an error that matches [ErrInvalidArgument]
// without sending a request.
type CallOption func(*callOptions)

// callOptions is what the options of one call fill.
type callOptions struct {
	header     http.Header
	query      url.Values
	maxRetries int
	captures   []*Response
	err        error // the first thing wrong
}

func (o *callOptions) reject(format string, args ...any) {
	if o.err == nil {
		o.err = invalid(format, args...)
	}
}

func applyCallOptions(maxRetries int, opts []CallOption) (callOptions, error) {
	if len(opts) == 0 { // calling an option moves the callOptions to the heap
		return callOptions{maxRetries: maxRetries}, nil
	}
	options := callOptions{maxRetries: maxRetries}
	for i, opt := range opts {
		if opt == nil {
			return options, invalid("call option %d is nil", i+1)
		}
		opt(&options)
	}
	return options, options.err
}

// capturing returns an option for a call that has all of these options, and a Response of its own.
func (o callOptions) capturing(into *Response) CallOption {
	o.captures = []*Response{into}
	return func(options *callOptions) { *options = o }
}

// SetHeader sets a header of the request. Headers that the client sets itself are not valid: those that carry
// credentials, those that describe the framing or encoding of the body, and those that change how proxies or net/http
// treat the request. They are Accept, Accept-Encoding, Connection, Content-*, Cookie, Expect, Host, Idempotency-Key,
// Transfer-Encoding, X-Auth-*, X-HTTP-Method-Override and similar headers.
func SetHeader(key, value string) CallOption {
	return func(o *callOptions) {
		canonical := textproto.CanonicalMIMEHeaderKey(key)
		switch {
		case !isHeaderName(key):
			o.reject("SetHeader: the key must be the name of a header")
		case isReservedHeader(canonical):
			o.reject("SetHeader: %s cannot be set, because the client sets it", canonical)
		case !isHeaderValue(value):
			o.reject("SetHeader: the value of %s has a control character or is not valid UTF-8", canonical)
		default:
			if o.header == nil {
				o.header = make(http.Header)
			}
			o.header[canonical] = []string{value}
		}
	}
}

var reservedHeaders = []string{
	"Accept", "Accept-Encoding", "Authorization", "Connection", "Cookie", "Expect", "Host", "Idempotency-Key",
	"Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"X-Http-Method", "X-Http-Method-Override", "X-Idempotency-Key", "X-Method-Override",
}

func isReservedHeader(canonical string) bool {
	return slices.Contains(reservedHeaders, canonical) ||
		strings.HasPrefix(canonical, "Content-") || strings.HasPrefix(canonical, "X-Auth-")
}

// AddQuery adds a parameter to the query. Parameters that the params of the call set are not valid, nor are those that
// divide a list into pages, such as page_token and page_size: set PageToken and PageSize instead. [Client.Call] accepts
// every parameter that its Request does not set.
func AddQuery(key, value string) CallOption {
	return func(o *callOptions) {
		if key == "" {
			o.reject("AddQuery: the key is empty")
			return
		}
		if o.query == nil {
			o.query = make(url.Values)
		}
		o.query.Add(key, value)
	}
}

// SetMaxRetries sets [WithMaxRetries] for one call.
func SetMaxRetries(n int) CallOption {
	return func(o *callOptions) {
		if n < 0 {
			o.reject("SetMaxRetries: the number must not be negative, not %d", n)
		}
		o.maxRetries = n
	}
}

// CaptureResponse stores metadata about the response in into, on success and on an error. Its previous contents are
// cleared first. A method that sends several requests stores the response to the last one. Do not use one Response in
// calls that run at the same time.
func CaptureResponse(into *Response) CallOption {
	return func(o *callOptions) {
		if into == nil {
			o.reject("CaptureResponse: into is nil")
			return
		}
		*into = Response{}
		o.captures = append(o.captures, into)
	}
}

// Response holds metadata about an HTTP response: status, headers, ray ID and rate limits. [CaptureResponse] fills it.
// It contains no credential: where a server echoes one, Response has "[redacted]".
type Response struct {
	StatusCode int // zero if there was no response
	Attempts   int // the number of requests that were sent
	Header     http.Header
	RayID      string // identifies the request in Cloudflare's logs
	Messages   []ResponseInfo
	RateLimits []RateLimit
	Result     json.RawMessage // as sent; nil if there is none
	ResultInfo json.RawMessage // as sent; nil if there is none
}

// RateLimit describes one rate limit, from the Ratelimit and Ratelimit-Policy headers of a response.
type RateLimit struct {
	Name             string
	Remaining, Quota int           // requests
	Reset, Window    time.Duration // Reset is the time until Remaining is Quota again, Window the time between two resets
}

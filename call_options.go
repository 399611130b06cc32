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

// callOptions holds what the options of one call set.
type callOptions struct {
	header     http.Header
	query      url.Values
	maxRetries int
	captures   []*Response
	err        error // the first problem
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

// SetHeader sets a header of the request. The key must be a valid header name, and the value must be valid UTF-8
// without control characters.
//
// These headers cannot be set, because the client sets them itself, or because they change the credential, the framing
// or the method of a request: Accept, Accept-Encoding, Authorization, Connection, Content-*, Cookie, Expect, Host,
// Idempotency-Key, Keep-Alive, Proxy-Authorization, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade,
// X-Auth-*, X-HTTP-Method, X-HTTP-Method-Override, X-Idempotency-Key and X-Method-Override.
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

// AddQuery adds a parameter to the query. The key must not be empty, and must not be a parameter that the params of the
// call set, or one that divides a list into pages, such as page_token or page_size: set PageToken and PageSize in the
// params instead. [Client.Call] accepts every parameter that its Request does not set.
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

// SetMaxRetries limits how often this call is retried, in place of [WithMaxRetries]. The number must not be negative.
func SetMaxRetries(n int) CallOption {
	return func(o *callOptions) {
		if n < 0 {
			o.reject("SetMaxRetries: %d is negative", n)
		}
		o.maxRetries = n
	}
}

// CaptureResponse stores metadata about the response in into, on success and on an error. The previous contents of into
// are cleared first. A method that sends several requests stores the response to the last one. Do not use one Response
// in calls that run at the same time.
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
// If a server echoes a credential, Response has "[redacted]" instead. The Result of a 2xx is data, such as a list of
// members with their email addresses, and is not redacted.
type Response struct {
	StatusCode int // zero if there was no response
	Attempts   int // the number of requests that were sent
	Header     http.Header
	RayID      string // identifies the request in Cloudflare's logs
	Messages   []ResponseInfo
	RateLimits []RateLimit
	Result     json.RawMessage // as sent; nil if there is none
	ResultInfo json.RawMessage // as sent, but redacted; nil if there is none, or more than 1 MiB
}

// RateLimit describes one rate limit, from the Ratelimit and Ratelimit-Policy headers of a response.
type RateLimit struct {
	Name             string
	Remaining, Quota int           // requests
	Reset, Window    time.Duration // Reset is the time until Remaining is Quota again, Window the time between two resets
}

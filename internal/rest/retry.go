package rest

import (
	"crypto/tls"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// outcome is what one attempt came to.
type outcome int

const (
	settled   outcome = iota // an answer that another attempt would not change
	throttled                // 429: the API did not look at the request
	troubled                 // an answer from a server or an edge that may have done the work before it failed
	unsent                   // proven never to have left this machine
	hopeless                 // never sent, and it never will be: a bad certificate, a host that does not exist
	lost                     // no complete answer: the request may have arrived
)

// rules says, for each outcome, what may follow. Repeating is harmless where the method is idempotent, and for any
// method where the first request had no effect; nothing else is ever repeated.
var rules = [...]struct {
	repeatIdempotent bool // GET, HEAD, PUT, DELETE, and requests that are marked as idempotent
	repeatOther      bool // POST, PATCH
	unknown          bool // if it is a write, it may have happened
}{
	settled:   {false, false, false},
	throttled: {true, true, false},
	troubled:  {true, false, true},
	unsent:    {true, true, false},
	hopeless:  {false, false, false},
	lost:      {true, false, true},
}

func (o outcome) repeatable(idempotent bool) bool {
	if idempotent {
		return rules[o].repeatIdempotent
	}
	return rules[o].repeatOther
}

func (o outcome) unknown(method string) bool { return IsWrite(method) && rules[o].unknown }

func (r *RawRequest) idempotent() bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return r.Idempotent
}

// IsWrite reports whether a request with this method may change something on the server.
func IsWrite(method string) bool { return method != http.MethodGet && method != http.MethodHead }

func judgeStatus(status int) outcome {
	switch status {
	case 429:
		return throttled
	case 408, 500, 502, 503, 504, 520, 521, 522, 523, 524:
		return troubled
	}
	return settled
}

// judgeError looks at the error itself and not through wrappers: a transport that wraps another may have sent the
// request once before the failure that it reports.
func judgeError(err error) outcome {
	switch e := err.(type) {
	case *tls.CertificateVerificationError:
		return hopeless
	case *net.DNSError:
		return judgeDNS(e)
	case *net.OpError:
		if e.Op == "proxyconnect" { // net/http's own wrapper around the dial to a proxy
			if inner, ok := e.Err.(*net.OpError); ok {
				e = inner
			}
		}
		if e.Op != "dial" {
			return lost
		}
		if dns, ok := errors.AsType[*net.DNSError](e.Err); ok {
			return judgeDNS(dns)
		}
		return unsent
	}
	return lost
}

func judgeDNS(e *net.DNSError) outcome {
	if e.IsNotFound {
		return hopeless
	}
	return unsent
}

const firstBackoff = 500 * time.Millisecond

// backoff returns the wait before the n-th repeat, n from 1, where no server asked for another: anywhere between
// nothing and a bound that doubles, so that clients which failed together do not come back together.
func backoff(n int, limit time.Duration) time.Duration {
	bound := min(limit, firstBackoff<<min(n-1, 31))
	return rand.N(bound + 1)
}

// RetryAfter reads a Retry-After header, in seconds or as a date, and returns zero for one that cannot be read or
// does not lie in the future.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789") == "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil { // more than an int64 holds
			n = math.MaxInt64
		}
		return seconds(n)
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, date.Sub(now))
}

// seconds returns n seconds, or the longest duration there is.
func seconds(n int64) time.Duration {
	return time.Duration(min(n, int64(math.MaxInt64/time.Second))) * time.Second
}

package rest

import (
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// outcome classifies how one attempt ended.
type outcome int

const (
	settled     outcome = iota // a response that another attempt would not change
	throttled                  // 429: the API did not process the request
	troubled                   // a response of a server or an edge that may have done the work before it failed
	unprocessed                // proven not to have been sent, or not to have been processed
	hopeless                   // not sent, and another attempt would fail too: a bad certificate, a host that does not exist
	lost                       // no complete response: the request may have arrived
	stale                      // a read that was lost on a connection that had been used before: net/http would repeat it
)

// rules holds what each outcome allows. A request may be repeated if it is idempotent, or if the attempt had no effect.
// No other request is repeated.
var rules = [...]struct {
	repeatIdempotent bool // GET, HEAD, PUT, DELETE, and requests that are marked as idempotent
	repeatOther      bool // POST, PATCH
	unknown          bool // if it is a write, it may have happened
}{
	settled:     {false, false, false},
	throttled:   {true, true, false},
	troubled:    {true, false, true},
	unprocessed: {true, true, false},
	hopeless:    {false, false, false},
	lost:        {true, false, true},
	stale:       {true, false, false},
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

// keyed reports whether the request has a header with which net/http repeats a request over HTTP/1.1 by itself.
func (r *RawRequest) keyed() bool {
	_, key := r.Header["Idempotency-Key"]
	_, xKey := r.Header["X-Idempotency-Key"]
	return key || xKey
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

// mayRespondAgain reports whether a gateway that responded with this status may send another response to the same
// request. A gateway that has waited too long for the origin may pass on what the origin says at last. Over HTTP/1.1,
// the next request on the connection would receive it.
func mayRespondAgain(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusBadGateway || status == http.StatusGatewayTimeout
}

const firstBackoff = 500 * time.Millisecond

// backoff returns the wait before the n-th retry, n from 1, unless the server requests another wait. It is random, up
// to a bound that doubles, so that clients that fail at the same time do not retry at the same time.
func backoff(n int, limit time.Duration) time.Duration {
	bound := min(limit, firstBackoff<<min(n-1, 31))
	return rand.N(bound + 1)
}

// retryAfter returns the wait in the Retry-After headers: the longest one, if there are several. A header is a date, or
// a list of numbers of seconds, which may have a fraction. retryAfter returns zero if none can be read, or if the date
// is not in the future. A date is relative to the server's own clock, if the response has a Date header.
func retryAfter(h http.Header, now time.Time) (longest time.Duration) {
	for _, line := range h["Retry-After"] {
		if date, err := http.ParseTime(strings.TrimSpace(line)); err == nil {
			since := now
			if sent, err := http.ParseTime(h.Get("Date")); err == nil {
				since = sent
			}
			longest = max(longest, date.Sub(since))
			continue
		}
		for number := range strings.SplitSeq(line, ",") {
			longest = max(longest, roundUp(strings.TrimSpace(number)))
		}
	}
	return longest
}

// roundUp returns a number of seconds such as 7 or 1.5 in whole seconds, or zero if it is not a number.
func roundUp(number string) time.Duration {
	whole, fraction, _ := strings.Cut(number, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt("0"+whole, 10, 64)
	if err != nil { // more than an int64 holds
		n = math.MaxInt64
	}
	if strings.Trim(fraction, "0") != "" && n < math.MaxInt64 {
		n++
	}
	return seconds(n)
}

// seconds returns n seconds, or the longest Duration if that is shorter.
func seconds(n int64) time.Duration {
	return time.Duration(min(n, int64(math.MaxInt64/time.Second))) * time.Second
}

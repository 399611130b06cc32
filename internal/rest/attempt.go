package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// attempt sends the request once and reads the whole response. When a context ends, a transport may return any error,
// also the cause of the context. So what attempt returns depends on whether the context has ended, and on who ended it:
//
//	                    not ended                         ended by this package         ended by the caller
//	no response         the error                         why this package ended it     the error, which Do replaces
//	part of a body      the response, with the error      the response, with why        the response and the error of
//	                    in Incomplete                     in Incomplete                 the caller's context
//	complete response   the response                      the response                  the response
//
// A part of the body of a 2xx is of no use, and counts as no response, except that its header tells the gate the rate
// limit. pauses is that of the waits with which the attempt entered the gate.
func (s *Sender) attempt(caller context.Context, signer *signer, number, pauses int, req *RawRequest, target *url.URL) (response *RawResponse, result outcome, err error) {
	var header http.Header
	defer func() {
		var blocked time.Duration
		if response != nil && response.StatusCode == http.StatusTooManyRequests {
			blocked = response.RetryAfter
		}
		s.gate.leave(header, blocked, response != nil || result == lost || result == stale, pauses)
	}()
	ctx, end := context.WithCancelCause(caller)
	defer end(nil)
	limit := startTimeLimit(s.Timeout, func() { end(s.TimedOut) })
	defer limit.stop()
	seen := &trace{native: s.native, h2c: s.h2c, sends: s.sends, keyed: req.keyed(), write: IsWrite(req.Method), first: number == 1, end: end}
	ctx = seen.attach(ctx)
	response, result, err = s.exchange(ctx, s.request(ctx, signer, req, target), seen, &limit)
	if response != nil {
		header = response.Header
		if result == lost {
			response.Release()
			response, err = nil, response.Incomplete
		}
	}
	if err == nil && response.Incomplete == nil {
		return response, result, nil
	}
	ended, byCaller := contextError(ctx) != nil, contextError(caller)
	switch {
	case response != nil && byCaller != nil:
		err = byCaller
	case response != nil && ended:
		response.Incomplete = s.whyEnded(ctx, result, &limit)
	case byCaller == nil && ended:
		err = s.whyEnded(ctx, result, &limit)
	}
	return response, result, err
}

// whyEnded returns the error of an attempt that was ended by this package, and not by the caller.
func (s *Sender) whyEnded(ctx context.Context, result outcome, limit *timeLimit) error {
	switch {
	case result == stale:
		return errors.New("no response on a connection that had been used before")
	case context.Cause(ctx) == errRepeated && result == unprocessed:
		return errors.New("the server did not process the request")
	case context.Cause(ctx) == errRepeated:
		return errors.New("no complete response")
	case result == unprocessed:
		return fmt.Errorf("%w: no connection within %s", s.TimedOut, limit.duration())
	}
	return fmt.Errorf("%w: no complete response within %s", s.TimedOut, limit.duration())
}

// exchange makes one round trip and reads the body. The outcome of a response is lost if it is a 2xx and Incomplete.
func (s *Sender) exchange(ctx context.Context, r *http.Request, seen *trace, limit *timeLimit) (*RawResponse, outcome, error) {
	if err := s.checkProxy(r); err != nil {
		return nil, hopeless, err
	}
	resp, err := s.roundTrip(r)
	switch {
	case err != nil:
		err = s.explain(err, r, seen)
		return nil, seen.judge(err, contextError(ctx) != nil), err
	case resp == nil:
		return nil, lost, errors.New("the transport returned neither a response nor an error")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	defer resp.Body.Close()
	if err := checkHeader(resp.Header); err != nil {
		return nil, lost, err
	}
	if s.jar != nil {
		s.jar().SetCookies(r.URL, resp.Cookies())
	}
	if resp.StatusCode == 0 && s.fetches { // a browser reports a redirect as status 0
		return nil, settled, errors.New("redirects are not followed")
	}
	if resp.StatusCode < 200 { // 101: the body is not HTTP
		return nil, lost, fmt.Errorf("unexpected status %d", resp.StatusCode)
	}
	response := &RawResponse{StatusCode: resp.StatusCode, Header: resp.Header, pool: s.buffers}
	length := resp.ContentLength
	if r.Method == http.MethodHead { // Content-Length is that of a GET; there is no body
		length = 0
	}
	if response.Incomplete = response.read(resp.Body, length, limit); response.Incomplete != nil && resp.StatusCode < 300 {
		return response, lost, nil // of any other response the status is enough
	}
	response.RetryAfter = retryAfter(resp.Header, time.Now())
	if resp.StatusCode == http.StatusTooManyRequests && response.RetryAfter == 0 && s.Advice != nil {
		response.RetryAfter = s.Advice(resp.StatusCode, response.Body).RetryAfter
	}
	if resp.ProtoMajor == 1 && s.closeIdle != nil && mayRespondAgain(resp.StatusCode) {
		s.closeIdle() // the connection of this request is one of them, unless another call has it already
	}
	return response, judgeStatus(resp.StatusCode), nil
}

// request returns the request of one attempt. It shares nothing with other attempts, because a transport of the caller
// may change it. GetBody is not set, because net/http would use it to repeat a write by itself.
func (s *Sender) request(ctx context.Context, signer *signer, req *RawRequest, target *url.URL) *http.Request {
	own := *target
	header := signer.header()
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
	if s.fetches {
		header["js.fetch:redirect"] = []string{"manual"} // an option of net/http, which does not send it
	}
	if s.jar != nil {
		for _, cookie := range s.jar().Cookies(target) {
			r.AddCookie(cookie)
		}
	}
	return r
}

// cloneHeader returns a copy of h, in two allocations, that shares no memory with it.
func cloneHeader(h http.Header) http.Header {
	own := maps.Clone(h)
	values := make([]string, 0, len(h))
	for name, value := range h {
		values = append(values, value[0])
		own[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return own
}

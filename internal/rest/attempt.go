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
)

// attempt sends the request once, reads the whole answer and says what that came to.
func (s *Sender) attempt(caller context.Context, signer *signer, req *RawRequest, target *url.URL) (answer *RawResponse, result outcome, err error) {
	defer func() {
		if answer != nil {
			s.gate.leave(answer.Header)
		} else {
			s.gate.leave(nil)
		}
	}()
	ctx := caller
	if s.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(caller, s.Timeout)
		defer cancel()
	}
	answer, err = s.exchange(ctx, signer, req, target)
	if err == nil {
		return answer, judgeStatus(answer.StatusCode), nil
	}
	if contextError(ctx) == nil {
		return nil, judgeError(err), err
	}
	// What a transport returns now may be the cause of the context, which is about something else.
	if contextError(caller) == nil {
		err = fmt.Errorf("%w: no complete answer within %s", ErrAttemptTimeout, s.Timeout)
	}
	return nil, lost, err
}

func (s *Sender) exchange(ctx context.Context, signer *signer, req *RawRequest, target *url.URL) (*RawResponse, error) {
	resp, err := s.roundTrip(s.request(ctx, signer, req, target))
	switch {
	case err != nil:
		return nil, err
	case resp == nil:
		return nil, errors.New("the transport returned neither an answer nor an error")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	defer resp.Body.Close()
	if s.jar != nil {
		s.jar.SetCookies(target, resp.Cookies())
	}
	if resp.StatusCode < 200 { // 101: what follows is not HTTP
		return nil, fmt.Errorf("unexpected status %d", resp.StatusCode)
	}
	answer := &RawResponse{StatusCode: resp.StatusCode, Header: resp.Header}
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
	if s.jar != nil {
		for _, cookie := range s.jar.Cookies(target) {
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
func cleanError(ctx context.Context, scrub func(string) string, err error) error {
	if ended := contextError(ctx); ended != nil {
		return ended
	}
	text := err.Error()
	clean := scrub(text)
	if clean != text || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errors.New(clean)
	}
	return err
}

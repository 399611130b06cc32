package cloudflaretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// Transport returns a transport that serves requests without a socket, whatever their host. It serves a request in the
// goroutine that sends it, and starts no other goroutine, so waits cost no time inside a [testing/synctest] bubble.
// [Server.Client] uses it. Wrap it to see or change what a client sends:
//
//	client := server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: record(server.Transport())}))
//
// Responses have the form that [http.Transport] gives them. Unlike [http.Transport], Transport does not request
// compression by itself. [Cut] yields half of a body and then [io.ErrUnexpectedEOF]. [Reset] fails with the error of a
// connection that was reset after the request was sent. [Stall] ends with the request's context. After [Server.Close],
// connections are refused.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body := &requestBody{ReadCloser: r.Body}
	if r.Body == nil {
		body.ReadCloser = http.NoBody
	}
	defer body.Close()
	if r.URL == nil {
		return nil, errors.New("cloudflaretest: the request's URL is nil")
	}
	ctx := r.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if t.server.isClosed() {
		return nil, netError("dial", "connect", syscall.ECONNREFUSED)
	}
	recorder := httptest.NewRecorder()
	aborted := serve(t.server, recorder, arriving(r, body))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case body.err != nil:
		return nil, body.err
	case aborted && !recorder.Flushed:
		return nil, netError("read", "read", syscall.ECONNRESET)
	}
	return received(r, recorder, aborted), nil
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// serve reports whether the handler aborted its response.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (aborted bool) {
	defer func() {
		switch failure := recover(); failure {
		case nil:
		case http.ErrAbortHandler:
			aborted = true
		default:
			panic(failure)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

// arriving returns a request as a server of net/http sees it.
func arriving(sent *http.Request, body io.ReadCloser) *http.Request {
	r := sent.Clone(sent.Context())
	r.Header = http.Header{}
	for name, values := range sent.Header {
		name = http.CanonicalHeaderKey(name)
		r.Header[name] = append(r.Header[name], values...)
	}
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header.Set("User-Agent", "Go-http-client/1.1")
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	r.RequestURI = r.URL.RequestURI()
	r.URL.Scheme, r.URL.Host, r.URL.User, r.URL.Fragment, r.URL.RawFragment = "", "", nil, "", ""
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	r.RemoteAddr = "192.0.2.1:1234" // as httptest.NewRequest
	r.Body, r.GetBody = body, nil
	return r
}

// received returns a recorded response as a transport of net/http returns it.
func received(r *http.Request, recorder *httptest.ResponseRecorder, aborted bool) *http.Response {
	response := recorder.Result()
	response.Request = r
	if http.StatusText(response.StatusCode) == "" {
		response.Status = fmt.Sprintf("%d status code %d", response.StatusCode, response.StatusCode)
	}
	for name, values := range response.Header {
		if len(values) == 0 {
			delete(response.Header, name)
		}
	}
	if response.Header.Get("Date") == "" {
		response.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	data := recorder.Body.Bytes()
	switch {
	case response.StatusCode == http.StatusNoContent, response.StatusCode == http.StatusNotModified:
		response.ContentLength, response.Body = 0, http.NoBody
		return response
	case response.ContentLength < 0 && !recorder.Flushed:
		response.ContentLength = int64(len(data))
		response.Header.Set("Content-Length", strconv.Itoa(len(data)))
	}
	if r.Method == http.MethodHead {
		response.Body = http.NoBody
		return response
	}
	end := io.EOF
	if declared := response.ContentLength; aborted || declared >= 0 && declared != int64(len(data)) {
		end = io.ErrUnexpectedEOF
	}
	response.Body = &responseBody{ctx: r.Context(), rest: bytes.NewReader(data), end: end}
	return response
}

// requestBody keeps the error of a client whose request body failed.
type requestBody struct {
	io.ReadCloser
	err error
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

type responseBody struct {
	ctx    context.Context
	rest   *bytes.Reader
	end    error // io.EOF, or io.ErrUnexpectedEOF if the body was cut
	closed atomic.Bool
}

func (b *responseBody) Read(p []byte) (int, error) {
	switch {
	case b.closed.Load():
		return 0, http.ErrBodyReadAfterClose
	case b.rest.Len() > 0 && b.ctx.Err() != nil:
		return 0, context.Cause(b.ctx)
	case b.rest.Len() == 0:
		return 0, b.end
	}
	return b.rest.Read(p)
}

func (b *responseBody) Close() error {
	b.closed.Store(true)
	return nil
}

// netError returns the error that a connection has when a system call fails.
func netError(op, call string, errno error) error {
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(call, errno)}
}

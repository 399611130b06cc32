package cloudflaretest

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each response over Transport is compared with the one over a socket.
func TestTransportIsLikeNetHTTP(t *testing.T) {
	s := NewServer().ForTest(t)
	for range 300 {
		s.AddOrganization("a", "")
	}
	id := s.AddOrganization("b", "")
	s.Handle("/plain", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Saw", strings.Join([]string{r.Method, r.URL.String(), r.RequestURI, r.Host, r.Proto, r.UserAgent()}, " "))
		w.Write([]byte("hello, world"))
	}))
	s.Handle("/flushed", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(202)
		w.(http.Flusher).Flush()
		w.Write([]byte("later"))
	}))
	s.Handle("/nothing", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Handle("/short", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("short"))
	}))
	s.Handle("/aborted", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("lost"))
		panic(http.ErrAbortHandler)
	}))

	for name, test := range map[string]struct {
		method, path, body string
		fault              Fault
	}{
		"large list":        {"GET", "/organizations?page_size=1000", "", Fault{}},
		"HEAD":              {"HEAD", "/organizations", "", Fault{}},
		"create":            {"POST", "/organizations", `{"name":"x"}`, Fault{}},
		"no content":        {"PUT", "/organizations/" + id + "/profile", profileJSON, Fault{}},
		"not found":         {"GET", "/organizations/x", "", Fault{}},
		"handler":           {"POST", "/plain?a=1&b=%20", "body", Fault{}},
		"HEAD of handler":   {"HEAD", "/plain", "", Fault{}},
		"flushed":           {"GET", "/flushed", "", Fault{}},
		"nothing":           {"GET", "/nothing", "", Fault{}},
		"too short":         {"GET", "/short", "", Fault{}},
		"aborted":           {"POST", "/aborted", "", Fault{}},
		"status":            {"GET", "/organizations", "", Status(502, http.Header{"Content-Type": {"text/html"}}, "<h1>")},
		"bare status":       {"GET", "/organizations", "", Status(503, nil, "down")},
		"204":               {"GET", "/organizations", "", Status(204, nil, "ignored")},
		"304":               {"GET", "/organizations", "", Status(304, nil, "")},
		"599":               {"GET", "/organizations", "", Status(599, nil, "")},
		"429":               {"GET", "/organizations", "", RateLimited(time.Second)},
		"cut":               {"GET", "/organizations?page_size=1000", "", Cut()},
		"cut HEAD":          {"HEAD", "/organizations", "", Cut()},
		"cut no content":    {"PUT", "/organizations/" + id + "/profile", profileJSON, Cut()},
		"cut handler":       {"GET", "/plain", "", Cut()},
		"reset":             {"POST", "/organizations", `{"name":"x"}`, Reset()},
		"payload too large": {"POST", "/organizations", `{"name":"` + strings.Repeat("x", 2<<20) + `"}`, Fault{}},
	} {
		t.Run(name, func(t *testing.T) {
			type outcome struct {
				status string
				header http.Header
				length int64
				proto  string
				body   string
				err    error
			}
			run := func(transport http.RoundTripper) (got outcome) {
				if test.fault.serve != nil {
					s.Fail(1, test.fault)
				}
				r := newRequest(t, test.method, test.path, test.body)
				r.Header.Set("Accept-Encoding", "identity")
				response, err := transport.RoundTrip(r)
				if err != nil {
					return outcome{err: err}
				}
				defer response.Body.Close()
				body, readErr := io.ReadAll(response.Body)
				assert.Same(t, r, response.Request)
				_, err = http.ParseTime(response.Header.Get("Date"))
				assert.NoError(t, err)
				for _, name := range []string{"Cf-Ray", "Date", "Connection"} { // of one response, or of one connection
					response.Header.Del(name)
				}
				return outcome{response.Status, response.Header, response.ContentLength, response.Proto, string(body), readErr}
			}
			want, got := run(overSocket(t, s)), run(s.Transport())
			if test.method == "POST" && want.status == "200 OK" {
				want.body, got.body = "", "" // another ID each
			}
			assert.Equal(t, want.err != nil, got.err != nil, "%v, %v", want.err, got.err)
			assert.Equal(t, errors.Is(want.err, io.ErrUnexpectedEOF), errors.Is(got.err, io.ErrUnexpectedEOF), "%v, %v", want.err, got.err)
			want.err, got.err = nil, nil
			assert.Equal(t, want, got)
		})
	}
	requests := s.Requests()
	for i := 0; i < len(requests); i += 2 {
		over, without := requests[i], requests[i+1]
		over.Header.Del("Content-Length")
		assert.Equal(t, over, without)
	}
}

// All of it runs in the caller's goroutine, and an hour takes no time.
func TestTransportInVirtualTime(t *testing.T) {
	s := NewServer().ForTest(t)
	client := &http.Client{Transport: s.Transport()}
	create := func(t *testing.T, ctx context.Context) (*http.Response, error) {
		return client.Do(newRequest(t, "POST", "/organizations", `{"name":"x"}`).WithContext(ctx))
	}
	total := func(t *testing.T) int {
		response, err := client.Do(newRequest(t, "GET", "/organizations", ""))
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return len(namesIn(t, body))
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s.Fail(1, Stall())
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Hour, errors.New("cause"))
		defer cancel()
		_, err := create(t, ctx)
		assert.ErrorContains(t, err, "cause")
		assert.Equal(t, time.Hour, time.Since(began))

		s.Fail(1, Stall())
		limited := &http.Client{Transport: s.Transport(), Timeout: time.Minute}
		_, err = limited.Do(newRequest(t, "POST", "/organizations", `{"name":"x"}`))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Hour+time.Minute, time.Since(began))

		s.Fail(1, Reset())
		_, err = create(t, t.Context())
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		var op *net.OpError
		assert.ErrorAs(t, err, &op)
		assert.Equal(t, "read", op.Op, "the request was sent")
		assert.Equal(t, 0, total(t))

		s.Fail(1, Cut())
		response, err := create(t, t.Context())
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Len(t, body, int(response.ContentLength)/2)
		response.Body.Close()
		assert.Equal(t, 1, total(t))
		assert.Equal(t, time.Hour+time.Minute, time.Since(began))
	})
}

func TestTransportContext(t *testing.T) {
	s := NewServer().ForTest(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	response, err := s.Transport().RoundTrip(newRequest(t, "GET", "/organizations", "").WithContext(ctx))
	require.NoError(t, err)
	cancel(errors.New("cause"))
	_, err = io.ReadAll(response.Body)
	assert.EqualError(t, err, "cause", "as over a socket, the body ends with the context")

	body := &trackedBody{Reader: strings.NewReader("x")}
	r := newRequest(t, "POST", "/organizations", "").WithContext(ctx)
	r.Body = body
	_, err = s.Transport().RoundTrip(r)
	assert.EqualError(t, err, "cause")
	assert.True(t, body.closed.Load())
	assert.Len(t, s.Requests(), 1, "the second one did not arrive")

	ctx, cancel = context.WithCancelCause(t.Context())
	s.Handle("/slow", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel(errors.New("meanwhile")) }))
	_, err = s.Transport().RoundTrip(newRequest(t, "GET", "/slow", "").WithContext(ctx))
	assert.EqualError(t, err, "meanwhile")
}

type trackedBody struct {
	io.Reader
	closed atomic.Bool
}

func (b *trackedBody) Close() error {
	b.closed.Store(true)
	return nil
}

func TestTransportBodies(t *testing.T) {
	s := NewServer().ForTest(t)
	send := func(body io.Reader) (*http.Response, *trackedBody, error) {
		tracked := &trackedBody{Reader: body}
		r := newRequest(t, "POST", "/organizations", `{}`)
		r.Body, r.ContentLength = tracked, -1
		response, err := s.Transport().RoundTrip(r)
		return response, tracked, err
	}
	response, body, err := send(iotest.OneByteReader(strings.NewReader(`{"name":"x"}`)))
	require.NoError(t, err)
	assert.Equal(t, 200, response.StatusCode)
	assert.True(t, body.closed.Load())

	_, body, err = send(iotest.ErrReader(errors.New("broken")))
	assert.EqualError(t, err, "broken")
	assert.True(t, body.closed.Load())

	require.NoError(t, response.Body.Close())
	_, err = response.Body.Read(make([]byte, 1))
	assert.ErrorIs(t, err, http.ErrBodyReadAfterClose)

	r := newRequest(t, "GET", "/organizations", "")
	r.Method, r.Body = "", nil
	header := r.Header.Clone()
	r.Header["x-lower"] = []string{"kept"}
	response, err = s.Transport().RoundTrip(r)
	require.NoError(t, err)
	assert.Equal(t, 200, response.StatusCode)
	assert.Equal(t, []string{"kept"}, s.Requests()[2].Header["X-Lower"])
	assert.ElementsMatch(t, append(slices.Collect(maps.Keys(header)), "x-lower"), slices.Collect(maps.Keys(r.Header)), "a transport must not change the request")

	s.Handle("/dated", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Sat, 01 Jan 2000 00:00:00 GMT")
	}))
	response, err = s.Transport().RoundTrip(newRequest(t, "GET", "/dated", ""))
	require.NoError(t, err)
	assert.Equal(t, "Sat, 01 Jan 2000 00:00:00 GMT", response.Header.Get("Date"))

	_, err = s.Transport().RoundTrip(&http.Request{})
	assert.ErrorContains(t, err, "URL is nil")
}

func TestTransportAfterClose(t *testing.T) {
	s := NewServer()
	s.Close()
	s.Fail(1, Stall())
	_, err := s.Transport().RoundTrip(newRequest(t, "GET", "/organizations", ""))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	assert.Equal(t, "dial", op.Op, "the request was not sent")
	assert.Empty(t, s.Requests())
}

func TestTransportHandlerPanics(t *testing.T) {
	s := NewServer().ForTest(t)
	s.Handle("/", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a mistake in the test") }))
	assert.PanicsWithValue(t, "a mistake in the test", func() {
		s.Transport().RoundTrip(newRequest(t, "GET", "/zones", ""))
	})
	assert.Equal(t, 0, count(t, s), "the server goes on")
}

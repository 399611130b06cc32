package blackbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// A transport that breaks the rules of http.RoundTripper causes an error, and never a panic.
func TestMisbehavingTransports(t *testing.T) {
	body := func() io.ReadCloser { return io.NopCloser(strings.NewReader(`{"success":true,"result":{"id":"o1"}}`)) }
	tests := []struct {
		name     string
		response *http.Response
		err      error
		isError  bool // an *Error
		text     string
	}{
		{"nothing at all", nil, nil, false, "neither a response nor an error"},
		{"no body", &http.Response{StatusCode: 200, Header: http.Header{}}, nil, true, "the body is empty"},
		{"no header and no body", &http.Response{StatusCode: 404}, nil, true, "404 Not Found"},
		{"status 0", &http.Response{Header: http.Header{}, Body: body()}, nil, false, "unexpected status 0"},
		{"status -200", &http.Response{StatusCode: -200, Header: http.Header{}, Body: body()}, nil, false, "unexpected status -200"},
		{"status 101", &http.Response{StatusCode: 101, Header: http.Header{}, Body: body()}, nil, false, "unexpected status 101"},
		{"status 199", &http.Response{StatusCode: 199, Header: http.Header{}, Body: body()}, nil, false, "unexpected status 199"},
		{"status 1000000", &http.Response{StatusCode: 1000000, Header: http.Header{}, Body: body()}, nil, true, "1000000"},
		{"an error and a response", &http.Response{StatusCode: 200, Body: body()}, errors.New("broken"), false, "broken"},
		{"a body that fails", &http.Response{StatusCode: 200, Body: failingBody{}}, nil, false, "the body broke"},
		{
			"a body that reads too much",
			&http.Response{StatusCode: 200, Body: readFunc(func(p []byte) int { return len(p) + 5 })}, nil, false,
			"the rules of io.Reader",
		},
		{
			"a body that reads less than nothing",
			&http.Response{StatusCode: 200, Body: readFunc(func([]byte) int { return -1 })}, nil, false,
			"the rules of io.Reader",
		},
		{"a body that reads nothing", &http.Response{StatusCode: 200, Body: readFunc(func([]byte) int { return 0 })}, nil, false, "no data or error"},
	}
	for _, tt := range tests {
		for _, m := range everyMethod {
			t.Run(tt.name+"/"+m.name, func(t *testing.T) {
				c := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
					if tt.response == nil {
						return nil, tt.err
					}
					response := *tt.response
					return &response, tt.err
				}), noRetries)
				result, err := m.call(t.Context(), c)
				if tt.name == "no body" && !m.needsResult() {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, tt.text)
				assert.Nil(t, result)
				var apiError *cloudflare.Error
				assert.Equal(t, tt.isError, errors.As(err, &apiError))
				wantUnknown := m.isWrite() && (!tt.isError || tt.name == "no body")
				assert.Equal(t, wantUnknown, errors.Is(err, cloudflare.ErrOutcomeUnknown))
			})
		}
	}
}

// readFunc is a body whose Read breaks the rules of io.Reader.
type readFunc func([]byte) int

func (f readFunc) Read(p []byte) (int, error) { return f(p), nil }

func (readFunc) Close() error { return nil }

type failingBody struct{}

func (failingBody) Read(p []byte) (int, error) {
	return copy(p, `{"success":true,`), errors.New("the body broke")
}

func (failingBody) Close() error { return errors.New("and so did closing it") }

func TestTransportReturnsNil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := new(pipeServer).client(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil }))
		assertMatchesOnly(t, retryCallOf(t, "POST").do(t.Context(), client), cloudflare.ErrOutcomeUnknown)
	})
	synctest.Test(t, func(t *testing.T) {
		client := new(pipeServer).client(t, roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200}, nil
		}))
		require.NoError(t, retryCallOf(t, "HEAD").do(t.Context(), client), "a response without a body must not have an empty one")
	})
}

// A context error of a transport is neither the caller's deadline or cancellation nor an attempt timeout.
func TestTransportReportsContextErrors(t *testing.T) {
	for name, failure := range map[string]error{
		"deadline":          context.DeadlineExceeded,
		"canceled":          context.Canceled,
		"deadline, wrapped": fmt.Errorf("proxy: %w", context.DeadlineExceeded),
		"timeout of net":    &net.OpError{Op: "read", Net: "tcp", Err: context.DeadlineExceeded},
	} {
		for _, call := range retryCalls {
			t.Run(name+"/"+call.method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, sent := &pipeServer{}, 0
					client := server.client(t, roundTripper(func(*http.Request) (*http.Response, error) {
						sent++
						return nil, failure
					}))
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					err := call.do(ctx, client)
					var want []error
					if call.write {
						want = append(want, cloudflare.ErrOutcomeUnknown)
					}
					assertMatchesOnly(t, err, want...)
					assert.ErrorContains(t, err, failure.Error())
					assert.Equal(t, map[bool]int{true: 4, false: 1}[call.idempotent], sent, "it counts as no response")
				})
			})
		}
	}
}

// A transport that retries by itself may have sent the request before the error that it returns.
func TestTransportRetriesByItself(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("giving up after 2 attempts: %w", err) }
	for name, failure := range map[string]error{
		"dial":        wrap(connectionRefused),
		"name":        wrap(&net.DNSError{Err: "server misbehaving", IsTemporary: true}),
		"http.Client": &url.Error{Op: "Post", URL: "http://localhost/client/v4/organizations?name=private", Err: connectionRefused},
	} {
		for _, call := range retryCalls {
			t.Run(name+"/"+call.method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, sent := &pipeServer{}, 0
					client := server.client(t, roundTripper(func(*http.Request) (*http.Response, error) {
						sent++
						return nil, failure
					}))
					err := call.do(t.Context(), client)
					var want []error
					if call.write {
						want = append(want, cloudflare.ErrOutcomeUnknown)
					}
					assertMatchesOnly(t, err, want...)
					assert.Equal(t, map[bool]int{true: 4, false: 1}[call.idempotent], sent)
					assert.NotContains(t, err.Error(), "private")
					assert.NotContains(t, err.Error(), "localhost/")
				})
			})
		}
	}
}

// The error of a call is one line, whatever error a transport returns.
func TestTransportErrorsAreOneLine(t *testing.T) {
	c := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.Join(errors.New("first"), errors.New("second\x1b[2J\r\nERROR forged"))
	}), noRetries)
	_, err := c.Organizations.Get(t.Context(), "o1")
	assert.EqualError(t, err, "cloudflare: GET /organizations/o1: first second [2J ERROR forged")
}

// A *url.Error contains the host and the query. A transport that uses an http.Client returns one.
func TestURLErrorsAreUnwrapped(t *testing.T) {
	cause := errors.New("the cause")
	c := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: cause}
	}), noRetries)
	_, err := c.Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "secret-name"})
	require.ErrorIs(t, err, cause)
	assert.EqualError(t, err, "cloudflare: GET /organizations: the cause")
	_, isURLError := errors.AsType[*url.Error](err)
	assert.False(t, isURLError)
}

// A transport that changes its request does not change other requests.
func TestTransportChangesRequests(t *testing.T) {
	redacting := roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "Bearer "+canaryToken || r.Header.Get("X-Mine") != "mine" ||
			r.URL.String() != "https://api.cloudflare.com/client/v4/organizations/o1?q=1" {
			return nil, fmt.Errorf("got a request that another one changed: %s %v", r.URL, r.Header)
		}
		for name, values := range r.Header {
			for i := range values {
				values[i] = "changed"
			}
			r.Header[name] = append(values, "more")
		}
		r.Header.Set("X-Added", "1")
		delete(r.Header, "Authorization")
		r.URL.Host, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.Host = "elsewhere.example", "/", "/", "", "elsewhere.example"
		return respondWith(200, `{"success":true,"result":`+anOrganization+`}`)(r)
	})
	c := newClient(t, redacting, noRetries)
	opts := []cloudflare.CallOption{cloudflare.SetHeader("X-Mine", "mine"), cloudflare.AddQuery("q", "1")}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				_, err := c.Organizations.Get(t.Context(), "o1", opts...)
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
}

// Every response body is closed once, before the call returns.
func TestBodiesAreClosed(t *testing.T) {
	for _, status := range []int{101, 199, 200, 204, 302, 404, 429, 500} {
		for _, m := range everyMethod {
			var opened, closed atomic.Int32
			transport := respondWith(status, m.success())
			c := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				response, err := transport(r)
				response.Body = closeCounter{response.Body, &closed}
				opened.Add(1)
				return response, err
			}), cloudflare.WithMaxRetries(2), cloudflare.WithMaxRetryWait(0))
			m.call(t.Context(), c)
			assert.Equal(t, opened.Load(), closed.Load(), "%s: %d", m.name, status)
			assert.True(t, slices.Contains([]int32{1, 3}, opened.Load()))
		}
	}
}

type closeCounter struct {
	io.ReadCloser
	closed *atomic.Int32
}

func (c closeCounter) Close() error {
	c.closed.Add(1)
	return c.ReadCloser.Close()
}

// A transport that has asked net/http for a connection in vain may have sent the request in another way.
func TestTransportThatFallsBack(t *testing.T) {
	first := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, connectionRefused }}
	sent := 0
	client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		again := r.Clone(r.Context())
		again.Body = http.NoBody
		if response, err := first.RoundTrip(again); err == nil {
			return response, nil
		}
		sent++ // over another protocol; no response arrives
		return nil, io.ErrUnexpectedEOF
	}), cloudflare.WithMaxRetryWait(0))
	_, err := client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
	assert.Equal(t, 1, sent)
	assertMatchesOnly(t, err, cloudflare.ErrOutcomeUnknown, cloudflare.ErrUnavailable)
}

package rest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a server or a transport says is quoted only in part, in errors and in logs.
func TestErrorsAreShort(t *testing.T) {
	const mib = 1 << 20
	long := strings.Repeat("x", mib-100)
	for name, response := range map[string]string{
		"status line":       "HTTP/1.1 " + long + "\r\n\r\n",
		"version":           long + " 200 OK\r\n\r\n",
		"header":            "HTTP/1.1 200 OK\r\n" + long + "\r\n\r\n",
		"Content-Length":    "HTTP/1.1 200 OK\r\nContent-Length: " + long + "\r\n\r\n",
		"Transfer-Encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + long + "\r\n\r\n",
		"chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + long,
		"ray ID":            "HTTP/1.1 503 No\r\nContent-Length: 0\r\nCf-Ray: " + long + "\r\n\r\n",
		"reason":            "HTTP/1.1 503 " + long + "\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer listener.Close()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = http.ReadRequest(bufio.NewReader(conn))
					_, _ = io.WriteString(conn, response)
					_ = conn.Close()
				}
			}()
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			s := clientFor(t, "http://"+listener.Addr().String(), transport)
			s.MaxRetryWait = time.Millisecond
			var log strings.Builder
			s.Hooks = append(s.Hooks, LogTo(slog.New(slog.NewTextHandler(&log, nil))))
			for _, method := range []string{"GET", "POST"} {
				response, err := s.Do(t.Context(), RawRequest{Method: method, Path: []string{"a"}, MaxRetries: 2})
				response.Release()
				if err != nil {
					assert.LessOrEqual(t, len(err.Error()), maxLine)
				}
			}
			for line := range strings.Lines(log.String()) {
				assert.Less(t, len(line), 600, "%.100s", line)
			}
		})
	}
}

// An error whose text was cut still matches.
func TestShortErrorsMatch(t *testing.T) {
	long := &tls.CertificateVerificationError{Err: errors.New(strings.Repeat("é", 300))}
	err := redactError(t.Context(), func(text string) string { return text }, long)
	assert.LessOrEqual(t, len(err.Error()), maxLine)
	assert.Contains(t, err.Error(), "failed to verify certificate: éé")
	assert.True(t, strings.HasSuffix(err.Error(), "é…"), "no character is cut in two: %q", err)
	var untrusted *tls.CertificateVerificationError
	assert.ErrorAs(t, err, &untrusted)

	// An error that contained a secret is not kept, because it would still print it.
	err = redactError(t.Context(), strings.NewReplacer("é", "[redacted]").Replace, long)
	assert.NotErrorAs(t, err, &untrusted)
	assert.LessOrEqual(t, len(err.Error()), maxLine)

	short := errors.New(strings.Repeat("x", maxLine))
	assert.Same(t, short, redactError(t.Context(), func(text string) string { return text }, short))
}

// The causes of a failure are those of the last attempt, and what ended the call after it.
func TestCausesOfTheLastAttempt(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	for _, tt := range []struct {
		name   string
		then   func() (*http.Response, error)
		causes []string
		last   int // status of Failure.Last
	}{
		{"another error, then canceled", func() (*http.Response, error) { return nil, second }, []string{"second", "context canceled: enough"}, 0},
		{"a response, then canceled", func() (*http.Response, error) {
			return &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"20"}}, Body: http.NoBody}, nil
		}, []string{"context canceled: enough"}, 503},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				attempts := 0
				s := clientFor(t, "https://h", roundTrip(func(*http.Request) (*http.Response, error) {
					if attempts++; attempts == 1 {
						return nil, first
					}
					// Before the wait ends: its longest is a second.
					time.AfterFunc(time.Nanosecond, func() { cancel(errors.New("enough")) })
					return tt.then()
				}))
				s.MaxRetryWait = time.Minute
				_, err := s.Do(ctx, RawRequest{Method: "GET", Path: []string{"a"}, MaxRetries: 3})
				var failure *Failure
				require.ErrorAs(t, err, &failure)
				var causes []string
				for _, cause := range failure.Causes {
					causes = append(causes, cause.Error())
				}
				assert.Equal(t, tt.causes, causes)
				assert.NotErrorIs(t, err, first)
				assert.ErrorIs(t, err, context.Canceled)
				if tt.last == 0 {
					assert.Nil(t, failure.Last)
				} else if assert.NotNil(t, failure.Last) {
					assert.Equal(t, tt.last, failure.Last.StatusCode)
				}
			})
		})
	}
}

// The cause of a context is named, also that of a deadline, and matches nothing.
func TestContextCauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := errors.New("out of budget")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, budget)
		defer cancel()
		assert.NoError(t, contextError(ctx))
		time.Sleep(time.Second)
		synctest.Wait()
		err := contextError(ctx)
		assert.EqualError(t, err, "context deadline exceeded: out of budget")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.NotErrorIs(t, err, budget)
	})
}

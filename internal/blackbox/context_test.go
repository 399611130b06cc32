package blackbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

func TestEndedContextSendsNothing(t *testing.T) {
	for _, call := range retryCalls {
		t.Run(call.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := newPipeServer(t, pipeAlways(pipeResponse(200, call.success)))
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				assertMatchesOnly(t, call.do(ctx, client), context.Canceled)
				ctx, cancel = context.WithTimeout(t.Context(), -time.Second)
				defer cancel()
				var response cloudflare.Response
				err := call.do(ctx, client, cloudflare.CaptureResponse(&response))
				assertMatchesOnly(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, "nothing was sent")
				assert.Zero(t, response.Attempts)
				dials, _ := server.seen()
				assert.Empty(t, dials)
			})
		})
	}
}

func TestAttemptTimeoutIsNotTheDeadline(t *testing.T) {
	stalled := pipeAlways(pipeReply{hang: true})
	timeout, deadline := cloudflare.ErrAttemptTimeout, context.DeadlineExceeded
	for _, call := range retryCalls {
		with := func(errs ...error) []error {
			if call.write {
				errs = append(errs, cloudflare.ErrOutcomeUnknown)
			}
			return errs
		}
		tests := []struct {
			name     string
			own      time.Duration // WithTimeout
			client   time.Duration // http.Client.Timeout
			deadline time.Duration // the caller's; 0: none
			took     time.Duration
			is       []error
		}{
			{"the attempt's", 2 * time.Second, 0, 0, 2 * time.Second, with(timeout)},
			{"the attempt's, the caller's later", 2 * time.Second, 0, 3 * time.Second, 2 * time.Second, with(timeout)},
			{"the caller's, the attempt's later", 3 * time.Second, 0, 2 * time.Second, 2 * time.Second, with(deadline)},
			{"both at once", 2 * time.Second, 0, 2 * time.Second, 2 * time.Second, with(deadline)},
			{"the caller's, the attempt without", 0, 0, 2 * time.Hour, 2 * time.Hour, with(deadline)},
			{"the http.Client's", 0, 2 * time.Second, 0, 2 * time.Second, with(timeout)},
			{"the http.Client's, which is shorter", 3 * time.Second, 2 * time.Second, 4 * time.Second, 2 * time.Second, with(timeout)},
			{"the attempt's, which is shorter", 2 * time.Second, 3 * time.Second, 4 * time.Second, 2 * time.Second, with(timeout)},
		}
		for _, test := range tests {
			t.Run(call.method+"/"+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := &pipeServer{script: stalled}
					client := server.client(t, nil,
						cloudflare.WithHTTPClient(&http.Client{Transport: server.transport(), Timeout: test.client}),
						cloudflare.WithTimeout(test.own))
					ctx := t.Context()
					if test.deadline > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, test.deadline)
						defer cancel()
					}
					start := time.Now()
					assertMatchesOnly(t, call.do(ctx, client, cloudflare.SetMaxRetries(0)), test.is...)
					assert.Equal(t, test.took, time.Since(start))
				})
			})
		}
	}
}

// The cause of a context comes from the caller and is often the error of another call, as with errgroup. It is part of
// the error's text, but the error does not match it, even if a transport returns the cause as its own error.
func TestContextCause(t *testing.T) {
	ends := map[error]func(context.Context, error) context.Context{ // after a second
		context.Canceled: func(parent context.Context, cause error) context.Context {
			ctx, cancel := context.WithCancelCause(parent)
			time.AfterFunc(time.Second, func() { cancel(cause) })
			return ctx
		},
		context.DeadlineExceeded: func(parent context.Context, cause error) context.Context {
			ctx, cancel := context.WithTimeoutCause(parent, time.Second, cause)
			context.AfterFunc(parent, cancel)
			return ctx
		},
	}
	for name, cause := range map[string]error{
		"an error of the caller":       errors.New("shutting down"),
		"a failed dial":                connectionRefused,
		"a certificate":                &tls.CertificateVerificationError{Err: errors.New("signed by nobody")},
		"an attempt timeout":           cloudflare.ErrAttemptTimeout,
		"an unknown outcome":           cloudflare.ErrOutcomeUnknown,
		"the response to another call": &cloudflare.Error{StatusCode: 404, Method: "GET", Path: "/other"},
		"another deadline":             fmt.Errorf("other: %w", context.DeadlineExceeded),
	} {
		for _, call := range retryCalls {
			for ended, end := range ends {
				t.Run(name+"/"+call.method+"/"+ended.Error(), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						server, client := newPipeServer(t, pipeAlways(pipeReply{hang: true}))
						err := call.do(end(t.Context(), cause), client)
						want := []error{ended}
						if call.write {
							want = append(want, cloudflare.ErrOutcomeUnknown)
						}
						assertMatchesOnly(t, err, want...)
						assert.ErrorContains(t, err, cause.Error())
						var other *cloudflare.Error
						assert.False(t, errors.As(err, &other), "this call had no response")
						dials, _ := server.seen()
						assert.Len(t, dials, 1)
					})
				})
			}
		}
	}
}

// The cause of a context becomes part of an error only redacted and in part, whenever the context ends.
func TestCausesOfAContextAreRedactedAndShort(t *testing.T) {
	type moment struct {
		transport func(end func()) roundTripper
		limiter   func(end func())
	}
	respond := func(body io.Reader, status int) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {"7"}}, Body: io.NopCloser(body)}, nil
	}
	waits := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	}
	for name, m := range map[string]moment{
		"before": {},
		"under way": {transport: func(end func()) roundTripper {
			return func(r *http.Request) (*http.Response, error) { time.AfterFunc(time.Second, end); return waits(r) }
		}},
		"in the body": {transport: func(end func()) roundTripper {
			return func(r *http.Request) (*http.Response, error) {
				return respond(io.MultiReader(strings.NewReader(`{"succ`), readerFunc(func([]byte) (int, error) {
					end()
					<-r.Context().Done()
					return 0, context.Cause(r.Context())
				})), 200)
			}
		}},
		"in the limiter": {limiter: func(end func()) { end() }},
		"between attempts": {transport: func(end func()) roundTripper {
			return func(*http.Request) (*http.Response, error) {
				time.AfterFunc(time.Second, end)
				return respond(strings.NewReader(""), 503)
			}
		}},
		"between the requests of a wait": {transport: func(end func()) roundTripper {
			return func(*http.Request) (*http.Response, error) {
				time.AfterFunc(time.Millisecond, end)
				return respond(strings.NewReader(notFoundBody), 404)
			}
		}},
	} {
		for kind, cause := range map[string]error{
			"a credential": fmt.Errorf("the vault revoked %s", canaryToken), "divided": errors.New(canaryToken[:20] + "\u200b" + canaryToken[20:]),
			"100 kB": errors.New(strings.Repeat("é", 50_000)), "lines": errors.New("one\r\ntwo"),
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					end := func() { cancel(cause) }
					var records strings.Builder
					transport := http.RoundTripper(sendNothing(t))
					options := []cloudflare.Option{cloudflare.WithLogger(slog.New(slog.NewTextHandler(&records, nil)))}
					if m.transport != nil {
						transport = m.transport(end)
					} else if m.limiter == nil {
						end()
					}
					if m.limiter != nil {
						options = append(options, cloudflare.WithLimiter(limiterFunc(func(ctx context.Context) error { m.limiter(end); return ctx.Err() })))
					}
					client := newClient(t, transport, options...)
					_, err := client.Organizations.WaitUntilReadable(ctx, organizationID)
					require.ErrorIs(t, err, context.Canceled)
					assert.NotErrorIs(t, err, cause)
					for _, text := range []string{err.Error(), records.String()} {
						assert.NotContains(t, strings.ReplaceAll(text, "\u200b", ""), canaryToken)
						assert.Less(t, len(text), 1000)
					}
					assert.NotContains(t, err.Error(), "\n")
					for e := err; e != nil; e = errors.Unwrap(e) {
						assert.NotContains(t, strings.ReplaceAll(e.Error(), "\u200b", ""), canaryToken)
					}
				})
			})
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

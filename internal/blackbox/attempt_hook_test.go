package blackbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// recording returns a hook and the attempts that it has been called with.
func recording() (cloudflare.Option, *[]cloudflare.Attempt) {
	attempts := new([]cloudflare.Attempt)
	return cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { *attempts = append(*attempts, a) }), attempts
}

func TestAttemptHook(t *testing.T) {
	const second = time.Second
	path, route := "/organizations/"+organizationID, "/organizations/{organization_id}"
	slowly := func(reply pipeReply) pipeReply {
		respond := reply.response
		reply.response = func() string { <-time.After(2 * second); return respond() }
		return reply
	}
	ok := slowly(pipeResponse(200, organizationBody, "Cf-Ray: 86610873f8d987a9-IAD"))
	busy := slowly(pipeResponse(503, "", "Retry-After: 7"))
	blocked := slowly(pipeResponse(429, "", "Retry-After: 300", `Ratelimit: "default";r=0;t=300, "burst";r=3;t=9`, `Ratelimit-Policy: "default";q=1200;w=300`))
	cut := slowly(pipeReply{response: func() string { return pipeText(404, 100, "{") }})
	reset := pipeReply{reset: true}
	for _, test := range []struct {
		name    string
		method  string
		replies []pipeReply
		want    []cloudflare.Attempt // Err and Start left out
		errors  []string             // in Err, of each attempt
	}{
		{"success", "GET", []pipeReply{ok}, []cloudflare.Attempt{
			{Method: "GET", Path: path, Route: route, Number: 1, StatusCode: 200, RayID: "86610873f8d987a9-IAD", Waited: second, Duration: 2 * second},
		}, []string{""}},
		{"retry", "GET", []pipeReply{busy, ok}, []cloudflare.Attempt{
			{
				Method: "GET", Path: path, Route: route, Number: 1, StatusCode: 503, RetryAfter: 7 * second,
				Waited: second, Duration: 2 * second, Retry: true, RetryIn: 7 * second,
			},
			{Method: "GET", Path: path, Route: route, Number: 2, StatusCode: 200, RayID: "86610873f8d987a9-IAD", Waited: second, Duration: 2 * second},
		}, []string{"", ""}},
		{"unknown outcome", "POST", []pipeReply{busy}, []cloudflare.Attempt{
			{
				Method: "POST", Path: "/organizations", Route: "/organizations", Number: 1, StatusCode: 503,
				RetryAfter: 7 * second, Waited: second, Duration: 2 * second, OutcomeUnknown: true,
			},
		}, []string{""}},
		{"rate limit", "GET", []pipeReply{blocked}, []cloudflare.Attempt{
			{
				Method: "GET", Path: path, Route: route, Number: 1, StatusCode: 429, Waited: second, Duration: 2 * second,
				RetryAfter: 300 * second,
				RateLimits: []cloudflare.RateLimit{
					{Name: "default", Quota: 1200, Reset: 300 * second, Window: 300 * second},
					{Name: "burst", Remaining: 3, Reset: 9 * second},
				},
			},
		}, []string{""}},
		{"part of a response", "GET", []pipeReply{cut}, []cloudflare.Attempt{
			{Method: "GET", Path: path, Route: route, Number: 1, StatusCode: 404, Waited: second, Duration: 2 * second},
		}, []string{"unexpected EOF"}},
		{"no response", "POST", []pipeReply{reset}, []cloudflare.Attempt{
			{Method: "POST", Path: "/organizations", Route: "/organizations", Number: 1, Waited: second, OutcomeUnknown: true},
		}, []string{"connection reset"}},
		{"a path without a route", "PATCH", []pipeReply{ok}, []cloudflare.Attempt{
			{
				Method: "PATCH", Path: "/elsewhere", Route: "/elsewhere", Number: 1, StatusCode: 200,
				RayID: "86610873f8d987a9-IAD", Waited: second, Duration: 2 * second,
			},
		}, []string{""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hook, attempts := recording()
				_, client := newPipeServer(t, pipeScript(test.replies...), hook, cloudflare.WithLimiter(fixedWait(second)), cloudflare.WithMaxRateLimitWait(0))
				now := time.Now()
				_ = retryCallOf(t, test.method).do(t.Context(), client)
				require.Len(t, *attempts, len(test.want))
				for i, a := range *attempts {
					if test.errors[i] == "" {
						assert.NoError(t, a.Err)
					} else {
						assert.ErrorContains(t, a.Err, test.errors[i])
					}
					now = now.Add(a.Waited)
					assert.Equal(t, now, a.Start)
					now = now.Add(a.Duration + a.RetryIn)
					a.Err, a.Start = nil, time.Time{}
					assert.Equal(t, test.want[i], a)
				}
			})
		})
	}
}

// Attempts of Client.Call have the route of the request, whatever the values are, and so have errors of requests that
// were not sent.
func TestRouteOfCalls(t *testing.T) {
	hook, attempts := recording()
	client := newClient(t, respondWith(200, `{"success":true}`), hook)
	unsigned, err := cloudflare.NewClient(cloudflare.WithCredentialSource(func(context.Context) (cloudflare.Credential, error) {
		return cloudflare.Credential{}, errors.New("the vault is sealed")
	}))
	require.NoError(t, err)
	for _, test := range []struct {
		route  string
		values []string
		path   string
	}{
		{"/zones", nil, "/zones"},
		{"/zones/{zone_id}", []string{"z1"}, "/zones/z1"},
		{"/zones/{zone_id}/settings/{name}", []string{"z1", "a b"}, "/zones/z1/settings/a%20b"},
		{"/{kind}/{kind}", []string{"{x}", "null"}, "/%7Bx%7D/null"},
		{"/organizations/{organization_id}/members:batchCreate", []string{"o1"}, "/organizations/o1/members:batchCreate"},
	} {
		request := cloudflare.Request{Method: "GET", Route: test.route, PathValues: test.values}
		require.NoError(t, client.Call(t.Context(), request, nil))
		attempt := (*attempts)[len(*attempts)-1]
		assert.Equal(t, test.route, attempt.Route)
		assert.Equal(t, test.path, attempt.Path)

		err := unsigned.Call(t.Context(), request, nil)
		assert.EqualError(t, err, "cloudflare: GET "+test.route+": credential source: the vault is sealed (nothing was sent)")
	}
}

// The route of every method has placeholders in the places of IDs.
func TestRoutesHoldNoIDs(t *testing.T) {
	hook, attempts := recording()
	client := newClient(t, respondWith(500, ""), noRetries, hook)
	for _, m := range everyMethod {
		*attempts = nil
		_, err := m.call(t.Context(), client)
		require.Error(t, err, m.name)
		require.Len(t, *attempts, 1, m.name)
		a := (*attempts)[0]
		assert.Equal(t, m.path(), a.Path, m.name)
		assert.Equal(t, m.operation, a.Method+" "+a.Route, m.name)
	}
}

func TestAttemptHooksAddUp(t *testing.T) {
	var ran []string
	hook := func(name string) cloudflare.Option {
		return cloudflare.WithAttemptHook(func(context.Context, cloudflare.Attempt) { ran = append(ran, name) })
	}
	logger := func(name string) cloudflare.Option {
		return cloudflare.WithLogger(slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
			ran = append(ran, name)
			return len(p), nil
		}), &slog.HandlerOptions{Level: slog.LevelDebug})))
	}
	client := newClient(t, respondWith(200, `{"success":true}`), hook("first"), logger("log"), hook("second"), logger("other log"))
	require.NoError(t, client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/x"}, nil))
	assert.Equal(t, []string{"first", "log", "second", "other log"}, ran)

	_, err := cloudflare.NewClient(cloudflare.WithAPIToken("t"), cloudflare.WithAttemptHook(nil))
	require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
	assert.ErrorContains(t, err, "WithAttemptHook: the hook is nil")
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A hook runs after its attempt and before the wait for the next one, with the context of the call.
func TestAttemptHooksRunBeforeTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var at []time.Time
		server, client := newPipeServer(t, pipeScript(pipeResponse(503, "", "Retry-After: 7"), pipeResponse(200, organizationBody)),
			cloudflare.WithAttemptHook(func(ctx context.Context, _ cloudflare.Attempt) {
				assert.Equal(t, "of the call", ctx.Value(key{}))
				at = append(at, time.Now())
				<-time.After(time.Second)
			}))
		require.NoError(t, getOrganization(context.WithValue(t.Context(), key{}, "of the call"), client))
		dials, _ := server.seen()
		require.Len(t, dials, 2)
		assert.Equal(t, dials, at)
		assert.Equal(t, 8*time.Second, dials[1].Sub(dials[0]))
	})
}

// A call that sends nothing has no attempt.
func TestAttemptHooksNeedAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook, attempts := recording()
		_, client := newPipeServer(t, pipeAlways(limitedReply(0, 300)), hook, cloudflare.WithMaxRateLimitWait(0))
		_, err := client.Organizations.Get(t.Context(), "..")
		require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, getOrganization(canceled, client), context.Canceled)
		assert.Empty(t, *attempts)
		require.NoError(t, getOrganization(t.Context(), client))
		require.ErrorIs(t, getOrganization(t.Context(), client), cloudflare.ErrRateLimited)
		assert.Len(t, *attempts, 1)
	})
}

// panicOf returns the panic that ends f, or nil if its goroutine ends. It is an error if f returns.
func panicOf(t *testing.T, f func()) any {
	reached := make(chan any)
	go func() {
		defer func() { reached <- recover() }()
		f()
		t.Error("it returned")
	}()
	return <-reached
}

// A hook that panics, or ends its goroutine, ends its own call, and the client remains usable: also where only one
// request may be under way.
func TestPanickingAttemptHook(t *testing.T) {
	for name, test := range map[string]struct {
		end   func()
		panic any
	}{
		"panics":             {func() { panic("broken hook") }, "broken hook"},
		"ends the goroutine": {runtime.Goexit, nil},
	} {
		for _, reply := range []pipeReply{limitedReply(1, 300), {reset: true}} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					runs := 0
					_, client := newPipeServer(t, pipeScript(limitedReply(2, 300), reply, limitedReply(1, 300)),
						cloudflare.WithAttemptHook(func(context.Context, cloudflare.Attempt) {
							if runs++; runs == 2 {
								test.end()
							}
						}))
					require.NoError(t, getOrganization(t.Context(), client))
					assert.Equal(t, test.panic, panicOf(t, func() { _ = getOrganization(t.Context(), client) }))
					start := time.Now()
					require.NoError(t, getOrganization(t.Context(), client))
					assert.Zero(t, time.Since(start))
				})
			})
		}
	}
}

// A hook that blocks holds its own call, and no other: also where only one request may be under way.
func TestBlockingAttemptHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type blocked struct{}
		_, client := newPipeServer(t, pipeAlways(limitedReply(1, 300)),
			cloudflare.WithAttemptHook(func(ctx context.Context, _ cloudflare.Attempt) {
				if ctx.Value(blocked{}) != nil {
					<-time.After(time.Hour)
				}
			}))
		start := time.Now()
		done := make(chan time.Duration)
		go func() {
			assert.NoError(t, getOrganization(context.WithValue(t.Context(), blocked{}, true), client))
			done <- time.Since(start)
		}()
		synctest.Wait()
		for range 5 {
			require.NoError(t, getOrganization(t.Context(), client))
		}
		assert.Zero(t, time.Since(start))
		assert.Equal(t, time.Hour, <-done)
	})
}

// Whatever a server or transport echoes, an Attempt holds no credential.
func TestAttemptsHoldNoCredential(t *testing.T) {
	for name, transport := range map[string]http.RoundTripper{
		"response": respondWith(403, canaryToken, "Cf-Ray: "+canaryToken, `Ratelimit: "`+canaryToken+`";r=0;t=1`),
		"error":    fail(errors.New("Bearer " + canaryToken)),
	} {
		hook, attempts := recording()
		client := newClient(t, transport, noRetries, hook)
		_, err := client.Organizations.Get(t.Context(), canaryToken)
		require.Error(t, err)
		require.Len(t, *attempts, 1)
		requireNoCanary(t, name, *attempts)
	}
	// A route rejects the credentials of Cloudflare, which are long, but a short one is an ordinary segment.
	hook, attempts := recording()
	client, err := cloudflare.NewClient(cloudflare.WithAPIToken(canary+canary), hook,
		cloudflare.WithHTTPClient(&http.Client{Transport: respondWith(403, "")}))
	require.NoError(t, err)
	err = client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/" + canary + canary}, nil)
	require.Error(t, err)
	require.Len(t, *attempts, 1)
	requireNoCanary(t, "a short token", *attempts)
}

// The attributes of log records, in their order, and their kinds are documented.
func TestLogAttributeKinds(t *testing.T) {
	kinds := map[string]slog.Kind{
		"method": slog.KindString, "path": slog.KindString, "attempt": slog.KindInt64, "duration": slog.KindDuration,
		"status": slog.KindInt64, "ray_id": slog.KindString, "error": slog.KindString, "waited": slog.KindDuration,
		"outcome_unknown": slog.KindBool, "retry_in": slog.KindDuration,
	}
	synctest.Test(t, func(t *testing.T) {
		seen := make(map[string]slog.Kind)
		var messages []string
		logger := slog.New(handlerFunc(func(_ context.Context, r slog.Record) error {
			messages = append(messages, r.Message)
			r.Attrs(func(a slog.Attr) bool {
				seen[a.Key] = a.Value.Kind()
				return true
			})
			return nil
		}))
		_, client := newPipeServer(t, pipeScript(pipeReply{reset: true}, pipeResponse(503, "", "Cf-Ray: 8-IAD"), pipeResponse(200, organizationBody)),
			cloudflare.WithLogger(logger), cloudflare.WithLimiter(fixedWait(time.Second)))
		require.NoError(t, retryCallOf(t, "PUT").do(t.Context(), client))
		assert.Equal(t, kinds, seen)
		assert.Equal(t, slices.Repeat([]string{"cloudflare request"}, 3), messages)
	})
}

// handlerFunc is a handler of everything.
type handlerFunc func(context.Context, slog.Record) error

func (f handlerFunc) Enabled(context.Context, slog.Level) bool        { return true }
func (f handlerFunc) Handle(ctx context.Context, r slog.Record) error { return f(ctx, r) }
func (f handlerFunc) WithAttrs([]slog.Attr) slog.Handler              { return f }
func (f handlerFunc) WithGroup(string) slog.Handler                   { return f }

// An Attempt can be written to an audit log as it is.
func TestAttemptsCanBeEncoded(t *testing.T) {
	var out bytes.Buffer
	client := newClient(t, respondWith(404, ""), cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
		require.NoError(t, json.NewEncoder(&out).Encode(a))
	}))
	_, err := client.Organizations.Get(t.Context(), "o1")
	require.Error(t, err)
	assert.True(t, strings.HasPrefix(out.String(),
		`{"Method":"GET","Path":"/organizations/o1","Route":"/organizations/{organization_id}","Number":1,"StatusCode":404,`), fmt.Sprint(&out))
}

// The status of a response whose body the caller did not wait for is known all the same.
func TestAttemptThatTheCallerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		hook, attempts := recording()
		_, client := newPipeServer(t, pipeAlways(pipeReply{
			response: func() string { return pipeText(409, 100, "half", "Cf-Ray: 8-IAD") },
			hang:     true,
		}), hook, cloudflare.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, getOrganization(ctx, client))
		require.Len(t, *attempts, 1)
		a := (*attempts)[0]
		assert.Equal(t, 409, a.StatusCode)
		assert.Equal(t, "8-IAD", a.RayID)
		assert.ErrorIs(t, a.Err, context.DeadlineExceeded)
		assert.Contains(t, logged.String(), ` duration=1s status=409 ray_id=8-IAD error="context deadline exceeded"`)
	})
}

// The time that hooks take is not a wait of the next attempt.
func TestWaitedIsWithoutHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waited []time.Duration
		_, client := newPipeServer(t, pipeScript(pipeResponse(503, ""), pipeResponse(404, "")),
			cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
				waited = append(waited, a.Waited)
				<-time.After(3 * time.Second)
			}))
		require.Error(t, getOrganization(t.Context(), client))
		assert.Equal(t, []time.Duration{0, 0}, waited)
	})
}

// A hook is not told of another attempt that a pause prevents, and the call fails without a wait.
func TestNoRetryIntoAPause(t *testing.T) {
	for name, test := range map[string]struct {
		deadline time.Duration
		opts     []cloudflare.Option
	}{
		"longer than the maximum": {time.Hour, []cloudflare.Option{cloudflare.WithMaxRateLimitWait(0)}},
		"past the deadline":       {30 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var retries []bool
				hook := cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { retries = append(retries, a.Retry) })
				_, client := newPipeServer(t, pipeScript(pipeResponse(503, "", limitHeader(0, 60))), append(test.opts, hook)...)
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				start := time.Now()
				err := getOrganization(ctx, client)
				assertMatchesOnly(t, err, cloudflare.ErrRateLimited)
				assert.Equal(t, time.Minute, cloudflare.RetryAfter(err))
				assert.Zero(t, time.Since(start))
				assert.Equal(t, []bool{false}, retries)
			})
		})
	}
}

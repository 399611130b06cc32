package blackbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// rejectingServer rejects every token but one, and knows what was sent.
type rejectingServer struct {
	rejection roundTripper
	accepted  string
	success   string

	mu             sync.Mutex
	tokens, bodies []string // of all requests
}

func (s *rejectingServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	s.tokens, s.bodies = append(s.tokens, token), append(s.bodies, string(body))
	if token == s.accepted && token != "" {
		return respondWith(200, s.success)(r)
	}
	return s.rejection(r)
}

func (s *rejectingServer) client(t *testing.T, source credentialSource, opts ...cloudflare.Option) *cloudflare.Client {
	t.Helper()
	client, err := cloudflare.NewClient(append([]cloudflare.Option{
		cloudflare.WithCredentialSource(source), cloudflare.WithHTTPClient(&http.Client{Transport: s}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// numbered returns a source that returns another token each time, and what it was told of rejected ones.
func numbered() (credentialSource, *[]string) {
	asked, told := 0, new([]string)
	return func(ctx context.Context) (cloudflare.Credential, error) {
		rejected, ok := cloudflare.RejectedCredential(ctx)
		before := "none"
		for i := range asked + 1 {
			if ok && rejected.Equal(cloudflare.TokenCredential(fmt.Sprint("t", i))) {
				before = fmt.Sprint("t", i)
			}
		}
		asked++
		*told = append(*told, before)
		return cloudflare.TokenCredential(fmt.Sprint("t", asked)), nil
	}, told
}

const rejection10000 = `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[]}`

// A rejected credential is replaced once, for each method, without a wait and without regard to the retries.
func TestRejectedCredentials(t *testing.T) {
	for _, call := range retryCalls {
		if call.method == http.MethodHead {
			continue // without a body, it is not known who rejected it
		}
		for _, maxRetries := range []int{0, 3, math.MaxInt} {
			t.Run(fmt.Sprintf("%s/%d", call.method, maxRetries), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var attempts []cloudflare.Attempt
					var events []string
					source, told := numbered()
					server := &rejectingServer{rejection: respondWith(403, rejection10000, "Retry-After: 300"), accepted: "t2", success: call.success}
					client := server.client(t, func(ctx context.Context) (cloudflare.Credential, error) {
						events = append(events, "source")
						return source(ctx)
					},
						cloudflare.WithMaxRetries(maxRetries),
						cloudflare.WithLimiter(limiterFunc(func(context.Context) error { events = append(events, "limiter"); return nil })),
						cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
							events = append(events, "hook")
							attempts = append(attempts, a)
						}))
					var response cloudflare.Response
					start := time.Now()
					require.NoError(t, call.do(t.Context(), client, cloudflare.CaptureResponse(&response)))

					assert.Equal(t, []string{"t1", "t2"}, server.tokens)
					assert.Equal(t, []string{"none", "t1"}, *told)
					assert.Equal(t, []string{"limiter", "source", "source", "hook", "limiter", "hook"}, events)
					assert.Zero(t, time.Since(start))
					assert.Equal(t, []string{call.body, call.body}, server.bodies)
					assert.Equal(t, 2, response.Attempts)
					require.Len(t, attempts, 2)
					assert.True(t, attempts[0].Retry)
					assert.Zero(t, attempts[0].RetryIn)
					assert.False(t, attempts[0].OutcomeUnknown)
					assert.False(t, attempts[1].Retry)
				})
			})
		}
	}
}

// After the second rejection, the call returns the response: a third credential is not asked for.
func TestCredentialsAreReplacedOnce(t *testing.T) {
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		source, told := numbered()
		server := &rejectingServer{rejection: respondWith(403, rejection10000)}
		err := retryCallOf(t, method).do(t.Context(), server.client(t, source))
		assertAvailability(t, err, cloudflare.ErrForbidden)
		assert.ErrorContains(t, err, "2 attempts")
		assert.Equal(t, []string{"t1", "t2"}, server.tokens)
		assert.Equal(t, []string{"none", "t1"}, *told)
	}
}

// The replacement does not count as a retry, and the retries of a call do not use it up.
func TestReplacementsDoNotCountAsRetries(t *testing.T) {
	busy, rejected, ok := pipeResponse(503, ""), pipeResponse(403, rejection10000), pipeResponse(200, organizationBody)
	for name, test := range map[string]struct {
		replies []pipeReply
		dials   int
		fails   bool
	}{
		"before the retries":  {[]pipeReply{rejected, busy, busy, ok}, 4, false},
		"after the retries":   {[]pipeReply{busy, busy, rejected, ok}, 4, false},
		"one retry too many":  {[]pipeReply{rejected, busy, busy, busy, ok}, 4, true},
		"rejected twice":      {[]pipeReply{rejected, busy, rejected, ok}, 3, true},
		"after no connection": {[]pipeReply{{dialError: connectionRefused}, rejected, ok}, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, _ := numbered()
				server, client := sourced(t, pipeScript(test.replies...), source, cloudflare.WithMaxRetries(2))
				err := getOrganization(t.Context(), client)
				assert.Equal(t, test.fails, err != nil, "%v", err)
				dials, _ := server.seen()
				assert.Len(t, dials, test.dials)
			})
		})
	}
}

// Only a response in which the API itself rejects the credential is followed by another attempt.
func TestOnlyTheAPIRejectsCredentials(t *testing.T) {
	envelope := func(code int) string { return errorBody(code, "no") }
	for _, test := range []struct {
		name     string
		response roundTripper
		rejects  bool
	}{
		{"401", respondWith(401, envelope(1)), true},
		{"401 without errors", respondWith(401, `{"success":false,"errors":[]}`), true},
		{"401 and code 10000", respondWith(401, envelope(10000)), true},
		{"403 and code 10000", respondWith(403, envelope(10000)), true},
		{"403 and code 9103", respondWith(403, envelope(9103)), true},
		{"403 and code 9109", respondWith(403, envelope(9109)), true},
		{"403 and a code in a chain", respondWith(403, `{"success":false,"errors":[{"code":1,"error_chain":[{"code":9109}]}]}`), true},
		{"403 that is whole, then cut", cutOff(403, envelope(10000)), true},

		{"401 and code 6003", respondWith(401, envelope(6003)), false},
		{"401 and code 9106", respondWith(401, envelope(9106)), false},
		{"403 and code 6003", respondWith(403, envelope(6003)), false},
		{"403 and codes 10000 and 9106", respondWith(403, `{"success":false,"errors":[{"code":10000},{"code":9106}]}`), false},
		{"403 and another code", respondWith(403, envelope(1003)), false},
		{"403 without errors", respondWith(403, `{"success":false,"errors":[]}`), false},
		{"400 and code 10000", respondWith(400, envelope(10000)), false},
		{"405 and code 10000", respondWith(405, envelope(10000)), false},
		{"404 and code 10000", respondWith(404, envelope(10000)), false},
		{"407 and code 10000", respondWith(407, envelope(10000)), false},
		{"200 and code 10000", respondWith(200, envelope(10000)), false},
		{"401 of a proxy", respondWith(401, "<html>"), false},
		{"401 that is empty", respondWith(401, ""), false},
		{"401 without an envelope", respondWith(401, `{"errors":[{"code":10000}]}`), false},
		{"401 that reports success", respondWith(401, `{"success":true,"errors":[{"code":10000}]}`), false},
		{"403 of the edge", respondWith(403, `{"title":"no","error_code":10000}`), false},
		{"403 cut", cutOff(403, envelope(10000)[:40]), false},
		{"403 with cut JSON", respondWith(403, envelope(10000)[:40]), false},
	} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			t.Run(test.name+"/"+method, func(t *testing.T) {
				call := retryCallOf(t, method)
				source, told := numbered()
				server := &rejectingServer{rejection: test.response, accepted: "t2", success: call.success}
				err := call.do(t.Context(), server.client(t, source))
				if test.rejects {
					require.NoError(t, err)
					assert.Equal(t, []string{"t1", "t2"}, server.tokens)
					return
				}
				require.Error(t, err)
				assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
				assert.Equal(t, []string{"t1"}, server.tokens)
				assert.Equal(t, []string{"none"}, *told)
			})
		}
	}
	server := &rejectingServer{rejection: respondWith(401, "")} // to HEAD
	source, _ := numbered()
	require.ErrorIs(t, retryCallOf(t, http.MethodHead).do(t.Context(), server.client(t, source)), cloudflare.ErrUnauthorized)
	assert.Len(t, server.tokens, 1)

	// Without a source there is no other credential.
	_, err := newClient(t, server).Organizations.Get(t.Context(), "o1")
	require.Error(t, err)
	assert.Len(t, server.tokens, 2)
}

// A source that has no other credential leaves the response as it is.
func TestRejectedCredentialsWithoutAnother(t *testing.T) {
	key := cloudflare.KeyCredential("k", "me@example.com")
	for name, test := range map[string]struct {
		first, second cloudflare.Credential
		err           error
		attempts      int
	}{
		"the same token":       {cloudflare.TokenCredential("t"), cloudflare.TokenCredential("t"), nil, 1},
		"the same key":         {key, cloudflare.KeyCredential("k", "me@example.com"), nil, 1},
		"an error":             {key, cloudflare.TokenCredential("t"), errors.New("the vault is sealed"), 1},
		"no credential":        {key, cloudflare.Credential{}, nil, 1},
		"an empty token":       {key, cloudflare.TokenCredential(""), nil, 1},
		"a bad token":          {key, cloudflare.TokenCredential("a b"), nil, 1},
		"another token":        {cloudflare.TokenCredential("t"), cloudflare.TokenCredential("u"), nil, 2},
		"a key for a token":    {cloudflare.TokenCredential("k"), key, nil, 2},
		"another address":      {key, cloudflare.KeyCredential("k", "you@example.com"), nil, 2},
		"another key":          {key, cloudflare.KeyCredential("l", "me@example.com"), nil, 2},
		"a token for that key": {key, cloudflare.TokenCredential("k"), nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			server := &rejectingServer{rejection: respondWith(401, rejection10000)}
			client := server.client(t, func(ctx context.Context) (cloudflare.Credential, error) {
				if asked++; asked == 1 {
					return test.first, nil
				}
				rejected, ok := cloudflare.RejectedCredential(ctx)
				assert.True(t, ok && rejected.Equal(test.first) && test.first.Equal(rejected))
				return test.second, test.err
			})
			var response cloudflare.Response
			err := retryCallOf(t, "POST").do(t.Context(), client, cloudflare.CaptureResponse(&response))
			assertAvailability(t, err, cloudflare.ErrUnauthorized)
			assert.ErrorAs(t, err, new(*cloudflare.Error))
			assert.NotContains(t, err.Error(), "sealed")
			assert.Equal(t, test.attempts, response.Attempts)
			assert.Len(t, server.tokens, test.attempts)
			assert.Equal(t, 2, asked)
		})
	}
	assert.True(t, cloudflare.Credential{}.Equal(cloudflare.Credential{}))
	assert.False(t, key.Equal(cloudflare.Credential{}))
	assert.False(t, cloudflare.Credential{}.Equal(key))
	_, ok := cloudflare.RejectedCredential(context.Background())
	assert.False(t, ok)
}

// The limiter, the rate limit and the context of the caller may end the call before the other attempt. If there is
// another credential, the error does not say that the API rejects it.
func TestRejectedCredentialsAndTheRateLimit(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		header  string
		opts    []cloudflare.Option
		limiter failureAt
		cancel  bool    // while the source works
		is      []error // and no other sentinel
		waits   time.Duration
	}{
		"the rate limit resets soon": {header: limitHeader(0, 20), waits: 20 * time.Second},
		"the rate limit resets too late": {
			header: limitHeader(0, 20), opts: []cloudflare.Option{cloudflare.WithMaxRateLimitWait(0)}, is: []error{cloudflare.ErrRateLimited},
		},
		"the limiter fails":  {limiter: failureAt{2, broken}, is: []error{broken}},
		"the caller cancels": {cancel: true, is: []error{cloudflare.ErrForbidden}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				source, _ := numbered()
				waits := 0
				server := &rejectingServer{rejection: respondWith(403, rejection10000, test.header), accepted: "t2", success: organizationBody}
				last := cloudflare.Attempt{}
				opts := append(test.opts, cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { last = a }),
					cloudflare.WithLimiter(limiterFunc(func(context.Context) error {
						if waits++; waits == test.limiter.call {
							return test.limiter.err
						}
						return nil
					})))
				client := server.client(t, func(ctx context.Context) (cloudflare.Credential, error) {
					if _, ok := cloudflare.RejectedCredential(ctx); ok && test.cancel {
						cancel()
					}
					return source(ctx)
				}, opts...)
				start := time.Now()
				err := getOrganization(ctx, client)
				assert.Equal(t, test.waits, time.Since(start))
				if test.is == nil {
					require.NoError(t, err)
					assert.Len(t, server.tokens, 2)
					return
				}
				assertMatchesOnly(t, err, slices.DeleteFunc(slices.Clone(test.is), func(is error) bool { return is == broken })...)
				for _, is := range test.is {
					assert.ErrorIs(t, err, is)
				}
				assert.Equal(t, test.limiter.err != nil, last.Retry, "only the limiter is asked after the hook")
				assert.Len(t, server.tokens, 1)
			})
		})
	}
}

// If the attempt with another credential gets no response, the rejection of the credential before says nothing of it.
func TestNoResponseWithAnotherCredential(t *testing.T) {
	for _, status := range []int{401, 403} {
		source, _ := numbered()
		rejection := func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") != "Bearer t1" {
				return nil, io.ErrUnexpectedEOF
			}
			return respondWith(status, rejection10000)(r)
		}
		client := (&rejectingServer{rejection: rejection}).client(t, source, noRetries)
		err := getOrganization(t.Context(), client)
		assertMatchesOnly(t, err, cloudflare.ErrUnavailable)
		assert.ErrorContains(t, err, fmt.Sprint("; the last response was GET /organizations/", organizationID, ": ", status))
	}
}

// failureAt is an error of the n-th call of a function.
type failureAt struct {
	call int // from 1; 0: none
	err  error
}

// No secret of either credential shows, also where the server echoes both.
func TestRejectedCredentialsAreRedacted(t *testing.T) {
	echo := fmt.Sprintf(`{"success":false,"errors":[{"code":10000,"message":"%s %s %s"}]}`, canaryToken, canaryKey, canaryEmail)
	server := &rejectingServer{rejection: respondWith(403, echo, "X-Echo: "+canaryToken+canaryKey)}
	var attempts []cloudflare.Attempt
	client := server.client(t, inTurn(cloudflare.TokenCredential(canaryToken), cloudflare.KeyCredential(canaryKey, canaryEmail)),
		cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { attempts = append(attempts, a) }))
	var response cloudflare.Response
	_, err := client.Organizations.Get(t.Context(), canaryToken, cloudflare.CaptureResponse(&response))
	require.ErrorIs(t, err, cloudflare.ErrForbidden)
	requireNoCanary(t, "the error", err)
	requireNoCanary(t, "the response", response)
	require.Len(t, attempts, 2)
	requireNoCanary(t, "the attempt", attempts[1])
}

// 500 tenants with a client each, and 500 calls of one client, whose tokens are replaced while they are cached: none
// fails, and one call fetches the new token of a tenant for all others.
func TestRotationUnderLoad(t *testing.T) {
	for name, test := range map[string]struct{ tenants, calls int }{
		"500 tenants":            {500, 1},
		"500 calls of one":       {1, 500},
		"20 tenants of 25 calls": {20, 25},
	} {
		t.Run(name, func(t *testing.T) {
			var group sync.WaitGroup
			var mu sync.Mutex
			var failed []error
			caches := make([]*cache, test.tenants)
			for i := range caches {
				cached := &cache{fetch: func() string { return fmt.Sprint("new-", i) }, current: cloudflare.TokenCredential(fmt.Sprint("old-", i))}
				caches[i] = cached
				server := &rejectingServer{rejection: respondWith(403, rejection10000), accepted: fmt.Sprint("new-", i), success: organizationBody}
				client := server.client(t, cached.credential, noRetries)
				for n := range test.calls {
					group.Go(func() {
						call := retryCallOf(t, []string{"GET", "POST", "PUT"}[n%3])
						if err := call.do(t.Context(), client); err != nil {
							mu.Lock()
							defer mu.Unlock()
							failed = append(failed, err)
						}
					})
				}
			}
			group.Wait()
			assert.Empty(t, failed)
			assert.False(t, slices.ContainsFunc(caches, func(c *cache) bool { return c.fetched != 1 }), "each token is fetched once")
		})
	}
}

// cache is a credential source that drops what was rejected.
type cache struct {
	fetch func() string

	mu      sync.Mutex
	current cloudflare.Credential
	fetched int
}

func (c *cache) credential(ctx context.Context) (cloudflare.Credential, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rejected, ok := cloudflare.RejectedCredential(ctx); ok && c.current.Equal(rejected) {
		c.fetched++
		c.current = cloudflare.TokenCredential(c.fetch())
	}
	return c.current, nil
}

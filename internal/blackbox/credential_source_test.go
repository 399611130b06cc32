package blackbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
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

type credentialSource = func(context.Context) (cloudflare.Credential, error)

// sourced returns a client of a script of replies, with a credential source.
func sourced(t *testing.T, script func(n int) pipeReply, source credentialSource, opts ...cloudflare.Option) (*pipeServer, *cloudflare.Client) {
	t.Helper()
	server := &pipeServer{script: script}
	client, err := cloudflare.NewClient(append([]cloudflare.Option{
		cloudflare.WithCredentialSource(source),
		cloudflare.WithBaseURL("http://localhost/client/v4"),
		cloudflare.WithHTTPClient(&http.Client{Transport: server.transport()}),
	}, opts...)...)
	require.NoError(t, err)
	return server, client
}

// inTurn returns a source that returns each credential once, and the last one from then on.
func inTurn(all ...cloudflare.Credential) credentialSource {
	var asked atomic.Int64
	return func(context.Context) (cloudflare.Credential, error) {
		return all[min(int(asked.Add(1)), len(all))-1], nil
	}
}

// signedWith returns the headers of a request that carry credentials.
func signedWith(r pipeRequest) map[string]string {
	signed := make(map[string]string)
	for _, name := range []string{"Authorization", "X-Auth-Key", "X-Auth-Email"} {
		if values := r.header.Values(name); len(values) > 0 {
			signed[name] = strings.Join(values, ", ")
		}
	}
	return signed
}

func TestCredentialSourceSignsEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := sourced(t, pipeScript(pipeResponse(503, ""), pipeResponse(503, ""), pipeResponse(200, organizationBody)), inTurn(
			cloudflare.TokenCredential("first"), cloudflare.KeyCredential("key", "me@example.com"), cloudflare.TokenCredential("second")))
		require.NoError(t, getOrganization(t.Context(), client))
		require.NoError(t, getOrganization(t.Context(), client))

		_, requests := server.seen()
		var signed []map[string]string
		for _, r := range requests {
			signed = append(signed, signedWith(r))
		}
		second := map[string]string{"Authorization": "Bearer second"}
		assert.Equal(t, []map[string]string{
			{"Authorization": "Bearer first"},
			{"X-Auth-Key": "key", "X-Auth-Email": "me@example.com"},
			second, second,
		}, signed)
	})
}

// The source is asked when a request is about to be sent: not by NewClient, not for a call that sends nothing, and only
// after the waits for the limiter and the rate limit.
func TestCredentialSourceIsAskedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var asked []time.Time
		source := func(ctx context.Context) (cloudflare.Credential, error) {
			assert.Equal(t, "of the call", ctx.Value(key{}))
			asked = append(asked, time.Now())
			<-time.After(3 * time.Second)
			return cloudflare.TokenCredential("token"), nil
		}
		server, client := sourced(t, pipeScript(limitedReply(0, 20), pipeResponse(200, organizationBody)), source,
			cloudflare.WithLimiter(fixedWait(5*time.Second)))
		ctx := context.WithValue(t.Context(), key{}, "of the call")
		assert.Empty(t, asked, "by NewClient")
		_, err := client.Organizations.Get(ctx, "../x")
		require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		assert.Empty(t, asked, "for an invalid argument")

		start := time.Now()
		require.NoError(t, getOrganization(ctx, client))
		require.NoError(t, getOrganization(ctx, client))
		dials, _ := server.seen()
		assert.Equal(t, []time.Duration{5 * time.Second, 28 * time.Second}, sinceEach(start, asked))
		assert.Equal(t, []time.Duration{8 * time.Second, 31 * time.Second}, sinceEach(start, dials))

		late, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err = client.Organizations.Get(late, organizationID)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, asked, 2, "for a call that the limiter ends")
	})
}

func sinceEach(start time.Time, times []time.Time) (since []time.Duration) {
	for _, t := range times {
		since = append(since, t.Sub(start))
	}
	return since
}

// A source that fails ends the call before the attempt: what earlier attempts came to is not changed by it.
func TestCredentialSourceThatFails(t *testing.T) {
	broken := errors.New("no vault")
	good := cloudflare.TokenCredential("g00d")
	_, elsewhere := newPipeServer(t, pipeAlways(pipeResponse(404, rejectedBody)))
	notFound := getOrganization(t.Context(), elsewhere)
	require.ErrorIs(t, notFound, cloudflare.ErrNotFound)
	unknown := cloudflare.ErrOutcomeUnknown
	for _, test := range []struct {
		name   string
		at     int // the attempt before which it fails
		fails  func() (cloudflare.Credential, error)
		method string
		text   string
		is     []error
	}{
		{"before a read", 1, func() (cloudflare.Credential, error) { return good, broken }, "GET", "no vault", []error{broken}},
		{"before a write", 1, func() (cloudflare.Credential, error) { return good, broken }, "POST", "no vault", []error{broken}},
		{"between reads", 2, func() (cloudflare.Credential, error) { return good, broken }, "GET", "no vault", []error{broken}},
		{"between writes", 2, func() (cloudflare.Credential, error) { return good, broken }, "PUT", "no vault", []error{broken, unknown}},

		{
			"with the error of another call", 1,
			func() (cloudflare.Credential, error) { return good, fmt.Errorf("vault: %w", notFound) },
			"GET", "404 Not Found", nil,
		},
		{
			"with the outcome of another call", 1,
			func() (cloudflare.Credential, error) { return good, fmt.Errorf("vault: %w", unknown) },
			"POST", "outcome unknown", nil,
		},
		{"with a deadline of its own", 1, func() (cloudflare.Credential, error) { return good, context.DeadlineExceeded }, "GET", "deadline", nil},
		{"with a cancellation of its own", 1, func() (cloudflare.Credential, error) { return good, context.Canceled }, "GET", "canceled", nil},

		{"with no credential", 1, func() (cloudflare.Credential, error) { return cloudflare.Credential{}, nil }, "GET", "no credential", nil},
		{"with no token", 1, func() (cloudflare.Credential, error) { return cloudflare.TokenCredential(""), nil }, "POST", "API token is empty", nil},
		{
			"with a token in two", 2,
			func() (cloudflare.Credential, error) { return cloudflare.TokenCredential(canary + "\n"), nil },
			"PUT", "API token contains white space", []error{unknown},
		},
		{"with no key", 1, func() (cloudflare.Credential, error) { return cloudflare.KeyCredential("", "a@"+canary), nil }, "GET", "API key is empty", nil},
		{
			"with no email address", 1,
			func() (cloudflare.Credential, error) { return cloudflare.KeyCredential(canary, ""), nil },
			"GET", "email address is empty", nil,
		},
		{
			"with a bad email address", 1,
			func() (cloudflare.Credential, error) { return cloudflare.KeyCredential("k", canary), nil },
			"GET", "email address has no @", nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				server, client := sourced(t, pipeAlways(pipeResponse(503, rejectedBody)), func(context.Context) (cloudflare.Credential, error) {
					if asked++; asked == test.at {
						return test.fails()
					}
					return good, nil
				})
				var response cloudflare.Response
				err := retryCallOf(t, test.method).do(t.Context(), client, cloudflare.CaptureResponse(&response))
				assertMatchesOnly(t, err, test.is...)
				for _, is := range test.is {
					assert.ErrorIs(t, err, is)
				}
				assert.ErrorContains(t, err, "credential source: ")
				assert.ErrorContains(t, err, test.text)
				requireNoCanary(t, test.name, err)
				assert.Equal(t, test.at-1, response.Attempts)
				if test.at == 1 {
					assert.ErrorContains(t, err, "nothing was sent")
					e, ok := errors.AsType[*cloudflare.Error](err)
					assert.False(t, ok, "%v", e)
				} else {
					assert.Equal(t, 503, response.StatusCode)
				}
				dials, _ := server.seen()
				assert.Len(t, dials, test.at-1)
			})
		})
	}
}

// A source that works longer than the caller waits sends nothing when it is done.
func TestCredentialSourceAndTheCallersContext(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := sourced(t, pipeAlways(pipeResponse(200, organizationBody)), func(context.Context) (cloudflare.Credential, error) {
					<-time.After(time.Minute)
					return cloudflare.TokenCredential("token"), nil
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				var response cloudflare.Response
				err := retryCallOf(t, method).do(ctx, client, cloudflare.CaptureResponse(&response))
				assertMatchesOnly(t, err, context.DeadlineExceeded)
				assert.Zero(t, response.Attempts)
				dials, _ := server.seen()
				assert.Empty(t, dials)
			})
		})
	}
}

// A source that panics, or ends its goroutine, gives its place at the rate limit back.
func TestPanickingCredentialSource(t *testing.T) {
	for name, test := range map[string]struct {
		end   func()
		panic any
	}{
		"panics":             {func() { panic("broken source") }, "broken source"},
		"ends the goroutine": {runtime.Goexit, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				_, client := sourced(t, pipeAlways(limitedReply(1, 300)), func(context.Context) (cloudflare.Credential, error) {
					if asked++; asked == 2 {
						test.end()
					}
					return cloudflare.TokenCredential("token"), nil
				})
				require.NoError(t, getOrganization(t.Context(), client))
				assert.Equal(t, test.panic, panicOf(t, func() { _ = getOrganization(t.Context(), client) }))
				start := time.Now()
				require.NoError(t, getOrganization(t.Context(), client))
				assert.Zero(t, time.Since(start))
			})
		})
	}
}

// The hint that an operation needs a key follows the credential of the attempt that it explains.
func TestTokenHintFollowsTheAttempt(t *testing.T) {
	token, key := cloudflare.TokenCredential("token"), cloudflare.KeyCredential("key", "me@example.com")
	for name, test := range map[string]struct {
		first, second cloudflare.Credential
		hint          bool
	}{
		"token, then key": {token, key, false},
		"key, then token": {key, token, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, client := sourced(t, pipeScript(pipeResponse(503, ""), pipeResponse(403, rejectedBody)), inTurn(test.first, test.second))
				err := getOrganization(t.Context(), client)
				require.ErrorIs(t, err, cloudflare.ErrForbidden)
				assert.Equal(t, test.hint, strings.Contains(err.Error(), "user API tokens"), "%v", err)
			})
		})
	}
}

// A server that knows the credentials of earlier attempts gets them into no error, log record or captured response.
func TestCredentialsOfEarlierAttemptsAreRedacted(t *testing.T) {
	first, second := cloudflare.TokenCredential(canaryToken), cloudflare.KeyCredential(canaryKey, canaryEmail)
	echo := canaryToken + " " + canaryKey + " " + canaryEmail
	refusal := `{"success":false,"errors":[{"code":1,"message":"` + echo + `"}],"messages":["` + echo + `"]}`
	headers := []string{"Cf-Ray: " + echo, "X-Echo: " + echo, "X-" + canaryKey + ": 1"}
	for name, last := range map[string]pipeReply{
		"rejected":    pipeResponse(404, refusal, headers...),
		"HTML":        pipeResponse(500, "<p>"+echo, headers...),
		"unusable":    pipeResponse(200, `{"success":true,"messages":["`+echo+`"],"result":"a"}`, headers...),
		"no response": {response: func() string { return "HTTP/1.1 " + echo + "\r\n\r\n" }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				var attempts []cloudflare.Attempt
				_, client := sourced(t, pipeScript(pipeResponse(503, refusal, headers...), last), inTurn(first, second),
					cloudflare.WithMaxRetries(1),
					cloudflare.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
					cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) { attempts = append(attempts, a) }))
				var response cloudflare.Response
				_, err := client.Organizations.Get(t.Context(), canaryToken, cloudflare.CaptureResponse(&response))
				require.Error(t, err)
				requireNoCanary(t, "the error", err)
				requireNoCanary(t, "the response", response)
				require.Len(t, attempts, 2)
				requireNoCanary(t, "the second attempt", attempts[1])
				second := logged.String()[strings.Index(logged.String(), "\n"):]
				assert.NotContains(t, second, canary)
			})
		})
	}
}

// A token that changes every 50 requests, under 64 goroutines: every request carries exactly one token, which was
// current when it was made, and no token shows in any error or record, also where the server echoes it.
func TestRotatingTokenUnderLoad(t *testing.T) {
	const goroutines, calls, each = 64, 20, 50
	var asked atomic.Int64
	source := func(context.Context) (cloudflare.Credential, error) {
		n := asked.Add(1) / each
		if n%5 == 4 {
			return cloudflare.KeyCredential(fmt.Sprint(canaryKey, n), canaryEmail), nil
		}
		return cloudflare.TokenCredential(fmt.Sprint(canaryToken, n)), nil
	}
	var sent atomic.Int64
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		newest := asked.Load() / each
		var n int64
		token, isToken := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "+canaryToken)
		key, isKey := strings.CutPrefix(r.Header.Get("X-Auth-Key"), canaryKey)
		_, err := fmt.Sscan(token+key, &n)
		if err != nil || isToken == isKey || isKey != (n%5 == 4) || isKey != (r.Header.Get("X-Auth-Email") == canaryEmail) || n > newest {
			t.Errorf("signed with a mixture: %v", signedWith(pipeRequest{header: r.Header}))
		}
		echo := strings.Join([]string{r.Header.Get("Authorization"), r.Header.Get("X-Auth-Key"), r.Header.Get("X-Auth-Email")}, " ")
		switch sent.Add(1) % 4 {
		case 0:
			return nil, errors.New("broken line: " + echo)
		case 1:
			return respondWith(503, echo, "Cf-Ray: "+echo)(r)
		}
		return respondWith(404, `{"success":false,"errors":[{"message":"`+echo+`"}]}`, "X-Echo: "+echo)(r)
	})
	var logged syncBuffer
	client, err := cloudflare.NewClient(
		cloudflare.WithCredentialSource(source),
		cloudflare.WithHTTPClient(&http.Client{Transport: transport}),
		cloudflare.WithMaxRetryWait(0),
		cloudflare.WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
			if text := fmt.Sprintf("%+v", a); strings.Contains(text, canary) {
				t.Errorf("an attempt shows a credential: %s", text)
			}
		}))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range calls {
				var response cloudflare.Response
				_, err := client.Organizations.Get(t.Context(), organizationID, cloudflare.CaptureResponse(&response))
				if text := fmt.Sprintf("%v %+v", err, response); err == nil || strings.Contains(text, canary) {
					t.Errorf("a credential shows: %s", text)
				}
			}
		})
	}
	wg.Wait()
	assert.NotContains(t, logged.String(), canary)
	assert.Equal(t, asked.Load(), sent.Load(), "the source is asked once for each attempt")
	assert.Greater(t, sent.Load(), int64(goroutines*calls), "some calls took several attempts")
}

// syncBuffer is a buffer that goroutines may write to.
type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

package blackbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// requireGoroutines waits until there are as many goroutines as before. The goroutines of a connection need a moment to
// notice that it is closed.
func requireGoroutines(t *testing.T, before int) {
	t.Helper()
	for start := time.Now(); runtime.NumGoroutine() > before; {
		if time.Since(start) > 10*time.Second {
			var all bytes.Buffer
			pprof.Lookup("goroutine").WriteTo(&all, 1)
			t.Fatalf("%d goroutines, of %d before:\n%s", runtime.NumGoroutine(), before, all.String())
		}
		<-time.After(time.Millisecond)
	}
}

// Calls of every method, with every kind of response, share one connection and leave no goroutine behind.
func TestCallsLeakNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	byPath := make(map[string]apiMethod)
	for _, m := range everyMethod {
		byPath[m.verb()+m.path()] = m
	}
	success := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, byPath[r.Method+r.URL.Path].success()) }
	status := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	var requests atomic.Int32
	const often, seldom = 50, 10
	kinds := []struct {
		name    string
		handler http.HandlerFunc
		times   int
		retries int
		fails   func(apiMethod) bool
	}{
		{"200", success, often, 0, func(apiMethod) bool { return false }},
		{"204", status(204, ""), often, 0, apiMethod.needsResult},
		{"404", status(404, `{"success":false,"errors":[{"code":1,"message":"m"}]}`), often, 0, func(apiMethod) bool { return true }},
		{"500", status(500, strings.Repeat("<html>", 1000)), often, 0, func(apiMethod) bool { return true }},
		{
			"a 302",
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
			seldom, 0, func(apiMethod) bool { return true },
		},
		{"bad JSON", status(200, `{"success":true,"result":[[`+strings.Repeat("1,", 5000)), often, 0, func(apiMethod) bool { return true }},
		{"a failure in a 200", status(200, `{"success":false}`), seldom, 0, func(apiMethod) bool { return true }},
		{"a retry", func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1)%2 == 1 {
				http.Error(w, "slowly", http.StatusTooManyRequests)
				return
			}
			success(w, r)
		}, often, 1, func(apiMethod) bool { return false }},
		{"retries that fail", status(429, ""), seldom, 2, func(apiMethod) bool { return true }},
	}
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			for _, m := range everyMethod {
				connections := func() int32 {
					s := newCountedServer(t, kind.handler)
					c := s.client(t, cloudflare.WithMaxRetries(kind.retries))
					for range kind.times {
						_, err := m.call(t.Context(), c)
						require.Equal(t, kind.fails(m), err != nil, "%s: %v", m.name, err)
					}
					return s.connections.Load()
				}
				// On a very busy machine net/http sometimes closes a connection that it could reuse, because its writer
				// has only 50 ms to finish.
				if n := connections(); n != 1 && connections() != 1 {
					assert.EqualValues(t, 1, connections(), "connections of %s", m.name)
				}
			}
		})
	}
	requireGoroutines(t, before)
}

// A call that ends early closes its connection and leaves no goroutine behind.
func TestInterruptedCallsLeakNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	const often, seldom = 50, 10 // each costs a connection
	arrived := make(chan struct{})
	stall := func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}
	for _, tt := range []struct {
		name    string
		times   int
		handler http.HandlerFunc
	}{
		{"before the header", often, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			stall(w, r)
		}},
		{"within the body", seldom, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, `{"success":true,"result":`)
			w.(http.Flusher).Flush()
			stall(w, r)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newCountedServer(t, tt.handler)
			c := s.client(t, cloudflare.WithMaxRetries(3))
			for _, m := range everyMethod {
				for range tt.times {
					ctx, cancel := context.WithCancel(t.Context())
					go func() {
						<-arrived
						cancel()
					}()
					_, err := m.call(ctx, c)
					require.ErrorIs(t, err, context.Canceled, m.name)
					require.Equal(t, m.isWrite(), errors.Is(err, cloudflare.ErrOutcomeUnknown), m.name)
				}
			}
		})
	}
	t.Run("cut", func(t *testing.T) {
		s := newCountedServer(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"success":true,"result":`)
		})
		c := s.client(t)
		for _, m := range everyMethod {
			for range seldom {
				_, err := m.call(t.Context(), c)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, m.name)
				require.Equal(t, m.isWrite(), errors.Is(err, cloudflare.ErrOutcomeUnknown), m.name)
			}
		}
	})
	t.Run("stalled", func(t *testing.T) {
		s := newCountedServer(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		})
		c := s.client(t, cloudflare.WithTimeout(time.Millisecond))
		for _, m := range everyMethod {
			_, err := m.call(t.Context(), c)
			require.ErrorIs(t, err, cloudflare.ErrAttemptTimeout, m.name)
			require.NotErrorIs(t, err, context.DeadlineExceeded, m.name)
		}
	})
	requireGoroutines(t, before)
}

// Each goroutine that uses a client gets its own response.
func TestConcurrentCalls(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("64", func(t *testing.T) {
		s := newCountedServer(t, func(w http.ResponseWriter, r *http.Request) {
			parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
			if parts[1] == "sometimes" && r.Header.Get("X-Worker") != "" {
				w.WriteHeader(503)
				fmt.Fprintf(w, `{"success":false,"errors":[{"code":1,"message":%q}]}`, r.Header.Get("X-Worker"))
				return
			}
			w.Header().Set("Ratelimit", `"default";r=1000;t=1`)
			fmt.Fprintf(w, `{"success":true,"result":{"id":%q,"name":%q}}`, parts[1], strings.Repeat(parts[1], 300))
		})
		c := s.client(t, cloudflare.WithMaxRetries(1), cloudflare.WithLimiter(&countingLimiter{}))
		var all sync.WaitGroup
		for worker := range 64 {
			all.Go(func() {
				name := "w" + strconv.Itoa(worker)
				for range 20 {
					var response cloudflare.Response
					org, err := c.Organizations.Get(t.Context(), name, cloudflare.SetHeader("X-Worker", name), cloudflare.CaptureResponse(&response))
					if assert.NoError(t, err) {
						assert.Equal(t, name, org.ID)
						assert.Equal(t, strings.Repeat(name, 300), org.Name)
						assert.Equal(t, 200, response.StatusCode)
					}
					_, err = c.Organizations.Update(t.Context(), "sometimes", cloudflare.OrganizationUpdateParams{Name: name},
						cloudflare.SetHeader("X-Worker", name))
					var apiError *cloudflare.Error
					if assert.ErrorAs(t, err, &apiError) && assert.Len(t, apiError.Errors, 1) {
						assert.Equal(t, name, apiError.Errors[0].Message)
						assert.Equal(t, 2, apiError.Attempts)
					}
				}
			})
		}
		all.Wait()
	})
	requireGoroutines(t, before)
}

type countingLimiter struct{ calls atomic.Int32 }

func (l *countingLimiter) Wait(context.Context) error { l.calls.Add(1); return nil }

package cloudflare_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
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

// countedServer is a server over HTTP/1.1 that counts the connections made to it.
type countedServer struct {
	*httptest.Server
	connections atomic.Int32
}

func newCountedServer(t *testing.T, handler http.HandlerFunc) *countedServer {
	s := &countedServer{Server: httptest.NewUnstartedServer(handler)}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Config.ErrorLog = nil
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// client is a client of s with a transport of its own.
func (s *countedServer) client(t *testing.T, opts ...cloudflare.Option) *cloudflare.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	c, err := cloudflare.NewClient(append([]cloudflare.Option{
		cloudflare.WithAPIToken(canaryToken), cloudflare.WithBaseURL(s.URL), cloudflare.WithMaxRetries(0), cloudflare.WithMaxRetryWait(0),
		cloudflare.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close(); transport.CloseIdleConnections() })
	return c
}

// requireNoGoroutineLeft waits until there are as many goroutines as before: those of a connection take a moment to
// notice that it is closed.
func requireNoGoroutineLeft(t *testing.T, before int) {
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

// Every method, with every kind of answer, again and again: one connection, and nothing left when it is closed.
func TestNothingIsLeftOfACall(t *testing.T) {
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
	const often, seldom = 100, 10
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
		{"a 302", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, seldom, 0, func(apiMethod) bool { return true }},
		{"bad JSON", status(200, `{"success":true,"result":[[`+strings.Repeat("1,", 5000)), often, 0, func(apiMethod) bool { return true }},
		{"a refusal in a 200", status(200, `{"success":false}`), seldom, 0, func(apiMethod) bool { return true }},
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
				// On a machine that is very busy, net/http now and then gives up a connection by itself: its writer has
				// 50 ms to say that it is done. It does not do so time and again.
				if n := connections(); n != 1 && connections() != 1 {
					assert.EqualValues(t, 1, connections(), "connections of %s", m.name)
				}
			}
		})
	}
	requireNoGoroutineLeft(t, before)
}

// A call that ends early gives its connection up, and leaves nothing running.
func TestNothingIsLeftOfACallThatEndsEarly(t *testing.T) {
	before := runtime.NumGoroutine()
	const often, seldom = 100, 10 // each costs a connection
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
	requireNoGoroutineLeft(t, before)
}

// A client is safe for any number of goroutines, and each gets its own answer.
func TestManyGoroutinesOnOneClient(t *testing.T) {
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
					_, err = c.Organizations.Update(t.Context(), "sometimes", cloudflare.OrganizationUpdateParams{Name: name}, cloudflare.SetHeader("X-Worker", name))
					var answer *cloudflare.Error
					if assert.ErrorAs(t, err, &answer) && assert.Len(t, answer.Errors, 1) {
						assert.Equal(t, name, answer.Errors[0].Message)
						assert.Equal(t, 2, answer.Attempts)
					}
				}
			})
		}
		all.Wait()
	})
	requireNoGoroutineLeft(t, before)
}

// pagedList is one All over pages of two, from a server that has items 0 to 9.
type pagedList struct {
	name string
	all  func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error]
}

// ids turns a list into one of the IDs of its items.
func ids[T any](list iter.Seq2[*T, error], id func(*T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range list {
			text := ""
			if item != nil {
				text = id(item)
			}
			if !yield(text, err) {
				return
			}
		}
	}
}

var everyPagedList = []pagedList{
	{"organizations", func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error] {
		all := c.Organizations.All(ctx, cloudflare.OrganizationListParams{PageSize: 2, PageToken: token})
		return ids(all, func(o *cloudflare.Organization) string { return o.ID })
	}},
	{"accounts", func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error] {
		all := c.OrganizationAccounts.All(ctx, "o1", cloudflare.OrganizationAccountListParams{PageSize: 2, PageToken: token})
		return ids(all, func(a *cloudflare.Account) string { return a.ID })
	}},
	{"members", func(ctx context.Context, c *cloudflare.Client, token string) iter.Seq2[string, error] {
		all := c.OrganizationMembers.All(ctx, "o1", cloudflare.OrganizationMemberListParams{PageSize: 2, PageToken: token})
		return ids(all, func(m *cloudflare.OrganizationMember) string { return m.ID })
	}},
}

var tenIDs = []string{"i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7", "i8", "i9"}

// servePage answers with two of the ten items.
func servePage(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(r.URL.Query().Get("page_token"))
	next := ""
	if from+2 < len(tenIDs) {
		next = `"next_page_token":"` + strconv.Itoa(from+2) + `",`
	}
	fmt.Fprintf(w, `{"success":true,"result":[{"id":%q},{"id":%q}],"result_info":{%s"total_size":10}}`, tenIDs[from], tenIDs[from+1], next)
}

// However ranging over All ends, nothing is left running, and nothing more is asked for.
func TestAllLeavesNothingBehind(t *testing.T) {
	var requests atomic.Int32
	seen := func(list iter.Seq2[string, error], stop func(int) bool) (got []string) {
		for id, err := range list {
			if err != nil {
				return got
			}
			got = append(got, id)
			if stop(len(got)) {
				break
			}
		}
		return got
	}
	for name, tt := range map[string]struct {
		use      func(ctx context.Context, cancel func(), list iter.Seq2[string, error]) []string
		want     int // items
		requests int
	}{
		"never ranged": {func(context.Context, func(), iter.Seq2[string, error]) []string { return nil }, 0, 0},
		"to its end": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			return seen(list, func(int) bool { return false })
		}, 10, 5},
		"broken out of within a page": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			return seen(list, func(n int) bool { return n == 3 })
		}, 3, 2},
		"broken out of at the end of a page": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			return seen(list, func(n int) bool { return n == 4 })
		}, 4, 2},
		"returned from": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			for id := range list {
				return []string{id}
			}
			return nil
		}, 1, 1},
		"panicked in": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) (got []string) {
			defer func() { recover() }()
			for id := range list {
				if got = append(got, id); len(got) == 5 {
					panic("enough")
				}
			}
			return got
		}, 5, 3},
		"cancelled within a page": {func(_ context.Context, cancel func(), list iter.Seq2[string, error]) []string {
			return seen(list, func(n int) bool {
				if n == 3 {
					cancel()
				}
				return false
			})
		}, 4, 2},
		"cancelled before": {func(_ context.Context, cancel func(), list iter.Seq2[string, error]) []string {
			cancel()
			return seen(list, func(int) bool { return false })
		}, 0, 0},
		"ranged twice": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) []string {
			first := seen(list, func(n int) bool { return n == 3 })
			return append(seen(list, func(int) bool { return false }), first...)[:10]
		}, 10, 7},
		"ranged within itself": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) (got []string) {
			for id := range list {
				got = append(got, id)
				assert.Equal(t, tenIDs, seen(list, func(int) bool { return false }))
			}
			return got
		}, 10, 55},
		"pulled and stopped": {func(_ context.Context, _ func(), list iter.Seq2[string, error]) (got []string) {
			next, stop := iter.Pull2(list)
			defer stop()
			for range 3 {
				id, _, _ := next()
				got = append(got, id)
			}
			return got
		}, 3, 2},
	} {
		for _, list := range everyPagedList {
			t.Run(list.name+" "+name, func(t *testing.T) {
				before := runtime.NumGoroutine()
				requests.Store(0)
				t.Run("", func(t *testing.T) {
					s := newCountedServer(t, func(w http.ResponseWriter, r *http.Request) {
						requests.Add(1)
						servePage(w, r)
					})
					c := s.client(t)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					got := tt.use(ctx, cancel, list.all(ctx, c, ""))
					assert.Equal(t, tenIDs[:tt.want], append([]string{}, got...))
					assert.LessOrEqual(t, s.connections.Load(), int32(1))
				})
				assert.EqualValues(t, tt.requests, requests.Load())
				requireNoGoroutineLeft(t, before)
			})
		}
	}
}

// Wherever a list fails, and whatever with: what came before and what comes from the token of the error on are all
// items, in order, none twice.
func TestAllResumesWithoutGapOrDouble(t *testing.T) {
	failures := map[string]http.HandlerFunc{
		"500":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusInternalServerError) },
		"429":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusTooManyRequests) },
		"a refusal": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"success":false}`) },
		"HTML":      func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
		"a bad item": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"success":true,"result":[{"id":"i8"},{"id":""}]}`)
		},
		"a cut": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, fail := range failures {
		for _, list := range everyPagedList {
			for page := range 5 {
				var mended atomic.Bool
				s := newCountedServer(t, func(w http.ResponseWriter, r *http.Request) {
					token := r.URL.Query().Get("page_token")
					if failing := strconv.Itoa(2 * page); !mended.Load() && (token == failing || token == "" && failing == "0") {
						fail(w, r)
						return
					}
					servePage(w, r)
				})
				c := s.client(t)
				var got []string
				var failed *cloudflare.PageError
				errs := 0
				for id, err := range list.all(t.Context(), c, "") {
					if err != nil {
						errs++
						require.ErrorAs(t, err, &failed)
						assert.Empty(t, id)
						continue // which must end the loop by itself
					}
					got = append(got, id)
				}
				require.Equal(t, 1, errs, "%s on page %d", name, page)
				assert.Equal(t, tenIDs[:2*page], append([]string{}, got...))

				mended.Store(true)
				for id, err := range list.all(t.Context(), c, failed.PageToken) {
					require.NoError(t, err)
					got = append(got, id)
				}
				assert.Equal(t, tenIDs, got, "%s: %s on page %d", list.name, name, page)
			}
		}
	}
}

// gzipped compresses what a handler writes without end, and writes it without end.
func gzipped(chunk []byte) []byte {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	w.Write(chunk)
	w.Close()
	return compressed.Bytes()
}

// endlessly writes chunk until the client goes away.
func endlessly(w io.Writer, chunk []byte) {
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// memoryOf returns how much memory f holds at its peak, and how much it allocates in all, garbage included.
func memoryOf(f func()) (peak, total uint64) {
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // so that the peak is what is held, and not what waits to be collected
	runtime.GC()
	read := func() (held, allocated uint64) {
		samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(samples)
		return samples[0].Value.Uint64(), samples[1].Value.Uint64()
	}
	held, allocated := read()
	done, sampled := make(chan struct{}), make(chan uint64)
	go func() {
		most := held
		for {
			now, _ := read()
			most = max(most, now)
			select {
			case <-done:
				sampled <- most
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	f()
	_, total = read()
	close(done)
	return <-sampled - held, total - allocated
}

// Whatever a server sends, a call takes no more than four times the bound on a body, which is 32 MiB. The test must
// not run beside others, whose memory would count too.
func TestMemoryIsBounded(t *testing.T) {
	fill := func(before, value, after string) http.HandlerFunc {
		n := 1<<16/len(value) + 1
		values := []byte(strings.Repeat(value, n))
		return func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, before)
			for left := 32<<20 - len(before) - len(after); left > len(values); left -= len(values) {
				w.Write(values)
			}
			io.WriteString(w, after)
		}
	}
	spaces, items := bytes.Repeat([]byte(" "), 1<<20), bytes.Repeat([]byte(`{"id":"o1"},`), 80_000)
	bomb, listBomb := gzipped(spaces), gzipped(items)
	endless := func(status int, start, chunk []byte, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for _, line := range header {
				name, value, _ := strings.Cut(line, ": ")
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			w.Write(start)
			endlessly(w, chunk)
		}
	}
	start := []byte(`{"success":true,"result":[`)
	tooLarge := "larger than 32 MiB"
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		text    string
	}{
		{"an endless body", endless(200, nil, spaces), tooLarge},
		{"an endless list", endless(200, start, items), tooLarge},
		{"an endless error", endless(400, nil, spaces), "400 Bad Request"},
		{"an endless redirect", endless(302, nil, spaces, "Location: /x"), "302 Found"},
		{"a gzip bomb", endless(200, nil, bomb, "Content-Encoding: gzip"), tooLarge},
		{"a gzipped list", endless(200, gzipped(start), listBomb, "Content-Encoding: gzip"), tooLarge},
		{"a gzipped error", endless(403, nil, bomb, "Content-Encoding: gzip"), "403 Forbidden"},
		{"a length of a TiB", endless(200, nil, spaces, "Content-Length: 1099511627776"), tooLarge},
		{"a length of a TiB to an error", endless(404, nil, spaces, "Content-Length: 1099511627776"), "404 Not Found"},
		{"empty items", fill(`{"success":true,"result":[`, `{},`, `{}]}`), "values"},
		{"empty errors", fill(`{"success":false,"errors":[`, `{},`, `{}]}`), "values"},
		{"hierarchy_tags", fill(`{"success":true,"result":[{"id":"o1","meta":{"hierarchy_tags":[`, `"",`, `""]}}]}`), "values"},
		{"one long message", fill(`{"success":false,"errors":[{"message":"`, `a`, `"}]}`), "aaaa"},
		{"a long text that is none", fill(`{"success":false,"errors":[{"message":[`, strings.Repeat("1", 999)+`,`, `1]}]}`), "[111"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newCountedServer(t, tt.handler)
			c := s.client(t)
			var err error
			peak, total := memoryOf(func() { _, err = c.Organizations.List(t.Context(), cloudflare.OrganizationListParams{}) })
			if assert.ErrorContains(t, err, tt.text) {
				assert.Less(t, len(err.Error()), 64<<10)
			}
			assert.LessOrEqual(t, peak, uint64(4*32<<20), "held at once: %d MiB", peak>>20)
			assert.LessOrEqual(t, total, uint64(8*32<<20), "allocated in all, garbage included: %d MiB", total>>20)
		})
	}
}

// A length that is not what comes gives an error that says so, and never a result of half of it.
func TestLengthsThatLie(t *testing.T) {
	for name, tt := range map[string]struct {
		announced int
		body      string
		text      string
	}{
		"less comes":           {500, `{"success":true,"result":{"id":"o1"}}`, "unexpected EOF"},
		"much less comes":      {1 << 40, `{"success":true,"result":{"id":"o1"}}`, "unexpected EOF"},
		"nothing comes":        {7, "", "unexpected EOF"},
		"more comes":           {20, `{"success":true,"result":{"id":"o1"}}`, "ends before its JSON does"},
		"all of it was hidden": {0, `{"success":true,"result":{"id":"o1"}}`, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCountedServer(t, func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if assert.NoError(t, err) {
					fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", tt.announced, tt.body)
					conn.Close()
				}
			})
			org, err := s.client(t).Organizations.Get(t.Context(), "o1")
			assert.ErrorContains(t, err, tt.text)
			assert.Nil(t, org)
		})
	}
}

// A body is closed once, whatever becomes of its answer, and closed before the call returns.
func TestBodiesAreClosed(t *testing.T) {
	for _, status := range []int{101, 199, 200, 204, 302, 404, 429, 500} {
		for _, m := range everyMethod {
			var opened, closed atomic.Int32
			answer := respondWith(status, m.success())
			c := newSingleAttemptClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				response, err := answer(r)
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

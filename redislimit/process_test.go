//go:build unix

package redislimit

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// fakeAPI is the API over a network of varying speed, behind a socket.
type fakeAPI struct {
	*cloudflaretest.Server
	resets float64 // the share of the requests whose connections are reset, before or after they are carried out

	mu     sync.Mutex
	status map[int]int // 0: no response
}

func (a *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fate := rand.Float64(); fate < a.resets {
		if fate < a.resets/2 {
			a.Server.ServeHTTP(httptest.NewRecorder(), r)
		}
		a.mu.Lock()
		a.status[0]++
		a.mu.Unlock()
		connection, _, _ := w.(http.Hijacker).Hijack()
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
		return
	}
	time.Sleep(rand.N(30 * time.Millisecond))
	response := httptest.NewRecorder()
	a.Server.ServeHTTP(response, r)
	a.mu.Lock()
	a.status[response.Code]++
	a.mu.Unlock()
	time.Sleep(rand.N(30 * time.Millisecond))
	for name, values := range response.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(response.Code)
	_, _ = response.Body.WriteTo(w)
}

func (a *fakeAPI) count(status int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status[status]
}

// Processes of the program in the example share a quota, while one is killed, another one is stopped for longer than a
// window, and Redis is killed.
func TestProcessesShareAQuota(t *testing.T) {
	t.Parallel()
	const (
		organizations = 30
		quota         = 25
		window        = 2 * time.Second
	)
	store := startServer(t, durable...)
	api := &fakeAPI{Server: cloudflaretest.NewServer(), status: map[int]int{}}
	defer api.Close()
	for i := range organizations {
		api.AddOrganization(fmt.Sprintf("customer %d", i), "")
	}
	api.SetRateLimit(quota, window)
	listener := httptest.NewServer(api)
	defer listener.Close()

	type process struct {
		*exec.Cmd
		out bytes.Buffer
	}
	var processes []*process
	for range 4 {
		p := &process{Cmd: exec.Command(os.Args[0])}
		p.Stdout, p.Stderr = &p.out, &p.out
		p.Env = append(os.Environ(), "CLOUDFLARE_API_TOKEN=", "CLOUDFLARE_API_KEY="+cloudflaretest.APIKey, "CLOUDFLARE_EMAIL="+cloudflaretest.Email,
			"REDISLIMIT_REDIS="+store.addr(), "REDISLIMIT_API="+listener.URL+"/client/v4",
			"REDISLIMIT_QUOTA="+fmt.Sprint(quota), "REDISLIMIT_WINDOW="+window.String())
		require.NoError(t, p.Start())
		processes = append(processes, p)
	}
	reached := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool { return api.count(200) >= n }, time.Minute, time.Millisecond)
	}
	start := time.Now()
	reached(15)
	require.NoError(t, processes[0].Process.Kill())
	reached(30)
	require.NoError(t, processes[1].Process.Signal(syscall.SIGSTOP))
	reached(60)
	store.kill()
	time.Sleep(500 * time.Millisecond)
	store.restart()
	time.Sleep(window)
	require.NoError(t, processes[1].Process.Signal(syscall.SIGCONT))
	assert.Error(t, processes[0].Wait(), "it was killed")
	for _, p := range processes[1:] {
		require.NoError(t, p.Wait(), p.out.String())
		assert.Equal(t, organizations, strings.Count(p.out.String(), " 0 <nil>\n"), p.out.String())
	}
	t.Logf("%d requests in %s, %d beyond the quota of %d in %s", api.count(200), time.Since(start), api.count(429), quota, window)
	assert.GreaterOrEqual(t, api.count(200), 3*(organizations+1))
	assert.Zero(t, api.count(429))
}

// Whatever connections do, the server receives no more requests than were admitted.
func TestResetsDoNotExceedTheQuota(t *testing.T) {
	t.Parallel()
	const (
		quota  = 100
		window = 2 * time.Second
		calls  = 100 // of each client
	)
	store := startServer(t, durable...)
	api := &fakeAPI{Server: cloudflaretest.NewServer(), status: map[int]int{}, resets: 0.2}
	defer api.Close()
	id := api.AddOrganization("one", "")
	api.SetRateLimit(quota, window)
	listener := httptest.NewServer(api)
	defer listener.Close()

	var admitted, reported atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		l := New(store.client(), Config{Name: "ops@example.com", Quota: quota, Window: window})
		options := append(l.Options(),
			cloudflare.WithLimiter(limiterFunc(func(ctx context.Context) error {
				err := l.Wait(ctx)
				if err == nil {
					admitted.Add(1)
				}
				return err
			})),
			cloudflare.WithAttemptHook(func(context.Context, cloudflare.Attempt) { reported.Add(1) }),
			cloudflare.WithAPIKey(cloudflaretest.APIKey, cloudflaretest.Email),
			cloudflare.WithBaseURL(listener.URL+"/client/v4"),
			cloudflare.WithMaxRetryWait(100*time.Millisecond))
		client, err := cloudflare.NewClient(options...)
		require.NoError(t, err)
		for range 4 {
			clients.Go(func() {
				for range calls / 4 {
					for {
						_, err := client.Organizations.Get(t.Context(), id)
						if err == nil {
							break
						}
						assert.NotErrorIs(t, err, cloudflare.ErrRateLimited)
					}
				}
			})
		}
	}
	clients.Wait()
	requests := api.count(0) + api.count(200) + api.count(429)
	t.Logf("%d requests, of which %d were reset, %d admitted, %d beyond the quota of %d in %s", requests, api.count(0), admitted.Load(), api.count(429), quota, window)
	assert.LessOrEqual(t, requests, int(reported.Load()))
	assert.LessOrEqual(t, reported.Load(), admitted.Load())
	assert.Zero(t, api.count(429))
	assert.Positive(t, api.count(0))
}

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
)

// TestMain makes the test binary run as fleet itself, so that the tests can start worker processes.
func TestMain(m *testing.M) {
	if os.Getenv("FLEET_PROCESS") != "" {
		main()
	}
	os.Exit(m.Run())
}

// redisServer is a redis-server process on a port of its own, with its data on disk.
type redisServer struct {
	t    *testing.T
	args []string
	dir  string
	port int
	cmd  *exec.Cmd
}

// startRedis starts a server with the settings that README.md recommends, and more arguments.
func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		const reason = "redis-server is not installed (Debian: apt-get install redis-server)"
		if os.Getenv("CI") != "" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &redisServer{t: t, args: args, dir: t.TempDir(), port: listener.Addr().(*net.TCPAddr).Port}
	require.NoError(t, listener.Close())
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *redisServer) url() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", s.port) }

// start starts the process, again after kill.
func (s *redisServer) start() {
	s.cmd = exec.Command("redis-server", append(s.args, "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction")...)
	require.NoError(s.t, s.cmd.Start())
	client := s.client()
	defer client.Close()
	require.Eventually(s.t, func() bool { return client.Ping(context.Background()).Err() == nil }, 10*time.Second, 20*time.Millisecond)
}

// kill ends the server like a crash.
func (s *redisServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *redisServer) client() *redis.Client {
	options, err := redis.ParseURL(s.url())
	require.NoError(s.t, err)
	return redis.NewClient(options)
}

// process is a fleet process.
type process struct {
	cmd    *exec.Cmd
	log    string // the file with its standard error
	exited chan struct{}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// command returns a command that runs fleet with the credential of the fake API.
func (j *job) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "CLOUDFLARE_") || strings.HasPrefix(v, "REDIS_URL=")
	}), "FLEET_PROCESS=1", "CLOUDFLARE_API_KEY="+cloudflaretest.APIKey, "CLOUDFLARE_EMAIL="+cloudflaretest.Email,
		"CLOUDFLARE_BASE_URL="+j.api.url, "REDIS_URL="+j.redis.url())
	return cmd
}

func (j *job) start(t *testing.T, args ...string) *process {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	p := &process{cmd: j.command(args...), log: log.Name(), exited: make(chan struct{})}
	p.cmd.Stderr = log
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
		log.Close()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		if text, _ := os.ReadFile(p.log); t.Failed() {
			t.Logf("process %d, the end of its log:\n%s", p.pid(), text[max(0, len(text)-3000):])
		}
	})
	return p
}

// run runs a command to its end and returns its output.
func (j *job) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := j.command(args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, "fleet %s: %s", strings.Join(args, " "), &errs)
	return string(out) + errs.String()
}

// fakeAPI is the API over a network of varying speed. It counts what its quota says about each request.
type fakeAPI struct {
	*cloudflaretest.Server
	url    string
	window time.Duration

	mu       sync.Mutex
	requests []request
	begins   []time.Time // of the windows
	hold     *hold
	faults   float64 // the share of the requests that have one
	faulty   int
}

// request is one request, as the API saw it.
type request struct {
	pid           int
	arrived, left time.Time
	write         bool
	status        int  // 0 if there was no response
	abandoned     bool // the client was gone before the response
}

// hold is a create that is stopped at the API until it is released.
type hold struct {
	after      int  // this many writes
	carriedOut bool // only its response is stopped; otherwise it is never carried out
	reached    chan int
	release    chan struct{}
}

func newFakeAPI(t *testing.T, quota int, window time.Duration) *fakeAPI {
	t.Helper()
	a := &fakeAPI{Server: cloudflaretest.NewServer().ForTest(t), window: window}
	a.SetRateLimit(quota, window)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL + "/client/v4"
	return a
}

// holdCreate stops a create after some writes. The channel receives the ID of the process that waits for it.
func (a *fakeAPI) holdCreate(after int, carriedOut bool) *hold {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hold = &hold{after: after, carriedOut: carriedOut, reached: make(chan int, 1), release: make(chan struct{})}
	return a.hold
}

// wait stops the request until the hold is released.
func (h *hold) wait(seen request, r *http.Request) {
	h.reached <- seen.pid
	select {
	case <-h.release:
	case <-r.Context().Done():
	}
}

// setFaults makes a share of the requests fail: in each of four cases alike, the request or its response is lost with
// the connection, or replaced by 503.
func (a *fakeAPI) setFaults(share float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = share
}

func (a *fakeAPI) fault() (fails, carriedOut, responds bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if rand.Float64() >= a.faults {
		return false, true, true
	}
	a.faulty++
	n := rand.N(4)
	return true, n%2 == 0, n < 2
}

func (a *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := request{arrived: time.Now(), write: r.Method != http.MethodGet}
	_, pid, _ := strings.Cut(strings.Fields(r.UserAgent())[0], "/")
	seen.pid, _ = strconv.Atoi(pid)

	time.Sleep(rand.N(40 * time.Millisecond)) // on its way here
	held := a.take(r)
	fails, carriedOut, responds := a.fault()
	if held != nil {
		fails, carriedOut, responds = !held.carriedOut, held.carriedOut, held.carriedOut
	}
	response := httptest.NewRecorder()
	if carriedOut {
		a.Server.ServeHTTP(response, r)
	}
	if limit := response.Header().Get("Ratelimit"); strings.HasSuffix(limit, fmt.Sprintf(";t=%d", int(a.window.Seconds()))) {
		a.begin(time.Now(), limit, response.Header().Get("Ratelimit-Policy"))
	}
	if held != nil {
		held.wait(seen, r)
	}
	time.Sleep(rand.N(40 * time.Millisecond)) // on its way back
	if fails {
		response = httptest.NewRecorder()
		response.Code = http.StatusServiceUnavailable
	}
	seen.left, seen.abandoned = time.Now(), r.Context().Err() != nil
	if responds {
		seen.status = response.Code
	}
	a.mu.Lock()
	a.requests = append(a.requests, seen)
	a.mu.Unlock()
	if !responds {
		if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = connection.(*net.TCPConn).SetLinger(0) // a reset
			_ = connection.Close()
		}
		return
	}
	for name, values := range response.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(response.Code)
	_, _ = io.Copy(w, response.Body)
}

// rejected is a response of the API itself, and not of a proxy.
func rejected(status int) cloudflaretest.Fault {
	return cloudflaretest.Status(status, nil, `{"success":false,"errors":[{"code":1000,"message":"no"}],"messages":[],"result":null}`)
}

// begin records the first request of a window: one less than the quota remains.
func (a *fakeAPI) begin(now time.Time, limit, policy string) {
	var remaining, reset, quota int
	_, _ = fmt.Sscanf(limit, `"default";r=%d;t=%d`, &remaining, &reset)
	_, _ = fmt.Sscanf(policy, `"default";q=%d`, &quota)
	if remaining == quota-1 {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.begins = append(a.begins, now)
	}
}

// take returns the hold if it is for this request.
func (a *fakeAPI) take(r *http.Request) *hold {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.hold == nil || r.Method != http.MethodPost {
		return nil
	}
	writes := 0
	for _, seen := range a.requests {
		if seen.write {
			writes++
		}
	}
	if writes < a.hold.after {
		return nil
	}
	held := a.hold
	a.hold = nil
	return held
}

func (a *fakeAPI) seen() []request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

func (a *fakeAPI) count() int { return len(a.seen()) }

// tally is what the API counted.
type tally struct {
	requests int
	windows  int
	beyond   int // above the quota
	faulty   int
}

func (a *fakeAPI) tally() tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	count := tally{requests: len(a.requests), windows: len(a.begins), faulty: a.faulty}
	for _, seen := range a.requests {
		if seen.status == http.StatusTooManyRequests {
			count.beyond++
		}
	}
	return count
}

//go:build unix

package redislimit

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// server is a process of Redis on a port of its own, with its data in a folder of its own.
type server struct {
	t       *testing.T
	program string
	args    []string
	port    int
	dir     string
	cmd     *exec.Cmd
}

var (
	durable   = []string{"--appendonly", "yes", "--appendfsync", "always", "--save", ""}
	forgetful = []string{"--appendonly", "no", "--save", ""}
)

// startServer starts a server of Redis, which ends with the test.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	dir := t.TempDir()
	return start(t, "redis-server", dir, append([]string{"--dir", dir, "--repl-diskless-sync-delay", "0"}, args...)...)
}

func start(t *testing.T, program, dir string, args ...string) *server {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		reason := program + " is not installed (Debian: apt-get install redis-server redis-sentinel)"
		if os.Getenv("CI") != "" && runtime.GOOS == "linux" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{t: t, program: program, args: args, port: listener.Addr().(*net.TCPAddr).Port, dir: dir}
	require.NoError(t, listener.Close())
	s.restart()
	t.Cleanup(s.kill)
	return s
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// restart starts the process, again after kill, and waits until it responds.
func (s *server) restart() {
	s.t.Helper()
	s.cmd = exec.Command(s.program, append(s.args, "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1")...)
	var out bytes.Buffer
	s.cmd.Stdout = &out
	require.NoError(s.t, s.cmd.Start())
	client := s.client()
	require.Eventually(s.t, func() bool {
		err := client.Ping(context.Background()).Err()
		return err == nil || redis.IsAuthError(err)
	}, 10*time.Second, 10*time.Millisecond, &out)
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *server) signal(signal os.Signal) { require.NoError(s.t, s.cmd.Process.Signal(signal)) }

func (s *server) client() *redis.Client { return s.clientWith(redis.Options{}) }

func (s *server) clientWith(options redis.Options) *redis.Client {
	options.Addr = s.addr()
	client := redis.NewClient(&options)
	s.t.Cleanup(func() { client.Close() })
	return client
}

func newLimiter(client redis.UniversalClient, config Config) *Limiter {
	config.Name, config.Quota, config.Window = "ops@example.com", quota, time.Hour
	return New(client, config)
}

// A Redis that is killed and keeps its data has not forgotten a request.
func TestRedisIsKilledAndKeepsItsData(t *testing.T) {
	server := startServer(t, durable...)
	l := newLimiter(server.client(), Config{})
	require.NoError(t, l.Wait(t.Context()))
	l.Observe(200, http.Header{"Ratelimit": {`"default";r=9;t=3000`}})
	require.NoError(t, l.Wait(t.Context()))
	before := status(t, l)
	server.kill()
	waited := make(chan error)
	go func() { waited <- l.Wait(t.Context()) }()
	select {
	case err := <-waited:
		require.Fail(t, "Wait returned", err)
	case <-time.After(300 * time.Millisecond):
	}
	server.restart()
	require.NoError(t, <-waited)
	after := status(t, l)
	assert.Equal(t, before.Used+1, after.Used)
	assert.Equal(t, quota-after.Used, admitted(t, l))
}

// A Redis that is killed and loses its data forgets the quota. The next request is alone, and its response says what
// remains. If responses say nothing, the quota may be used again, and a 429 pauses all processes.
func TestRedisIsKilledAndLosesItsData(t *testing.T) {
	server := startServer(t, forgetful...)
	l := newLimiter(server.client(), Config{})
	for name, response := range map[string]struct {
		header http.Header
		more   int
	}{
		"the response says what remains": {http.Header{"Ratelimit": {`"default";r=2;t=3000`}}, 2},
		"the response says nothing":      {nil, quota - 1},
	} {
		t.Run(name, func(t *testing.T) {
			l.underWay = nil
			require.NoError(t, server.client().FlushAll(t.Context()).Err())
			settleFirst(t, l)
			require.Equal(t, quota-1, admitted(t, l))
			server.kill()
			server.restart()
			require.Zero(t, status(t, l).Used)
			require.Zero(t, ask(t, l, t.Context()))
			require.Equal(t, 20*time.Millisecond, ask(t, l, t.Context()), "one request is alone")
			l.underWay = l.underWay[len(l.underWay)-1:]
			l.Observe(200, response.header)
			require.Equal(t, response.more, admitted(t, l))
			l.Observe(429, http.Header{"Retry-After": {"300"}})
			assert.InDelta(t, 300, status(t, l).Paused.Seconds(), 10)
			assert.Positive(t, ask(t, l, t.Context()))
		})
	}
}

// While Redis is stopped or gone, nothing is sent, and Wait ends in time.
func TestRedisDoesNotRespond(t *testing.T) {
	for name, test := range map[string]struct {
		fail, mend func(*server)
	}{
		"SIGSTOP": {func(s *server) { s.signal(syscall.SIGSTOP) }, func(s *server) { s.signal(syscall.SIGCONT) }},
		"SIGKILL": {(*server).kill, (*server).restart},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, durable...)
			var out syncBuffer
			// A client of Redis that never gives up by itself.
			client := server.clientWith(redis.Options{ReadTimeout: -1})
			l := newLimiter(client, Config{Outage: 1200 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&out, nil))})
			settleFirst(t, l)
			require.NoError(t, l.Wait(t.Context()))
			test.fail(server)

			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			require.ErrorIs(t, l.Wait(ctx), context.DeadlineExceeded)
			assert.Less(t, time.Since(start), time.Second, "the end of the context counts")

			start = time.Now()
			err := l.Wait(t.Context())
			require.ErrorContains(t, err, "redislimit: no admission by Redis: ")
			require.NotErrorIs(t, err, context.DeadlineExceeded, "the context has no deadline")
			assert.InDelta(t, 1.7, time.Since(start).Seconds(), 1)

			start = time.Now()
			l.Observe(429, http.Header{"Retry-After": {"1"}})
			assert.Less(t, time.Since(start), longAttempt+time.Second)
			test.mend(server)
			require.NoError(t, l.Wait(t.Context()), "Wait works again")
			// What Redis did not learn at once counts for longer. What was given up does not count.
			require.Eventually(t, func() bool { return status(t, l).Used <= 3 }, 5*time.Second, 20*time.Millisecond)
			assert.Contains(t, out.String(), `msg="redislimit waits for Redis"`)
			assert.Contains(t, out.String(), `msg="redislimit pauses all processes"`)
			assert.Contains(t, out.String(), `msg="redislimit could not record a response"`)
		})
	}
	t.Run("not at all", func(t *testing.T) {
		server := startServer(t, forgetful...)
		l := newLimiter(server.client(), Config{Outage: -1})
		server.kill()
		start := time.Now()
		require.ErrorContains(t, l.Wait(t.Context()), "redislimit: no admission by Redis: ")
		assert.Less(t, time.Since(start), 3*time.Second)
	})
	t.Run("a wrong password", func(t *testing.T) {
		server := startServer(t, append(forgetful, "--requirepass", "secret")...)
		l := newLimiter(server.clientWith(redis.Options{Password: "canary"}), Config{})
		start := time.Now()
		err := l.Wait(t.Context())
		require.ErrorContains(t, err, "WRONGPASS")
		assert.NotContains(t, err.Error(), "canary")
		assert.Less(t, time.Since(start), 3*time.Second, "another try would end in the same way")
		_, err = l.Status(t.Context())
		require.ErrorContains(t, err, "WRONGPASS")
	})
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestEvictionPolicy(t *testing.T) {
	const unknown = `level=INFO msg="redislimit cannot read the maxmemory-policy of Redis, which should be noeviction"`
	server := startServer(t, forgetful...)
	admin := server.client()
	for policy, want := range map[string]string{
		"noeviction":      "",
		"allkeys-lru":     `maxmemory-policy=allkeys-lru`,
		"volatile-ttl":    `maxmemory-policy=volatile-ttl`,
		"volatile-lfu":    `maxmemory-policy=volatile-lfu`,
		"allkeys-random":  `maxmemory-policy=allkeys-random`,
		"CONFIG is wrong": unknown,
	} {
		t.Run(policy, func(t *testing.T) {
			client := server.client()
			if want == unknown {
				require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", "worker", "on", ">pw", "~*", "+@all", "-config").Err())
				client = server.clientWith(redis.Options{Username: "worker", Password: "pw"})
				policy = ""
			} else {
				require.NoError(t, admin.ConfigSet(t.Context(), "maxmemory-policy", policy).Err())
			}
			var out syncBuffer
			l := newLimiter(client, Config{Logger: slog.New(slog.NewTextHandler(&out, nil))})
			assert.Equal(t, policy, status(t, l).Eviction)
			for range 2 {
				require.NoError(t, admin.FlushDB(t.Context()).Err())
				require.NoError(t, l.Wait(t.Context()))
			}
			if want == "" {
				assert.Empty(t, out.String())
				return
			}
			assert.Contains(t, out.String(), want)
			assert.Equal(t, 1, bytes.Count([]byte(out.String()), []byte("\n")), "once for each limiter")
			if want != unknown {
				assert.Contains(t, out.String(), `level=WARN msg="Redis may drop keys, and so forget the quota`)
			}
		})
	}
}

// A master and a replica, with a Sentinel that makes the replica the master when the master is killed.
func TestSentinel(t *testing.T) {
	t.Parallel()
	master := startServer(t, durable...)
	startServer(t, append(durable, "--replicaof", fmt.Sprintf("127.0.0.1 %d", master.port))...)
	dir := t.TempDir()
	file := filepath.Join(dir, "sentinel.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "sentinel monitor quota 127.0.0.1 %d 1\nsentinel down-after-milliseconds quota 500\nsentinel failover-timeout quota 2000\n", master.port), 0o600))
	sentinel := start(t, "redis-sentinel", dir, file)
	watcher := redis.NewSentinelClient(&redis.Options{Addr: sentinel.addr()})
	defer watcher.Close()
	require.Eventually(t, func() bool {
		replicas, err := watcher.Replicas(t.Context(), "quota").Result()
		return err == nil && len(replicas) == 1 && replicas[0]["master-link-status"] == "ok"
	}, 20*time.Second, 50*time.Millisecond)

	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "quota", SentinelAddrs: []string{sentinel.addr()}})
	defer client.Close()
	l := newLimiter(client, Config{})
	settleFirst(t, l)
	for range 5 {
		require.NoError(t, l.Wait(t.Context()))
	}
	require.EqualValues(t, 1, master.client().Wait(t.Context(), 1, 5*time.Second).Val(), "the replica has all writes")
	master.kill()
	require.NoError(t, l.Wait(t.Context()), "the replica is the master now")
	assert.Equal(t, 7, status(t, l).Used)
	for range quota - 7 {
		require.NoError(t, l.Wait(t.Context()))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.ErrorIs(t, l.Wait(ctx), cloudflare.ErrRateLimited)
}

// A node of a cluster rejects a script whose keys are in several slots.
func TestCluster(t *testing.T) {
	t.Parallel()
	node := startServer(t, append(forgetful, "--cluster-enabled", "yes")...)
	admin := node.client()
	require.NoError(t, admin.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	require.Eventually(t, func() bool {
		info, err := admin.ClusterInfo(t.Context()).Result()
		return err == nil && bytes.Contains([]byte(info), []byte("cluster_state:ok"))
	}, 10*time.Second, 20*time.Millisecond)
	require.ErrorContains(t, admin.Eval(t.Context(), "return 0", []string{"one", "other"}).Err(), "CROSSSLOT")

	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{node.addr()}})
	defer client.Close()
	for _, name := range []string{"ops@example.com", "}", "{}{"} {
		l := New(client, Config{Name: name, Quota: quota, Window: time.Hour})
		settleFirst(t, l)
		assert.Equal(t, quota-1, admitted(t, l))
		l.Observe(429, http.Header{"Retry-After": {"300"}})
		s := status(t, l)
		assert.Equal(t, "status 429", s.Reason)
		assert.Equal(t, noEviction, s.Eviction)
	}
}

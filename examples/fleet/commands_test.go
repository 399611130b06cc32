package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
)

// shell runs commands against one API and one Redis.
type shell struct {
	t      *testing.T
	api    *cloudflaretest.Server
	redis  *miniredis.Miniredis
	tasks  *queue
	out    string
	errOut string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{t: t, api: cloudflaretest.NewServer().ForTest(t), redis: miniredis.RunT(t)}
	s.tasks = newQueue(redis.NewClient(&redis.Options{Addr: s.redis.Addr()}), "")
	t.Cleanup(s.tasks.close)
	t.Setenv("REDIS_URL", "redis://"+s.redis.Addr())
	server := httptest.NewServer(s.api)
	t.Cleanup(server.Close)
	t.Setenv("CLOUDFLARE_BASE_URL", server.URL+"/client/v4")
	t.Setenv("CLOUDFLARE_API_TOKEN", "")
	t.Setenv("CLOUDFLARE_API_KEY", cloudflaretest.APIKey)
	t.Setenv("CLOUDFLARE_EMAIL", cloudflaretest.Email)
	s.identify()
	return s
}

// identify looks at the tasks of the credential and the base URL in the environment from now on.
func (s *shell) identify() {
	s.t.Helper()
	fingerprint, err := (&fleet{baseURL: os.Getenv("CLOUDFLARE_BASE_URL")}).fingerprint()
	require.NoError(s.t, err)
	s.tasks = newQueue(s.tasks.store, fingerprint)
}

// run runs a command and returns its exit code.
func (s *shell) run(ctx context.Context, args ...string) int {
	var stdout, stderr buffer
	code := run(ctx, args, &stdout, &stderr)
	s.out, s.errOut = stdout.text.String(), stderr.text.String()
	return code
}

// buffer is written to by all goroutines of a worker, like standard error.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// start runs a worker until the function that it returns is called, which returns the exit code.
func (s *shell) start(args ...string) (stop func() int) {
	ctx, cancel := context.WithCancel(s.t.Context())
	code := make(chan int, 1)
	go func() { code <- run(ctx, append([]string{"worker"}, args...), new(buffer), new(buffer)) }()
	return func() int {
		cancel()
		return <-code
	}
}

func (s *shell) file(lines ...string) string {
	s.t.Helper()
	name := filepath.Join(s.t.TempDir(), "rows.csv")
	require.NoError(s.t, os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return name
}

func (s *shell) info(id string) *asynq.TaskInfo {
	s.t.Helper()
	info, err := s.tasks.inspector.GetTaskInfo(s.tasks.name, id)
	require.NoError(s.t, err)
	return info
}

func TestWrongUsage(t *testing.T) {
	s := newShell(t)
	for line, want := range map[string]string{
		"paint":                  `there is no command "paint"`,
		"enqueue":                "the name of one CSV file is needed",
		"enqueue a b":            "the name of one CSV file is needed",
		"enqueue -audit a":       "-audit takes no file",
		"worker x":               `unexpected argument "x"`,
		"worker -quota 0":        "-quota must be at least 1, not 0",
		"worker -window 1ms":     "-window must be between 1s and 24h, not 1ms",
		"worker -concurrency 0":  "-concurrency must be between 1 and 256, not 0",
		"worker -colour red":     "flag provided but not defined: -colour",
		"status x":               `unexpected argument "x"`,
		"results x":              `unexpected argument "x"`,
		"retry":                  "either the IDs of tasks are needed, or -verified, or -all",
		"retry -all x":           "either the IDs of tasks are needed, or -verified, or -all",
		"retry -all -verified x": "either the IDs of tasks are needed, or -verified, or -all",
		"retry -verified x y":    "either the IDs of tasks are needed, or -verified, or -all",
		"retry -verified none":   `nothing was queued: the file "none": no such file or directory`,
		"verify x":               `unexpected argument "x"`,
	} {
		assert.Equal(t, exitUsage, s.run(t.Context(), strings.Fields(line)...), line)
		assert.Contains(t, s.errOut, want, line)
		assert.Empty(t, s.out, line)
	}
	assert.Equal(t, exitDone, s.run(t.Context(), "-h"))
	assert.Contains(t, s.out, "Usage: fleet COMMAND")
	assert.Equal(t, exitDone, s.run(t.Context(), "worker", "-h"))
	assert.Contains(t, s.out, "-concurrency")

	t.Setenv("REDIS_URL", "")
	assert.Equal(t, exitUsage, s.run(t.Context(), "status"))
	assert.Contains(t, s.errOut, "-redis is missing")
	t.Setenv("CLOUDFLARE_EMAIL", "")
	assert.Equal(t, exitUsage, s.run(t.Context(), "worker"))
	assert.Contains(t, s.errOut, "CLOUDFLARE_EMAIL")
	assert.NotContains(t, s.errOut, cloudflaretest.APIKey)
}

// Without a Redis, enqueue carries out its tasks itself.
func TestEmbeddedRedis(t *testing.T) {
	s := newShell(t)
	t.Setenv("REDIS_URL", "")
	id := s.api.AddOrganization("one", "")
	file := s.file("organization_id,name,business_name", id+",,One", ",two,Two", strings.Repeat("0", 32)+",,Missing")
	assert.Equal(t, exitIncomplete, s.run(t.Context(), "enqueue", file))
	assert.Contains(t, s.errOut, "is for trying fleet only, and loses all tasks when this command ends")
	assert.Contains(t, s.errOut, "2 done, 1 archived")
	assert.Contains(t, s.errOut, "retried 0 times: cloudflare: GET /organizations/00000000000000000000000000000000: 404 Not Found")
	assert.Len(t, strings.Split(strings.TrimSpace(s.out), "\n"), 2)
	for line := range strings.Lines(s.out) {
		var done struct{ Result result }
		require.NoError(t, json.Unmarshal([]byte(line), &done))
		assert.True(t, done.Result.Changed)
	}

	s.api.AddMember(id, cloudflaretest.Member{Email: "bad@one.example"})
	assert.Equal(t, exitDone, s.run(t.Context(), "enqueue", "-audit"), s.errOut)
	assert.Contains(t, s.out, `"findings":[{"email":"bad@one.example","finding":"no two-factor authentication"}]`)
}

// A file that is not valid queues nothing.
func TestInvalidFileQueuesNothing(t *testing.T) {
	s := newShell(t)
	assert.Equal(t, exitUsage, s.run(t.Context(), "enqueue", s.file("name,business_name", "one,One", ",Two")))
	assert.Contains(t, s.errOut, "nothing was queued")
	assert.Contains(t, s.errOut, "line 3: organization_id and name are both empty")
	left, err := s.tasks.unfinished()
	require.NoError(t, err)
	assert.Zero(t, left)
}

// There is one task for an organization at a time, and the last file counts.
func TestOneTaskForAnOrganization(t *testing.T) {
	s := newShell(t)
	id := s.api.AddOrganization("one", "")
	first, second := s.file("organization_id,business_name", id+",First"), s.file("organization_id,business_name", id+",Second")
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", first))
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", first))
	assert.Contains(t, s.errOut, "0 tasks queued, 1 were queued already")
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", second))
	assert.Contains(t, s.errOut, "1 tasks queued, 0 were queued already")
	assert.Contains(t, string(s.info("profile:"+id).Payload), "Second")

	s.api.FailNext("GET /organizations/{organization_id}/profile", cloudflaretest.Stall())
	stop := s.start()
	require.Eventually(t, func() bool { return len(s.api.Requests()) == 1 }, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, exitIncomplete, s.run(t.Context(), "enqueue", first))
	assert.Contains(t, s.errOut, "not queued: "+id+": a task with other values runs at this moment")
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", second))
	go s.api.Close() // ends the request
	assert.Equal(t, exitDone, stop())
}

// A worker that stops does not wait for the quota: its tasks go back to the queue, and have not failed.
func TestStoppingWorkerDoesNotWait(t *testing.T) {
	s := newShell(t)
	id := s.api.AddOrganization("one", "")
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", s.file("organization_id,business_name", id+",One")))
	stop := s.start("-quota", "1", "-window", "20m")
	require.Eventually(t, func() bool { return len(s.api.Requests()) == 1 }, 10*time.Second, 10*time.Millisecond)
	start := time.Now()
	assert.Equal(t, exitDone, stop())
	assert.Less(t, time.Since(start), 10*time.Second)
	info := s.info("profile:" + id)
	assert.Contains(t, []asynq.TaskState{asynq.TaskStateRetry, asynq.TaskStatePending}, info.State)
	assert.Zero(t, info.Retried)
	assert.Contains(t, info.LastErr, "the worker is stopping")
}

// A credential that is not accepted stops the worker, and archives nothing.
func TestRejectedCredential(t *testing.T) {
	s := newShell(t)
	id := s.api.AddOrganization("one", "")
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", s.file("organization_id,business_name", id+",One")))
	s.api.FailNext("GET /organizations/{organization_id}/profile", rejected(401))
	assert.Equal(t, exitFailed, s.run(t.Context(), "worker"))
	assert.Contains(t, s.errOut, "stopped, and its tasks are back in the queue: cloudflare: GET /organizations/"+id+"/profile: 401")
	assert.Zero(t, s.info("profile:"+id).Retried)

	assert.Equal(t, exitDone, s.run(t.Context(), "worker", "-until-empty"))
	assert.Equal(t, asynq.TaskStateCompleted, s.info("profile:"+id).State)
}

// No API token may read a profile or the members of an organization, so the archive is no place for its tasks.
func TestTokenCannotDoTheTasks(t *testing.T) {
	s := newShell(t)
	id := s.api.AddOrganization("one", "")
	t.Setenv("CLOUDFLARE_API_TOKEN", cloudflaretest.APIToken)
	t.Setenv("CLOUDFLARE_API_KEY", "")
	s.identify()
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", s.file("organization_id,business_name", id+",One")))
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", "-audit"))
	assert.Equal(t, exitFailed, s.run(t.Context(), "worker", "-until-empty"))
	assert.Contains(t, s.errOut, "try a global API key")
	for _, task := range []string{"profile:" + id, "audit:" + id} {
		assert.NotEqual(t, asynq.TaskStateArchived, s.info(task).State)
	}
}

func TestStatusAndRetry(t *testing.T) {
	s := newShell(t)
	require.Equal(t, exitDone, s.run(t.Context(), "status"))
	assert.Contains(t, s.out, "tasks    0 queued, 0 running, 0 failed or waiting to run again, 0 done, 0 archived\n")
	assert.Contains(t, s.out, "quota    0 of 1200 requests in the last 5m0s\n")

	s.api.FailNext("POST /organizations", rejected(403))
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", s.file("name,business_name", "one,One")))
	require.Equal(t, exitDone, s.run(t.Context(), "worker", "-until-empty"))
	require.Equal(t, exitDone, s.run(t.Context(), "status"))
	id := payload{Name: "one"}.taskID(kindProfile)
	assert.Contains(t, s.out, "0 done, 1 archived\n")
	assert.Regexp(t, `quota +2 of 1200 requests`, s.out)
	assert.Contains(t, s.out, "archived  "+id+` ("one"), retried 0 times: cloudflare: POST /organizations: 403 Forbidden`)

	require.NoError(t, s.tasks.notes().write(t.Context(), id, "a killed worker"))
	s.redis.FastForward(settled)
	require.Equal(t, exitDone, s.run(t.Context(), "retry", "-all"))
	require.Equal(t, exitDone, s.run(t.Context(), "worker", "-until-empty"))
	require.Equal(t, exitDone, s.run(t.Context(), "status", "-json"))
	var status report
	require.NoError(t, json.Unmarshal([]byte(s.out), &status))
	require.Len(t, status.ArchivedTasks, 1)
	assert.Contains(t, status.ArchivedTasks[0].Reason, "outcome unknown")

	assert.Equal(t, exitFailed, s.run(t.Context(), "retry", "profile:none"))
	assert.Contains(t, s.errOut, `nothing was queued: "profile:none" is not an archived task`)
	require.Equal(t, exitDone, s.run(t.Context(), "retry", id))
	assert.Equal(t, "1 tasks queued\n", s.out)
	require.Equal(t, exitDone, s.run(t.Context(), "worker", "-until-empty"))
	require.Equal(t, exitDone, s.run(t.Context(), "results"))
	assert.Contains(t, s.out, `"created":true`)

	s.redis.Close()
	assert.Equal(t, exitFailed, s.run(t.Context(), "status"))
}

// A pause of all workers is shown, with its reason.
func TestStatusShowsAPause(t *testing.T) {
	s := newShell(t)
	id := s.api.AddOrganization("one", "")
	s.api.FailNext("GET /organizations/{organization_id}/profile", cloudflaretest.RateLimited(4*time.Minute))
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", s.file("organization_id,business_name", id+",One")))
	stop := s.start()
	require.Eventually(t, func() bool {
		return s.run(t.Context(), "status") == exitDone && strings.Contains(s.out, "paused")
	}, 10*time.Second, 20*time.Millisecond)
	assert.Regexp(t, `paused   for [34]m\d*s: status 429, ray [0-9a-f]+-TST\n`, s.out)
	assert.Contains(t, s.out, "workers  1, with places for 8 tasks")
	assert.Equal(t, exitDone, stop())
}

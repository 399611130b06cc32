package main

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// The API allows 1,200 requests in five minutes. With the same ratio of windows to work, the tests would take hours.
const (
	testQuota   = 100
	testWindow  = 5 * time.Second
	testWorkers = 4
)

var tasksFlag = flag.Int("tasks", 200, "the `number` of tasks of a job")

// job is some tasks for worker processes, and what must be true when they are done.
type job struct {
	api     *fakeAPI
	redis   *redisServer
	file    string
	rows    []map[string]string
	existed int // organizations before the job
}

// newJob queues tasks of four kinds: organizations with an ID whose profile differs or is as it should be, and names of
// organizations that exist or do not.
func newJob(t *testing.T) *job {
	t.Helper()
	j := &job{api: newFakeAPI(t, testQuota, testWindow), redis: startRedis(t), file: filepath.Join(t.TempDir(), "profiles.csv")}
	file, err := os.Create(j.file)
	require.NoError(t, err)
	defer file.Close()
	rows := csv.NewWriter(file)
	header := []string{"organization_id", "name", "parent_id", "business_name", "business_email"}
	require.NoError(t, rows.Write(header))
	root := j.api.AddOrganization("reseller", "")
	j.existed = 1
	add := func(record ...string) {
		require.NoError(t, rows.Write(record))
		row := map[string]string{}
		for i, value := range record {
			row[header[i]] = value
		}
		j.rows = append(j.rows, row)
	}
	setUp := setUpClient(j.api)
	for i := range *tasksFlag {
		name, business, email := fmt.Sprintf("customer %03d", i), fmt.Sprintf("Customer %03d Ltd", i), fmt.Sprintf("office@%03d.example", i)
		switch {
		case i%10 < 4:
			j.existed++
			add(j.api.AddOrganization(name, root), "", "", business, email)
		case i%10 < 5:
			j.existed++
			id := j.api.AddOrganization(name, root)
			require.NoError(t, setUp.OrganizationProfile.Update(t.Context(), id, cloudflare.OrganizationProfile{BusinessName: business, BusinessEmail: email}))
			add(id, "", "", business, email)
		case i%10 < 7:
			j.existed++
			j.api.AddOrganization(name, root)
			add("", name, root, business, email)
		default:
			add("", name, root, business, email)
		}
	}
	rows.Flush()
	require.NoError(t, rows.Error())
	j.api.SetRateLimit(testQuota, testWindow) // the set-up does not count

	assert.Contains(t, j.run(t, "enqueue", j.file), fmt.Sprintf("%d tasks queued, 0 were queued already", *tasksFlag))
	assert.Contains(t, j.run(t, "enqueue", j.file), fmt.Sprintf("0 tasks queued, %d were queued already", *tasksFlag))
	return j
}

// setUpClient returns a client that is not counted as a part of the fleet.
func setUpClient(a *fakeAPI) *cloudflare.Client {
	a.SetRateLimit(1_000_000, time.Hour)
	return a.Client()
}

func (j *job) startWorker(t *testing.T) *process {
	t.Helper()
	return j.start(t, "worker", "-concurrency", "4", "-quota", fmt.Sprint(testQuota), "-window", testWindow.String())
}

// wait returns when no task is queued or running.
func (j *job) wait(t *testing.T, limit time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(time.Second) {
		status := j.status(t)
		if status.Queued+status.Running+status.Failed == 0 {
			return
		}
		require.True(t, time.Now().Before(deadline), "tasks are left")
	}
}

func (j *job) status(t *testing.T) (status report) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(j.run(t, "status", "-json")), &status))
	return status
}

// verify runs fleet verify, compares each of its verdicts with the API, and returns a file with them.
func (j *job) verify(t *testing.T, unknown []trouble) (file string) {
	t.Helper()
	out, err := j.command("verify", "-quota", fmt.Sprint(testQuota), "-window", testWindow.String()).Output()
	require.NoError(t, err)
	verdicts := map[string]string{} // by the name of the organization
	for line := range strings.Lines(string(out)) {
		if id, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(id, kindProfile) {
			verdict, organization, _ := strings.Cut(rest, `"`)
			name, _, _ := strings.Cut(organization, `"`)
			verdicts[name] = verdict
		}
	}
	assert.Len(t, verdicts, len(unknown))
	client := setUpClient(j.api)
	for name, verdict := range verdicts {
		want := "absent "
		for org, err := range client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{Name: name}) {
			require.NoError(t, err)
			want = "found " + org.ID + " "
		}
		assert.Equal(t, want, verdict, name)
	}
	j.api.SetRateLimit(testQuota, testWindow)
	file = filepath.Join(t.TempDir(), "verified")
	require.NoError(t, os.WriteFile(file, out, 0o600))
	return file
}

// check compares everything with the file.
func (j *job) check(t *testing.T) {
	t.Helper()
	status := j.status(t)
	assert.Equal(t, *tasksFlag, status.Done)
	assert.Zero(t, status.Queued+status.Running+status.Failed)
	assert.Empty(t, status.ArchivedTasks)
	requireNoCredential(t, j.redis.dir)

	client := setUpClient(j.api)
	all, err := cloudflare.Collect(client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}))
	require.NoError(t, err)
	named := map[string]string{}
	for _, org := range all {
		assert.NotContains(t, named, org.Name, "the organization was created twice")
		named[org.Name] = org.ID
	}
	assert.Len(t, all, j.existed+*tasksFlag*3/10)
	for _, row := range j.rows {
		id := row["organization_id"]
		if id == "" {
			id = named[row["name"]]
		}
		profile, err := client.OrganizationProfile.Get(t.Context(), id)
		if assert.NoError(t, err, row) {
			assert.Equal(t, cloudflare.OrganizationProfile{BusinessName: row["business_name"], BusinessEmail: row["business_email"]}, *profile)
		}
	}
}

// requireNoCredential searches all that Redis has written.
func requireNoCredential(t *testing.T, dir string) {
	t.Helper()
	written := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		written += len(text)
		assert.NotContains(t, string(text), cloudflaretest.APIKey, path)
		return err
	}))
	assert.Greater(t, written, 100_000)
}

// Workers are killed and stopped, Redis is killed, and connections break. In the end each organization exists once,
// with its profile, and the API has seen no request beyond the quota.
func TestFleetWithFaults(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.api.setFaults(0.04)
	start := time.Now()
	report := func(format string, args ...any) {
		t.Helper()
		t.Logf("%5.1f s  %s", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}
	workers := map[int]*process{}
	begin := func() {
		p := j.startWorker(t)
		workers[p.pid()] = p
	}
	for range testWorkers {
		begin()
	}
	killed := map[int]bool{}
	kill := func(carriedOut bool) {
		held := j.api.holdCreate(10, carriedOut)
		pid := <-held.reached
		require.NoError(t, workers[pid].cmd.Process.Kill())
		<-workers[pid].exited
		close(held.release)
		delete(workers, pid)
		killed[pid] = true
		begin()
	}
	after := func(requests int) {
		t.Helper()
		at := j.api.count()
		require.Eventually(t, func() bool { return j.api.count() > at+requests }, time.Minute, 10*time.Millisecond)
	}
	kill(true)
	report("a worker was killed after its create was carried out, and another one was started")
	after(60)
	kill(false)
	report("a worker was killed before its create was carried out, and another one was started")
	after(60)
	for pid, stopped := range workers {
		signaled := time.Now()
		require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGTERM))
		select {
		case <-stopped.exited:
		case <-time.After(time.Minute):
			require.Fail(t, "the worker does not stop")
		}
		assert.Zero(t, stopped.cmd.ProcessState.ExitCode())
		delete(workers, pid)
		report("a worker was stopped with SIGTERM; it took %.1f s", time.Since(signaled).Seconds())
		break
	}
	after(60)
	j.redis.kill()
	report("Redis was killed")
	time.Sleep(5 * time.Second)
	j.redis.start()
	report("Redis was started")

	j.wait(t, 10*time.Minute)
	for { // a create that is retried may get no response again
		unknown := j.status(t).ArchivedTasks
		report("no task is left; the outcome of %d creates is unknown", len(unknown))
		if len(unknown) == 0 {
			break
		}
		for _, task := range unknown {
			assert.Contains(t, task.Reason, "outcome unknown")
		}
		verified := j.verify(t, unknown)
		report("fleet verify has looked them up")
		j.run(t, "retry", "-verified", verified)
		j.wait(t, 10*time.Minute)
	}

	for _, seen := range j.api.seen() {
		if seen.abandoned {
			assert.True(t, killed[seen.pid], "a worker that was not killed gave up a request")
		}
	}
	count := j.api.tally()
	t.Logf("%d tasks, %d requests, of which %d failed, in %d windows: %d beyond the quota of %d requests in %s",
		*tasksFlag, count.requests, count.faulty, count.windows, count.beyond, testQuota, testWindow)
	assert.Zero(t, count.beyond)
	j.check(t)
}

func TestFleetWithoutFaults(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	start := time.Now()
	for range testWorkers {
		j.startWorker(t)
	}
	j.wait(t, 5*time.Minute)
	took := time.Since(start)
	count := j.api.tally()
	least := time.Duration((count.requests-1)/testQuota) * testWindow
	t.Logf("%d tasks, %d requests, a quota of %d requests in %s: %.1f s with %d workers; the quota allows it in %.1f s",
		*tasksFlag, count.requests, testQuota, testWindow, took.Seconds(), testWorkers, least.Seconds())
	assert.Zero(t, count.beyond)
	j.check(t)
}

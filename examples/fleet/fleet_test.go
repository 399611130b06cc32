package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	testQuota   = 50
	testWindow  = 5 * time.Second
	testTasks   = 200
	testWorkers = 4
)

// job is 200 tasks for worker processes, and what must be true when they are done.
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
	for i := range testTasks {
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

	assert.Contains(t, j.run(t, "enqueue", j.file), "200 tasks queued, 0 were queued already")
	assert.Contains(t, j.run(t, "enqueue", j.file), "0 tasks queued, 200 were queued already")
	return j
}

// setUpClient returns a client that is not counted as a part of the fleet.
func setUpClient(a *fakeAPI) *cloudflare.Client {
	a.SetRateLimit(1_000_000, time.Hour)
	return a.Client()
}

func (j *job) startWorkers(t *testing.T) []*process {
	t.Helper()
	workers := make([]*process, testWorkers)
	for i := range workers {
		workers[i] = j.start(t, "worker", "-concurrency", "4",
			"-quota", fmt.Sprint(testQuota), "-window", testWindow.String())
	}
	return workers
}

// wait returns when no task is queued or running.
func (j *job) wait(t *testing.T, limit time.Duration) {
	t.Helper()
	t.Setenv("CLOUDFLARE_API_KEY", cloudflaretest.APIKey)
	t.Setenv("CLOUDFLARE_EMAIL", cloudflaretest.Email)
	fingerprint, err := (&fleet{baseURL: j.api.url}).fingerprint()
	require.NoError(t, err)
	tasks := newQueue(j.redis.client(), fingerprint)
	defer tasks.close()
	require.Eventually(t, func() bool {
		left, err := tasks.unfinished()
		return err == nil && left == 0
	}, limit, 100*time.Millisecond)
}

// check compares everything with the file.
func (j *job) check(t *testing.T) {
	t.Helper()
	var status report
	require.NoError(t, json.Unmarshal([]byte(j.run(t, "status", "-json")), &status))
	assert.Equal(t, testTasks, status.Done)
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
	assert.Len(t, all, j.existed+testTasks*3/10)
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

func TestFleetWithFaults(t *testing.T) {
	j := newJob(t)
	start := time.Now()
	workers := j.startWorkers(t)
	worker := func(pid int) *process {
		for _, p := range workers {
			if p.pid() == pid {
				return p
			}
		}
		require.Fail(t, "no such worker")
		return nil
	}
	report := func(what string) { t.Logf("%5.1f s  %s", time.Since(start).Seconds(), what) }

	held := j.api.holdWrite(10)
	killed := worker(<-held.reached) // its create was carried out, and the response is not sent yet
	require.NoError(t, killed.cmd.Process.Kill())
	<-killed.exited
	close(held.release)
	report("one worker was killed in the middle of a create")

	at := j.api.count()
	require.Eventually(t, func() bool { return j.api.count() > at+60 }, time.Minute, 10*time.Millisecond)
	stopped := workers[0]
	if stopped == killed {
		stopped = workers[1]
	}
	signaled := time.Now()
	require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-stopped.exited:
	case <-time.After(time.Minute):
		require.Fail(t, "the worker does not stop")
	}
	assert.Zero(t, stopped.cmd.ProcessState.ExitCode())
	report(fmt.Sprintf("one worker was stopped with SIGTERM; it took %.1f s", time.Since(signaled).Seconds()))

	at = j.api.count()
	require.Eventually(t, func() bool { return j.api.count() > at+60 }, time.Minute, 10*time.Millisecond)
	j.redis.kill()
	report("Redis was stopped")
	time.Sleep(5 * time.Second)
	j.redis.start()
	report("Redis was started")

	j.wait(t, 5*time.Minute)
	report("no task is left")
	for _, seen := range j.api.seen() {
		if seen.abandoned {
			assert.Equal(t, killed.pid(), seen.pid, "a worker that was not killed gave up a request")
		}
	}
	count := j.api.tally()
	t.Logf("%d requests in %d windows: %d beyond the quota; %d were under way while a window ended", count.requests, count.windows, count.beyond, count.underWay)
	assert.Zero(t, count.beyond)
	j.check(t)
}

func TestFleetWithoutFaults(t *testing.T) {
	j := newJob(t)
	start := time.Now()
	j.startWorkers(t)
	j.wait(t, 5*time.Minute)
	took := time.Since(start)
	count := j.api.tally()
	least := time.Duration((count.requests-1)/testQuota) * testWindow
	t.Logf("%d tasks, %d requests, a quota of %d requests in %s: %.1f s with %d workers; the quota allows it in %.1f s",
		testTasks, count.requests, testQuota, testWindow, took.Seconds(), testWorkers, least.Seconds())
	t.Logf("%d windows: %d requests beyond the quota; %d were under way while a window ended", count.windows, count.beyond, count.underWay)
	assert.Zero(t, count.beyond)
	j.check(t)
}

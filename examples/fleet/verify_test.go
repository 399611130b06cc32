package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
)

// archive queues a task for each name and archives it. It returns the IDs of the tasks.
func (s *shell) archive(names ...string) []string {
	s.t.Helper()
	require.Equal(s.t, exitDone, s.run(s.t.Context(), "enqueue", s.file(append([]string{"name,business_name"}, prefixed(names)...)...)), s.errOut)
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = payload{Name: name}.taskID(kindProfile)
		require.NoError(s.t, s.tasks.inspector.ArchiveTask(s.tasks.name, ids[i]))
	}
	return ids
}

func prefixed(names []string) []string {
	rows := make([]string, len(names))
	for i, name := range names {
		rows[i] = name + ",Business of " + name
	}
	return rows
}

// note says that a create was sent some time ago, and that its outcome is not known.
func (s *shell) note(id string, age time.Duration) {
	s.t.Helper()
	require.NoError(s.t, s.tasks.store.Set(s.t.Context(), s.tasks.notes().key(id), "a killed worker", noteLife-age).Err())
}

// What verify prints is a file for retry. After it, each organization exists once, and the ambiguous one is left to a
// person.
func TestVerify(t *testing.T) {
	s := newShell(t)
	ids := s.archive("carried out", "lost", "twice", "rejected")
	foundID := s.api.AddOrganization("carried out", "")
	s.api.AddOrganization("lost", foundID) // below another parent
	twice := []string{s.api.AddOrganization("twice", ""), s.api.AddOrganization("twice", "")}
	for i, id := range ids[:3] {
		s.note(id, settled+time.Duration(3-i)*time.Second)
	}
	assert.Equal(t, exitIncomplete, s.run(t.Context(), "verify"))
	assert.Equal(t, []string{
		ids[0] + " found " + foundID + " \"carried out\"",
		ids[1] + " absent \"lost\"",
		"# " + ids[2] + " ambiguous " + twice[0] + " " + twice[1] + " \"twice\"",
		"",
	}, strings.Split(s.out, "\n"))
	assert.Contains(t, s.errOut, "fleet: 1 found, 1 absent, 1 ambiguous\n")
	for _, request := range s.api.Requests() {
		assert.Equal(t, http.MethodGet, request.Method, "verify changes nothing")
	}

	file := filepath.Join(t.TempDir(), "verified")
	require.NoError(t, os.WriteFile(file, []byte("\n# looked up by hand\n"+s.out), 0o600))
	require.Equal(t, exitDone, s.run(t.Context(), "retry", "--verified", file), s.errOut)
	assert.Equal(t, "2 tasks queued\n", s.out)
	require.Equal(t, exitDone, s.run(t.Context(), "worker", "-until-empty"))
	for i, want := range []asynq.TaskState{asynq.TaskStateCompleted, asynq.TaskStateCompleted, asynq.TaskStateArchived, asynq.TaskStateArchived} {
		assert.Equal(t, want, s.info(ids[i]).State, ids[i])
	}
	assert.Contains(t, string(s.info(ids[1]).Result), `"created":true`)
	assert.NotContains(t, string(s.info(ids[0]).Result), `"created":true`)

	_, err := s.api.Client().Organizations.Delete(t.Context(), twice[1])
	require.NoError(t, err)
	require.Equal(t, exitDone, s.run(t.Context(), "verify"))
	assert.Equal(t, ids[2]+" found "+twice[0]+" \"twice\"\n", s.out)
}

// An organization is not absent while a late create may still arrive.
func TestVerifyWaitsForLateCreates(t *testing.T) {
	s := newShell(t)
	ids := s.archive("late", "lost")
	for _, id := range ids {
		s.note(id, settled-time.Second)
	}
	go func() {
		for len(s.api.Requests()) == 0 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		s.api.AddOrganization("late", "")
	}()
	start := time.Now()
	assert.Equal(t, exitDone, s.run(t.Context(), "verify"))
	assert.Contains(t, s.errOut, "fleet: waiting for 1s, because a late create may still arrive\n")
	assert.Contains(t, s.errOut, "fleet: 1 found, 1 absent, 0 ambiguous\n")
	assert.GreaterOrEqual(t, time.Since(start), 900*time.Millisecond)
}

// A look that fails is no verdict. What is known by then is printed.
func TestVerifyFails(t *testing.T) {
	s := newShell(t)
	ids := s.archive("one", "other")
	for i, id := range ids {
		s.note(id, settled+time.Duration(2-i)*time.Second)
	}
	s.api.FailNext("GET /organizations", rejected(403))
	assert.Equal(t, exitFailed, s.run(t.Context(), "verify"))
	assert.Empty(t, s.out)
	assert.Contains(t, s.errOut, "2 of 2 tasks were not looked up: cloudflare: GET /organizations: 403")
}

// Tasks that a worker still looks after are not verified.
func TestVerifyLeavesTasksToWorkers(t *testing.T) {
	s := newShell(t)
	require.Equal(t, exitDone, s.run(t.Context(), "enqueue", s.file("name,business_name", "one,One")))
	s.api.FailNext("POST /organizations", cloudflaretest.Reset())
	stop := s.start()
	require.Eventually(t, func() bool { return s.info(payload{Name: "one"}.taskID(kindProfile)).State == asynq.TaskStateRetry }, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, exitDone, stop())
	assert.Equal(t, exitIncomplete, s.run(t.Context(), "verify"))
	assert.Empty(t, s.out)
	assert.Contains(t, s.errOut, "fleet: 0 found, 0 absent, 0 ambiguous\nfleet: 1 more are still looked for by the workers\n")
}

func TestRetryVerifiedNamesWhatIsWrong(t *testing.T) {
	s := newShell(t)
	ids := s.archive("one")
	for text, want := range map[string]string{
		"":                          "it has no IDs of tasks",
		"# " + ids[0] + "\n\n":      "it has no IDs of tasks",
		ids[0] + "\nprofile:none\n": `nothing was queued: "profile:none" is not an archived task`,
	} {
		assert.NotEqual(t, exitDone, s.run(t.Context(), "retry", "-verified", s.file(text)))
		assert.Contains(t, s.errOut, want)
	}
	assert.Equal(t, asynq.TaskStateArchived, s.info(ids[0]).State)
}

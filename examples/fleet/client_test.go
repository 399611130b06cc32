package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hibiken/asynq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
)

func TestFingerprint(t *testing.T) {
	const cloudflareAPI = "https://api.cloudflare.com/client/v4"
	type who struct{ token, key, email, base string }
	seen := map[string]int{}
	for i, group := range [][]who{ // those of one group are the same
		{
			{"", "k", "a@b", ""}, {"", "k", "a@b", cloudflareAPI}, {"", "k", "a@b", cloudflareAPI + "//"},
			{"", "k", "a@b", "HTTPS://API.Cloudflare.com:443/client/v4"},
		},
		{{"", "k2", "a@b", ""}},
		{{"", "k", "a2@b", ""}},
		{{"k", "", "", ""}, {"k", "", "ignored@b", cloudflareAPI + "/"}},
		{{"", "k", "a@b", "https://api.cloudflare.com:444/client/v4"}},
		{{"", "k", "a@b", "https://api.cloudflare.com/client/v5"}},
		{{"", "k", "a@b", "https://api.cloudflare.com/Client/v4"}},
		{{"", "k", "a@b", "https://api.cloudflare.com/client%2Fv4"}},
		{{"", "k", "a@b", "https://gateway.example/client/v4"}},
		{{"", "k", "a@b", "http://localhost:8080/client/v4"}, {"", "k", "a@b", "http://LOCALHOST:8080/client/v4/"}},
		{{"", "k", "a@b", "http://127.0.0.1:8080/client/v4"}},
		{{"", "k", "a@b", "https://localhost:8080/client/v4"}},
		{{"", "k", "a@b", "http://localhost/client/v4"}, {"", "k", "a@b", "http://localhost:80/client/v4"}},
	} {
		for _, who := range group {
			t.Setenv("CLOUDFLARE_API_TOKEN", who.token)
			t.Setenv("CLOUDFLARE_API_KEY", who.key)
			t.Setenv("CLOUDFLARE_EMAIL", who.email)
			fingerprint, err := (&fleet{baseURL: who.base}).fingerprint()
			require.NoError(t, err)
			first, ok := seen[fingerprint]
			assert.True(t, !ok || first == i, who)
			seen[fingerprint] = i
		}
		assert.Len(t, seen, i+1, group)
	}
}

// Tasks are carried out with the credential and the base URL that they were queued with, and with no other.
func TestTasksBelongToACredentialAndABaseURL(t *testing.T) {
	other := cloudflaretest.NewServer().ForTest(t)
	outer := httptest.NewServer(other)
	defer outer.Close()
	for name, change := range map[string]struct{ variable, value string }{
		"another API": {"CLOUDFLARE_BASE_URL", outer.URL + "/client/v4"},
		"another key": {"CLOUDFLARE_API_KEY", strings.Repeat("0", 40)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			require.Equal(t, exitDone, s.run(t.Context(), "enqueue", s.file("name,business_name", "one,One")))
			id := payload{Name: "one"}.taskID(kindProfile)
			own := s.info(id)
			t.Run("stranger", func(t *testing.T) {
				t.Setenv(change.variable, change.value)
				require.Equal(t, exitDone, s.run(t.Context(), "status"), s.errOut)
				assert.Contains(t, s.out, "tasks    0 queued")

				// Somebody moves the task into the queue of the stranger.
				s.identify()
				moved := asynq.NewTask(own.Type, own.Payload, asynq.TaskID(id), asynq.Queue(s.tasks.name))
				_, err := s.tasks.client.EnqueueContext(t.Context(), moved)
				require.NoError(t, err)
				require.Equal(t, exitDone, s.run(t.Context(), "worker", "-until-empty"), s.errOut)
				require.Equal(t, exitDone, s.run(t.Context(), "status"), s.errOut)
				assert.Contains(t, s.out, "0 queued, 0 running, 0 failed or waiting to run again, 0 done, 1 archived")
				assert.Contains(t, s.out, errForeign.Error())
				for _, args := range [][]string{{"retry", "-all"}, {"retry", id}} {
					assert.Equal(t, exitIncomplete, s.run(t.Context(), args...))
					assert.Contains(t, s.errOut, id+": "+errForeign.Error())
				}
			})
			s.identify()
			assert.Empty(t, s.api.Requests())
			assert.Empty(t, other.Requests())
			assert.Equal(t, asynq.TaskStatePending, s.info(id).State)
			require.Equal(t, exitDone, s.run(t.Context(), "worker", "-until-empty"), s.errOut)
			assert.Equal(t, http.MethodPost, s.api.Requests()[1].Method)
			assert.Equal(t, asynq.TaskStateCompleted, s.info(id).State)
		})
	}
}

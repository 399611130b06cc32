package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unsafe has texts that a terminal may act on.
var unsafe = []string{"\x1b[31m", "\x1b]0;title\a", "\r", "\n", "\t", "\b", "\v", "\f", "\x00", "\x7f", "\u009b31m", "\u0085",
	"\u202e", "\u2066", "\u200b", "\u200e", "\ufeff", "\u2028", "\u2029", "\u00ad", "\U000e0041", "\ue000"}

// requireVisible requires that a terminal shows all of text, and that it has no line break.
func requireVisible(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		require.True(t, strconv.IsGraphic(r) || r == '\u200c' || r == '\u200d', "%U in %q", r, text)
	}
}

func TestLine(t *testing.T) {
	for _, text := range append(unsafe, "\xff", "\xc2") {
		got := line("a" + text + "b")
		requireVisible(t, got)
		assert.True(t, strings.HasPrefix(got, "a\ufffd") && strings.HasSuffix(got, "b"), "%q", got)
	}
	for _, text := range []string{"Müller & Söhne", "株式会社", "👩\u200d💻", "می\u200cخواهم", "a  b", "e\u0301"} {
		assert.Equal(t, text, line(text))
	}
}

func TestEncode(t *testing.T) {
	for _, text := range append(unsafe, "\xff", "\xc2") {
		raw, err := json.Marshal(text)
		require.NoError(t, err)
		raw = bytes.ReplaceAll(raw, []byte(`\ufffd`), []byte(text))
		var out bytes.Buffer
		require.NoError(t, encode(&out, []any{text, json.RawMessage(raw)}, ""))
		encoded, ok := strings.CutSuffix(out.String(), "\n")
		require.True(t, ok)
		requireVisible(t, encoded)
		var back []string
		require.NoError(t, json.Unmarshal(out.Bytes(), &back))
		want := strings.ToValidUTF8(text, "\ufffd")
		assert.Equal(t, []string{want, want}, back, "nothing is lost")
	}
}

// Whoever can write to Redis chooses these texts.
func TestTextFromRedisIsVisible(t *testing.T) {
	s := newShell(t)
	server := asynq.NewServerFromRedisClient(s.tasks.store, asynq.Config{
		Queues: map[string]int{s.tasks.name: 1}, LogLevel: asynq.FatalLevel, RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return time.Hour },
	})
	require.NoError(t, server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		if strings.HasPrefix(task.Type(), "good") {
			_, err := task.ResultWriter().Write(task.Payload())
			return err
		}
		if strings.HasPrefix(task.Type(), "archived") {
			return permanent{fmt.Errorf("canary%scanary", task.Type())}
		}
		return fmt.Errorf("canary%scanary", task.Type())
	})))
	count := 0
	enqueue := func(kind, text string, payload any) {
		body, ok := payload.([]byte)
		if !ok {
			var err error
			body, err = json.Marshal(payload)
			require.NoError(t, err)
		}
		_, err := s.tasks.client.EnqueueContext(t.Context(), asynq.NewTask(kind+text, body), asynq.TaskID("canary"+text+"canary"+strconv.Itoa(count)),
			asynq.Queue(s.tasks.name), asynq.MaxRetry(2), asynq.Retention(time.Hour))
		require.NoError(t, err)
		count++
	}
	all := strings.Join(unsafe, "x")
	texts := append([]string{all}, unsafe...)
	for i, text := range texts {
		if i < 9 { // the most that is shown of each kind
			enqueue("retry", text, payload{OrganizationID: "canary" + text + "canary"})
			enqueue("archived", text, payload{Name: "canary" + text + "canary", ParentID: "canary" + text + "canary"})
		}
		enqueue("good", text, map[string]string{"x": "canary" + text + "canary"})
	}
	enqueue("good", "", []byte("\x1b[31m no JSON\xff"))
	enqueue("good", "", []byte("\"\u009b31m\xff\""))
	enqueue("archived", "x", []byte("\x1b[31m no JSON\xff"))
	require.Eventually(t, func() bool {
		info, err := s.tasks.info()
		return err == nil && info.Retry+info.Archived+info.Completed == count
	}, 10*time.Second, 10*time.Millisecond)
	server.Shutdown()
	require.NoError(t, s.tasks.store.Set(t.Context(), "redislimit:{"+s.tasks.name+"}:paused", "canary"+all+"canary", time.Minute).Err())

	require.Equal(t, exitDone, s.run(t.Context(), "status"), s.errOut)
	assert.Equal(t, 2*9+1+3+1, strings.Count(s.out, "\n"), "no text begins a line of its own")
	for out := range strings.SplitSeq(s.out, "\n") {
		requireVisible(t, out)
	}
	assert.Contains(t, s.out, "canary\ufffd")
	assert.NotContains(t, s.out, "canarycanary")

	require.Equal(t, exitDone, s.run(t.Context(), "status", "-json"), s.errOut)
	requireVisible(t, strings.ReplaceAll(s.out, "\n", ""))
	var status report
	require.NoError(t, json.Unmarshal([]byte(s.out), &status))
	require.Len(t, status.FailedTasks, 9)
	for _, task := range status.FailedTasks {
		text := strings.TrimSuffix(strings.TrimPrefix(task.Organization, "canary"), "canary")
		assert.Contains(t, texts, text)
		assert.Contains(t, task.ID, text)
		assert.Contains(t, task.Reason, text)
	}

	require.Equal(t, exitDone, s.run(t.Context(), "results"), s.errOut)
	lines := strings.Split(strings.TrimSuffix(s.out, "\n"), "\n")
	assert.Len(t, lines, len(texts)+2)
	for _, out := range lines {
		requireVisible(t, out)
		assert.True(t, json.Valid([]byte(out)), out)
	}

	require.Equal(t, exitIncomplete, s.run(t.Context(), "retry", "-all"))
	for out := range strings.SplitSeq(s.out+s.errOut, "\n") {
		requireVisible(t, out)
	}
	assert.Contains(t, s.errOut, "not queued: canary\ufffd")
	assert.Equal(t, 11, strings.Count(s.errOut, "\n"))
}

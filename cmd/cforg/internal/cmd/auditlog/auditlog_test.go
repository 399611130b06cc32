package auditlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

// log adds entries to the audit log of the first organization, one for each time before now.
func log(w *clitest.World, ago ...time.Duration) (ids []string) {
	for _, ago := range ago {
		ids = append(ids, w.AddAuditLog(w.Tree.Organizations[0].ID, cloudflaretest.AuditLog{Time: time.Now().Add(-ago)}))
	}
	return ids
}

// printed returns the IDs of the entries in an output.
func printed(t *testing.T, out string) (ids []string) {
	t.Helper()
	for line := range strings.Lines(out) {
		var entry struct{ ID string }
		require.NoError(t, json.Unmarshal([]byte(line), &entry), line)
		ids = append(ids, entry.ID)
	}
	return ids
}

func checkpoint(t *testing.T) string { return filepath.Join(t.TempDir(), "checkpoint.json") }

func smallPages(t *testing.T) {
	pageSize = 10
	t.Cleanup(func() { pageSize = cloudflare.MaxPageSize })
}

func TestAuditLog(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		ids := log(w, 30*time.Hour, 20*time.Hour, 10*time.Hour, time.Minute)
		got := w.Run(t.Context(), Command, "")
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Equal(t, ids[1:], printed(t, got.Stdout), "of the last day, oldest first")
		assert.Contains(t, got.Stdout, `"action":{"time":"`, "as sent")

		for since, want := range map[string][]string{
			"15h": ids[2:], "100h": ids, time.Now().Add(-2 * time.Hour).Format(time.RFC3339): ids[3:],
			time.Now().Add(-40 * time.Hour).UTC().Format(time.DateOnly): ids,
		} {
			assert.Equal(t, want, printed(t, w.Run(t.Context(), Command, "", demo.Root, "--since", since).Stdout), since)
		}
	})
}

// The operator's own entries name the operator, whose email address is part of the credential.
func TestAuditLogPrintsTheOperator(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.AddAuditLog(w.Tree.Organizations[0].ID, cloudflaretest.AuditLog{Time: time.Now().Add(-time.Hour), ActorEmail: cloudflaretest.Email})
		got := w.Run(t.Context(), Command, "")
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Contains(t, got.Stdout, `"email":"`+cloudflaretest.Email+`"`)
		assert.NotContains(t, got.Stdout, "[redacted]")
	})
}

// Fields that the API client does not know are printed, too.
func TestAuditLogPrintsWhatWasSent(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Change = func(r *http.Request, response *http.Response) {
			if strings.HasSuffix(r.URL.Path, "/logs/audit") {
				*response = *answer(`{"success":true,"errors":[],"result":[{"id":"a","new":1.0,"x":"<b>\u202e"},{"action":{"time":"2000-01-01T00:00:00Z"}}],"result_info":{}}`)
			}
		}
		got := w.Run(t.Context(), Command, "")
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Equal(t, "{\"id\":\"a\",\"new\":1.0,\"x\":\"<b>\\u202e\"}\n{\"action\":{\"time\":\"2000-01-01T00:00:00Z\"}}\n", got.Stdout)
	})
}

func answer(body string) *http.Response {
	return &http.Response{
		StatusCode: 200, Header: http.Header{}, Proto: "HTTP/1.1",
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func TestCheckpoint(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := checkpoint(t)
		run := func() []string {
			got := w.Run(t.Context(), Command, "", "--checkpoint", file)
			require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
			return printed(t, got.Stdout)
		}
		first := log(w, 20*time.Hour, 10*time.Minute, time.Second)
		assert.Equal(t, first, run())
		assert.Empty(t, run(), "nothing is printed twice")
		time.Sleep(time.Minute)
		second := log(w, 0, 5*time.Minute) // the second was recorded late
		time.Sleep(time.Second)
		assert.ElementsMatch(t, second, run())
		assert.Empty(t, run())

		time.Sleep(3 * time.Hour)
		assert.Empty(t, run())
		third := log(w, time.Second)
		assert.Equal(t, third, run())
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Contains(t, string(data), `"printed":{"`+third[0]+`"`, "old entries are forgotten")
	})
}

// A run may be interrupted at any request: the next one prints the rest, and nothing twice.
func TestCheckpointAfterAnInterruption(t *testing.T) {
	smallPages(t)
	for n := int32(2); n <= 8; n++ {
		for _, follow := range []bool{false, true} {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				w.Before = nil
				var ids []string
				for i := range 50 { // five pages
					ids = append(ids, log(w, 20*time.Hour-time.Duration(i)*time.Second)...)
				}
				file := checkpoint(t)
				ctx := w.InterruptAt(t.Context(), n)
				args := []string{"--checkpoint", file}
				if follow {
					args = append(args, "--follow")
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, time.Hour) // in case that it waits for the next look already
					defer stop()
				}
				first := w.Run(ctx, Command, "", args...)
				switch {
				case follow:
					assert.Equal(t, cli.ExitDone, first.Code, first.Stderr)
				case n <= 6:
					assert.Equal(t, cli.ExitInterrupted, first.Code)
				}
				w.Before = nil
				second := w.Run(t.Context(), Command, "", "--checkpoint", file)
				assert.Equal(t, cli.ExitDone, second.Code, second.Stderr)
				assert.Equal(t, ids, append(printed(t, first.Stdout), printed(t, second.Stdout)...), "interrupted at request %d", n)
			})
		}
	}
}

func TestFollow(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ids := log(w, time.Hour)
		w.FailNext("GET /organizations/{organization_id}/logs/audit", cloudflaretest.Status(400, nil, "")) // one look fails, and the next is better
		go func() {
			for range 5 {
				time.Sleep(40 * time.Second)
				ids = append(ids, log(w, 0)...)
			}
			time.Sleep(time.Minute)
			stop()
		}()
		got := w.Run(ctx, Command, "", "-f", "--interval", "30s")
		assert.Equal(t, cli.ExitDone, got.Code, "Ctrl-C is how it ends")
		assert.Equal(t, ids, printed(t, got.Stdout))
		assert.Contains(t, got.Stderr, "400 Bad Request")
		assert.Contains(t, got.Stderr, "; next request in 30s\n")
	})
}

func TestFollowEndsIfNothingWillChange(t *testing.T) {
	const rejected = `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[],"result":null}`
	for _, status := range []int{401, 403} {
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			w.FailNext("GET /organizations/{organization_id}/logs/audit", cloudflaretest.Status(status, nil, rejected))
			got := w.Run(t.Context(), Command, "", "--follow")
			assert.Equal(t, cli.ExitFailed, got.Code)
			assert.Contains(t, got.Stderr, fmt.Sprint(status))
		})
	}
}

// limited takes so many bytes.
type limited struct {
	bytes.Buffer
	left int
}

var errFull = errors.New("no space left")

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errFull
	}
	return l.Buffer.Write(p)
}

// What could not be written counts as not printed.
func TestCheckpointAfterAFailedWrite(t *testing.T) {
	smallPages(t)
	for entries, size := range map[int]int{3: 10, 300: 15_000} { // which fails when the buffer is flushed, and before
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			var ids []string
			for i := range entries {
				ids = append(ids, log(w, 20*time.Hour-time.Duration(i)*time.Second)...)
			}
			file := checkpoint(t)
			out := &limited{left: size}
			var errs bytes.Buffer
			env := &cli.Env{Stdout: out, Stderr: &errs, Server: w.Server, Tree: w.Tree, Transport: w}
			code := cli.Execute(t.Context(), env, []string{"audit-log", "--demo", "--follow", "--checkpoint", file}, Command)
			assert.Equal(t, cli.ExitFailed, code)
			assert.Contains(t, errs.String(), "no space left")

			rest := w.Run(t.Context(), Command, "", "--checkpoint", file)
			seen := map[string]bool{}
			for line := range strings.Lines(out.String() + rest.Stdout) {
				var entry struct{ ID string }
				if json.Unmarshal([]byte(line), &entry) == nil { // the last line of the first run is cut
					seen[entry.ID] = true
				}
			}
			for _, id := range ids {
				assert.True(t, seen[id])
			}
		})
	}
}

// A list that would never end is an error. What it held is printed.
func TestFollowAListThatRepeatsItself(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		looks := 0
		w.Change = func(r *http.Request, response *http.Response) {
			if strings.HasSuffix(r.URL.Path, "/logs/audit") {
				looks++
				*response = *answer(fmt.Sprintf(`{"success":true,"errors":[],"result":[{"id":"%d"}],"result_info":{"cursor":"again"}}`, looks))
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
		defer stop()
		got := w.Run(ctx, Command, "", "--follow", "--interval", "1m")
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Equal(t, []string{"1", "2", "3", "4"}, printed(t, got.Stdout))
		assert.Contains(t, got.Stderr, "the list would never end")
	})
}

// A local clock that is ahead must not make it pass over entries.
func TestFollowWithAWrongClock(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		const ahead = 3 * time.Hour
		w.Change = func(_ *http.Request, response *http.Response) {
			response.Header.Set("Date", time.Now().Add(-ahead).UTC().Format(http.TimeFormat))
		}
		file := checkpoint(t)
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", "--checkpoint", file).Code)
		ids := log(w, ahead) // now, by the server's clock
		assert.Equal(t, ids, printed(t, w.Run(t.Context(), Command, "", "--checkpoint", file).Stdout))
	})
}

func TestAuditLogUsage(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		folder := t.TempDir()
		write := func(name, content string) string {
			name = filepath.Join(folder, name)
			require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
			return name
		}
		for _, test := range []struct {
			args []string
			code int
			want string
		}{
			{[]string{"a", "b"}, cli.ExitUsage, "accepts at most 1 arg"},
			{[]string{"--since", "yesterday"}, cli.ExitUsage, "must be a date such as"},
			{[]string{"--since", "-1h"}, cli.ExitUsage, "must be a date such as"},
			{[]string{"--interval", "0s"}, cli.ExitUsage, "--interval must be at least 1s"},
			{[]string{"--overlap", "-1s"}, cli.ExitUsage, "--overlap must not be negative"},
			{[]string{"--output", "x"}, cli.ExitUsage, "--output needs --checkpoint"},
			{[]string{"--output", "x", "--checkpoint", "./x"}, cli.ExitUsage, "must not be the same file"},
			{[]string{"--output", folder, "--checkpoint", write("new", `{"organization_id":"`+w.Tree.Organizations[0].ID+`"}`)}, cli.ExitFailed, "is a directory"},
			{[]string{"Nobody"}, cli.ExitRefused, "no organization is named"},
			{[]string{"--checkpoint", write("bad", "[1,")}, cli.ExitFailed, "is not a checkpoint"},
			{[]string{"--checkpoint", write("other", `{"organization_id":"x"}`)}, cli.ExitUsage, "belongs to another organization"},
			{[]string{"--checkpoint", filepath.Join(folder, "no", "such")}, cli.ExitFailed, "--checkpoint: "},
		} {
			got := w.Run(t.Context(), Command, "", test.args...)
			assert.Equal(t, test.code, got.Code, test.args)
			assert.Contains(t, got.Stderr, test.want)
			assert.Empty(t, got.Stdout)
		}
		for _, r := range w.Requests() {
			assert.NotContains(t, r.Path, "/logs/audit")
		}
	})
	var errs bytes.Buffer
	env := &cli.Env{Stdout: &errs, Stderr: &errs}
	assert.Equal(t, cli.ExitUsage, cli.Execute(t.Context(), env, []string{"audit-log"}, Command))
	assert.Contains(t, errs.String(), "ORGANIZATION is missing")
}

func TestAuditLogDemo(t *testing.T) {
	var out, errs bytes.Buffer
	env := &cli.Env{Stdout: &out, Stderr: &errs}
	assert.Equal(t, cli.ExitDone, cli.Execute(t.Context(), env, []string{"audit-log", "--demo"}, Command), errs.String())
	assert.Len(t, printed(t, out.String()), 24)
}

package auditlog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

// files returns the flags for a checkpoint and an output in a new folder, and their names.
func files(t *testing.T) (args []string, checkpoint, output string) {
	folder := t.TempDir()
	checkpoint, output = filepath.Join(folder, "checkpoint"), filepath.Join(folder, "output")
	return []string{"--checkpoint", checkpoint, "--output", output}, checkpoint, output
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}

func TestOutput(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		args, _, output := files(t)
		run := func(code int) string {
			got := w.Run(t.Context(), Command, "", args...)
			assert.Equal(t, code, got.Code, got.Stderr)
			assert.Empty(t, got.Stdout)
			return got.Stderr
		}
		ids := log(w, 20*time.Hour, 10*time.Hour)
		run(cli.ExitDone)
		assert.Equal(t, ids, printed(t, read(t, output)))

		for _, rest := range []string{"{\"id\":", "{\"id\":\"x\"}\n"} { // of a run that was killed
			require.NoError(t, os.WriteFile(output, []byte(read(t, output)+rest), 0o600))
			ids = append(ids, log(w, 0)...)
			time.Sleep(time.Second)
			run(cli.ExitDone)
			assert.Equal(t, ids, printed(t, read(t, output)))
		}

		whole := read(t, output)
		require.NoError(t, os.WriteFile(output, []byte(whole[:10]), 0o600))
		assert.Contains(t, run(cli.ExitRefused), "it has 10 bytes, but ")
		other := strings.Repeat("x", 2*len(whole))
		require.NoError(t, os.WriteFile(output, []byte(other), 0o600))
		assert.Contains(t, run(cli.ExitRefused), "does not have a line break where the next entry would begin")
		assert.Equal(t, other, read(t, output), "a file that was not written here is not changed")

		require.NoError(t, os.Rename(output, output+".1"))
		ids = log(w, 0)
		time.Sleep(time.Second)
		run(cli.ExitDone)
		assert.Equal(t, ids, printed(t, read(t, output)), "a new file after the old one was moved away")
	})
}

// A file that the checkpoint does not know is never truncated.
func TestOutputThatExists(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		args, _, output := files(t)
		ids := log(w, time.Hour)
		require.NoError(t, os.WriteFile(output, []byte("{\"id\":\"old\"}\n"), 0o600))
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", args...).Code)
		assert.Equal(t, append([]string{"old"}, ids...), printed(t, read(t, output)))

		other := output + ".other"
		long := strings.Repeat("{\"id\":\"old\"}\n", 1000)
		require.NoError(t, os.WriteFile(other, []byte(long), 0o600))
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", "--checkpoint", args[1], "--output", other).Code)
		assert.Equal(t, long, read(t, other))
	})
}

func TestNothingNewWritesNothing(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		args, checkpoint, output := files(t)
		log(w, time.Hour, 5*time.Minute, time.Minute)
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", args...).Code)
		long := time.Now().Add(-time.Hour)
		for _, file := range []string{checkpoint, output} {
			require.NoError(t, os.Chtimes(file, long, long))
		}
		time.Sleep(time.Minute)
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", args...).Code)
		for _, file := range []string{checkpoint, output} {
			info, err := os.Stat(file)
			require.NoError(t, err)
			assert.True(t, info.ModTime().Equal(long), file)
		}
	})
}

func TestOneRunForACheckpoint(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		args, checkpoint, _ := files(t)
		link := filepath.Join(t.TempDir(), "link")
		require.NoError(t, os.Symlink(checkpoint, link))
		held, err := lock(checkpoint)
		require.NoError(t, err)
		for _, name := range []string{checkpoint, link} {
			got := w.Run(t.Context(), Command, "", "--checkpoint", name)
			assert.Equal(t, cli.ExitRefused, got.Code)
			assert.Contains(t, got.Stderr, fmt.Sprintf("--checkpoint: process %d uses it", os.Getpid()))
		}
		require.NoError(t, held.Close())
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", args...).Code)
	})
}

func TestCheckpointIsASymbolicLink(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		_, checkpoint, _ := files(t)
		link := filepath.Join(t.TempDir(), "link")
		require.NoError(t, os.Symlink(checkpoint, link))
		log(w, time.Hour)
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", "--checkpoint", link).Code, "its target does not exist yet")
		target, err := os.Readlink(link)
		require.NoError(t, err, "it is still one")
		assert.Equal(t, checkpoint, target)
		assert.Contains(t, read(t, checkpoint), "organization_id")
	})
}

func TestCheckpointLeavesNoTemporaryFiles(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		args, checkpoint, output := files(t)
		require.NoError(t, os.WriteFile(checkpoint+".tmp", []byte("{"), 0o600)) // of a run that was killed
		log(w, time.Hour)
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", args...).Code)
		found, err := filepath.Glob(filepath.Dir(checkpoint) + "/*")
		require.NoError(t, err)
		assert.Equal(t, []string{checkpoint, checkpoint + ".lock", output}, found)
	})
}

func TestFromTheFuture(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(t.Context(), Command, "", "--since", time.Now().Add(time.Hour).Format(time.RFC3339))
		assert.Equal(t, cli.ExitUsage, got.Code)
		assert.Contains(t, got.Stderr, "--since must not be in the future")

		_, checkpoint, _ := files(t)
		state := &state{OrganizationID: w.Tree.Organizations[0].ID, Since: time.Now().Add(3 * time.Hour)}
		require.NoError(t, state.save(checkpoint))
		got = w.Run(t.Context(), Command, "", "--checkpoint", checkpoint)
		assert.Equal(t, cli.ExitDone, got.Code)
		assert.Contains(t, got.Stderr, "the checkpoint is 3h0m0s ahead of the local clock")
	})
}

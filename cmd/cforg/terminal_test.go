//go:build unix

package main_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

// screen runs the program in a terminal. Once what it shows ends with prompt, it types keys.
func screen(t *testing.T, prompt, keys string, args ...string) (code int, shown string) {
	t.Helper()
	return screenOf(t, "xterm", prompt, keys, args...)
}

func screenOf(t *testing.T, terminalType, prompt, keys string, args ...string) (code int, shown string) {
	t.Helper()
	c := command(t, []string{"TERM=" + terminalType}, args...)
	// With noflsh, a terminal keeps its output after Ctrl-C. Otherwise, it may drop what the program prints about that.
	c.Path, c.Args = "/bin/sh", append([]string{"sh", "-c", `stty noflsh && exec "$0" "$@"`}, c.Args...)
	terminal, err := pty.StartWithSize(c, &pty.Winsize{Rows: 50, Cols: 120})
	require.NoError(t, err)
	defer terminal.Close()
	var all bytes.Buffer
	buffer := make([]byte, 4096)
	typed := false
	for {
		n, err := terminal.Read(buffer)
		all.Write(buffer[:n])
		if !typed && strings.HasSuffix(all.String(), prompt) {
			typed = true
			_, err := io.WriteString(terminal, keys)
			require.NoError(t, err)
		}
		if err != nil { // on Linux, EIO at the end
			break
		}
	}
	_ = c.Wait()
	return c.ProcessState.ExitCode(), strings.ReplaceAll(all.String(), "\r\n", "\n")
}

func TestQuestionsInATerminal(t *testing.T) {
	const ctrlC = "\x03"
	for name, test := range map[string]struct {
		args, prompt, keys string
		code               int
		shown              string
	}{
		"yes":             {"onboard --demo", "Do this? [y/N] ", "y\n", 0, "\nmember        invited          ada@skylark.example (pending)\n"},
		"no":              {"onboard --demo", "Do this? [y/N] ", "n\n", 3, "cforg onboard: not confirmed: nothing was written\n"},
		"end of input":    {"onboard --demo", "Do this? [y/N] ", "\x04", 3, "not confirmed"},
		"Ctrl-C":          {"onboard --demo", "Do this? [y/N] ", ctrlC, 130, "cforg onboard: interrupted\n"},
		"a name":          {"delete --demo Tern_Ceramics", "type its name: ", "Tern Ceramics\n", 0, "\ndeleted\n"},
		"another name":    {"delete --demo Tern_Ceramics", "type its name: ", "Tern\n", 3, `"Tern" was typed, but its name is "Tern Ceramics"`},
		"Ctrl-C, no name": {"delete --demo Tern_Ceramics", "type its name: ", ctrlC, 130, "cforg delete: interrupted\n"},
		"members":         {"members add --demo Tern_Ceramics a@example.com", "[y/N] ", "y\n", 0, "invited       a@example.com (pending)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			code, shown := screen(t, test.prompt, test.keys, words(test.args)...)
			assert.Equal(t, test.code, code, shown)
			assert.Contains(t, shown, test.shown)
		})
	}
}

// The progress is drawn over, and leaves nothing behind.
func TestProgressInATerminal(t *testing.T) {
	server := cloudflaretest.NewServer()
	file := filepath.Join(t.TempDir(), "profiles.csv")
	rows := "organization_id,business_name\n"
	for _, organization := range demo.Seed(server).Organizations {
		rows += organization.ID + ",One\n"
	}
	require.NoError(t, os.WriteFile(file, []byte(rows), 0o600))
	code, shown := screen(t, "", "", "profiles", "--demo", file, "--yes")
	assert.Equal(t, 0, code)
	assert.True(t, strings.HasSuffix(shown, "\n60 rows: 60 changed\n"), "%q", shown)
	code, shown = screen(t, "", "", "tree", "--demo", "--counts")
	assert.Equal(t, 0, code)
	assert.True(t, strings.HasSuffix(shown, "\n60 organizations, 300 accounts, 120 members\n"))

	_, dumb := screenOf(t, "dumb", "", "", "tree", "--demo", "--counts")
	assert.NotContains(t, dumb, " requests", "where it could not be drawn over")
	_, quiet := screen(t, "", "", "tree", "--demo", "--counts", "--quiet")
	assert.NotContains(t, quiet, " requests")
}

// One Ctrl-C ends a command that waits for a server.
func TestInterrupt(t *testing.T) {
	arrived := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	var errs bytes.Buffer
	c := command(t, []string{"CLOUDFLARE_API_TOKEN=x", "CLOUDFLARE_BASE_URL=" + server.URL}, "tree")
	c.Stderr = &errs
	require.NoError(t, c.Start())
	<-arrived
	require.NoError(t, c.Process.Signal(unix.SIGINT))
	_ = c.Wait()
	assert.Equal(t, 130, c.ProcessState.ExitCode())
	assert.Equal(t, "cforg tree: interrupted\n", errs.String(), "one line")
}

func TestTerminate(t *testing.T) {
	c := command(t, nil, "serve", "--listen", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	_, err = io.ReadFull(out, make([]byte, 10))
	require.NoError(t, err)
	require.NoError(t, c.Process.Signal(unix.SIGTERM))
	go func() { _, _ = io.Copy(io.Discard, out) }()
	stuck := time.AfterFunc(30*time.Second, func() { _ = c.Process.Kill() })
	defer stuck.Stop()
	_ = c.Wait()
	assert.Equal(t, 0, c.ProcessState.ExitCode(), "it ends no other way")
}

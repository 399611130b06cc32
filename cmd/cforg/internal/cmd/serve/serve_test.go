package serve_test

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cmd/serve"
)

// The printed lines, in a shell: the last one reads from the server.
func TestServe(t *testing.T) {
	for args, want := range map[string]string{"": `"name":"Northwind Distribution"`, "--empty": `"result":[]`} {
		ctx, stop := context.WithCancel(t.Context())
		out, in := io.Pipe()
		done := make(chan int)
		go func() {
			env := &cli.Env{Stdout: in, Stderr: io.Discard}
			done <- cli.Execute(ctx, env, append([]string{"serve", "--listen", "127.0.0.1:0"}, strings.Fields(args)...), serve.Command)
		}()
		printed := make([]byte, 1024) // which the command writes at once
		n, err := out.Read(printed)
		require.NoError(t, err)
		_, script, _ := strings.Cut(string(printed[:n]), "\n")
		script = strings.Replace(script, "cforg tree\n", "", 1)

		var body bytes.Buffer
		shell := exec.CommandContext(t.Context(), "sh", "-c", script)
		shell.Stdout = &body
		if _, err := exec.LookPath("curl"); err != nil {
			t.Skip(err)
		}
		require.NoError(t, shell.Run())
		assert.Contains(t, body.String(), want)
		stop()
		assert.Equal(t, cli.ExitDone, <-done)
	}
}

func TestServeUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--listen 0.0.0.0:80":     "must be 127.0.0.1, ::1 or localhost",
		"--listen example.com:80": "must be 127.0.0.1, ::1 or localhost",
		"--listen 8788":           "missing port",
		"more":                    "unknown command",
		"--json":                  "unknown flag",
	} {
		var out, errs bytes.Buffer
		env := &cli.Env{Stdout: &out, Stderr: &errs}
		assert.Equal(t, cli.ExitUsage, cli.Execute(t.Context(), env, append([]string{"serve"}, strings.Fields(args)...), serve.Command))
		assert.Contains(t, errs.String(), want)
		assert.Empty(t, out.String())
	}
}

// Package clitest runs commands in tests: without sockets, so that waits cost no time inside a testing/synctest bubble,
// and with failures at any request.
package clitest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

// World is a demo server to run commands against. Make one with [InVirtualTime].
type World struct {
	*cloudflaretest.Server
	Tree *demo.Tree

	State string // a folder for what the next run must know

	// Before is called with each request before the server sees it, After when its response is complete. Either may
	// cancel the context of the command: that is a crash before the request arrives, or before the response does.
	Before, After func(*http.Request)

	// Change, unless nil, may change a response on its way to the command.
	Change func(*http.Request, *http.Response)
}

// InVirtualTime runs a test with a World in a synctest bubble.
func InVirtualTime(t *testing.T, test func(t *testing.T, w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := cloudflaretest.NewServer().ForTest(t)
		test(t, &World{Server: server, Tree: demo.Seed(server), State: t.TempDir()})
	})
}

// Serve returns an empty server, and its base URL on this machine.
func Serve(t *testing.T) (server *cloudflaretest.Server, baseURL string) {
	t.Helper()
	server = cloudflaretest.NewServer().ForTest(t)
	outer := httptest.NewServer(server)
	t.Cleanup(outer.Close)
	return server, outer.URL + "/client/v4"
}

// Result is what a command left behind.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Run runs a command with a command line that ends with args, and an input.
func (w *World) Run(ctx context.Context, command func(*cli.Env) *cobra.Command, stdin string, args ...string) Result {
	return w.RunFrom(ctx, command, strings.NewReader(stdin), args...)
}

// RunFrom is Run with an input that may be slow.
func (w *World) RunFrom(ctx context.Context, command func(*cli.Env) *cobra.Command, stdin io.Reader, args ...string) Result {
	env := &cli.Env{Stdin: stdin, Server: w.Server, Tree: w.Tree, Transport: w, State: w.State}
	return execute(ctx, env, command, append([]string{"--demo"}, args...))
}

// RunWithToken is Run with an API token in the environment, and without --demo.
func (w *World) RunWithToken(t *testing.T, command func(*cli.Env) *cobra.Command, args ...string) Result {
	t.Helper()
	t.Setenv("CLOUDFLARE_API_TOKEN", cloudflaretest.APIToken)
	t.Setenv("CLOUDFLARE_API_KEY", "")
	t.Setenv("CLOUDFLARE_EMAIL", "")
	t.Setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1/client/v4") // where nothing goes, because of the transport
	return execute(t.Context(), &cli.Env{Stdin: strings.NewReader(""), Transport: w, State: w.State}, command, args)
}

func execute(ctx context.Context, env *cli.Env, command func(*cli.Env) *cobra.Command, args []string) Result {
	var out, errs bytes.Buffer
	env.Stdout, env.Stderr = &out, &errs
	name := command(&cli.Env{}).Name()
	code := cli.Execute(ctx, env, append([]string{name}, args...), command)
	return Result{code, out.String(), errs.String()}
}

// Client returns a client that, like the commands, needs no socket.
func (w *World) Client() *cloudflare.Client {
	return w.Server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: w}))
}

// InterruptAt returns a context that ends before the n-th request from now reaches the server, as at Ctrl-C.
func (w *World) InterruptAt(parent context.Context, n int32) context.Context {
	ctx, interrupt := context.WithCancel(parent)
	var sent atomic.Int32
	w.Before = func(*http.Request) {
		if sent.Add(1) == n {
			interrupt()
		}
	}
	return ctx
}

// Sent returns how many requests of a method arrived after the first n requests.
func (w *World) Sent(method string, n int) (count int) {
	for _, r := range w.Requests()[n:] {
		if r.Method == method {
			count++
		}
	}
	return count
}

// RoundTrip hands a request to the server.
func (w *World) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.Before != nil {
		w.Before(r)
	}
	response, err := w.Transport().RoundTrip(r)
	if w.After != nil {
		w.After(r)
	}
	if err == nil {
		err = r.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	if w.Change != nil {
		w.Change(r, response)
	}
	return response, nil
}

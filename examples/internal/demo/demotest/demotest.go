// Package demotest runs example programs in tests: without sockets, so that inside a testing/synctest bubble waits cost
// no time, and with failures at any request.
package demotest

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

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/examples/internal/demo"
)

// World is a seeded server to run programs against. Make one with [InVirtualTime].
type World struct {
	*cloudflaretest.Server
	Tree *demo.Tree

	// Before is called with each request before the server sees it, After when its answer is complete; either may
	// cancel the context of the program: that is a crash before the request arrives, or before the answer does.
	Before, After func(*http.Request)
}

// InVirtualTime runs a test with a World in a synctest bubble.
func InVirtualTime(t *testing.T, test func(t *testing.T, w *World)) {
	t.Helper()
	server := cloudflaretest.NewServer() // outside of the bubble, as its socket would stop the clock
	defer server.Close()
	w := &World{Server: server, Tree: demo.Seed(server)}
	synctest.Test(t, func(t *testing.T) { test(t, w) })
}

// Result is what a program left behind.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Run runs a program with a command line and an input.
func (w *World) Run(ctx context.Context, p demo.Program, stdin string, args ...string) Result {
	return w.RunFrom(ctx, p, strings.NewReader(stdin), args...)
}

// RunFrom is Run with an input that may be slow.
func (w *World) RunFrom(ctx context.Context, p demo.Program, stdin io.Reader, args ...string) Result {
	var out, errs bytes.Buffer
	code := p.Run(ctx, &demo.Env{
		Args: args, Stdin: stdin, Stdout: &out, Stderr: &errs, Server: w.Server,
		Options: []cloudflare.Option{cloudflare.WithHTTPClient(&http.Client{Transport: w})},
	})
	return Result{code, out.String(), errs.String()}
}

// Client returns a client that, like the programs, needs no socket.
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

// RoundTrip hands a request to the server.
func (w *World) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if w.Before != nil {
		w.Before(r)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	defer func() {
		switch failure := recover(); failure {
		case nil:
		case http.ErrAbortHandler: // how a Fault breaks a connection
			response, err = nil, io.ErrUnexpectedEOF
		default:
			panic(failure)
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, r)
	if w.After != nil {
		w.After(r)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

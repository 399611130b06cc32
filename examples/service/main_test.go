package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// do sends a request to a handler.
func do(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

func Example() {
	log.SetOutput(io.Discard)
	api := cloudflaretest.NewServer()
	h := handler(api.Client())
	for _, name := range []string{"Europe", "Asia", "Africa"} {
		fmt.Println(name, do(h, "POST", "/organizations?name="+name).Code)
	}
	for token := ""; ; {
		var page cloudflare.Page[cloudflare.Organization]
		if err := json.Unmarshal(do(h, "GET", "/organizations?page="+url.QueryEscape(token)).Body.Bytes(), &page); err != nil {
			log.Fatal(err)
		}
		fmt.Println("a page of", len(page.Items))
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	api.Fail(1, cloudflaretest.RateLimited(20*time.Second))
	w := do(h, "GET", "/organizations")
	fmt.Println(w.Code, "Retry-After:", w.Header().Get("Retry-After"))
	w = do(h, "GET", "/organizations") // the client sends nothing, because it knows the limit now
	fmt.Println(w.Code, w.Header().Get("Retry-After") != "")
	// Output:
	// Europe 200
	// Asia 200
	// Africa 200
	// a page of 2
	// a page of 1
	// 503 Retry-After: 21
	// 503 true
}

func TestStatuses(t *testing.T) {
	log.SetOutput(io.Discard)
	for want, err := range map[int]error{
		400: cloudflare.ErrInvalidArgument,
		500: errors.Join(cloudflare.ErrUnavailable, cloudflare.ErrOutcomeUnknown, context.DeadlineExceeded),
		503: cloudflare.ErrUnavailable,
		504: context.DeadlineExceeded,
	} {
		w := httptest.NewRecorder()
		respond(w, nil, fmt.Errorf("secret: %w", err))
		assert.Equal(t, want, w.Code)
		assert.NotContains(t, w.Body.String(), "secret")
	}
	w := httptest.NewRecorder()
	respond(w, nil, &cloudflare.Error{StatusCode: 400}) // such as of a page token that is not valid
	assert.Equal(t, 400, w.Code)
	w = httptest.NewRecorder()
	respond(w, nil, cloudflare.ErrForbidden)
	assert.Equal(t, 500, w.Code, "the credential is not the caller's")
}

// A write that is under way when the service is told to stop, and whose caller is gone, still ends.
func TestDrain(t *testing.T) {
	log.SetOutput(io.Discard)
	api := cloudflaretest.NewServer()
	arrived, release := make(chan struct{}), make(chan struct{})
	client := api.Client(cloudflare.WithLimiter(limiter(func(ctx context.Context) error {
		close(arrived)
		<-release
		return ctx.Err()
	})))
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, handler(client)) }()

	leaving, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(leaving, "POST", "http://"+listener.Addr().String()+"/organizations?name=Europe", nil)
	require.NoError(t, err)
	left := make(chan error, 1)
	go func() {
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
		}
		left <- err
	}()
	<-arrived
	stop()
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	select {
	case err := <-served:
		t.Fatal("it did not wait for the write:", err)
	default:
	}
	close(release)
	require.NoError(t, <-served)
	organizations, err := api.Client().Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	require.NoError(t, err)
	assert.Len(t, organizations.Items, 1)
}

type limiter func(context.Context) error

func (l limiter) Wait(ctx context.Context) error { return l(ctx) }

// Service is a small web service that lists and creates organizations, and drains when it is told to stop.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	client := cloudflaretest.NewServer().Client()     // with a real account: cloudflare.NewClient()
	listener, err := net.Listen("tcp", "localhost:0") // any free port
	if err == nil {
		fmt.Printf("http://%s/organizations\n", listener.Addr())
		err = serve(ctx, listener, handler(client))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server, drained := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}, make(chan error, 1)
	context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 25*time.Second) // longer than a write
		defer cancel()
		drained <- server.Shutdown(limit) // accepts no more requests, and waits for those under way
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}

func handler(client *cloudflare.Client) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /organizations", func(w http.ResponseWriter, r *http.Request) { // ?page=TOKEN
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second) // also limits waits for the rate limit
		defer cancel()
		page, err := client.Organizations.List(ctx, cloudflare.OrganizationListParams{PageSize: 2, PageToken: r.FormValue("page")})
		respond(w, page, err)
	})
	mux.HandleFunc("POST /organizations", func(w http.ResponseWriter, r *http.Request) { // ?name=NAME; does not end with its caller
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 20*time.Second)
		defer cancel()
		org, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: r.FormValue("name")})
		respond(w, org, err)
	})
	return mux
}

func respond(w http.ResponseWriter, result any, err error) {
	code := http.StatusInternalServerError // also for ErrOutcomeUnknown: the caller must not simply repeat a write
	switch unknown := errors.Is(err, cloudflare.ErrOutcomeUnknown); {
	case err == nil:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(result) // fails if the caller is gone
		return
	case errors.Is(err, cloudflare.ErrInvalidArgument), isBadRequest(err): // also a page token that is not valid
		code = http.StatusBadRequest
	case !unknown && (errors.Is(err, cloudflare.ErrRateLimited) || errors.Is(err, cloudflare.ErrUnavailable)):
		code = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", fmt.Sprint(1+int(cloudflare.RetryAfter(err).Seconds())))
	case !unknown && errors.Is(err, context.DeadlineExceeded):
		code = http.StatusGatewayTimeout
	}
	log.Print(err) // not for the caller
	http.Error(w, http.StatusText(code), code)
}

func isBadRequest(err error) bool {
	e, ok := errors.AsType[*cloudflare.Error](err)
	return ok && e.StatusCode == http.StatusBadRequest
}

// Opentelemetry lists organizations and draws the trace of that in the terminal. Each list has a span, and below it one
// for each attempt, so that pages and retries can be seen.
//
// It uses an in-memory API that fails two requests. With -live it uses Cloudflare's API.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const usage = `Usage: opentelemetry [-live] [-page-size n]

Lists the root organizations and those directly below them, and draws the trace.

`

const exits = `
Exit codes: 0 done, 1 failed, 2 wrong usage or no credential, 130 interrupted.
The trace is also drawn if the program fails or is interrupted.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("opentelemetry", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	live := flags.Bool("live", false, "use Cloudflare's API, with the credential in CLOUDFLARE_API_TOKEN,\nor in CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL; nothing is changed")
	pageSize := flags.Int("page-size", 10, "`n` organizations on a page, 1 to 1000")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, usage)
		flags.PrintDefaults()
		fmt.Fprint(stdout, exits)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "opentelemetry: %v; see -h\n", err)
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "opentelemetry: unexpected argument %q; see -h\n", flags.Arg(0))
		return 2
	}

	// Your own program would use an exporter to a collector here, with sdktrace.WithBatcher.
	drawing := &tree{out: stdout}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(drawing))

	tracer := provider.Tracer("inventory")

	options := []cloudflare.Option{cloudflare.WithAttemptHook(traceAttempts(tracer))}
	if !*live {
		inMemory := &http.Client{Transport: failingServer().Transport()}
		options = append(options, cloudflare.WithHTTPClient(inMemory), cloudflare.WithAPIToken(cloudflaretest.APIToken))
	}
	client, err := cloudflare.NewClient(options...)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	err = inventory(ctx, tracer, client, *pageSize)
	drawn := provider.Shutdown(context.WithoutCancel(ctx)) // draws the trace, even after an interruption
	switch {
	case err != nil && ctx.Err() != nil:
		fmt.Fprintln(stderr, "opentelemetry: interrupted")
		return 130
	case errors.Is(err, cloudflare.ErrInvalidArgument):
		fmt.Fprintln(stderr, err)
		return 2
	case errors.Join(err, drawn) != nil:
		fmt.Fprintln(stderr, errors.Join(err, drawn))
		return 1
	}
	return 0
}

// failingServer returns a server with several pages of organizations. One request gets status 503, and one response is
// cut off.
func failingServer() *cloudflaretest.Server {
	server := cloudflaretest.NewServer()
	for root, size := range []int{25, 3} {
		id := server.AddOrganization(fmt.Sprintf("Example %d", root+1), "")
		for i := range size {
			server.AddOrganization(fmt.Sprintf("Subsidiary %d", i+1), id)
		}
	}
	server.Fail(3, cloudflaretest.Status(http.StatusServiceUnavailable, http.Header{"Cf-Ray": {"86610873f8d987a9-IAD"}}, ""))
	server.Fail(6, cloudflaretest.Cut())
	return server
}

// inventory lists the root organizations, and those directly below each.
func inventory(ctx context.Context, tracer trace.Tracer, client *cloudflare.Client, pageSize int) (err error) {
	ctx, span := tracer.Start(ctx, "inventory")
	defer func() { end(span, err) }()

	roots, err := list(ctx, tracer, client, cloudflare.OrganizationListParams{RootsOnly: true, PageSize: pageSize})
	if err != nil {
		return err
	}
	for _, root := range roots {
		if _, err := list(ctx, tracer, client, cloudflare.OrganizationListParams{ParentID: root.ID, PageSize: pageSize}); err != nil {
			return err
		}
	}
	return nil
}

// list returns the organizations that params select, within a span. The spans of its attempts are below that span, as
// the client passes the context to the hook.
func list(ctx context.Context, tracer trace.Tracer, client *cloudflare.Client, params cloudflare.OrganizationListParams) (organizations []*cloudflare.Organization, err error) {
	ctx, span := tracer.Start(ctx, "list organizations", trace.WithAttributes(attribute.String("parent", params.ParentID)))
	defer func() {
		span.SetAttributes(attribute.Int("organizations", len(organizations)))
		end(span, err)
	}()

	for organization, err := range client.Organizations.All(ctx, params) {
		if err != nil {
			return organizations, err
		}
		organizations = append(organizations, organization)
	}
	return organizations, nil
}

func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error()) // errors of the client contain no credential
	}
	span.End()
}

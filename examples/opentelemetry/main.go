// Opentelemetry lists organizations and those below them, and draws the trace of it in the terminal: one span for
// each thing that the program does, and below it one for each request that the client sends for that, so that pages
// and retries can be seen.
//
// It talks to a server in this process that fails two requests. With -live it talks to Cloudflare.
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

Lists organizations and those below them, and draws the trace of it.

`

const exits = `
Exit codes: 0 done, 1 failed, 2 wrong usage or no credential, 130 interrupted.
What fails or is interrupted has a trace too, up to where it came.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("opentelemetry", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	live := flags.Bool("live", false, "talk to Cloudflare, with the credential in CLOUDFLARE_API_TOKEN,\nor in CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL; it only reads")
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

	// In a program of your own, an exporter to a collector takes the place of this one, behind WithBatcher.
	drawing := &tree{out: stdout}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(drawing))

	options := []cloudflare.Option{cloudflare.WithHTTPClient(traced(http.DefaultTransport, provider))}
	if !*live {
		server := failingServer()
		defer server.Close()
		options = append(options, cloudflare.WithBaseURL(server.URL), cloudflare.WithAPIToken(cloudflaretest.APIToken))
	}
	client, err := cloudflare.NewClient(options...)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	err = inventory(ctx, provider.Tracer("inventory"), client, *pageSize)
	drawn := provider.Shutdown(context.WithoutCancel(ctx)) // an interrupted program's trace is worth seeing too
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

// failingServer has organizations enough for several pages. It fails a request with an answer, and one without.
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

// inventory counts the organizations at the top and those directly below each.
func inventory(ctx context.Context, tracer trace.Tracer, client *cloudflare.Client, pageSize int) (err error) {
	ctx, span := tracer.Start(ctx, "inventory")
	defer func() { end(span, err) }()

	roots, err := list(ctx, tracer, client, cloudflare.OrganizationListParams{ParentID: cloudflare.NoParent, PageSize: pageSize})
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

// list is an operation with a span of its own. The spans of its requests become that one's children, because the
// client hands the context on to the transport.
func list(ctx context.Context, tracer trace.Tracer, client *cloudflare.Client, params cloudflare.OrganizationListParams) (organizations []*cloudflare.Organization, err error) {
	ctx, span := tracer.Start(ctx, "list organizations", trace.WithAttributes(attribute.String("parent", params.ParentID)))
	defer func() {
		span.SetAttributes(attribute.Int("organizations", len(organizations)))
		end(span, err)
	}()

	for organization, err := range client.Organizations.All(countResends(ctx), params) {
		if err != nil {
			return organizations, err
		}
		organizations = append(organizations, organization)
	}
	return organizations, nil
}

func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error()) // the client's errors hold no credential
	}
	span.End()
}

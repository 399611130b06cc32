// Fleet does one job for many organizations, spread over any number of worker processes that share one quota of
// requests. Tasks and quota are in Redis. README.md says when to use it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

const usage = `Usage: fleet COMMAND [FLAGS] [ARGUMENTS]

  fleet enqueue [FLAGS] FILE.csv   queue one task for each row: give an organization a profile
  fleet enqueue -audit [FLAGS]     queue one task for each organization: look for members without two-factor
                                   authentication and for pending invitations
  fleet worker [FLAGS]             carry out tasks until Ctrl-C, and then finish the tasks under way
  fleet status [FLAGS]             show how many tasks are queued, running, done, failed and archived, with reasons
  fleet results [FLAGS]            print what finished tasks found or changed, as one JSON object on each line
  fleet verify [FLAGS]             look up the organizations whose create has no known outcome, and print for each
                                   archived task whether it was found, is absent, or is ambiguous
  fleet retry [FLAGS] TASK...      queue archived tasks again: those named here or in -verified FILE, or -all

FILE.csv has a row for each organization. Its first row names the columns: organization_id, or name and parent_id; and
at least one of business_name, business_email, business_phone, business_address and external_metadata. A row with a
name and no organization_id creates the organization unless it exists; parent_id is empty for a root organization. A
field without a column keeps its value.

The credential comes from CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL, or from CLOUDFLARE_API_TOKEN. Each credential and
base URL has tasks and a quota of its own, which all commands with the same two share.

-redis or REDIS_URL names the Redis server. Without one, enqueue and worker start an embedded Redis, to try fleet only.
It loses all tasks when the command ends, so enqueue carries out its tasks itself.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some tasks were archived or could not be queued, 130 interrupted.
"fleet COMMAND -h" lists the flags.
`

const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitIncomplete  = 3
	exitInterrupted = 130
)

// The kinds of an error that decide the exit code.
var (
	errUsage      = errors.New("wrong usage")
	errIncomplete = errors.New("incomplete")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	redis.SetLogger(silent{})
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// silent keeps go-redis from logging errors that it also returns.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// fleet holds what the commands share.
type fleet struct {
	stdout, stderr io.Writer
	log            *slog.Logger
	flags          *flag.FlagSet

	redisURL    string
	baseURL     string
	quota       int
	window      time.Duration
	verbose     bool
	audit       bool
	concurrency int
	untilEmpty  bool
	asJSON      bool
	all         bool
	verified    string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := &fleet{stdout: visible{stdout}, stderr: visible{stderr}}
	stderr = f.stderr
	err := f.command(ctx, args)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "fleet: interrupted")
		return exitInterrupted
	}
	fmt.Fprintln(stderr, "fleet:", err)
	switch {
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.Is(err, errIncomplete):
		return exitIncomplete
	}
	return exitFailed
}

func (f *fleet) command(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" || args[0] == "help" {
		fmt.Fprint(f.stdout, usage)
		return flag.ErrHelp
	}
	command, args := args[0], args[1:]
	run := f.define(command)
	if run == nil {
		return fmt.Errorf("%w: there is no command %s; see fleet -h", errUsage, quote(command))
	}
	switch err := f.flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		f.flags.SetOutput(f.stdout)
		fmt.Fprintf(f.stdout, "Flags of fleet %s:\n\n", command)
		f.flags.PrintDefaults()
		return err
	case err != nil && mayBeURL(err.Error()):
		return fmt.Errorf("%w: a flag or its value is not valid; see fleet %s -h", errUsage, command)
	case err != nil:
		return fmt.Errorf("%w: %w; see fleet %s -h", errUsage, err, command)
	}
	f.baseURL = cmp.Or(f.baseURL, os.Getenv("CLOUDFLARE_BASE_URL"))
	f.redisURL = cmp.Or(f.redisURL, os.Getenv("REDIS_URL"))
	if err := f.check(); err != nil {
		return fmt.Errorf("%w: %w; see fleet %s -h", errUsage, err, command)
	}
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelDebug
	}
	f.log = slog.New(slog.NewTextHandler(f.stderr, &slog.HandlerOptions{Level: level}))
	return run(ctx, f.flags.Args())
}

// define defines the flags of a command, and returns what runs it.
func (f *fleet) define(command string) func(context.Context, []string) error {
	f.flags = flag.NewFlagSet(command, flag.ContinueOnError)
	f.flags.SetOutput(io.Discard) // run reports the errors
	f.flags.Usage = func() {}
	f.flags.StringVar(&f.redisURL, "redis", "", "the `URL` of a Redis server: redis://HOST:6379/0, or rediss:// for TLS (default $REDIS_URL)")
	f.flags.StringVar(&f.baseURL, "base-url", "", "send requests to this `URL` (default $CLOUDFLARE_BASE_URL, or Cloudflare's API)")
	f.flags.IntVar(&f.quota, "quota", 1200, "send at most this many `requests` in a window, all workers together")
	f.flags.DurationVar(&f.window, "window", 5*time.Minute, "the window of the quota")
	api := func() {
		f.flags.IntVar(&f.concurrency, "concurrency", 8, "carry out this many `tasks` at once")
		f.flags.BoolVar(&f.verbose, "v", false, "log every request")
	}
	switch command {
	case "enqueue":
		api()
		f.flags.BoolVar(&f.audit, "audit", false, "audit the members of all organizations")
		return f.enqueue
	case "worker":
		api()
		f.flags.BoolVar(&f.untilEmpty, "until-empty", false, "end when no task is queued or running")
		return f.worker
	case "status":
		f.flags.BoolVar(&f.asJSON, "json", false, "print one JSON object")
		return f.status
	case "results":
		return f.results
	case "verify":
		return f.verify
	case "retry":
		f.flags.BoolVar(&f.all, "all", false, "all archived tasks; one whose create has no known outcome creates nothing")
		f.flags.StringVar(&f.verified, "verified", "", "the archived tasks at the beginning of each line of this `file`, such as the output of fleet verify")
		return f.retry
	}
	return nil
}

func (f *fleet) check() error {
	switch {
	case f.quota < 1:
		return fmt.Errorf("-quota must be at least 1, not %d", f.quota)
	case f.window < time.Second || f.window > 24*time.Hour:
		return fmt.Errorf("-window must be between 1s and 24h, not %s", f.window)
	case f.flags.Lookup("concurrency") != nil && (f.concurrency < 1 || f.concurrency > 256):
		return fmt.Errorf("-concurrency must be between 1 and 256, not %d", f.concurrency)
	}
	return nil
}

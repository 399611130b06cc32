// Package demo is what the example programs share: flags, an embedded server to run against, exit codes and a clean
// end on Ctrl-C. What an example is about is in its own directory.
package demo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"unicode"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// The exit codes of every example.
const (
	ExitOK          = 0
	ExitError       = 1
	ExitUsage       = 2
	ExitRefused     = 3   // what was asked for was understood, and is not going to be done; or it is not clear what is meant
	ExitInterrupted = 130 // Ctrl-C
)

// Program is one example.
type Program struct {
	Name string // of its directory below examples

	// Usage says what it does: the first line after the name and its flags, the rest below. -h prints it.
	Usage string

	// Setup defines the flags and returns what runs once they are parsed. It may be called more than once.
	Setup func(flags *flag.FlagSet) func(ctx context.Context, env *Env) error
}

// Env is what a program works with. Main fills it; a test may fill any of the fields but Live.
type Env struct {
	Args           []string // the command line without the program's name; afterwards what is left of it behind the flags
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Options        []cloudflare.Option // added to the client's

	Live   bool
	Client *cloudflare.Client
	Server *cloudflaretest.Server // nil if Live; one that a test brings is used as it is and not closed
	Tree   *Tree                  // what the embedded server was seeded with; nil if Live, and with a Server of a test's
}

// Main runs a program with the command line and exits.
func Main(p Program) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(p.Run(ctx, &Env{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}))
}

// Run runs a program and returns its exit code. An error that ends it has been printed.
func (p Program) Run(ctx context.Context, env *Env) int {
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error and the usage have different places
	flags.BoolVar(&env.Live, "live", false, "use the account that the CLOUDFLARE_ variables of the environment are for, not the embedded server")
	verbose := flags.Bool("v", false, "log every request to standard error")
	run := p.Setup(flags)

	switch err := flags.Parse(env.Args); {
	case errors.Is(err, flag.ErrHelp):
		p.help(flags, env.Stdout)
		return ExitOK
	case err != nil:
		return p.fail(ctx, env, Usagef("%w", err))
	}
	env.Args = flags.Args()
	if *verbose {
		handler := slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})
		env.Options = append(env.Options, cloudflare.WithLogger(slog.New(handler)))
	}
	stop, err := env.connect(p.Name)
	if err != nil {
		return p.fail(ctx, env, err)
	}
	defer stop()
	if err := run(ctx, env); err != nil {
		return p.fail(ctx, env, err)
	}
	return ExitOK
}

// connect makes the client, and the server if it is to be embedded.
func (env *Env) connect(name string) (stop func(), err error) {
	options := append([]cloudflare.Option{cloudflare.WithUserAgent("example-" + name)}, env.Options...)
	if env.Live {
		env.Server, env.Tree = nil, nil
		env.Client, err = cloudflare.NewClient(options...)
		return func() {}, err
	}
	stop = func() {}
	if env.Server == nil {
		env.Server = cloudflaretest.NewServer()
		env.Tree = Seed(env.Server)
		stop = env.Server.Close
		fmt.Fprintf(env.Stderr, "%s: on an embedded server that ends with this program; -live uses your account\n", name)
	}
	env.Client = env.Server.Client(options...)
	return stop, nil
}

func (p Program) help(flags *flag.FlagSet, w io.Writer) {
	fmt.Fprintf(w, "Usage: go run ./examples/%s %s\n\nFlags:\n", p.Name, p.Usage)
	flags.SetOutput(w)
	flags.PrintDefaults()
	fmt.Fprintf(w, "\nExit codes: %d done, %d error, %d bad usage, %d refused or ambiguous, %d interrupted.\n",
		ExitOK, ExitError, ExitUsage, ExitRefused, ExitInterrupted)
}

// fail prints an error and returns the exit code that goes with it. If ctx has ended, that is why.
func (p Program) fail(ctx context.Context, env *Env, err error) int {
	code := ExitError
	if coded, ok := errors.AsType[*codedError](err); ok {
		code = coded.code
	}
	fmt.Fprintf(env.Stderr, "%s: %v\n", p.Name, err)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(env.Stderr, "%s: interrupted\n", p.Name)
		return ExitInterrupted
	case code == ExitUsage:
		fmt.Fprintf(env.Stderr, "%s: -h shows how to use it\n", p.Name)
	}
	return code
}

// codedError is an error with an exit code.
type codedError struct {
	code int
	error
}

func (e *codedError) Unwrap() error { return e.error }

// Usagef is [fmt.Errorf] for an error in how a program is called: ExitUsage.
func Usagef(format string, args ...any) error {
	return &codedError{ExitUsage, fmt.Errorf(format, args...)}
}

// Refused makes an error end the program with ExitRefused.
func Refused(err error) error { return &codedError{ExitRefused, err} }

// Text makes what a server sent safe to print: without what could move a terminal's cursor or change its colours.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return -1
		}
		return r
	}, s)
}

// OrganizationID returns the ID of the organization that s is the ID or the exact name of. Several of that name are
// refused.
func OrganizationID(ctx context.Context, client *cloudflare.Client, s string) (string, error) {
	if isID(s) {
		return s, nil
	}
	var ids []string
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{Name: s}) {
		if err != nil {
			return "", err
		}
		if org.Name == s {
			ids = append(ids, org.ID)
		}
	}
	switch len(ids) {
	case 0:
		return "", fmt.Errorf("no organization is named %q", s)
	case 1:
		return ids[0], nil
	}
	return "", Refused(fmt.Errorf("%d organizations are named %q; use one of the IDs %s", len(ids), s, strings.Join(ids, ", ")))
}

func isID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

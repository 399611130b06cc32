// Package cli holds what the commands of cforg share: global flags, the client, questions, and exit codes.
package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/output"
	"example.com/cloudflare/cmd/cforg/internal/progress"
)

// The exit codes of every command.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2   // the command line is wrong; nothing was sent
	ExitRefused     = 3   // nothing found, more than one found, or refused
	ExitInterrupted = 130 // Ctrl-C or SIGTERM
)

const long = `cforg runs administrative tasks against Cloudflare's Organizations API.

It takes its credential from the environment: CLOUDFLARE_API_TOKEN, or CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL. With
--demo it needs none: the command runs against a demo server inside this process, with 60 organizations, 300 accounts
and 120 members. A command that writes shows what it will do and asks first, unless --yes is given.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing found, more than one found or refused, 130 interrupted.`

// Execute runs the command line args and returns its exit code. It also prints the error.
func Execute(ctx context.Context, env *Env, args []string, commands ...func(*Env) *cobra.Command) int {
	env.Meter = &progress.Meter{Stderr: env.Stderr, Width: terminal(env.Stderr)}
	stdout := &sink{meter: env.Meter, w: env.Stdout}
	env.Stdout, env.Stderr = stdout, &sink{meter: env.Meter, w: env.Stderr}
	defer env.close()
	root := newRoot(env, commands)
	root.SetArgs(args)

	command, err := root.ExecuteContextC(ctx)
	env.Meter.Close()
	if err == nil && stdout.err != nil {
		err = &codedError{ExitFailed, fmt.Errorf("standard output: %w", stdout.err)}
	}
	env.running = env.running || stdout.err != nil // nothing is printed before the command line is accepted
	if err == nil {
		return ExitDone
	}
	return env.fail(ctx, command.CommandPath(), err)
}

func newRoot(env *Env, commands []func(*Env) *cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use:           "cforg",
		Short:         "Run administrative tasks against Cloudflare's Organizations API",
		Long:          long,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	flags := root.PersistentFlags()
	flags.BoolVar(&env.Demo, "demo", false, "run against a demo server inside this process")
	flags.StringVar(&env.baseURL, "base-url", "", "send requests to this `URL` (default $CLOUDFLARE_BASE_URL, or Cloudflare's API)")
	flags.DurationVar(&env.maxWait, "max-wait", 15*time.Minute, "the longest time that a request waits for the rate limit; 0: fail at once")
	flags.Float64Var(&env.Meter.Rate, "rate", 0, "send at most this `number` of requests a second (the API allows 4 on average)")
	flags.BoolVarP(&env.Meter.Quiet, "quiet", "q", false, "do not print progress and waits")
	flags.BoolVarP(&env.verbose, "verbose", "v", false, "log every request to standard error")
	root.MarkFlagsMutuallyExclusive("demo", "base-url")
	for _, command := range commands {
		root.AddCommand(command(env))
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd() // after SetOut, because it takes the output over
	for _, command := range root.Commands() {
		switch command.Name() {
		case "help":
			command.Args = knownCommand
		case "completion": // cobra checks the arguments of commands that run, and of no others
			command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
		}
	}
	return root
}

// knownCommand returns an error unless args are the path of a command.
func knownCommand(help *cobra.Command, args []string) error {
	command, rest, err := help.Root().Find(args)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("unknown command %q for %q", rest[0], command.CommandPath())
	}
	return err
}

// version returns the version of the module, or the commit that the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return setting.Value
		}
	}
	return info.Main.Version
}

// Run returns the RunE of a command. An error from before run is called is wrong usage: cobra checks flags and
// arguments first.
func (env *Env) Run(run func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		if err := env.check(command); err != nil {
			return err
		}
		env.running = true
		return run(command.Context(), args)
	}
}

// fail prints an error and returns the exit code that goes with it.
func (env *Env) fail(ctx context.Context, path string, err error) int {
	code := ExitFailed
	coded, isCoded := errors.AsType[*codedError](err)
	switch {
	case isCoded:
		code = coded.code
	case !env.running:
		code = ExitUsage
	case errors.Is(err, cloudflare.ErrInvalidArgument) && env.Meter.Sent() == 0:
		code = ExitUsage // later, it may be an ID of the server's that is invalid
	}
	if errors.Is(err, syscall.EPIPE) && ctx.Err() == nil {
		return code // the reader closed the pipe, and knows that
	}
	if ctx.Err() != nil {
		fmt.Fprintf(env.Stderr, "%s: interrupted%s\n", path, output.Text(interruption(err)))
		return ExitInterrupted
	}
	fmt.Fprintf(env.Stderr, "%s: %s\n", path, output.Lines(strings.TrimSpace(err.Error())))
	if code == ExitUsage {
		fmt.Fprintf(env.Stderr, "Run \"%s --help\" for usage.\n", path)
	}
	return code
}

// interruption returns what err says beside that the command was interrupted: what may have happened, and what to do.
func interruption(err error) string {
	text, hint, _ := strings.Cut(err.Error(), "\n")
	if !errors.Is(err, context.Canceled) || errors.Is(err, cloudflare.ErrOutcomeUnknown) {
		hint = ": " + text + " " + hint
	} else if hint != "" {
		hint = " " + hint
	}
	return strings.TrimRight(hint, " ")
}

// codedError is an error with an exit code.
type codedError struct {
	code int
	error
}

func (e *codedError) Unwrap() error { return e.error }

// Usagef is [fmt.Errorf] for a wrong command line: ExitUsage.
func Usagef(format string, args ...any) error {
	return &codedError{ExitUsage, fmt.Errorf(format, args...)}
}

// Refused makes an error end the program with ExitRefused.
func Refused(err error) error { return &codedError{ExitRefused, err} }

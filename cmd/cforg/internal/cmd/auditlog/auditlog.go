// Package auditlog prints the audit log of an organization, and follows it.
package auditlog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
	"example.com/cloudflare/cmd/cforg/internal/durable"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const long = `Audit-log prints the entries of an organization's audit log as JSON lines, as the API sends them, oldest first.

With --checkpoint, it records in a file what it has printed, and the next run continues there. Each run also reads a
period that was read before (--overlap), because entries may be recorded late, and skips entries that it has printed. A
run that finds nothing new writes nothing. Only one run at a time can use a checkpoint; the exit code of another is 3.

With --output, entries are written to a file. The checkpoint records its length, and the next run removes what a run that
was killed wrote after that: the file has every entry once, and no line that is cut. Without --output, a run that was
killed, or met a full disk, may leave a line that is cut. The next run begins with a line break, and may print entries
again.

With --follow, it continues until Ctrl-C, and then ends with exit code 0. Without a checkpoint and --since, it begins 24
hours ago.`

// Command returns "cforg audit-log".
func Command(env *cli.Env) *cobra.Command {
	o := options{env: env, since: moment{ago: 24 * time.Hour}}
	command := &cobra.Command{
		Use:   "audit-log ORGANIZATION",
		Short: "Print or follow the audit log of an organization",
		Long:  long,
		Example: "  cforg audit-log --demo\n" +
			"  cforg audit-log \"Alder Secure\" --since 2026-11-01\n" +
			"  cforg audit-log \"Alder Secure\" --follow --checkpoint alder.json --output alder.jsonl",
		Args: cobra.MaximumNArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.organization = args[0]
			}
			return o.check()
		},
		RunE: env.Run(func(ctx context.Context, _ []string) error { return o.run(ctx) }),
	}
	flags := command.Flags()
	flags.Var(&o.since, "since", "begin at this date, RFC 3339 time, or duration before now; ignored once the file of --checkpoint exists")
	flags.StringVar(&o.checkpoint, "checkpoint", "", "record in this `file` what was printed")
	flags.BoolVarP(&o.follow, "follow", "f", false, "continue until Ctrl-C")
	flags.DurationVar(&o.interval, "interval", 30*time.Second, "time between two requests for new entries, with --follow")
	flags.DurationVar(&o.overlap, "overlap", 15*time.Minute, "the longest delay after which an entry is recorded")
	flags.StringVar(&o.output, "output", "", "append to this `file` instead of standard output; needs --checkpoint")
	_ = command.MarkFlagFilename("checkpoint")
	_ = command.MarkFlagFilename("output")
	return command
}

type options struct {
	env               *cli.Env
	organization      string
	since             moment
	checkpoint        string
	output            string
	follow            bool
	interval, overlap time.Duration
}

func (o *options) check() error {
	if o.organization == "" && o.env.Demo {
		o.organization = demo.Root
	}
	switch {
	case o.organization == "":
		return errors.New("ORGANIZATION is missing")
	case o.interval < time.Second:
		return errors.New("--interval must be at least 1s")
	case o.overlap < 0:
		return errors.New("--overlap must not be negative")
	case o.since.at.After(time.Now()):
		return errors.New("--since must not be in the future; a date begins at 00:00 UTC")
	case o.output != "" && o.checkpoint == "":
		return errors.New("--output needs --checkpoint")
	case o.output != "" && filepath.Clean(o.output) == filepath.Clean(o.checkpoint):
		return errors.New("--output and --checkpoint must not be the same file")
	}
	return nil
}

func (o *options) run(ctx context.Context) error {
	client, err := o.env.Client(cloudflare.WithReadOnly())
	if err != nil {
		return err
	}
	if o.env.Fresh() {
		demo.AddRecent(o.env.Server, o.env.Tree, time.Now())
	}
	id, err := cli.OrganizationID(ctx, client, o.organization)
	if err != nil {
		return err
	}
	f := &follower{client: client, env: o.env, overlap: o.overlap, out: bufio.NewWriter(o.env.Stdout)}
	if o.checkpoint != "" {
		if f.file, err = durable.Target(o.checkpoint); err != nil {
			return err
		}
		lock, err := lock(f.file)
		if err != nil {
			return fmt.Errorf("--checkpoint: %w", err)
		}
		defer lock.Close()
	}
	if f.state, err = loadState(f.file, id, o.since.before(time.Now())); err != nil {
		return err
	}
	length := f.state.Length
	if o.output != "" {
		if f.output, err = f.state.open(o.output); err != nil {
			return fmt.Errorf("--output %s: %w", o.output, err)
		}
		defer f.output.Close()
		f.out.Reset(f.output)
	}
	if ahead := time.Until(f.state.Since).Round(time.Second); ahead > 0 {
		fmt.Fprintf(o.env.Stderr, "cforg audit-log: the checkpoint is %s ahead of the local clock; nothing is printed before that time\n", ahead)
	}
	if f.state.saved == 0 || length != f.state.Length { // before anything is printed, because it may not be possible
		if err := f.save(); err != nil {
			return err
		}
	}
	for {
		err := f.round(ctx)
		switch {
		case err != nil && hopeless(err):
			return err
		case ctx.Err() != nil && o.follow:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !o.follow:
			return err
		case err != nil:
			fmt.Fprintf(o.env.Stderr, "cforg audit-log: %s; next request in %s\n", output.Text(err.Error()), o.interval)
		case !o.follow:
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(o.interval):
		}
	}
}

// moment is a flag: a point in time, or a duration before now.
type moment struct {
	at  time.Time
	ago time.Duration // if at is not set
}

func (m *moment) String() string { return m.ago.String() }

// Type names the kind of value in a command's help.
func (m *moment) Type() string { return "time" }

// Set accepts a date, a time and a duration.
func (m *moment) Set(text string) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if at, err := time.Parse(layout, text); err == nil {
			*m = moment{at: at}
			return nil
		}
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return errors.New("must be a date such as 2026-11-01, a time such as 2026-11-01T12:00:00Z, or a duration such as 24h")
	}
	*m = moment{ago: ago}
	return nil
}

func (m *moment) before(now time.Time) time.Time {
	if m.at.IsZero() {
		return now.Add(-m.ago)
	}
	return m.at
}

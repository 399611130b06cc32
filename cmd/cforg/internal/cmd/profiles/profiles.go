// Package profiles updates the profiles of many organizations from a CSV file.
package profiles

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/fields"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

var long = `Profiles updates the profiles of organizations from a CSV file. It shows what would change, and asks before it writes.
The first row of the file names the columns, in any order: ` + idColumn + `, and at least one of
` + fields.Names() + `.
A field without a column keeps its value. An empty cell clears the field. For each row, a line is printed:

  unchanged     the profile has these values already
  would change  this would be written
  changed       this was written
  refused       the row is wrong; nothing was written
  failed        the API returned an error, or could not be reached; nothing was written
  unknown       the update was sent, but got no usable response: it may have been written
  not done      the command was stopped before anything was written

A row that is refused, failed or unknown does not stop the others; the exit code is 3. The command stops if the API does
not accept the credential, or if ` + fmt.Sprint(silence) + ` rows in a row get no response. After Ctrl-C, the rows under way have ` + cli.Grace.String() + ` to finish.
Run the same command again to do the rest. It reads each profile first, and sends only what differs.`

// Command returns "cforg profiles".
func Command(env *cli.Env) *cobra.Command {
	o := options{env: env}
	command := &cobra.Command{
		Use:     "profiles FILE",
		Short:   "Update many profiles from a CSV file",
		Long:    long,
		Example: "  cforg profiles profiles.csv --dry-run\n  cforg profiles profiles.csv --yes",
		Args:    cli.OneArgument("FILE"),
		PreRunE: func(_ *cobra.Command, args []string) error { return o.check(args[0]) },
		RunE:    env.Run(func(ctx context.Context, _ []string) error { return o.run(ctx) }),
	}
	flags := command.Flags()
	flags.BoolVarP(&o.dryRun, "dry-run", "n", false, "only show what would change")
	flags.IntVar(&o.parallel, "parallel", 8, "process this `number` of rows at once, from 1 to 64")
	cli.FormatFlag(command, &o.format, "table", "json", "csv")
	cli.YesFlag(command, &o.yes)
	command.MarkFlagsMutuallyExclusive("dry-run", "yes")
	return command
}

type options struct {
	env         *cli.Env
	file        string
	parallel    int
	format      string
	dryRun, yes bool
}

func (o *options) check(file string) error {
	o.file = file
	if o.parallel < 1 || o.parallel > 64 {
		return fmt.Errorf("--parallel must be from 1 to 64, not %d", o.parallel)
	}
	return nil
}

func (o *options) run(ctx context.Context) error {
	csv, err := os.ReadFile(o.file)
	if err != nil {
		return err
	}
	rows, err := readRows(bytes.NewReader(csv))
	if err != nil {
		return cli.Usagef("%s: %w", o.file, err)
	}
	client, err := o.env.Client()
	if err != nil {
		return err
	}
	j := &job{
		client: client, token: o.env.UsesToken(), parallel: o.parallel,
		out: formats[o.format](o.env.Stdout), total: io.Discard, meter: o.env.Meter,
	}
	if o.format == "table" {
		j.total = o.env.Stdout
	}
	err = o.update(ctx, j, rows)
	return cmp.Or(err, j.out.Close())
}

// update shows what would change, asks, and writes it.
func (o *options) update(ctx context.Context, j *job, rows []*row) error {
	j.apply = o.yes
	results, err := j.run(ctx, rows)
	var changes []*row
	var others []result
	for _, r := range results {
		if r.outcome == wouldChange {
			changes = append(changes, r.row)
		} else {
			others = append(others, r)
		}
	}
	if err != nil || ctx.Err() != nil || o.dryRun || len(changes) == 0 {
		return cmp.Or(err, failure(results))
	}
	if err := o.env.Confirm(ctx, fmt.Sprintf("Change %s?", output.Count(len(changes), "profile"))); err != nil {
		return err
	}
	j.apply = true
	results, err = j.run(ctx, changes)
	return cmp.Or(err, failure(append(others, results...)))
}

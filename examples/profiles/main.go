// Profiles gives many organizations the profiles that a CSV file says. It shows the difference first, and may be stopped
// at any point and run again.
package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/examples/internal/demo"
)

var usage = `[-file CSV [-apply]] [-parallel 8]

Gives organizations the profiles that a CSV file says. Without -apply it only shows what would change. The first row of
the file names the columns, in any order: ` + idColumn + `, and at least one of
` + fieldNames() + `.
A field without a column keeps its value; an empty cell empties it. Each row becomes a line of output:

  unchanged     the profile is like that already
  would change  this is what -apply writes
  changed       this was written
  refused       the row is wrong; nothing was written
  failed        the API refused, or could not be reached; nothing was written
  unknown       sent, but no answer came: it may have been written or not
  not done      the program was stopped before anything was written

A row that goes wrong (refused, failed, unknown: exit code 3) does not stop the others; a credential that is
not accepted does. Ctrl-C lets the rows under way finish, for ` + grace.String() + ` at the most. Whatever stopped the program, the same
command does the rest: it looks at each profile first, and sends only what differs.

On the embedded server, without -file, it shows all this with 500 rows, 7 of them wrong; -sample prints that file, to
change it and try it with -file.`

func main() { demo.Main(program) }

var program = demo.Program{Name: "profiles", Usage: usage, Setup: setup}

func setup(flags *flag.FlagSet) func(context.Context, *demo.Env) error {
	file := flags.String("file", "", "the `CSV` file")
	apply := flags.Bool("apply", false, "write what differs")
	parallel := flags.Int("parallel", 8, "how many rows at once, from 1 to 64")
	sample := flags.Bool("sample", false, "print the file of the demonstration")

	return func(ctx context.Context, env *demo.Env) error {
		switch {
		case len(env.Args) > 0:
			return demo.Usagef("%q is not a flag", env.Args[0])
		case *parallel < 1 || *parallel > 64:
			return demo.Usagef("-parallel is %d, not from 1 to 64", *parallel)
		case *file == "" && (env.Live || *apply):
			return demo.Usagef("-live and -apply need -file")
		case *sample && *file != "":
			return demo.Usagef("-sample and -file do not go together")
		}
		client, err := patient(env)
		if err != nil {
			return err
		}
		j := &job{client: client, apply: *apply, parallel: *parallel, out: env.Stdout, errs: env.Stderr}
		if env.Tree != nil || *file == "" { // not Live, and not a server that a test has filled
			csv, err := stock(ctx, env)
			switch {
			case err != nil:
				return err
			case *sample:
				_, err = env.Stdout.Write(csv)
				return err
			case *file == "":
				return demonstrate(ctx, env, j, csv)
			}
		}

		csv, err := os.ReadFile(*file)
		if err != nil {
			return err
		}
		rows, err := readRows(bytes.NewReader(csv))
		if err != nil {
			return demo.Usagef("%s: %w", *file, err)
		}
		count, err := j.run(ctx, rows)
		if err == nil && !j.apply && count[wouldChange] > 0 {
			_, err = fmt.Fprintln(env.Stdout, "nothing was written: -apply does that")
		}
		return cmp.Or(err, count.err())
	}
}

// patient returns a client that waits for as long as the API blocks somebody after too many requests. 1,200 in five
// minutes are allowed, and a row takes up to two.
func patient(env *demo.Env) (*cloudflare.Client, error) {
	options := append(env.Options, cloudflare.WithUserAgent("example-profiles"), cloudflare.WithMaxRetryWait(5*time.Minute))
	if env.Live {
		return cloudflare.NewClient(options...)
	}
	return env.Server.Client(options...), nil
}

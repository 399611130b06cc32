// Package find tells which organization holds an account, a user or an organization, and where that is.
package find

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const long = `Find looks for an organization, an account or a user, and shows the organizations from the top of the hierarchy down to
it. QUERY is an ID, a whole name, or the email address of a user. Upper and lower case do not matter.

An organization, and an account by its ID, takes one request for 1,000 organizations. Other accounts and users take one
request for each organization. They are searched only with --kind account, --kind user or --deep; otherwise, the command
says how many requests that takes.

The exit code is 0 if exactly one place is found, and 3 if there is none or more than one. All places are shown. The
exit code is 1 if an organization cannot be read, because then there may be more places.`

var formats = map[string]output.Format[place]{
	"tree": output.AtEnd(printTrees), "table": output.AtEnd(printTable),
	"json": output.AsJSON[place], "csv": output.AsCSV(columns, place.cells),
}

// Command returns "cforg find".
func Command(env *cli.Env) *cobra.Command {
	var format, kind string
	var s search
	command := &cobra.Command{
		Use:   "find QUERY",
		Short: "Find an organization, account or user in the hierarchy",
		Long:  long,
		Example: "  cforg find --demo \"" + demo.TwiceApart + "\"\n  cforg find --kind user ada@example.com\n" +
			"  cforg find --deep ada@example.com -o json",
		Args: cli.OneArgument("QUERY"),
		RunE: env.Run(func(ctx context.Context, args []string) error {
			s.query = args[0]
			return run(ctx, env, &s, kind, formats[format](env.Stdout))
		}),
	}
	cli.ChoiceFlag(command, &kind, "kind", "what to look for", "any", "organization", "account", "user")
	command.Flags().BoolVar(&s.deep, "deep", false, "look for accounts and users in every organization")
	cli.FormatFlag(command, &format, "tree", "table", "json", "csv")
	return command
}

func run(ctx context.Context, env *cli.Env, s *search, kind string, printer output.Printer[place]) (err error) {
	s.meter = env.Meter
	if s.client, err = env.Client(cloudflare.WithReadOnly()); err != nil {
		return err
	}
	incomplete := s.run(ctx, kind)
	if ctx.Err() != nil || incomplete != nil && s.places == nil {
		return incomplete
	}
	if err := output.All(printer, s.places); err != nil {
		return err
	}
	more := s.more()
	switch n := len(s.places); {
	case incomplete != nil:
		return incomplete
	case n == 0 && more != "":
		return cli.Refused(fmt.Errorf("nothing found for %q, but %s", s.query, more))
	case n == 0:
		return cli.Refused(fmt.Errorf("nothing found for %q", s.query))
	case n > 1:
		return cli.Refused(fmt.Errorf("%d places found for %q; --kind or an ID may tell them apart", n, s.query))
	case more != "":
		fmt.Fprintf(env.Stderr, "cforg find: %s\n", more)
	}
	return nil
}

// printTrees draws the path to each place, with an empty line between two of them.
func printTrees(w io.Writer, places []place) error {
	for i, p := range places {
		var lines []string
		for _, step := range p.Path {
			line := step.Name + "  " + step.ID
			if step.Note != "" {
				line += "  ! " + step.Note
			}
			lines = append(lines, line)
		}
		switch p.Kind {
		case "account":
			lines = append(lines, joined("account", p.Name, " "+p.ID))
		case "user":
			lines = append(lines, joined("user", p.Name, " "+p.ID, " "+p.Email, " "+p.Status))
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		tree := output.NewTree(lines[0])
		for i, line := range lines[1:] {
			tree.Add(i+1, line)
		}
		if err := tree.Print(w); err != nil {
			return err
		}
	}
	return nil
}

// joined joins the parts that are not blank.
func joined(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(part string) bool { return strings.TrimSpace(part) == "" })
	return strings.Join(parts, " ")
}

var columns = []string{"kind", "id", "name", "email", "status", "organization_id", "path"}

func (p place) cells() [][]string {
	var names []string
	for _, step := range p.Path {
		names = append(names, step.Name)
	}
	holder := p.Path[len(p.Path)-1].ID
	return [][]string{{p.Kind, p.ID, p.Name, p.Email, p.Status, holder, strings.Join(names, " / ")}}
}

func printTable(w io.Writer, places []place) error {
	var rows [][]string
	for _, p := range places {
		rows = append(rows, p.cells()...)
	}
	return output.Table(w, []string{"KIND", "ID", "NAME", "EMAIL", "STATUS", "ORGANIZATION ID", "PATH"}, rows)
}

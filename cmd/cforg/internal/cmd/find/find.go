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

The exit code is 0 if exactly one place is found, and 3 if there is none or more than one. All places are shown. The
exit code is 1 if an organization cannot be read, because then there may be more places.`

// Command returns "cforg find".
func Command(env *cli.Env) *cobra.Command {
	var kind string
	var asJSON bool
	command := &cobra.Command{
		Use:     "find QUERY",
		Short:   "Find an organization, account or user in the hierarchy",
		Long:    long,
		Example: "  cforg find --demo \"" + demo.TwiceApart + "\"\n  cforg find --kind user ada@example.com",
		Args:    cli.OneArgument("QUERY"),
		RunE: env.Run(func(ctx context.Context, args []string) error {
			return run(ctx, env, args[0], kind, asJSON)
		}),
	}
	cli.ChoiceFlag(command, &kind, "kind", "what to look for", "any", "organization", "account", "user")
	cli.JSONFlag(command, &asJSON)
	return command
}

func run(ctx context.Context, env *cli.Env, query, kind string, asJSON bool) error {
	client, err := env.Client(cloudflare.WithReadOnly())
	if err != nil {
		return err
	}
	s := search{client: client, query: query}
	incomplete := s.run(ctx, kind)
	if ctx.Err() != nil || incomplete != nil && s.places == nil {
		return incomplete
	}
	show := printTrees
	if asJSON {
		show = printJSON
	}
	if err := show(env.Stdout, s.places); err != nil {
		return err
	}
	switch n := len(s.places); {
	case incomplete != nil:
		return incomplete
	case n == 0:
		return cli.Refused(fmt.Errorf("nothing found for %q", s.query))
	case n > 1:
		return cli.Refused(fmt.Errorf("%d places found for %q; --kind or an ID may tell them apart", n, s.query))
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

func printJSON(w io.Writer, places []place) error {
	return output.JSON(w, append([]place{}, places...)) // a list also if it is empty
}

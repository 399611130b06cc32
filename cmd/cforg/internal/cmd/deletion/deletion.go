// Package deletion deletes an organization that is empty.
package deletion

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const long = `Delete deletes an organization (a name or an ID) if it holds no organizations, no accounts and no members of any status.
It shows what the organization holds, and asks for its name before it deletes it. --yes skips the question. If the
organization holds anything, it is not deleted, and the exit code is 3.

If no organization has the ID, there is nothing to delete, and the exit code is 0. If no organization has the name, or
several have it, the exit code is 3.`

// Command returns "cforg delete".
func Command(env *cli.Env) *cobra.Command {
	var yes bool
	command := &cobra.Command{
		Use:     "delete ORGANIZATION",
		Short:   "Delete an organization that is empty",
		Long:    long,
		Example: "  cforg delete --demo \"" + demo.EmptyCustomer + "\"",
		Args:    cli.OneArgument("ORGANIZATION"),
		RunE: env.Run(func(ctx context.Context, args []string) error {
			return remove(ctx, env, args[0], yes)
		}),
	}
	cli.YesFlag(command, &yes)
	return command
}

// remove deletes an organization that is empty.
func remove(ctx context.Context, env *cli.Env, nameOrID string, yes bool) error {
	client, err := env.Client()
	if err != nil {
		return err
	}
	id, err := cli.OrganizationID(ctx, client, nameOrID)
	if err != nil {
		return err
	}
	org, err := listed(ctx, client, id)
	switch {
	case err != nil:
		return err
	case org == nil:
		fmt.Fprintf(env.Stdout, "%s does not exist: there is nothing to delete\n", id)
		return nil
	}
	if err := show(ctx, env.Stdout, client, org); err != nil {
		return err
	}
	if !yes {
		if err := confirm(ctx, env, org); err != nil {
			return err
		}
	}
	// DeleteIfEmpty checks again, because the confirmation may have taken some time.
	if err := client.Organizations.DeleteIfEmpty(ctx, id); err != nil {
		return refusal(err)
	}
	fmt.Fprintln(env.Stdout, "deleted")
	return nil
}

// listed returns an organization, or nil if there is none. It reads a list, because a new organization is listed before
// it can be read by its ID.
func listed(ctx context.Context, client *cloudflare.Client, id string) (*cloudflare.Organization, error) {
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{IDs: []string{id}}) {
		if err != nil || cli.SameID(org.ID, id) {
			return org, err
		}
	}
	return nil, nil
}

// show prints an organization and what it holds. It returns an error with [cli.ExitRefused] if it holds anything.
func show(ctx context.Context, w io.Writer, client *cloudflare.Client, org *cloudflare.Organization) error {
	fmt.Fprintf(w, "%s  %s", output.Text(org.Name), org.ID)
	if !org.CreateTime.IsZero() {
		fmt.Fprintf(w, "  created %s", org.CreateTime.Format(time.DateOnly))
	}
	if org.Parent != nil {
		fmt.Fprintf(w, "  below %s", output.Text(org.Parent.Name))
	}
	fmt.Fprintln(w)

	holds := &cloudflare.NotEmptyError{OrganizationID: org.ID}
	for _, part := range []struct {
		what  string
		count *int
		names iter.Seq2[string, error]
	}{
		{"organization", &holds.Organizations, lines(
			client.Organizations.All(ctx, cloudflare.OrganizationListParams{ParentID: org.ID}),
			func(o *cloudflare.Organization) string { return o.Name + "  " + o.ID })},
		{"account", &holds.Accounts, lines(
			client.OrganizationAccounts.All(ctx, org.ID, cloudflare.OrganizationAccountListParams{}),
			func(a *cloudflare.Account) string { return a.Name + "  " + a.ID })},
		{"member", &holds.Members, lines(
			client.OrganizationMembers.All(ctx, org.ID, cloudflare.OrganizationMemberListParams{}),
			func(m *cloudflare.OrganizationMember) string { return fmt.Sprintf("%s  %s", m.User.Email, m.Status) })},
	} {
		var err error
		if *part.count, err = printAll(w, part.what, part.names); err != nil {
			return err
		}
	}
	if holds.Organizations+holds.Accounts+holds.Members > 0 {
		return refusal(holds)
	}
	return nil
}

// lines makes a line of each item of a list.
func lines[T any](items iter.Seq2[*T, error], line func(*T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range items {
			if err != nil {
				yield("", err)
				return
			}
			if !yield(line(item), nil) {
				return
			}
		}
	}
}

// printAll prints how many there are, and the first of them.
func printAll(w io.Writer, what string, names iter.Seq2[string, error]) (count int, err error) {
	const most = 20
	var first strings.Builder
	for name, err := range names {
		if err != nil {
			return 0, err
		}
		if count++; count <= most {
			fmt.Fprintf(&first, "    %s\n", output.Text(name))
		}
	}
	if count > most {
		fmt.Fprintf(&first, "    and %d more\n", count-most)
	}
	_, err = fmt.Fprintf(w, "  %s\n%s", output.Count(count, what), &first)
	return count, err
}

// refusal gives an organization that is not empty the exit code of a refusal.
func refusal(err error) error {
	if _, holds := errors.AsType[*cloudflare.NotEmptyError](err); holds || errors.Is(err, cloudflare.ErrConflict) {
		return cli.Refused(fmt.Errorf("not deleted: %w", err))
	}
	return err
}

// confirm asks for the name.
func confirm(ctx context.Context, env *cli.Env, org *cloudflare.Organization) error {
	name := strings.TrimSpace(output.Text(org.Name)) // as it was shown
	typed, err := env.Ask(ctx, "To delete it, type its name: ")
	switch {
	case err != nil:
		return err
	case typed == "":
		return cli.Refused(errors.New("not deleted: no name was typed (--yes skips the question)"))
	case typed != name:
		return cli.Refused(fmt.Errorf("not deleted: %q was typed, but its name is %q", typed, name))
	}
	return nil
}

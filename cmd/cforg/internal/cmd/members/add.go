package members

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const addLong = `Add invites people to an organization. It skips those who are members or invited already, so the same command can be run
again. If one of the memberships was canceled or rejected, it invites nobody, because a person has to decide about that.

Each member is an administrator of the organization and of every account in it: the API has no other role.`

func addCommand(env *cli.Env) *cobra.Command {
	var yes bool
	command := &cobra.Command{
		Use:     "add ORGANIZATION EMAIL...",
		Short:   "Invite people to an organization",
		Long:    addLong,
		Example: "  cforg members add --demo \"Alder Secure\" ada@alder.example bob@alder.example",
		Args:    cobra.MinimumNArgs(2),
		PreRunE: func(_ *cobra.Command, args []string) error { return checkEmails(args[1:]) },
		RunE: env.Run(func(ctx context.Context, args []string) error {
			return add(ctx, env, args[0], args[1:], yes)
		}),
	}
	cli.YesFlag(command, &yes)
	return command
}

func checkEmails(emails []string) error {
	for i, email := range emails {
		if err := cli.CheckEmail(email); err != nil {
			return err
		}
		if slices.ContainsFunc(emails[:i], func(other string) bool { return cli.Fold(other) == cli.Fold(email) }) {
			return fmt.Errorf("%q is given twice", email)
		}
	}
	return nil
}

func add(ctx context.Context, env *cli.Env, organization string, emails []string, yes bool) error {
	client, err := env.Client()
	if err != nil {
		return err
	}
	id, err := cli.OrganizationID(ctx, client, organization)
	if err != nil {
		return err
	}
	members, err := list(ctx, client, id)
	if err != nil {
		return err
	}
	missing, err := sift(env, members, emails)
	if err != nil || len(missing) == 0 {
		return err
	}
	if !yes {
		for _, m := range missing {
			fmt.Fprintf(env.Stderr, "  invite %s\n", m.Email)
		}
		if err := env.Confirm(ctx, fmt.Sprintf("Invite %s as administrators?", output.Count(len(missing), "person"))); err != nil {
			return err
		}
	}
	created, err := client.OrganizationMembers.BatchCreate(ctx, id, missing)
	if batch, ok := errors.AsType[*cloudflare.BatchError](err); ok {
		created = batch.Created
		for _, m := range batch.Unknown {
			fmt.Fprintf(env.Stdout, "%-13s %s\n", "unknown", m.Email)
		}
		for _, m := range batch.NotCreated {
			fmt.Fprintf(env.Stdout, "%-13s %s\n", "not invited", m.Email)
		}
		err = fmt.Errorf("%w\n(run the same command again to do the rest; if somebody is unknown, wait a minute first)", err)
	}
	for _, m := range created {
		fmt.Fprintf(env.Stdout, "%-13s %s\n", "invited", output.Text(describe(m)))
	}
	return err
}

// sift returns who must be invited, and prints who is a member or invited already.
func sift(env *cli.Env, members []cloudflare.OrganizationMember, emails []string) (missing []cloudflare.OrganizationMemberCreateParams, err error) {
	var former []string
	for _, email := range emails {
		i := slices.IndexFunc(members, func(m cloudflare.OrganizationMember) bool { return cli.Fold(m.User.Email) == cli.Fold(email) })
		if i < 0 {
			missing = append(missing, cloudflare.OrganizationMemberCreateParams{Email: email})
			continue
		}
		switch m := members[i]; m.Status {
		case cloudflare.MemberStatusActive, cloudflare.MemberStatusPending:
			fmt.Fprintf(env.Stdout, "%-13s %s\n", "already there", output.Text(describe(m)))
		default:
			former = append(former, describe(m))
		}
	}
	if former != nil {
		return nil, cli.Refused(fmt.Errorf("nobody was invited: a person has to decide about %q", former))
	}
	return missing, nil
}

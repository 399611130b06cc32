package members

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const removeLong = `Remove ends memberships of an organization, and withdraws invitations. MEMBER is an email address, or the ID of a
membership.

Every active member is an administrator of the organization. The command never removes the last one, and it removes the
user who runs it only with --yes. Do not run two of these commands at once: together they could remove everybody.`

func removeCommand(env *cli.Env) *cobra.Command {
	var yes bool
	command := &cobra.Command{
		Use:     "remove ORGANIZATION MEMBER...",
		Short:   "Remove members from an organization",
		Long:    removeLong,
		Example: "  cforg members remove --demo \"Northwind Distribution\" ada.adler@northwind.example",
		Args:    cobra.MinimumNArgs(2),
		RunE: env.Run(func(ctx context.Context, args []string) error {
			return remove(ctx, env, args[0], args[1:], yes)
		}),
	}
	cli.YesFlag(command, &yes)
	return command
}

func remove(ctx context.Context, env *cli.Env, organization string, who []string, yes bool) error {
	client, err := env.Client()
	if err != nil {
		return err
	}
	id, err := cli.OrganizationID(ctx, client, organization)
	if err != nil {
		return err
	}
	leaving, err := look(ctx, client, id, who)
	if err != nil {
		return err
	}
	if !yes {
		if err := confirm(ctx, env, client, leaving); err != nil {
			return err
		}
		// The members may have changed before the confirmation.
		if leaving, err = look(ctx, client, id, who); err != nil {
			return err
		}
	}
	for i, m := range leaving {
		if err := client.OrganizationMembers.Delete(ctx, id, m.ID); err != nil && !errors.Is(err, cloudflare.ErrNotFound) {
			return fmt.Errorf("%d of %d were removed: %w", i, len(leaving), err)
		}
		fmt.Fprintf(env.Stdout, "removed  %s\n", output.Text(describe(m)))
	}
	return nil
}

// look returns the members to remove. It returns an error with [cli.ExitRefused] if one of them cannot be found, or if
// no administrator would be left.
func look(ctx context.Context, client *cloudflare.Client, organizationID string, who []string) (leaving []cloudflare.OrganizationMember, err error) {
	members, err := list(ctx, client, organizationID)
	if err != nil {
		return nil, err
	}
	gone := map[string]bool{}
	for _, idOrEmail := range who {
		found := map[string]bool{} // IDs, as a list that changes while it is read may hold one twice
		for _, m := range members {
			if !isMember(m, idOrEmail) {
				continue
			}
			found[cli.Fold(m.ID)] = true
			if !gone[cli.Fold(m.ID)] {
				gone[cli.Fold(m.ID)] = true
				leaving = append(leaving, m)
			}
		}
		switch len(found) {
		case 0:
			return nil, cli.Refused(fmt.Errorf("nobody was removed: %q is not a member", idOrEmail))
		case 1:
		default:
			return nil, cli.Refused(fmt.Errorf("nobody was removed: %q has %d memberships; use their IDs", idOrEmail, len(found)))
		}
	}
	before, after := 0, 0
	for _, m := range members {
		if m.Status == cloudflare.MemberStatusActive {
			before++
			if !gone[cli.Fold(m.ID)] {
				after++
			}
		}
	}
	if before > 0 && after == 0 {
		return nil, cli.Refused(errors.New("nobody was removed: the organization would have no active member left, so no administrator"))
	}
	return leaving, nil
}

func confirm(ctx context.Context, env *cli.Env, client *cloudflare.Client, leaving []cloudflare.OrganizationMember) error {
	own := ownEmail(ctx, env, client)
	for _, m := range leaving {
		if own != "" && cli.Fold(m.User.Email) == cli.Fold(own) {
			return cli.Refused(fmt.Errorf("nobody was removed: %q is you; use --yes to remove yourself", m.User.Email))
		}
		fmt.Fprintf(env.Stderr, "  remove %s\n", output.Text(describe(m)))
	}
	if own == "" {
		fmt.Fprintln(env.Stderr, "  (the API does not say who you are: check that you are not one of them)")
	}
	return env.Confirm(ctx, fmt.Sprintf("Remove %s?", output.Count(len(leaving), "member")))
}

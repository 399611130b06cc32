// Package members audits, adds and removes the members of organizations.
package members

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
)

// Command returns "cforg members".
func Command(env *cli.Env) *cobra.Command {
	command := &cobra.Command{
		Use:   "members",
		Short: "Audit, add and remove members of organizations",
		Args:  cobra.NoArgs,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(auditCommand(env), addCommand(env), removeCommand(env))
	return command
}

// list returns all members of an organization, whatever their status.
func list(ctx context.Context, client *cloudflare.Client, organizationID string) ([]cloudflare.OrganizationMember, error) {
	return cloudflare.Collect(client.OrganizationMembers.All(ctx, organizationID, cloudflare.OrganizationMemberListParams{}))
}

// ownEmail returns the email address of the user whose credential the client sends, or an empty string if it is not known.
func ownEmail(ctx context.Context, env *cli.Env, client *cloudflare.Client) string {
	if env.Demo {
		return cloudflaretest.Email
	}
	if !env.UsesToken() {
		return os.Getenv("CLOUDFLARE_EMAIL")
	}
	var user struct {
		Email string `json:"email"`
	}
	if err := client.Call(ctx, cloudflare.Request{Method: "GET", Route: "/user"}, &user); err != nil {
		return "" // the token may not be allowed to read this
	}
	return user.Email
}

// describe names a member for a person.
func describe(m cloudflare.OrganizationMember) string {
	return fmt.Sprintf("%s (%s)", m.User.Email, m.Status)
}

func isMember(m cloudflare.OrganizationMember, idOrEmail string) bool {
	return cli.SameID(m.ID, idOrEmail) || cli.Fold(m.User.Email) == cli.Fold(idOrEmail)
}

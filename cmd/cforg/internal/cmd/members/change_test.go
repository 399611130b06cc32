package members

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

// emails returns the email addresses of the members of an organization with their statuses.
func emails(t *testing.T, w *clitest.World, organizationID string) (all []string) {
	t.Helper()
	members, err := list(t.Context(), w.Client(), organizationID)
	require.NoError(t, err)
	for _, m := range members {
		all = append(all, describe(m))
	}
	return all
}

func TestAdd(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		w.AddMember(id, cloudflaretest.Member{Email: "ADA@example.com"})
		args := []string{"add", demo.EmptyCustomer, "ada@example.com", "bob@example.com", "eve@example.com"}

		asked := w.Run(t.Context(), Command, "\n", args...)
		assert.Equal(t, cli.ExitRefused, asked.Code)
		assert.Equal(t, "already there ADA@example.com (active)\n", asked.Stdout)
		assert.Contains(t, asked.Stderr, "  invite bob@example.com\n  invite eve@example.com\nInvite 2 people as administrators? [y/N] ")
		assert.Zero(t, w.Sent(http.MethodPost, 0))

		added := w.Run(t.Context(), Command, "y\n", args...)
		assert.Equal(t, cli.ExitDone, added.Code, added.Stderr)
		assert.Contains(t, added.Stdout, "invited       bob@example.com (pending)\ninvited       eve@example.com (pending)\n")
		want := []string{"ADA@example.com (active)", "bob@example.com (pending)", "eve@example.com (pending)"}
		assert.Equal(t, want, emails(t, w, id))

		again := w.Run(t.Context(), Command, "", args...)
		assert.Equal(t, cli.ExitDone, again.Code, "there is nothing to ask")
		assert.Empty(t, again.Stderr)
		assert.Equal(t, 1, w.Sent(http.MethodPost, 0), "one request for both")
	})
}

func TestAddRefuses(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		w.AddMember(id, cloudflaretest.Member{Email: "old@example.com", Status: "canceled"})
		for _, test := range []struct {
			args string
			code int
			want string
		}{
			{"", cli.ExitUsage, "requires at least 2 arg(s)"},
			{id, cli.ExitUsage, "requires at least 2 arg(s)"},
			{id + " ada", cli.ExitUsage, `"ada" is not an email address`},
			{id + " a@b A@b", cli.ExitUsage, `"A@b" is given twice`},
			{id + " a@b old@example.com", cli.ExitRefused, "nobody was invited: a person has to decide about [\"old@example.com (canceled)\"]"},
			{"Nobody a@b", cli.ExitRefused, "no organization is named"},
		} {
			got := w.Run(t.Context(), Command, "", append([]string{"add", "--yes"}, strings.Fields(test.args)...)...)
			assert.Equal(t, test.code, got.Code, test.args)
			assert.Contains(t, got.Stderr, test.want)
		}
		assert.Zero(t, w.Sent(http.MethodPost, 0))
	})
}

// If a request fails, nobody is lost track of, and the same command does the rest.
func TestAddAfterAFailure(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		args := []string{"add", "--yes", id}
		for i := range 25 {
			args = append(args, fmt.Sprintf("m%02d@example.com", i))
		}
		w.Fail(3, cloudflaretest.Cut()) // the second ten
		failed := w.Run(t.Context(), Command, "", args...)
		assert.Equal(t, cli.ExitFailed, failed.Code)
		assert.Equal(t, 10, strings.Count(failed.Stdout, "invited       m0"))
		assert.Contains(t, failed.Stdout, "unknown       m10@example.com\n")
		assert.Contains(t, failed.Stdout, "not invited   m24@example.com\n")
		assert.Contains(t, failed.Stderr, "run the same command again to do the rest")

		again := w.Run(t.Context(), Command, "", args...)
		assert.Equal(t, cli.ExitDone, again.Code, again.Stderr)
		assert.Len(t, emails(t, w, id), 25)
	})
}

func TestRemove(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		for _, m := range []cloudflaretest.Member{
			{Email: "ada@example.com"}, {Email: "bob@example.com"}, {Email: "eve@example.com", Status: "pending"},
		} {
			w.AddMember(id, m)
		}
		members, err := list(t.Context(), w.Client(), id)
		require.NoError(t, err)

		asked := w.Run(t.Context(), Command, "n\n", "remove", id, "BOB@example.com", strings.ToUpper(members[1].ID), members[2].ID)
		assert.Equal(t, cli.ExitRefused, asked.Code)
		assert.Contains(t, asked.Stderr, "  remove bob@example.com (active)\n  remove eve@example.com (pending)\nRemove 2 members? [y/N] ")
		assert.Zero(t, w.Sent(http.MethodDelete, 0))

		removed := w.Run(t.Context(), Command, "y\n", "remove", demo.EmptyCustomer, "BOB@example.com", members[2].ID)
		assert.Equal(t, cli.ExitDone, removed.Code, removed.Stderr)
		assert.Equal(t, "removed  bob@example.com (active)\nremoved  eve@example.com (pending)\n", removed.Stdout)
		assert.Equal(t, []string{"ada@example.com (active)"}, emails(t, w, id))

		again := w.Run(t.Context(), Command, "y\n", "remove", id, "bob@example.com")
		assert.Equal(t, cli.ExitRefused, again.Code)
		assert.Contains(t, again.Stderr, `"bob@example.com" is not a member`)
	})
}

// An active member is an administrator: one must stay, whatever the flags.
func TestRemoveNeverTheLastAdministrator(t *testing.T) {
	for name, test := range map[string]struct {
		others []cloudflaretest.Member
		remove string
		code   int
	}{
		"the only member":                     {nil, "ada@example.com", cli.ExitRefused},
		"others are invited":                  {[]cloudflaretest.Member{{Email: "bob@example.com", Status: "pending"}}, "ada@example.com", cli.ExitRefused},
		"others were members":                 {[]cloudflaretest.Member{{Email: "bob@example.com", Status: "canceled"}}, "ada@example.com", cli.ExitRefused},
		"both of them":                        {[]cloudflaretest.Member{{Email: "bob@example.com"}}, "ada@example.com bob@example.com", cli.ExitRefused},
		"one of them":                         {[]cloudflaretest.Member{{Email: "bob@example.com"}}, "ada@example.com", cli.ExitDone},
		"an invitation beside the last one":   {[]cloudflaretest.Member{{Email: "bob@example.com", Status: "pending"}}, "bob@example.com", cli.ExitDone},
		"a former member beside the last one": {[]cloudflaretest.Member{{Email: "bob@example.com", Status: "canceled"}}, "bob@example.com", cli.ExitDone},
	} {
		t.Run(name, func(t *testing.T) {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				id := w.Tree.Named(demo.EmptyCustomer)[0].ID
				w.AddMember(id, cloudflaretest.Member{Email: "ada@example.com"})
				for _, m := range test.others {
					w.AddMember(id, m)
				}
				got := w.Run(t.Context(), Command, "", append([]string{"remove", "--yes", id}, strings.Fields(test.remove)...)...)
				assert.Equal(t, test.code, got.Code, got.Stderr)
				assert.Equal(t, test.code == cli.ExitRefused, strings.Contains(got.Stderr, "no administrator"))
				assert.Equal(t, test.code == cli.ExitDone, w.Sent(http.MethodDelete, 0) == 1)
			})
		})
	}
	// Between the question and the removal, the others may go.
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		w.AddMember(id, cloudflaretest.Member{Email: "ada@example.com"})
		other := w.AddMember(id, cloudflaretest.Member{Email: "bob@example.com"})
		typed, keyboard := io.Pipe()
		go func() {
			synctest.Wait() // until it has asked
			assert.NoError(t, w.Client().OrganizationMembers.Delete(t.Context(), id, other))
			fmt.Fprintln(keyboard, "y")
		}()
		got := w.RunFrom(t.Context(), Command, typed, "remove", id, "ada@example.com")
		assert.Equal(t, cli.ExitRefused, got.Code)
		assert.Contains(t, got.Stderr, "no administrator")
		assert.Equal(t, []string{"ada@example.com (active)"}, emails(t, w, id))
	})
}

func TestRemoveOneselfOnlyWithYes(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		w.AddMember(id, cloudflaretest.Member{Email: "ada@example.com"})
		w.AddMember(id, cloudflaretest.Member{Email: cloudflaretest.Email})
		self := strings.ToUpper(cloudflaretest.Email)
		asked := w.Run(t.Context(), Command, "y\n", "remove", id, self)
		assert.Equal(t, cli.ExitRefused, asked.Code)
		assert.Contains(t, asked.Stderr, "is you; use --yes to remove yourself")
		assert.Zero(t, w.Sent(http.MethodDelete, 0))
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", "remove", "--yes", id, self).Code)
		assert.Equal(t, []string{"ada@example.com (active)"}, emails(t, w, id))
	})
}

// Whose token it is, only the API can say.
func TestOwnEmail(t *testing.T) {
	server, baseURL := clitest.Serve(t)
	t.Setenv("CLOUDFLARE_API_TOKEN", cloudflaretest.APIToken)
	t.Setenv("CLOUDFLARE_API_KEY", "")
	t.Setenv("CLOUDFLARE_EMAIL", "")
	t.Setenv("CLOUDFLARE_BASE_URL", baseURL)
	env := new(cli.Env)
	client, err := env.Client()
	require.NoError(t, err)
	assert.Empty(t, ownEmail(t.Context(), env, client))

	server.Handle("GET /user", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"success":true,"errors":[],"messages":[],"result":{"email":"me@example.com"}}`)
	}))
	assert.Equal(t, "me@example.com", ownEmail(t.Context(), env, client))

	t.Setenv("CLOUDFLARE_API_TOKEN", "")
	t.Setenv("CLOUDFLARE_EMAIL", "key@example.com")
	assert.Equal(t, "key@example.com", ownEmail(t.Context(), env, client))
}

func TestChangesEndOnInterrupt(t *testing.T) {
	for _, args := range [][]string{{"add", demo.EmptyCustomer, "a@b"}, {"remove", demo.EmptyCustomer, "ada@example.com"}} {
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			id := w.Tree.Named(demo.EmptyCustomer)[0].ID
			w.AddMember(id, cloudflaretest.Member{Email: "ada@example.com"})
			w.AddMember(id, cloudflaretest.Member{Email: "bob@example.com"})
			ctx, interrupt := context.WithCancelCause(t.Context())
			silent, keyboard := io.Pipe()
			defer keyboard.Close()
			go func() {
				synctest.Wait() // until it has asked
				interrupt(errors.New("Ctrl-C"))
			}()
			got := w.RunFrom(ctx, Command, silent, args...)
			assert.Equal(t, cli.ExitInterrupted, got.Code)
			assert.Contains(t, got.Stderr, "[y/N] \ncforg members "+args[0]+": interrupted\n")
			assert.Len(t, emails(t, w, id), 2)
		})
	}
}

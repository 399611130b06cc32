package deletion

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

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

// gone tells whether an organization is not there any more.
func gone(t *testing.T, w *clitest.World, id string) bool {
	t.Helper()
	_, err := w.Client().Organizations.Get(t.Context(), id)
	if !errors.Is(err, cloudflare.ErrNotFound) {
		require.NoError(t, err)
	}
	return err != nil
}

func TestDeleteRefusesWhatIsNotEmpty(t *testing.T) {
	for name, test := range map[string]struct {
		fill  func(w *clitest.World, id string)
		lines []string
	}{
		"an organization": {func(w *clitest.World, id string) { w.AddOrganization("Sub", id) },
			[]string{"1 organization\n    Sub  ", "0 accounts", "0 members"}},
		"accounts": {func(w *clitest.World, id string) {
			for i := range 25 {
				w.AddAccount(id, cloudflaretest.Account{Name: fmt.Sprintf("Account %d", i)})
			}
		}, []string{"0 organizations", "25 accounts\n    Account 0  ", "    Account 19  ", "    and 5 more\n", "0 members"}},
		"a member who was invited": {func(w *clitest.World, id string) {
			w.AddMember(id, cloudflaretest.Member{Email: "a@example.com", Status: "pending"})
		}, []string{"0 organizations", "0 accounts", "1 member\n    a@example.com  pending\n"}},
		"a member who was one": {func(w *clitest.World, id string) {
			w.AddMember(id, cloudflaretest.Member{Email: "a@example.com", Status: "canceled"})
		}, []string{"1 member\n    a@example.com  canceled\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				id := w.Tree.Named(demo.EmptyCustomer)[0].ID
				test.fill(w, id)
				result := w.Run(t.Context(), Command, demo.EmptyCustomer+"\n", "--yes", demo.EmptyCustomer)
				assert.Equal(t, cli.ExitRefused, result.Code)
				assert.Contains(t, result.Stderr, "not deleted: cloudflare: organization "+id+" is not empty")
				assert.Contains(t, result.Stdout, "Tern Ceramics  "+id+"  created 2026-01-01  below Alder Secure\n")
				for _, line := range test.lines {
					assert.Contains(t, result.Stdout, line)
				}
				assert.NotContains(t, result.Stderr, "type its name")
				assert.False(t, gone(t, w, id))
				assert.Zero(t, w.Sent(http.MethodDelete, 0))
			})
		})
	}
}

func TestDeleteOfAnEmptyOne(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		typed  string
		code   int
		stderr string
	}{
		"--yes":             {args: []string{"--yes"}, code: cli.ExitDone},
		"the name is typed": {typed: "Tern Ceramics\n", code: cli.ExitDone},
		"typed in a file":   {typed: "  Tern Ceramics", code: cli.ExitDone},
		"another name":      {typed: "Tern Ceramic\n", code: cli.ExitRefused, stderr: `"Tern Ceramic" was typed, but its name is "Tern Ceramics"`},
		"yes is no name":    {typed: "yes\n", code: cli.ExitRefused, stderr: `"yes" was typed`},
		"nothing":           {typed: "\n", code: cli.ExitRefused, stderr: "no name was typed"},
		"nobody there":      {typed: "", code: cli.ExitRefused, stderr: "no name was typed"},
	} {
		t.Run(name, func(t *testing.T) {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				id := w.Tree.Named(demo.EmptyCustomer)[0].ID
				result := w.Run(t.Context(), Command, test.typed, append(test.args, demo.EmptyCustomer)...)
				assert.Equal(t, test.code, result.Code)
				assert.Contains(t, result.Stderr, test.stderr)
				assert.Equal(t, test.code == cli.ExitDone, gone(t, w, id))
				assert.Equal(t, test.code == cli.ExitDone, strings.HasSuffix(result.Stdout, "deleted\n"))
				if test.code != cli.ExitDone {
					assert.Zero(t, w.Sent(http.MethodDelete, 0))
					return
				}

				again := w.Run(t.Context(), Command, "", id)
				assert.Equal(t, cli.ExitDone, again.Code, again.Stderr)
				assert.Equal(t, id+" does not exist: there is nothing to delete\n", again.Stdout)
				assert.Equal(t, 1, w.Sent(http.MethodDelete, 0))
			})
		})
	}
}

func TestDeleteNames(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		slip := w.Run(t.Context(), Command, "", "--yes", "Tern Ceramic")
		assert.Equal(t, cli.ExitRefused, slip.Code)
		assert.Contains(t, slip.Stderr, `no organization is named "Tern Ceramic"`)

		twice := w.Run(t.Context(), Command, "", "--yes", demo.TwiceSame)
		assert.Equal(t, cli.ExitRefused, twice.Code)
		for _, org := range w.Tree.Named(demo.TwiceSame) {
			assert.Contains(t, twice.Stderr, org.ID)
		}

		for _, args := range [][]string{{"a", "b"}, {""}, {}, {"--no"}} {
			assert.Equal(t, cli.ExitUsage, w.Run(t.Context(), Command, "", args...).Code, args)
		}
		assert.Zero(t, w.Sent(http.MethodDelete, 0))
	})
}

// Between the look and the delete there is a person, who may take some time.
func TestDeleteLooksOnceMore(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		typed, keyboard := io.Pipe()
		go func() {
			synctest.Wait() // until it has asked
			w.AddAccount(id, cloudflaretest.Account{})
			fmt.Fprintln(keyboard, demo.EmptyCustomer)
		}()
		result := w.RunFrom(t.Context(), Command, typed, demo.EmptyCustomer)
		assert.Equal(t, cli.ExitRefused, result.Code)
		assert.Contains(t, result.Stdout, "0 accounts")
		assert.Contains(t, result.Stderr, "accounts: 1")
		assert.Zero(t, w.Sent(http.MethodDelete, 0))
	})
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		w.Before = func(r *http.Request) {
			if r.Method == http.MethodDelete {
				w.AddAccount(id, cloudflaretest.Account{})
			}
		}
		result := w.Run(t.Context(), Command, "", "--yes", id)
		assert.Equal(t, cli.ExitRefused, result.Code, "the API itself refuses")
		assert.False(t, gone(t, w, id))
	})
}

func TestDeleteInterrupted(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		ctx, interrupt := context.WithCancel(t.Context())
		silent, keyboard := io.Pipe()
		defer keyboard.Close()
		go func() {
			synctest.Wait() // until it has asked
			interrupt()
		}()
		result := w.RunFrom(ctx, Command, silent, demo.EmptyCustomer)
		assert.Equal(t, cli.ExitInterrupted, result.Code)
		assert.Contains(t, result.Stderr, "type its name")
		assert.Contains(t, result.Stderr, "interrupted")
		assert.Zero(t, w.Sent(http.MethodDelete, 0))
	})
}

// A look that failed must not pass for an empty organization, nor a new organization for one that is gone.
func TestDeleteFailures(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		const looks = 1 + 3 + 3 // of the program for it, at what it holds, and of DeleteIfEmpty
		for n := 1; n <= looks; n++ {
			w.Fail(n, cloudflaretest.Status(403, nil, ""))
			result := w.Run(t.Context(), Command, "", "--yes", id)
			assert.Equal(t, cli.ExitFailed, result.Code)
			assert.Contains(t, result.Stderr, "403 Forbidden")
			assert.Zero(t, w.Sent(http.MethodDelete, 0), n)
		}
		w.Fail(looks+1, cloudflaretest.Cut())
		assert.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", "--yes", id).Code, "deleted, though the answer was lost")
		assert.True(t, gone(t, w, id))

		w.Lag(1 << 20)
		fresh, err := w.Client().Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Fresh"})
		require.NoError(t, err)
		result := w.Run(t.Context(), Command, "", fresh.ID)
		assert.Contains(t, result.Stderr, "type its name")
		assert.NotContains(t, result.Stdout, "gone")
	})
}

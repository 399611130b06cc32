package main

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
	"example.com/cloudflare/examples/internal/demo"
	"example.com/cloudflare/examples/internal/demo/demotest"
)

// gone tells whether an organization is not there any more.
func gone(t *testing.T, w *demotest.World, id string) bool {
	t.Helper()
	_, err := w.Client().Organizations.Get(t.Context(), id)
	if !errors.Is(err, cloudflare.ErrNotFound) {
		require.NoError(t, err)
	}
	return err != nil
}

// deletes returns how many deletes were sent.
func deletes(w *demotest.World) (n int) {
	for _, r := range w.Requests() {
		if r.Method == http.MethodDelete {
			n++
		}
	}
	return n
}

func TestSafeDeleteRefusesWhatIsNotEmpty(t *testing.T) {
	for name, test := range map[string]struct {
		fill  func(w *demotest.World, id string)
		lines []string
	}{
		"an organization": {func(w *demotest.World, id string) { w.AddOrganization("Sub", id) },
			[]string{"1 organizations\n    Sub  ", "0 accounts", "0 members"}},
		"accounts": {func(w *demotest.World, id string) {
			for i := range 25 {
				w.AddAccount(id, cloudflaretest.Account{Name: fmt.Sprintf("Account %d", i)})
			}
		}, []string{"0 organizations", "25 accounts\n    Account 0  ", "    Account 19  ", "    and 5 more\n", "0 members"}},
		"a member who was invited": {func(w *demotest.World, id string) {
			w.AddMember(id, cloudflaretest.Member{Email: "a@example.com", Status: "pending"})
		}, []string{"0 organizations", "0 accounts", "1 members\n    a@example.com  pending\n"}},
		"a member who was one": {func(w *demotest.World, id string) {
			w.AddMember(id, cloudflaretest.Member{Email: "a@example.com", Status: "canceled"})
		}, []string{"1 members\n    a@example.com  canceled\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
				id := w.Tree.Named(demo.EmptyCustomer)[0].ID
				test.fill(w, id)
				result := w.Run(t.Context(), program, demo.EmptyCustomer+"\n", "-yes", demo.EmptyCustomer)
				assert.Equal(t, demo.ExitRefused, result.Code)
				assert.Contains(t, result.Stderr, "not deleted: cloudflare: organization "+id+" is not empty")
				assert.Contains(t, result.Stdout, "Tern Ceramics  "+id+"  created 2026-01-01  below Alder Secure\n")
				for _, line := range test.lines {
					assert.Contains(t, result.Stdout, line)
				}
				assert.NotContains(t, result.Stderr, "type its name")
				assert.False(t, gone(t, w, id))
				assert.Zero(t, deletes(w))
			})
		})
	}
}

func TestSafeDeleteOfAnEmptyOne(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		typed  string
		code   int
		stderr string
	}{
		"-yes":              {args: []string{"-yes"}, code: demo.ExitOK},
		"the name is typed": {typed: "Tern Ceramics\n", code: demo.ExitOK},
		"typed in a file":   {typed: "  Tern Ceramics", code: demo.ExitOK},
		"another name":      {typed: "Tern Ceramic\n", code: demo.ExitRefused, stderr: `"Tern Ceramic" was typed, but its name is "Tern Ceramics"`},
		"yes is no name":    {typed: "yes\n", code: demo.ExitRefused, stderr: `"yes" was typed`},
		"nothing":           {typed: "\n", code: demo.ExitRefused, stderr: "no name was typed"},
		"nobody there":      {typed: "", code: demo.ExitRefused, stderr: "no name was typed"},
	} {
		t.Run(name, func(t *testing.T) {
			demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
				id := w.Tree.Named(demo.EmptyCustomer)[0].ID
				result := w.Run(t.Context(), program, test.typed, append(test.args, demo.EmptyCustomer)...)
				assert.Equal(t, test.code, result.Code)
				assert.Contains(t, result.Stderr, test.stderr)
				assert.Equal(t, test.code == demo.ExitOK, gone(t, w, id))
				assert.Equal(t, test.code == demo.ExitOK, strings.HasSuffix(result.Stdout, "deleted\n"))
				if test.code != demo.ExitOK {
					assert.Zero(t, deletes(w))
					return
				}

				again := w.Run(t.Context(), program, "", id)
				assert.Equal(t, demo.ExitOK, again.Code, again.Stderr)
				assert.Equal(t, id+" is gone already\n", again.Stdout)
				assert.Equal(t, 1, deletes(w))
			})
		})
	}
}

func TestSafeDeleteNames(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		slip := w.Run(t.Context(), program, "", "-yes", "Tern Ceramic")
		assert.Equal(t, demo.ExitError, slip.Code)
		assert.Contains(t, slip.Stderr, `no organization is named "Tern Ceramic"`)

		twice := w.Run(t.Context(), program, "", "-yes", demo.TwiceSame)
		assert.Equal(t, demo.ExitRefused, twice.Code)
		for _, org := range w.Tree.Named(demo.TwiceSame) {
			assert.Contains(t, twice.Stderr, org.ID)
		}

		for _, args := range [][]string{{"a", "b"}, {""}, {"-no"}, {"-live"}} {
			t.Setenv("CLOUDFLARE_API_KEY", "")
			t.Setenv("CLOUDFLARE_EMAIL", "")
			t.Setenv("CLOUDFLARE_API_TOKEN", "nobody's")
			assert.Equal(t, demo.ExitUsage, w.Run(t.Context(), program, "", args...).Code, args)
		}
		assert.Zero(t, deletes(w))
	})
}

func TestSafeDeleteWithoutAName(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		result := w.Run(t.Context(), program, "")
		assert.Equal(t, demo.ExitOK, result.Code, result.Stderr)
		for _, line := range []string{"10 organizations", "not deleted: ", "\ndeleted\n", "gone already"} {
			assert.Contains(t, result.Stdout, line)
		}
		assert.False(t, gone(t, w, w.Tree.Named(demo.Reseller)[0].ID))
		assert.True(t, gone(t, w, w.Tree.Named(demo.EmptyCustomer)[0].ID))
	})
}

// Between the look and the delete there is a person, who may take some time.
func TestSafeDeleteLooksOnceMore(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		typed, keyboard := io.Pipe()
		go func() {
			synctest.Wait() // until it has asked
			w.AddAccount(id, cloudflaretest.Account{})
			fmt.Fprintln(keyboard, demo.EmptyCustomer)
		}()
		result := w.RunFrom(t.Context(), program, typed, demo.EmptyCustomer)
		assert.Equal(t, demo.ExitRefused, result.Code)
		assert.Contains(t, result.Stdout, "0 accounts")
		assert.Contains(t, result.Stderr, "accounts: 1")
		assert.Zero(t, deletes(w))
	})
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		w.Before = func(r *http.Request) {
			if r.Method == http.MethodDelete {
				w.AddAccount(id, cloudflaretest.Account{})
			}
		}
		result := w.Run(t.Context(), program, "", "-yes", id)
		assert.Equal(t, demo.ExitRefused, result.Code, "the API itself refuses")
		assert.False(t, gone(t, w, id))
	})
}

func TestSafeDeleteInterrupted(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		ctx, interrupt := context.WithCancel(t.Context())
		silent, keyboard := io.Pipe()
		defer keyboard.Close()
		go func() {
			synctest.Wait() // until it has asked
			interrupt()
		}()
		result := w.RunFrom(ctx, program, silent, demo.EmptyCustomer)
		assert.Equal(t, demo.ExitInterrupted, result.Code)
		assert.Contains(t, result.Stderr, "type its name")
		assert.Contains(t, result.Stderr, "interrupted")
		assert.Zero(t, deletes(w))
	})
}

// A look that failed must not pass for an empty organization, nor a new organization for one that is gone.
func TestSafeDeleteFailures(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		const looks = 1 + 3 + 3 // of the program for it, at what it holds, and of DeleteIfEmpty
		for n := 1; n <= looks; n++ {
			w.Fail(n, cloudflaretest.Status(403, nil, ""))
			result := w.Run(t.Context(), program, "", "-yes", id)
			assert.Equal(t, demo.ExitError, result.Code)
			assert.Contains(t, result.Stderr, "403 Forbidden")
			assert.Zero(t, deletes(w), n)
		}
		w.Fail(looks+1, cloudflaretest.Cut())
		assert.Equal(t, demo.ExitOK, w.Run(t.Context(), program, "", "-yes", id).Code, "deleted, though the answer was lost")
		assert.True(t, gone(t, w, id))

		w.Lag(1 << 20)
		fresh, err := w.Client().Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Fresh"})
		require.NoError(t, err)
		result := w.Run(t.Context(), program, "", fresh.ID)
		assert.Contains(t, result.Stderr, "type its name")
		assert.NotContains(t, result.Stdout, "gone")
	})
}

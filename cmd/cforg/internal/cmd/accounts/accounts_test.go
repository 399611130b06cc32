package accounts

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

func TestAccounts(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		all := w.Run(t.Context(), Command, "")
		assert.Equal(t, cli.ExitDone, all.Code, all.Stderr)
		assert.True(t, strings.HasSuffix(all.Stdout, "\n\n300 accounts\n"))
		assert.Regexp(t, `^ACCOUNT +ID +TYPE +CREATED +2FA +ORGANIZATION\nNorthwind Distribution DNS +[0-9a-f]{32}  standard +2026-01-01 +Northwind Distribution\n`, all.Stdout)

		id := w.Tree.Named(demo.EmptyCustomer)[0].ID
		w.AddAccount(id, cloudflaretest.Account{Name: "=1 \x1b[2J", Settings: json.RawMessage(`{"enforce_twofactor":true}`)})
		w.AddAccount(id, cloudflaretest.Account{Name: "b", Settings: json.RawMessage(`{"enforce_twofactor":false}`)})
		some := w.Run(t.Context(), Command, "", demo.EmptyCustomer, "--format", "csv")
		rows, err := csv.NewReader(strings.NewReader(some.Stdout)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 3)
		place := "Northwind Distribution / Alder Secure / Tern Ceramics"
		assert.Equal(t, []string{"'=1 [2J", "standard", "2026-01-01", "yes", id, place}, rows[1][1:])
		assert.Equal(t, []string{"b", "standard", "2026-01-01", "no", id, place}, rows[2][1:])

		one := w.Run(t.Context(), Command, "", demo.EmptyCustomer, "--name", "B")
		assert.True(t, strings.HasSuffix(one.Stdout, "\n\n1 account\n"), one.Stdout)
	})
}

func TestAccountsJSON(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(t.Context(), Command, "", demo.Reseller, "--json")
		var list []struct {
			ID, Organization string
			OrganizationID   string `json:"organization_id"`
		}
		require.NoError(t, json.Unmarshal([]byte(got.Stdout), &list))
		want := 0
		for _, o := range w.Tree.Organizations {
			if o.Name == demo.Reseller || o.ParentID == w.Tree.Named(demo.Reseller)[0].ID {
				want += len(o.Accounts)
			}
		}
		assert.Len(t, list, want)
		assert.Equal(t, w.Tree.Named(demo.Reseller)[0].ID, list[0].OrganizationID)
		assert.Equal(t, "Northwind Distribution / Alder Secure", list[0].Organization)

		w.AddAccount(w.Tree.Named(demo.EmptyCustomer)[0].ID, cloudflaretest.Account{Tags: map[string]string{"tier": "gold"}})
		tagged := w.Run(t.Context(), Command, "", demo.EmptyCustomer, "--json")
		assert.Contains(t, tagged.Stdout, `"tier":"gold"`)

		none := w.Run(t.Context(), Command, "", demo.Lab, "--json")
		assert.Equal(t, "[]\n", none.Stdout)
	})
}

func TestAccountsTellWhatCouldNotBeRead(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Fail(5, cloudflaretest.Status(403, nil, ""))
		got := w.Run(t.Context(), Command, "")
		assert.Equal(t, cli.ExitFailed, got.Code)
		assert.Contains(t, got.Stderr, "1 of 60 organizations could not be read in full")
		assert.Contains(t, got.Stdout, "29")

		w.Fail(1, cloudflaretest.Status(403, nil, ""))
		assert.Equal(t, cli.ExitFailed, w.Run(t.Context(), Command, "").Code)
		assert.Equal(t, cli.ExitRefused, w.Run(t.Context(), Command, "", demo.TwiceApart).Code)
		assert.Equal(t, cli.ExitUsage, w.Run(t.Context(), Command, "", "a", "b").Code)
		assert.Equal(t, cli.ExitInterrupted, w.Run(w.InterruptAt(t.Context(), 30), Command, "").Code)
	})
}

// Whoever could read nothing has not found that there is nothing.
func TestAccountsOfNothingReadable(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		for _, format := range []string{"table", "json", "csv"} {
			got := w.RunWithToken(t, Command, "--format", format)
			assert.Equal(t, cli.ExitFailed, got.Code)
			assert.Contains(t, got.Stderr, "60 of 60 organizations could not be read in full")
			assert.Empty(t, got.Stdout)
		}
	})
}

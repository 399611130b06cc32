package main_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/cmd/accounts"
	"example.com/cloudflare/cmd/cforg/internal/cmd/auditlog"
	"example.com/cloudflare/cmd/cforg/internal/cmd/deletion"
	"example.com/cloudflare/cmd/cforg/internal/cmd/find"
	"example.com/cloudflare/cmd/cforg/internal/cmd/members"
	"example.com/cloudflare/cmd/cforg/internal/cmd/tree"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

func TestMaxWaitOfZeroFailsAtOnce(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.SetRateLimit(50, 5*time.Minute)
		began := time.Now()
		got := w.Run(t.Context(), tree.Command, "", "--counts", "--max-wait", "0")
		assert.Equal(t, cli.ExitFailed, got.Code)
		assert.Zero(t, time.Since(began))
		assert.Contains(t, got.Stderr, " of 60 organizations could not be read in full; the first, ")
		assert.Contains(t, got.Stderr, "rate limited")
		assert.Contains(t, got.Stdout, "  (? accounts, ? members)\n", "the list is there")
		assert.Contains(t, got.Stdout, "Alder Secure  (")
		assert.Len(t, w.Requests(), 50)
	})
}

func TestRate(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		began := time.Now()
		got := w.Run(t.Context(), accounts.Command, "", "--rate", "0.5")
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Equal(t, 2*time.Minute, time.Since(began), "61 requests")
		assert.Regexp(t, `^cforg accounts: listing accounts takes about 60 requests, 2 min at the rate limit\n`+
			`cforg accounts: 31 of 61 requests; about 1 min left\n$`, got.Stderr)

		before := len(w.Requests())
		for _, flags := range []string{"--rate 0", "--rate -1", "--rate NaN", "--rate Inf", "--rate 2000", "--max-wait -1s", "--max-wait 5"} {
			got := w.Run(t.Context(), accounts.Command, "", strings.Fields(flags)...)
			assert.Equal(t, cli.ExitUsage, got.Code, flags)
			assert.Contains(t, got.Stderr, strings.Fields(flags)[0])
		}
		assert.Len(t, w.Requests(), before)
	})
}

// What is wrong with a server's ID is no wrong usage.
func TestInvalidIDsOfAServer(t *testing.T) {
	for name, test := range map[string]struct {
		command func(*cli.Env) *cobra.Command
		args    []string
	}{
		"tree":          {tree.Command, []string{"--counts"}},
		"accounts":      {accounts.Command, nil},
		"members audit": {members.Command, []string{"audit"}},
		"members add":   {members.Command, []string{"add", demo.EmptyCustomer, "a@example.com", "--yes"}},
		"find":          {find.Command, []string{"--kind", "user", "nobody"}},
		"delete":        {deletion.Command, []string{demo.EmptyCustomer, "--yes"}},
		"audit-log":     {auditlog.Command, []string{demo.EmptyCustomer}},
	} {
		for _, invalid := range []string{"", "../x", "null", "a?b"} {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				id := w.Tree.Named(demo.EmptyCustomer)[0].ID
				w.Change = func(_ *http.Request, response *http.Response) {
					body, err := io.ReadAll(response.Body)
					require.NoError(t, err)
					response.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte(id), []byte(invalid))))
				}
				got := w.Run(t.Context(), test.command, "", test.args...)
				assert.Equal(t, cli.ExitFailed, got.Code, "%s %q: %s", name, invalid, got.Stderr)
				assert.NotContains(t, got.Stderr, "--help")
			})
		}
	}
}

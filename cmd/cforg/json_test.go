package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/cmd/accounts"
	"example.com/cloudflare/cmd/cforg/internal/cmd/find"
	"example.com/cloudflare/cmd/cforg/internal/cmd/members"
	"example.com/cloudflare/cmd/cforg/internal/cmd/profiles"
	"example.com/cloudflare/cmd/cforg/internal/cmd/tree"
)

// The names in JSON are those that README.md promises.
func TestNamesInJSON(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		org := w.Tree.Organizations[20]
		require.NoError(t, w.Client().OrganizationProfile.Update(t.Context(), org.ID, cloudflare.OrganizationProfile{BusinessName: "One"}))
		w.AddAccount(org.ID, cloudflaretest.Account{Name: "Tagged", Tags: map[string]string{"tier": "gold"}})
		file := filepath.Join(t.TempDir(), "profiles.csv")
		require.NoError(t, os.WriteFile(file, []byte("organization_id,business_name\n"+org.ID+",Two\n,Three\n"), 0o600))
		parent := regexp.MustCompile(`"parent":\{"id":"[0-9a-f]{32}"`)
		w.Change = func(_ *http.Request, response *http.Response) { // one parent is not visible
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			if found := parent.Find(body); found != nil {
				body = bytes.Replace(body, found, []byte(`"parent":{"id":"`+strings.Repeat("0", 32)+`"`), 1)
			}
			response.Body = io.NopCloser(bytes.NewReader(body))
		}
		for row, run := range map[string]struct {
			command func(*cli.Env) *cobra.Command
			args    []string
		}{
			"tree":          {tree.Command, []string{"--all"}},
			"find":          {find.Command, []string{"--kind", "user", org.Members[0].Email}},
			"accounts":      {accounts.Command, nil},
			"members audit": {members.Command, []string{"audit"}},
			"profiles":      {profiles.Command, []string{file, "--dry-run"}},
		} {
			got := w.Run(t.Context(), run.command, "", append(run.args, "-o", "json")...)
			var elements []map[string]any
			require.NoError(t, json.Unmarshal([]byte(got.Stdout), &elements), got.Stderr)
			names := map[string]bool{}
			for _, element := range elements {
				for name := range element {
					names[name] = true
				}
			}
			assert.Equal(t, promisedNames(string(readme), row), slices.Sorted(maps.Keys(names)), row)
		}
	})
}

// promisedNames returns the names in the row of a command, sorted.
func promisedNames(readme, command string) (names []string) {
	for line := range strings.Lines(readme) {
		if list, ok := strings.CutPrefix(line, "| `cforg "+command+"` | `"); ok {
			for _, match := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch("`"+list, -1) {
				names = append(names, match[1])
			}
		}
	}
	return slices.Sorted(slices.Values(names))
}

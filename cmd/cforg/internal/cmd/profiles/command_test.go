package profiles

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

func TestProfilesUsage(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := csvFile(t, "organization_id,business_fax\n")
		for _, test := range []struct {
			args   string
			code   int
			stderr string
		}{
			{"", cli.ExitUsage, "FILE is missing"},
			{"one two", cli.ExitUsage, "FILE must be one argument"},
			{"--parallel 0 x.csv", cli.ExitUsage, "must be from 1 to 64, not 0"},
			{"--parallel 65 x.csv", cli.ExitUsage, "must be from 1 to 64, not 65"},
			{"--dry-run --yes x.csv", cli.ExitUsage, "[dry-run yes]"},
			{file, cli.ExitUsage, `profiles.csv: column 2: "business_fax" is not one of business_name, `},
			{file + ".not", cli.ExitFailed, "no such file"},
		} {
			result := w.Run(t.Context(), Command, "", strings.Fields(test.args)...)
			assert.Equal(t, test.code, result.Code, test.args)
			assert.Contains(t, result.Stderr, test.stderr)
			assert.Empty(t, result.Stdout)
		}
		assert.Empty(t, w.Requests())

		empty := w.Run(t.Context(), Command, "", "--yes", csvFile(t, "organization_id,business_name\n"))
		assert.Equal(t, clitest.Result{Code: cli.ExitDone, Stdout: "0 rows\n"}, empty)
	})
}

func TestProfilesAsks(t *testing.T) {
	for typed, code := range map[string]int{"y\n": cli.ExitDone, "n\n": cli.ExitRefused, "": cli.ExitRefused} {
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			file := treeFile(t, w)
			result := w.Run(t.Context(), Command, typed, file)
			assert.Equal(t, code, result.Code, result.Stderr)
			assert.Contains(t, result.Stdout, "\n60 rows: 60 would change\n")
			assert.Contains(t, result.Stderr, "Change 60 profiles? [y/N] ")
			if code != cli.ExitDone {
				assert.Zero(t, w.Sent(http.MethodPut, 0))
				return
			}
			assert.True(t, strings.HasSuffix(result.Stdout, "\n60 rows: 60 changed\n"), result.Stdout)
			again := w.Run(t.Context(), Command, "", file)
			assert.Equal(t, clitest.Result{Code: cli.ExitDone, Stdout: again.Stdout}, again, "there is nothing to ask")
			assert.Contains(t, again.Stdout, "\n60 rows: 60 unchanged\n")
		})
	}
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := sampleFile(t, w)
		result := w.Run(t.Context(), Command, "y\n", file)
		assert.Equal(t, cli.ExitRefused, result.Code, "of the rows that went wrong the first time")
		assert.Contains(t, result.Stderr, "7 rows went wrong")
		assert.Contains(t, result.Stdout, "\n443 rows: 443 changed\n")
	})
}

func TestProfilesOfOneRow(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := csvFile(t, "organization_id,business_name\n"+strings.Repeat("0", 32)+",One\n")
		result := w.Run(t.Context(), Command, "", file, "--yes")
		assert.Contains(t, result.Stdout, "\n1 row: 1 failed\n")
		assert.Equal(t, "cforg profiles: 1 row went wrong\n", result.Stderr)
	})
}

// Two passes, with a question between them, are one list.
func TestProfilesJSONWithAQuestion(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		result := w.Run(t.Context(), Command, "y\n", treeFile(t, w), "-o", "json")
		var list []struct{ Outcome string }
		require.NoError(t, json.Unmarshal([]byte(result.Stdout), &list))
		require.Len(t, list, 120)
		assert.Equal(t, "would change", list[0].Outcome)
		assert.Equal(t, "changed", list[119].Outcome)
	})
}

func TestProfilesCSV(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := csvFile(t, "organization_id,business_name\n"+w.Tree.Organizations[0].ID+",One\n,Two\n")
		result := w.Run(t.Context(), Command, "", file, "--dry-run", "-o", "csv")
		assert.Equal(t, "line,organization_id,outcome,changes,error\n2,"+w.Tree.Organizations[0].ID+
			`,would change,"business_name """" -> ""One""",`+"\n3,,refused,,the organization_id is empty\n", result.Stdout)
	})
}

func TestProfilesJSON(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := csvFile(t, "organization_id,business_name\n"+w.Tree.Organizations[0].ID+",One \x1b\n,Two\n")
		result := w.Run(t.Context(), Command, "", file, "--yes", "--json")
		assert.Equal(t, cli.ExitRefused, result.Code)
		assert.Equal(t, "[\n"+`{"line":2,"organization_id":"`+w.Tree.Organizations[0].ID+
			`","outcome":"changed","changes":[{"field":"business_name","from":"","to":"One \u001b"}]},
{"line":3,"organization_id":"","outcome":"refused","error":"the organization_id is empty"}
]
`, result.Stdout)
	})
}

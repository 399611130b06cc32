package members

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

func TestProblems(t *testing.T) {
	yes, no, unknown := cloudflare.Nullable[bool]{Value: true, Valid: true}, cloudflare.Nullable[bool]{Valid: true}, cloudflare.Nullable[bool]{}
	for name, test := range map[string]struct {
		status    cloudflare.MemberStatus
		email     string
		twoFactor cloudflare.Nullable[bool]
		domains   []string
		want      []string
	}{
		"nothing":                    {"active", "a@example.com", yes, []string{"example.com"}, nil},
		"no domain to compare with":  {"active", "a@example.com", yes, nil, nil},
		"no two-factor":              {"active", "a@example.com", no, nil, []string{noTwoFactor}},
		"unknown":                    {"active", "a@example.com", unknown, nil, []string{twoFactorUnknown}},
		"null":                       {"active", "a@example.com", cloudflare.Nullable[bool]{Null: true}, nil, []string{twoFactorUnknown}},
		"pending":                    {"pending", "a@example.com", yes, nil, []string{notActive}},
		"a status nobody knows":      {"frozen", "a@example.com", yes, nil, []string{notActive}},
		"another domain":             {"active", "a@example.org", yes, []string{"example.com"}, []string{outside}},
		"one of several":             {"active", "a@Example.ORG", yes, []string{"example.com", "example.org"}, nil},
		"a subdomain":                {"active", "a@sub.example.com", yes, []string{"example.com"}, []string{outside}},
		"a domain with the same end": {"active", "a@notexample.com", yes, []string{"example.com"}, []string{outside}},
		"a domain before the @":      {"active", "a@example.com@evil.example", yes, []string{"example.com"}, []string{outside}},
		"an @ before the @":          {"active", `"a@b"@example.com`, yes, []string{"example.com"}, nil},
		"no address":                 {"active", "", yes, []string{"example.com"}, []string{outside}},
		"everything":                 {"canceled", "a@b", no, []string{"example.com"}, []string{noTwoFactor, notActive, outside}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, problemsOf(&cloudflare.OrganizationMember{
				Status: test.status,
				User:   cloudflare.MemberUser{Email: test.email, TwoFactorAuthenticationEnabled: test.twoFactor},
			}, test.domains))
		})
	}
}

// expected is how many memberships of the tree have each problem.
func expected(tree *demo.Tree) map[string]int {
	want := map[string]int{}
	for _, o := range tree.Organizations {
		for _, m := range o.Members {
			switch {
			case m.TwoFactorUnknown:
				want[twoFactorUnknown]++
			case !m.TwoFactor:
				want[noTwoFactor]++
			}
			if m.Status != "active" {
				want[notActive]++
			}
			if !strings.HasSuffix(m.Email, "@"+demo.Domain) {
				want[outside]++
			}
		}
	}
	return want
}

func TestAuditJSON(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(t.Context(), Command, "", "audit", "--format", "json")
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		var findings []finding
		require.NoError(t, json.Unmarshal([]byte(got.Stdout), &findings))
		problems := map[string]int{}
		for _, f := range findings {
			for _, problem := range f.Problems {
				problems[problem]++
			}
			assert.Equal(t, slices.Contains(f.Problems, twoFactorUnknown), f.TwoFactor == nil, "unknown is null")
		}
		assert.Equal(t, expected(w.Tree), problems)
		assert.Equal(t, got.Stdout, w.Run(t.Context(), Command, "", "audit", "--format", "json").Stdout, "the same each time")
	})
}

func TestAuditCSV(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.AddMember(w.Tree.Organizations[0].ID, cloudflaretest.Member{Name: "=1+1", Email: "+a@example.com", TwoFactorUnknown: true})
		got := w.Run(t.Context(), Command, "", "audit", "--format", "csv")
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		rows, err := csv.NewReader(strings.NewReader(got.Stdout)).ReadAll()
		require.NoError(t, err)
		assert.Equal(t, []string{"user_id", "email", "name", "two_factor", "status", "organization_id", "organization", "problems"}, rows[0])
		assert.Equal(t, []string{"'+a@example.com", "'=1+1", "unknown", "active", w.Tree.Organizations[0].ID, demo.Root, "two-factor unknown, outside domain"}, rows[1][1:])
	})
}

func TestAuditGroupsByPerson(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		lab, reseller := w.Tree.Named(demo.Lab)[0].ID, w.Tree.Named(demo.Reseller)[0].ID
		w.AddMember(lab, cloudflaretest.Member{Name: "Zoe", Email: "zoe@example.com", Status: "pending"})
		w.AddMember(reseller, cloudflaretest.Member{Name: "Zoe", Email: "Zoe@example.com"})
		got := w.Run(t.Context(), Command, "", "audit", "--domain", "@example.com", "--domain", demo.Domain)
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		blank := strings.Repeat(" ", 48)
		assert.Contains(t, got.Stdout, "\n"+
			"Zoe@example.com                  Zoe            no two-factor            Northwind Distribution / Alder Secure\n"+
			blank+"no two-factor, pending   Northwind Lab\n\n")
		assert.Contains(t, got.Stdout, " two-factor unknown ")
		assert.Contains(t, got.Stdout, "\n19 people, ")
	})
}

func TestAuditExitCode(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(t.Context(), Command, "", "audit", "--exit-code")
		assert.Equal(t, cli.ExitRefused, got.Code)
		assert.Contains(t, got.Stdout, "EMAIL")
		assert.Contains(t, got.Stderr, "cforg members audit: 18 people, ")
	})
}

func TestAuditFindsNothing(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	server.AddMember(server.AddOrganization("a", ""), cloudflaretest.Member{Email: "a@example.com", TwoFactor: true})
	w := &clitest.World{Server: server}
	for format, want := range map[string]string{"table": "nothing found\n", "json": "[]\n"} {
		got := w.Run(t.Context(), Command, "", "audit", "--exit-code", "--domain", "example.com", "--format", format)
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Equal(t, want, got.Stdout)
	}
}

func TestAuditTellsWhatItCouldNotRead(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Fail(10, cloudflaretest.Status(403, nil, ""))
		got := w.Run(t.Context(), Command, "", "audit", "--exit-code")
		assert.Equal(t, cli.ExitFailed, got.Code, "more may have been found: that counts more than findings")
		assert.Contains(t, got.Stdout, "EMAIL")
		assert.Contains(t, got.Stderr, "1 of 60 organizations could not be read in full")

		w.Fail(1, cloudflaretest.Status(403, nil, ""))
		got = w.Run(t.Context(), Command, "", "audit")
		assert.Equal(t, cli.ExitFailed, got.Code)
		assert.Empty(t, got.Stdout)
	})
}

// Whoever could read nothing has not found that there is nothing.
func TestAuditOfNothingReadable(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		for _, format := range []string{"table", "json", "csv"} {
			got := w.RunWithToken(t, Command, "audit", "--format", format)
			assert.Equal(t, cli.ExitFailed, got.Code)
			assert.Contains(t, got.Stderr, "60 of 60 organizations could not be read in full")
			assert.Empty(t, got.Stdout)
		}
	})
}

func TestAuditEndsOnInterrupt(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		ctx := w.InterruptAt(t.Context(), 30)
		got := w.Run(ctx, Command, "", "audit")
		assert.Equal(t, cli.ExitInterrupted, got.Code)
		assert.Empty(t, got.Stdout)
		assert.Less(t, len(w.Requests()), 40)
	})
}

func TestAuditUsage(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		for arguments, want := range map[string]string{
			"--format tree": "must be table, json or csv",
			"--domain @":    "--domain must not be empty",
			"x":             `unknown command "x"`,
		} {
			got := w.Run(t.Context(), Command, "", append([]string{"audit"}, strings.Fields(arguments)...)...)
			assert.Equal(t, cli.ExitUsage, got.Code)
			assert.Contains(t, got.Stderr, want)
		}
		assert.Empty(t, w.Requests())
	})
}

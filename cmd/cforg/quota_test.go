package main_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/cmd/accounts"
	"example.com/cloudflare/cmd/cforg/internal/cmd/auditlog"
	"example.com/cloudflare/cmd/cforg/internal/cmd/doctor"
	"example.com/cloudflare/cmd/cforg/internal/cmd/find"
	"example.com/cloudflare/cmd/cforg/internal/cmd/members"
	"example.com/cloudflare/cmd/cforg/internal/cmd/profiles"
	"example.com/cloudflare/cmd/cforg/internal/cmd/tree"
)

var memory = flag.Bool("memory", false, "also run the program, without a rate limit, and print its memory")

// reseller fills a server with 5,000 organizations, 20,000 accounts and 8,000 members. It returns the ID of an account
// and the rows of a file for profiles.
func reseller(server *cloudflaretest.Server) (accountID, rows string) {
	server.KeepRequests(0)
	root := server.AddOrganization("Reseller", "")
	ids := []string{root}
	for i := range 49 {
		ids = append(ids, server.AddOrganization(fmt.Sprintf("Region %02d", i), root))
	}
	for i := range 4950 {
		ids = append(ids, server.AddOrganization(fmt.Sprintf("Customer-%04d", i), ids[1+i%49]))
	}
	for i := range 20_000 {
		accountID = server.AddAccount(ids[i%len(ids)], cloudflaretest.Account{Name: fmt.Sprintf("Account %05d", i)})
	}
	for i := range 8_000 {
		server.AddMember(ids[i%len(ids)], cloudflaretest.Member{Name: "A Member", Email: fmt.Sprintf("member%04d@example.com", i), TwoFactor: i%100 > 0})
	}
	server.AddAuditLog(root, cloudflaretest.AuditLog{Time: time.Now().Add(-time.Hour)})
	var file strings.Builder
	file.WriteString("organization_id,business_name\n")
	for _, id := range ids {
		file.WriteString(id + ",One\n")
	}
	return accountID, file.String()
}

// Each command that reads ends at the API's quota, without exceeding it, and with the requests that README.md states.
func TestCommandsEndAtTheQuota(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "profiles.csv")
	for _, test := range []struct {
		line     string
		command  func(*cli.Env) *cobra.Command
		requests int
		time     time.Duration
	}{
		{"tree", tree.Command, 5, 0},
		{"tree --depth 2 --counts", tree.Command, 105, 0},
		{"tree --counts", tree.Command, 10_005, 40 * time.Minute},
		{"tree --all -o json", tree.Command, 10_005, 40 * time.Minute},
		{"accounts", accounts.Command, 5_005, 20 * time.Minute},
		{"accounts -o csv", accounts.Command, 5_005, 20 * time.Minute},
		{"members audit", members.Command, 5_005, 20 * time.Minute},
		{"find Customer-0042", find.Command, 5, 0},
		{"find ACCOUNT", find.Command, 1, 0},
		{"find --kind user member0042@example.com", find.Command, 5_005, 20 * time.Minute},
		{"find --deep Customer-0042", find.Command, 10_005, 40 * time.Minute},
		{"audit-log Reseller", auditlog.Command, 2, 0},
		{"doctor", doctor.Command, 12, 0},
		{"profiles FILE --dry-run", profiles.Command, 10_000, 40 * time.Minute},
	} {
		t.Run(test.line, func(t *testing.T) {
			var accountID, rows string
			line := func() []string {
				return strings.Fields(strings.NewReplacer("ACCOUNT", accountID, "FILE", file).Replace(test.line))
			}
			synctest.Test(t, func(t *testing.T) {
				server := cloudflaretest.NewServer().ForTest(t)
				accountID, rows = reseller(server)
				require.NoError(t, os.WriteFile(file, []byte(rows), 0o600))
				server.SetRateLimit(1200, 5*time.Minute)
				var exceeded atomic.Int32
				w := &clitest.World{Server: server, Change: func(_ *http.Request, response *http.Response) {
					if response.StatusCode == http.StatusTooManyRequests {
						exceeded.Add(1)
					}
				}}
				began := time.Now()
				got := w.Run(t.Context(), test.command, "", line()[1:]...)
				took := time.Since(began)
				assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
				assert.NotEmpty(t, got.Stdout)
				assert.Zero(t, exceeded.Load(), "no 429")
				assert.Equal(t, test.requests, server.DroppedRequests())
				assert.InDelta(t, test.time.Minutes(), took.Minutes(), 0.02*test.time.Minutes(), "the time that the quota allows")
				waits := strings.Count(got.Stderr, "; waiting for the rate limit until ")
				assert.Equal(t, test.time > 0, waits > 0, got.Stderr)
				assert.LessOrEqual(t, waits, int(test.time.Minutes())+1, "one line a minute")
			})
			row := fmt.Sprintf("| `cforg %s` | %s | %d min |", test.line, humanize.Comma(int64(test.requests)), int(test.time.Minutes()))
			assert.Contains(t, string(readme), row)
			if *memory {
				fmt.Printf("%s %d MB |\n", row, memoryOf(t, line()))
			}
		})
	}
}

// memoryOf returns the largest resident set of a command in MB, as Linux shows it until the command ends. The rusage of
// the process would begin with the memory of this one.
func memoryOf(t *testing.T, line []string) (kilobytes int) {
	server := cloudflaretest.NewServer().ForTest(t)
	reseller(server)
	outer := httptest.NewServer(server)
	defer outer.Close()
	var errs bytes.Buffer
	c := command(t, []string{
		"CLOUDFLARE_API_KEY=" + cloudflaretest.APIKey, "CLOUDFLARE_EMAIL=" + cloudflaretest.Email, "CLOUDFLARE_BASE_URL=" + outer.URL + "/client/v4",
	}, line...)
	c.Stderr = &errs
	require.NoError(t, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
		if _, peak, ok := strings.Cut(string(status), "VmHWM:"); ok {
			fmt.Sscan(peak, &kilobytes)
		}
		select {
		case err := <-ended:
			require.NoError(t, err, errs.String())
			return kilobytes / 1024
		case <-time.After(time.Millisecond):
		}
	}
}

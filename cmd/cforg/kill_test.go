package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

// slowAPI is an API whose creates take a random time, some before and some after they have their effect. They also have
// it if the client has gone.
type slowAPI struct {
	*cloudflaretest.Server
	credential []string
	arrived    map[string]chan struct{} // receives at the first request with this method
	takes      time.Duration            // how long a create takes
	ended      atomic.Bool              // the create
}

func newSlowAPI(t *testing.T, random *rand.Rand, slowest time.Duration) *slowAPI {
	before, after := time.Duration(random.Int64N(int64(slowest/2))), time.Duration(random.Int64N(int64(slowest/2)))
	api := &slowAPI{Server: cloudflaretest.NewServer().ForTest(t), takes: before + after, arrived: map[string]chan struct{}{}}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		api.arrived[method] = make(chan struct{}, 1)
	}
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case api.arrived[r.Method] <- struct{}{}:
		default:
		}
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/organizations") {
			api.ServeHTTP(w, r)
			return
		}
		time.Sleep(before)
		api.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
		time.Sleep(after)
		api.ended.Store(true)
	}))
	t.Cleanup(outer.Close)
	api.credential = []string{
		"CLOUDFLARE_API_KEY=" + cloudflaretest.APIKey, "CLOUDFLARE_EMAIL=" + cloudflaretest.Email,
		"CLOUDFLARE_BASE_URL=" + outer.URL + "/client/v4", "XDG_CACHE_HOME=" + t.TempDir(), "HOME=" + t.TempDir(), "LocalAppData=" + t.TempDir(),
	}
	return api
}

// A run of onboard that is killed while its create is under way, and run again at once, makes one organization. With
// CFORG_KILLS=120, as many runs are killed at any point after their first request, and creates take up to two seconds.
func TestOnboardKilled(t *testing.T) {
	kills, slowest, first := 8, 500*time.Millisecond, "POST"
	if n, err := strconv.Atoi(os.Getenv("CFORG_KILLS")); err == nil {
		kills, slowest, first = n, 2*time.Second, "GET"
	}
	var before, during atomic.Int32
	t.Run("kills", func(t *testing.T) {
		for seed := range kills {
			t.Run(strconv.Itoa(seed), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(uint64(seed), 31))
				api := newSlowAPI(t, random, slowest)
				parent := api.AddOrganization("Reseller", "")
				args := []string{"onboard", "--yes", "--name", "Customer", "--parent", parent, "--member", "ada@customer.example"}

				killed := command(t, api.credential, args...)
				require.NoError(t, killed.Start())
				<-api.arrived[first]
				time.Sleep(time.Duration(random.Int64N(int64(api.takes))))
				require.NoError(t, killed.Process.Kill())
				_ = killed.Wait()
				switch begun, ended := len(api.arrived["POST"]) > 0 || first == "POST", api.ended.Load(); {
				case !begun:
					before.Add(1)
				case !ended:
					during.Add(1)
				}

				code, _, stderr := run(t, api.credential, args...)
				assert.Equal(t, 0, code, stderr)
				page, err := api.Client().Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "Customer"})
				require.NoError(t, err)
				assert.Len(t, page.Items, 1)
			})
		}
	})
	t.Logf("of %d kills, %d came before the create arrived, %d while it was under way", kills, before.Load(), during.Load())
}

// A run of audit-log that is killed at any point leaves a file that the next run continues: each entry is in it once.
func TestAuditLogKilled(t *testing.T) {
	server, baseURL := clitest.Serve(t)
	id := server.AddOrganization("Root", "")
	credential := []string{"CLOUDFLARE_API_KEY=" + cloudflaretest.APIKey, "CLOUDFLARE_EMAIL=" + cloudflaretest.Email, "CLOUDFLARE_BASE_URL=" + baseURL}
	folder := t.TempDir()
	args := []string{"audit-log", id, "--checkpoint", folder + "/checkpoint", "--output", folder + "/output"}
	random := rand.New(rand.NewPCG(31, 5))
	want := map[string]int{}
	kills := 15
	if n, err := strconv.Atoi(os.Getenv("CFORG_KILLS")); err == nil {
		kills = n
	}
	cut := 0
	for n := range kills + 1 {
		for i := range 500 {
			want[server.AddAuditLog(id, cloudflaretest.AuditLog{Time: time.Now().Add(-5*time.Minute + time.Duration(i)*time.Millisecond)})] = 1
		}
		if n == kills {
			break
		}
		killed := command(t, credential, args...)
		require.NoError(t, killed.Start())
		time.Sleep(time.Duration(random.Int64N(int64(150 * time.Millisecond))))
		require.NoError(t, killed.Process.Kill())
		_ = killed.Wait()
		if output, _ := os.ReadFile(folder + "/output"); len(output) > 0 && output[len(output)-1] != '\n' {
			cut++
		}
	}
	code, _, stderr := run(t, credential, args...)
	require.Equal(t, 0, code, stderr)
	output, err := os.ReadFile(folder + "/output")
	require.NoError(t, err)
	got := map[string]int{}
	for line := range bytes.Lines(output) {
		var entry struct{ ID string }
		require.NoError(t, json.Unmarshal(line, &entry), "%s", line)
		got[entry.ID]++
	}
	assert.Equal(t, want, got)
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, files, 3, "the checkpoint, its lock and the output")
	t.Logf("%d kills, %d of them left a line that is cut", kills, cut)
}

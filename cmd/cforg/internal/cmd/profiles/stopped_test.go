package profiles

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

// crash runs the program with -apply and ends its context at the n-th write.
func crash(t *testing.T, w *clitest.World, file string, n int) clitest.Result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	w.Before = func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPut {
			if n--; n == 0 {
				cancel()
			}
		}
	}
	defer func() { w.Before = nil }()
	return w.Run(ctx, Command, "", file, "--yes")
}

func TestProfilesInterrupted(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := sampleFile(t, w)
		start := len(w.Requests())
		result := crash(t, w, file, 220)
		assert.Equal(t, cli.ExitInterrupted, result.Code)
		assert.Regexp(t, `^cforg profiles: interrupted: \d+ rows not done, 6 went wrong; run the same command again to do the rest\n$`, result.Stderr)
		got := outcomesOf(t, result)
		assert.Len(t, got, 500)
		count := countOf(got)
		assert.Zero(t, count["unknown"], "rows under way finish")
		assert.Positive(t, count["not done"])
		assert.Equal(t, w.Sent(http.MethodPut, start), count["changed"])
		assert.InDelta(t, 220, count["changed"], 8)
		asSaid(t, w, file, func(line int) bool { return got[line] == "changed" || got[line] == "unchanged" || line%10 == 3 })

		start = len(w.Requests())
		again := w.Run(t.Context(), Command, "", file, "--yes")
		assert.Equal(t, cli.ExitRefused, again.Code)
		assert.Equal(t, 443-count["changed"], w.Sent(http.MethodPut, start), "the rest and nothing else")
		asSaid(t, w, file, func(int) bool { return true })
	})
}

// A server that does not answer must not keep the program from ending.
func TestProfilesInterruptedAtAStall(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := csvFile(t, "organization_id,business_name\n"+
			w.Tree.Organizations[0].ID+",One\n"+w.Tree.Organizations[1].ID+",Two\n"+w.Tree.Organizations[2].ID+",Three\n")
		w.Fail(2, cloudflaretest.RateLimited(time.Minute)) // the read of the second row, if the first stalls
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(time.Second, cancel)
		w.Fail(1, cloudflaretest.Stall())
		began := time.Now()
		result := w.Run(ctx, Command, "", file, "--yes", "--parallel", "2")
		assert.Equal(t, time.Second+cli.Grace, time.Since(began))
		assert.Equal(t, cli.ExitInterrupted, result.Code)
		assert.Equal(t, map[string]int{"not done": 3}, countOf(outcomesOf(t, result)), "reads that were given up, and a row that was not begun")
	})
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := csvFile(t, "organization_id,business_name\n"+w.Tree.Organizations[0].ID+",One\n")
		w.FailNext("PUT /organizations/{organization_id}/profile", cloudflaretest.Stall())
		result := crash(t, w, file, 1)
		assert.Equal(t, cli.ExitInterrupted, result.Code)
		assert.Equal(t, map[int]string{2: "unknown"}, outcomesOf(t, result), "a write that was given up")
	})
}

// Without a network, nobody wants to wait for hundreds of rows to fail.
func TestProfilesGiveUpWithoutANetwork(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := sampleFile(t, w)
		var sent atomic.Int32
		w.Before = func(*http.Request) {
			if sent.Add(1) == 40 {
				w.Close()
			}
		}
		result := w.Run(t.Context(), Command, "", file, "--yes")
		assert.Equal(t, cli.ExitFailed, result.Code)
		assert.Contains(t, result.Stderr, "20 rows in a row got no response, the last one: cloudflare: ")
		count := countOf(outcomesOf(t, result))
		assert.Greater(t, count["not done"], 400)
		assert.Less(t, sent.Load(), int32(40+4*30), "four attempts for each of the rows, and of those under way")
	})
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) { // a response now and then
		file := treeFile(t, w)
		sent := 0
		w.Before = func(*http.Request) {
			if sent++; sent%15 > 1 { // a row without a profile needs two responses
				w.Fail(1, cloudflaretest.Reset())
			}
		}
		result := w.Run(t.Context(), Command, "", file, "--dry-run", "--parallel", "1")
		assert.NotContains(t, result.Stderr, "in a row")
		assert.Equal(t, cli.ExitRefused, result.Code)
	})
}

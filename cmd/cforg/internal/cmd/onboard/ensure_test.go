package onboard

import (
	"context"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

func intentIn(w *clitest.World) intent {
	return newIntent(w.State, "", w.Tree.Named(demo.Reseller)[0].ID, customer)
}

func assertNoState(t *testing.T, w *clitest.World) {
	t.Helper()
	files, err := os.ReadDir(w.State)
	assert.NoError(t, err)
	assert.Empty(t, files, "files that nobody needs any more")
}

func isCreate(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/client/v4/organizations"
}

func TestIntentIsOnDiskDuringTheCreate(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		creates := 0
		w.Before = func(r *http.Request) {
			sent, err := intentIn(w).time()
			require.NoError(t, err)
			if isCreate(r) {
				creates++
				assert.WithinDuration(t, time.Now(), sent, 0)
			}
			assert.Equal(t, creates == 0, sent.IsZero() && w.Sent(http.MethodPost, 0) == 0)
		}
		w.FailNext("POST /organizations", cloudflaretest.RateLimited(time.Second)) // its time is that of the second attempt
		got := onboard(t.Context(), w)
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Equal(t, 2, creates)
		onboarded(t, w)
		assertNoState(t, w)
	})
}

func TestRunAfterAKilledOne(t *testing.T) {
	for appears, want := range map[time.Duration]struct {
		took    time.Duration // at most
		creates int
	}{
		0:                       {time.Second, 0},
		3 * time.Second:         {6 * time.Second, 0},
		settled - 6*time.Second: {settled, 0},
		settled + time.Hour:     {settled + time.Second, 1}, // it never does
	} {
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			require.NoError(t, intentIn(w).record())
			if want.creates == 0 {
				time.AfterFunc(appears, func() { w.AddOrganization(customer, w.Tree.Named(demo.Reseller)[0].ID) })
			}
			time.Sleep(time.Millisecond)
			start := time.Now()
			got := onboard(t.Context(), w)
			assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
			assert.LessOrEqual(t, time.Since(start), want.took)
			if appears > 0 {
				assert.Contains(t, got.Stderr, "may have been created at 00:00:00; looking for it until 00:02:00")
			}
			onboarded(t, w)
			assert.Equal(t, want.creates+1, w.Sent(http.MethodPost, 0), "and the member")
			assertNoState(t, w)
		})
	}
}

// A clock that was set back must not make a run wait for years.
func TestIntentFromTheFuture(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		require.NoError(t, intentIn(w).record())
		intentIn(w).setTime(time.Now().Add(1000 * time.Hour))
		start := time.Now()
		got := onboard(t.Context(), w)
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.InDelta(t, settled.Seconds(), time.Since(start).Seconds(), 1)
		onboarded(t, w)
	})
}

// A run that finds no organization, but the intent of another run, waits for that one.
func TestRunsAtOnce(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Before = func(*http.Request) { time.Sleep(100 * time.Millisecond) }
		var runs sync.WaitGroup
		for _, member := range []string{email, "b@skylark.example", "c@skylark.example"} {
			runs.Go(func() { assert.Equal(t, cli.ExitDone, onboard(t.Context(), w, "--member", member).Code) })
		}
		runs.Wait()
		w.Before = nil
		page, err := w.Client().Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: customer})
		require.NoError(t, err)
		assert.Len(t, page.Items, 1)
		assertNoState(t, w)
	})
}

func TestInterruptedDuringTheCreate(t *testing.T) {
	interrupt := func(w *clitest.World, run context.Context) context.Context {
		ctx, stop := context.WithCancel(run)
		w.Before = func(r *http.Request) {
			if isCreate(r) {
				stop()
			}
		}
		return ctx
	}
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		ctx := interrupt(w, t.Context())
		w.After = func(*http.Request) { time.Sleep(cli.Grace - time.Second) }
		got := onboard(ctx, w)
		assert.Equal(t, cli.ExitInterrupted, got.Code)
		assert.Contains(t, got.Stdout, "organization  created")
		assert.Contains(t, got.Stderr, "stopping once the request to create the organization is done; Ctrl-C again ends at once")
		assert.Contains(t, got.Stderr, "run the same command again to do the rest")
	})
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.FailNext("POST /organizations", cloudflaretest.Stall())
		start := time.Now()
		got := onboard(interrupt(w, t.Context()), w)
		assert.Equal(t, cli.Grace, time.Since(start))
		assert.Equal(t, cli.ExitInterrupted, got.Code)
		assert.Contains(t, got.Stderr, "outcome unknown")
		w.Before = nil
		got = onboard(t.Context(), w)
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.InDelta(t, settled.Seconds(), time.Since(start).Seconds(), 1, "until two minutes after the request")
		onboarded(t, w)
	})
}

// Nothing is created without an intent.
func TestIntentThatCannotBeWritten(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		require.NoError(t, os.WriteFile(w.State+"/file", nil, 0o600))
		w.State += "/file"
		got := onboard(t.Context(), w)
		assert.Equal(t, cli.ExitFailed, got.Code)
		assert.Contains(t, got.Stderr, "not a directory")
		assert.Zero(t, w.Sent(http.MethodPost, 0))
	})
}

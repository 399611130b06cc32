package progress_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/progress"
)

// send sends n requests under a limit of 1,200 in five minutes, of which m expects all.
func send(t *testing.T, m *progress.Meter, n int) {
	t.Helper()
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("One", "")
	server.SetRateLimit(1200, 5*time.Minute)
	client := server.Client(m.Options()...)
	m.Expect(n)
	for range n {
		_, err := client.Organizations.Get(t.Context(), id)
		require.NoError(t, err)
	}
	assert.Equal(t, n, m.Sent())
}

func TestLinesOffATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		m := &progress.Meter{Stderr: &out, Name: "cforg tree"}
		began := time.Now()
		send(t, m, 3000)
		m.Close()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Len(t, lines, 11, out.String()+"one when the first wait begins, then one a minute")
		until := began.Add(5 * time.Minute).Format(time.TimeOnly)
		assert.Equal(t, "cforg tree: 1,200 of 3,000 requests; waiting for the rate limit until "+until+"; about 10 min left", lines[0])
		assert.Equal(t, "cforg tree: 1,200 of 3,000 requests; waiting for the rate limit until "+until+"; about 9 min left", lines[1])
		assert.Contains(t, lines[9], "2,400 of 3,000 requests; waiting for the rate limit until ")
	})
}

func TestNothingIsSaidInAShortTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		m := &progress.Meter{Stderr: &out}
		send(t, m, 1000)
		m.Close()
		assert.Empty(t, out.String())
	})
}

func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		m := &progress.Meter{Stderr: &out, Width: func() int { return 80 }, Quiet: true}
		send(t, m, 1300)
		m.Note("stopping")
		m.Warn(5000, "all")
		m.Close()
		assert.Empty(t, out.String())
	})
}

// What others print stands above the line, which is drawn again and again and is gone at the end.
func TestLineOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		m := &progress.Meter{Stderr: &out, Width: func() int { return 60 }}
		go func() {
			time.Sleep(100*time.Second + time.Millisecond)
			m.Aside(func() { fmt.Fprint(&out, "a row\n") })
		}()
		send(t, m, 1300)
		m.Close()
		const clear = "\r\x1b[K"
		shown := out.String()
		assert.Contains(t, shown, clear+"1,200 of 1,300 requests; waiting for the rate limit until ")
		assert.Contains(t, shown, clear+"a row\n"+clear)
		assert.True(t, strings.HasSuffix(shown, clear))
		drawn := strings.Split(shown, clear)
		assert.InDelta(t, 300, len(drawn), 20, "once a second during the wait")
		for _, line := range drawn {
			assert.Less(t, len(line), 60, "what wraps could not be drawn over")
		}
	})
}

// Another program's requests, or a server that closes the connection, must not print a line for each.
func TestWaitsOfManyCallsAreOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		m := &progress.Meter{Stderr: &out, Name: "x"}
		server := cloudflaretest.NewServer().ForTest(t)
		client := server.Client(m.Options()...)
		server.Fail(1, cloudflaretest.RateLimited(20*time.Second))
		_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
		require.NoError(t, err)
		server.Fail(1, cloudflaretest.RateLimited(20*time.Second))
		_, err = client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
		require.NoError(t, err)
		m.Close()
		assert.Equal(t, 1, strings.Count(out.String(), "\n"), out.String())
	})
}

func TestCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(progress.Meter)
		assert.Equal(t, "about 5 requests", m.Cost(5))
		send(t, m, 5)
		for n, want := range map[int]string{
			1195: "about 1,195 requests", 1196: "about 1,196 requests, 5 min at the rate limit",
			10_000: "about 10,000 requests, 40 min at the rate limit",
		} {
			assert.Equal(t, want, m.Cost(n))
		}
		m.Rate = 2
		assert.Equal(t, "about 10,000 requests, 84 min at the rate limit", m.Cost(10_000))
	})
}

func TestNoteNeedsATerminal(t *testing.T) {
	var out strings.Builder
	m := &progress.Meter{Stderr: &out}
	m.Expect(5)
	m.Note("stopping")
	assert.Empty(t, out.String())
	m.Width = func() int { return 80 }
	m.Note("stopping")
	assert.Equal(t, "\r\x1b[Kstopping", out.String())
}

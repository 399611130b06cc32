package profiles

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/progress"
)

// treeFile returns the name of a file with a row for each of the tree's 60 organizations, which have no profile yet.
func treeFile(t *testing.T, w *clitest.World) string {
	t.Helper()
	var file strings.Builder
	file.WriteString("organization_id,business_name\n")
	for _, o := range w.Tree.Organizations {
		fmt.Fprintf(&file, "%s,%q\n", o.ID, o.Name)
	}
	return csvFile(t, file.String())
}

func csvFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "profiles.csv")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

var resultLine = regexp.MustCompile(`(?m)^line (\d+) +(unchanged|would change|changed|refused|failed|unknown|not done)(  .*)?$`)

// outcomesOf returns the outcome of each row by its line, and checks that they are in order and each there once.
func outcomesOf(t *testing.T, r clitest.Result) map[int]string {
	t.Helper()
	of, last := map[int]string{}, 0
	for _, match := range resultLine.FindAllStringSubmatch(r.Stdout, -1) {
		var line int
		fmt.Sscan(match[1], &line)
		require.Greater(t, line, last)
		of[line], last = match[2], line
	}
	return of
}

func countOf(outcomes map[int]string) map[string]int {
	count := map[string]int{}
	for outcome := range maps.Values(outcomes) {
		count[outcome]++
	}
	return count
}

// profileOf returns what the server holds.
func profileOf(t *testing.T, w *clitest.World, id string) cloudflare.OrganizationProfile {
	t.Helper()
	profile, err := w.Client().OrganizationProfile.Get(t.Context(), id)
	if errors.Is(err, cloudflare.ErrNotFound) {
		return cloudflare.OrganizationProfile{}
	}
	require.NoError(t, err)
	return *profile
}

func readFile(t *testing.T, name string) []*row {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	rows, err := readRows(f)
	require.NoError(t, err)
	return rows
}

// asSaid checks which organizations have the profile that the file says. Rows that are wrong are passed over.
func asSaid(t *testing.T, w *clitest.World, file string, is func(line int) bool) {
	t.Helper()
	for _, r := range readFile(t, file) {
		if badRows[r.line] != "" {
			continue
		}
		said := true
		profile := profileOf(t, w, r.id)
		for _, e := range r.edits {
			said = said && *e.In(&profile) == e.Value
		}
		assert.Equal(t, is(r.line), said, "line %d", r.line)
	}
}

// badRows are patterns for the lines of the rows of the sample that are wrong.
var badRows = map[int]string{
	60:  "refused +[0-9a-f]{32}  it has 3 columns, not 4$",
	120: "refused +the organization_id is empty$",
	180: "refused +Shop 119 +the organization_id must be 32 digits 0 to 9, a to f$",
	240: "failed +0{32}  cloudflare: GET .*: 404 Not Found: organization not found",
	300: "refused +[0-9a-f]{32}  it would leave the profile without any value$",
	359: "refused +[0-9a-f]{32}  line 360 is about the same organization$",
	360: "refused +[0-9a-f]{32}  line 359 is about the same organization$",
}

func TestProfiles(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		file := sampleFile(t, w)
		start := len(w.Requests())

		difference := w.Run(t.Context(), Command, "", file, "--dry-run")
		assert.Equal(t, cli.ExitRefused, difference.Code)
		assert.Equal(t, "cforg profiles: 7 rows went wrong\n", difference.Stderr, "and no progress bar")
		assert.Contains(t, difference.Stdout, "\n500 rows: 50 unchanged, 443 would change, 6 refused, 1 failed\n")
		assert.Len(t, outcomesOf(t, difference), 500)
		assert.Zero(t, w.Sent(http.MethodPut, start), "a difference writes nothing")

		start = len(w.Requests())
		for _, n := range []int{1, 333, 334} {
			w.Fail(n, cloudflaretest.RateLimited(4*time.Minute))
		}
		w.Fail(700, cloudflaretest.Status(502, nil, "bad gateway"))
		applied := w.Run(t.Context(), Command, "", file, "--yes")
		assert.Equal(t, cli.ExitRefused, applied.Code)
		assert.Contains(t, applied.Stdout, "\n500 rows: 50 unchanged, 443 changed, 6 refused, 1 failed\n")
		got := outcomesOf(t, applied)
		for line, why := range badRows {
			assert.Regexp(t, fmt.Sprintf(`(?m)^line %-4d  %s`, line, why), applied.Stdout)
		}
		assert.Equal(t, map[string]int{"unchanged": 50, "changed": 443, "refused": 6, "failed": 1}, countOf(got))
		assert.Len(t, w.Requests()[start:], 495+394+443+1+4, "reads, reads of organizations without a profile, writes, the look for the unknown organization, repeats")
		asSaid(t, w, file, func(int) bool { return true })

		start = len(w.Requests())
		second := w.Run(t.Context(), Command, "", file, "--yes")
		assert.Contains(t, second.Stdout, "\n500 rows: 493 unchanged, 6 refused, 1 failed\n")
		assert.Zero(t, w.Sent(http.MethodPut, start), "a second run writes nothing")

		// The sample speaks of no address.
		kept := 0
		for org, err := range w.Client().Organizations.All(t.Context(), cloudflare.OrganizationListParams{}) {
			require.NoError(t, err)
			if org.Profile != nil && strings.HasSuffix(org.Profile.BusinessAddress, " Main Street") {
				kept++
			}
		}
		assert.Equal(t, 100, kept)
	})
}

// A write that was not answered is what it is, and the next run finds out.
func TestProfilesUnknown(t *testing.T) {
	for name, test := range map[string]struct {
		fault    cloudflaretest.Fault
		attempts int // of the write, all in vain
		first    outcome
		second   outcome
	}{
		"carried out":     {cloudflaretest.Cut(), 4, unknown, unchanged},
		"not carried out": {cloudflaretest.Reset(), 4, unknown, changed},
		"bad gateway":     {cloudflaretest.Status(502, nil, ""), 4, unknown, changed},
		"forbidden":       {cloudflaretest.Status(403, nil, ""), 1, failed, changed},
	} {
		t.Run(name, func(t *testing.T) {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				file := csvFile(t, "organization_id,business_name\n"+
					w.Tree.Organizations[0].ID+",One\n"+w.Tree.Organizations[1].ID+",Two\n")
				for range test.attempts {
					w.FailNext("PUT /organizations/"+w.Tree.Organizations[0].ID+"/profile", test.fault)
				}
				result := w.Run(t.Context(), Command, "", file, "--yes", "--parallel", "1")
				assert.Equal(t, cli.ExitRefused, result.Code)
				got := outcomesOf(t, result)
				assert.Equal(t, test.first.String(), got[2], result.Stdout)
				if test.first == unknown {
					assert.Contains(t, result.Stdout, `business_name "" -> "One", cloudflare: PUT `)
				}
				assert.Equal(t, changed.String(), got[3], "what goes wrong does not stop the others")

				again := w.Run(t.Context(), Command, "", file, "--yes")
				assert.Equal(t, cli.ExitDone, again.Code)
				assert.Equal(t, test.second.String(), outcomesOf(t, again)[2])
			})
		})
	}
}

func TestProfilesCredential(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusMethodNotAllowed} {
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			file := treeFile(t, w)
			w.Change = func(_ *http.Request, response *http.Response) {
				response.StatusCode, response.Body, response.ContentLength = status, http.NoBody, 0
			}
			result := w.Run(t.Context(), Command, "", file, "--yes")
			assert.Equal(t, cli.ExitFailed, result.Code)
			assert.Contains(t, result.Stderr, http.StatusText(status))
			count := countOf(outcomesOf(t, result))
			assert.Equal(t, 60, count["failed"]+count["not done"])
			assert.Less(t, len(w.Requests()), 60)
		})
	}
}

// No API token may read or write a profile, so no other row would do better.
func TestProfilesWithAToken(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		result := w.RunWithToken(t, Command, treeFile(t, w), "--yes")
		assert.Equal(t, cli.ExitFailed, result.Code)
		assert.Contains(t, result.Stderr, "try a global API key")
		count := countOf(outcomesOf(t, result))
		assert.Equal(t, 60, count["failed"]+count["not done"])
		assert.Less(t, len(w.Requests()), 60)
	})
}

func TestProfilesParallel(t *testing.T) {
	for _, parallel := range []int{1, 5} {
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			file := treeFile(t, w)
			var mu sync.Mutex
			under, most := 0, 0
			add := func(n int) {
				mu.Lock()
				defer mu.Unlock()
				under += n
				most = max(most, under)
			}
			w.Before = func(*http.Request) { add(1); time.Sleep(time.Millisecond) } // so that others may come
			w.After = func(*http.Request) { add(-1) }
			w.Run(t.Context(), Command, "", file, "--parallel", fmt.Sprint(parallel))
			assert.Equal(t, parallel, most)
		})
	}
}

// failingWriter takes so many lines.
type failingWriter struct{ lines int }

var errDiskFull = errors.New("disk full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.lines--; w.lines < 0 {
		return 0, errDiskFull
	}
	return len(p), nil
}

func TestProfilesWithoutOutput(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		rows := readFile(t, treeFile(t, w))
		j := &job{client: w.Client(), apply: true, parallel: 1, out: lines{&failingWriter{10}}, total: io.Discard, meter: new(progress.Meter)}
		results, err := j.run(t.Context(), rows)
		assert.ErrorIs(t, err, errDiskFull)
		assert.Len(t, results, 60)
		assert.Equal(t, notDone, results[59].outcome)
		assert.LessOrEqual(t, w.Sent(http.MethodPut, 0), 13)
	})
}

func TestOutcomesHaveNames(t *testing.T) {
	assert.Len(t, outcomes, int(notDone)+1)
	for _, name := range slices.All(outcomes[:]) {
		assert.Contains(t, long, "\n  "+name+" ")
	}
}

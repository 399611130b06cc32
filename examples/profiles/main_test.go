package main

import (
	"context"
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
	"example.com/cloudflare/examples/internal/demo"
	"example.com/cloudflare/examples/internal/demo/demotest"
)

// sampleFile fills the server and returns the name of the file of the demonstration.
func sampleFile(t *testing.T, w *demotest.World) string {
	t.Helper()
	sample := w.Run(t.Context(), program, "", "-sample")
	require.Equal(t, demo.ExitOK, sample.Code, sample.Stderr)
	return csvFile(t, sample.Stdout)
}

// treeFile returns the name of a file with a row for each of the tree's 60 organizations, which have no profile yet.
func treeFile(t *testing.T, w *demotest.World) string {
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

// puts counts the writes that arrived from the n-th request on.
func puts(w *demotest.World, n int) (count int) {
	for _, r := range w.Requests()[n:] {
		if r.Method == http.MethodPut {
			count++
		}
	}
	return count
}

var resultLine = regexp.MustCompile(`(?m)^line (\d+) +(unchanged|would change|changed|refused|failed|unknown|not done)(  .*)?$`)

// outcomesOf returns the outcome of each row by its line, and checks that they are in order and each there once.
func outcomesOf(t *testing.T, r demotest.Result) map[int]string {
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
func profileOf(t *testing.T, w *demotest.World, id string) cloudflare.OrganizationProfile {
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
func asSaid(t *testing.T, w *demotest.World, file string, is func(line int) bool) {
	t.Helper()
	for _, r := range readFile(t, file) {
		if badRows[r.line] != "" {
			continue
		}
		said := true
		profile := profileOf(t, w, r.id)
		for _, c := range r.cells {
			said = said && *c.in(&profile) == c.text
		}
		assert.Equal(t, is(r.line), said, "line %d", r.line)
	}
}

// badRows are patterns for the lines of the rows of the sample that are wrong.
var badRows = map[int]string{
	60:  "refused +[0-9a-f]{32}  it has 3 columns, not 4$",
	120: "refused +the organization_id is empty$",
	180: "refused +Shop 119 +the organization_id is not 32 digits 0 to 9, a to f$",
	240: "failed +0{32}  cloudflare: GET .*: 404 Not Found: organization not found",
	300: "refused +[0-9a-f]{32}  it would leave the profile without any value$",
	359: "refused +[0-9a-f]{32}  line 360 is about the same organization$",
	360: "refused +[0-9a-f]{32}  line 359 is about the same organization$",
}

func TestProfiles(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		file := sampleFile(t, w)
		start := len(w.Requests())

		difference := w.Run(t.Context(), program, "", "-file", file)
		assert.Equal(t, demo.ExitRefused, difference.Code)
		assert.Equal(t, "profiles: 7 rows went wrong\n", difference.Stderr, "and no progress bar")
		assert.Contains(t, difference.Stdout, "\n500 rows: 50 unchanged, 443 would change, 6 refused, 1 failed\nnothing was written")
		assert.Len(t, outcomesOf(t, difference), 500)
		assert.Zero(t, puts(w, start), "a difference writes nothing")

		start = len(w.Requests())
		for _, n := range []int{1, 333, 334} {
			w.Fail(n, cloudflaretest.RateLimited(4*time.Minute))
		}
		w.Fail(700, cloudflaretest.Status(502, nil, "bad gateway"))
		applied := w.Run(t.Context(), program, "", "-file", file, "-apply")
		assert.Equal(t, demo.ExitRefused, applied.Code)
		assert.Contains(t, applied.Stdout, "\n500 rows: 50 unchanged, 443 changed, 6 refused, 1 failed\n")
		got := outcomesOf(t, applied)
		for line, why := range badRows {
			assert.Regexp(t, fmt.Sprintf(`(?m)^line %-4d  %s`, line, why), applied.Stdout)
		}
		assert.Equal(t, map[string]int{"unchanged": 50, "changed": 443, "refused": 6, "failed": 1}, countOf(got))
		assert.Len(t, w.Requests()[start:], 495+443+1+4, "reads, writes, the look for the unknown organization, repeats")
		asSaid(t, w, file, func(int) bool { return true })

		start = len(w.Requests())
		second := w.Run(t.Context(), program, "", "-file", file, "-apply")
		assert.Contains(t, second.Stdout, "\n500 rows: 493 unchanged, 6 refused, 1 failed\n")
		assert.Zero(t, puts(w, start), "a second run writes nothing")

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
			demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
				file := csvFile(t, "organization_id,business_name\n"+
					w.Tree.Organizations[0].ID+",One\n"+w.Tree.Organizations[1].ID+",Two\n")
				for n := range test.attempts {
					w.Fail(2+n, test.fault) // the first request is a read
				}
				result := w.Run(t.Context(), program, "", "-file", file, "-apply", "-parallel", "1")
				assert.Equal(t, demo.ExitRefused, result.Code)
				got := outcomesOf(t, result)
				assert.Equal(t, test.first.String(), got[2], result.Stdout)
				if test.first == unknown {
					assert.Contains(t, result.Stdout, `business_name "" -> "One", cloudflare: PUT `)
				}
				assert.Equal(t, changed.String(), got[3], "what goes wrong does not stop the others")

				again := w.Run(t.Context(), program, "", "-file", file, "-apply")
				assert.Equal(t, demo.ExitOK, again.Code)
				assert.Equal(t, test.second.String(), outcomesOf(t, again)[2])
			})
		})
	}
}

// crash runs the program with -apply and ends its context at the n-th write.
func crash(t *testing.T, w *demotest.World, file string, n int) demotest.Result {
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
	return w.Run(ctx, program, "", "-file", file, "-apply")
}

func TestProfilesInterrupted(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		file := sampleFile(t, w)
		start := len(w.Requests())
		result := crash(t, w, file, 220)
		assert.Equal(t, demo.ExitInterrupted, result.Code)
		assert.Contains(t, result.Stderr, "stopping once the rows under way are done")
		assert.Contains(t, result.Stderr, "the same command does the rest")
		got := outcomesOf(t, result)
		assert.Len(t, got, 500)
		count := countOf(got)
		assert.Zero(t, count["unknown"], "rows under way finish")
		assert.Positive(t, count["not done"])
		assert.Equal(t, puts(w, start), count["changed"])
		assert.InDelta(t, 220, count["changed"], 8)
		asSaid(t, w, file, func(line int) bool { return got[line] == "changed" || got[line] == "unchanged" || line%10 == 3 })

		start = len(w.Requests())
		again := w.Run(t.Context(), program, "", "-file", file, "-apply")
		assert.Equal(t, demo.ExitRefused, again.Code)
		assert.Equal(t, 443-count["changed"], puts(w, start), "the rest and nothing else")
		asSaid(t, w, file, func(int) bool { return true })
	})
}

// A server that does not answer must not keep the program from ending.
func TestProfilesInterruptedAtAStall(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		file := csvFile(t, "organization_id,business_name\n"+
			w.Tree.Organizations[0].ID+",One\n"+w.Tree.Organizations[1].ID+",Two\n"+w.Tree.Organizations[2].ID+",Three\n")
		w.Fail(2, cloudflaretest.RateLimited(time.Minute)) // the read of the second row, if the first stalls
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(time.Second, cancel)
		w.Fail(1, cloudflaretest.Stall())
		began := time.Now()
		result := w.Run(ctx, program, "", "-file", file, "-apply", "-parallel", "2")
		assert.Equal(t, time.Second+grace, time.Since(began))
		assert.Equal(t, demo.ExitInterrupted, result.Code)
		assert.Equal(t, map[string]int{"not done": 3}, countOf(outcomesOf(t, result)), "reads that were given up, and a row that was not begun")
	})
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		file := csvFile(t, "organization_id,business_name\n"+w.Tree.Organizations[0].ID+",One\n")
		w.Fail(2, cloudflaretest.Stall())
		result := crash(t, w, file, 1)
		assert.Equal(t, demo.ExitInterrupted, result.Code)
		assert.Equal(t, map[int]string{2: "unknown"}, outcomesOf(t, result), "a write that was given up")
	})
}

func TestProfilesCredential(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusMethodNotAllowed} {
		demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
			file := treeFile(t, w)
			for n := range 60 {
				w.Fail(n+1, cloudflaretest.Status(status, nil, ""))
			}
			result := w.Run(t.Context(), program, "", "-file", file, "-apply")
			assert.Equal(t, demo.ExitError, result.Code)
			assert.Contains(t, result.Stderr, http.StatusText(status))
			count := countOf(outcomesOf(t, result))
			assert.Equal(t, 60, count["failed"]+count["not done"])
			assert.Less(t, len(w.Requests()), 60)
		})
	}
}

func TestProfilesParallel(t *testing.T) {
	for _, parallel := range []int{1, 5} {
		demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
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
			w.Run(t.Context(), program, "", "-file", file, "-parallel", fmt.Sprint(parallel))
			assert.Equal(t, parallel, most)
		})
	}
}

func TestProfilesUsage(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		file := csvFile(t, "organization_id,business_fax\n")
		for _, test := range []struct {
			args   string
			code   int
			stderr string
		}{
			{"more", demo.ExitUsage, `"more" is not a flag`},
			{"-parallel 0", demo.ExitUsage, "-parallel is 0"},
			{"-parallel 65", demo.ExitUsage, "-parallel is 65"},
			{"-apply", demo.ExitUsage, "-live and -apply need -file"},
			{"-sample -file " + file, demo.ExitUsage, "do not go together"},
			{"-file " + file, demo.ExitUsage, `profiles.csv: the column "business_fax" is none of organization_id, `},
			{"-file " + file + ".not", demo.ExitError, "no such file"},
		} {
			result := w.Run(t.Context(), program, "", strings.Fields(test.args)...)
			assert.Equal(t, test.code, result.Code, test.args)
			assert.Contains(t, result.Stderr, test.stderr)
			assert.Empty(t, result.Stdout)
		}
		assert.Empty(t, w.Requests())

		empty := w.Run(t.Context(), program, "", "-apply", "-file", csvFile(t, "organization_id,business_name\n"))
		assert.Equal(t, demotest.Result{Code: demo.ExitOK, Stdout: "0 rows\n"}, empty)
	})
	t.Run("live", func(t *testing.T) {
		for _, name := range []string{"CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"} {
			t.Setenv(name, "")
		}
		t.Setenv("CLOUDFLARE_API_TOKEN", "nobodys")
		var errs strings.Builder
		code := program.Run(t.Context(), &demo.Env{Args: []string{"-live"}, Stdout: io.Discard, Stderr: &errs})
		assert.Equal(t, demo.ExitUsage, code)
		assert.Contains(t, errs.String(), "need -file")
	})
}

func TestProfilesDemonstration(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		result := w.Run(t.Context(), program, "")
		assert.Equal(t, demo.ExitOK, result.Code, result.Stderr)
		var totals []string
		for line := range strings.Lines(result.Stdout) {
			if strings.HasPrefix(line, "500 rows: ") {
				totals = append(totals, strings.TrimSpace(line))
			}
		}
		require.Len(t, totals, 4)
		assert.Equal(t, "500 rows: 50 unchanged, 443 would change, 6 refused, 1 failed", totals[0])
		assert.Contains(t, totals[1], "not done")
		assert.Contains(t, totals[2], " changed, 6 refused, 1 failed")
		assert.Equal(t, "500 rows: 493 unchanged, 6 refused, 1 failed", totals[3])
		assert.Less(t, strings.Count(result.Stdout, "\n"), 70, "a newcomer reads it")
	})
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		ctx, cancel := context.WithCancel(t.Context())
		w.Before = func(*http.Request) {
			if len(w.Requests()) > 800 {
				cancel()
			}
		}
		result := w.Run(ctx, program, "")
		assert.Equal(t, demo.ExitInterrupted, result.Code)
	})
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
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		rows := readFile(t, treeFile(t, w))
		j := &job{client: w.Client(), apply: true, parallel: 1, out: &failingWriter{10}, errs: io.Discard}
		count, err := j.run(t.Context(), rows)
		assert.ErrorIs(t, err, errDiskFull)
		assert.Positive(t, count[notDone])
		assert.LessOrEqual(t, puts(w, 0), 13)
	})
}

func TestReadRows(t *testing.T) {
	const a, b, c = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccccccccccccccc"
	for name, test := range map[string]struct {
		csv  string
		want []string
	}{
		"columns in another order": {"business_phone,organization_id,business_name\n1," + a + ",A\n",
			[]string{"2 " + a + " business_phone=1 business_name=A"}},
		"lines of Windows, a byte order mark, blank lines": {"\ufefforganization_id,business_name\r\n\r\n" + a + ",A\r\n",
			[]string{"3 " + a + " business_name=A"}},
		"a byte order mark before a quote": {"\ufeff\"organization_id\",business_name\n" + a + ",A\n",
			[]string{"2 " + a + " business_name=A"}},
		"lines within a cell": {"organization_id,business_address\n" + a + ",\"1 Road\nTown\"\n" + b + ",2 Road\n",
			[]string{"2 " + a + " business_address=1 Road\nTown", "4 " + b + " business_address=2 Road"}},
		"a number of columns": {"organization_id,business_name\n" + a + "\n" + b + ",B,\n" + c + ",C\n",
			[]string{"2 it has 1 columns, not 2", "3 it has 3 columns, not 2", "4 " + c + " business_name=C"}},
		"an ID": {"organization_id,business_name\n,A\n" + strings.ToUpper(a) + ",A\n " + a + ",A\n" + a[1:] + ",A\n",
			[]string{"2 the organization_id is empty", "3 the organization_id is not 32 digits 0 to 9, a to f",
				"4 the organization_id is not 32 digits 0 to 9, a to f", "5 the organization_id is not 32 digits 0 to 9, a to f"}},
		"three times the same": {"organization_id,business_name\n" + a + ",A\n" + b + ",B\n" + a + ",A\n" + a + ",C\n",
			[]string{"2 line 5 is about the same organization", "3 " + b + " business_name=B",
				"4 line 2 is about the same organization", "5 line 2 is about the same organization"}},
		"not UTF-8": {"organization_id,business_name\n" + a + ",Caf\xe9\n" + b + ",B\n",
			[]string{"2 it is not UTF-8", "3 " + b + " business_name=B"}},
		"a quote too many": {"organization_id,business_name\n" + a + ",A \"B\" C\n" + b + ",B\n",
			[]string{"2 bare \" in non-quoted-field", "3 " + b + " business_name=B"}},
		"a quote that is not closed": {"organization_id,business_name\n" + a + ",\"A\n" + b + ",B\n" + c + ",C\n",
			[]string{"2 lines 2 to 4 cannot be read: extraneous or missing \" in quoted-field"}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := readRows(strings.NewReader(test.csv))
			require.NoError(t, err)
			var got []string
			for _, r := range rows {
				text := fmt.Sprintf("%d %s", r.line, r.id)
				for _, c := range r.cells {
					text += fmt.Sprintf(" %s=%s", c.name, c.text)
				}
				if r.wrong != nil {
					text = fmt.Sprintf("%d %v", r.line, r.wrong)
				}
				got = append(got, text)
			}
			assert.Equal(t, test.want, got)
		})
	}
	for csv, want := range map[string]string{
		"":                                "it is empty",
		"organization_id\n":               "no column is named business_name",
		"business_name\n":                 "no column is named organization_id",
		"organization_id,x\n":             `the column "x" is none of`,
		"organization_id;business_name\n": `the column "organization_id;business_name" is none of`,
		"organization_id,business_name,business_name\n":   `two columns are named "business_name"`,
		"organization_id,organization_id,business_name\n": `two columns are named "organization_id"`,
		"\"organization_id,business_name\n":               "parse error",
	} {
		_, err := readRows(strings.NewReader(csv))
		assert.ErrorContains(t, err, want)
	}
	_, err := readRows(io.MultiReader(strings.NewReader("organization_id,business_name\n"), brokenReader{}))
	assert.ErrorIs(t, err, errDiskFull)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errDiskFull }

func TestBar(t *testing.T) {
	var screen strings.Builder
	b := bar{&screen, 8}
	b.draw(2)
	b.clear()
	assert.Equal(t, "\r[##########------------------------------] 2 of 8\r\x1b[K", screen.String())

	screen.Reset()
	newBar(&screen, 8).draw(2)
	assert.Empty(t, screen.String(), "no terminal")
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	defer file.Close()
	assert.False(t, isTerminal(file))

	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminal: ", err)
	}
	defer terminal.Close()
	t.Setenv("TERM", "xterm")
	assert.True(t, isTerminal(terminal))
	t.Setenv("TERM", "dumb")
	assert.False(t, isTerminal(terminal))
}

func TestOutcomesHaveNames(t *testing.T) {
	assert.Len(t, outcomes, int(notDone)+1)
	for _, name := range slices.All(outcomes[:]) {
		assert.Contains(t, usage, "\n  "+name+" ")
	}
}

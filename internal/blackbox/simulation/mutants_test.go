package simulation_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var mutate = flag.String("mutants", "", "break the client in all ways that match this pattern, and count the worlds until that is noticed")

// mutants are changes to the rules of the client, each of which a world must notice. The README lists the results.
var mutants = []struct{ what, file, from, to string }{
	{"repeat a POST that was lost", "internal/rest/retry.go", "lost:        {true, false, true}", "lost:        {true, true, true}"},
	{"repeat a POST after a 5xx", "internal/rest/retry.go", "troubled:    {true, false, true}", "troubled:    {true, true, true}"},
	{"take a lost write as known", "internal/rest/retry.go", "lost:        {true, false, true}", "lost:        {true, false, false}"},
	{"take a 5xx as known", "internal/rest/retry.go", "troubled:    {true, false, true}", "troubled:    {true, false, false}"},
	{"take a 429 as unknown", "internal/rest/retry.go", "throttled:   {true, true, false}", "throttled:   {true, true, true}"},
	{"take a request that was not sent as unknown", "internal/rest/retry.go", "unprocessed: {true, true, false}", "unprocessed: {true, true, true}"},
	{"take a 408 as settled", "internal/rest/retry.go", "case 408, 500,", "case 500,"},
	{"take a 524 as settled", "internal/rest/retry.go", ", 523, 524:", ", 523:"},
	{"round a Retry-After down", "internal/rest/retry.go", "\t\tn++\n", ""},
	{"read the first of several Retry-After only", "internal/rest/retry.go", "longest = max(longest, roundUp(strings.TrimSpace(number)))", "if longest == 0 {\n\t\t\t\tlongest = roundUp(strings.TrimSpace(number))\n\t\t\t}"},
	{"forget what earlier attempts may have done", "internal/rest/rest.go", "failure.Unknown = failure.Unknown || result.unknown(req.Method)", "failure.Unknown = result.unknown(req.Method)"},
	{"ignore the wait that a response requests", "internal/rest/rest.go", "wait = response.RetryAfter\n", "_ = response.RetryAfter\n"},
	{"renew a credential without end", "internal/rest/rest.go", "hasRenewed, renewing = renewed != nil, ", "hasRenewed, renewing = false, "},
	{"forget the credentials of earlier attempts", "internal/rest/auth.go", "if len(more) == 0 {", "if len(more) >= 0 {"},
	{"forget the pause after a 429", "internal/rest/attempt.go", "blocked = response.RetryAfter", "blocked = 0 * response.RetryAfter"},
	{"forget the pause when no requests remain", "internal/rest/gate.go", "\t\tif remaining == 0 {\n\t\t\tg.state, g.pauses = paused, g.pauses+1\n\t\t}\n", ""},
	{"take half a result as a result", "internal/rest/attempt.go", "response.Incomplete != nil && resp.StatusCode < 300 {", "response.Incomplete != nil && resp.StatusCode < 100 {"},
	{"keep the connection after a 504", "internal/rest/retry.go", "status == http.StatusBadGateway || status == http.StatusGatewayTimeout", "status == http.StatusBadGateway"},
	{"let net/http repeat a request", "internal/rest/trace.go", "\t\tt.end(errRepeated)\n\t\tt.sameConn = reflect.ValueOf(t.conn).Comparable() && info.Conn == t.conn\n\t\tif ", "\t\tt.sameConn = reflect.ValueOf(t.conn).Comparable() && info.Conn == t.conn\n\t\tif false && "},
	{"let HTTP/1.1 write a request again", "internal/rest/trace.go", "if t.protocolOf(info.Conn) != \"h2\" && ", "if false && "},
	{"take every repeat as proof", "internal/rest/trace.go", "return t.native && t.repeatProves()", "return true"},
	{"take the repeat of a request with a key as proof", "internal/rest/trace.go", "return t.write && !t.keyed", "return t.write"},
	{"drop !ended from the last lines of unprocessed", "internal/rest/trace.go", "reportsWrites := t.native && !ended && ", "reportsWrites := t.native && "},
	{"drop native and the protocol from them", "internal/rest/trace.go", "t.native && !ended && t.protocolOf(t.conn) != \"\"", "!ended"},
	{"forget that a wrapper sent a request twice", "internal/rest/trace.go", "case t.resent, t.wrote && !t.pending:", "case t.resent && false:"},
	{"take a write on a closed connection as a read", "internal/rest/trace.go", "return t.repeated && !t.write && t.reused", "return t.repeated && t.reused"},
	{"ignore the timeout of an attempt", "internal/rest/timeout.go", "if timeout <= 0 {", "if timeout <= 1<<62 {"},
	{"admit only the first attempt", "internal/rest/rest.go", "if err := s.Limiter(ctx); err != nil {", "if earlier == unsigned || w.waited > 0 {\n\t\t} else if err := s.Limiter(ctx); err != nil {"},
	{"ignore the ID of a resource", "response.go", "!sameID(result.id(), requestedID)", "!sameID(result.id(), requestedID) && false"},
	{"take the 404 of a proxy as one of the API", "errors.go", "e.StatusCode == 404 && !e.foreign", "e.StatusCode == 404"},
	{"take a write without a usable result as failed", "response.go", "e.unknown = rest.IsWrite(c.method)", "e.unknown = false"},
	{"show a credential that a server echoes", "response.go", "e.detail = redact.redirection(response.Header)", "e.detail = response.Header.Get(\"Location\")"},
	{"create again when Ensure does not find it", "organizations_ensure.go", "return nil, false, fmt.Errorf(\"%w; looking for the organization: %w\", createErr, err)", "org, err = s.Create(ctx, params, opts...)\n\t\treturn org, true, err"},
	{"take the members of a lost batch as not created", "organization_members_batch.go", "if !errors.Is(err, ErrOutcomeUnknown) {", "if !errors.Is(err, ErrOutcomeUnknown) || true {"},
	{"do not count accounts before a delete", "organizations_delete_if_empty.go", "found.Accounts, err = count(", "_, err = count("},
}

var seedOf = regexp.MustCompile(`(?:world of seed|seed) (\d+)(?::| does not end)`)

func TestMutants(t *testing.T) {
	if *mutate == "" {
		t.Skip("run it with -mutants .")
	}
	wanted := regexp.MustCompile(*mutate)
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	found, dir := 0, t.TempDir()
	fmt.Printf("| change | worlds until it is found |\n|---|---|\n")
	for _, m := range mutants {
		if !wanted.MatchString(m.what) {
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, m.file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(source), m.from) != 1 {
			t.Errorf("%s: %s does not have its text once", m.what, m.file)
			continue
		}
		changed, overlay, binary := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "worlds")
		replace, _ := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, m.file): changed}})
		write(t, changed, strings.Replace(string(source), m.from, m.to, 1))
		write(t, overlay, string(replace))
		if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, ".").CombinedOutput(); err != nil {
			t.Errorf("%s: %s", m.what, out)
			continue
		}
		result := fmt.Sprintf("not found in %d", *worlds)
		out, err := exec.Command(binary, "-test.run", "^TestWorlds$", "-first", fmt.Sprint(*first), "-worlds", fmt.Sprint(*worlds)).CombinedOutput()
		if seed := seedOf.FindSubmatch(out); err != nil && seed != nil {
			n, _ := strconv.ParseUint(string(seed[1]), 10, 64)
			result = fmt.Sprint(n - *first + 1)
			found++
		} else if err != nil {
			t.Errorf("%s: %v: %s", m.what, err, out)
		}
		fmt.Printf("| %s | %s |\n", m.what, result)
	}
	t.Logf("%d were found", found)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

package cloudflare_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// Every exported function and method has an example, and the output of every example is checked.
func TestEveryExportedNameHasAnExample(t *testing.T) {
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	positions, files := token.NewFileSet(), []*ast.File{}
	for _, name := range names {
		file, err := parser.ParseFile(positions, name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	public, err := doc.NewFromFiles(positions, files, "example.com/cloudflare")
	require.NoError(t, err)

	functions := public.Funcs
	for _, of := range public.Types {
		functions = slices.Concat(functions, of.Funcs, of.Methods)
	}
	require.NotEmpty(t, functions)
	for _, function := range functions {
		// Users do not call these directly.
		if slices.Contains([]string{"Error", "Unwrap", "Is", "MarshalJSON", "UnmarshalJSON", "LogValue", "IsZero", "Format", "MarshalText"}, function.Name) {
			continue
		}
		assert.NotEmpty(t, function.Examples, "%s%s has no example", function.Recv, function.Name)
		for _, example := range function.Examples {
			assert.NotEmpty(t, example.Output, "%s has an example without an output", function.Name)
		}
	}
}

// Every operation is in the comment of a method that calls it.
func TestEveryOperationIsDocumented(t *testing.T) {
	operations, documented := map[string]bool{}, map[string]bool{}
	for _, operation := range cloudflare.Operations() {
		operations[operation] = true
	}
	for _, route := range regexp.MustCompile(`(?m)^// API: ([A-Z]+ /\S+)$`).FindAllStringSubmatch(textOf(t, "*.go"), -1) {
		documented[route[1]] = true
	}
	assert.Equal(t, operations, documented, "operations, routes in comments")
	require.Greater(t, len(operations), 10)
}

// The comment of every method that calls one operation says which credentials the API accepts for it.
func TestEveryMethodDocumentsItsCredential(t *testing.T) {
	comments := regexp.MustCompile(`(?m)^// (.*)\n//\n// API: ([A-Z]+ /\S+)\nfunc`).FindAllStringSubmatch(textOf(t, "*.go"), -1)
	for _, comment := range comments {
		assert.Contains(t, comment[1], "Credential: "+cloudflare.AcceptedCredentials(comment[2]), comment[2])
	}
	assert.Greater(t, len(comments), len(cloudflare.Operations()))
}

// The first sentence of doc.go has what each service is about.
func TestEveryServiceIsInTheDocumentation(t *testing.T) {
	first, _, _ := strings.Cut(strings.ReplaceAll(textOf(t, "doc.go"), "\n// ", " "), ". ")
	for service := range reflect.TypeFor[cloudflare.Client]().Fields() {
		if service.IsExported() {
			about := regexp.MustCompile(`^Organization([A-Z])`).ReplaceAllString(service.Name, "$1") // AuditLogs
			words := regexp.MustCompile(`[A-Z][a-z]+`).FindAllString(about, -1)
			assert.Contains(t, first, strings.ToLower(strings.Join(words, " ")), service.Name)
		}
	}
}

// textOf returns the text of the files with names that match a pattern.
func textOf(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, names, pattern)
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}

// TestReadmeSnippets checks that go vet accepts every Go snippet of the README, in a module that replaces this one as
// the README describes, and that the first program runs.
func TestReadmeSnippets(t *testing.T) {
	text := textOf(t, "README.md")
	snippets := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, snippets)
	require.Len(t, snippets, strings.Count(text, "```go"), "every snippet is found")

	files, program := map[string]string{}, ""
	for i, snippet := range snippets {
		name, suffix := fmt.Sprintf("snippet%d", i+1), "_test.go"
		if strings.HasPrefix(snippet[1], "package main\n") {
			assert.Empty(t, program, "programs")
			program, suffix = name, ".go"
		}
		files[name+"/"+name+suffix] = snippetFile(snippet[1])
	}
	require.NotEmpty(t, program)
	dir := newModule(t, "v0.0.0", files)

	output, err := goIn(dir, "vet", "./...").CombinedOutput()
	require.NoError(t, err, "%s", output)

	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("Example, Inc.", "")
	outer := httptest.NewServer(server)
	defer outer.Close()
	run := goIn(dir, "run", "./"+program)
	run.Env = append(os.Environ(), "CLOUDFLARE_BASE_URL="+outer.URL+"/client/v4", "CLOUDFLARE_API_TOKEN=",
		"CLOUDFLARE_API_KEY="+cloudflaretest.APIKey, "CLOUDFLARE_EMAIL="+cloudflaretest.Email)
	output, err = run.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, id+" Example, Inc.\n", string(output))
}

func goIn(dir string, args ...string) *exec.Cmd {
	command := exec.Command("go", args...)
	command.Dir = dir
	return command
}

// newModule returns the folder of a module with these files. It requires this version of this module, and replaces it
// with these sources.
func newModule(t *testing.T, version string, files map[string]string) string {
	t.Helper()
	this, err := filepath.Abs(".")
	require.NoError(t, err)
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	sum, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	files["go.mod"] = strings.Replace(string(mod), "module "+modulePath+"\n", "module users\n"+
		"require "+modulePath+" "+version+"\nreplace "+modulePath+" => "+strconv.Quote(this)+"\n", 1)
	files["go.sum"] = string(sum)
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return folder
}

// snippetImports holds the packages that a snippet may use without an import, by name.
var snippetImports = map[string]string{
	"cloudflare":     "example.com/cloudflare",
	"cloudflaretest": "example.com/cloudflare/cloudflaretest",
	"context":        "context",
	"errors":         "errors",
	"fmt":            "fmt",
	"http":           "net/http",
	"json":           "encoding/json",
	"log":            "log",
	"synctest":       "testing/synctest",
	"testing":        "testing",
	"time":           "time",
}

// snippetFile returns the Go file for a snippet. A program stays as it is. Declarations get a package and imports.
// Statements also get a function with a context, a client and an ID.
func snippetFile(snippet string) string {
	if strings.HasPrefix(snippet, "package ") {
		return snippet
	}
	if !regexp.MustCompile(`^(func|type|var|const) `).MatchString(snippet) {
		snippet = "func _(ctx context.Context, client *cloudflare.Client, id string) error {\n" + snippet + "return nil\n}\n"
	}
	var file strings.Builder
	file.WriteString("package snippet\n\n")
	for name, path := range snippetImports {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(snippet) {
			fmt.Fprintf(&file, "import %q\n", path)
		}
	}
	return file.String() + snippet
}

// TestReadmeOptions checks that the table of options has every option of NewClient, once.
func TestReadmeOptions(t *testing.T) {
	var want, got []string
	for _, option := range regexp.MustCompile(`(?m)^func (\w+)\(.*\) Option \{`).FindAllStringSubmatch(textOf(t, "*.go"), -1) {
		want = append(want, option[1])
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `(With\\w*)` \\|").FindAllStringSubmatch(textOf(t, "README.md"), -1) {
		got = append(got, row[1])
	}
	assert.NotEmpty(t, want)
	assert.ElementsMatch(t, want, got)
}

// TestReadmeIsShort checks that the README has at most 200 lines.
func TestReadmeIsShort(t *testing.T) {
	assert.LessOrEqual(t, strings.Count(textOf(t, "README.md"), "\n"), 200)
}

// Every promise of the security policy names a test that exists.
func TestSecurityPromisesNameTheirTests(t *testing.T) {
	code := textOf(t, "*_test.go") + textOf(t, "internal/*/*_test.go")
	_, promises, found := strings.Cut(textOf(t, "SECURITY.md"), "## What you can rely on")
	require.True(t, found)
	for promise := range strings.SplitSeq(promises, "\n- ") {
		names := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`").FindAllStringSubmatch(promise, -1)
		if strings.Contains(promise, "Each promise ends") {
			continue
		}
		assert.NotEmpty(t, names, "no test holds: %s", promise)
		for _, name := range names {
			assert.Contains(t, code, "\nfunc "+name[1]+"(", "named by a promise")
		}
	}
}

// A tag of an action, and a version of a tool without its checksum, can become something else. CI uses neither.
func TestChecksUseWhatIsPinned(t *testing.T) {
	workflows := textOf(t, ".github/workflows/*.yml")
	uses := regexp.MustCompile(`(?m)uses:.*$`).FindAllString(workflows, -1)
	require.NotEmpty(t, uses)
	for _, action := range uses {
		assert.Regexp(t, `^uses: [\w/-]+@[0-9a-f]{40} # v[0-9.]+$`, action)
	}
	tools, checksums := textOf(t, ".ci/tools.mod"), textOf(t, ".ci/tools.sum")
	required := regexp.MustCompile(`(?m)^\t(\S+ v\S+)`).FindAllStringSubmatch(tools, -1)
	require.NotEmpty(t, required)
	for _, module := range required {
		assert.Contains(t, checksums, module[1]+" h1:")
	}
	scripts, err := filepath.Glob(".ci/*")
	require.NoError(t, err)
	more, err := filepath.Glob("*/*/ci.sh")
	require.NoError(t, err)
	for _, name := range append(append(scripts, more...), "Makefile") {
		if !strings.HasPrefix(filepath.Base(name), "tools.") {
			assert.NotRegexp(t, `[\w.]+/[\w./-]+@(v[0-9]|latest)`, textOf(t, name), name)
		}
	}
}

// CONTRIBUTING names only files that exist, and each source file of the root and of the two packages below it. The
// files of a service or a workflow are named by their pattern.
func TestContributingNamesEveryFile(t *testing.T) {
	named, guide := map[string]bool{}, textOf(t, "CONTRIBUTING.md")
	for _, name := range regexp.MustCompile("`([\\w/]+\\.go)`").FindAllStringSubmatch(guide, -1) {
		if strings.Contains(name[1], "NAME") {
			continue
		}
		found := false
		for _, folder := range []string{"", "internal", "internal/rest", "internal/envelope", "internal/blackbox"} {
			path := filepath.Join(folder, filepath.FromSlash(name[1]))
			if _, err := os.Stat(path); err == nil {
				named[filepath.ToSlash(path)], found = true, true
			}
		}
		assert.True(t, found, name[1])
	}
	for _, folder := range []string{"", "internal/rest", "internal/envelope"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			base := filepath.Base(file)
			if !strings.HasSuffix(base, "_test.go") && !strings.HasPrefix(base, "organization") && base != "doc.go" {
				assert.True(t, named[filepath.ToSlash(file)], file)
			}
		}
	}
}

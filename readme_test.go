package cloudflare_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func readme(t *testing.T) string {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

// TestReadmeSnippets checks that go vet accepts every Go snippet of the README, in a module that replaces this one as
// the README describes, and that the first program runs.
func TestReadmeSnippets(t *testing.T) {
	text := readme(t)
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

	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("Example, Inc.", "")
	run := goIn(dir, "run", "./"+program)
	run.Env = append(os.Environ(), "CLOUDFLARE_BASE_URL="+server.URL, "CLOUDFLARE_API_TOKEN=",
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
	"testing":        "testing",
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

// TestReadmeCredentials checks that the table of credentials has every method that calls one operation, and says of it
// what the operation says.
func TestReadmeCredentials(t *testing.T) {
	got := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`Organization.*) \\| (.*) \\|$").FindAllStringSubmatch(readme(t), -1) {
		service := ""
		for _, method := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(row[1], -1) {
			name := method[1]
			if before, _, ok := strings.Cut(name, "."); ok {
				service = before
			} else {
				name = service + "." + name
			}
			assert.NotContains(t, got, name)
			got[name] = row[2]
		}
	}
	want := map[string]string{}
	for _, m := range everyMethod {
		if m.isCall() {
			continue
		}
		token, permission := cloudflare.AcceptsToken(m.operation)
		switch {
		case !token:
			want[m.name] = "no"
		case permission != "":
			want[m.name] = "yes, with " + permission
		case strings.HasPrefix(m.name, "OrganizationInvites."):
			want[m.name] = "yes, a token of the invited user"
		default:
			want[m.name] = "yes, the permission is not documented"
		}
	}
	assert.Equal(t, want, got)
}

// TestReadmeOptions checks that the table of options has every option of NewClient, once.
func TestReadmeOptions(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var want, got []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, option := range regexp.MustCompile(`(?m)^func (\w+)\(.*\) Option \{`).FindAllStringSubmatch(string(source), -1) {
			want = append(want, option[1])
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `(With\\w*)` \\|").FindAllStringSubmatch(readme(t), -1) {
		got = append(got, row[1])
	}
	assert.NotEmpty(t, want)
	assert.ElementsMatch(t, want, got)
}

// TestReadmeIsShort checks that the README has at most 200 lines.
func TestReadmeIsShort(t *testing.T) {
	assert.LessOrEqual(t, strings.Count(readme(t), "\n"), 200)
}

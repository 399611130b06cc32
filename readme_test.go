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
)

// Every Go snippet of the README compiles, and go vet finds nothing in it.
func TestReadmeSnippets(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	snippets := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, snippets)
	assert.Len(t, snippets, strings.Count(string(readme), "```go"), "a snippet that is not at the start of a line")

	files := map[string]string{}
	for i, snippet := range snippets {
		files[fmt.Sprintf("snippet%d/snippet.go", i+1)] = snippetFile(snippet[1])
	}
	vet := exec.Command("go", "vet", "./...")
	vet.Dir = newModule(t, "v0.0.0", files)
	output, err := vet.CombinedOutput()
	assert.NoError(t, err, "%s", output)
}

// newModule returns the folder of a module with these files, which requires a version of this one and replaces it with
// these sources.
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

// What a snippet may use without importing it, by the name it goes by.
var snippetImports = map[string]string{
	"cloudflare":     "example.com/cloudflare",
	"cloudflaretest": "example.com/cloudflare/cloudflaretest",
	"context":        "context",
	"errors":         "errors",
	"fmt":            "fmt",
	"http":           "net/http",
	"log":            "log",
	"os":             "os",
	"slog":           "log/slog",
	"testing":        "testing",
	"time":           "time",
}

// snippetFile makes a Go file of a snippet: a program stays as it is, declarations get a package and imports, and
// statements also a function around them, with a context, a client and an ID.
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

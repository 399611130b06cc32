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

	// They are vetted in a module of their own, which gets at this one as the README tells users to.
	folder := t.TempDir()
	for i, snippet := range snippets {
		own := filepath.Join(folder, fmt.Sprintf("snippet%d", i+1))
		require.NoError(t, os.Mkdir(own, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(own, "snippet.go"), []byte(snippetFile(snippet[1])), 0o600))
	}
	this, err := filepath.Abs(".")
	require.NoError(t, err)
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	own := strings.Replace(string(mod), "module example.com/cloudflare\n", "module snippets\n"+
		"require example.com/cloudflare v0.0.0\nreplace example.com/cloudflare => "+strconv.Quote(this)+"\n", 1)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte(own), 0o600))
	sum, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.sum"), sum, 0o600))

	vet := exec.Command("go", "vet", "./...")
	vet.Dir = folder
	output, err := vet.CombinedOutput()
	assert.NoError(t, err, "%s", output)
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

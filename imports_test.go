package cloudflare_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const modulePath = "example.com/cloudflare"

// parsePackages parses the Go files of the module. It leaves out tests, except in internal/blackbox, which has nothing
// else. The keys are folder and file name.
func parsePackages(t *testing.T) map[string]map[string]*ast.File {
	t.Helper()
	packages := map[string]map[string]*ast.File{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			nested, _ := filepath.Glob(filepath.Join(path, "go.mod")) // the pattern is not malformed
			if path != "." && (len(nested) > 0 || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		folder := filepath.ToSlash(filepath.Dir(path))
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") && folder != "internal/blackbox" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		if packages[folder] == nil {
			packages[folder] = map[string]*ast.File{}
		}
		packages[folder][filepath.Base(path)] = file
		return nil
	})
	require.NoError(t, err)
	return packages
}

// importsOf returns the sorted imports of a package, from the standard library and from elsewhere.
func importsOf(files map[string]*ast.File) (standard, others []string) {
	for _, file := range files {
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value) // or it would not have been parsed
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
				others = append(others, path)
			} else {
				standard = append(standard, path)
			}
		}
	}
	slices.Sort(standard)
	slices.Sort(others)
	return slices.Compact(standard), slices.Compact(others)
}

// The package imports internal/rest and internal/envelope and never the reverse, and these do not import each other.
// Only internal/rest does I/O. The tests in internal/blackbox use what a user can import, and nothing imports them.
func TestImportDirections(t *testing.T) {
	const (
		jsonv2   = "github.com/go-json-experiment/json"
		jsontext = "github.com/go-json-experiment/json/jsontext"
		jsonv1   = "github.com/go-json-experiment/json/v1"
		query    = "github.com/google/go-querystring/query"
	)
	want := map[string][]string{
		".":                 {modulePath + "/internal/envelope", modulePath + "/internal/rest", jsonv2, jsontext, jsonv1, query},
		"internal/rest":     nil,
		"internal/envelope": {jsonv2, jsontext},
		"internal/blackbox": {
			modulePath, modulePath + "/cloudflaretest",
			"github.com/jarcoal/httpmock", "github.com/stretchr/testify/assert", "github.com/stretchr/testify/require",
		},
		"cloudflaretest": {modulePath},
	}
	packages := parsePackages(t)
	for folder, files := range packages {
		_, others := importsOf(files)
		if strings.HasPrefix(folder, "examples/") { // only what a user can import
			assert.Subset(t, []string{modulePath, modulePath + "/cloudflaretest"}, others, folder)
			continue
		}
		if assert.Contains(t, want, folder, "a package that nobody has placed") {
			assert.Equal(t, want[folder], others, folder)
		}
	}

	for _, folder := range []string{".", "internal/envelope"} {
		standard, _ := importsOf(packages[folder])
		for _, path := range []string{"net", "os/exec", "syscall", "crypto/tls"} {
			assert.NotContains(t, standard, path, folder)
		}
	}
	standard, _ := importsOf(packages["internal/envelope"])
	assert.NotContains(t, standard, "net/http", "internal/envelope is a leaf that knows no HTTP")
}

// The fake API has wire types of its own. With those of the client, a test would not notice a mistake in them.
func TestCloudflaretestSharesNoTypes(t *testing.T) {
	taken := map[string]bool{}
	for _, file := range parsePackages(t)["cloudflaretest"] {
		ast.Inspect(file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				if from, ok := selector.X.(*ast.Ident); ok && from.Name == "cloudflare" {
					taken[selector.Sel.Name] = true
				}
			}
			return true
		})
	}
	assert.Equal(t, map[string]bool{
		"Client": true, "NewClient": true, "Option": true, "WithAPIKey": true, "WithBaseURL": true, "WithHTTPClient": true,
	}, taken)
}

// Only response.go creates an Error.
func TestOnlyResponseMakesAnError(t *testing.T) {
	makers := map[string]bool{}
	for name, file := range parsePackages(t)["."] {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if made, ok := n.Type.(*ast.Ident); ok && made.Name == "Error" {
					makers[name] = true
				}
			case *ast.CallExpr:
				if made, ok := n.Fun.(*ast.Ident); ok && made.Name == "new" && len(n.Args) == 1 {
					if of, ok := n.Args[0].(*ast.Ident); ok && of.Name == "Error" {
						makers[name] = true
					}
				}
			}
			return true
		})
	}
	assert.Equal(t, map[string]bool{"response.go": true}, makers)
}

// A user's program gets two dependencies. The tests have two more.
func TestDependencies(t *testing.T) {
	inherited := []string{"github.com/go-json-experiment/json", "github.com/google/go-querystring"}
	modules := strings.Fields(goCommand(t, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./..."))
	slices.Sort(modules)
	assert.Equal(t, append([]string{modulePath}, inherited...), slices.Compact(modules))

	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	require.NoError(t, json.Unmarshal([]byte(goCommand(t, "mod", "edit", "-json")), &mod))
	var direct []string
	for _, required := range mod.Require {
		if !required.Indirect {
			direct = append(direct, required.Path)
		}
	}
	assert.ElementsMatch(t, append(inherited, "github.com/jarcoal/httpmock", "github.com/stretchr/testify"), direct)
}

// goCommand returns the output of a go command.
func goCommand(t *testing.T, args ...string) string {
	t.Helper()
	output, err := exec.Command("go", args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		require.NoError(t, err, "%s", exit.Stderr)
	}
	require.NoError(t, err)
	return string(output)
}

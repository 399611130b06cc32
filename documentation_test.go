package cloudflare_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

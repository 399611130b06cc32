package contract_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// clientMethod is a method of a service, as a caller writes it.
type clientMethod struct {
	service, name string
	comment       string
	operation     string // "GET /organizations"; empty if the method calls several
	signature     reflect.Type
}

func (m clientMethod) String() string { return m.service + "." + m.name }

// sources is the package of the client, parsed.
var sources = sync.OnceValues(func() (*doc.Package, error) {
	names, err := filepath.Glob("../../*.go")
	if err != nil {
		return nil, err
	}
	positions, files := token.NewFileSet(), []*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(positions, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return doc.NewFromFiles(positions, files, "example.com/cloudflare", doc.PreserveAST)
})

var routeInComment = regexp.MustCompile(`(?m)^API: ([A-Z]+ /\S+[^,\s])$`)

// clientMethods returns the methods of all services: the services in the order of the fields of Client, and the methods
// in the order of the sources.
func clientMethods(t testing.TB) (all []clientMethod) {
	t.Helper()
	pkg, err := sources()
	require.NoError(t, err)
	client := reflect.TypeFor[cloudflare.Client]()
	for i := range client.NumField() {
		service := client.Field(i)
		if !service.IsExported() || service.Type.NumMethod() == 0 {
			continue
		}
		of := pkg.Types[slices.IndexFunc(pkg.Types, func(of *doc.Type) bool { return of.Name == service.Type.Elem().Name() })]
		slices.SortFunc(of.Methods, func(a, b *doc.Func) int { return int(a.Decl.Pos() - b.Decl.Pos()) })
		for _, method := range of.Methods {
			m := clientMethod{service: service.Name, name: method.Name, comment: method.Doc}
			if route := routeInComment.FindStringSubmatch(method.Doc); route != nil {
				m.operation = route[1]
			}
			exported, ok := service.Type.MethodByName(method.Name)
			require.True(t, ok, m)
			m.signature = exported.Type
			all = append(all, m)
		}
	}
	require.NotEmpty(t, all)
	return all
}

// stringConstants returns the values of the constants of each string type.
func stringConstants(t *testing.T) map[string][]string {
	t.Helper()
	pkg, err := sources()
	require.NoError(t, err)
	all := map[string][]string{}
	for _, of := range pkg.Types {
		for _, value := range of.Consts {
			for _, spec := range value.Decl.Specs {
				for _, literal := range spec.(*ast.ValueSpec).Values {
					if literal, ok := literal.(*ast.BasicLit); ok && literal.Kind == token.STRING {
						text, err := strconv.Unquote(literal.Value)
						require.NoError(t, err)
						all[of.Name] = append(all[of.Name], text)
					}
				}
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// taggedTypes returns the names of the exported struct types that have a field with this tag.
func taggedTypes(t *testing.T, key string) (names []string) {
	t.Helper()
	pkg, err := sources()
	require.NoError(t, err)
	for _, of := range pkg.Types {
		for _, spec := range of.Decl.Specs {
			structure, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType)
			if ok && slices.ContainsFunc(structure.Fields.List, func(field *ast.Field) bool {
				return field.Tag != nil && strings.Contains(field.Tag.Value, key+`:"`)
			}) {
				names = append(names, of.Name)
			}
		}
	}
	require.NotEmpty(t, names)
	return names
}

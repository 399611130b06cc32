package contract_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// document returns api.yaml. It is loaded once, because loading takes longer than any test.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromFile("api.yaml")
})

// contractOperation is an operation of api.yaml.
type contractOperation struct {
	*openapi3.Operation
	name   string // "GET /organizations"
	path   string
	params []*openapi3.Parameter // of the path and of the operation
}

// contractOperations returns the operations of api.yaml, in the order of their names.
func contractOperations(t testing.TB) []contractOperation {
	t.Helper()
	doc, err := document()
	require.NoError(t, err)
	var all []contractOperation
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			op := contractOperation{Operation: operation, name: method + " " + path, path: path}
			for _, list := range []openapi3.Parameters{item.Parameters, operation.Parameters} {
				for _, ref := range list {
					op.params = append(op.params, ref.Value)
				}
			}
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b contractOperation) int { return strings.Compare(a.name, b.name) })
	return all
}

func operationsByName(t testing.TB) map[string]contractOperation {
	t.Helper()
	all := map[string]contractOperation{}
	for _, op := range contractOperations(t) {
		all[op.name] = op
	}
	return all
}

// paramsIn returns the names of the parameters in a place: path, query or header.
func (op contractOperation) paramsIn(place string) (names []string) {
	for _, param := range op.params {
		if param.In == place {
			names = append(names, param.Name)
		}
	}
	return names
}

// requestBody returns the schema of the body, or nil if there is none.
func (op contractOperation) requestBody() *openapi3.Schema {
	if op.RequestBody == nil {
		return nil
	}
	return op.RequestBody.Value.Content["application/json"].Schema.Value
}

// success returns the status of a success, and the schema of its body or nil if there is none.
func (op contractOperation) success() (status string, body *openapi3.Schema) {
	for status, ref := range op.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			if content := ref.Value.Content["application/json"]; content != nil {
				return status, content.Schema.Value
			}
			return status, nil
		}
	}
	return "", nil
}

func TestDocument(t *testing.T) {
	doc, err := document()
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	operations := contractOperations(t)
	assert.Len(t, operations, 23)
	for _, op := range operations {
		assert.NotEmpty(t, op.Summary, op.name)
		var inPath []string
		for _, placeholder := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(op.path, -1) {
			inPath = append(inPath, placeholder[1])
		}
		assert.ElementsMatch(t, inPath, op.paramsIn("path"), op.name)
		if status, body := op.success(); assert.NotEmpty(t, status, op.name) && body != nil {
			assert.Contains(t, body.Required, "success", op.name)
		}
		assert.Contains(t, op.Responses.Map(), "4XX", op.name)
		for _, key := range slices.Sorted(maps.Keys(op.Extensions)) {
			assert.Contains(t, []string{"x-why", "x-permission", "x-user"}, key, op.name)
		}
	}
}

// Request bodies allow no field beside their properties, so that a misspelled field of the client is a violation. allOf
// would make that impossible.
func TestBodiesAreClosed(t *testing.T) {
	for _, op := range contractOperations(t) {
		if op.requestBody() == nil {
			assert.NotContains(t, []string{"POST", "PUT", "PATCH"}, strings.Fields(op.name)[0], op.name)
			continue
		}
		assert.True(t, op.RequestBody.Value.Required, op.name)
		for path, schema := range schemasIn(op.requestBody()) {
			if schema.Type.Is("object") {
				assert.Equal(t, new(false), schema.AdditionalProperties.Has, "%s: %s", op.name, path)
			}
		}
	}
	text, err := os.ReadFile("api.yaml")
	require.NoError(t, err)
	assert.NotContains(t, string(text), "allOf")
}

// Every component is used, so that none is forgotten when an operation goes.
func TestComponentsAreUsed(t *testing.T) {
	text, err := os.ReadFile("api.yaml")
	require.NoError(t, err)
	doc, err := document()
	require.NoError(t, err)
	var names []string
	for name := range doc.Components.Schemas {
		names = append(names, "#/components/schemas/"+name)
	}
	for name := range doc.Components.Parameters {
		names = append(names, "#/components/parameters/"+name)
	}
	for name := range doc.Components.Responses {
		names = append(names, "#/components/responses/"+name)
	}
	assert.Greater(t, len(names), 50)
	for _, name := range names {
		assert.Contains(t, string(text), "$ref: '"+name+"'")
	}
}

// schemasIn yields a schema and all schemas in it, each with the place of its value: "result[].meta.managed_by". A
// schema that contains itself is not entered again.
func schemasIn(schema *openapi3.Schema) func(yield func(string, *openapi3.Schema) bool) {
	return func(yield func(string, *openapi3.Schema) bool) {
		var walk func(string, *openapi3.Schema, []*openapi3.Schema) bool
		walk = func(path string, schema *openapi3.Schema, around []*openapi3.Schema) bool {
			if slices.Contains(around, schema) {
				return true
			}
			around = append(around, schema)
			if !yield(path, schema) {
				return false
			}
			for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
				if !walk(strings.TrimPrefix(path+"."+name, "."), schema.Properties[name].Value, around) {
					return false
				}
			}
			if schema.Items != nil {
				return walk(path+"[]", schema.Items.Value, around)
			}
			return true
		}
		walk("", schema, nil)
	}
}

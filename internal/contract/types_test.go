package contract_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// Every operation of api.yaml is called by a method that names it in its comment, and the reverse.
func TestOperations(t *testing.T) {
	described, called := map[string]bool{}, map[string]bool{}
	for _, op := range contractOperations(t) {
		described[op.name] = true
	}
	for _, m := range clientMethods(t) {
		if m.operation != "" {
			called[m.operation] = true
		}
	}
	assert.Equal(t, described, called, "operations of api.yaml, operations of the client")
}

// Every list with pages has a method named All, and no other operation has one. Tests of the client look for these
// methods.
func TestPagedListsHaveAll(t *testing.T) {
	all := map[string]bool{}
	for _, m := range clientMethods(t) {
		if strings.HasSuffix(m.name, "All") {
			all[m.operation] = true
		}
	}
	for _, op := range contractOperations(t) {
		paged := slices.ContainsFunc(op.paramsIn("query"), func(name string) bool {
			return slices.Contains([]string{"page_token", "cursor", "page"}, name)
		})
		assert.Equal(t, paged, all[op.name], "%s: it has pages, a method named All calls it", op.name)
	}
}

// Every property of a result is a field of the type of that result, and every field is a property. A misspelled tag
// fails here: no response of a test would show it, because the field would just stay empty.
func TestResultTypes(t *testing.T) {
	doc, err := document()
	require.NoError(t, err)
	types := &typeCheck{t: t, constants: stringConstants(t), known: map[reflect.Type]map[string]bool{}}
	methods := clientMethods(t)
	for _, op := range contractOperations(t) {
		_, body := op.success()
		if body == nil || body.Properties["result"] == nil {
			continue
		}
		for _, m := range methods {
			if result := resultOf(m.signature); m.operation == op.name && result != nil {
				types.compare(m.String()+": result", result, body.Properties["result"].Value)
			}
		}
	}
	types.compare("errors", reflect.TypeFor[[]cloudflare.ResponseInfo](), doc.Components.Schemas["Infos"].Value)
	types.compare("errors", reflect.TypeFor[[]cloudflare.ResponseInfo](), doc.Components.Schemas["InfosWithoutCode"].Value)
	types.finish()
}

// resultOf returns the type of what a method returns or yields beside its error, or nil. The items of a page are its
// result.
func resultOf(method reflect.Type) reflect.Type {
	result := method.Out(0)
	switch {
	case result.Kind() == reflect.Func: // an iter.Seq2[*T, error]
		return reflect.SliceOf(result.In(0).In(0))
	case method.NumOut() == 1:
		return nil
	case result.Kind() == reflect.Pointer:
		if items, ok := result.Elem().FieldByName("Items"); ok {
			return items.Type
		}
	}
	return result
}

// typeCheck compares types with schemas.
type typeCheck struct {
	t         *testing.T
	constants map[string][]string

	// known holds, for each struct that was compared, the properties of all schemas that it was compared with: some
	// operations omit what others return.
	known map[reflect.Type]map[string]bool
	stack []*openapi3.Schema
}

// compare reports each property of the schema for which the type has no field of the right kind.
func (c *typeCheck) compare(place string, of reflect.Type, schema *openapi3.Schema) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if strings.HasPrefix(of.Name(), "Nullable[") {
		value, _ := of.FieldByName("Value")
		of = value.Type
	}
	isType := func(name string) {
		assert.True(c.t, schema.Type.Is(name), "%s: %s is not for %v", place, of, schema.Type)
	}
	switch {
	case of == reflect.TypeFor[json.RawMessage](): // for any schema
	case of == reflect.TypeFor[time.Time]():
		assert.Equal(c.t, "date-time", schema.Format, place)
	case of == reflect.TypeFor[cloudflare.Decimal]():
		isType("number")
	case of.Kind() == reflect.String:
		isType("string")
		if len(schema.Enum) > 0 && of != reflect.TypeFor[string]() {
			assertConstants(c.t, place, c.constants[of.Name()], schema)
		}
	case of.Kind() == reflect.Bool:
		isType("boolean")
	case of.Kind() == reflect.Int:
		isType("integer")
	case of.Kind() == reflect.Slice:
		isType("array")
		if schema.Items != nil {
			c.compare(place+"[]", of.Elem(), schema.Items.Value)
		}
	case of.Kind() == reflect.Map:
		isType("object")
		c.compare(place+"{}", of.Elem(), schema.AdditionalProperties.Schema.Value)
	case of.Kind() == reflect.Struct:
		isType("object")
		if slices.Contains(c.stack, schema) {
			return
		}
		c.stack = append(c.stack, schema)
		if c.known[of] == nil {
			c.known[of] = map[string]bool{}
		}
		fields := fieldsByTag(of, "json")
		for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
			c.known[of][name] = true
			field, ok := fields[name]
			if assert.True(c.t, ok, "%s: api.yaml has the property %q, for which %s has no field", place, name, of) {
				c.compareOmission(place+"."+name, field, slices.Contains(schema.Required, name) && !schema.Properties[name].Value.Nullable)
				c.compare(place+"."+name, field.Type, schema.Properties[name].Value)
			}
		}
		c.stack = c.stack[:len(c.stack)-1]
	default:
		assert.Fail(c.t, "a type that api.yaml cannot describe", "%s: %s", place, of)
	}
}

// compareOmission reports a field that is marshaled if the property was absent, unless the API requires the property. A
// time is never marshaled as the year 1, and an ID always. The option omitempty is not used: it means something else in
// each of the two JSON packages.
func (c *typeCheck) compareOmission(place string, field reflect.StructField, required bool) {
	tag := field.Tag.Get("json")
	if !required && field.Name != "ID" || field.Type == reflect.TypeFor[time.Time]() {
		assert.Regexp(c.t, ",omitzero$", tag, "%s is marshaled if it was absent", place)
	}
	assert.NotContains(c.t, tag, "omitempty", place)
}

// finish reports each field that no schema has, and each type with tags that belongs to no result.
func (c *typeCheck) finish() {
	var compared []string
	for of, known := range c.known {
		compared = append(compared, of.Name())
		for name, field := range fieldsByTag(of, "json") {
			assert.True(c.t, known[name], "the field %s.%s has the tag %q, which is not a property in api.yaml", of, field.Name, name)
		}
	}
	assert.Subset(c.t, compared, taggedTypes(c.t, "json"), "types of results, exported types with json tags")
}

// Every parameter that a type of params names is one of the operation. The workload shows the reverse: each parameter
// of api.yaml is sent.
func TestParamTypes(t *testing.T) {
	operations := operationsByName(t)
	constants, compared := stringConstants(t), []string{"AuditLogFilter"}
	for _, m := range clientMethods(t) {
		op, ok := operations[m.operation]
		if !ok { // TestOperations reports an operation that api.yaml lacks
			continue
		}
		for i := range m.signature.NumIn() {
			params := m.signature.In(i)
			if params.Kind() != reflect.Struct || !slices.Contains(taggedTypes(t, "url"), params.Name()) {
				continue
			}
			compared = append(compared, params.Name())
			compareParams(t, m.String(), params, "", op, constants)
			for _, filters := range reflect.VisibleFields(params) {
				if filters.Type == reflect.TypeFor[cloudflare.AuditLogFilter]() {
					suffix := map[string]string{"Match": "", "Exclude": ".not"}[filters.Name]
					compareParams(t, m.String(), filters.Type, suffix, op, constants)
				}
			}
		}
	}
	assert.Subset(t, compared, taggedTypes(t, "url"), "types of params, exported types with url tags")
}

func compareParams(t *testing.T, method string, params reflect.Type, suffix string, op contractOperation, constants map[string][]string) {
	t.Helper()
	for name, field := range fieldsByTag(params, "url") {
		i := slices.IndexFunc(op.params, func(p *openapi3.Parameter) bool { return p.In == "query" && p.Name == name+suffix })
		const text = "%s: the field %s.%s has the tag %q, which is not a parameter of %s in api.yaml"
		if !assert.GreaterOrEqual(t, i, 0, text, method, params, field.Name, name+suffix, op.name) {
			continue
		}
		of, schema := field.Type, op.params[i].Schema.Value
		if of.Kind() == reflect.Slice {
			assert.True(t, schema.Type.Is("array"), "%s: %s", op.name, name)
			of, schema = of.Elem(), schema.Items.Value
		}
		if len(schema.Enum) > 0 && of.Kind() == reflect.String && of != reflect.TypeFor[string]() {
			assertConstants(t, op.name+": "+name, constants[of.Name()], schema)
		}
	}
}

// assertConstants checks that the constants of a type are the values of an enum.
func assertConstants(t *testing.T, place string, constants []string, schema *openapi3.Schema) {
	t.Helper()
	var enum []string
	for _, value := range schema.Enum {
		enum = append(enum, value.(string))
	}
	assert.ElementsMatch(t, enum, constants, "%s: values in api.yaml, constants", place)
}

func TestHistoryStatusConstants(t *testing.T) {
	doc, err := document()
	require.NoError(t, err)
	status := doc.Components.Schemas["HistoryInfo"].Value.Properties["history_status"]
	require.NotNil(t, status, "history_status")
	assertConstants(t, "history_status", stringConstants(t)["HistoryStatus"], status.Value)
}

// fieldsByTag returns the fields of a struct by the names in their tags. A field with the tag "-" is none.
func fieldsByTag(of reflect.Type, key string) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, field := range reflect.VisibleFields(of) {
		tag, ok := field.Tag.Lookup(key)
		if name, _, _ := strings.Cut(tag, ","); ok && name != "-" {
			fields[name] = field
		}
	}
	return fields
}

package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A schema with two watched operations, which share the component Thing. Thing contains itself.
const aSchema = `{
	"openapi": "3.0.3",
	"info": {"title": "An API", "version": "1"},
	"security": [{"key": [], "email": []}, {"token": []}],
	"paths": {
		"/organizations": {
			"summary": "Organizations",
			"parameters": [
				{"name": "page_size", "in": "query", "description": "How many", "schema": {"type": "integer", "maximum": 1000}},
				{"name": "name", "in": "query", "schema": {"type": "string"}}
			],
			"get": {
				"operationId": "list",
				"tags": ["a"],
				"summary": "Lists them",
				"parameters": [
					{"name": "status", "in": "query", "schema": {"type": "string", "enum": ["active", "pending"]}},
					{"name": "page_size", "in": "query", "schema": {"type": "integer", "maximum": 100}}
				],
				"responses": {
					"200": {"$ref": "#/components/responses/Things"},
					"4XX": {"description": "No", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}},
					"x-note": "Nothing"
				},
				"x-stage": {"beta": true}
			}
		},
		"/organizations/{organization_id}": {
			"put": {
				"security": [{"token": []}],
				"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
				"responses": {"204": {"description": "Done"}}
			}
		},
		"/zones": {"get": {"responses": {"200": {"description": "Other"}}}}
	},
	"components": {
		"responses": {
			"Things": {
				"description": "Things",
				"headers": {"x-request": {"schema": {"type": "string"}}},
				"content": {"application/json": {
					"example": {"result": []},
					"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
				}}
			}
		},
		"schemas": {
			"Thing": {
				"title": "A thing",
				"type": "object",
				"required": ["name", "title"],
				"properties": {
					"name": {"type": "string", "description": "Its name", "example": "n", "default": "x"},
					"title": {"type": "string"},
					"description": {"type": "string"},
					"x-limit": {"type": "integer"},
					"example": {"type": "object", "properties": {"enum": {"type": "string"}}},
					"default": {"type": "array", "default": ["b", "a"], "items": {"type": "string"}},
					"parent": {"$ref": "#/components/schemas/Thing"},
					"pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
					"either": {"oneOf": [{"type": "string"}, {"type": "integer"}]}
				}
			},
			"Failure": {"type": "object", "properties": {"code": {"type": "integer", "minimum": 1000}}}
		},
		"securitySchemes": {
			"key": {"type": "apiKey", "in": "header", "name": "X-Auth-Key"},
			"email": {"type": "apiKey", "in": "header", "name": "X-Auth-Email"},
			"token": {"type": "http", "scheme": "bearer"}
		}
	}
}`

const (
	list   = "GET /organizations"
	update = "PUT /organizations/{organization_id}"
)

// Each test replaces a part of aSchema.
func TestDifferences(t *testing.T) {
	before, err := hashes([]byte(aSchema))
	require.NoError(t, err)
	require.Len(t, before, 2)
	const thing = `"Thing": {`
	for name, test := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing": {`"openapi"`, `"openapi"`, nil},

		"a value of an enum":      {`"active", "pending"`, `"active"`, []string{"changed " + list}},
		"another enum":            {`"pending"`, `"rejected"`, []string{"changed " + list}},
		"a new parameter":         {`{"name": "status"`, `{"name": "s", "in": "query"}, {"name": "status"`, []string{"changed " + list}},
		"a parameter's place":     {`"status", "in": "query"`, `"status", "in": "header"`, []string{"changed " + list}},
		"a parameter of the path": {`{"name": "name", "in": "query"`, `{"name": "names", "in": "query"`, []string{"changed " + list}},
		"a required parameter":    {`{"name": "status",`, `{"required": true, "name": "status",`, []string{"changed " + list}},
		"a limit":                 {`"maximum": 100}`, `"maximum": 200}`, []string{"changed " + list}},
		"a status":                {`"204"`, `"200"`, []string{"changed " + update}},
		"a media type": {
			`"4XX": {"description": "No", "content": {"application/json"`,
			`"4XX": {"description": "No", "content": {"text/plain"`, []string{"changed " + list},
		},
		"a response by reference":   {`"type": "array", "items": {"$ref"`, `"type": "array", "maxItems": 3, "items": {"$ref"`, []string{"changed " + list}},
		"a header":                  {`"x-request"`, `"x-response"`, []string{"changed " + list}},
		"a schema by reference":     {`"minimum": 1000`, `"minimum": 1`, []string{"changed " + list}},
		"a keyword beside one":      {`"parent": {"$ref"`, `"parent": {"nullable": true, "$ref"`, []string{"changed " + list, "changed " + update}},
		"a required field":          {`"required": ["name", "title"]`, `"required": ["name"]`, []string{"changed " + list, "changed " + update}},
		"a type":                    {`"title": {"type": "string"}`, `"title": {"type": "integer"}`, []string{"changed " + list, "changed " + update}},
		"a field named description": {`"description": {"type": "string"},`, ``, []string{"changed " + list, "changed " + update}},
		"the type of that field": {
			`"description": {"type": "string"}`, `"description": {"type": "integer"}`,
			[]string{"changed " + list, "changed " + update},
		},
		"a field named x-limit": {`"x-limit"`, `"x-limits"`, []string{"changed " + list, "changed " + update}},
		"a field in one named example": {
			`"properties": {"enum"`, `"properties": {"enums"`, []string{"changed " + list, "changed " + update},
		},
		"a field that contains its type": {
			`"parent": {"$ref": "#/components/schemas/Thing"}`, `"parent": {"type": "object"}`,
			[]string{"changed " + list, "changed " + update},
		},
		"a default": {`"default": ["b", "a"]`, `"default": ["a", "b"]`, []string{"changed " + list, "changed " + update}},
		"the order of a tuple": {
			`"prefixItems": [{"type": "string"}, {"type": "integer"}]`,
			`"prefixItems": [{"type": "integer"}, {"type": "string"}]`,
			[]string{"changed " + list, "changed " + update},
		},
		"a deprecation":                {`"name": {"type"`, `"name": {"deprecated": true, "type"`, []string{"changed " + list, "changed " + update}},
		"the security of the document": {`"email": []}, {"token": []}`, `"email": []}`, []string{"changed " + list}},
		"the security of an operation": {`"security": [{"token": []}],`, ``, []string{"changed " + update}},
		"a security scheme":            {`"scheme": "bearer"`, `"scheme": "basic"`, []string{"changed " + list, "changed " + update}},

		"a new path": {`"/zones"`, `"/organizations/{organization_id}/roles": {"get": {"responses": {}}}, "/zones"`,
			[]string{"added GET /organizations/{organization_id}/roles"}},
		"a new operation":     {`"put": {`, `"patch": {"responses": {}}, "put": {`, []string{"added PATCH /organizations/{organization_id}"}},
		"a removed operation": {`"put": {`, `"x-put": {`, []string{"removed " + update}},
		"another path": {`"/organizations/{organization_id}"`, `"/tenants/{tenant_id}"`,
			[]string{"removed " + update, "added PUT /tenants/{tenant_id}"}},

		"the title of the document":        {`"An API"`, `"The API"`, nil},
		"the summary of a path":            {`"Organizations"`, `"All organizations"`, nil},
		"the summary of an operation":      {`"Lists them"`, `"Lists some"`, nil},
		"the ID of an operation":           {`"operationId": "list"`, `"operationId": "listAll"`, nil},
		"a tag":                            {`"tags": ["a"]`, `"tags": ["b", "c"]`, nil},
		"the description of a parameter":   {`"How many"`, `"How few"`, nil},
		"the description of a field":       {`"Its name"`, `"A name"`, nil},
		"the description of a response":    {`"description": "Done"`, `"description": "Updated"`, nil},
		"the title of a schema":            {`"A thing"`, `"Something"`, nil},
		"an example of a field":            {`"example": "n"`, `"example": "m"`, nil},
		"an example of a body":             {`"example": {"result": []}`, `"examples": {"a": {"value": 1}}`, nil},
		"an extension":                     {`{"beta": true}`, `{"beta": false}`, nil},
		"an extension of the responses":    {`"x-note": "Nothing"`, `"x-other": "Nothing"`, nil},
		"a new extension of a schema":      {thing, thing + `"x-go-name": "T",`, nil},
		"an operation elsewhere":           {`"Other"}`, `"Other"}, "201": {"description": "x"}`, nil},
		"the order of an enum":             {`"active", "pending"`, `"pending", "active"`, nil},
		"the order of the required fields": {`["name", "title"]`, `["title", "name"]`, nil},
		"the order of alternatives":        {`"oneOf": [{"type": "string"}, {"type": "integer"}]`, `"oneOf": [{"type": "integer"}, {"type": "string"}]`, nil},
		"the order of the security":        {`[{"key": [], "email": []}, {"token": []}]`, `[{"token": []}, {"email": [], "key": []}]`, nil},
		"a default that is spelled out":    {`"name": {"type"`, `"name": {"nullable": false, "deprecated": false, "type"`, nil},
		"no required fields, spelled out":  {`"Failure": {`, `"Failure": {"required": [],`, nil},
		"a parameter that the operation overrides": {
			`"maximum": 1000`, `"maximum": 2000`, nil,
		},
		"a reference in place of a schema": {
			`"schema": {"$ref": "#/components/schemas/Failure"}`,
			`"schema": {"type": "object", "properties": {"code": {"type": "integer", "minimum": 1000}}}`, nil,
		},
		"a reference into a list": {
			`{"name": "status", "in": "query", "schema": {"type": "string", "enum": ["active", "pending"]}},`,
			`{"name": "status", "in": "query", "schema": {"enum": ["active", "pending"], "type": "string"}},
			 {"$ref": "#/paths/~1organizations/parameters/1"},`, nil,
		},
	} {
		require.Equal(t, 1, strings.Count(aSchema, test.old), "%s: %s", name, test.old)
		now, err := hashes([]byte(strings.Replace(aSchema, test.old, test.new, 1)))
		if assert.NoError(t, err, name) {
			assert.Equal(t, test.want, compare(before, now), name)
		}
	}
}

// The names of components are not part of what is sent.
func TestRenamedComponents(t *testing.T) {
	before, err := hashes([]byte(aSchema))
	require.NoError(t, err)
	for _, rename := range [][2]string{
		{"Thing\"", "Organization\""}, {"Failure", "api_failure"}, {"\"token\"", "\"api_token\""}, {"Things", "a~1b%20c"},
	} {
		renamed := strings.ReplaceAll(aSchema, rename[0], rename[1])
		renamed = strings.Replace(renamed, `"a~1b%20c": {`, `"a/b c": {`, 1)
		now, err := hashes([]byte(renamed))
		require.NoError(t, err, rename)
		assert.Empty(t, compare(before, now), rename)
	}
}

// Parameters that move from the path to its operations, and the other way, stay the same.
func TestParametersOfThePath(t *testing.T) {
	schema := func(ofPath, own string) []byte {
		return []byte(`{"paths": {"/tenants": {"parameters": [` + ofPath + `], "get": {"parameters": [` + own + `]}}}}`)
	}
	const a, b = `{"name": "a", "in": "query"}`, `{"name": "b", "in": "query"}`
	want, err := hashes(schema(a+","+b, ""))
	require.NoError(t, err)
	for _, document := range [][]byte{schema("", a+","+b), schema("", b+","+a), schema(b, a), schema(a, a+","+b)} {
		got, err := hashes(document)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestSchemasThatCannotBeRead(t *testing.T) {
	operation := func(schema string) string {
		return `{"paths": {"/organizations": {"get": {"responses": {"200": ` + schema + `}}}}}`
	}
	for document, says := range map[string]string{
		``:                         "not JSON",
		`openapi: 3.0.3`:           "not JSON",
		`[]`:                       "not JSON",
		`{"info": {}}`:             "no paths",
		operation(`{"$ref": "x"}`): "leads out of the schema",
		operation(`{"$ref": "other.json#/components/schemas/A"}`): "leads out of the schema",
		operation(`{"$ref": "#/components/schemas/A"}`):           "GET /organizations: reference",
		operation(`{"$ref": "#/paths/0"}`):                        "leads nowhere",
		operation(`{"$ref": "#/%zz"}`):                            "invalid URL escape",
	} {
		_, err := hashes([]byte(document))
		assert.ErrorContains(t, err, says, document)
	}
}

// Schemas that contain each other have a hash too, which tells what is recursive.
func TestRecursiveSchemas(t *testing.T) {
	hash := func(a, b string) string {
		all, err := hashes([]byte(`{"paths": {"/organizations": {"get": {"responses": {"200": {"schema": {"$ref": "#/components/schemas/A"}}}}}},
			"components": {"schemas": {"A": ` + a + `, "B": ` + b + `}}}`))
		require.NoError(t, err)
		return all[list]
	}
	const toA, toB = `{"properties": {"next": {"$ref": "#/components/schemas/A"}}}`, `{"properties": {"next": {"$ref": "#/components/schemas/B"}}}`
	all := map[string]bool{
		hash(toA, `{}`): true, hash(toB, toA): true, hash(toB, toB): true, hash(toB, `{}`): true,
		hash(`{"$ref": "#/components/schemas/A"}`, `{}`): true,
	}
	assert.Len(t, all, 5)
}

func TestWatchedOperations(t *testing.T) {
	for name, want := range map[string]bool{
		"GET /organizations": true, "PATCH /organizations": true, "POST /organizations:import": true, "GET /organizations/{id}/roles": true,
		"GET /organizationsettings": false, "GET /tenants": true, "GET /tenants/{tenant_id}/accounts": true, "GET /user/tenants": true,
		"GET /user": false, "GET /user/tokens": false, "POST /accounts": true, "GET /accounts": false, "GET /accounts/{account_id}": false,
		"POST /accounts/move": true, "POST /accounts/{account_id}/move": true, "DELETE /accounts/{account_id}/organizations": true,
		"PUT /accounts/{id}/profile": true, "GET /accounts/{account_id}/profile/x": false, "GET /accounts/{account_id}/shares": false,
	} {
		assert.Equal(t, want, watched.MatchString(name), name)
	}
}

// Every operation of api.yaml is watched, and operations.txt has it unless it is newer than the schema that the file
// was made from. api.yaml gives the path parameter {id} of a history a longer name.
func TestEveryOperationOfTheContractIsWatched(t *testing.T) {
	newer := []string{"PUT /organizations/{organization_id}/invites/{member_code}"}
	document, err := os.ReadFile("../api.yaml")
	require.NoError(t, err)
	operations, err := readOperations("../operations.txt")
	require.NoError(t, err)
	path, found := "", 0
	for _, line := range regexp.MustCompile(`(?m)^  (/\S*):$|^    (get|put|post|delete|patch):$`).FindAllStringSubmatch(string(document), -1) {
		if line[1] != "" {
			path = line[1]
			continue
		}
		found++
		name := strings.ToUpper(line[2]) + " " + strings.Replace(path, "{audit_log_id}", "{id}", 1)
		assert.Regexp(t, watched, name)
		if assert.NotEqual(t, "", path) && !assert.ObjectsAreEqual(newer, []string{name}) {
			assert.Contains(t, operations, name)
		}
	}
	assert.Equal(t, 23, found)
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	hash := func(limit string) string {
		all, err := hashes([]byte(`{"paths": {"/organizations": {"get": {"maximum": ` + limit + `}}}}`))
		require.NoError(t, err)
		return all[list]
	}
	assert.NotEqual(t, hash("9007199254740993"), hash("9007199254740992"))
	require.True(t, json.Valid([]byte(aSchema)))
}

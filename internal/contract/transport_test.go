package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checker is a transport that compares each request of the client and each response of the fake with api.yaml, and
// notes what occurred.
type checker struct {
	next   http.RoundTripper
	method string // the method of the client that is called

	mu         sync.Mutex
	violations []string
	seen       map[string]bool // as requirements returns it
	succeeded  []request
}

// request is a request that succeeded.
type request struct {
	operation, path string // the path is escaped, below the base URL
	query           url.Values
	header          http.Header
	body            []byte
}

// router finds the operation of a request below the base URL.
var router = sync.OnceValues(func() (routers.Router, error) {
	doc, err := document()
	if err != nil {
		return nil, err
	}
	below := *doc
	below.Servers = nil
	return legacy.NewRouter(&below)
})

// violation notes what is wrong. The texts of the library continue with the whole schema.
func (c *checker) violation(op, format string, args ...any) {
	text, _, _ := strings.Cut(fmt.Sprintf(format, args...), "\nSchema:")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.violations = append(c.violations, strings.TrimLeft(c.method+": ", ": ")+op+": "+text)
}

func (c *checker) see(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[what] = true
}

// RoundTrip checks a request, has it served, and checks the response.
func (c *checker) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	input, err := c.checkRequest(r, sent)
	if err != nil {
		return nil, err
	}
	response, err := c.next.RoundTrip(r)
	if err != nil || input == nil {
		return response, err
	}
	received, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(received))
	c.checkResponse(input, response, received)
	if response.StatusCode < 300 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.succeeded = append(c.succeeded, request{
			input.Route.Method + " " + input.Route.Path, input.Request.URL.Path, r.URL.Query(), r.Header, sent,
		})
	}
	return response, nil
}

// options make the library as strict as it can be.
var options = &openapi3filter.Options{
	MultiError:                        true,
	IncludeResponseStatus:             true,
	RejectWhenRequestBodyNotSpecified: true,
	SkipSettingDefaults:               true,
	AuthenticationFunc: func(_ context.Context, input *openapi3filter.AuthenticationInput) error {
		scheme, header := input.SecurityScheme, input.RequestValidationInput.Request.Header
		ok := scheme.Type == "apiKey" && header.Get(scheme.Name) != "" ||
			scheme.Type == "http" && strings.HasPrefix(header.Get("Authorization"), "Bearer ")
		if !ok {
			return errors.New("the credential is missing")
		}
		return nil
	},
}

// ordinaryHeaders are in requests of every operation.
var ordinaryHeaders = []string{"Accept", "Accept-Encoding", "Authorization", "Content-Type", "User-Agent", "X-Auth-Email", "X-Auth-Key"}

// checkRequest returns nil for a request without an operation.
func (c *checker) checkRequest(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	find, err := router()
	if err != nil {
		return nil, err
	}
	copied := r.Clone(r.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	path, _ := strings.CutPrefix(r.URL.EscapedPath(), "/client/v4")
	copied.URL = &url.URL{Path: path, RawQuery: r.URL.RawQuery} // escaped, or an ID with a slash would be two segments
	route, params, err := find.FindRoute(copied)
	if err != nil {
		c.violation(r.Method+" "+path, "api.yaml has no such operation")
		return nil, nil
	}
	op := route.Method + " " + route.Path
	c.see(op)
	for name, value := range params {
		if params[name], err = url.PathUnescape(value); err != nil {
			return nil, err
		}
	}
	input := &openapi3filter.RequestValidationInput{Request: copied, PathParams: params, Route: route, Options: options}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		c.violation(op, "request: %v", err)
	}
	known := slices.Concat(route.PathItem.Parameters, route.Operation.Parameters)
	for name := range copied.URL.Query() { // the library does not look for these
		if known.GetByInAndName("query", name) == nil {
			c.violation(op, "request: api.yaml has no query parameter %q", name)
		}
		c.see(op + " query " + name)
	}
	for name := range r.Header { // nor for these
		if known.GetByInAndName("header", name) == nil && !slices.Contains(ordinaryHeaders, name) {
			c.violation(op, "request: api.yaml has no header %q", name)
		}
		c.see(op + " header " + name)
	}
	if len(body) > 0 && route.Operation.RequestBody != nil {
		c.note(op+" body ", route.Operation.RequestBody.Value.Content["application/json"].Schema, false, body)
	}
	return input, nil
}

func (c *checker) checkResponse(of *openapi3filter.RequestValidationInput, response *http.Response, body []byte) {
	op := of.Route.Method + " " + of.Route.Path
	err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: of, Status: response.StatusCode, Header: response.Header, Options: options,
		Body: io.NopCloser(bytes.NewReader(body)),
	})
	if err != nil {
		c.violation(op, "response with status %d: %v", response.StatusCode, err)
		return
	}
	ref := of.Route.Operation.Responses.Status(response.StatusCode)
	content := ref.Value.Content["application/json"]
	switch {
	case content == nil && len(body) > 0:
		c.violation(op, "response with status %d: it has a body", response.StatusCode)
	case content == nil:
	case response.StatusCode < 300:
		c.note(op+" result ", content.Schema, false, body)
	default:
		c.note(lastOf(ref.Ref)+" ", content.Schema, true, body)
	}
}

// note sees each field of a body, and each field that the schema does not have is a violation. Results of the API may
// have further fields, but not those of the fake.
func (c *checker) note(prefix string, schema *openapi3.SchemaRef, byComponent bool, body []byte) {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		c.violation(prefix, "%v", err)
		return
	}
	var walk func(string, *openapi3.SchemaRef, any)
	walk = func(place string, ref *openapi3.SchemaRef, value any) {
		if byComponent && ref.Ref != "" {
			place = lastOf(ref.Ref) + " "
		}
		switch value := value.(type) {
		case []any:
			if items := ref.Value.Items; items != nil {
				for _, item := range value {
					walk(place+"[]", items, item)
				}
			}
		case map[string]any:
			for name, field := range value {
				inner := join(place, name)
				property, ok := ref.Value.Properties[name]
				switch open := ref.Value.AdditionalProperties; {
				case ok:
					c.see(inner)
					walk(inner, property, field)
				case len(ref.Value.Properties) > 0 && open.Has == nil && open.Schema == nil:
					c.violation(inner, "api.yaml has no such field")
				}
			}
		}
	}
	walk(prefix, schema, value)
}

// join adds a field to a place, such as "GET /organizations result " or "GET /organizations result result[]".
func join(place, field string) string {
	if strings.HasSuffix(place, " ") {
		return place + field
	}
	return place + "." + field
}

func lastOf(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

// requirements returns all that must occur at least once: each operation, each parameter, each field of a body and each
// field of a result. The fields of errors must occur in some operation, and those of messages are the same.
func requirements(t *testing.T) (all []string) {
	add := func(prefix string, schema *openapi3.SchemaRef, byComponent bool) {
		var walk func(string, *openapi3.SchemaRef, []*openapi3.Schema)
		walk = func(place string, ref *openapi3.SchemaRef, around []*openapi3.Schema) {
			if byComponent && ref.Ref != "" {
				place = lastOf(ref.Ref) + " "
			}
			if slices.Contains(around, ref.Value) || !byComponent && strings.HasPrefix(lastOf(ref.Ref), "Info") {
				return
			}
			around = append(around, ref.Value)
			for name, property := range ref.Value.Properties {
				all = append(all, join(place, name))
				walk(join(place, name), property, around)
			}
			if ref.Value.Items != nil {
				walk(place+"[]", ref.Value.Items, around)
			}
		}
		walk(prefix, schema, nil)
	}
	for _, op := range contractOperations(t) {
		all = append(all, op.name)
		for _, param := range op.params {
			if param.In != "path" {
				all = append(all, op.name+" "+param.In+" "+param.Name)
			}
		}
		if op.RequestBody != nil {
			add(op.name+" body ", op.RequestBody.Value.Content["application/json"].Schema, false)
		}
		for status, response := range op.Responses.Map() {
			content := response.Value.Content["application/json"]
			switch {
			case content == nil:
			case strings.HasPrefix(status, "2"):
				add(op.name+" result ", content.Schema, false)
			default:
				add(lastOf(response.Ref)+" ", content.Schema, true)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// transport returns what a checker finds wrong with a request and its response.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The checker sees what is wrong, or no violation would mean nothing.
func TestCheckerFindsViolations(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	const noPage = `{"success": true, "errors": [], "messages": [], "result": [], "result_info": {}}`
	const organization = `{"id": "` + id + `", "name": "n", "create_time": "2026-01-02T03:04:05Z", "meta": {}`
	failure := func(entry string) string {
		return `{"success": false, "errors": [` + entry + `], "messages": [], "result": null}`
	}
	success := func(result string) string {
		return `{"success": true, "errors": [], "messages": [], "result": ` + result + `}`
	}
	for name, test := range map[string]struct {
		request  string // method, path and query
		body     string
		status   int
		response string
		want     string
	}{
		"nothing":             {"GET /organizations/" + id, "", 200, success(organization + "}"), ""},
		"nothing, an error":   {"GET /organizations/" + id, "", 404, failure(`{"code": 1001, "message": "m"}`), ""},
		"nothing, no content": {"DELETE /organizations/" + id + "/members/" + id, "", 204, "", ""},

		"an operation":        {"PATCH /organizations/" + id, "", 200, success("{}"), "no such operation"},
		"a path":              {"GET /organizations/" + id + "/roles", "", 200, success("{}"), "no such operation"},
		"an ID":               {"GET /organizations/o1", "", 200, success(organization + "}"), "organization_id"},
		"a parameter":         {"GET /organizations?nane=x", "", 200, noPage, `no query parameter "nane"`},
		"a limit":             {"GET /organizations?page_size=1001", "", 200, noPage, "page_size"},
		"a parameter's value": {"GET /organizations?parent.id=none", "", 200, noPage, "parent.id"},
		"a missing parameter": {"GET /organizations/o/logs/audit?since=2026-01-02", "", 200, `{"success": true, "result": []}`, "before"},
		"a time":              {"GET /organizations/o/logs/audit?since=2026-01-02&before=today", "", 200, `{"success": true, "result": []}`, "before"},
		"a field of a body":   {"POST /organizations", `{"name": "n", "regoin": "x"}`, 200, success(organization + "}"), "regoin"},
		"a field of an inner": {"POST /organizations", `{"name": "n", "parent": {"id": "` + id + `", "x": 1}}`, 200, success(organization + "}"), "/parent"},
		"a missing field":     {"POST /organizations", `{}`, 200, success(organization + "}"), "name"},
		"a missing body":      {"POST /organizations", "", 200, success(organization + "}"), "required"},
		"a body of a DELETE":  {"DELETE /organizations/" + id + "/members/" + id, `{"member_id": "x"}`, 204, "", "body not allowed"},
		"a status":            {"GET /organizations/" + id, "", 201, success(organization + "}"), "status is not supported"},
		"a body without need": {"DELETE /organizations/" + id + "/members/" + id, "", 204, success("null"), "it has a body"},
		"a missing result":    {"GET /organizations/" + id, "", 200, `{"success": true, "errors": [], "messages": []}`, "result"},
		"a field of a result": {"GET /organizations/" + id, "", 200, success(organization + `, "size": 1}`), "result.size: api.yaml has no such field"},
		"its type":            {"GET /organizations/" + id, "", 200, success(organization + `, "profile": "x"}`), "profile"},
		"its form": {"GET /organizations/" + id, "", 200,
			success(strings.Replace(organization, "2026-01-02T03:04:05Z", "today", 1) + "}"), "create_time"},
		"a success that fails": {"GET /organizations/" + id, "", 200, strings.Replace(success(organization+"}"), "true", "false", 1), "success"},
		"an error's fields":    {"GET /organizations/" + id, "", 403, failure(`{"code": 1001, "message": "m", "hint": 1}`), "Info hint: api.yaml has no"},
		"an error's form":      {"GET /organizations/" + id, "", 403, failure(`{"message": "m"}`), "code"},
	} {
		c := &checker{seen: map[string]bool{}, next: transport(func(*http.Request) (*http.Response, error) {
			header := http.Header{"Content-Type": {"application/json"}}
			return &http.Response{StatusCode: test.status, Header: header, Body: io.NopCloser(strings.NewReader(test.response))}, nil
		})}
		method, path, _ := strings.Cut(test.request, " ")
		r, err := http.NewRequest(method, "https://example.com/client/v4"+path, strings.NewReader(test.body))
		require.NoError(t, err)
		r.Header = http.Header{"Content-Type": {"application/json"}, "X-Auth-Key": {"k"}, "X-Auth-Email": {"e"}}
		response, err := c.RoundTrip(r)
		require.NoError(t, err, name)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Equal(t, test.response, string(body), "%s: the client receives the response", name)
		if test.want == "" {
			assert.Empty(t, c.violations, name)
		} else if assert.NotEmpty(t, c.violations, name) {
			assert.Contains(t, strings.Join(c.violations, "; "), test.want, name)
		}
	}
}

// A credential of the wrong kind is a violation too.
func TestCheckerFindsCredentials(t *testing.T) {
	for _, op := range contractOperations(t) {
		for _, header := range []http.Header{
			{"X-Auth-Key": {"k"}, "X-Auth-Email": {"e"}}, {"Authorization": {"Bearer t"}}, {"X-Auth-Key": {"k"}}, {},
		} {
			find, err := router()
			require.NoError(t, err)
			path := strings.NewReplacer("{", "", "}", "").Replace(op.path)
			r, err := http.NewRequest(strings.Fields(op.name)[0], path, nil)
			require.NoError(t, err)
			r.Header = header
			route, _, err := find.FindRoute(r)
			require.NoError(t, err, op.name)
			err = openapi3filter.ValidateSecurityRequirements(t.Context(),
				&openapi3filter.RequestValidationInput{Request: r, Route: route, Options: options}, *op.Security)
			accepted := header.Get("X-Auth-Email") != "" || header.Get("Authorization") != "" && op.acceptsToken()
			assert.Equal(t, accepted, err == nil, "%s with %s headers", op.name, strconv.Itoa(len(header)))
		}
	}
}

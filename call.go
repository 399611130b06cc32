package cloudflare

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/cloudflare/internal/envelope"
	"example.com/cloudflare/internal/rest"
)

// operation describes one operation of the API. Each is named once, by the method that calls it; the path, the checks
// of its IDs and the hints in errors all come from here.
type operation struct {
	method      string
	route       string // names each ID in braces: /organizations/{organization_id}/members
	credentials credentials
	paging      *paging // of a list; nil for other operations

	segments []string // of the route
	ids      []pathID // in the order of the route
}

// pathID is a segment of a route that an argument replaces.
type pathID struct {
	segment int
	name    string // as errors call it: "organization ID"
	isCode  bool   // not an ID but a code, whose form is not known
}

func (id pathID) check(value string) error {
	if !id.isCode {
		return checkID(id.name, value)
	}
	if problem := rest.RefuseSegment(value); problem != "" {
		return invalid("%s %s", id.name, problem)
	}
	return nil
}

// credentials says which kinds of credential an operation accepts. All of them accept a global API key.
type credentials struct {
	token      bool   // also an API token
	permission string // that a token needs, if the API documents one
}

// keyOnly marks an operation that does not accept API tokens.
var keyOnly = credentials{}

// keyOrToken marks an operation that also accepts an API token with a permission, or with an undocumented one.
func keyOrToken(permission string) credentials { return credentials{true, permission} }

// operations holds every operation that a method of this package calls.
var operations []*operation

func newOperation(method, route string, accepts credentials) *operation {
	op := &operation{method: method, route: route, credentials: accepts, segments: strings.Split(route, "/")[1:]}
	for i, segment := range op.segments {
		if placeholder, ok := strings.CutPrefix(segment, "{"); ok {
			name := strings.NewReplacer("_id}", " ID", "_", " ", "}", "").Replace(placeholder)
			op.ids = append(op.ids, pathID{i, name, !strings.HasSuffix(placeholder, "_id}")})
		}
	}
	operations = append(operations, op)
	return op
}

// newList describes an operation that lists something.
func newList(route string, accepts credentials, pages *paging) *operation {
	op := newOperation(http.MethodGet, route, accepts)
	op.paging = pages
	return op
}

// path returns the segments of the route with the IDs in their places.
func (op *operation) path(ids []string) ([]string, error) {
	path := slices.Clone(op.segments)
	for i, id := range op.ids {
		if err := id.check(ids[i]); err != nil {
			return nil, err
		}
		path[id.segment] = ids[i]
	}
	return path, nil
}

// call is one call of a method: an operation and its arguments.
type call struct {
	*operation
	ids   []string        // one for each ID in the route
	path  []string        // in place of route and ids, for Client.Call
	query arg[url.Values] // zero for none
	body  arg[any]        // zero for none

	idempotencyKey string // makes the request safe to repeat
}

// service is the type behind all services: each is a name for some methods of one core.
type service struct{ core *core }

// core is what the calls of a client share.
type core struct {
	sender     *rest.Sender
	maxRetries int
	token      bool                // authenticates with an API token
	scrub      func(string) string // removes the credential from a text
}

// one makes a call whose result is a T.
func one[T any](ctx context.Context, s *service, c call, opts []CallOption) (*T, error) {
	result := new(T)
	if err := s.do(ctx, c, &envelope.Envelope{Result: envelope.Result{Into: result}}, opts); err != nil {
		return nil, err
	}
	return result, nil
}

// do is the one path of a call: options, request, attempts, response. It decodes the response into env.
func (s *service) do(ctx context.Context, c call, env *envelope.Envelope, opts []CallOption) error {
	core, options, err := s.prepare(ctx, opts)
	if err != nil {
		return err
	}
	raw, err := core.encode(&c, &options)
	if err != nil {
		return err
	}
	env.ResultInfo.Keep = options.capture != nil
	response, err := core.sender.Do(ctx, raw)
	if err != nil {
		return core.callError(&c, err, options.capture)
	}
	defer response.Release()
	return core.receive(&c, response, env, options.capture)
}

// prepare checks what every call needs, and applies the options of the call.
func (s *service) prepare(ctx context.Context, opts []CallOption) (*core, callOptions, error) {
	switch {
	case s == nil || s.core == nil:
		return nil, callOptions{}, invalid("the client was not made by NewClient")
	case ctx == nil:
		return nil, callOptions{}, invalid("the context is nil")
	}
	options, err := applyCallOptions(s.core.maxRetries, opts)
	return s.core, options, err
}

// encode turns a call into a request, or reports the first invalid argument.
func (c *core) encode(call *call, options *callOptions) (rest.RawRequest, error) {
	raw := rest.RawRequest{
		Method:     call.method,
		Path:       call.path,
		Header:     options.header,
		Idempotent: call.idempotencyKey != "",
		MaxRetries: options.maxRetries,
	}
	err := cmp.Or(call.query.err, call.body.err)
	if err == nil && call.path == nil {
		raw.Path, err = call.operation.path(call.ids)
	}
	if err != nil {
		return raw, err
	}
	if call.query.value != nil || options.query != nil {
		if raw.Query, err = c.encodeQuery(call, options.query); err != nil {
			return raw, err
		}
	}
	if call.body.value != nil {
		if raw.Body, err = encodeBody(call.body.value); err != nil {
			return raw, invalid("body: %s", c.scrub(err.Error()))
		}
	}
	if call.idempotencyKey != "" {
		raw.Header = maps.Clone(raw.Header)
		if raw.Header == nil {
			raw.Header = make(http.Header)
		}
		raw.Header["Idempotency-Key"] = []string{call.idempotencyKey}
	}
	return raw, nil
}

func (c *core) encodeQuery(call *call, added url.Values) (string, error) {
	all := call.query.value
	if len(added) > 0 {
		all = maps.Clone(all)
		if all == nil {
			all = make(url.Values)
		}
	}
	for key, value := range added {
		if call.path == nil && call.paging.owns(key) {
			return "", invalid("AddQuery: set %q by PageToken and PageSize of the params", key)
		}
		if _, taken := all[key]; taken {
			return "", invalid("AddQuery: the params set %q too", c.scrub(key))
		}
		all[key] = value
	}
	for key, values := range all {
		if !utf8.ValidString(key) || slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
			return "", invalid("query parameter %q is not valid UTF-8", c.scrub(key))
		}
	}
	return all.Encode(), nil
}

func encodeBody(body any) ([]byte, error) {
	if raw, ok := body.(json.RawMessage); ok {
		if !jsontext.Value(raw).IsValid() {
			return nil, errors.New("not valid JSON")
		}
		return slices.Clone(raw), nil // a transport may still read it after the caller has it back
	}
	return jsonv2.Marshal(body)
}

// Request is the request of a [Client.Call].
type Request struct {
	Method string     // GET, HEAD, POST, PUT, PATCH or DELETE
	Path   []string   // unescaped segments below the base URL: {"organizations", id}
	Query  url.Values // nil for none
	Body   any        // marshaled as encoding/json/v2 does; a json.RawMessage is sent unchanged; nil for none
}

// Call sends a request to any endpoint that responds with the usual JSON envelope. It follows the same rules as the
// methods of the services. Use it for endpoints that this package has no method for, and in SDKs that wrap this one.
//
// Call decodes the result into result, which must be a pointer, as encoding/json/v2 does. A *json.RawMessage receives
// the result unchanged. If result is nil, the response needs no result.
//
// Call returns an error that matches [ErrInvalidArgument] if the method or the path is not valid, if the body cannot be
// marshaled, or if result is not a pointer.
func (c *Client) Call(ctx context.Context, req Request, result any, opts ...CallOption) error {
	if c == nil {
		return invalid("the client is nil")
	}
	return c.common.do(ctx, call{
		operation: operationOf(req.Method, req.Path),
		path:      req.Path,
		query:     arg[url.Values]{value: req.Query},
		body:      checked(req.Body, cmp.Or(checkCall(req.Method, result), checkPath(req.Path))),
	}, &envelope.Envelope{Result: envelope.Result{Into: result}}, opts)
}

var callMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func checkCall(method string, result any) error {
	if !slices.Contains(callMethods, method) {
		return invalid("the method is not one of %s", strings.Join(callMethods, ", "))
	}
	if v := reflect.ValueOf(result); result != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return invalid("the result is a %T that is nil or no pointer", result)
	}
	return nil
}

// operationOf returns the operation of a method and a path, or one of which nothing is known.
func operationOf(method string, path []string) *operation {
	for _, op := range operations {
		if op.method == method && len(op.segments) == len(path) && op.matching(path) == len(path) {
			return op
		}
	}
	return &operation{method: method, credentials: keyOrToken("")}
}

// checkPath checks the segments that are IDs in the route of any operation.
func checkPath(path []string) error {
	for _, op := range operations {
		matching := op.matching(path)
		for _, id := range op.ids {
			if id.segment < matching {
				if err := id.check(path[id.segment]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// matching returns how many segments of path are those of the route, from the first on.
func (op *operation) matching(path []string) int {
	for i := range min(len(path), len(op.segments)) {
		if path[i] != op.segments[i] && !strings.HasPrefix(op.segments[i], "{") {
			return i
		}
	}
	return min(len(path), len(op.segments))
}

package cloudflare

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"

	"example.com/cloudflare/internal/envelope"
	"example.com/cloudflare/internal/rest"
)

// operation describes one operation of the API. Each operation is declared once, beside the methods that use it. The
// path, the checks of IDs and the hints in errors come from this description.
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
	name    string // in errors: "organization ID"
	isCode  bool   // a code or a name, whose form is not known, and not an ID
}

func (id pathID) check(value string) error {
	if !id.isCode {
		return checkID(id.name, value)
	}
	if problem := rest.SegmentProblem(value); problem != "" {
		return invalid("%s %s", id.name, problem)
	}
	return nil
}

// credentials describes the credentials that an operation accepts. Every operation accepts a global API key.
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
	op := parseOperation(method, route, accepts)
	operations = append(operations, op)
	return op
}

// parseOperation returns the operation with a route. It does not check the route.
func parseOperation(method, route string, accepts credentials) *operation {
	op := &operation{method: method, route: route, credentials: accepts, segments: strings.Split(route, "/")[1:]}
	for i, segment := range op.segments {
		if placeholder, ok := strings.CutPrefix(segment, "{"); ok {
			name := strings.NewReplacer("_id}", " ID", "_", " ", "}", "").Replace(placeholder)
			op.ids = append(op.ids, pathID{i, name, !strings.HasSuffix(placeholder, "_id}")})
		}
	}
	return op
}

// newList returns an operation that lists resources.
func newList(route string, accepts credentials, pages *paging) *operation {
	op := newOperation(http.MethodGet, route, accepts)
	op.paging = pages
	return op
}

// call returns a call of the operation that has no arguments but its IDs.
func (op *operation) call(ids ...string) call { return call{operation: op, ids: ids} }

// withIDs returns the segments of the route with the IDs in their places.
func (op *operation) withIDs(ids []string) ([]string, error) {
	path := slices.Clone(op.segments)
	for i, id := range op.ids {
		if err := id.check(ids[i]); err != nil {
			return nil, err
		}
		path[id.segment] = ids[i]
	}
	return path, nil
}

// endsInID reports whether the last ID of the route identifies the resource of the operation.
func (op *operation) endsInID() bool {
	return len(op.ids) > 0 && op.ids[len(op.ids)-1].segment == len(op.segments)-1
}

// call is one call of a method: an operation and its arguments.
type call struct {
	client *Client // set by do
	*operation
	ids   []string        // one for each ID in the route
	query arg[url.Values] // zero for none
	body  arg[any]        // zero for none

	idempotent     bool   // safe to repeat, whatever the method
	idempotencyKey string // makes the request safe to repeat; empty for none
}

// service is the underlying type of all services. Each service has some of the methods of one client.
type service struct{ client *Client }

// one makes a call whose result is a T.
func one[T any](ctx context.Context, s *service, c call, opts []CallOption) (*T, error) {
	result := new(T)
	if err := s.do(ctx, c, &envelope.Envelope{Result: envelope.Result{Into: result}}, opts); err != nil {
		return nil, err
	}
	return result, nil
}

// do makes a call. All methods use it. It applies the options, sends the request, and decodes the response into env.
func (s *service) do(ctx context.Context, c call, env *envelope.Envelope, opts []CallOption) error {
	options, err := s.options(ctx, opts)
	if err != nil {
		return err
	}
	c.client = s.client
	request, err := c.encode(&options)
	if err != nil {
		return err
	}
	response, err := s.client.sender.Do(ctx, request)
	if err != nil {
		return c.callError(err, options.captures)
	}
	defer response.Release()
	return c.receive(response, env, options.captures)
}

// options checks the service and the context, and applies the options of a call.
func (s *service) options(ctx context.Context, opts []CallOption) (callOptions, error) {
	switch {
	case s == nil || s.client == nil:
		return callOptions{}, invalid("the client was not made by NewClient")
	case ctx == nil:
		return callOptions{}, invalid("the context is nil")
	}
	return applyCallOptions(s.client.maxRetries, opts)
}

// encode turns a call into a request, or reports the first invalid argument.
func (c *call) encode(options *callOptions) (rest.RawRequest, error) {
	request := rest.RawRequest{
		Method:     c.method,
		Route:      c.route,
		Header:     options.header,
		Idempotent: c.idempotent || c.idempotencyKey != "",
		MaxRetries: options.maxRetries,
	}
	err := cmp.Or(c.query.err, c.body.err, c.checkReadOnly())
	if err == nil {
		request.Path, err = c.withIDs(c.ids)
	}
	if err != nil {
		return request, err
	}
	if c.query.value != nil || options.query != nil {
		if request.Query, err = c.encodeQuery(options.query); err != nil {
			return request, err
		}
	}
	if c.body.value != nil {
		if request.Body, err = encodeBody(c.body.value); err != nil {
			return request, invalid("body: %s", c.client.sender.Redact(err.Error()))
		}
	}
	if c.idempotencyKey != "" {
		if request.Header == nil {
			request.Header = make(http.Header)
		}
		request.Header["Idempotency-Key"] = []string{c.idempotencyKey}
	}
	return request, nil
}

// checkReadOnly rejects a write of a client that is read-only.
func (c *call) checkReadOnly() error {
	if c.client.readOnly && rest.IsWrite(c.method) {
		return invalid("the client is read-only")
	}
	return nil
}

func (c *call) encodeQuery(added url.Values) (string, error) {
	all := c.query.value
	if len(added) > 0 {
		all = maps.Clone(all)
		if all == nil {
			all = make(url.Values)
		}
	}
	for key, value := range added {
		if c.paging.owns(key) {
			return "", invalid("AddQuery: %q is not valid: use PageToken and PageSize of the params", key)
		}
		if _, taken := all[key]; taken {
			return "", invalid("AddQuery: the params already set %q", c.client.sender.Redact(key))
		}
		all[key] = value
	}
	for key, values := range all {
		if !utf8.ValidString(key) || slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
			return "", invalid("query parameter %q is not valid UTF-8", c.client.sender.Redact(key))
		}
	}
	return all.Encode(), nil
}

func encodeBody(body any) ([]byte, error) {
	// This is a callBody. The name is avoided so that the linker can leave encoding/json out of programs that do not
	// use Client.Call.
	if body, ok := body.(interface{ encode() ([]byte, error) }); ok {
		return body.encode()
	}
	return jsonv2.Marshal(body)
}

// validate returns the error with which a call with this body would be rejected, or nil.
func validate(body arg[any]) error {
	if body.err != nil {
		return body.err
	}
	if _, err := encodeBody(body.value); err != nil {
		return invalid("body: %v", err)
	}
	return nil
}

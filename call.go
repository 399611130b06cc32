package cloudflare

import (
	"cmp"
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/cloudflare/internal/envelope"
)

// Request describes the request of a [Client.Call].
type Request struct {
	Method string     // GET, HEAD, POST, PUT, PATCH or DELETE
	Path   []string   // unescaped segments below the base URL: {"organizations", id}
	Query  url.Values // nil for none
	Body   any        // marshaled by encoding/json; a json.RawMessage is sent unchanged; nil for none; not an io.Reader

	// Route is the path with placeholders for IDs, such as "/zones/{zone_id}", for [Attempt]. If Route is empty, it is
	// the route of the method of this package that has the same path, or else the path itself.
	Route string

	// Idempotent marks a POST or PATCH that can be repeated safely, and that is therefore retried like a PUT.
	Idempotent bool

	// IdempotencyKey is sent in the Idempotency-Key header of every attempt, and implies Idempotent. The key must be
	// printable ASCII without blanks, at most 255 bytes. If it is empty, the header is not sent.
	IdempotencyKey string
}

// Call sends a request to any endpoint that responds with the usual JSON envelope. Call checks arguments, retries and
// returns errors like the methods of the services. Use Call for endpoints for which this package has no method, and in
// SDKs that wrap this one.
//
// Call unmarshals the result into result, which must be a pointer, with encoding/json. A *json.RawMessage receives the
// result as sent. If result is nil, the response may omit the result. A null result is an error unless result is nil, a
// *json.RawMessage, a *[Nullable], or a pointer to a pointer or to an interface.
//
// Call returns an error that matches [ErrInvalidArgument] if the method, the path or the idempotency key is not valid, if
// the body cannot be marshaled, or if result is not a pointer. A body or result that is an [io.Reader] or an [io.Writer],
// such as a *bytes.Buffer, is not valid unless it marshals or unmarshals itself: encoding/json does not read or write its
// bytes.
func (c *Client) Call(ctx context.Context, req Request, result any, opts ...CallOption) error {
	if c == nil {
		return invalid("the client is nil")
	}
	request := call{
		operation: operationOf(req),
		path:      req.Path,
		query:     checked(req.Query, cmp.Or(checkCall(req, result), checkPath(req.Path), checkIdempotencyKey(req.IdempotencyKey))),

		idempotent:     req.Idempotent,
		idempotencyKey: req.IdempotencyKey,
	}
	if req.Body != nil {
		request.body.value = callBody{req.Body}
	}
	var env envelope.Envelope
	if result != nil {
		env.Result.Into = &callResult{result}
	}
	return c.common.do(ctx, request, &env, opts)
}

var callMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func checkCall(req Request, result any) error {
	if !slices.Contains(callMethods, req.Method) {
		return invalid("the method must be one of %s", strings.Join(callMethods, ", "))
	}
	if v := reflect.ValueOf(result); result != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return invalid("the result must be a pointer that is not nil, not a %T", result)
	}
	if isStream(req.Body, reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()) {
		return invalid("the body must not be an io.Reader or io.Writer such as %T: use a json.RawMessage", req.Body)
	}
	if isStream(result, reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return invalid("the result must not be an io.Reader or io.Writer such as %T: use a *json.RawMessage", result)
	}
	return nil
}

// isStream reports whether v, or what it points to, is an io.Reader or an io.Writer without any of the coders.
// encoding/json takes such a value for a struct that is usually empty.
func isStream(v any, coders ...reflect.Type) bool {
	value := reflect.ValueOf(v)
	for range 10 { // a type can be a pointer to itself
		if !value.IsValid() {
			return false
		}
		t := value.Type()
		if slices.ContainsFunc(coders, t.Implements) {
			return false
		}
		if kind := t.Kind(); kind != reflect.Pointer && kind != reflect.Interface {
			methods := reflect.PointerTo(t)
			return methods.Implements(reflect.TypeFor[io.Reader]()) || methods.Implements(reflect.TypeFor[io.Writer]())
		}
		if value = value.Elem(); !value.IsValid() && t.Kind() == reflect.Pointer {
			value = reflect.Zero(t.Elem())
		}
	}
	return false
}

// callBody is a body whose type was written for encoding/json. The body of a service is marshaled by encoding/json/v2,
// which treats omitempty in another way.
type callBody struct{ value any }

func (b callBody) encode() ([]byte, error) {
	if raw, ok := b.value.(json.RawMessage); ok {
		if !jsontext.Value(raw).IsValid() {
			return nil, errors.New("not valid JSON")
		}
		return slices.Clone(raw), nil // a transport may still read the body after Call has returned
	}
	return marshalUTF8(b.value)
}

// callResult is a result whose type was written for encoding/json.
type callResult struct{ into any }

// UnmarshalJSONFrom decodes the result with encoding/json. Its errors do not quote values, which may be personal data.
func (r *callResult) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if raw, ok := r.into.(*json.RawMessage); ok {
		*raw = json.RawMessage(slices.Clone(value))
		return nil
	}
	err = json.Unmarshal(value, r.into)
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(mismatch.Value, " ") // a number follows
		field := ""
		if mismatch.Field != "" {
			field = mismatch.Field + ": "
		}
		return fmt.Errorf("%sJSON %s is not valid for Go type %s", field, kind, mismatch.Type)
	}
	if err != nil {
		return fmt.Errorf("the result cannot be decoded into a %T: %T", r.into, err)
	}
	return nil
}

// setNull stores null, and reports whether the result can hold it.
func (r *callResult) setNull() bool {
	_, raw := r.into.(*json.RawMessage)
	_, nullable := r.into.(interface{ nullable() })
	kind := reflect.TypeOf(r.into).Elem().Kind()
	if !raw && !nullable && kind != reflect.Pointer && kind != reflect.Interface {
		return false
	}
	return json.Unmarshal([]byte("null"), r.into) == nil
}

// operationOf returns the operation of a request. For an endpoint that has no method, only the HTTP method is known.
func operationOf(req Request) *operation {
	found := operation{method: req.Method, credentials: keyOrToken("")}
	for _, op := range operations {
		if op.method == req.Method && len(op.segments) == len(req.Path) && op.matching(req.Path) == len(req.Path) {
			found = *op
			break
		}
	}
	found.route = cmp.Or(req.Route, found.route)
	return &found
}

// checkPath checks the segments that are IDs in the route of an operation. The path may begin like the route, and end in
// another way: the ID of an account is checked in any path below /accounts.
func checkPath(path []string) error {
	for _, op := range operations {
		matching := op.matching(path)
		for _, id := range op.ids {
			if id.segment >= matching {
				break
			}
			if err := id.check(path[id.segment]); err != nil {
				return err
			}
		}
	}
	return nil
}

// matching returns the number of leading segments of path that match the route.
func (op *operation) matching(path []string) int {
	for i := range min(len(path), len(op.segments)) {
		if path[i] != op.segments[i] && !strings.HasPrefix(op.segments[i], "{") {
			return i
		}
	}
	return min(len(path), len(op.segments))
}

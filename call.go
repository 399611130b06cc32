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
	"example.com/cloudflare/internal/rest"
)

// Request describes the request of a [Client.Call].
type Request struct {
	Method string // GET, HEAD, POST, PUT, PATCH or DELETE

	// Route is the path below the base URL, with a placeholder in place of each ID, code or name that varies, such as
	// "/zones/{zone_id}/settings/{setting}". A placeholder is a whole segment. The other segments must need no escaping,
	// and each segment must be shorter than 32 bytes. Write the Route as a constant: it is the label in [Attempt], and
	// errors name it if no request was sent.
	Route string

	// PathValues holds one value for each placeholder, in order. Each is a single path segment, which Call escapes. The
	// value for a placeholder whose name ends in _id must be valid as an ID.
	PathValues []string

	Query url.Values // nil for none
	Body  any        // marshaled by encoding/json; a json.RawMessage is sent unchanged; nil for none; not an io.Reader

	// Idempotent marks a POST or PATCH that can be repeated safely, and that is therefore retried like a PUT.
	Idempotent bool

	// IdempotencyKey is sent in the Idempotency-Key header of every attempt, and implies Idempotent. The key must be
	// printable ASCII without blanks, at most 255 bytes. If it is empty, the header is not sent.
	IdempotencyKey string
}

// Call sends a request to any endpoint that responds with the usual JSON envelope. It checks arguments, retries and
// returns errors like the methods of the services. Use it for endpoints for which this package has no method, and in
// SDKs that wrap this one.
//
// Call unmarshals the result into result, which must be a pointer, with encoding/json. A *json.RawMessage receives the
// result as sent. If result is nil, the response may omit the result. A null result is an error unless result is nil, a
// *json.RawMessage, a *[Nullable], or a pointer to a pointer or to an interface.
//
// Unlike encoding/json, Call returns an error if an object in the response or in a json.RawMessage body has the same
// name twice, or if a text in the body is not valid UTF-8.
//
// Call returns an error that matches [ErrInvalidArgument] if a field of req is not valid, if the body cannot be
// marshaled, or if result is not a pointer. A body or result that is an [io.Reader] or an [io.Writer], such as a
// *bytes.Buffer, is not valid unless it marshals or unmarshals itself: encoding/json does not read or write its bytes.
func (c *Client) Call(ctx context.Context, req Request, result any, opts ...CallOption) error {
	if c == nil {
		return invalid("the client is nil")
	}
	op := operationOf(req)
	request := call{
		operation: op,
		ids:       req.PathValues,
		query: checked(req.Query, cmp.Or(checkCall(req, result), checkRoute(req.Route),
			checkPathValues(op, req.PathValues), checkIdempotencyKey(req.IdempotencyKey))),

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
	if rest.Pooled(len(value)) {
		// An UnmarshalJSON that keeps its argument would read the responses to later calls, also to those of other clients.
		value = slices.Clone(value)
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

// operationOf returns the operation of a request. For an endpoint that has no method, only the route is known.
func operationOf(req Request) *operation {
	accepts := keyOrToken("")
	for _, known := range operations {
		if known.method == req.Method && known.route == req.Route {
			accepts = known.credentials
		}
	}
	return parseOperation(req.Method, req.Route, accepts)
}

// checkRoute rejects what is not a route. Its errors do not show the route, which may contain a misplaced argument.
func checkRoute(route string) error {
	segments, ok := strings.CutPrefix(route, "/")
	if !ok {
		return invalid("Route must begin with /")
	}
	for i, segment := range strings.Split(segments, "/") {
		if problem := routeSegmentProblem(segment); problem != "" {
			return invalid("Route: segment %d %s", i+1, problem)
		}
	}
	return nil
}

// maxRouteSegment bounds the segments of a route, in bytes. A constant segment of the API is shorter. An ID and a
// credential are not: in a route, they would be shown in labels and in errors.
const maxRouteSegment = 31

func routeSegmentProblem(segment string) string {
	name := strings.Trim(segment, "{}")
	switch {
	case len(name) > maxRouteSegment:
		return fmt.Sprintf("has more than %d bytes: pass it in PathValues", maxRouteSegment)
	case strings.ContainsAny(segment, "{}"):
		if segment != "{"+name+"}" || !isPlaceholderName(name) {
			return "must be a placeholder as a whole, such as {zone_id}"
		}
	case rest.SegmentProblem(segment) != "":
		return rest.SegmentProblem(segment)
	case url.PathEscape(segment) != segment:
		return "has a character that must be escaped: pass it in PathValues"
	}
	return ""
}

// isPlaceholderName reports whether name has letters, digits and underscores only, and begins with a letter.
func isPlaceholderName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return strings.Trim(name, letters+"0123456789_") == "" && strings.IndexAny(name, letters) == 0
}

func checkPathValues(op *operation, values []string) error {
	if len(values) != len(op.ids) {
		return invalid("PathValues must have one value for each placeholder in Route: %d, not %d", len(op.ids), len(values))
	}
	return nil
}

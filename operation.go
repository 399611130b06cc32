package cloudflare

import (
	"net/http"
	"slices"
	"strings"

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
	isCode  bool   // a code, whose form is not known, and not an ID
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

// newList returns an operation that lists resources.
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

// endsInID reports whether the last ID of the route identifies the resource of the operation.
func (op *operation) endsInID() bool {
	return len(op.ids) > 0 && op.ids[len(op.ids)-1].segment == len(op.segments)-1
}

package cloudflaretest

import (
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// call is one request on its way through the server.
type call struct {
	*http.Request
	body     []byte
	tooLarge bool // body is only the beginning
	query    url.Values
	ray      string
	caller   caller
	rejected *response // unless the credentials are valid
	changes  []change

	path     string            // escaped, without the base path
	request  pattern           // without wildcards
	endpoint pattern           // what serves the request; without segments if nothing does
	route    *route            // of the endpoint, if it is one of the server's own
	params   map[string]string // the values of the route's wildcards, unescaped
	missing  int               // the status if there is no endpoint: 404, or 405 if there is one for another method

	organization *organization // named by {organization_id}
	account      *account      // named by {account_id}
}

// route describes one operation.
//
// {organization_id} and {account_id} must identify an existing resource; other values fail with 404. {organization_id}
// and {member_id} match only values in the form of an ID. The other wildcards match any segment.
type route struct {
	pattern
	serve       func(*Server, *call) response // s.mu is held
	credentials credentials
}

type credentials int

const (
	keyOnly credentials = iota
	keyOrToken
)

var routes = []route{
	{endpoint("GET /organizations"), (*Server).listOrganizations, keyOrToken},
	{endpoint("POST /organizations"), (*Server).createOrganization, keyOrToken},
	{endpoint("GET /organizations/{organization_id}"), (*Server).getOrganization, keyOnly},
	{endpoint("PUT /organizations/{organization_id}"), (*Server).updateOrganization, keyOnly},
	{endpoint("DELETE /organizations/{organization_id}"), (*Server).deleteOrganization, keyOnly},
	{endpoint("GET /organizations/{organization_id}/profile"), (*Server).getProfile, keyOnly},
	{endpoint("PUT /organizations/{organization_id}/profile"), (*Server).updateProfile, keyOnly},
	{endpoint("GET /organizations/{organization_id}/accounts"), (*Server).listAccounts, keyOnly},
	{endpoint("GET /organizations/{organization_id}/members"), (*Server).listMembers, keyOnly},
	{endpoint("POST /organizations/{organization_id}/members"), (*Server).createMember, keyOnly},
	{endpoint("POST /organizations/{organization_id}/members:batchCreate"), (*Server).batchCreateMembers, keyOnly},
	{endpoint("GET /organizations/{organization_id}/members/{member_id}"), (*Server).getMember, keyOnly},
	{endpoint("DELETE /organizations/{organization_id}/members/{member_id}"), (*Server).deleteMember, keyOnly},
	{endpoint("PUT /organizations/{organization_id}/invites/{member_code}"), (*Server).updateInvite, keyOrToken},
	{endpoint("GET /organizations/{organization}/logs/audit"), (*Server).listAuditLogs, keyOrToken},
	{endpoint("GET /organizations/{organization}/logs/audit/{id}/history"), (*Server).auditLogHistory, keyOrToken},
	{endpoint("GET /organizations/{organization}/billable/usage"), (*Server).getUsage, keyOrToken},
	{endpoint("GET /organizations/{organization}/shares"), (*Server).listShares, keyOnly},
	{endpoint("POST /accounts"), (*Server).createAccount, keyOnly},
	{endpoint("GET /accounts/{account_id}/organizations"), (*Server).listAccountOrganizations, keyOrToken},
	{endpoint("POST /accounts/{account_id}/move"), (*Server).moveAccount, keyOnly},
	{endpoint("GET /accounts/{account_id}/profile"), (*Server).getAccountProfile, keyOrToken},
	{endpoint("PUT /accounts/{account_id}/profile"), (*Server).updateAccountProfile, keyOrToken},
}

// respond carries out a request and writes its response.
func (s *Server) respond(w http.ResponseWriter, c *call) {
	switch {
	case c.tooLarge:
		failure(http.StatusRequestEntityTooLarge, codeOther, "request body is too large").write(w, c.Request)
	case c.rejected != nil:
		c.rejected.write(w, c.Request)
	case c.caller.withoutOrganizations && strings.HasPrefix(c.path+"/", "/organizations/"):
		authenticationError().write(w, c.Request)
	case c.route != nil:
		s.carryOut(c.route, c).write(w, c.Request)
	case c.endpoint.segments != nil:
		s.handlers.ServeHTTP(w, c.withoutBasePath())
	case c.missing == http.StatusMethodNotAllowed:
		failure(c.missing, codeAuthentication, "%s method not allowed", c.Method).write(w, c.Request)
	default:
		noRoute(cmp.Or(c.path, c.URL.EscapedPath())).write(w, c.Request)
	}
}

func noRoute(path string) response {
	return failures(http.StatusNotFound,
		message{Code: 7003, Message: fmt.Sprintf("Could not route to %s, perhaps your object identifier is invalid?", path)},
		message{Code: 7000, Message: "No route for that URI"})
}

// carryOut serves one of the server's own operations.
func (s *Server) carryOut(r *route, c *call) response {
	if c.caller.token != "" && r.credentials == keyOnly {
		return authenticationError()
	}
	if len(c.body) > 0 && r.hasBody() {
		if mediaType, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
			return failure(http.StatusUnsupportedMediaType, codeOther, "Content-Type must be application/json")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := c.params["organization_id"]; ok {
		if c.organization = s.organization[id]; c.organization == nil {
			return failure(http.StatusNotFound, codeOther, "organization not found")
		}
	}
	if id, ok := c.params["account_id"]; ok {
		if c.account = s.account[id]; c.account == nil {
			return failure(http.StatusNotFound, codeOther, "account not found")
		}
	}
	resp := r.serve(s, c)
	s.recordChanges(c, resp)
	return resp
}

// hasBody reports whether the operation takes a body. Others ignore theirs.
func (r *route) hasBody() bool { return r.method == http.MethodPost || r.method == http.MethodPut }

// findEndpoint finds what serves the request: one of the server's own routes, or a handler.
func (s *Server) findEndpoint(c *call) {
	c.missing = http.StatusNotFound
	path, ok := strings.CutPrefix(c.URL.EscapedPath(), basePath)
	if !ok {
		return
	}
	c.path, c.request = path, pattern{method: c.Method}
	for text := range strings.SplitSeq(path, "/") {
		c.request.segments = append(c.request.segments, segment{text: unescape(text)})
	}
	for i := range routes {
		switch r := &routes[i]; {
		case r.covers(c.request):
			c.route, c.endpoint, c.params = r, r.pattern, r.params(c.request)
			return
		case r.coversPath(c.request):
			c.missing = http.StatusMethodNotAllowed
		}
	}
	s.findHandler(c)
}

// pattern is a pattern of [http.ServeMux] without a host. A request is a pattern without wildcards.
type pattern struct {
	text     string    // as written
	method   string    // empty for every method
	segments []segment // of the path; the first one is empty
}

type segment struct {
	text string // unescaped; the name of a wildcard
	kind segmentKind
}

type segmentKind int

const (
	literal    segmentKind = iota
	wildcard               // one segment, such as {zone_id}
	idWildcard             // one segment in the form of an ID; only in the server's own routes
	tree                   // any number of segments, such as {rest...} or nothing after the last slash
)

// parsePattern reports whether a text is a path, or a method and a path. It leaves other errors to [http.ServeMux].
func parsePattern(text string) (p pattern, ok bool) {
	p.text = text
	path := text
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		p.method, path = text[:i], strings.TrimLeft(text[i:], " \t")
	}
	for part := range strings.SplitSeq(path, "/") {
		inner, opened := strings.CutPrefix(part, "{")
		inner, closed := strings.CutSuffix(inner, "}")
		switch {
		case !opened || !closed:
			p.segments = append(p.segments, segment{text: unescape(part)})
		case inner == "$": // only the slash itself
			p.segments = append(p.segments, segment{})
		case strings.HasSuffix(inner, "..."):
			p.segments = append(p.segments, segment{kind: tree})
		default:
			p.segments = append(p.segments, segment{inner, wildcard})
		}
	}
	if strings.HasSuffix(path, "/") {
		p.segments[len(p.segments)-1].kind = tree
	}
	return p, strings.HasPrefix(path, "/")
}

// endpoint returns a pattern of the table above.
func endpoint(text string) pattern {
	p, _ := parsePattern(text)
	for i, s := range p.segments {
		if s.kind == wildcard && (s.text == "organization_id" || s.text == "member_id") {
			p.segments[i].kind = idWildcard
		}
	}
	return p
}

func unescape(text string) string {
	if unescaped, err := url.PathUnescape(text); err == nil {
		return unescaped
	}
	return text
}

// covers reports whether p matches what q matches, apart from the form of IDs. A missing method does not matter.
func (p pattern) covers(q pattern) bool {
	sameMethod := p.method == "" || q.method == "" || p.method == q.method
	return (sameMethod || p.method == http.MethodGet && q.method == http.MethodHead) && p.coversPath(q)
}

func (p pattern) coversPath(q pattern) bool {
	for i, theirs := range q.segments {
		if i == len(p.segments) {
			return false
		}
		switch own := p.segments[i]; {
		case own.kind == tree:
			return true
		case own.kind == idWildcard && (theirs.kind == wildcard || theirs.kind == literal && isID(theirs.text)):
		case own.kind == wildcard && (theirs.kind == wildcard || theirs.kind == literal && theirs.text != ""):
		case own != theirs:
			return false
		}
	}
	return len(p.segments) == len(q.segments)
}

// params returns the values of the wildcards.
func (p pattern) params(request pattern) map[string]string {
	params := map[string]string{}
	for i, s := range p.segments {
		if s.kind == wildcard || s.kind == idWildcard {
			params[s.text] = request.segments[i].text
		}
	}
	return params
}

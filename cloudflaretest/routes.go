package cloudflaretest

import (
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
	path     string            // escaped, without the base path
	params   map[string]string // the values of the route's wildcards, unescaped
	changes  []change

	organization *organization // named by {organization_id}
	account      *account      // named by {account_id}
}

// route describes one operation.
//
// {organization_id} and {account_id} must identify an existing resource; other values fail with 404. {organization_id}
// and {member_id} match only values in the form of an ID. The other wildcards match any segment.
type route struct {
	method, path string
	serve        func(*Server, *call) response // s.mu is held
	credentials  credentials
}

type credentials int

const (
	keyOnly credentials = iota
	keyOrToken
)

var routes = []route{
	{"GET", "/organizations", (*Server).listOrganizations, keyOrToken},
	{"POST", "/organizations", (*Server).createOrganization, keyOrToken},
	{"GET", "/organizations/{organization_id}", (*Server).getOrganization, keyOnly},
	{"PUT", "/organizations/{organization_id}", (*Server).updateOrganization, keyOnly},
	{"DELETE", "/organizations/{organization_id}", (*Server).deleteOrganization, keyOnly},
	{"GET", "/organizations/{organization_id}/profile", (*Server).getProfile, keyOnly},
	{"PUT", "/organizations/{organization_id}/profile", (*Server).updateProfile, keyOnly},
	{"GET", "/organizations/{organization_id}/accounts", (*Server).listAccounts, keyOnly},
	{"GET", "/organizations/{organization_id}/members", (*Server).listMembers, keyOnly},
	{"POST", "/organizations/{organization_id}/members", (*Server).createMember, keyOnly},
	{"POST", "/organizations/{organization_id}/members:batchCreate", (*Server).batchCreateMembers, keyOnly},
	{"GET", "/organizations/{organization_id}/members/{member_id}", (*Server).getMember, keyOnly},
	{"DELETE", "/organizations/{organization_id}/members/{member_id}", (*Server).deleteMember, keyOnly},
	{"PUT", "/organizations/{organization_id}/invites/{member_code}", (*Server).updateInvite, keyOrToken},
	{"GET", "/organizations/{organization}/logs/audit", (*Server).listAuditLogs, keyOrToken},
	{"GET", "/organizations/{organization}/logs/audit/{id}/history", (*Server).auditLogHistory, keyOrToken},
	{"GET", "/organizations/{organization}/billable/usage", (*Server).getUsage, keyOrToken},
	{"GET", "/organizations/{organization}/shares", (*Server).listShares, keyOnly},
	{"POST", "/accounts", (*Server).createAccount, keyOnly},
	{"GET", "/accounts/{account_id}/organizations", (*Server).listAccountOrganizations, keyOrToken},
	{"POST", "/accounts/{account_id}/move", (*Server).moveAccount, keyOnly},
	{"GET", "/accounts/{account_id}/profile", (*Server).getAccountProfile, keyOrToken},
	{"PUT", "/accounts/{account_id}/profile", (*Server).updateAccountProfile, keyOrToken},
}

// respond carries out a request and writes its response.
func (s *Server) respond(w http.ResponseWriter, c *call) {
	if c.tooLarge {
		failure(http.StatusRequestEntityTooLarge, codeOther, "request body is too large").write(w, c.Request)
		return
	}
	caller, rejected := s.authenticate(c.Header)
	if rejected != nil {
		rejected.write(w, c.Request)
		return
	}
	c.caller = caller

	path, ok := strings.CutPrefix(c.URL.EscapedPath(), basePath)
	if !ok {
		noRoute(c.URL.EscapedPath()).write(w, c.Request)
		return
	}
	c.path = path
	if caller.withoutOrganizations && strings.HasPrefix(path+"/", "/organizations/") {
		authenticationError().write(w, c.Request)
		return
	}
	r, otherMethod := c.findRoute()
	if r == nil {
		switch status := s.handlerStatus(c); {
		case status == http.StatusOK:
			s.serveHandler(w, c)
		case status == http.StatusMethodNotAllowed || otherMethod:
			failure(http.StatusMethodNotAllowed, codeAuthentication, "%s method not allowed", c.Method).write(w, c.Request)
		default:
			noRoute(path).write(w, c.Request)
		}
		return
	}
	s.carryOut(r, c).write(w, c.Request)
}

func noRoute(path string) response {
	return failures(http.StatusNotFound,
		message{Code: 7003, Message: fmt.Sprintf("Could not route to %s, perhaps your object identifier is invalid?", path)},
		message{Code: 7000, Message: "No route for that URI"})
}

// carryOut serves one of the server's own operations.
func (s *Server) carryOut(r *route, c *call) response {
	if c.caller.token && r.credentials == keyOnly {
		return authenticationError()
	}
	if len(c.body) > 0 && r.method != http.MethodGet {
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

// findRoute returns the route of a request and fills in its params. If there is no route, it reports whether the path
// has a route for another method. HEAD is served like GET; net/http drops the body.
func (c *call) findRoute() (found *route, otherMethod bool) {
	method := c.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(c.path, "/")
	for i := range segments {
		var err error
		if segments[i], err = url.PathUnescape(segments[i]); err != nil {
			return nil, false
		}
	}
	for i := range routes {
		params, ok := routes[i].match(segments)
		if !ok {
			continue
		}
		if routes[i].method == method {
			c.params = params
			return &routes[i], false
		}
		otherMethod = true
	}
	return nil, otherMethod
}

func (r *route) match(segments []string) (params map[string]string, ok bool) {
	want := strings.Split(r.path, "/")
	if len(want) != len(segments) {
		return nil, false
	}
	params = map[string]string{}
	for i, segment := range segments {
		name, isWildcard := wildcard(want[i])
		switch {
		case isWildcard && takes(name, segment):
			params[name] = segment
		case want[i] != segment:
			return nil, false
		}
	}
	return params, true
}

// wildcard returns the name of a segment such as {member_id}.
func wildcard(segment string) (name string, ok bool) {
	name, ok = strings.CutPrefix(segment, "{")
	return strings.TrimSuffix(name, "}"), ok
}

// takes reports whether a value has the form of a wildcard.
func takes(name, value string) bool {
	if name == "organization_id" || name == "member_id" {
		return isID(value)
	}
	return value != ""
}

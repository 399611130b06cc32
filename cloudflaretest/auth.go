package cloudflaretest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
)

// The credentials that a new [Server] accepts. These credentials are not valid anywhere else. [Server.AddKey] and
// [Server.AddToken] add others.
//
// APIKey is valid with Email, and with the email address of each member of an organization. APIToken belongs to Email.
const (
	APIToken = "cloudflaretest-token"
	APIKey   = "cloudflaretest-key"
	Email    = "cloudflaretest@example.com"
)

// APIKeyWithoutOrganizations is a valid key of Email whose account does not have the Organizations feature. Every
// request below /organizations fails with status 403 and code 10000.
const APIKeyWithoutOrganizations = "cloudflaretest-key-without-organizations"

// credential describes a key or a token that the server accepts.
type credential struct {
	email                string // of its user
	isToken              bool
	ofMembers            bool // a key that is also valid with the email address of each member
	withoutOrganizations bool
}

func firstCredentials() map[string]credential {
	return map[string]credential{
		APIKey:                     {email: Email, ofMembers: true},
		APIKeyWithoutOrganizations: {email: Email, withoutOrganizations: true},
		APIToken:                   {email: Email, isToken: true},
	}
}

// AddKey adds a global API key of the user with this email address. The user need not exist before, and may have any
// number of keys and tokens. All users share the organizations of the server, but each has a rate limit of its own, see
// [Server.SetRateLimit]. [Request] has the email address of the user who sent it.
//
//	server.AddKey("ann-key", "ann@example.com")
//	ann := server.Client(cloudflare.WithAPIKey("ann-key", "ann@example.com"))
//
// AddKey panics if the key is empty, is not printable ASCII without white space, begins like an API token with cfut_ or
// cfat_, or is in use as a key or token. It also panics if email is not an email address.
func (s *Server) AddKey(key, email string) {
	if isTokenInPlaceOfKey(key) {
		panic("cloudflaretest: AddKey: a key must not begin with cfut_ or cfat_, as API tokens do")
	}
	s.addCredential("AddKey", "key", key, credential{email: email})
}

// AddToken adds an API token of the user with this email address, see [Server.AddKey]. It is valid for the same
// operations as [APIToken]. AddToken panics if the token is empty, is not printable ASCII without white space, or is in
// use as a key or token. It also panics if email is not an email address.
func (s *Server) AddToken(token, email string) {
	s.addCredential("AddToken", "token", token, credential{email: email, isToken: true})
}

// addCredential panics without the value, which may be a real credential by mistake.
func (s *Server) addCredential(method, kind, value string, added credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, inUse := s.credentials[value]
	switch {
	case value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }):
		panic(fmt.Sprintf("cloudflaretest: %s: the %s must be printable ASCII without white space, and not empty", method, kind))
	case !isAddress(added.email):
		panic(fmt.Sprintf("cloudflaretest: %s: the email must be an email address", method))
	case inUse:
		panic(fmt.Sprintf("cloudflaretest: %s: the %s is in use", method, kind))
	}
	s.credentials[value] = added
}

// Revoke revokes a key or token, which may be [APIKey] or [APIToken]. From now on, the server responds to it as to an
// unknown credential. Revoke panics if the server does not accept the credential.
func (s *Server) Revoke(credential string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.credentials[credential]; !ok {
		panic("cloudflaretest: Revoke: there is no such key or token")
	}
	delete(s.credentials, credential)
}

// caller describes the user who sent a request.
type caller struct {
	email                string // empty without valid credentials
	token                string // empty for a key
	withoutOrganizations bool
}

// authenticate returns the caller, or the response to a request without valid credentials. s.mu is held.
func (s *Server) authenticate(h http.Header) (caller, *response) {
	authorization, key, email := h.Get("Authorization"), h.Get("X-Auth-Key"), h.Get("X-Auth-Email")
	bearer, isBearer := strings.CutPrefix(authorization, "Bearer ")
	known := s.credentials[cmp.Or(bearer, key)]
	switch {
	case authorization != "" && (key != "" || email != ""):
		// The API reports an email address beside a token as a malformed key.
		return caller{}, invalidHeaders(6103, "Invalid format for X-Auth-Key header")
	case authorization != "" && (!isBearer || bearer == "" || strings.ContainsAny(bearer, " \t")):
		return caller{}, invalidHeaders(6111, "Invalid format for Authorization header")
	case authorization != "" && !known.isToken:
		return caller{}, new(authenticationError())
	case authorization != "":
		return caller{email: known.email, token: bearer}, nil
	case key == "" || email == "":
		return caller{}, new(failure(http.StatusBadRequest, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"))
	case !isAddress(email):
		return caller{}, invalidHeaders(6102, "Invalid format for X-Auth-Email header")
	case isTokenInPlaceOfKey(key):
		return caller{}, invalidHeaders(6103, "Invalid format for X-Auth-Key header")
	case known.email == "" || known.isToken:
	case foldEmail(email) == foldEmail(known.email):
		return caller{email: known.email, withoutOrganizations: known.withoutOrganizations}, nil
	case known.ofMembers:
		for _, o := range s.organizations {
			if m := o.memberByEmail(email); m != nil {
				return caller{email: m.Email}, nil
			}
		}
	}
	return caller{}, new(failure(http.StatusForbidden, 9103, "Unknown X-Auth-Key or X-Auth-Email"))
}

func isTokenInPlaceOfKey(key string) bool {
	return strings.HasPrefix(key, "cfut_") || strings.HasPrefix(key, "cfat_")
}

// isAddress reports whether text is an email address and nothing else.
func isAddress(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}

// unauthorized is the response to a caller without the permission.
func unauthorized() response {
	return failures(http.StatusForbidden, message{
		Code:             9109,
		Message:          "Unauthorized to access requested resource",
		DocumentationURL: "https://developers.cloudflare.com/fundamentals/api/",
	})
}

// authenticationError is the response to credentials that the operation does not accept.
func authenticationError() response {
	return failure(http.StatusForbidden, codeAuthentication, "Authentication error")
}

func invalidHeaders(code int, text string) *response {
	return new(failures(http.StatusBadRequest,
		message{Code: 6003, Message: "Invalid request headers", ErrorChain: []message{{Code: code, Message: text}}}))
}

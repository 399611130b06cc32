package cloudflaretest

import (
	"net/http"
	"strings"
)

// The credentials that a [Server] accepts. These credentials are not valid anywhere else.
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

// caller describes the user who sent a request.
type caller struct {
	email                string
	token                bool
	withoutOrganizations bool
}

// authenticate returns the caller, or the response to a request without valid credentials.
func (s *Server) authenticate(h http.Header) (caller, *response) {
	authorization, key, email := h.Get("Authorization"), h.Get("X-Auth-Key"), h.Get("X-Auth-Email")
	bearer, isBearer := strings.CutPrefix(authorization, "Bearer ")
	switch {
	case authorization != "" && (key != "" || email != ""):
		// The API reports an email address beside a token as a malformed key.
		return caller{}, invalidHeaders(6103, "Invalid format for X-Auth-Key header")
	case authorization != "" && (!isBearer || bearer == "" || strings.ContainsAny(bearer, " \t")):
		return caller{}, invalidHeaders(6111, "Invalid format for Authorization header")
	case authorization != "" && bearer != APIToken:
		return caller{}, new(authenticationError())
	case authorization != "":
		return caller{email: Email, token: true}, nil
	case key == "" || email == "":
		return caller{}, new(failure(http.StatusBadRequest, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"))
	case !strings.Contains(email, "@"):
		return caller{}, invalidHeaders(6102, "Invalid format for X-Auth-Email header")
	case strings.HasPrefix(key, "cfut_") || strings.HasPrefix(key, "cfat_"): // an API token in the place of a key
		return caller{}, invalidHeaders(6103, "Invalid format for X-Auth-Key header")
	case key == APIKeyWithoutOrganizations && strings.EqualFold(email, Email):
		return caller{email: Email, withoutOrganizations: true}, nil
	case key != APIKey || !s.isUser(email):
		return caller{}, new(failure(http.StatusForbidden, 9103, "Unknown X-Auth-Key or X-Auth-Email"))
	}
	return caller{email: email}, nil
}

func (s *Server) isUser(email string) bool {
	if strings.EqualFold(email, Email) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.organizations {
		if o.memberByEmail(email) != nil {
			return true
		}
	}
	return false
}

// unauthorized is the response to a caller without the permission.
func unauthorized() response {
	return failure(http.StatusForbidden, 9109, "Unauthorized to access requested resource")
}

// authenticationError is the response to credentials that the operation does not accept.
func authenticationError() response {
	return failure(http.StatusForbidden, codeAuthentication, "Authentication error")
}

func invalidHeaders(code int, text string) *response {
	return new(failures(http.StatusBadRequest,
		message{Code: 6003, Message: "Invalid request headers", ErrorChain: []message{{Code: code, Message: text}}}))
}

package rest

import (
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Credential signs requests and takes its own secrets out of texts. It keeps them in closures, which no print
// verb, encoder or reflection-based dumper looks into.
type Credential struct {
	sign  func(http.Header)
	scrub func(string) string
}

// Token is an API token.
func Token(token string) Credential {
	return credential(map[string]string{"Authorization": "Bearer " + token}, token)
}

// Key is a global API key with the e-mail address of its user.
func Key(key, email string) Credential {
	return credential(map[string]string{"X-Auth-Email": email, "X-Auth-Key": key}, key, email)
}

func credential(headers map[string]string, secrets ...string) Credential {
	replacer := strings.NewReplacer(redactions(secrets)...)
	return Credential{
		sign: func(h http.Header) {
			for name, value := range headers {
				h[name] = []string{value}
			}
		},
		scrub: replacer.Replace,
	}
}

// redactions pairs each spelling in which a server or a print verb may echo a secret with its replacement.
func redactions(secrets []string) []string {
	var pairs []string
	for _, secret := range secrets {
		quoted := strconv.Quote(secret) // printable ASCII: the same as in JSON
		quoted = quoted[1 : len(quoted)-1]
		for _, spelling := range []string{
			secret,
			quoted,
			strings.NewReplacer("&", `\u0026`, "<", `\u003c`, ">", `\u003e`).Replace(quoted), // encoding/json's
			url.QueryEscape(secret),
			lowerHex(url.QueryEscape(secret)),
			url.PathEscape(secret),
			lowerHex(url.PathEscape(secret)),
			html.EscapeString(secret),
		} {
			pairs = append(pairs, spelling, "[redacted]")
		}
	}
	return pairs
}

// lowerHex spells escapes as some servers do: %2b for %2B.
func lowerHex(escaped string) string {
	parts := strings.Split(escaped, "%")
	for i, part := range parts[1:] {
		parts[i+1] = strings.ToLower(part[:2]) + part[2:]
	}
	return strings.Join(parts, "%")
}

// Scrub returns s with every occurrence of a secret replaced by "[redacted]".
func (c Credential) Scrub(s string) string { return c.scrub(s) }

package blackbox

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/cloudflare"
)

// NewClient rejects a base URL that would send a credential in the clear or to more than one origin. Its errors do not
// contain the URL, which may contain a password.
func TestBaseURLs(t *testing.T) {
	for _, base := range []string{
		"", "api.cloudflare.com", "/client/v4", "//api.cloudflare.com", "https://", "https:///x", "https://:443", "https:api.cloudflare.com",
		"http://api.cloudflare.com", "http://example.com:80/x", "http://10.0.0.1", "http://192.168.1.1", "http://0.0.0.0", "http://[::]",
		"http://[fe80::1]", "http://169.254.169.254", "http://localhost.example.com", "http://127.0.0.1.example.com", "http://localhost@example.com",
		"http://127.1", "http://2130706433", "http://0x7f.1", "http://localhost.", "http://[::ffff:10.0.0.1]",
		"https://user@example.com", "https://user:" + canary + "@example.com", "https://:" + canary + "@example.com", "https://@example.com",
		"https://example.com?", "https://example.com?token=" + canary, "https://example.com/#", "https://example.com/x#" + canary,
		"ftp://example.com", "file:///etc/passwd", "unix:///var/run/x.sock", "HTTP://example.com", "javascript:x", "ws://localhost",
		"https://exa mple.com", " https://example.com", "https://example.com ", "https://example.com/\n",
		"https://example.com\r\nX: y", "https://example.com/\x00",
		"https://example.com\\@localhost", `https://localhost\.example.com`, "https://example.com/../x", "https://example.com/%2e%2e/x",
		"https://example.com/a/./b", "https://example.com/%zz", `https://example.com/a\b`,
		"https://example.com/a b", "https://example.com/é", "https://example.com/a\x7f",
		"https://[::1", "https://example.com:port", "https://exämple.com", "https://example.com:-1",
		`https://example".com`, "https://<example>", "https://*", "https://example.com,example.org", "https://$(x)", "https://a'b",
	} {
		_, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithBaseURL(base))
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", base) {
			assert.ErrorContains(t, err, "WithBaseURL")
			assert.NotContains(t, err.Error(), canary)
		}
	}
	for _, base := range []string{
		"https://api.cloudflare.com/client/v4", "https://api.cloudflare.com/client/v4/",
		"https://example.com:8443", "https://10.0.0.1/x", "https://[fe80::1]:1/",
		"http://localhost", "http://LOCALHOST:8080", "http://localhost:8080/client/v4", "http://127.0.0.1:1",
		"http://127.8.8.8", "http://[::1]:80/x", "https://example.com/a%20b",
	} {
		_, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithBaseURL(base))
		assert.NoError(t, err, "%q", base)
	}
}

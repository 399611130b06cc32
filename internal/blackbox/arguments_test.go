package blackbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// hostileIDs could reach another path, host or organization than the one that was meant.
var hostileIDs = []string{
	"", ".", "..", "../accounts", "..\\accounts", "..\\", "/", "//", "a/b", "/a", "a/", "./a", "a/..", "a/../b", "\\", "a\\b",
	"?", "a?x=1", "?page_size=1000", "#", "a#b", "%", "%2e", "%2e%2e", "%2E%2E%2F", "%252e%252e", "..%2faccounts", "a%2fb", "%00", "a%00",
	"a%20b", "%25", "%zz", "http://example.com/", "//example.com", "https:\\\\example.com", "..;/", "a;/../b", "../../client/v4/user",
	"/etc/passwd", "\x00", "a\x00b", "a\nb", "a\rb", "a\r\nHost: example.com", "\t", "a\tb", "\x7f", "a\x7f", "\x1b[2J", "\u0085",
	"\u009f", "\xff", "a\xc0\xafb", "\xed\xa0\x80", "\xc0\xae\xc0\xae/", " ", "  ", " a", "a ", "a b", "\u00a0", "a\u00a0",
	"\u2003", "\u2028", "\u3000", "\ufeffa", "a\u200b", "\u202ea", "null", "NULL", "Null", "nuLL", "a,b",
}

// isHarmlessCode reports whether a text that is not an ID can be sent as one segment of a path. The form of a code is
// not known.
func isHarmlessCode(id string) bool {
	return slices.Contains([]string{
		" ", "  ", " a", "a ", "a b", "\u00a0", "a\u00a0", "\u2003", "\u2028", "\u3000", "\ufeffa", "a\u200b", "\u202ea", "null", "NULL", "Null", "nuLL", "a,b",
	}, id)
}

// An ID that a server or a proxy could take for anything else is not sent. The error does not contain it, because it
// may be a credential that was passed in the wrong place.
func TestHostileIDs(t *testing.T) {
	c := newClient(t, sendNothing(t))
	deleteIfEmpty := func(ctx context.Context, c *cloudflare.Client, id string) error { // sends several requests
		return c.Organizations.DeleteIfEmpty(ctx, id)
	}
	require.Greater(t, len(hostileIDs), 30)
	for _, m := range append(everyIDMethod, idMethod{"Organizations.DeleteIfEmpty", deleteIfEmpty, "organization ID"}) {
		for _, id := range hostileIDs {
			if m.want == "member code" && isHarmlessCode(id) {
				continue
			}
			err := m.call(t.Context(), c, id)
			if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s(%q)", m.name, id) {
				assert.ErrorContains(t, err, m.want, "%s(%q)", m.name, id)
				if len(id) > 8 {
					assert.NotContains(t, err.Error(), id)
				}
			}
		}
	}
}

// An ID that Cloudflare does not use today, but that is harmless, is sent unchanged, as one segment or one parameter.
// The API may change its IDs.
func TestUnusualIDs(t *testing.T) {
	sentFor := func(m idMethod, id string) (*url.URL, string) {
		var target *url.URL
		var body []byte
		client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			require.Nil(t, target, "one request is sent")
			var err error
			target, err = url.Parse(r.URL.String())
			require.NoError(t, err)
			if r.Body != nil {
				body, err = io.ReadAll(r.Body)
				require.NoError(t, err)
			}
			return respondWith(400, "")(r)
		}))
		require.Error(t, m.call(t.Context(), client, id))
		require.NotNil(t, target)
		return target, target.Path + " " + fmt.Sprint(target.Query()) + string(body)
	}
	for _, m := range everyIDMethod {
		if m.name == "Organizations.DeleteIfEmpty" { // sends several requests at once, to the routes of other methods
			continue
		}
		plain, plainly := sentFor(m, "PLAIN")
		require.Contains(t, plainly, "PLAIN")
		for _, id := range []string{"a7b9c3d2e8f4g1h5", "A-b_c.d~e", "...", "a:b", "a@b", "a;b", "a=b&c=d", "*", "(1)", "+", "é", "日本", "𝔸"} {
			got, all := sentFor(m, id)
			assert.Equal(t, strings.Count(plain.EscapedPath(), "/"), strings.Count(got.EscapedPath(), "/"))
			assert.Equal(t, len(plain.Query()), len(got.Query()))
			assert.Equal(t, "api.cloudflare.com", got.Host)
			if !strings.Contains(id, "&") { // which JSON may write in another way
				assert.Equal(t, strings.ReplaceAll(plainly, "PLAIN", id), all)
			}
		}
	}
}

// A client that NewClient did not make and a nil context give an error, and never a panic.
func TestNilArguments(t *testing.T) {
	good := newClient(t, sendNothing(t))
	empty := &cloudflare.Client{}
	for service := range reflect.ValueOf(empty).Elem().Fields() {
		if service.IsExported() {
			field := reflect.ValueOf(empty).Elem().FieldByIndex(service.Index)
			field.Set(reflect.New(field.Type().Elem()))
		}
	}
	var noContext context.Context
	for _, m := range everyMethod {
		result, err := m.call(noContext, good)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, m.name)
		assert.ErrorContains(t, err, "context is nil", m.name)
		assert.Nil(t, result, m.name)
		for name, c := range map[string]*cloudflare.Client{"zero": {}, "with zero services": empty} {
			result, err := m.call(t.Context(), c)
			assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s: %s", name, m.name)
			assert.ErrorContains(t, err, "NewClient")
			assert.Nil(t, result, m.name)
		}
	}
	var none *cloudflare.Client
	err := none.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/x"}, nil)
	assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
	assert.ErrorContains(t, err, "nil")
}

package cloudflaretest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reply is a response as it came over the wire.
type reply struct {
	Request string
	Status  int
	Header  http.Header
	Raw     string

	Success    bool              `json:"success"`
	Errors     []replyError      `json:"errors"`
	Messages   []json.RawMessage `json:"messages"`
	Result     json.RawMessage   `json:"result"`
	ResultInfo *struct {
		NextPageToken *string `json:"next_page_token"`
		TotalSize     *int    `json:"total_size"`
		Cursor        string  `json:"cursor"`
		HistoryStatus string  `json:"history_status"`
		TotalPages    *int    `json:"total_pages"`
	} `json:"result_info"`
}

type replyError struct {
	Code       int          `json:"code"`
	Message    string       `json:"message"`
	ErrorChain []replyError `json:"error_chain"`
}

// roundTripper is a transport made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// overSocket serves s over a socket, and returns a transport that sends every request there, over a connection of its
// own.
func overSocket(t testing.TB, s *Server) http.RoundTripper {
	outer := httptest.NewServer(s)
	t.Cleanup(outer.Close)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, "http", outer.Listener.Addr().String()
		transport := http.DefaultTransport.(*http.Transport).Clone()
		t.Cleanup(transport.CloseIdleConnections)
		return transport.RoundTrip(r)
	})
}

func newRequest(t testing.TB, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, baseURL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("X-Auth-Key", APIKey)
	r.Header.Set("X-Auth-Email", Email)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// do sends a request with key and email, and checks that the response is complete and has the API's form.
func do(t testing.TB, s *Server, method, path, body string) reply {
	t.Helper()
	return send(t, s, newRequest(t, method, path, body))
}

func send(t testing.TB, s *Server, r *http.Request) reply {
	t.Helper()
	// RoundTrip does not follow a redirect, so a test notices one.
	response, err := s.Transport().RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)

	out := reply{Request: r.Method + " " + r.URL.RequestURI(), Status: response.StatusCode, Header: response.Header, Raw: string(body)}
	assert.Regexp(t, `^[0-9a-f]{16}-TST$`, out.Header.Get("CF-Ray"))
	if out.Status == http.StatusNoContent {
		assert.Empty(t, body)
		return out
	}
	assert.Equal(t, "application/json", out.Header.Get("Content-Type"))
	assert.NotEmpty(t, out.Header.Get("Ratelimit"))
	assert.NotEmpty(t, out.Header.Get("Ratelimit-Policy"))
	require.NoError(t, json.Unmarshal(body, &out), "%s", body)
	assert.Equal(t, out.Status == http.StatusOK, out.Success)
	assert.Equal(t, !out.Success, len(out.Errors) > 0)
	if !out.Success {
		assert.Contains(t, []string{"", "null"}, string(out.Result))
	}
	if !regexp.MustCompile(`/(logs/audit|shares|billable/usage)`).MatchString(r.URL.Path) {
		assert.NotNil(t, out.Messages)
	}
	return out
}

func (r reply) fields(t testing.TB) map[string]any {
	t.Helper()
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(r.Result, &fields))
	return fields
}

// names returns the names of organizations and accounts, and the email addresses of members.
func (r reply) names(t testing.TB) []string {
	t.Helper()
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	var items []struct {
		Name string
		User struct{ Email string }
	}
	require.NoError(t, json.Unmarshal(r.Result, &items))
	names := []string{}
	for _, item := range items {
		names = append(names, item.Name+item.User.Email)
	}
	return names
}

// failed checks that a request failed with this status and a text in the message of its first error.
func (r reply) failed(t testing.TB, status int, text string) {
	t.Helper()
	assert.Equal(t, status, r.Status, "%s: %s", r.Request, r.Raw)
	if assert.NotEmpty(t, r.Errors, r.Request) {
		assert.Contains(t, r.Errors[0].Message, text, r.Request)
	}
}

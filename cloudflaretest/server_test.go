package cloudflaretest

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reply is an answer as it came over the wire.
type reply struct {
	Status int
	Header http.Header
	Raw    string

	Success    bool              `json:"success"`
	Errors     []replyError      `json:"errors"`
	Messages   []json.RawMessage `json:"messages"`
	Result     json.RawMessage   `json:"result"`
	ResultInfo *struct {
		NextPageToken *string `json:"next_page_token"`
		TotalSize     *int    `json:"total_size"`
	} `json:"result_info"`
}

type replyError struct {
	Code       int          `json:"code"`
	Message    string       `json:"message"`
	ErrorChain []replyError `json:"error_chain"`
}

func start(t testing.TB) *Server {
	s := NewServer()
	t.Cleanup(s.Close)
	return s
}

func newRequest(t testing.TB, s *Server, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("X-Auth-Key", APIKey)
	r.Header.Set("X-Auth-Email", Email)
	return r
}

// do sends a request with key and e-mail, and wants a complete answer that has the API's shape.
func do(t testing.TB, s *Server, method, path, body string) reply {
	t.Helper()
	return send(t, newRequest(t, s, method, path, body))
}

func send(t testing.TB, r *http.Request) reply {
	t.Helper()
	// A redirect would be a mistake: it is not followed, and so shows.
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)

	out := reply{Status: response.StatusCode, Header: response.Header, Raw: string(body)}
	assert.Regexp(t, `^[0-9a-f]{16}-TST$`, out.Header.Get("CF-Ray"))
	if out.Status == http.StatusNoContent {
		assert.Empty(t, body)
		return out
	}
	assert.Equal(t, "application/json", out.Header.Get("Content-Type"))
	require.NoError(t, json.Unmarshal(body, &out), "%s", body)
	assert.Equal(t, out.Status == http.StatusOK, out.Success)
	assert.Equal(t, !out.Success, len(out.Errors) > 0)
	assert.NotNil(t, out.Messages)
	if !out.Success {
		assert.JSONEq(t, `null`, string(out.Result))
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

// names lists what a list holds: the name of organizations and accounts, the address of members.
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

// refused wants a 4xx in the shape of the API, and a text in it.
func (r reply) refused(t testing.TB, status int, text string) {
	t.Helper()
	assert.Equal(t, status, r.Status, r.Raw)
	if assert.NotEmpty(t, r.Errors) {
		assert.Contains(t, r.Errors[0].Message, text)
		assert.NotZero(t, r.Errors[0].Code)
	}
}

func TestCredentials(t *testing.T) {
	s := start(t)
	const list, create = "GET", "POST"
	for name, test := range map[string]struct {
		method  string
		headers []string // name, value, ...
		status  int
		code    int
		chained int
	}{
		"key and e-mail":              {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", Email}, 200, 0, 0},
		"key and e-mail, to write":    {create, []string{"X-Auth-Key", APIKey, "X-Auth-Email", Email}, 200, 0, 0},
		"token":                       {list, []string{"Authorization", "Bearer " + APIToken}, 200, 0, 0},
		"token, key-only operation":   {create, []string{"Authorization", "Bearer " + APIToken}, 405, 10000, 0},
		"none":                        {list, nil, 400, 9106, 0},
		"key without e-mail":          {list, []string{"X-Auth-Key", APIKey}, 400, 9106, 0},
		"e-mail without key":          {list, []string{"X-Auth-Email", Email}, 400, 9106, 0},
		"a service key":               {list, []string{"X-Auth-User-Service-Key", "v1.0-x"}, 400, 9106, 0},
		"unknown key":                 {list, []string{"X-Auth-Key", "other", "X-Auth-Email", Email}, 403, 9103, 0},
		"unknown e-mail":              {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", "a@example.com"}, 403, 9103, 0},
		"malformed e-mail":            {list, []string{"X-Auth-Key", APIKey, "X-Auth-Email", "nobody"}, 400, 6003, 6102},
		"a token as the key":          {list, []string{"X-Auth-Key", "cfut_x", "X-Auth-Email", Email}, 400, 6003, 6103},
		"both schemes":                {list, []string{"Authorization", "Bearer " + APIToken, "X-Auth-Key", APIKey, "X-Auth-Email", Email}, 400, 6003, 6103},
		"token beside an e-mail":      {list, []string{"Authorization", "Bearer " + APIToken, "X-Auth-Email", Email}, 400, 6003, 6103},
		"unknown token":               {list, []string{"Authorization", "Bearer other"}, 403, 10000, 0},
		"another Authorization":       {list, []string{"Authorization", "Basic eDp5"}, 400, 6003, 6111},
		"Authorization without value": {list, []string{"Authorization", "Bearer a b"}, 400, 6003, 6111},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(test.method, s.URL+"/organizations", strings.NewReader(`{"name":"x"}`))
			require.NoError(t, err)
			for i := 0; i < len(test.headers); i += 2 {
				r.Header.Set(test.headers[i], test.headers[i+1])
			}
			got := send(t, r)
			require.Equal(t, test.status, got.Status, got.Raw)
			if test.code != 0 {
				assert.Equal(t, test.code, got.Errors[0].Code)
			}
			if test.chained != 0 {
				require.Len(t, got.Errors[0].ErrorChain, 1)
				assert.Equal(t, test.chained, got.Errors[0].ErrorChain[0].Code)
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	s := start(t)
	id := s.AddOrganization("a", "")
	unknown := strings.Repeat("0", 32)
	for _, test := range []struct {
		method, path string
		status, code int
	}{
		{"GET", "/", 404, 7003},
		{"GET", "/zones", 404, 7003},
		{"GET", "/organizations/", 404, 7003},
		{"GET", "//organizations", 404, 7003},
		{"GET", "/x/../organizations", 404, 7003},
		{"GET", "/organizations/not-an-id", 404, 7003},
		{"GET", "/organizations/" + strings.ToUpper(id), 404, 7003},
		{"GET", "/organizations/" + id + "/logs/audit", 404, 7003},
		{"GET", "/organizations/" + id + "%2Fprofile", 404, 7003},
		{"GET", "/organizations/" + unknown, 404, 1001},
		{"PUT", "/organizations/" + unknown, 404, 1001},
		{"DELETE", "/organizations/" + unknown, 404, 1001},
		{"GET", "/organizations/" + unknown + "/profile", 404, 1001},
		{"PUT", "/organizations/" + unknown + "/profile", 404, 1001},
		{"GET", "/organizations/" + unknown + "/accounts", 404, 1001},
		{"GET", "/organizations/" + unknown + "/members", 404, 1001},
		{"POST", "/organizations/" + unknown + "/members", 404, 1001},
		{"POST", "/organizations/" + unknown + "/members:batchCreate", 404, 1001},
		{"GET", "/organizations/" + id + "/members/" + unknown, 404, 1001},
		{"PATCH", "/organizations/" + id, 405, 10000},
		{"DELETE", "/organizations", 405, 10000},
		{"PUT", "/organizations/" + id + "/members/" + unknown, 405, 10000},
		{"GET", "/organizations/" + id + "/members:batchCreate", 405, 10000},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			got := do(t, s, test.method, test.path, "")
			require.Equal(t, test.status, got.Status, got.Raw)
			assert.Equal(t, test.code, got.Errors[0].Code)
			if test.code == 7003 {
				assert.Equal(t, replyError{Code: 7000, Message: "No route for that URI"}, got.Errors[1])
			}
		})
	}

	outside, err := http.NewRequest("GET", strings.TrimSuffix(s.URL, basePath)+"/organizations", nil)
	require.NoError(t, err)
	outside.Header.Set("Authorization", "Bearer "+APIToken)
	assert.Equal(t, 7003, send(t, outside).Errors[0].Code)

	escaped := do(t, s, "GET", "/organizations/"+id+"/members%3AbatchCreate", "")
	assert.Equal(t, 405, escaped.Status, "an escaped colon is a colon")
}

func TestRequests(t *testing.T) {
	s := start(t)
	r := newRequest(t, s, "POST", "/organizations?a=1&a=2", `{"name":"x"}`)
	r.Header.Set("Cookie", "session=1")
	r.Header.Set("Proxy-Authorization", "Basic eDp5")
	r.Header.Set("X-Auth-User-Service-Key", "v1.0-x")
	r.Header.Set("X-Custom", "kept")
	send(t, r)
	r = newRequest(t, s, "GET", "/organizations/a%2Fb", "")
	r.Header.Set("Authorization", "Bearer x")
	send(t, r)

	got := s.Requests()
	require.Len(t, got, 2)
	assert.Equal(t, "POST", got[0].Method)
	assert.Equal(t, "/client/v4/organizations", got[0].Path)
	assert.Equal(t, url.Values{"a": {"1", "2"}}, got[0].Query)
	assert.Equal(t, `{"name":"x"}`, string(got[0].Body))
	assert.Equal(t, "kept", got[0].Header.Get("X-Custom"))
	assert.Equal(t, "/client/v4/organizations/a%2Fb", got[1].Path)
	assert.Nil(t, got[1].Body)
	for _, request := range got {
		for _, secret := range []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Auth-Key", "X-Auth-Email", "X-Auth-User-Service-Key"} {
			assert.NotContains(t, request.Header, secret)
		}
	}

	got[0].Query.Set("a", "changed")
	got[0].Header.Set("X-Custom", "changed")
	got[0].Body[0] = '!'
	again := s.Requests()
	assert.Equal(t, url.Values{"a": {"1", "2"}}, again[0].Query)
	assert.Equal(t, "kept", again[0].Header.Get("X-Custom"))
	assert.Equal(t, `{"name":"x"}`, string(again[0].Body))
}

func TestSameInEveryRun(t *testing.T) {
	run := func() []string {
		s := start(t)
		var texts []string
		for range 3 {
			got := do(t, s, "POST", "/organizations", `{"name":"x"}`)
			texts = append(texts, got.Raw, got.Header.Get("CF-Ray"))
		}
		return texts
	}
	first := run()
	assert.Equal(t, first, run())
	assert.NotEqual(t, first[0], first[2], "each has an ID of its own")
	assert.NotEqual(t, first[1], first[3], "and each answer a ray")
}

func TestBodies(t *testing.T) {
	s := start(t)
	id := s.AddOrganization("a", "")
	for _, route := range [][2]string{
		{"POST", "/organizations"},
		{"PUT", "/organizations/" + id},
		{"PUT", "/organizations/" + id + "/profile"},
		{"POST", "/organizations/" + id + "/members"},
		{"POST", "/organizations/" + id + "/members:batchCreate"},
	} {
		do(t, s, route[0], route[1], "").refused(t, 400, "a JSON body is required")
		for _, body := range []string{`{"name":`, `null`, `[]`, `"x"`, `{"name":"x"} {}`} {
			do(t, s, route[0], route[1], body).refused(t, 400, "not a JSON object")
		}
	}

	do(t, s, "POST", "/organizations", `{"name":"x"`+strings.Repeat(" ", maxBodyBytes)+`}`).refused(t, 413, "too large")
	assert.Len(t, s.Requests()[len(s.Requests())-1].Body, maxBodyBytes)
	assert.Equal(t, 200, do(t, s, "POST", "/organizations", `{"name":"x"`+strings.Repeat(" ", maxBodyBytes-12)+`}`).Status)
}

func TestLag(t *testing.T) {
	s := start(t)
	s.Lag(2)
	created := do(t, s, "POST", "/organizations", `{"name":"new"}`).fields(t)
	path := "/organizations/" + created["id"].(string)
	assert.Equal(t, []string{"new"}, do(t, s, "GET", "/organizations", "").names(t))
	assert.Equal(t, 404, do(t, s, "GET", path, "").Status)
	assert.Equal(t, 404, do(t, s, "GET", path, "").Status)
	assert.Equal(t, 200, do(t, s, "GET", path, "").Status)

	s.Lag(0)
	created = do(t, s, "POST", "/organizations", `{"name":"newer"}`).fields(t)
	assert.Equal(t, 200, do(t, s, "GET", "/organizations/"+created["id"].(string), "").Status)
	assert.Panics(t, func() { s.Lag(-1) })
}

func TestConcurrency(t *testing.T) {
	s := start(t)
	id := s.AddOrganization("root", "")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 10 {
				n := strconv.Itoa(100*i + j)
				do(t, s, "POST", "/organizations", `{"name":"x","parent":{"id":"`+id+`"}}`)
				do(t, s, "PUT", "/organizations/"+id, `{"name":"root"}`)
				do(t, s, "POST", "/organizations/"+id+"/members", `{"member":{"user":{"email":"`+n+`@example.com"}}}`)
				do(t, s, "GET", "/organizations?containing.organization="+id, "")
				do(t, s, "GET", "/organizations/"+id+"/members", "")
				s.AddAccount(id, Account{Name: n})
				s.Fail(1000, Reset())
				s.Requests()
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 41, *do(t, s, "GET", "/organizations", "").ResultInfo.TotalSize)
	assert.Equal(t, 40, *do(t, s, "GET", "/organizations/"+id+"/members", "").ResultInfo.TotalSize)
	assert.Equal(t, 40, *do(t, s, "GET", "/organizations/"+id+"/accounts", "").ResultInfo.TotalSize)
}

// A recorder has no connection to break, so that faults panic as net/http's servers expect it.
func TestHandlerWithoutConnection(t *testing.T) {
	s := start(t)
	serve := func(method, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "/client/v4/organizations", strings.NewReader(body))
		r.Header.Set("X-Auth-Key", APIKey)
		r.Header.Set("X-Auth-Email", Email)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	assert.Equal(t, 200, serve("POST", `{"name":"x"}`).Code)

	s.Fail(1, Status(503, nil, "down"))
	assert.Equal(t, "down", serve("GET", "").Body.String())
	s.Fail(1, Reset())
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { serve("POST", `{"name":"reset"}`) })
	s.Fail(1, Cut())
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { serve("POST", `{"name":"cut"}`) })
	s.Fail(1, Stall())
	time.AfterFunc(10*time.Millisecond, s.Close)
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { serve("GET", "") })
	assert.Equal(t, []string{"x", "cut"}, namesIn(t, serve("GET", "").Body.Bytes()))
}

func namesIn(t *testing.T, body []byte) []string {
	r := reply{Status: 200}
	require.NoError(t, json.Unmarshal(body, &r))
	return r.names(t)
}

// pipes is a listener without sockets.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p pipes) Close() error   { close(p.closed); return nil }

// The faults must leave the clock of a synctest bubble alone: an hour of stalling takes no time.
func TestVirtualTime(t *testing.T) {
	s := start(t)
	synctest.Test(t, func(t *testing.T) {
		listener := pipes{make(chan net.Conn), make(chan struct{})}
		server := &http.Server{Handler: s}
		go server.Serve(listener)
		defer server.Close()
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			listener.conns <- server
			return client, nil
		}}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport, Timeout: time.Hour}

		began := time.Now()
		s.Fail(1, Stall())
		_, err := client.Do(newRequest(t, s, "POST", "/organizations", `{"name":"x"}`))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Hour, time.Since(began))

		s.Fail(1, Reset())
		_, err = client.Do(newRequest(t, s, "POST", "/organizations", `{"name":"x"}`))
		assert.ErrorIs(t, err, io.EOF)
		s.Fail(1, Cut())
		response, err := client.Do(newRequest(t, s, "POST", "/organizations", `{"name":"x"}`))
		require.NoError(t, err)
		_, err = io.ReadAll(response.Body)
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		response.Body.Close()
	})
}

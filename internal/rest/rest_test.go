package rest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// errTimedOut is the TimedOut of the senders of clientFor.
var errTimedOut = errors.New("attempt timed out")

func clientFor(t testing.TB, base string, transport http.RoundTripper) *Sender {
	t.Helper()
	c, err := New(Config{
		BaseURL: base, Credential: Token("t0ken-of-this-test"), UserAgent: "test", TimedOut: errTimedOut,
		HTTPClient: &http.Client{Transport: transport},
	})
	require.NoError(t, err)
	return c
}

func TestTarget(t *testing.T) {
	for _, tt := range []struct {
		base     string
		segments []string
		query    string
		url      string
		path     string
	}{
		{"https://h", []string{"a"}, "", "https://h/a", "/a"},
		{"https://h/", []string{"a"}, "", "https://h/a", "/a"},
		{"https://h/v4", []string{"a", "b"}, "", "https://h/v4/a/b", "/a/b"},
		{"https://h/v4///", []string{"a"}, "q=1", "https://h/v4/a?q=1", "/a"},
		{"https://h:8443/a%20b", []string{"c d"}, "", "https://h:8443/a%20b/c%20d", "/c%20d"},
		{"https://h/a%2Fb", []string{"c"}, "", "https://h/a%2Fb/c", "/c"},
		{"https://h", []string{"members:batchCreate"}, "", "https://h/members:batchCreate", "/members:batchCreate"},
		{"https://h", []string{"a;b,c=d&e+f@g$h"}, "", "https://h/a%3Bb%2Cc=d&e+f@g$h", "/a%3Bb%2Cc=d&e+f@g$h"},
		{"https://h", []string{"é", "*", "(1)", "'", "~", "^"}, "", "https://h/%C3%A9/%2A/%281%29/%27/~/%5E", "/%C3%A9/%2A/%281%29/%27/~/%5E"},
		{"http://[::1]:80/x", []string{"..."}, "", "http://[::1]:80/x/...", "/..."},
	} {
		u, escaped, err := clientFor(t, tt.base, nil).target(tt.segments, tt.query)
		require.NoError(t, err, tt.url)
		assert.Equal(t, tt.url, u.String())
		assert.Equal(t, tt.path, escaped)
	}
}

// An error says what is wrong with a base URL, and not only that something is.
func TestBaseURLProblems(t *testing.T) {
	const (
		scheme    = "must begin with https://"
		printable = "must be printable ASCII without blanks or backslashes"
		host      = "must have a host"
		badHost   = "has a host that is not valid"
		loopback  = "must begin with https://, because http:// is allowed only for localhost and loopback addresses"
		dots      = "must not have . or .. in its path"
	)
	for base, problem := range map[string]string{
		"": scheme, "127.0.0.1:8080": scheme, "localhost:8080": scheme, "api.cloudflare.com/client/v4": scheme, "//h": scheme, "/x": scheme,
		"ftp://h": scheme, "https:h": scheme, ":80": scheme,
		`https://h/a\b`: printable, `https://h\a`: printable, "https://h/a b": printable, "https://h/é": printable, "https://é": printable,
		"https://h/\x7f": printable, " https://h": printable, "https://h/a\n": printable,
		"https://h/%zz": "is not valid", "https://[::1": "is not valid", "https://h:port": "is not valid",
		"https://u@h": "must not contain a user or a password", "https://u:p@h": "must not contain a user or a password",
		"https://h?": "must not have a query or a fragment", "https://h/#": "must not have a query or a fragment",
		"https://": host, "https:///x": host, "https://:80": host, "https://*": badHost, "https://a,b": badHost,
		"http://h": loopback, "http://localhost.": loopback, "http://0.0.0.0": loopback,
		"https://h/..": dots, "https://h/a/./b": dots, "https://h/%2e%2e/x": dots,
	} {
		_, err := New(Config{BaseURL: base, Credential: Token("t")})
		assert.EqualError(t, err, "WithBaseURL: the URL "+problem, "%q", base)
	}
}

func TestInvalidPaths(t *testing.T) {
	c := clientFor(t, "https://h/v4", nil)
	for _, segments := range [][]string{
		nil, {}, {""}, {"a", ""}, {"", "a"}, {"."}, {".."}, {"a", ".."}, {"a/b"}, {"/"}, {`\`}, {"?"},
		{"#"}, {"%"}, {"%41"}, {"\x00"}, {"a\nb"}, {"\x7f"}, {"\u0085"},
		{"\xff"}, {"\xed\xa0\x80"},
	} {
		u, escaped, err := c.target(segments, "")
		assert.Error(t, err, "%q", segments)
		assert.Nil(t, u)
		assert.Empty(t, escaped)
	}
}

// asReceived returns the request that a server reads when c sends one to u.
func asReceived(t *testing.T, c *Sender, u *url.URL) *http.Request {
	t.Helper()
	var wire bytes.Buffer
	require.NoError(t, c.request(t.Context(), c.signer.Load(), &RawRequest{Method: "GET"}, u).Write(&wire))
	received, err := http.ReadRequest(bufio.NewReader(&wire))
	require.NoError(t, err)
	return received
}

// Any text is a single segment of a path, on the wire too, or causes an error.
func FuzzTarget(f *testing.F) {
	for _, segment := range []string{
		"", ".", "..", "...", "a", "../a", "a/b", `a\b`, "a?b", "a#b", "%2e", "a%2fb", "a;b",
		"a:b", "//", "*", "é", "\xff", "\x00", "a b", " ", "\u2028", "null",
		"http://h/", "[::1]", "@", "..;", "\u2024\u2024", "\uff0f", "+", "&=", "{}", "<>", "|", "`", "'", `"`,
	} {
		f.Add("organizations", segment, "")
		f.Add(segment, "a", "q=1")
	}
	c := clientFor(f, "https://api.example.com/client/v4", nil)
	f.Fuzz(func(t *testing.T, first, second, query string) {
		query = url.Values{"q": {query}}.Encode()
		u, escaped, err := c.target([]string{first, second}, query)
		invalid := SegmentProblem(first) != "" || SegmentProblem(second) != ""
		if invalid != (err != nil) {
			t.Fatalf("%q, %q: %v", first, second, err)
		}
		if invalid {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil {
			t.Fatalf("%q, %q: %v", first, second, err)
		}
		for name, got := range map[string]*url.URL{"built": u, "parsed": again, "received": asReceived(t, c, u).URL} {
			segments := strings.Split(got.EscapedPath(), "/")
			if len(segments) != 5 || segments[1] != "client" || segments[2] != "v4" {
				t.Fatalf("%q, %q: %s: the path is %q", first, second, name, got.EscapedPath())
			}
			for i, want := range []string{first, second} {
				if raw, err := url.PathUnescape(segments[3+i]); raw != want {
					t.Fatalf("%q: %s: the segment is %q (%v)", want, name, raw, err)
				}
			}
			if path.Clean(got.Path) != got.Path {
				t.Fatalf("%q, %q: %s: %q is another path for some", first, second, name, got.Path)
			}
			if got.RawQuery != query || got.Fragment != "" || got.User != nil || name != "received" && got.Host != "api.example.com" {
				t.Fatalf("%q, %q: %s: %+v", first, second, name, got)
			}
		}
		if !strings.HasSuffix(u.String(), escaped+"?"+query) || strings.Count(escaped, "/") != 2 {
			t.Fatalf("%q, %q: the path below the base is %q", first, second, escaped)
		}
	})
}

// Every request goes to the origin of the base URL and below its path. The origin has https or is this machine.
func FuzzBaseURL(f *testing.F) {
	for _, base := range []string{
		"", "https://api.cloudflare.com/client/v4", "https://h/", "https://h//", "https://h/a//b/", "https://h:1/a%20b",
		"https://h/a%2Fb", "https://h/%2F", "https://h/a/%2f/",
		"http://localhost", "http://127.0.0.1:8080/x", "http://[::1]", "http://[::ffff:127.0.0.1]", "http://h",
		"https://u:p@h", "https://h?q", "https://h#f", "https://h/..",
		"https://h/%2e%2e/", "https:h", "https:///h", "//h", "HTTPS://H", "ftp://h", `https://h\@i`,
		"https://h\n", "https://[fe80::1%25en0]", "https://h:", "https://h/;a=1", "https://h/%",
		"https://%41", "https://h/a+b", "https://h/é", "https://h/%C3%A9", "https://*", "https://h/[x]",
		"https://h,i/", "https://h/%00", `https://h"`, "https://<h>",
	} {
		f.Add(base)
	}
	f.Fuzz(func(t *testing.T, base string) {
		c, err := New(Config{BaseURL: base, Credential: Token("t")})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "WithBaseURL: ") {
				t.Fatalf("%q: %v", base, err)
			}
			if len(base) > 12 && strings.Contains(err.Error(), base) {
				t.Fatalf("%q is shown: %v", base, err)
			}
			return
		}
		parsed, err := url.Parse(base)
		if err != nil {
			t.Fatalf("%q: %v", base, err)
		}
		u, _, err := c.target([]string{"organizations", "a b"}, "q=1")
		if err != nil {
			t.Fatalf("%q: %v", base, err)
		}
		if u.Scheme != parsed.Scheme || u.Host != strings.ToLower(parsed.Host) || u.User != nil || u.Fragment != "" || u.RawQuery != "q=1" {
			t.Fatalf("%q became %+v", base, u)
		}
		if u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())) {
			t.Fatalf("%q is neither https nor this machine", base)
		}
		want := strings.TrimRight(parsed.EscapedPath(), "/") + "/organizations/a%20b"
		received := asReceived(t, c, u)
		for name, got := range map[string]string{"built": u.EscapedPath(), "received": received.URL.EscapedPath()} {
			if got != want {
				t.Fatalf("%q: %s: the path is %q and not %q", base, name, got, want)
			}
		}
		if received.Host != strings.ToLower(parsed.Host) && !strings.Contains(parsed.Host, "%") { // a zone is this machine's own, and not sent
			t.Fatalf("%q: the host is %q", base, received.Host)
		}
		if cleaned := path.Clean(u.Path); strings.Contains(u.Path, "/../") || strings.Contains(u.Path, "/./") ||
			!strings.HasSuffix(cleaned, "/organizations/a b") {
			t.Fatalf("%q: %q is another path for some", base, u.Path)
		}
	})
}

// Attempts share no memory.
func TestRequestsShareNothing(t *testing.T) {
	c := clientFor(t, "https://h/v4", nil)
	u, _, err := c.target([]string{"a"}, "")
	require.NoError(t, err)
	request := &RawRequest{Method: "POST", Header: http.Header{"X-Mine": {"1"}}, Body: []byte("{}")}
	signer := c.signer.Load()
	first, second := c.request(t.Context(), signer, request, u), c.request(t.Context(), signer, request, u)
	for _, values := range first.Header {
		values[0] = "changed"
	}
	first.URL.Path = "/changed"
	io.Copy(io.Discard, first.Body)

	assert.Equal(t, "/v4/a", second.URL.Path)
	assert.Equal(t, http.Header{
		"Accept": {"application/json"}, "User-Agent": {"test"}, "Authorization": {"Bearer t0ken-of-this-test"},
		"Content-Type": {"application/json"}, "X-Mine": {"1"},
	}, second.Header)
	body, err := io.ReadAll(second.Body)
	require.NoError(t, err)
	assert.Equal(t, "{}", string(body))
	assert.EqualValues(t, 2, second.ContentLength)
	assert.Nil(t, second.GetBody, "net/http itself repeats a request that has one")
	assert.Equal(t, http.Header{"X-Mine": {"1"}}, request.Header)
}

// A body is read whole, or as much of it as the bounds allow, in whichever pieces it arrives.
func TestRead(t *testing.T) {
	const small = 1 << 10
	readers := map[string]func(io.Reader) io.Reader{
		"at once":          func(r io.Reader) io.Reader { return r },
		"in halves":        iotest.HalfReader,
		"byte by byte":     iotest.OneByteReader,
		"with its end":     iotest.DataErrReader,
		"with empty reads": func(r io.Reader) io.Reader { return &emptyReads{Reader: r} },
	}
	for name, reader := range readers {
		for _, tt := range []struct {
			status, size int
			announced    int64
			tooLarge     bool
		}{
			{200, 0, -1, false}, {200, 0, 0, false}, {204, 0, 0, false},
			{200, small, -1, false}, {200, small, small, false}, {200, small, 1, false}, {200, small, 1 << 20, false}, {404, small, -1, false},
			{200, 511, 511, false}, {200, 512, 512, false}, {200, 513, 513, false},
			{404, MaxErrorBody, -1, false}, {404, MaxErrorBody + 1, -1, true},
			{404, MaxErrorBody, MaxErrorBody, false}, {404, 2 * MaxErrorBody, 2 * MaxErrorBody, true},
			{200, MaxErrorBody + 1, -1, false}, {200, 3 * MaxErrorBody, 3 * MaxErrorBody, false}, {301, MaxErrorBody + 1, -1, true},
			{299, MaxErrorBody + 1, -1, false}, {300, MaxErrorBody + 1, -1, true},
			{200, small, MaxBody + 1, true}, {200, 2 * small, 1 << 60, true}, {500, small, MaxErrorBody + 1, true},
		} {
			want := bytes.Repeat([]byte("0123456789abcde\n"), tt.size/16+1)[:tt.size]
			a := &RawResponse{StatusCode: tt.status}
			require.NoError(t, a.read(reader(bytes.NewReader(want)), tt.announced, new(timeLimit)), "%s: %+v", name, tt)
			assert.Equal(t, tt.tooLarge, a.TooLarge, "%s: %+v", name, tt)
			if tt.tooLarge {
				assert.True(t, bytes.HasPrefix(want, a.Body), "%s: %+v", name, tt)
				assert.NotEmpty(t, a.Body)
			} else {
				assert.True(t, bytes.Equal(want, a.Body), "%s: %+v", name, tt)
			}
			a.Release()
			assert.Nil(t, a.Body)
			a.Release()
		}
	}
}

func TestReadEndlessBodies(t *testing.T) {
	for status, limit := range map[int]int{200: MaxBody, 500: MaxErrorBody} {
		a := &RawResponse{StatusCode: status}
		body := &countedReader{}
		require.NoError(t, a.read(body, -1, new(timeLimit)))
		assert.True(t, a.TooLarge)
		assert.Len(t, a.Body, limit)
		assert.LessOrEqual(t, body.read, limit+1)
		a.Release()
	}
	a := &RawResponse{StatusCode: 200}
	body := &countedReader{}
	require.NoError(t, a.read(body, MaxBody+1, new(timeLimit)))
	assert.True(t, a.TooLarge)
	assert.LessOrEqual(t, body.read, maxPooled+512, "of what is announced as too large, only a sample is read")
}

// A buffer grows with what has arrived, and not with what may come.
func TestReadGrowsByWhatArrived(t *testing.T) {
	for _, announced := range []int64{-1, 0, 1, MaxBody} {
		a := &RawResponse{StatusCode: 200}
		body := &spareReader{t: t, left: 5 << 20}
		require.NoError(t, a.read(body, announced, new(timeLimit)))
		assert.Len(t, a.Body, 5<<20)
		a.Release()
	}
}

// spareReader yields zeros, and fails the test if it is given too much room.
type spareReader struct {
	t          *testing.T
	read, left int
}

func (r *spareReader) Read(p []byte) (int, error) {
	assert.LessOrEqual(r.t, len(p), max(r.read, maxPooled)+512, "after %d bytes", r.read)
	n := min(len(p), r.left, 1000)
	r.read, r.left = r.read+n, r.left-n
	if r.left == 0 {
		return n, io.EOF
	}
	return n, nil
}

// After an error, what came before it is kept.
func TestReadPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	a := &RawResponse{StatusCode: 200}
	assert.ErrorIs(t, a.read(io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken)), -1, new(timeLimit)), broken)
	assert.Equal(t, "x", string(a.Body))
	a.Release()
}

// emptyReads reads nothing every other time, as an io.Reader may.
type emptyReads struct {
	io.Reader
	odd bool
}

func (r *emptyReads) Read(p []byte) (int, error) {
	if r.odd = !r.odd; r.odd {
		return 0, nil
	}
	return r.Reader.Read(p)
}

// countedReader never ends.
type countedReader struct{ read int }

func (r *countedReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	r.read += len(p)
	return len(p), nil
}

// The memory of a large response is not kept in the pool.
func TestLargeBuffersAreNotKept(t *testing.T) {
	a := &RawResponse{StatusCode: 200}
	require.NoError(t, a.read(bytes.NewReader(make([]byte, 4<<20)), -1, new(timeLimit)))
	a.Release()
	for range 100 {
		buffer := buffers.Get().(*[]byte)
		assert.LessOrEqual(t, cap(*buffer), maxPooled)
	}
}

// The transport of a body that did not end may still write to its buffer.
func TestBuffersOfBodiesWithoutEndAreNotKept(t *testing.T) {
	for name, tt := range map[string]struct {
		body   io.Reader
		length int64
	}{
		"an error":          {iotest.ErrReader(errors.New("broken")), -1},
		"an error at last":  {io.MultiReader(strings.NewReader("x"), iotest.ErrReader(io.ErrUnexpectedEOF)), -1},
		"no progress":       {iotest.ErrReader(nil), -1},
		"too large a count": {&emptyReads{Reader: impossible{}}, -1},
		"only a sample":     {strings.NewReader(strings.Repeat("x", 4<<10)), MaxBody + 1},
	} {
		a := &RawResponse{StatusCode: 200, pool: newPool()}
		pool := a.pool
		_ = a.read(tt.body, tt.length, new(timeLimit))
		a.Release()
		assert.Zero(t, cap(*pool.Get().(*[]byte)), name)
	}
}

type impossible struct{}

func (impossible) Read(p []byte) (int, error) { return len(p) + 1, nil }

// Responses that are in use at the same time do not share a buffer.
func TestBuffersAreNotShared(t *testing.T) {
	c := clientFor(t, "https://h", roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(strings.NewReader(strings.Repeat(r.URL.Path, 200)))}, nil
	}))
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			name := strings.Repeat(string(rune('a'+worker)), 1+worker)
			for range 100 {
				response, err := c.Do(context.Background(), RawRequest{Method: "GET", Path: []string{name}})
				if assert.NoError(t, err) {
					assert.Equal(t, strings.Repeat("/"+name, 200), string(response.Body))
					response.Release()
				}
			}
		})
	}
	all.Wait()
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A header is bounded in bytes and lines, with any transport and any status. The outcome of a write is then unknown.
func TestHeadersAreBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		header  http.Header
		allowed bool
	}{
		"lines of one name":      {http.Header{"A": make([]string, maxHeaderLines)}, true},
		"more lines":             {http.Header{"A": make([]string, maxHeaderLines), "B": {""}}, false},
		"a value":                {http.Header{"A": {strings.Repeat("x", maxHeader-5)}}, true},
		"a longer value":         {http.Header{"A": {strings.Repeat("x", maxHeader-4)}}, false},
		"a longer name":          {http.Header{strings.Repeat("X", maxHeader): {""}}, false},
		"a long name many times": {http.Header{strings.Repeat("X", maxHeader/1000): make([]string, 1001)}, false},
	} {
		for _, status := range []int{200, 404} {
			s := clientFor(t, "https://h", roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: tt.header, Body: http.NoBody}, nil
			}))
			response, err := s.Do(t.Context(), RawRequest{Method: "POST", Path: []string{"a"}})
			if tt.allowed {
				assert.NoError(t, err, name)
				response.Release()
				continue
			}
			failure, ok := errors.AsType[*Failure](err)
			if assert.True(t, ok, name) {
				assert.EqualError(t, err, "the header of the response has more than 1 MiB or 10000 lines", name)
				assert.True(t, failure.Unknown, name)
			}
		}
	}
}

// The response to a HEAD announces a body that does not follow.
func TestHeadOfALargeBody(t *testing.T) {
	c := clientFor(t, "https://h", roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, ContentLength: MaxBody + 1, Body: http.NoBody}, nil
	}))
	response, err := c.Do(t.Context(), RawRequest{Method: "HEAD", Path: []string{"a"}})
	require.NoError(t, err)
	assert.False(t, response.TooLarge)
	assert.Empty(t, response.Body)
	response.Release()
}

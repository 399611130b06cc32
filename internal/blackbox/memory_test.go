package blackbox

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// memoryOf returns how many bytes f holds at most at one time, and how many it allocates in total.
func memoryOf(f func()) (peak, total uint64) {
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // so that the peak is what is held, and not what waits to be collected
	runtime.GC()
	read := func() (held, allocated uint64) {
		samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(samples)
		return samples[0].Value.Uint64(), samples[1].Value.Uint64()
	}
	held, allocated := read()
	done, sampled := make(chan struct{}), make(chan uint64)
	go func() {
		most := held
		for {
			now, _ := read()
			most = max(most, now)
			select {
			case <-done:
				sampled <- most
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	f()
	_, total = read()
	close(done)
	return <-sampled - held, total - allocated
}

// gzipped returns a compressed chunk.
func gzipped(chunk []byte) []byte {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	w.Write(chunk)
	w.Close()
	return compressed.Bytes()
}

// endlessly writes chunk until the client closes the connection.
func endlessly(w io.Writer, chunk []byte) {
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// Whatever a server sends, a call holds at most four times the bound on a body, which is 32 MiB. The test must not run
// in parallel with others, whose memory would count too.
func TestMemoryIsBounded(t *testing.T) {
	fill := func(before, value, after string) http.HandlerFunc {
		n := 1<<16/len(value) + 1
		values := []byte(strings.Repeat(value, n))
		return func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, before)
			for left := 32<<20 - len(before) - len(after); left > len(values); left -= len(values) {
				w.Write(values)
			}
			io.WriteString(w, after)
		}
	}
	spaces, items := bytes.Repeat([]byte(" "), 1<<20), bytes.Repeat([]byte(`{"id":"o1"},`), 80_000)
	bomb, listBomb := gzipped(spaces), gzipped(items)
	endless := func(status int, start, chunk []byte, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for _, line := range header {
				name, value, _ := strings.Cut(line, ": ")
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			w.Write(start)
			endlessly(w, chunk)
		}
	}
	start := []byte(`{"success":true,"result":[`)
	tooLarge := "larger than 32 MiB"
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		text    string
	}{
		{"an endless body", endless(200, nil, spaces), tooLarge},
		{"an endless list", endless(200, start, items), tooLarge},
		{"an endless error", endless(400, nil, spaces), "400 Bad Request"},
		{"an endless redirect", endless(302, nil, spaces, "Location: /x"), "302 Found"},
		{"a gzip bomb", endless(200, nil, bomb, "Content-Encoding: gzip"), tooLarge},
		{"a gzipped list", endless(200, gzipped(start), listBomb, "Content-Encoding: gzip"), tooLarge},
		{"a gzipped error", endless(403, nil, bomb, "Content-Encoding: gzip"), "403 Forbidden"},
		{"a length of a TiB", endless(200, nil, spaces, "Content-Length: 1099511627776"), tooLarge},
		{"a length of a TiB to an error", endless(404, nil, spaces, "Content-Length: 1099511627776"), "404 Not Found"},
		{"empty items", fill(`{"success":true,"result":[`, `{},`, `{}]}`), "values"},
		{"empty errors", fill(`{"success":false,"errors":[`, `{},`, `{}]}`), "values"},
		{"hierarchy_tags", fill(`{"success":true,"result":[{"id":"o1","meta":{"hierarchy_tags":[`, `"",`, `""]}}]}`), "values"},
		{"one long message", fill(`{"success":false,"errors":[{"message":"`, `a`, `"}]}`), "aaaa"},
		{"a long text that is none", fill(`{"success":false,"errors":[{"message":[`, strings.Repeat("1", 999)+`,`, `1]}]}`), "[111"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newCountedServer(t, tt.handler)
			c := s.client(t)
			var err error
			peak, total := memoryOf(func() { _, err = c.Organizations.List(t.Context(), cloudflare.OrganizationListParams{}) })
			if assert.ErrorContains(t, err, tt.text) {
				assert.Less(t, len(err.Error()), 64<<10)
			}
			assert.LessOrEqual(t, peak, uint64(4*32<<20), "held at once: %d MiB", peak>>20)
			assert.LessOrEqual(t, total, uint64(8*32<<20), "allocated in all, garbage included: %d MiB", total>>20)
		})
	}
}

// The same holds for calls that succeed, with all that is captured of them, and for values that are large by themselves.
// What Call decodes into a type of its caller can take more.
func TestMemoryOfLargeValuesIsBounded(t *testing.T) {
	const size = 32 << 20
	long := strings.Repeat("l", 34<<10)
	list := func(item string) string {
		return successBody("[" + strings.Repeat(item+",", (size-200)/(len(item)+1)-1) + item + "]")
	}
	member, entry := `{"id":"m1","user":{"email":"a@example.com","name":"`+long+`"}}`, `{"id":"e1","action":{"description":"`+long+`"}}`
	digits := strings.Repeat("1", size-200)
	var names strings.Builder
	for i := range 250_000 {
		fmt.Fprintf(&names, `"%s%d":1,`, strings.Repeat("n", 115), i)
	}
	object := `{` + names.String() + `"id":"o1","name":"n"}`

	organization := func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
		_, err := c.Organizations.Get(t.Context(), "o1", opts...)
		return err
	}
	audit := func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
		_, err := c.OrganizationAuditLogs.List(t.Context(), organizationID, aPeriod, opts...)
		return err
	}
	members := func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
		_, err := c.OrganizationMembers.List(t.Context(), organizationID, cloudflare.OrganizationMemberListParams{}, opts...)
		return err
	}
	usage := func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
		_, err := c.OrganizationUsage.Get(t.Context(), organizationID, cloudflare.UsageParams{}, opts...)
		return err
	}
	raw := func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
		var result json.RawMessage
		return c.Call(t.Context(), aGet, &result, opts...)
	}
	decoded := func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
		var result any
		return c.Call(t.Context(), aGet, &result, opts...)
	}
	for name, tt := range map[string]struct {
		body string
		call func(*cloudflare.Client, ...cloudflare.CallOption) error
		says string
	}{
		"an audit log":               {list(entry), audit, ""},
		"members":                    {list(member), members, ""},
		"raw JSON":                   {list(entry), raw, ""},
		"any":                        {list(entry), decoded, ""},
		"as many values as allowed":  {list(`"` + strings.Repeat("x", 126) + `"`), decoded, ""},
		"long names":                 {successBody(object), organization, "names"},
		"long names to any":          {successBody(object), decoded, "names"},
		"long names in an audit log": {successBody("[" + object + "]"), audit, ""},
		"a number":                   {successBody(`{"id":"o1","name":"n","x":` + digits + `}`), organization, "a number"},
		"a number to any":            {successBody(digits), decoded, "a number"},
		"a number for a decimal":     {successBody(`[{"ConsumedQuantity":` + digits + `}]`), usage, "a number"},
		"a number for a code":        {`{"success":false,"errors":[{"code":` + digits + `}]}`, organization, "a number"},
		"a name that is not UTF-8":   {successBody(`{"id":"o1","name":"` + strings.Repeat("\xff", size-100) + `"}`), organization, "UTF-8"},
		"a result_info":              {`{"success":true,"result":{"id":"o1","name":"n"},"result_info":{"x":"` + digits + `"}}`, organization, ""},
		"a message":                  {`{"success":true,"result":{"id":"o1","name":"n"},"messages":["` + digits + `"]}`, organization, ""},
		"messages that look like escapes": {`{"success":true,"result":{"id":"o1","name":"n"},"messages":[` + strings.Repeat(
			`{"message":"m","error_chain":[`+strings.Repeat(`"`+strings.Repeat("&", 30<<10)+`",`, 9)+`"m"]},`, 99) + `"m"]}`, organization, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(strings.NewReader(tt.body))}, nil
			}))
			var response cloudflare.Response
			var err error
			peak, total := memoryOf(func() { err = tt.call(client, cloudflare.CaptureResponse(&response)) })
			t.Logf("at most %d MiB at once, %d MiB in all", peak>>20, total>>20)
			if tt.says == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, tt.says)
			}
			assert.LessOrEqual(t, peak, uint64(4*32<<20), "held at once")
			assert.LessOrEqual(t, total, uint64(8*32<<20), "allocated in all, garbage included")
		})
	}
}

// A header is bounded with any transport. What net/http needs to read one of 10 MiB, its own bound, comes on top: with
// lines of a few bytes that is more than all the rest, and only MaxResponseHeaderBytes bounds it.
func TestMemoryOfHeadersIsBounded(t *testing.T) {
	for name, line := range map[string]string{
		"one name":     "A: b\r\n",
		"many names":   "%x-aaaaaaaaaaaaaa: b\r\n",
		"rate limits":  "Ratelimit: \"default\";r=1;t=1\r\n",
		"cookies":      "Set-Cookie: a=b\r\n",
		"long lines":   "Aaaa: " + strings.Repeat("x", 1000) + "\r\n",
		"a long value": "Aaaa: " + strings.Repeat("&", 9<<20) + "\r\n",
	} {
		var header bytes.Buffer
		header.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")
		for i := 0; header.Len() < 9<<20; i++ {
			header.WriteString(strings.Replace(line, "%x", strconv.FormatInt(int64(i), 16), 1))
		}
		header.WriteString("\r\n")
		for kind, transport := range map[string]http.RoundTripper{"net/http's": nil, "its own": cloudflare.NewTransport()} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				defer listener.Close()
				go func() {
					for {
						conn, err := listener.Accept()
						if err != nil {
							return
						}
						_, _ = http.ReadRequest(bufio.NewReader(conn))
						_, _ = conn.Write(header.Bytes())
						conn.Close()
					}
				}()
				jar, err := cookiejar.New(nil)
				require.NoError(t, err)
				client := newClient(t, transport, noRetries, cloudflare.WithBaseURL("http://"+listener.Addr().String()),
					cloudflare.WithHTTPClient(&http.Client{Transport: transport, Jar: jar}))
				var response cloudflare.Response
				peak, total := memoryOf(func() { _, err = client.Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&response)) })
				t.Logf("at most %d MiB at once, %d MiB in all", peak>>20, total>>20)
				assert.ErrorContains(t, err, "header")
				assert.NotErrorIs(t, err, cloudflare.ErrNotFound)
				assert.Empty(t, response.Header)
				assert.LessOrEqual(t, peak, uint64(4*32<<20), "held at once")
			})
		}
	}
}

// As for every method: see TestMemoryIsBounded. The values of usage records and of audit logs are not counted.
func TestMemoryOfUncountedResultsIsBounded(t *testing.T) {
	required := strings.Replace(aUsageRecord, "{", `{"ServiceProviderName":"Cloudflare","InvoiceIssuerName":"Cloudflare","HostProviderName":"Cloudflare",`+
		`"ChargeCategory":"Usage","ChargeFrequency":"Usage-Based","ChargeDescription":"Requests of Workers","ConsumedUnit":"Requests",`+
		`"BillingAccountId":"023e105f4ecef8ad9ca31a8372d0c353","BillingAccountName":"An account","x_BillableMetricName":"Requests of Workers",`+
		`"SubAccountId":"023e105f4ecef8ad9ca31a8372d0c353","SubAccountName":"An account",`, 1)
	usage := func(c *cloudflare.Client) (int, error) {
		records, err := c.OrganizationUsage.Get(t.Context(), organizationID, cloudflare.UsageParams{})
		return len(records), err
	}
	audit := func(c *cloudflare.Client) (int, error) {
		page, err := c.OrganizationAuditLogs.List(t.Context(), organizationID, aPeriod)
		if err != nil {
			return 0, err
		}
		return len(page.Items), nil
	}
	filled := func(before, value, after string) string {
		n := (32<<20 - len(before) - len(after) - 100) / len(value)
		return successBody(before + strings.TrimSuffix(strings.Repeat(value, n), ",") + after)
	}
	for name, tt := range map[string]struct {
		call  func(*cloudflare.Client) (int, error)
		body  string
		items int // at least
		says  string
	}{
		"as many records as there can be": {usage, filled("[", required+",", "]"), 50_000, ""},
		"short records":                   {usage, filled("[", aUsageRecord+",", "]"), 0, "request fewer days"},
		"tags":                            {usage, filled("["+aUsageRecord[:len(aUsageRecord)-1]+`,"Tags":[`, `"",`, "]}]"), 1, ""},
		"a request of empty values":       {audit, filled(`[{"id":"e1","resource":{"request":[`, `"",`, "]}}]"), 1, ""},
		"a bad time after many values": {
			audit, filled(`[{"id":"e1","resource":{"request":[`, `"",`, `]},"action":{"time":"2026-01-02 03:04:05Z"}}]`), 1, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, respondWith(200, tt.body))
			var items int
			var err error
			peak, total := memoryOf(func() { items, err = tt.call(client) })
			t.Logf("%d items, at most %d MiB at once, %d MiB in all", items, peak>>20, total>>20)
			if tt.says == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, tt.says)
			}
			assert.GreaterOrEqual(t, items, tt.items)
			assert.LessOrEqual(t, peak, uint64(4*32<<20), "held at once")
			assert.LessOrEqual(t, total, uint64(8*32<<20), "allocated in all, garbage included")
		})
	}
}

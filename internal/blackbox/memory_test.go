package blackbox

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

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

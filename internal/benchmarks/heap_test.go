package benchmarks_test

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"

	"example.com/cloudflare/internal/benchmarks/wire"
)

// liveHeap returns how many bytes are in use after a collection. Pooled buffers outlive one, and count.
func liveHeap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// heapWatch measures the live heap whenever a request is sent. Whoever uses it measures at other moments too.
type heapWatch struct {
	next       http.RoundTripper
	base, peak float64
}

func (w *heapWatch) measure() { w.peak = max(w.peak, liveHeap()-w.base) }

func (w *heapWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	w.measure()
	return w.next.RoundTrip(req)
}

// pageHeap returns what one page of organizations occupies that was decoded by hand.
func pageHeap(b *testing.B) float64 {
	transport := wire.NewRepeating(wire.PageSize)
	c := contenders["byhand"](inMemory, &http.Client{Transport: transport})
	page := make([]*wire.Organization, 0, wire.PageSize)
	decode := func() {
		page = page[:0]
		if _, err := c.all(b.Context(), func(o *wire.Organization) { page = append(page, o) }); err != nil {
			b.Fatal(err)
		}
	}
	decode() // what is made once is not of the page
	clear(page)
	before := liveHeap()
	decode()
	held := liveHeap() - before
	runtime.KeepAlive(page)
	runtime.KeepAlive(transport)
	return held
}

// BenchmarkPeakHeap ranges over lists of different lengths, and measures the live heap at the first and at the last
// organization of every page and before every request: a list that keeps what has been passed over would grow. A page
// is what its organizations occupy when decoded by hand.
func BenchmarkPeakHeap(b *testing.B) {
	for _, name := range []string{"byhand", "cloudflare"} {
		for _, total := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, total), func(b *testing.B) {
				page := pageHeap(b)
				watch := &heapWatch{next: wire.NewRepeating(total)}
				c := contenders[name](inMemory, &http.Client{Transport: watch})
				if err := c.get(b.Context(), wire.Number(0).ID, nil); err != nil { // what is made once is not of the list
					b.Fatal(err)
				}
				for b.Loop() {
					watch.base, watch.peak = liveHeap(), 0
					seen := 0
					_, err := c.all(b.Context(), func(*wire.Organization) {
						if seen++; seen%wire.PageSize <= 1 {
							watch.measure()
						}
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(watch.peak, "peak-B")
				b.ReportMetric(watch.peak/page, "peak-pages")
				b.ReportMetric(page, "page-B")
			})
		}
	}
}

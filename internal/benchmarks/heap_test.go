package benchmarks_test

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"

	"example.com/cloudflare/internal/benchmarks/wire"
)

// liveHeap returns the number of bytes in use after a garbage collection. It includes buffers in pools.
func liveHeap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// heapWatch measures the live heap before each request. Its user may also call measure at other times.
type heapWatch struct {
	next       http.RoundTripper
	base, peak float64
	page       float64 // bytes of the largest response
}

func (w *heapWatch) measure() { w.peak = max(w.peak, liveHeap()-w.base) }

func (w *heapWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	w.measure()
	resp, err := w.next.RoundTrip(req)
	if err == nil {
		w.page = max(w.page, float64(resp.ContentLength))
	}
	return resp, err
}

// BenchmarkPeakHeap ranges over lists of different lengths. It measures the live heap before each request and at the
// first and last organization of each page. A list that keeps earlier pages would grow.
func BenchmarkPeakHeap(b *testing.B) {
	for _, name := range []string{"byhand", "cloudflare"} {
		for _, total := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, total), func(b *testing.B) {
				watch := &heapWatch{next: wire.NewRepeating(total)}
				c := contenders[name](inMemory, &http.Client{Transport: watch})
				if err := c.get(b.Context(), wire.Number(0).ID, nil); err != nil { // allocates what all calls share
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
				b.ReportMetric(watch.page, "page-B")
			})
		}
	}
}

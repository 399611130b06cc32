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
	page       float64 // bytes of the largest answer
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

// BenchmarkPeakHeap ranges over lists of different lengths, and measures the live heap before every request and at the
// first and the last organization of every page: a list that keeps what has been passed over would grow.
func BenchmarkPeakHeap(b *testing.B) {
	for _, name := range []string{"byhand", "cloudflare"} {
		for _, total := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, total), func(b *testing.B) {
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
				b.ReportMetric(watch.page, "page-B")
			})
		}
	}
}

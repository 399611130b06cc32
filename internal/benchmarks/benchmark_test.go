package benchmarks_test

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/cloudflare/internal/benchmarks/wire"
)

// listed is the number of organizations in the list of a benchmark.
const listed = 10_000

// api responds to every benchmark without a network.
var api = sync.OnceValue(func() *wire.API { return wire.New(listed) })

const inMemory = "https://api.example.com/client/v4"

// ids returns the IDs of the organizations that a benchmark gets, in turn.
func ids() []string {
	ids := make([]string, wire.Singles)
	for i := range ids {
		ids[i] = wire.Number(i).ID
	}
	return ids
}

// each runs a benchmark with every contender.
func each(b *testing.B, run func(b *testing.B, c contender)) {
	for _, name := range slices.Sorted(maps.Keys(contenders)) {
		b.Run(name, func(b *testing.B) {
			c := contenders[name](inMemory, &http.Client{Transport: api()})
			b.ReportAllocs()
			run(b, c)
		})
	}
}

func BenchmarkGet(b *testing.B) {
	each(b, func(b *testing.B, c contender) {
		ids := ids()
		for i := 0; b.Loop(); i++ {
			if err := c.get(b.Context(), ids[i%len(ids)], nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCreate(b *testing.B) {
	each(b, func(b *testing.B, c contender) {
		organization := wire.Number(0)
		for b.Loop() {
			if err := c.create(b.Context(), organization, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkAll ranges over a list of 10,000 organizations. It also reports the time for each organization, because a
// contender may see fewer of them.
func BenchmarkAll(b *testing.B) {
	each(b, func(b *testing.B, c contender) {
		total := 0
		for b.Loop() {
			seen, err := c.all(b.Context(), nil)
			if err != nil {
				b.Fatal(err)
			}
			total += seen
		}
		b.ReportMetric(float64(total)/float64(b.N), "organizations/op")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(total), "ns/organization")
	})
}

// BenchmarkLoopback gets organizations from 64 goroutines over the loopback interface. The server shares the
// processors.
func BenchmarkLoopback(b *testing.B) {
	server := api().Listen()
	defer server.Close()
	for _, name := range slices.Sorted(maps.Keys(contenders)) {
		b.Run(name, func(b *testing.B) {
			const goroutines = 64
			transport := &http.Transport{MaxIdleConnsPerHost: goroutines}
			defer transport.CloseIdleConnections()
			c := contenders[name](server.URL+"/client/v4", &http.Client{Transport: transport})
			ids, work := ids(), atomic.Int64{}
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() {
					for i := work.Add(1); i <= int64(b.N); i = work.Add(1) {
						if err := c.get(b.Context(), ids[i%int64(len(ids))], nil); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}

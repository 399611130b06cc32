package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMeasurementsRead(t *testing.T) {
	m := measurements{series: make(map[string]series)}
	for _, line := range []string{
		"BenchmarkAll/byhand-2   \t 14\t  76000000 ns/op\t 10000 organizations/op\t 29500628 B/op\t 246399 allocs/op",
		"BenchmarkAll/byhand-2   \t 14\t  78000000 ns/op\t 10000 organizations/op\t 29500628 B/op\t 246401 allocs/op",
		"BenchmarkPeakHeap/byhand/10000-2   \t 1\t 441185599 ns/op\t 75962 page-B\t 83808 peak-B",
	} {
		require.NoError(t, m.read("goos: linux\ncpu: AMD EPYC\n"+line+"\nPASS\n"))
	}
	assert.Equal(t, "AMD EPYC", m.cpu)
	all := m.of("All", byhand)
	assert.InDelta(t, 77e6, all.median("ns/op"), 0)
	assert.InDelta(t, 246400, all.median("allocs/op"), 0)
	assert.InDelta(t, 10000, all.median("organizations/op"), 0)
	assert.InDelta(t, 83808, m.of("PeakHeap", "byhand/10000").median("peak-B"), 0)
	assert.Zero(t, m.of("All", official).median("ns/op"), "a benchmark that did not run")

	require.Error(t, m.read("BenchmarkGet/bare-2 \t 1\t many ns/op"))
}

func TestDigits(t *testing.T) {
	for figure, want := range map[float64]string{0.714: "0.71", 7.126: "7.13", 35: "35", 18.55: "18.6", 246.4: "246", 17698.2: "17698"} {
		assert.Equal(t, want, digits(figure))
	}
}

func TestRenderOfPrograms(t *testing.T) {
	p := programs{
		ours:     {size: 7.12e6, build: 13, cpu: 20},
		byhand:   {size: 6.2e6, build: 12, cpu: 18},
		official: {size: 18.5e6, build: 100, cpu: 180},
	}
	assert.Equal(t, []string{"stripped program that lists", "7.12 MB", "6.2 MB: +0.92 MB", none, "18.5 MB: 0.38 ×"}, size(p))
	assert.Equal(t, []string{
		"its build with an empty cache", "13 s, 20 s of processor time", "12 s, 18 s of processor time: 1.08 ×", none,
		"100 s, 180 s of processor time: 0.13 ×",
	}, build(p))

	delete(p, official)
	assert.Equal(t, none, size(p)[4], "a program that was not built")
	assert.Equal(t, none, build(p)[4], "a program that was not built")
}

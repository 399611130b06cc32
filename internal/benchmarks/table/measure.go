package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The contenders, as the benchmarks name them.
const ours, byhand, bare, official = "cloudflare", "byhand", "bare", "official"

// series is what one benchmark measured in all rounds, by unit.
type series map[string][]float64

// median returns the median for a unit, or zero if it was not measured.
func (s series) median(unit string) float64 { return median(s[unit]) }

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// measurements are those of all benchmarks, by name: "Get/byhand".
type measurements struct {
	cpu    string
	series map[string]series
}

func (m measurements) of(benchmark, contender string) series {
	return m.series[benchmark+"/"+contender]
}

// tags are the build tags for what is measured.
func (s *session) tags() string {
	if s.official {
		return ""
	}
	return "noofficial"
}

// benchmarks runs every benchmark in rounds. In a round the contenders of a benchmark run one right after the other,
// each in a process of its own, and each round begins with another one: what else the machine does, and what order
// does, falls on all of them alike.
func (s *session) benchmarks(rounds int, duration string) (measurements, error) {
	m := measurements{series: make(map[string]series)}
	contenders := []string{ours, byhand, bare}
	if s.official {
		contenders = append(contenders, official)
	}
	binary := filepath.Join(s.dir, "benchmarks.test")
	log.Print("building the benchmarks")
	if _, err := s.command(nil, "go", "test", "-c", "-tags", s.tags(), "-o", binary, "."); err != nil {
		return m, err
	}
	run := func(pattern, duration string) error {
		out, err := s.command(nil, binary, "-test.run=^$", "-test.bench="+pattern, "-test.benchtime="+duration)
		if err != nil {
			return err
		}
		return m.read(out)
	}
	if _, err := s.command(nil, binary); err != nil { // a comparison of different things would be worth nothing
		return m, err
	}
	for round := range rounds {
		log.Printf("round %d of %d", round+1, rounds)
		for _, benchmark := range []string{"Get", "Create", "All", "Loopback"} {
			for i := range contenders {
				contender := contenders[(round+i)%len(contenders)]
				if err := run(fmt.Sprintf("^Benchmark%s$/^%s$", benchmark, contender), duration); err != nil {
					return m, err
				}
			}
		}
	}
	log.Print("measuring the heap")
	return m, run("^BenchmarkPeakHeap$", "1x")
}

// read takes the measurements out of what benchmarks printed.
func (m *measurements) read(out string) error {
	lines := bufio.NewScanner(strings.NewReader(out))
	for lines.Scan() {
		if cpu, ok := strings.CutPrefix(lines.Text(), "cpu: "); ok {
			m.cpu = cpu
		}
		name, ok := strings.CutPrefix(lines.Text(), "Benchmark")
		if !ok {
			continue
		}
		fields := strings.Fields(name)
		name = fields[0]
		if i := strings.LastIndexByte(name, '-'); i > 0 { // GOMAXPROCS, unless it is 1
			name = name[:i]
		}
		if m.series[name] == nil {
			m.series[name] = make(series)
		}
		for pair := range slices.Chunk(fields[2:], 2) {
			value, err := strconv.ParseFloat(pair[0], 64)
			if err != nil || len(pair) != 2 {
				return fmt.Errorf("cannot read %q", lines.Text())
			}
			m.series[name][pair[1]] = append(m.series[name][pair[1]], value)
		}
	}
	return lines.Err()
}

// programs are the sizes in bytes and the build times in seconds of the programs, by directory.
type programs map[string]struct{ size, build float64 }

// programs builds the programs, each time with a build cache of its own, which is empty. The official SDK is built
// once: it takes minutes.
func (s *session) programs() (programs, error) {
	// This downloads what is to be compiled, which is no part of a build.
	if _, err := s.command(nil, "go", "list", "-deps", "-tags", s.tags(), "./programs/..."); err != nil {
		return nil, err
	}
	const rounds = 3
	p := make(programs)
	seconds := make(map[string][]float64)
	build := func(name string) error {
		log.Printf("building programs/%s from nothing", name)
		cache, err := os.MkdirTemp(s.dir, "cache")
		if err != nil {
			return err
		}
		defer os.RemoveAll(cache)
		file := filepath.Join(s.dir, name)
		start := time.Now()
		if _, err := s.command([]string{"GOCACHE=" + cache}, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./programs/"+name); err != nil {
			return err
		}
		seconds[name] = append(seconds[name], time.Since(start).Seconds())
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		entry := p[name]
		entry.size, entry.build = float64(info.Size()), median(seconds[name])
		p[name] = entry
		return nil
	}
	for range rounds {
		for _, name := range []string{ours, byhand} {
			if err := build(name); err != nil {
				return nil, err
			}
		}
	}
	if !s.official {
		return p, nil
	}
	for _, name := range []string{"officialpackage", official} {
		if err := build(name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

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

// The names of the contenders in the benchmarks.
const ours, byhand, bare, official = "cloudflare", "byhand", "bare", "official"

// series holds the figures of one benchmark in all rounds, by unit.
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

// measurements holds the figures of all benchmarks, by name, for example "Get/byhand".
type measurements struct {
	cpu    string
	series map[string]series
}

func (m measurements) of(benchmark, contender string) series {
	return m.series[benchmark+"/"+contender]
}

// tags returns the build tags of what is measured.
func (s *session) tags() string {
	if s.official {
		return ""
	}
	return "noofficial"
}

// benchmarks runs every benchmark in rounds. In a round the contenders of a benchmark run one after the other, each in
// a process of its own. Each round begins with another contender. So the order and other load affect all of them alike.
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
	if _, err := s.command(nil, binary); err != nil { // the contenders must send and decode the same
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

// read reads the figures in the output of benchmarks.
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

// programs holds the sizes in bytes and the build times in seconds of the programs, by directory. The processor time
// shows whether other processes slowed a build down.
type programs map[string]struct{ size, build, cpu float64 }

// programs builds each program several times, each time with an empty build cache. It builds the official SDK once,
// because that takes minutes.
func (s *session) programs() (programs, error) {
	// Download the modules first, so that the build times do not include it.
	if _, err := s.command(nil, "go", "list", "-deps", "-tags", s.tags(), "./programs/..."); err != nil {
		return nil, err
	}
	const rounds = 3
	p := make(programs)
	seconds, cpuSeconds := make(map[string][]float64), make(map[string][]float64)
	build := func(name string) error {
		log.Printf("building programs/%s with an empty cache", name)
		cache, err := os.MkdirTemp(s.dir, "cache")
		if err != nil {
			return err
		}
		defer os.RemoveAll(cache)
		file := filepath.Join(s.dir, name)
		start := time.Now()
		_, cpu, err := s.timed([]string{"GOCACHE=" + cache}, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./programs/"+name)
		if err != nil {
			return err
		}
		cpuSeconds[name] = append(cpuSeconds[name], cpu)
		seconds[name] = append(seconds[name], time.Since(start).Seconds())
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		entry := p[name]
		entry.size, entry.build, entry.cpu = float64(info.Size()), median(seconds[name]), median(cpuSeconds[name])
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

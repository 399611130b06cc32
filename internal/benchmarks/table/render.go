package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// render writes the table.
func render(machine string, m measurements, p programs, rounds int) string {
	var t strings.Builder
	row := func(cells ...string) { t.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row("", "this module", "net/http + encoding/json", "net/http + json v2", "cloudflare-go v7.10.0")
	row("---", "---", "---", "---", "---")
	row(call("`Get`", "Get", m)...)
	row(call("`Create`", "Create", m)...)
	row(call("`All`, an organization of 10,000", "All", m)...)
	row(heap(m)...)
	row(rate(m)...)
	if p != nil {
		row(size(p)...)
		row(build(p)...)
	}
	fmt.Fprintf(&t, "\n%s; medians of %d rounds in which the contenders take turns. ", machine, rounds)
	t.WriteString("A factor in a middle column is this module's figure divided by the figure beside the factor. In the last " +
		"column it is how many times faster this module is, or this module's size or build time divided by the other one.\n")
	if pkg, ok := p["officialpackage"]; ok {
		fmt.Fprintf(&t, "A program that uses the organizations package of cloudflare-go without its client has %s MB and takes %s s to build with an empty cache.\n",
			digits(pkg.size/1e6), digits(pkg.build))
	}
	return t.String()
}

const none = "–"

// call returns the row of one kind of call. The figures of a list are for each organization.
func call(title, benchmark string, m measurements) []string {
	type figures struct{ time, allocs, seen float64 }
	of := func(contender string) figures {
		s := m.of(benchmark, contender)
		f := figures{s.median("ns/op"), s.median("allocs/op"), s.median("organizations/op")}
		if f.seen > 0 {
			f.time, f.allocs = f.time/f.seen, f.allocs/f.seen
		}
		return f
	}
	cell := func(f figures) string {
		text := fmt.Sprintf("%s µs, %s allocations", digits(f.time/1e3), digits(f.allocs))
		if f.seen > 0 {
			text += fmt.Sprintf(", %.0f seen", f.seen)
		}
		return text
	}
	here, hand, loop := of(ours), of(byhand), of(bare)
	cells := []string{title, cell(here)}

	cells = append(cells,
		cell(hand)+": "+factor(here.time/hand.time)+", allocations "+factor(here.allocs/hand.allocs),
		cell(loop)+": "+factor(here.time/loop.time)+", allocations "+factor(here.allocs/loop.allocs))

	sdk := of(official)
	if sdk.time == 0 {
		return append(cells, none)
	}
	return append(cells, cell(sdk)+": "+factor(sdk.time/here.time))
}

// heap returns the row of the memory of a list: how many pages of JSON it takes, and how much each page leaves behind.
func heap(m measurements) []string {
	const short, long, perPage = 10_000, 100_000, 100
	cells := []string{"peak heap while ranging over 10,000 and 100,000"}
	for _, contender := range []string{ours, byhand} {
		peaks := make(map[int]float64)
		for _, organizations := range []int{short, long} {
			peaks[organizations] = m.of("PeakHeap", fmt.Sprintf("%s/%d", contender, organizations)).median("peak-B")
		}
		left := (peaks[long] - peaks[short]) / ((long - short) / perPage)
		pages := (peaks[short] - left*short/perPage) / m.of("PeakHeap", fmt.Sprintf("%s/%d", contender, short)).median("page-B")
		text := fmt.Sprintf("%.0f and %.0f kB", peaks[short]/1e3, peaks[long]/1e3)
		if contender == ours {
			text += fmt.Sprintf(": %s pages of JSON, and %.0f bytes a page", digits(pages), left)
		}
		cells = append(cells, text)
	}
	return append(cells, none, none)
}

func rate(m measurements) []string {
	of := func(contender string) float64 { return m.of("Loopback", contender).median("requests/s") }
	cell := func(contender string) string {
		if of(contender) == 0 {
			return none
		}
		return fmt.Sprintf("%.0f: %s", of(contender), factor(of(ours)/of(contender)))
	}
	return []string{"requests a second, 64 goroutines over loopback", fmt.Sprintf("%.0f", of(ours)),
		cell(byhand), cell(bare), cell(official)}
}

func size(p programs) []string {
	more := (p[ours].size - p[byhand].size) / 1e6
	cells := []string{"stripped program that lists", digits(p[ours].size/1e6) + " MB",
		fmt.Sprintf("%s MB: %+.2f MB", digits(p[byhand].size/1e6), more), none}
	if p[official].size == 0 {
		return append(cells, none)
	}
	ratio := p[ours].size / p[official].size
	return append(cells, fmt.Sprintf("%s MB: %s", digits(p[official].size/1e6), factor(ratio)))
}

func build(p programs) []string {
	times := func(name string) string {
		return fmt.Sprintf("%s s, %s s of processor time", digits(p[name].build), digits(p[name].cpu))
	}
	cell := func(name string) string {
		if p[name].build == 0 {
			return none
		}
		return times(name) + ": " + factor(p[ours].build/p[name].build)
	}
	return []string{"its build with an empty cache", times(ours), cell(byhand), none, cell(official)}
}

func factor(ratio float64) string { return strconv.FormatFloat(ratio, 'f', 2, 64) + " ×" }

// digits formats a figure with three significant digits and without an exponent.
func digits(figure float64) string {
	decimals := 0
	for limit := 100.0; decimals < 2 && math.Abs(figure) < limit; limit /= 10 {
		decimals++
	}
	text := strconv.FormatFloat(figure, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

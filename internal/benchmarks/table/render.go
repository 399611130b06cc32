package main

import (
	"fmt"
	"go/version"
	"math"
	"strconv"
	"strings"
)

// bar is an upper or lower limit for a figure. The zero bar is no limit.
type bar struct {
	limit float64
	least bool
}

func atMost(limit float64) bar  { return bar{limit, false} }
func atLeast(limit float64) bar { return bar{limit, true} }

// note describes the bar and whether the figure misses it. It returns an empty string for the zero bar.
func (b bar) note(figure float64) string {
	sign, missed := "≤", figure > b.limit
	if b.least {
		sign, missed = "≥", figure < b.limit
	}
	switch {
	case b.limit == 0:
		return ""
	case missed:
		return fmt.Sprintf(" (%s %v: **missed**)", sign, b.limit)
	}
	return fmt.Sprintf(" (%s %v)", sign, b.limit)
}

// callBars holds the bars of one kind of call.
type callBars struct {
	allocs      bar // the number of allocations
	time        bar // the time divided by that of byhand
	fewerAllocs bar // the allocations divided by those of byhand
	bareTime    bar // the time divided by that of bare
	faster      bar // the time of the official SDK divided by ours
}

// bars holds the bars of the whole table.
type bars struct {
	get, create, all           callBars
	rate, officialRate         bar
	moreMB, officialSize       bar
	build, officialBuild       bar
	heapPages, heapBytesOfPage bar
}

// barsFor returns the bars for a Go release. Since Go 1.27 encoding/json uses the code that the JSON library of package
// cloudflare mirrors, so there is less to gain.
func barsFor(goVersion string) bars {
	heapPages, heapBytesOfPage := atMost(2), atMost(40) // bytes of a map entry after the map has grown
	if version.Compare(goVersion, "go1.27") >= 0 {
		call := callBars{fewerAllocs: atMost(1), bareTime: atMost(1.2)}
		return bars{get: call, create: call, all: call, moreMB: atMost(0.35), heapPages: heapPages, heapBytesOfPage: heapBytesOfPage}
	}
	return bars{
		get:             callBars{allocs: atMost(40), time: atMost(0.65), faster: atLeast(5)},
		create:          callBars{time: atMost(0.8), faster: atLeast(4)},
		all:             callBars{time: atMost(0.5), fewerAllocs: atMost(0.5), faster: atLeast(5)},
		rate:            atLeast(0.95),
		officialRate:    atLeast(1.5),
		moreMB:          atMost(0.9),
		officialSize:    atMost(0.45),
		build:           atMost(1.3),
		officialBuild:   atMost(0.25),
		heapPages:       heapPages,
		heapBytesOfPage: heapBytesOfPage,
	}
}

// render writes the table.
func render(machine string, b bars, m measurements, p programs, rounds int) string {
	var t strings.Builder
	row := func(cells ...string) { t.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row("", "this module", "net/http + encoding/json", "net/http + json v2", "cloudflare-go v7.9.0")
	row("---", "---", "---", "---", "---")
	row(call("`Get`", "Get", b.get, m)...)
	row(call("`Create`", "Create", b.create, m)...)
	row(call("`All`, an organization of 10,000", "All", b.all, m)...)
	row(heap(b, m)...)
	row(rate(b, m)...)
	if p != nil {
		row(size(b, p)...)
		row(build(b, p)...)
	}
	fmt.Fprintf(&t, "\n%s; medians of %d rounds in which the contenders take turns. ", machine, rounds)
	t.WriteString("A factor in a middle column is this module's figure divided by the figure beside the factor. In the last " +
		"column it is how many times faster this module is, or this module's size or build time divided by the other one. " +
		"The limits are in brackets.\n")
	if pkg, ok := p["officialpackage"]; ok {
		fmt.Fprintf(&t, "A program that uses the organizations package of cloudflare-go without its client has %s MB and takes %s s to build with an empty cache.\n",
			digits(pkg.size/1e6), digits(pkg.build))
	}
	return t.String()
}

const none = "–"

// call returns the row of one kind of call. The figures of a list are for each organization.
func call(title, benchmark string, b callBars, m measurements) []string {
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
	cells := []string{title, cell(here) + b.allocs.note(here.allocs)}

	text := cell(hand) + ": " + factor(here.time/hand.time) + b.time.note(here.time/hand.time)
	if ratio := here.allocs / hand.allocs; b.fewerAllocs != (bar{}) {
		text += ", allocations " + factor(ratio) + b.fewerAllocs.note(ratio)
	}
	cells = append(cells, text, cell(loop)+": "+factor(here.time/loop.time)+b.bareTime.note(here.time/loop.time))

	sdk := of(official)
	if sdk.time == 0 {
		return append(cells, none)
	}
	return append(cells, cell(sdk)+": "+factor(sdk.time/here.time)+b.faster.note(sdk.time/here.time))
}

// heap returns the row of the memory of a list: how many pages of JSON it takes, and how much each page leaves behind.
func heap(b bars, m measurements) []string {
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
			text += fmt.Sprintf(": %s pages of JSON%s, and %.0f bytes a page%s",
				digits(pages), b.heapPages.note(pages), left, b.heapBytesOfPage.note(left))
		}
		cells = append(cells, text)
	}
	return append(cells, none, none)
}

func rate(b bars, m measurements) []string {
	of := func(contender string) float64 { return m.of("Loopback", contender).median("requests/s") }
	cell := func(contender string, b bar) string {
		if of(contender) == 0 {
			return none
		}
		ratio := of(ours) / of(contender)
		return fmt.Sprintf("%.0f: %s%s", of(contender), factor(ratio), b.note(ratio))
	}
	return []string{"requests a second, 64 goroutines over loopback", fmt.Sprintf("%.0f", of(ours)),
		cell(byhand, b.rate), cell(bare, bar{}), cell(official, b.officialRate)}
}

func size(b bars, p programs) []string {
	more := (p[ours].size - p[byhand].size) / 1e6
	cells := []string{"stripped program that lists", digits(p[ours].size/1e6) + " MB",
		fmt.Sprintf("%s MB: %+.2f MB%s", digits(p[byhand].size/1e6), more, b.moreMB.note(more)), none}
	if p[official].size == 0 {
		return append(cells, none)
	}
	ratio := p[ours].size / p[official].size
	return append(cells, fmt.Sprintf("%s MB: %s%s", digits(p[official].size/1e6), factor(ratio), b.officialSize.note(ratio)))
}

func build(b bars, p programs) []string {
	times := func(name string) string {
		return fmt.Sprintf("%s s, %s s of processor time", digits(p[name].build), digits(p[name].cpu))
	}
	cell := func(name string, b bar) string {
		if p[name].build == 0 {
			return none
		}
		ratio := p[ours].build / p[name].build
		return times(name) + ": " + factor(ratio) + b.note(ratio)
	}
	return []string{"its build with an empty cache", times(ours), cell(byhand, b.build), none, cell(official, b.officialBuild)}
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

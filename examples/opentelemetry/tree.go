package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// tree is an exporter that collects spans. Shutdown draws a tree for each trace.
type tree struct {
	out   io.Writer
	spans []sdktrace.ReadOnlySpan
}

// ExportSpans needs no lock, because exporters are not called concurrently.
func (t *tree) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	t.spans = append(t.spans, spans...)
	return nil
}

func (t *tree) Shutdown(context.Context) error {
	children := map[trace.SpanID][]sdktrace.ReadOnlySpan{}
	slices.SortFunc(t.spans, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	for _, span := range t.spans {
		children[span.Parent().SpanID()] = append(children[span.Parent().SpanID()], span)
	}
	for _, root := range children[trace.SpanID{}] {
		rows := rows(root, children, "", "")
		width := 0
		for _, row := range rows {
			width = max(width, utf8.RuneCountInString(row.label))
		}
		fmt.Fprintf(t.out, "trace %s\n\n", root.SpanContext().TraceID())
		for _, row := range rows {
			line := fmt.Sprintf("%-*s  %8s  %s  %s", width, row.label, length(row.span), bar(row.span, root), outcome(row.span))
			if _, err := fmt.Fprintln(t.out, strings.TrimRight(line, " ")); err != nil {
				return err
			}
		}
	}
	return nil
}

type row struct {
	label string
	span  sdktrace.ReadOnlySpan
}

// rows returns a row for span and for each span below it, from top to bottom.
func rows(span sdktrace.ReadOnlySpan, children map[trace.SpanID][]sdktrace.ReadOnlySpan, first, rest string) []row {
	all := []row{{first + label(span), span}}
	below := children[span.SpanContext().SpanID()]
	for i, child := range below {
		branch, trunk := "├─ ", "│  "
		if i == len(below)-1 {
			branch, trunk = "└─ ", "   "
		}
		all = append(all, rows(child, children, rest+branch, rest+trunk)...)
	}
	return all
}

// label returns the name of a span, with its parent organization and its attempt.
func label(span sdktrace.ReadOnlySpan) string {
	label := span.Name()
	if parent := value(span, "parent").AsString(); parent != "" {
		label += " below " + short(parent)
	}
	if resends := value(span, "http.request.resend_count").AsInt64(); resends > 0 {
		label += fmt.Sprintf(" (attempt %d)", resends+1)
	}
	return label
}

// short returns the end of an ID.
func short(id string) string {
	const most = 8
	if runes := []rune(id); len(runes) > most {
		return "…" + string(runes[len(runes)-most:])
	}
	return id
}

func outcome(span sdktrace.ReadOnlySpan) string {
	var parts []string
	if status := value(span, "http.response.status_code").AsInt64(); status != 0 {
		parts = append(parts, fmt.Sprint(status))
	}
	if found := value(span, "organizations"); found.Type() == attribute.INT64 {
		parts = append(parts, fmt.Sprint(found.AsInt64(), " found"))
	}
	if span.Status().Code == codes.Error {
		parts = append(parts, span.Status().Description)
		if ray := value(span, "http.response.header.cf-ray").AsStringSlice(); len(ray) > 0 {
			parts = append(parts, "ray "+ray[0])
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

func value(span sdktrace.ReadOnlySpan, key attribute.Key) attribute.Value {
	for _, attr := range span.Attributes() {
		if attr.Key == key {
			return attr.Value
		}
	}
	return attribute.Value{}
}

func length(span sdktrace.ReadOnlySpan) string {
	return fmt.Sprintf("%.1f ms", float64(span.EndTime().Sub(span.StartTime()))/float64(time.Millisecond))
}

// bar draws the time of a span within the time of root.
func bar(span, root sdktrace.ReadOnlySpan) string {
	const width = 40
	total := max(1, root.EndTime().Sub(root.StartTime()))
	column := func(t time.Time) float64 { return width * float64(t.Sub(root.StartTime())) / float64(total) }
	from := min(int(column(span.StartTime())), width-1)
	to := min(max(int(math.Ceil(column(span.EndTime()))), from+1), width)
	return strings.Repeat("·", from) + strings.Repeat("█", to-from) + strings.Repeat("·", width-to)
}

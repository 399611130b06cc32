package output

import (
	"bytes"
	"io"
)

// Printer prints the rows of a list. It prints nothing before the first row. Without Close, the output is not complete.
type Printer[Row any] interface {
	Print(Row) error // at once, unless the format needs all rows
	Close() error
}

// Format returns a Printer that writes to w.
type Format[Row any] func(w io.Writer) Printer[Row]

// All prints the rows of a list, and nothing after them.
func All[Row any](p Printer[Row], rows []Row) error {
	for _, row := range rows {
		if err := p.Print(row); err != nil {
			return err
		}
	}
	return p.Close()
}

// AsJSON prints a JSON array with one element on each line. It escapes what a terminal acts on or does not show.
func AsJSON[Row any](w io.Writer) Printer[Row] { return &jsonPrinter[Row]{w: w, before: "[\n"} }

type jsonPrinter[Row any] struct {
	w      io.Writer
	before string // the next element
}

func (p *jsonPrinter[Row]) Print(row Row) error {
	element := bytes.NewBufferString(p.before)
	if err := JSONLine(element, row); err != nil {
		return err
	}
	p.before = ",\n"
	_, err := p.w.Write(bytes.TrimSuffix(element.Bytes(), []byte("\n")))
	return err
}

func (p *jsonPrinter[Row]) Close() error {
	end := "\n]\n"
	if p.before == "[\n" {
		end = "[]\n"
	}
	_, err := io.WriteString(p.w, end)
	return err
}

// AsCSV prints a header, and what cells returns for each row: one row of CSV or more.
func AsCSV[Row any](header []string, cells func(Row) [][]string) Format[Row] {
	return func(w io.Writer) Printer[Row] { return &csvPrinter[Row]{w, [][]string{header}, cells} }
}

type csvPrinter[Row any] struct {
	w      io.Writer
	header [][]string // unless it was printed
	cells  func(Row) [][]string
}

func (p *csvPrinter[Row]) Print(row Row) error {
	rows := append(p.header, p.cells(row)...)
	p.header = nil
	return CSV(p.w, rows)
}

func (p *csvPrinter[Row]) Close() error { return CSV(p.w, p.header) }

// AtEnd prints all rows with print once there are no more.
func AtEnd[Row any](print func(io.Writer, []Row) error) Format[Row] {
	return func(w io.Writer) Printer[Row] { return &endPrinter[Row]{w: w, print: print} }
}

type endPrinter[Row any] struct {
	w     io.Writer
	rows  []Row
	print func(io.Writer, []Row) error
}

func (p *endPrinter[Row]) Print(row Row) error {
	p.rows = append(p.rows, row)
	return nil
}

func (p *endPrinter[Row]) Close() error { return p.print(p.w, p.rows) }

package profiles

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/fields"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

const idColumn = "organization_id"

// row is a row of the file.
type row struct {
	line  int
	id    string // of the organization
	edits fields.Edits
	wrong error // why nothing may be done with it
}

// readRows reads the file. A row that is wrong is one of the rows. An error is about the whole file.
func readRows(r io.Reader) ([]*row, error) {
	text := bufio.NewReader(r)
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" { // which spreadsheets put before UTF-8
		text.Discard(len(mark))
	}
	file := csv.NewReader(text)
	file.FieldsPerRecord = -1 // counted below, row by row
	header, err := file.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first row must name the columns")
	} else if err != nil {
		return nil, err
	}
	columns, err := readHeader(header)
	if err != nil {
		return nil, err
	}

	var rows []*row
	of := map[string]*row{} // the first row of each organization
	for {
		record, err := file.Read()
		broken, isBroken := errors.AsType[*csv.ParseError](err)
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case isBroken: // the reader goes on after it
			rows = append(rows, &row{line: broken.StartLine, wrong: brokenRow(broken)})
			continue
		case err != nil:
			return nil, err
		}
		r := newRow(columns, record)
		r.line, _ = file.FieldPos(0)
		rows = append(rows, r)
		if r.wrong != nil {
			continue
		}
		if first := of[r.id]; first != nil { // which of them is meant?
			r.wrong = fmt.Errorf("line %d is about the same organization", first.line)
			first.wrong = fmt.Errorf("line %d is about the same organization", r.line)
			continue
		}
		of[r.id] = r
	}
}

// readHeader returns the field of each column. The column of the ID has none.
func readHeader(header []string) ([]fields.Field, error) {
	for separator, name := range map[string]string{";": "semicolons", "\t": "tabs", "|": "vertical bars"} {
		if len(header) == 1 && strings.Contains(header[0], separator) {
			return nil, fmt.Errorf("the columns must be separated by commas, not by %s: save the file as CSV with commas", name)
		}
	}
	columns := make([]fields.Field, len(header))
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return nil, fmt.Errorf("two columns are named %q", name)
		}
		if name == idColumn {
			continue
		}
		var err error
		if columns[i], err = fields.Named(name); err != nil {
			return nil, fmt.Errorf("column %d: %w, %s", i+1, err, idColumn)
		}
	}
	if !slices.Contains(header, idColumn) {
		return nil, fmt.Errorf("no column is named %s", idColumn)
	}
	if len(columns) == 1 {
		return nil, fmt.Errorf("no column is named %s", fields.Names())
	}
	return columns, nil
}

func newRow(columns []fields.Field, record []string) *row {
	r := new(row)
	for i, text := range record {
		switch {
		case i >= len(columns):
		case columns[i].In == nil:
			r.id = text
		default:
			r.edits = append(r.edits, fields.Edit{Field: columns[i], Value: text})
		}
		if !utf8.ValidString(text) {
			r.wrong = errors.New("it is not UTF-8")
		}
	}
	switch {
	case len(record) != len(columns):
		r.wrong = fmt.Errorf("it has %s, not %d", output.Count(len(record), "column"), len(columns))
	case r.id == "":
		r.wrong = errors.New("the " + idColumn + " is empty")
	case !cli.IsID(r.id):
		r.wrong = errors.New("the " + idColumn + " must be 32 digits 0 to 9, a to f")
	}
	return r
}

// brokenRow names the lines of a row that cannot be read: an open quote may take many.
func brokenRow(e *csv.ParseError) error {
	if e.Line > e.StartLine {
		return fmt.Errorf("lines %d to %d cannot be read: %w", e.StartLine, e.Line, e.Err)
	}
	return e.Err
}

package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/cloudflare"
)

const idColumn = "organization_id"

// field is a field of a profile, and a column of the file.
type field struct {
	name string
	in   func(*cloudflare.OrganizationProfile) *string
}

var fields = []field{
	{"business_name", func(p *cloudflare.OrganizationProfile) *string { return &p.BusinessName }},
	{"business_email", func(p *cloudflare.OrganizationProfile) *string { return &p.BusinessEmail }},
	{"business_phone", func(p *cloudflare.OrganizationProfile) *string { return &p.BusinessPhone }},
	{"business_address", func(p *cloudflare.OrganizationProfile) *string { return &p.BusinessAddress }},
	{"external_metadata", func(p *cloudflare.OrganizationProfile) *string { return &p.ExternalMetadata }},
}

// row is a row of the file.
type row struct {
	line  int
	id    string // of the organization
	cells []cell
	wrong error // why nothing may be done with it
}

// cell is what a field is to become.
type cell struct {
	field
	text string
}

// readRows reads the file. A row that is wrong is one of the rows; an error concerns the whole file.
func readRows(r io.Reader) ([]*row, error) {
	text := bufio.NewReader(r)
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" { // which spreadsheets put before UTF-8
		text.Discard(len(mark))
	}
	file := csv.NewReader(text)
	file.FieldsPerRecord = -1 // counted below, row by row
	header, err := file.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty: its first row has to name the columns")
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
		case isBroken: // the reader goes on behind it
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

// readHeader returns the field of each column; the one of the ID has none.
func readHeader(header []string) ([]field, error) {
	columns := make([]field, len(header))
	for i, name := range header {
		known := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		switch {
		case slices.Contains(header[:i], name):
			return nil, fmt.Errorf("two columns are named %q", name)
		case known >= 0:
			columns[i] = fields[known]
		case name != idColumn:
			return nil, fmt.Errorf("the column %q is none of %s, %s", name, idColumn, fieldNames())
		}
	}
	if !slices.Contains(header, idColumn) {
		return nil, fmt.Errorf("no column is named %s", idColumn)
	}
	if len(columns) == 1 {
		return nil, fmt.Errorf("no column is named %s", fieldNames())
	}
	return columns, nil
}

func newRow(columns []field, record []string) *row {
	r := new(row)
	for i, text := range record {
		switch {
		case i >= len(columns):
		case columns[i].in == nil:
			r.id = text
		default:
			r.cells = append(r.cells, cell{columns[i], text})
		}
		if !utf8.ValidString(text) {
			r.wrong = errors.New("it is not UTF-8")
		}
	}
	switch {
	case len(record) != len(columns):
		r.wrong = fmt.Errorf("it has %d columns, not %d", len(record), len(columns))
	case r.id == "":
		r.wrong = errors.New("the " + idColumn + " is empty")
	case len(r.id) != 32 || strings.Trim(r.id, "0123456789abcdef") != "":
		r.wrong = errors.New("the " + idColumn + " is not 32 digits 0 to 9, a to f")
	}
	return r
}

// brokenRow says which lines a row took that cannot be read: a quote that is not closed may take many.
func brokenRow(e *csv.ParseError) error {
	if e.Line > e.StartLine {
		return fmt.Errorf("lines %d to %d cannot be read: %w", e.StartLine, e.Line, e.Err)
	}
	return e.Err
}

func fieldNames() string {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	columnID     = "organization_id"
	columnName   = "name"
	columnParent = "parent_id"
)

var (
	profileColumns = []string{"business_name", "business_email", "business_phone", "business_address", "external_metadata"}

	organizationID = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// maxProblems is how many problems of a file are reported.
const maxProblems = 20

// readRows reads a CSV file and returns a payload for each of its rows. The error lists what is wrong in the file, by
// line. A file with a row that is not valid is not used at all.
func readRows(r io.Reader) ([]payload, error) {
	text := bufio.NewReader(r)
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" { // spreadsheets put it before UTF-8
		_, _ = text.Discard(len(mark))
	}
	file := csv.NewReader(text)
	header, err := file.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty: its first row must name the columns")
	case err != nil:
		return nil, err
	}
	if err := checkHeader(header); err != nil {
		return nil, err
	}
	var rows []payload
	var problems []error
	lines := map[string]int{} // of the first row about each organization
	for {
		record, err := file.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := file.FieldPos(0)
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			if problems = append(problems, wrong); errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			break // where the next row begins is not certain
		}
		if err != nil {
			return nil, err
		}
		p, err := newPayload(header, record)
		first, double := lines[p.taskID(kindProfile)]
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("line %d: %w", line, err))
		case double:
			problems = append(problems, fmt.Errorf("line %d: line %d is about the same organization", line, first))
		default:
			lines[p.taskID(kindProfile)] = line
			rows = append(rows, p)
		}
	}
	switch n := len(problems); {
	case n > maxProblems:
		problems = append(problems[:maxProblems], fmt.Errorf("and %d more lines", n-maxProblems))
	case n == 0 && len(rows) == 0:
		return nil, errors.New("the file has no rows below the names of the columns")
	}
	return rows, errors.Join(problems...)
}

func checkHeader(header []string) error {
	known := append([]string{columnID, columnName, columnParent}, profileColumns...)
	for i, column := range header {
		switch {
		case !slices.Contains(known, column):
			return fmt.Errorf("column %d: %q must be one of %s", i+1, column, strings.Join(known, ", "))
		case slices.Contains(header[:i], column):
			return fmt.Errorf("two columns are named %s", column)
		}
	}
	has := func(column string) bool { return slices.Contains(header, column) }
	switch {
	case !has(columnID) && !has(columnName):
		return fmt.Errorf("a column must be named %s or %s", columnID, columnName)
	case !slices.ContainsFunc(profileColumns, has):
		return fmt.Errorf("a column must be named %s", strings.Join(profileColumns, ", "))
	}
	return nil
}

func newPayload(header, record []string) (payload, error) {
	var p payload
	profile := map[string]string{}
	for i, value := range record {
		if !utf8.ValidString(value) {
			return p, fmt.Errorf("%s is not UTF-8", header[i])
		}
		switch header[i] {
		case columnID:
			p.OrganizationID = value
		case columnName:
			p.Name = value
		case columnParent:
			p.ParentID = value
		default:
			profile[header[i]] = value
		}
	}
	switch {
	case p.OrganizationID == "" && p.Name == "":
		return p, fmt.Errorf("%s and %s are both empty", columnID, columnName)
	case p.OrganizationID != "" && (p.Name != "" || p.ParentID != ""):
		return p, fmt.Errorf("%s cannot be combined with %s and %s", columnID, columnName, columnParent)
	case p.OrganizationID != "" && !organizationID.MatchString(p.OrganizationID):
		return p, fmt.Errorf("%s must be 32 digits 0 to 9, a to f", columnID)
	case p.ParentID != "" && !organizationID.MatchString(p.ParentID):
		return p, fmt.Errorf("%s must be 32 digits 0 to 9, a to f", columnParent)
	case strings.TrimSpace(p.Name) != p.Name:
		return p, fmt.Errorf("%s has white space around it", columnName)
	}
	var err error
	p.Profile, err = json.Marshal(profile)
	return p, err
}

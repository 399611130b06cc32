package profiles

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"example.com/cloudflare/cmd/cforg/internal/fields"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

// outcome is what became of a row.
type outcome int

const (
	unchanged outcome = iota
	wouldChange
	changed
	refused
	failed
	unknown
	notDone
)

var outcomes = [...]string{"unchanged", "would change", "changed", "refused", "failed", "unknown", "not done"}

func (o outcome) String() string { return outcomes[o] }

// result is a row and what became of it.
type result struct {
	row     *row
	outcome outcome
	changes []fields.Change // also of a write without a response
	err     error
}

func (r result) String() string {
	cells := r.cells()[0]
	details := slices.DeleteFunc(cells[3:], func(detail string) bool { return detail == "" })
	line := fmt.Sprintf("line %-4d  %-12s  %-32s  %s", r.row.line, r.outcome, output.Text(r.row.id), output.Text(strings.Join(details, ", ")))
	return strings.TrimRight(line, " ")
}

// MarshalJSON returns what String does, in parts.
func (r result) MarshalJSON() ([]byte, error) {
	line := struct {
		Line           int             `json:"line"`
		OrganizationID string          `json:"organization_id"`
		Outcome        string          `json:"outcome"`
		Changes        []fields.Change `json:"changes,omitempty"`
		Error          string          `json:"error,omitempty"`
	}{r.row.line, r.row.id, r.outcome.String(), r.changes, ""}
	if r.err != nil {
		line.Error = r.err.Error()
	}
	return json.Marshal(line)
}

// lines prints a line for each result, as it comes.
type lines struct{ w io.Writer }

func (l lines) Print(r result) error {
	_, err := fmt.Fprintln(l.w, r)
	return err
}

func (l lines) Close() error { return nil }

var formats = map[string]output.Format[result]{
	"table": func(w io.Writer) output.Printer[result] { return lines{w} },
	"json":  output.AsJSON[result], "csv": output.AsCSV([]string{"line", "organization_id", "outcome", "changes", "error"}, result.cells),
}

func (r result) cells() [][]string {
	var changes []string
	for _, change := range r.changes {
		changes = append(changes, change.String())
	}
	problem := ""
	if r.err != nil {
		problem = r.err.Error()
	}
	return [][]string{{strconv.Itoa(r.row.line), r.row.id, r.outcome.String(), strings.Join(changes, ", "), problem}}
}

// tally is the number of rows with each outcome.
type tally map[outcome]int

func (t tally) String() string {
	total, parts := 0, []string{}
	for o, name := range outcomes {
		if n := t[outcome(o)]; n > 0 {
			total += n
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	return strings.TrimSuffix(output.Count(total, "row")+": "+strings.Join(parts, ", "), ": ")
}

package profiles

import (
	"encoding/json"
	"fmt"
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
	var details []string
	for _, change := range r.changes {
		details = append(details, change.String())
	}
	if r.err != nil {
		details = append(details, r.err.Error())
	}
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

package members

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

// The problems, by their names in the output.
const noTwoFactor, twoFactorUnknown, notActive, outside = "no two-factor", "two-factor unknown", "not active", "outside domain"

// problemsOf returns what is wrong with a member, or nil.
func problemsOf(m *cloudflare.OrganizationMember, domains []string) (problems []string) {
	if enabled, known := m.User.TwoFactorAuthenticationEnabled.Get(); !known {
		problems = append(problems, twoFactorUnknown)
	} else if !enabled {
		problems = append(problems, noTwoFactor)
	}
	if m.Status != cloudflare.MemberStatusActive {
		problems = append(problems, notActive)
	}
	domain := m.User.Email[strings.LastIndex(m.User.Email, "@")+1:]
	if domains != nil && !slices.ContainsFunc(domains, func(own string) bool { return cli.Fold(own) == cli.Fold(domain) }) {
		problems = append(problems, outside)
	}
	return problems
}

// finding is a membership with problems.
type finding struct {
	UserID         string                  `json:"user_id"`
	Email          string                  `json:"email"`
	Name           string                  `json:"name"`
	TwoFactor      *bool                   `json:"two_factor"` // null: unknown
	Status         cloudflare.MemberStatus `json:"status"`
	OrganizationID string                  `json:"organization_id"`
	Organization   string                  `json:"organization"` // the names from the top of the hierarchy
	Problems       []string                `json:"problems"`
}

func newFinding(n *hierarchy.Node, m *cloudflare.OrganizationMember, problems []string) finding {
	f := finding{
		UserID: m.User.ID, Email: m.User.Email, Name: m.User.Name, Status: m.Status,
		OrganizationID: n.ID, Organization: n.PathName(), Problems: problems,
	}
	if enabled, known := m.User.TwoFactorAuthenticationEnabled.Get(); known {
		f.TwoFactor = &enabled
	}
	return f
}

// person tells people apart: by the ID of the user, or without one by the email address.
func (f finding) person() string { return cli.Fold(cmp.Or(f.UserID, f.Email)) }

func (f finding) twoFactor() string {
	if f.TwoFactor == nil {
		return "unknown"
	}
	return map[bool]string{true: "yes", false: "no"}[*f.TwoFactor]
}

// byPerson sorts findings by person, and leaves the organizations of a person in their order.
func byPerson(findings []finding) {
	slices.SortStableFunc(findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Email), strings.ToLower(b.Email)), cmp.Compare(a.person(), b.person()))
	})
}

func summary(findings []finding) string {
	people, problems := make(map[string]bool), make(map[string]int)
	for _, f := range findings {
		people[f.person()] = true
		for _, problem := range f.Problems {
			problems[problem]++
		}
	}
	text := output.Count(len(people), "person")
	for _, problem := range slices.Sorted(maps.Keys(problems)) {
		text += fmt.Sprintf(", %d × %s", problems[problem], problem)
	}
	return text
}

func printTable(w io.Writer, findings []finding) error {
	if len(findings) == 0 {
		_, err := fmt.Fprintln(w, "nothing found")
		return err
	}
	var rows [][]string
	person := ""
	for _, f := range findings {
		// The status itself says more than that it is not active.
		problems := strings.Replace(strings.Join(f.Problems, ", "), notActive, cmp.Or(string(f.Status), notActive), 1)
		row := []string{f.Email, f.Name, problems, f.Organization}
		if f.person() == person {
			row[0], row[1] = "", ""
		}
		rows, person = append(rows, row), f.person()
	}
	if err := output.Table(w, []string{"EMAIL", "NAME", "PROBLEMS", "ORGANIZATION"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", summary(findings))
	return err
}

var columns = []string{"user_id", "email", "name", "two_factor", "status", "organization_id", "organization", "problems"}

func (f finding) cells() [][]string {
	return [][]string{{
		f.UserID, f.Email, f.Name, f.twoFactor(), string(f.Status), f.OrganizationID, f.Organization, strings.Join(f.Problems, ", "),
	}}
}

// Audit-members shows the members of all organizations who sign in without a second factor, whose membership is not
// active, or whose e-mail address is not of one's own domain.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"example.com/cloudflare"
	"example.com/cloudflare/examples/internal/demo"
	"example.com/cloudflare/examples/internal/hierarchy"
	"example.com/cloudflare/examples/internal/output"
)

const usage = `[-domain DOMAIN]... [-format table|csv|json] [-exit-code]

Shows, person by person, the members of all organizations

  - who sign in without two-factor authentication, or of whom the API does not say whether they do ("unknown"),
  - whose membership is not active,
  - whose e-mail address is not of one of the domains; a subdomain is another domain.

Findings are no error, unless -exit-code asks for an exit code of 3. If the members of an organization cannot be read,
the rest is shown and the exit code is 1: there may be more.

On the embedded server, the domain is ` + demo.Domain + ` unless told otherwise. With -live and without -domain, e-mail
addresses are not looked at.`

func main() { demo.Main(program) }

var program = demo.Program{Name: "audit-members", Usage: usage, Setup: setup}

var formats = map[string]func(io.Writer, []finding) error{"table": printTable, "csv": printCSV, "json": printJSON}

func setup(flags *flag.FlagSet) func(context.Context, *demo.Env) error {
	var domains []string
	flags.Func("domain", "a `domain` that is one's own; may be given several times", func(domain string) error {
		domain = strings.TrimPrefix(domain, "@")
		if domain == "" {
			return errors.New("it is empty")
		}
		domains = append(domains, domain)
		return nil
	})
	format := flags.String("format", "table", "table, csv or json")
	exitCode := flags.Bool("exit-code", false, "end with 3 if there are findings")
	return func(ctx context.Context, env *demo.Env) error {
		show := formats[*format]
		switch {
		case len(env.Args) > 0:
			return demo.Usagef("%q is not a flag", env.Args[0])
		case show == nil:
			return demo.Usagef("-format is %q, not table, csv or json", *format)
		case domains == nil && !env.Live:
			domains = []string{demo.Domain}
		}

		nodes, err := hierarchy.List(ctx, env.Client)
		if err != nil {
			return err
		}
		found := make([][]finding, len(nodes))
		incomplete := hierarchy.Each(ctx, nodes, func(i int, n *hierarchy.Node) error {
			for member, err := range env.Client.OrganizationMembers.All(ctx, n.ID, cloudflare.OrganizationMemberListParams{}) {
				if err != nil {
					return err
				}
				if problems := audit(member, domains); problems != nil {
					found[i] = append(found[i], newFinding(n, member, problems))
				}
			}
			return nil
		})
		if ctx.Err() != nil {
			return incomplete
		}

		findings := slices.Concat(found...)
		byPerson(findings)
		if err := show(env.Stdout, findings); err != nil {
			return err
		}
		if incomplete == nil && *exitCode && len(findings) > 0 {
			return demo.Refused(errors.New(summary(findings)))
		}
		return incomplete
	}
}

// The problems, by their names in the output.
const noTwoFactor, twoFactorUnknown, notActive, outside = "no two-factor", "two-factor unknown", "not active", "outside domain"

// audit returns what is wrong with a member, or nil.
func audit(m *cloudflare.OrganizationMember, domains []string) (problems []string) {
	if enabled, known := m.User.TwoFactorAuthenticationEnabled.Get(); !known {
		problems = append(problems, twoFactorUnknown)
	} else if !enabled {
		problems = append(problems, noTwoFactor)
	}
	if m.Status != cloudflare.MemberStatusActive {
		problems = append(problems, notActive)
	}
	domain := m.User.Email[strings.LastIndex(m.User.Email, "@")+1:]
	if domains != nil && !slices.ContainsFunc(domains, func(own string) bool { return strings.EqualFold(own, domain) }) {
		problems = append(problems, outside)
	}
	return problems
}

// finding is a membership with something wrong about it. The JSON names are those of the output.
type finding struct {
	UserID         string                  `json:"user_id"`
	Email          string                  `json:"email"`
	Name           string                  `json:"name"`
	TwoFactor      *bool                   `json:"two_factor"` // null: unknown
	Status         cloudflare.MemberStatus `json:"status"`
	OrganizationID string                  `json:"organization_id"`
	Organization   string                  `json:"organization"` // the names from the top of the tree
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

// person tells people apart: by the ID of the user, or without one by the e-mail address.
func (f finding) person() string { return cmp.Or(f.UserID, strings.ToLower(f.Email)) }

func (f finding) twoFactor() string {
	if f.TwoFactor == nil {
		return "unknown"
	}
	return map[bool]string{true: "yes", false: "no"}[*f.TwoFactor]
}

// byPerson puts those of one person together, and leaves the organizations in their order.
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
	text := fmt.Sprintf("%d people", len(people))
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
	rows, person := [][]string{{"E-MAIL", "NAME", "PROBLEMS", "ORGANIZATION"}}, ""
	for _, f := range findings {
		problems := strings.Replace(strings.Join(f.Problems, ", "), notActive, cmp.Or(string(f.Status), notActive), 1) // which says more
		row := []string{f.Email, f.Name, problems, f.Organization}
		if f.person() == person {
			row[0], row[1] = "", ""
		}
		rows, person = append(rows, row), f.person()
	}
	if err := output.Table(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", summary(findings))
	return err
}

func printCSV(w io.Writer, findings []finding) error {
	rows := [][]string{{"user_id", "email", "name", "two_factor", "status", "organization_id", "organization", "problems"}}
	for _, f := range findings {
		rows = append(rows, []string{
			f.UserID, f.Email, f.Name, f.twoFactor(), string(f.Status), f.OrganizationID, f.Organization, strings.Join(f.Problems, ", "),
		})
	}
	return output.CSV(w, rows)
}

func printJSON(w io.Writer, findings []finding) error {
	return output.JSON(w, append([]finding{}, findings...)) // a list also if it is empty
}

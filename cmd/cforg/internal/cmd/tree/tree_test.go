package tree

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
)

func TestTree(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(t.Context(), Command, "")
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Contains(t, got.Stdout, "\n├─ Alder Secure\n│  ├─ Copper Kettle\n")
		assert.True(t, strings.HasSuffix(got.Stdout, "\nNorthwind Lab\n\n60 organizations\n"))
		assert.Len(t, w.Requests(), 1)

		got = w.Run(t.Context(), Command, "", "--counts")
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Contains(t, got.Stdout, "\n├─ Alder Secure  (6 accounts, 3 members)\n│  ├─ Copper Kettle  (5 accounts, 2 members)\n")
		assert.Contains(t, got.Stdout, "\n│  └─ Umber Café  (5 accounts, 2 members)\n├─ Birch & Sons IT  (")
		assert.Contains(t, got.Stdout, "\n   └─ Sparrow Mail  (5 accounts, 2 members)\nNorthwind Lab  (0 accounts, 0 members)\n")
		assert.True(t, strings.HasSuffix(got.Stdout, "\n\n60 organizations, 300 accounts, 120 members\n"))
		assert.Equal(t, 62, strings.Count(got.Stdout, "\n"), "a line for each organization, and two at the end")

		got = w.Run(t.Context(), Command, "", "--all")
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Equal(t, 482, strings.Count(got.Stdout, "\n"))
		assert.Contains(t, got.Stdout, "\n├─ account Northwind Distribution DNS\n├─ account Northwind Distribution archive\n", "by name")
		assert.Contains(t, got.Stdout, "\n├─ member ines.jansen@northwind.example, active\n├─ member kemi.eriksen@northwind.example, active\n├─ Alder Secure  (")
		assert.Contains(t, got.Stdout, "─ account without a name, ")
	})
}

func TestTreeTable(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(t.Context(), Command, "", "--format", "table", "--counts")
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Regexp(t, `^ORGANIZATION +ID +ACCOUNTS  MEMBERS\nNorthwind Distribution  [0-9a-f]{32}  6         3\n  Alder Secure `, got.Stdout)
		assert.Equal(t, 63, strings.Count(got.Stdout, "\n"))
	})
}

func TestTreeJSON(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(t.Context(), Command, "", "--format", "json", "--all")
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		var list []struct {
			ID, Name string
			Parent   struct{ ID string }
			Level    int
			Path     []string
			Note     *string
			Accounts []struct{ ID string }
			Members  []struct{ User struct{ Email string } }
		}
		require.NoError(t, json.Unmarshal([]byte(got.Stdout), &list))
		require.Len(t, list, 60)
		byID := map[string]int{}
		for i, o := range list {
			byID[o.ID] = i
		}
		for _, want := range w.Tree.Organizations {
			o := list[byID[want.ID]]
			assert.Equal(t, want.Name, o.Name)
			assert.Equal(t, want.ParentID, o.Parent.ID)
			assert.Equal(t, want.Level, o.Level)
			assert.Len(t, o.Path, want.Level)
			assert.Equal(t, want.ID, o.Path[want.Level-1])
			assert.Nil(t, o.Note)
			assert.NotNil(t, o.Accounts, "none, and not unknown")
			assert.Len(t, o.Accounts, len(want.Accounts))
			assert.Len(t, o.Members, len(want.Members))
		}
		assert.Equal(t, got.Stdout, w.Run(t.Context(), Command, "", "--format", "json", "--all").Stdout, "the same each time")
	})
}

func TestTreeCSV(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(t.Context(), Command, "", "--format", "csv", "--all")
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		rows, err := csv.NewReader(strings.NewReader(got.Stdout)).ReadAll() // which wants all rows to be of the same length
		require.NoError(t, err)
		kinds := map[string]int{}
		for _, row := range rows {
			kinds[row[3]]++
		}
		assert.Equal(t, map[string]int{"kind": 1, "organization": 60, "account": 300, "member": 120}, kinds)
		path := "Northwind Distribution / Alder Secure"
		assert.Contains(t, rows, []string{
			path, "2", w.Tree.Named("Alder Secure")[0].ID, "organization", w.Tree.Named("Alder Secure")[0].ID, "Alder Secure",
			"", "", "", "6", "3", "",
		})
	})
}

func TestTreeMermaid(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.AddOrganization("x\"] --> o0\n%%{init: {}}%% `**<script>** #9829; ]end", "")
		got := w.Run(t.Context(), Command, "", "--format", "mermaid", "--counts")
		require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		lines := strings.Split(strings.TrimSpace(got.Stdout), "\n")
		assert.Equal(t, strings.Split(strings.TrimSpace(mermaidHead), "\n"), lines[:6], "with edges that are not hidden by boxes")
		boxes, arrows := 0, 0
		for _, line := range lines[6:] {
			switch {
			case regexp.MustCompile(`^    o\d+\["([\pL\pM\d ,]|#\d+;)+<br/>\d+ accounts, \d+ members"\]$`).MatchString(line):
				boxes++
			case regexp.MustCompile(`^    o\d+ --> o\d+$`).MatchString(line):
				arrows++
			default:
				assert.Fail(t, "neither a box nor an arrow", line)
			}
		}
		assert.Equal(t, 61, boxes)
		assert.Equal(t, 58, arrows)
		assert.Contains(t, got.Stdout, "    o0 --> o1\n")
	})
}

// lie changes the parents of organizations in the list: parents is the parent of each by name.
func lie(t *testing.T, w *clitest.World, parents map[string]string) func(*http.Request, *http.Response) {
	id := func(name string) string {
		if named := w.Tree.Named(name); named != nil {
			return named[0].ID
		}
		return strings.Repeat("0", 32)
	}
	return func(r *http.Request, response *http.Response) {
		if !strings.HasSuffix(r.URL.Path, "/organizations") {
			return
		}
		var body map[string]any
		require.NoError(t, json.NewDecoder(response.Body).Decode(&body))
		for _, org := range body["result"].([]any) {
			org := org.(map[string]any)
			if parent, ok := parents[org["name"].(string)]; ok {
				org["parent"] = map[string]any{"id": id(parent), "name": parent}
			}
		}
		encoded, err := json.Marshal(body)
		require.NoError(t, err)
		response.Body = io.NopCloser(bytes.NewReader(encoded))
	}
}

func TestTreeOfAnImpossibleHierarchy(t *testing.T) {
	for name, test := range map[string]struct {
		parents map[string]string
		lines   []string
	}{
		"an orphan": {map[string]string{"Alder Secure": "Hidden"},
			[]string{"Alder Secure  ! its parent \"Hidden\" is not visible\n├─ Copper Kettle"}},
		"a cycle": {map[string]string{"Alder Secure": "Copper Kettle"},
			[]string{"Alder Secure  ! its parent \"Copper Kettle\" is below it\n├─ Copper Kettle"}},
		"no top at all": {map[string]string{"Northwind Distribution": "Northwind Lab", "Northwind Lab": "Northwind Distribution"},
			[]string{"Northwind Distribution  ! its parent \"Northwind Lab\" is below it\n", "\n└─ Northwind Lab\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				w.Change = lie(t, w, test.parents)
				for _, format := range []string{"tree", "csv"} {
					got := w.Run(t.Context(), Command, "", "--format", format)
					require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
					for _, o := range w.Tree.Organizations {
						assert.Contains(t, got.Stdout, o.Name, format)
					}
					if format == "tree" {
						for _, line := range test.lines {
							assert.Contains(t, got.Stdout, line)
						}
						assert.Equal(t, 62, strings.Count(got.Stdout, "\n"))
					}
				}
			})
		})
	}
}

// harmless reports whether a character does to a terminal nothing but to fill lines.
func harmless(r rune) bool { return r == '\n' || unicode.IsGraphic(r) }

func TestTreeKeepsTheCursorInItsPlace(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		name := "\x1b[2J\r\nHi\u009b1A\u202e\x00"
		id := w.AddOrganization("=org"+name, "")
		w.AddAccount(id, cloudflaretest.Account{Name: "=account" + name})
		w.AddMember(id, cloudflaretest.Member{Name: "=member" + name, Email: "a" + name + "@example.com"})
		assert.Empty(t, strings.TrimFunc(w.Run(t.Context(), Command, "", "--all").Stdout, harmless))
		for _, format := range []string{"tree", "table", "json", "csv", "mermaid"} {
			args := []string{"--format", format}
			if format == "csv" || format == "json" {
				args = append(args, "--all")
			}
			got := w.Run(t.Context(), Command, "", args...)
			require.Equal(t, cli.ExitDone, got.Code, got.Stderr)
			assert.Empty(t, strings.TrimFunc(got.Stdout, harmless), format)
			if format == "csv" {
				assert.Contains(t, got.Stdout, ",'=account [2J")
				assert.NotContains(t, got.Stdout, ",=")
			}
		}
	})
}

func TestTreeShowsWhatItCouldNotRead(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		forbid := func() { // something but the list, which is the first request
			w.Fail(7, cloudflaretest.Status(403, nil, `{"success":false,"errors":[{"code":10000,"message":"Forbidden"}]}`))
		}
		forbid()
		got := w.Run(t.Context(), Command, "", "--counts")
		assert.Equal(t, cli.ExitFailed, got.Code)
		assert.Equal(t, 62, strings.Count(got.Stdout, "\n"), "all organizations are there")
		assert.Equal(t, 1, strings.Count(got.Stdout, "?"))
		assert.Contains(t, got.Stderr, "cforg tree: 1 of 60 organizations could not be read in full; the first, ")
		assert.Contains(t, got.Stderr, "403 Forbidden")
		assert.Contains(t, got.Stdout, "; there may be more, ")

		forbid()
		got = w.Run(t.Context(), Command, "", "--format", "json", "--all")
		assert.Equal(t, cli.ExitFailed, got.Code)
		assert.Len(t, regexp.MustCompile(`"(account|member)_count":null`).FindAllString(got.Stdout, -1), 1)
		assert.Len(t, regexp.MustCompile(`"(accounts|members)":null`).FindAllString(got.Stdout, -1), 1)
	})
}

func TestTreeOutlivesPassingFailures(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Fail(1, cloudflaretest.RateLimited(0))
		w.Fail(5, cloudflaretest.Reset())
		w.Fail(20, cloudflaretest.Status(502, nil, ""))
		w.Fail(33, cloudflaretest.Cut())
		got := w.Run(t.Context(), Command, "", "--counts")
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Contains(t, got.Stdout, "60 organizations, 300 accounts, 120 members")
	})
}

func TestTreePrintsNothingWithoutAList(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Fail(1, cloudflaretest.Status(403, nil, ""))
		got := w.Run(t.Context(), Command, "")
		assert.Equal(t, cli.ExitFailed, got.Code)
		assert.Empty(t, got.Stdout)
		assert.Contains(t, got.Stderr, "cforg tree: cloudflare: GET /organizations: 403 Forbidden")
		assert.Len(t, w.Requests(), 1)
	})
}

func TestTreeEndsOnInterrupt(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		ctx := w.InterruptAt(t.Context(), 30)
		got := w.Run(ctx, Command, "", "--counts")
		assert.Equal(t, cli.ExitInterrupted, got.Code)
		assert.Empty(t, got.Stdout)
		assert.Equal(t, "cforg tree: interrupted\n", got.Stderr)
		assert.Less(t, len(w.Requests()), 40, "those under way, and no others")
	})
}

func TestTreeOfNothing(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	for format, want := range map[string]string{
		"tree": "\n0 organizations\n", "json": "[]\n", "mermaid": mermaidHead,
	} {
		got := (&clitest.World{Server: server}).Run(t.Context(), Command, "", "--format", format)
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Equal(t, want, got.Stdout)
	}
}

func TestTreeOfOneOrganization(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		byName := w.Run(t.Context(), Command, "", "Hinoki システム", "--counts")
		assert.Equal(t, cli.ExitDone, byName.Code, byName.Stderr)
		assert.True(t, strings.HasPrefix(byName.Stdout, "Hinoki システム  (6 accounts, 2 members)\n├─ Cobalt Dental  ("), byName.Stdout)
		assert.True(t, strings.HasSuffix(byName.Stdout, "\n\n7 organizations, 36 accounts, 14 members\n"), byName.Stdout)
		assert.Len(t, w.Requests(), 1+2*7, "nothing is read that is not shown")

		byID := w.Run(t.Context(), Command, "", w.Tree.Named("Hinoki システム")[0].ID, "--counts")
		assert.Equal(t, byName.Stdout, byID.Stdout)
		table := w.Run(t.Context(), Command, "", "Hinoki システム", "--format", "table")
		assert.Contains(t, table.Stdout, "\nHinoki システム   f4f20191")
		mermaid := w.Run(t.Context(), Command, "", "Hinoki システム", "--format", "mermaid")
		assert.Equal(t, 6, strings.Count(mermaid.Stdout, "o0 --> "))

		before := len(w.Requests())
		for name, want := range map[string]string{demo.TwiceSame: "2 organizations are named", "nothing": "no organization has the name or ID"} {
			got := w.Run(t.Context(), Command, "", name)
			assert.Equal(t, cli.ExitRefused, got.Code)
			assert.Contains(t, got.Stderr, want)
		}
		assert.Len(t, w.Requests()[before:], 2)
	})
}

func TestTreeCountsInEnglish(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("a", "")
	server.AddAccount(id, cloudflaretest.Account{})
	server.AddMember(id, cloudflaretest.Member{Email: "a@example.com"})
	got := (&clitest.World{Server: server}).Run(t.Context(), Command, "", "--counts")
	assert.Equal(t, "a  (1 account, 1 member)\n\n1 organization, 1 account, 1 member\n", got.Stdout)
}

func TestTreeOfAnAbsurdDepth(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := ""
	for range 200 {
		id = server.AddOrganization("x", id)
	}
	got := (&clitest.World{Server: server}).Run(t.Context(), Command, "")
	assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
	assert.Equal(t, 202, strings.Count(got.Stdout, "\n"))
	assert.Less(t, len(got.Stdout), 100_000)
}

// Mermaid draws nothing but an error if a diagram is too large.
func TestTreeWarnsOfLargeMermaidDiagrams(t *testing.T) {
	for name, long := range map[string]struct {
		organizations int
		name          string
		want          string
	}{
		"drawn":                  {500, "a", ""},
		"edges":                  {502, "a", "501 edges (maxEdges is 500)"},
		"characters":             {100, strings.Repeat("a", 600), "99 edges"},
		"UTF-16 as in a browser": {100, strings.Repeat("🚀", 60), "99 edges"},
	} {
		t.Run(name, func(t *testing.T) {
			var entries []*entry
			root := &hierarchy.Node{Organization: &cloudflare.Organization{Name: long.name}}
			for i := range long.organizations {
				n := root
				if i > 0 {
					n = &hierarchy.Node{Organization: root.Organization, Above: root}
				}
				entries = append(entries, &entry{Node: n, reader: new(reader)})
			}
			var b strings.Builder
			warning, err := printMermaid(&b, entries)
			require.NoError(t, err)
			assert.Equal(t, long.organizations-1, strings.Count(b.String(), "-->"), "it is written all the same")
			if long.want == "" {
				assert.NoError(t, warning)
				return
			}
			assert.ErrorContains(t, warning, long.want)
		})
	}
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.AddOrganization(strings.Repeat("x", maxTextSize), w.Tree.Organizations[0].ID)
		got := w.Run(t.Context(), Command, "", "--format", "mermaid")
		assert.Equal(t, cli.ExitDone, got.Code)
		assert.Contains(t, got.Stderr, "cforg tree: warning: the diagram is too large for Mermaid's default limits: 59 edges")
	})
}

func TestTreeUsage(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		for arguments, want := range map[string]string{
			"--format xml":         "must be tree, table, json, csv or mermaid",
			"--format table --all": "cforg tree: --all is for the formats tree, json and csv",
			"-o mermaid --all":     "cforg tree: --all is for the formats tree, json and csv",
			"--depth -1":           "cforg tree: --depth must not be negative",
			"x y":                  "accepts at most 1 arg(s), received 2",
		} {
			got := w.Run(t.Context(), Command, "", strings.Fields(arguments)...)
			assert.Equal(t, cli.ExitUsage, got.Code)
			assert.Empty(t, got.Stdout)
			assert.Contains(t, got.Stderr, want)
		}
		assert.Empty(t, w.Requests())
	})
}

func TestTreeDepth(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		got := w.Run(t.Context(), Command, "", "--depth", "1")
		assert.Equal(t, "Northwind Distribution  (58 organizations below)\nNorthwind Lab\n\n2 organizations (and 58 not shown)\n", got.Stdout)
		assert.Len(t, w.Requests(), 1)

		got = w.Run(t.Context(), Command, "", "Alder Secure", "--depth", "1", "--counts", "-o", "table")
		assert.Contains(t, got.Stdout, "\n\n1 organization (and 10 not shown), 6 accounts, 3 members\n")
		assert.Len(t, w.Requests(), 1+1+2, "nothing is counted that is not shown")

		whole := w.Run(t.Context(), Command, "").Stdout
		assert.Equal(t, whole, w.Run(t.Context(), Command, "", "--depth", "3").Stdout)
	})
}

// What was read is printed before the rest is read.
func TestTreePrintsAsItReads(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		for _, format := range []string{"json", "csv"} {
			ctx := w.InterruptAt(t.Context(), 60)
			before := w.Before
			w.Before = func(r *http.Request) {
				time.Sleep(time.Millisecond) // so that no request overtakes all others
				before(r)
			}
			got := w.Run(ctx, Command, "", "--all", "-o", format)
			assert.Equal(t, cli.ExitInterrupted, got.Code)
			assert.Contains(t, got.Stdout, "Northwind Distribution")
			assert.NotContains(t, got.Stdout, "Northwind Lab")
			assert.False(t, json.Valid([]byte(got.Stdout)), "a part must not look like the whole")
		}
	})
}

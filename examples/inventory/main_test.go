package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/examples/internal/demo"
	"example.com/cloudflare/examples/internal/demo/demotest"
)

func TestInventoryTree(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		got := w.Run(t.Context(), program, "")
		require.Equal(t, demo.ExitOK, got.Code, got.Stderr)
		assert.Contains(t, got.Stdout, "\n├─ Alder Secure  (6 accounts, 3 members)\n│  ├─ Copper Kettle  (5 accounts, 2 members)\n")
		assert.Contains(t, got.Stdout, "\n│  └─ Umber Café  (5 accounts, 2 members)\n├─ Birch & Sons IT  (")
		assert.Contains(t, got.Stdout, "\n   └─ Sparrow Mail  (5 accounts, 2 members)\nNorthwind Lab  (0 accounts, 0 members)\n")
		assert.True(t, strings.HasSuffix(got.Stdout, "\n\n60 organizations, 300 accounts, 120 members\n"))
		assert.Equal(t, 62, strings.Count(got.Stdout, "\n"), "a line for each organization, and two at the end")

		got = w.Run(t.Context(), program, "", "-all")
		require.Equal(t, demo.ExitOK, got.Code, got.Stderr)
		assert.Equal(t, 482, strings.Count(got.Stdout, "\n"))
		assert.Contains(t, got.Stdout, "\n├─ account Northwind Distribution DNS\n├─ account Northwind Distribution archive\n", "by name")
		assert.Contains(t, got.Stdout, "\n├─ member ines.jansen@northwind.example, active\n├─ member kemi.eriksen@northwind.example, active\n├─ Alder Secure  (")
		assert.Contains(t, got.Stdout, "─ account without a name, ")
	})
}

func TestInventoryTable(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		got := w.Run(t.Context(), program, "", "-format", "table")
		require.Equal(t, demo.ExitOK, got.Code, got.Stderr)
		assert.Regexp(t, `^ORGANIZATION +ID +ACCOUNTS  MEMBERS\nNorthwind Distribution  [0-9a-f]{32}  6         3\n  Alder Secure `, got.Stdout)
		assert.Equal(t, 63, strings.Count(got.Stdout, "\n"))
	})
}

func TestInventoryJSON(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		got := w.Run(t.Context(), program, "", "-format", "json")
		require.Equal(t, demo.ExitOK, got.Code, got.Stderr)
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
		assert.Equal(t, got.Stdout, w.Run(t.Context(), program, "", "-format", "json").Stdout, "the same each time")
	})
}

func TestInventoryCSV(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		got := w.Run(t.Context(), program, "", "-format", "csv")
		require.Equal(t, demo.ExitOK, got.Code, got.Stderr)
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

func TestInventoryMermaid(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		w.AddOrganization("x\"] --> o0\n%%{init: {}}%% `**<script>** #9829; ]end", "")
		got := w.Run(t.Context(), program, "", "-format", "mermaid")
		require.Equal(t, demo.ExitOK, got.Code, got.Stderr)
		lines := strings.Split(strings.TrimSpace(got.Stdout), "\n")
		assert.Equal(t, "flowchart LR", lines[0])
		boxes, arrows := 0, 0
		for _, line := range lines[1:] {
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

// lie changes what a server says of the organizations: parents is the parent of each by name.
type lie struct {
	*demotest.World
	parents map[string]string
}

func (l lie) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.World.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/organizations") {
		return response, err
	}
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	for _, org := range answer["result"].([]any) {
		org := org.(map[string]any)
		if parent, ok := l.parents[org["name"].(string)]; ok {
			org["parent"] = map[string]any{"id": l.id(parent), "name": parent}
		}
	}
	body, err := json.Marshal(answer)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

func (l lie) id(name string) string {
	if named := l.Tree.Named(name); named != nil {
		return named[0].ID
	}
	return strings.Repeat("0", 32)
}

func TestInventoryOfAnImpossibleTree(t *testing.T) {
	for name, test := range map[string]struct {
		parents map[string]string
		lines   []string
	}{
		"an orphan": {map[string]string{"Alder Secure": "Hidden"},
			[]string{"Alder Secure  (6 accounts, 3 members)  ! below \"Hidden\", which is not visible\n├─ Copper Kettle"}},
		"a circle": {map[string]string{"Alder Secure": "Copper Kettle"},
			[]string{"Alder Secure  (6 accounts, 3 members)  ! below \"Copper Kettle\", which is below it: a circle\n├─ Copper Kettle"}},
		"no top at all": {map[string]string{"Northwind Distribution": "Northwind Lab", "Northwind Lab": "Northwind Distribution"},
			[]string{"Northwind Distribution  (6 accounts, 3 members)  ! below \"Northwind Lab\", which is below it: a circle\n", "\n└─ Northwind Lab  (0"}},
	} {
		t.Run(name, func(t *testing.T) {
			demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
				for _, format := range []string{"tree", "csv"} {
					var out, errs bytes.Buffer
					code := program.Run(t.Context(), &demo.Env{
						Args: []string{"-format", format}, Stdout: &out, Stderr: &errs, Server: w.Server,
						Options: []cloudflare.Option{cloudflare.WithHTTPClient(&http.Client{Transport: lie{w, test.parents}})},
					})
					require.Equal(t, demo.ExitOK, code, errs.String())
					for _, o := range w.Tree.Organizations {
						assert.Contains(t, out.String(), o.Name, format)
					}
					if format == "tree" {
						for _, line := range test.lines {
							assert.Contains(t, out.String(), line)
						}
						assert.Equal(t, 62, strings.Count(out.String(), "\n"))
					}
				}
			})
		})
	}
}

// harmless reports whether a character does to a terminal nothing but to fill lines.
func harmless(r rune) bool { return r == '\n' || unicode.IsGraphic(r) }

func TestInventoryKeepsTheCursorInItsPlace(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		name := "\x1b[2J\r\nHi\u009b1A\u202e\x00"
		id := w.AddOrganization("=org"+name, "")
		w.AddAccount(id, cloudflaretest.Account{Name: "=account" + name})
		w.AddMember(id, cloudflaretest.Member{Name: "=member" + name, Email: "a" + name + "@example.com"})
		assert.Empty(t, strings.TrimFunc(w.Run(t.Context(), program, "", "-all").Stdout, harmless))
		for format := range formats {
			got := w.Run(t.Context(), program, "", "-format", format)
			require.Equal(t, demo.ExitOK, got.Code, got.Stderr)
			assert.Empty(t, strings.TrimFunc(got.Stdout, harmless), format)
			if format == "csv" {
				assert.Contains(t, got.Stdout, ",'=account[2J")
				assert.NotContains(t, got.Stdout, ",=")
			}
		}
	})
}

func TestInventoryShowsWhatItCouldNotRead(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		forbid := func() { // something but the list, which is the first request
			w.Fail(7, cloudflaretest.Status(403, nil, `{"success":false,"errors":[{"code":10000,"message":"Forbidden"}]}`))
		}
		forbid()
		got := w.Run(t.Context(), program, "")
		assert.Equal(t, demo.ExitError, got.Code)
		assert.Equal(t, 62, strings.Count(got.Stdout, "\n"), "all organizations are there")
		assert.Equal(t, 1, strings.Count(got.Stdout, "?"))
		assert.Contains(t, got.Stderr, "inventory: 1 of 60 organizations could not be read in full; the first, ")
		assert.Contains(t, got.Stderr, "403 Forbidden")
		assert.Contains(t, got.Stdout, "; there may be more, ")

		forbid()
		got = w.Run(t.Context(), program, "", "-format", "json")
		assert.Equal(t, demo.ExitError, got.Code)
		assert.Equal(t, 1, len(regexp.MustCompile(`"(accounts|members)": null`).FindAllString(got.Stdout, -1)))
	})
}

func TestInventoryOutlivesPassingFailures(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		w.Fail(1, cloudflaretest.RateLimited(0))
		w.Fail(5, cloudflaretest.Reset())
		w.Fail(20, cloudflaretest.Status(502, nil, ""))
		w.Fail(33, cloudflaretest.Cut())
		got := w.Run(t.Context(), program, "")
		assert.Equal(t, demo.ExitOK, got.Code, got.Stderr)
		assert.Contains(t, got.Stdout, "60 organizations, 300 accounts, 120 members")
	})
}

func TestInventoryPrintsNothingWithoutAList(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		w.Fail(1, cloudflaretest.Status(403, nil, ""))
		got := w.Run(t.Context(), program, "")
		assert.Equal(t, demo.ExitError, got.Code)
		assert.Empty(t, got.Stdout)
		assert.Contains(t, got.Stderr, "inventory: cloudflare: GET /organizations: 403 Forbidden")
		assert.Len(t, w.Requests(), 1)
	})
}

func TestInventoryEndsOnInterrupt(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		ctx := w.InterruptAt(t.Context(), 30)
		got := w.Run(ctx, program, "")
		assert.Equal(t, demo.ExitInterrupted, got.Code)
		assert.Empty(t, got.Stdout)
		assert.Contains(t, got.Stderr, "inventory: interrupted\n")
		assert.Less(t, len(w.Requests()), 40, "those under way, and no others")
	})
}

func TestInventoryOfNothing(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	for format, want := range map[string]string{
		"tree": "\n0 organizations, 0 accounts, 0 members\n", "json": "[]\n", "mermaid": "flowchart LR\n",
	} {
		var out, errs bytes.Buffer
		code := program.Run(t.Context(), &demo.Env{Args: []string{"-format", format}, Stdout: &out, Stderr: &errs, Server: server})
		assert.Equal(t, demo.ExitOK, code, errs.String())
		assert.Equal(t, want, out.String())
	}
}

func TestInventoryUsage(t *testing.T) {
	for arguments, want := range map[string]string{
		"-format xml":       `inventory: -format is "xml", not tree, table, json, csv or mermaid`,
		"-format json -all": "inventory: -all is for -format tree",
		"x":                 `inventory: "x" is not a flag`,
	} {
		server := cloudflaretest.NewServer()
		defer server.Close()
		var out, errs bytes.Buffer
		code := program.Run(t.Context(), &demo.Env{Args: strings.Fields(arguments), Stdout: &out, Stderr: &errs, Server: server})
		assert.Equal(t, demo.ExitUsage, code)
		assert.Empty(t, out.String())
		assert.Contains(t, errs.String(), want)
		assert.Empty(t, server.Requests())
	}
}

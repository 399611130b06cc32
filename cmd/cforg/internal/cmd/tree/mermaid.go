package tree

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

// The largest diagram that Mermaid draws by default. By its documentation, only the page around a diagram can change
// these limits.
const maxEdges, maxTextSize = 500, 50_000

// The default curve would draw edges behind the boxes between their ends.
const mermaidHead = `---
config:
  flowchart:
    curve: stepAfter
---
flowchart LR
`

// printMermaid returns a warning if it wrote a diagram that Mermaid would not draw.
func printMermaid(w io.Writer, entries []*entry) (warning, err error) {
	var b strings.Builder
	b.WriteString(mermaidHead)
	edges := 0
	number := make(map[*hierarchy.Node]int) // the names of boxes: an ID could be anything
	for i, e := range entries {
		number[e.Node] = i
		box := mermaidText(e.Name)
		if holds := e.holds(); holds != "" {
			box += "<br/>" + mermaidText(holds)
		}
		fmt.Fprintf(&b, "    o%d[\"%s\"]\n", i, box)
		if above, ok := number[e.Above]; ok {
			fmt.Fprintf(&b, "    o%d --> o%d\n", above, i)
			edges++
		}
	}
	if size := len(utf16.Encode([]rune(b.String()))); edges > maxEdges || size > maxTextSize {
		warning = fmt.Errorf("the diagram is too large for Mermaid's default limits: %d edges (maxEdges is %d), %d characters (maxTextSize is %d); "+
			"set these on the page that shows it, or draw a part with \"cforg tree ORGANIZATION\"", edges, maxEdges, size, maxTextSize)
	}
	_, err = io.WriteString(w, b.String())
	return warning, err
}

// mermaidText escapes everything but letters, digits, spaces and commas. Mermaid looks for directives, comments, HTML
// and Markdown in quoted strings, too.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range strings.TrimSpace(output.Text(s)) {
		if unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit) || r == ' ' || r == ',' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

package output

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/list"
)

// Tree draws lines below a root, with connectors between them.
type Tree struct {
	root  string
	below list.Writer
	level int // of the line that was added last
}

// NewTree returns a tree with a root and nothing else.
func NewTree(root string) *Tree {
	style := list.StyleConnectedLight
	if !unicodeLocale() {
		style.CharItemFirst, style.CharItemMiddle, style.CharItemBottom, style.CharItemVertical = "|-", "|-", "`-", "|  "
	}
	style.CharItemTop, style.CharItemSingle = style.CharItemFirst, style.CharItemBottom // they hang below the root
	t := &Tree{root: Text(root), below: list.NewWriter(), level: 1}
	t.below.SetStyle(style)
	return t
}

// deepest is the deepest level that is drawn. The API allows five; drawing takes long where a server claims thousands.
const deepest = 20

// Add adds a line below the last one of a lower level. Level 1 is directly below the root. A line may be at most one
// level below the line before it.
func (t *Tree) Add(level int, line string) {
	level = min(level, deepest)
	for ; t.level < level; t.level++ {
		t.below.Indent()
	}
	for ; t.level > level; t.level-- {
		t.below.UnIndent()
	}
	t.below.AppendItem(Text(line))
}

// Print writes the tree.
func (t *Tree) Print(w io.Writer) error {
	text := t.root + "\n"
	if t.below.Length() > 0 {
		text += t.below.Render() + "\n"
	}
	_, err := fmt.Fprint(w, text)
	return err
}

// unicodeLocale reports whether the locale is one that shows line-drawing characters. Without any setting it is, as in
// most containers.
func unicodeLocale() bool {
	locale := strings.ToUpper(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"), "UTF-8"))
	return strings.Contains(locale, "UTF-8") || strings.Contains(locale, "UTF8")
}

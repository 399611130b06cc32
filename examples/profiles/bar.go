package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// bar is a progress bar in the last line of a terminal. Whoever prints something else clears it before.
type bar struct {
	terminal io.Writer
	total    int
}

// newBar returns a bar that shows only if w is a terminal.
func newBar(w io.Writer, total int) bar {
	if !isTerminal(w) {
		w = io.Discard
	}
	return bar{w, total}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (b bar) draw(finished int) {
	const width = 40
	filled := width * finished / b.total
	fmt.Fprintf(b.terminal, "\r[%s%s] %d of %d", strings.Repeat("#", filled), strings.Repeat("-", width-filled), finished, b.total)
}

func (b bar) clear() { io.WriteString(b.terminal, "\r\x1b[K") }

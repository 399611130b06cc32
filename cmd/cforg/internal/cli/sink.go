package cli

import (
	"io"
	"os"

	"golang.org/x/term"

	"example.com/cloudflare/cmd/cforg/internal/progress"
)

// sink remembers the first failed write, so that no command has to check each of its writes. It may be written to by
// several goroutines.
type sink struct {
	meter *progress.Meter
	w     io.Writer
	err   error
}

func (s *sink) Write(p []byte) (n int, err error) {
	s.meter.Aside(func() {
		if s.err == nil {
			n, s.err = s.w.Write(p)
		}
		err = s.err
	})
	return n, err
}

// file returns the file that w writes to, or nil.
func file(w io.Writer) *os.File {
	if s, ok := w.(*sink); ok {
		w = s.w
	}
	f, _ := w.(*os.File)
	return f
}

// Sync returns once what was written to standard output is on the disk, if it is a file there.
func (env *Env) Sync() error {
	f := file(env.Stdout)
	if f == nil {
		return nil
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil // a terminal or a pipe
	}
	return f.Sync()
}

// terminal returns a function that returns the width of the terminal that w writes to. It returns nil if w is none, or
// one that cannot draw over what it shows.
func terminal(w io.Writer) func() int {
	f := file(w)
	if f == nil || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}
}

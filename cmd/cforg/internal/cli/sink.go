package cli

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// sink remembers the first failed write, so that no command has to check each of its writes. It may be written to by
// several goroutines.
type sink struct {
	mu  sync.Mutex
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, s.err = s.w.Write(p)
	return n, s.err
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

// Terminal reports whether standard error is a terminal that can draw over what it shows.
func (env *Env) Terminal() bool {
	f := file(env.Stderr)
	return f != nil && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

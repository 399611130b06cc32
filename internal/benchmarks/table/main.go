// Command table runs the benchmarks of this module, builds its programs, and prints the figures as a Markdown table.
// Run it in the directory of the module, on a machine that is otherwise idle.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(log.Ltime)
	var (
		toolchain = flag.String("go", "", "the Go release to measure with, for example go1.27.0; empty for the installed one")
		rounds    = flag.Int("rounds", 9, "the number of times that each benchmark runs")
		duration  = flag.String("time", "0.5s", "the time that each benchmark runs in a round")
		official  = flag.Bool("official", true, "also measure the official SDK")
		build     = flag.Bool("build", true, "also measure program sizes and cold builds, which takes minutes with the official SDK")
	)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	s := session{ctx: ctx, official: *official}
	if *toolchain != "" {
		s.env = append(s.env, "GOTOOLCHAIN="+*toolchain)
	}
	text, err := s.table(*rounds, *duration, *build)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text)
}

// session is one run of this command.
type session struct {
	ctx      context.Context
	dir      string   // where it puts what it builds
	env      []string // in addition to the environment
	official bool
}

// command runs a program and returns its output.
func (s *session) command(env []string, name string, args ...string) (string, error) {
	out, _, err := s.timed(env, name, args...)
	return out, err
}

// timed runs a program and returns its output and the processor time, in seconds, of the program and its children.
func (s *session) timed(env []string, name string, args ...string) (output string, cpu float64, err error) {
	cmd := exec.CommandContext(s.ctx, name, args...)
	cmd.Env = append(append(os.Environ(), s.env...), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // go build then stops its children
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", 0, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return strings.TrimSpace(string(out)), cpu, nil
}

func (s *session) table(rounds int, duration string, build bool) (text string, err error) {
	if s.dir, err = os.MkdirTemp("", "benchmarks"); err != nil {
		return "", err
	}
	defer os.RemoveAll(s.dir)
	version, err := s.command(nil, "go", "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	m, err := s.benchmarks(rounds, duration)
	if err != nil {
		return "", err
	}
	var p programs
	if build {
		if p, err = s.programs(); err != nil {
			return "", err
		}
	}
	machine := fmt.Sprintf("%s, %s/%s, %s, %d cores", version, runtime.GOOS, runtime.GOARCH, strings.TrimSpace(m.cpu), runtime.NumCPU())
	return render(machine, m, p, rounds), nil
}

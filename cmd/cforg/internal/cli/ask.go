package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
)

// Ask prints a question to standard error and returns the line that is typed, without the white space around it. The
// answer is empty if standard input has ended.
func (env *Env) Ask(ctx context.Context, question string) (string, error) {
	if env.input == nil {
		env.input = bufio.NewReader(env.Stdin)
	}
	fmt.Fprint(env.Stderr, question)
	typed := make(chan string, 1)
	go func() { // a read cannot be interrupted
		line, _ := env.input.ReadString('\n') // a last line without a line break counts, too
		typed <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(env.Stderr)
		return "", ctx.Err()
	case line := <-typed:
		if line == "" {
			fmt.Fprintln(env.Stderr) // standard input may have ended without a line break
		}
		return line, nil
	}
}

// Confirm asks a question that is answered with yes or no. Any other answer is an error with ExitRefused.
func (env *Env) Confirm(ctx context.Context, question string) error {
	answer, err := env.Ask(ctx, question+" [y/N] ")
	switch {
	case err != nil:
		return err
	case strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"):
		return nil
	case answer == "":
		return Refused(errors.New("not confirmed: nothing was written (--yes skips the question)"))
	}
	return Refused(errors.New("not confirmed: nothing was written"))
}

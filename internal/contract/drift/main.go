// Command drift compares a schema of Cloudflare's API with operations.txt, which has one hash for each operation that
// concerns organizations. It prints a line for each difference, such as
//
//	changed GET /organizations/{organization_id}/members
//
// and exits with 1 if there is one. A change of a text, an example or the order of things is not a difference.
//
// The schema is an OpenAPI document in JSON. It comes from standard input, or with -newest from the newest release of
// github.com/cloudflare/forge. With -update, drift also rewrites operations.txt and exits with 0.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	differences, err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "drift:", err)
		os.Exit(2)
	case differences > 0:
		os.Exit(1)
	}
}

// run returns the number of differences, or 0 if it has updated the file.
func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) (differences int, err error) {
	flags := flag.NewFlagSet("drift", flag.ContinueOnError)
	file := flags.String("operations", "operations.txt", "the `file` to compare with")
	source := flags.String("source", "standard input", "what operations.txt calls the schema after -update")
	newest := flags.Bool("newest", false, "compare the newest published schema, not standard input")
	update := flags.Bool("update", false, "rewrite the file")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}

	var document []byte
	if *newest {
		if *source, document, err = newestSchema(ctx, http.DefaultClient, "https://api.github.com"); err != nil {
			return 0, err
		}
	} else if document, err = io.ReadAll(stdin); err != nil {
		return 0, err
	}
	now, err := hashes(document)
	if err != nil {
		return 0, err
	}
	before, err := readOperations(*file)
	if err != nil && !(*update && errors.Is(err, os.ErrNotExist)) {
		return 0, err
	}
	lines := compare(before, now)
	for _, line := range lines {
		if _, err := fmt.Fprintln(stdout, line); err != nil {
			return 0, err
		}
	}
	if *update {
		return 0, writeOperations(*file, *source, time.Now(), now)
	}
	return len(lines), nil
}

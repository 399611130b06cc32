// Package licenses prints the licenses of cforg and of what it is built from.
package licenses

import (
	"context"
	_ "embed"
	"io"

	"github.com/spf13/cobra"

	"example.com/cloudflare/cmd/cforg/internal/cli"
)

//go:generate go test . -update

// text holds the license of each module that is linked into cforg on some system. A test compares it with the modules.
//
//go:embed licenses.txt
var text string

// Command returns "cforg licenses".
func Command(env *cli.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "licenses",
		Short: "Print the licenses of cforg and of what it contains",
		Args:  cobra.NoArgs,
		RunE: env.Run(func(context.Context, []string) error {
			_, err := io.WriteString(env.Stdout, text)
			return err
		}),
	}
}

// Cforg runs administrative tasks against Cloudflare's Organizations API. Run "cforg --help" for its commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cmd/accounts"
	"example.com/cloudflare/cmd/cforg/internal/cmd/auditlog"
	"example.com/cloudflare/cmd/cforg/internal/cmd/deletion"
	"example.com/cloudflare/cmd/cforg/internal/cmd/doctor"
	"example.com/cloudflare/cmd/cforg/internal/cmd/find"
	"example.com/cloudflare/cmd/cforg/internal/cmd/licenses"
	"example.com/cloudflare/cmd/cforg/internal/cmd/members"
	"example.com/cloudflare/cmd/cforg/internal/cmd/onboard"
	"example.com/cloudflare/cmd/cforg/internal/cmd/profiles"
	"example.com/cloudflare/cmd/cforg/internal/cmd/serve"
	"example.com/cloudflare/cmd/cforg/internal/cmd/tree"
)

var commands = []func(*cli.Env) *cobra.Command{
	tree.Command,
	find.Command,
	accounts.Command,
	onboard.Command,
	profiles.Command,
	deletion.Command,
	members.Command,
	doctor.Command,
	auditlog.Command,
	serve.Command,
	licenses.Command,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // a second Ctrl-C ends the program at once
	signal.Ignore(syscall.SIGPIPE) // a write to a closed pipe returns an error instead, so that jobs can finish what is under way
	env := &cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	os.Exit(cli.Execute(ctx, env, os.Args[1:], commands...))
}

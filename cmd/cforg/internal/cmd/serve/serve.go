// Package serve keeps a demo server open for other programs.
package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

const long = `Serve keeps a demo server open until Ctrl-C, so that several commands and other programs can use the same data. It holds
60 organizations, 300 accounts and 120 members, the same each time. The credential that it prints works nowhere else.`

// Command returns "cforg serve".
func Command(env *cli.Env) *cobra.Command {
	var address string
	var empty bool
	command := &cobra.Command{
		Use:     "serve",
		Short:   "Keep a demo server open for other programs",
		Long:    long,
		Example: "  cforg serve\n  cforg serve --listen 127.0.0.1:9000 --empty",
		Args:    cobra.NoArgs,
		RunE: env.Run(func(ctx context.Context, _ []string) error {
			return serve(ctx, env, address, empty)
		}),
	}
	cli.HideGlobalFlags(command)
	command.Flags().StringVar(&address, "listen", "127.0.0.1:8788", "listen on this loopback `address`; port 0 selects a free port")
	command.Flags().BoolVar(&empty, "empty", false, "begin without any organization")
	return command
}

func serve(ctx context.Context, env *cli.Env, address string, empty bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return cli.Usagef("--listen: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return cli.Usagef("--listen: the host must be 127.0.0.1, ::1 or localhost, not %q", host)
	}
	api := cloudflaretest.NewServer()
	api.KeepRequests(0) // nobody asks for them
	if !empty {
		demo.Seed(api)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String() + "/client/v4"
	fmt.Fprintf(env.Stdout, `Serving the Organizations API at %[1]s until Ctrl-C. To use it in another terminal:

export CLOUDFLARE_BASE_URL=%[1]s
export CLOUDFLARE_EMAIL=%[2]s
export CLOUDFLARE_API_KEY=%[3]s
unset CLOUDFLARE_API_TOKEN

cforg tree
curl -H "X-Auth-Email: $CLOUDFLARE_EMAIL" -H "X-Auth-Key: $CLOUDFLARE_API_KEY" "$CLOUDFLARE_BASE_URL/organizations"
`, base, cloudflaretest.Email, cloudflaretest.APIKey)

	server := &http.Server{Handler: api, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

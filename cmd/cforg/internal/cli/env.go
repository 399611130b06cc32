package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
	"example.com/cloudflare/cmd/cforg/internal/output"
	"example.com/cloudflare/cmd/cforg/internal/progress"
)

// Env is what a command runs with. Only the first group of fields must be set.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	Transport http.RoundTripper      // of every client; nil for the default one
	Server    *cloudflaretest.Server // of --demo; if nil, [Env.Client] starts one and fills it
	Tree      *demo.Tree             // what Server holds
	State     string                 // a folder for what the next run must know; empty for one in the user's cache folder

	Meter *progress.Meter // counts the requests of every client

	Demo bool // the flag --demo

	baseURL string
	maxWait time.Duration
	verbose bool
	running bool          // the command line was accepted
	fresh   bool          // Server was started by Client
	input   *bufio.Reader // of Stdin, once something was read
}

// check returns an error unless the global flags are valid.
func (env *Env) check(command *cobra.Command) error {
	env.Meter.Name = command.CommandPath()
	switch {
	case env.maxWait < 0:
		return fmt.Errorf("--max-wait must not be negative, not %s", env.maxWait)
	case command.Flags().Changed("rate") && !(env.Meter.Rate > 0 && env.Meter.Rate <= 1000):
		return fmt.Errorf("--rate must be more than 0 and at most 1000, not %v", env.Meter.Rate)
	}
	return nil
}

// BaseURL returns the URL that requests go to, or an empty string for the default one.
func (env *Env) BaseURL() string {
	return cmp.Or(env.baseURL, os.Getenv("CLOUDFLARE_BASE_URL"))
}

// Client returns a client for the account that the credential in the environment belongs to. With --demo it returns a
// client for the demo server.
func (env *Env) Client(options ...cloudflare.Option) (*cloudflare.Client, error) {
	first := []cloudflare.Option{cloudflare.WithUserAgent("cforg")}
	if env.Transport != nil {
		first = append(first, cloudflare.WithHTTPClient(&http.Client{Transport: env.Transport}))
	}
	if env.Meter == nil {
		env.Meter = new(progress.Meter)
	}
	first = append(first, env.Meter.Options()...)
	first = append(first, cloudflare.WithMaxRateLimitWait(env.maxWait))
	if env.Meter.Rate > 0 {
		first = append(first, cloudflare.WithLimiter(rate.NewLimiter(rate.Limit(env.Meter.Rate), 1)))
	}
	options = append(first, options...)
	if env.verbose {
		handler := slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: printable})
		options = append(options, cloudflare.WithLogger(slog.New(handler)))
	}
	if env.Demo {
		env.startServer()
		return env.Server.Client(options...), nil
	}
	if base := env.BaseURL(); base != "" {
		options = append(options, cloudflare.WithBaseURL(base))
	}
	if os.Getenv("CLOUDFLARE_API_TOKEN") == "" && os.Getenv("CLOUDFLARE_API_KEY") == "" && os.Getenv("CLOUDFLARE_EMAIL") == "" {
		return nil, Usagef("no credential: set CLOUDFLARE_API_TOKEN, or CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL; or try --demo")
	}
	return cloudflare.NewClient(options...)
}

// Network returns the transport of a client that observes its requests: with --demo, that of the demo server.
func (env *Env) Network() http.RoundTripper {
	switch {
	case env.Transport != nil:
		return env.Transport
	case env.Demo:
		env.startServer()
		return env.Server.Transport()
	}
	return cloudflare.NewTransport()
}

// printable makes the value of an attribute printable. A handler of slog prints some characters that cannot be seen.
func printable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindString {
		a.Value = slog.StringValue(output.Text(a.Value.String()))
	}
	return a
}

// UsesToken reports whether the credential is an API token, which the API accepts for some operations only.
func (env *Env) UsesToken() bool { return !env.Demo && os.Getenv("CLOUDFLARE_API_TOKEN") != "" }

func (env *Env) startServer() {
	if env.Server == nil {
		env.Server = cloudflaretest.NewServer()
		env.Tree = demo.Seed(env.Server)
		env.fresh = true
	}
}

// Fresh reports whether the command has a demo server of its own, which no other command uses.
func (env *Env) Fresh() bool { return env.fresh }

// StateFolder returns the folder for what the next run must know if this one is killed. It may not exist yet.
func (env *Env) StateFolder() (string, error) {
	if env.State != "" {
		return env.State, nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "cforg"), err
}

func (env *Env) close() {
	if env.fresh {
		env.Server.Close()
	}
}

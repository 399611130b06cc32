// Package doctor checks a credential, an account and the connection to the API.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

const long = `Doctor checks the credential, the account and the connection to the API. It calls every read-only operation once,
and compares the responses with what the API client expects. It reports

  - the kind of credential, and whether the API knows it,
  - whether the account has Organizations,
  - for each operation, whether this credential may use it, and the reason if not,
  - rate limits, the local clock, protocol, proxy and round-trip time,
  - fields in responses that the API client does not know, and fields that it expects and that were missing.

It ends with one line that says what to do next. The report contains no secret, name, address or ID, so that it can be
pasted into an issue. With --ray, it also contains the ray IDs of the responses, for a support case.

The exit code is 0 if the list of organizations can be read, 1 if not, and 2 without a credential.`

// slow is how long a request may take before the user is told that it does.
const slow = 1500 * time.Millisecond

// Command returns "cforg doctor".
func Command(env *cli.Env) *cobra.Command {
	var timeout time.Duration
	var asJSON, ray bool
	command := &cobra.Command{
		Use:     "doctor",
		Short:   "Report what works with this credential, account and network",
		Long:    long,
		Example: "  cforg doctor --demo\n  cforg doctor --json",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if timeout <= 0 {
				return errors.New("--timeout must be positive")
			}
			return nil
		},
		RunE: env.Run(func(ctx context.Context, _ []string) error {
			return run(ctx, env, timeout, asJSON, ray)
		}),
	}
	command.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "the longest time that a request may take")
	command.Flags().BoolVar(&ray, "ray", false, "add the ray ID of each response, for a support case")
	cli.JSONFlag(command, &asJSON)
	return command
}

func run(ctx context.Context, env *cli.Env, timeout time.Duration, asJSON, ray bool) error {
	p := printer{env.Stdout, asJSON}
	report := newReport(env)
	p.local(report)

	wire := &recorder{base: env.Network()}
	client, err := env.Client(
		cloudflare.WithReadOnly(), cloudflare.WithHTTPClient(&http.Client{Transport: wire}),
		cloudflare.WithTimeout(timeout), cloudflare.WithMaxRetries(0), cloudflare.WithMaxRateLimitWait(0),
	)
	if err != nil {
		return err
	}
	if env.Fresh() {
		demo.AddRecent(env.Server, env.Tree, time.Now())
	}
	waiting := time.AfterFunc(slow, func() {
		fmt.Fprintf(env.Stderr, "no response for %s; waiting for up to %s (--timeout)\n", slow, timeout)
	})
	x := &examination{client: client, wire: wire, report: report, private: privateNames(env), ray: ray, waiting: waiting}
	x.run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := p.rest(report); err != nil {
		return err
	}
	if !report.OK {
		return errors.New("the list of organizations could not be read")
	}
	return nil
}

// newReport returns a report of what is known without any request.
func newReport(env *cli.Env) *report {
	r := &report{Program: programVersion()}
	r.Credential.Kind, r.Credential.token = credentialKind(env.Demo)
	r.Credential.Known = "not known yet"
	r.Network.Server, r.Network.Proxy = server(env)
	return r
}

// credentialKind describes the credential of the environment. The prefixes are the API's, and no secret.
func credentialKind(demo bool) (kind string, token bool) {
	if demo {
		return "a global API key of the demo server", false
	}
	apiToken, key, email := os.Getenv("CLOUDFLARE_API_TOKEN"), os.Getenv("CLOUDFLARE_API_KEY"), os.Getenv("CLOUDFLARE_EMAIL")
	switch {
	case apiToken != "" && (key != "" || email != ""):
		return "more than one: CLOUDFLARE_API_TOKEN, and CLOUDFLARE_API_KEY or CLOUDFLARE_EMAIL", false
	case strings.HasPrefix(apiToken, "cfut_"):
		return "an API token of a user", true
	case strings.HasPrefix(apiToken, "cfat_"):
		return "an API token of an account", true
	case strings.HasPrefix(apiToken, "cfoat_"):
		return "an OAuth access token", true
	case apiToken != "":
		return "an API token", true
	case key != "" && email != "":
		return "a global API key with its email address", false
	case key != "" || email != "":
		return "half of one: CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL are needed together", false
	}
	return "none: set CLOUDFLARE_API_TOKEN, or CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL", false
}

// privateNames returns a function that reports whether a name of a field has a part of the credential in it.
func privateNames(env *cli.Env) func(string) bool {
	secrets := []string{cloudflaretest.APIKey, cloudflaretest.Email}
	if !env.Demo {
		secrets = []string{os.Getenv("CLOUDFLARE_API_TOKEN"), os.Getenv("CLOUDFLARE_API_KEY"), os.Getenv("CLOUDFLARE_EMAIL")}
	}
	return func(name string) bool {
		for _, secret := range secrets {
			if secret != "" && (strings.Contains(secret, name) && len(name) > 7 || strings.Contains(name, secret)) {
				return true
			}
		}
		return false
	}
}

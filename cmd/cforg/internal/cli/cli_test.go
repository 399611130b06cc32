package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

// sample returns a command that runs run, takes no argument, and has the flags --n, --format and --kind.
func sample(run func(ctx context.Context, env *cli.Env) error) func(*cli.Env) *cobra.Command {
	return func(env *cli.Env) *cobra.Command {
		command := &cobra.Command{
			Use: "sample", Short: "Does nothing", Args: cobra.NoArgs,
			RunE: env.Run(func(ctx context.Context, _ []string) error { return run(ctx, env) }),
		}
		var format, kind string
		command.Flags().Int("n", 1, "how often")
		cli.FormatFlag(command, &format, "table", "json", "csv")
		cli.ChoiceFlag(command, &kind, "kind", "what to look for", "any", "some")
		return command
	}
}

func execute(ctx context.Context, run func(context.Context, *cli.Env) error, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := &cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
	code = cli.Execute(ctx, env, args, sample(run))
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	usage := "Run \"cforg sample --help\" for usage.\n"
	for name, test := range map[string]struct {
		ctx    context.Context
		args   string
		err    error
		code   int
		stderr string
	}{
		"done":                 {code: cli.ExitDone},
		"an error":             {err: errors.New("the disk is full"), code: cli.ExitFailed, stderr: "cforg sample: the disk is full\n"},
		"usage":                {err: cli.Usagef("--n is %d", 7), code: cli.ExitUsage, stderr: "cforg sample: --n is 7\n" + usage},
		"invalid argument":     {err: fmt.Errorf("%w: an ID", cloudflare.ErrInvalidArgument), code: cli.ExitUsage, stderr: "an ID\n" + usage},
		"refused":              {err: cli.Refused(errors.New("there are two")), code: cli.ExitRefused, stderr: "cforg sample: there are two\n"},
		"refused, wrapped":     {err: fmt.Errorf("no: %w", cli.Refused(errors.New("two"))), code: cli.ExitRefused, stderr: "cforg sample: no: two\n"},
		"interrupted":          {ctx: canceled, err: context.Canceled, code: cli.ExitInterrupted, stderr: "cforg sample: interrupted\n"},
		"interrupted, details": {ctx: canceled, err: errors.New("4 rows"), code: cli.ExitInterrupted, stderr: "cforg sample: interrupted: 4 rows\n"},
		"done in spite of it":  {ctx: canceled, code: cli.ExitDone},
		"hostile characters":   {err: errors.New("e\x1b[31m\u202e\u009b:\n\tjo\u200dined"), code: cli.ExitFailed, stderr: "cforg sample: e [31m :\n\tjo ined\n"},
		"a closed pipe":        {err: fmt.Errorf("write: %w", syscall.EPIPE), code: cli.ExitFailed},
		"unknown flag":         {args: "sample -x", code: cli.ExitUsage, stderr: "cforg sample: unknown shorthand flag: 'x' in -x\n" + usage},
		"flag of another type": {args: "sample --n=x", code: cli.ExitUsage, stderr: "invalid argument \"x\" for \"--n\" flag"},
		"an argument":          {args: "sample more", code: cli.ExitUsage, stderr: "cforg sample: unknown command \"more\" for \"cforg sample\"\n"},
		"unknown command":      {args: "simple", code: cli.ExitUsage, stderr: "cforg: unknown command \"simple\" for \"cforg\"\n\nDid you mean this?\n\tsample\n"},
		"unknown format":       {args: "sample --format xml", code: cli.ExitUsage, stderr: "must be table, json or csv\n"},
		"two formats":          {args: "sample --json --format csv", code: cli.ExitUsage, stderr: "[format json]"},
		"json with a value":    {args: "sample --json=maybe", code: cli.ExitUsage, stderr: "takes no value"},
		"unknown choice":       {args: "sample --kind x", code: cli.ExitUsage, stderr: "must be any or some\n"},
		"two servers":          {args: "sample --demo --base-url https://example.com", code: cli.ExitUsage, stderr: "[base-url demo]"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.ctx == nil {
				test.ctx = t.Context()
			}
			if test.args == "" {
				test.args = "sample"
			}
			ran := false
			code, stdout, stderr := execute(test.ctx, func(context.Context, *cli.Env) error { ran = true; return test.err }, strings.Fields(test.args)...)
			assert.Equal(t, test.code, code)
			assert.Empty(t, stdout)
			assert.Equal(t, test.args == "sample", ran)
			if test.stderr == "" {
				assert.Empty(t, stderr)
			}
			assert.Contains(t, stderr, test.stderr)
		})
	}
}

func TestHelp(t *testing.T) {
	for args, want := range map[string][]string{
		"":              {"Available Commands:", "Does nothing", "--demo", "Exit codes: 0 done, "},
		"--help":        {"Available Commands:", "Does nothing", "--demo", "Exit codes: 0 done, "},
		"sample --help": {"--n int", "how often", "--base-url URL", "-o, --format {table,json,csv}", "--json"},
		"--version":     {"cforg version "},
	} {
		code, stdout, stderr := execute(t.Context(), nil, strings.Fields(args)...)
		assert.Equal(t, cli.ExitDone, code)
		assert.Empty(t, stderr)
		for _, part := range want {
			assert.Contains(t, stdout, part)
		}
	}
}

func TestCompletion(t *testing.T) {
	code, stdout, _ := execute(t.Context(), nil, "__complete", "sample", "--format", "")
	assert.Equal(t, cli.ExitDone, code)
	assert.True(t, strings.HasPrefix(stdout, "table\njson\ncsv\n"), stdout)
}

func client(_ context.Context, env *cli.Env) error {
	_, err := env.Client()
	return err
}

func TestCredentialComesFromTheEnvironment(t *testing.T) {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL", "CLOUDFLARE_BASE_URL"} {
		t.Setenv(name, "")
	}
	code, _, stderr := execute(t.Context(), client, "sample")
	assert.Equal(t, cli.ExitUsage, code)
	assert.Contains(t, stderr, "CLOUDFLARE_API_TOKEN")
	assert.Contains(t, stderr, "--demo")

	t.Setenv("CLOUDFLARE_API_TOKEN", "a-token")
	code, _, stderr = execute(t.Context(), func(ctx context.Context, env *cli.Env) error {
		assert.Nil(t, env.Server)
		return client(ctx, env)
	}, "sample")
	assert.Equal(t, cli.ExitDone, code, stderr)
}

func TestBaseURL(t *testing.T) {
	server, baseURL := clitest.Serve(t)
	list := func(ctx context.Context, env *cli.Env) error {
		c, err := env.Client()
		if err != nil {
			return err
		}
		_, err = c.Organizations.List(ctx, cloudflare.OrganizationListParams{})
		return err
	}
	t.Setenv("CLOUDFLARE_API_TOKEN", cloudflaretest.APIToken)
	t.Setenv("CLOUDFLARE_API_KEY", "")
	t.Setenv("CLOUDFLARE_EMAIL", "")
	t.Setenv("CLOUDFLARE_BASE_URL", baseURL)
	code, _, stderr := execute(t.Context(), list, "sample")
	assert.Equal(t, cli.ExitDone, code, stderr)

	t.Setenv("CLOUDFLARE_BASE_URL", "http://example.com")
	code, _, stderr = execute(t.Context(), list, "sample")
	assert.Equal(t, cli.ExitUsage, code, stderr)
	code, _, stderr = execute(t.Context(), list, "sample", "--base-url", baseURL)
	assert.Equal(t, cli.ExitDone, code, stderr)
	assert.Len(t, server.Requests(), 2)
}

func TestVerboseLogsRequests(t *testing.T) {
	_, _, stderr := execute(t.Context(), func(ctx context.Context, env *cli.Env) error {
		c, err := env.Client()
		require.NoError(t, err)
		assert.True(t, env.Fresh())
		_, err = c.Organizations.Get(ctx, env.Tree.Organizations[0].ID)
		return err
	}, "sample", "--demo", "-v")
	assert.Contains(t, stderr, "method=GET")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A server echoes the credential with a character inside that cannot be seen, so the client does not find it.
func TestDividedCredentialIsNotJoined(t *testing.T) {
	const token = "C4n4ryToken0123456789abcdef"
	t.Setenv("CLOUDFLARE_API_TOKEN", token)
	t.Setenv("CLOUDFLARE_API_KEY", "")
	t.Setenv("CLOUDFLARE_EMAIL", "")
	for _, divider := range []string{
		"\u200b", "\u200d", "\u00ad", "\u034f", "\ufe0f", "\u3164", "\u202e", "\u009b", "\x1b", "\x7f", "\U000e0041", "\xff",
	} {
		echo := token[:11] + divider + token[11:]
		var errs bytes.Buffer
		env := &cli.Env{Stdin: strings.NewReader(""), Stdout: &errs, Stderr: &errs}
		env.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			body := `{"success":false,"errors":[{"code":7003,"message":"no token ` + echo + `"}]}`
			return &http.Response{
				StatusCode: 400, Header: http.Header{"Cf-Ray": {echo}, "Content-Type": {"application/json"}},
				Body: io.NopCloser(strings.NewReader(body)), Request: r,
			}, nil
		})
		code := cli.Execute(t.Context(), env, []string{"sample", "-v"}, sample(func(ctx context.Context, env *cli.Env) error {
			c, err := env.Client()
			require.NoError(t, err)
			_, err = c.Organizations.List(ctx, cloudflare.OrganizationListParams{})
			return err
		}))
		assert.Equal(t, cli.ExitFailed, code)
		visible := strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
				return -1
			}
			return r
		}, errs.String())
		assert.Contains(t, visible, "method=GET")
		assert.Contains(t, visible, "no token C4n4ryToken")
		assert.NotContains(t, visible, token, "%+q", divider)
	}
}

// failing takes so many writes.
type failing struct{ writes int }

var errFull = errors.New("no space left")

func (f *failing) Write(p []byte) (int, error) {
	if f.writes--; f.writes < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestFailedWritesAreNotIgnored(t *testing.T) {
	for writes, code := range map[int]int{0: cli.ExitFailed, 1: cli.ExitFailed, 2: cli.ExitDone} {
		var errs bytes.Buffer
		env := &cli.Env{Stdin: strings.NewReader(""), Stdout: &failing{writes}, Stderr: &errs}
		got := cli.Execute(t.Context(), env, []string{"sample"}, sample(func(_ context.Context, env *cli.Env) error {
			fmt.Fprintln(env.Stdout, "one")
			fmt.Fprintln(env.Stdout, "two")
			return nil
		}))
		assert.Equal(t, code, got)
		assert.Equal(t, code != cli.ExitDone, strings.Contains(errs.String(), "standard output: no space left"))
	}
}

func TestConfirm(t *testing.T) {
	for typed, code := range map[string]int{
		"y\n": cli.ExitDone, "YES\n": cli.ExitDone, " y": cli.ExitDone,
		"n\n": cli.ExitRefused, "\n": cli.ExitRefused, "": cli.ExitRefused, "yeah\n": cli.ExitRefused,
	} {
		var errs bytes.Buffer
		env := &cli.Env{Stdin: strings.NewReader(typed), Stdout: &errs, Stderr: &errs}
		got := cli.Execute(t.Context(), env, []string{"sample"}, sample(func(ctx context.Context, env *cli.Env) error {
			return env.Confirm(ctx, "Delete everything?")
		}))
		assert.Equal(t, code, got, typed)
		assert.Contains(t, errs.String(), "Delete everything? [y/N] ")
		assert.Equal(t, code != cli.ExitDone, strings.Contains(errs.String(), "nothing was written"))
	}
}

func TestCheckEmail(t *testing.T) {
	for _, valid := range []string{"a@b", "ada.lovelace+org@example.com", "é@example.com"} {
		assert.NoError(t, cli.CheckEmail(valid))
		params := cloudflare.OrganizationMemberCreateParams{Email: valid}
		canceled, cancel := context.WithCancel(t.Context())
		cancel() // so that nothing is sent
		c, err := cloudflare.NewClient(cloudflare.WithAPIToken("x"))
		require.NoError(t, err)
		_, err = c.OrganizationMembers.Create(canceled, strings.Repeat("0", 32), params)
		assert.NotErrorIs(t, err, cloudflare.ErrInvalidArgument, "what passes here is not rejected later")
	}
	for _, invalid := range []string{"", "ada", "a@", "@b", "a b@c", "Ada <a@b>", "<a@b>", "a@b, c@d", "\"a b\"@c", "a@b\n"} {
		assert.Error(t, cli.CheckEmail(invalid), invalid)
	}
}

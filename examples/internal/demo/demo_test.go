package demo_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/examples/internal/demo"
)

// runProgram runs a program that does no more than run, and has one flag, -n.
func runProgram(ctx context.Context, run func(context.Context, *demo.Env) error, args ...string) (code int, stdout, stderr string) {
	p := demo.Program{
		Name:  "sample",
		Usage: "[-n 1]\n\nDoes nothing.",
		Setup: func(flags *flag.FlagSet) func(context.Context, *demo.Env) error {
			flags.Int("n", 1, "how often")
			return run
		},
	}
	var out, errs bytes.Buffer
	code = p.Run(ctx, &demo.Env{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs})
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx    context.Context
		args   []string
		err    error
		code   int
		stderr string
	}{
		"done":                {code: demo.ExitOK},
		"an error":            {err: errors.New("the disk is full"), code: demo.ExitError, stderr: "sample: the disk is full\n"},
		"usage":               {err: demo.Usagef("-n is %d", 7), code: demo.ExitUsage, stderr: "sample: -n is 7\nsample: -h shows how to use it\n"},
		"an unknown flag":     {args: []string{"-x"}, code: demo.ExitUsage, stderr: "sample: flag provided but not defined: -x\n"},
		"refused":             {err: demo.Refused(errors.New("there are two")), code: demo.ExitRefused, stderr: "sample: there are two\n"},
		"refused, wrapped":    {err: fmt.Errorf("no: %w", demo.Refused(errors.New("two"))), code: demo.ExitRefused, stderr: "sample: no: two\n"},
		"interrupted":         {ctx: cancelled, err: context.Canceled, code: demo.ExitInterrupted, stderr: "sample: interrupted\n"},
		"done in spite of it": {ctx: cancelled, code: demo.ExitOK},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := test.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			code, stdout, stderr := runProgram(ctx, func(context.Context, *demo.Env) error { return test.err }, test.args...)
			assert.Equal(t, test.code, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, test.stderr)
		})
	}
}

func TestHelp(t *testing.T) {
	code, stdout, stderr := runProgram(t.Context(), nil, "-h")
	assert.Equal(t, demo.ExitOK, code)
	assert.Empty(t, stderr)
	for _, part := range []string{"go run ./examples/sample [-n 1]", "Does nothing.", "-live", "how often", "3 refused"} {
		assert.Contains(t, stdout, part)
	}
}

func TestLiveTakesItsCredentialFromTheEnvironment(t *testing.T) {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"} {
		t.Setenv(name, "")
	}
	code, _, stderr := runProgram(t.Context(), nil, "-live")
	assert.Equal(t, demo.ExitError, code)
	assert.Contains(t, stderr, "CLOUDFLARE_API_TOKEN")

	t.Setenv("CLOUDFLARE_API_TOKEN", "a-token")
	code, _, stderr = runProgram(t.Context(), func(_ context.Context, env *demo.Env) error {
		assert.NotNil(t, env.Client)
		assert.Nil(t, env.Server)
		assert.Nil(t, env.Tree)
		return nil
	}, "-live")
	assert.Equal(t, demo.ExitOK, code, stderr)
}

func TestVerboseLogsRequests(t *testing.T) {
	_, _, stderr := runProgram(t.Context(), func(ctx context.Context, env *demo.Env) error {
		_, err := env.Client.Organizations.Get(ctx, env.Tree.Organizations[0].ID)
		return err
	}, "-v")
	assert.Contains(t, stderr, "method=GET")
}

func TestText(t *testing.T) {
	assert.Equal(t, "Grupo Íñigo システム & “Co”", demo.Text("Grupo Íñigo システム & “Co”"))
	assert.Equal(t, "[2J[31mred", demo.Text("\x1b[2J\x1b[31mre\r\nd\x07\u202e"))
}

func TestOrganizationID(t *testing.T) {
	_, _, stderr := runProgram(t.Context(), func(ctx context.Context, env *demo.Env) error {
		root := env.Tree.Organizations[0].ID
		for _, s := range []string{root, demo.Root} {
			id, err := demo.OrganizationID(ctx, env.Client, s)
			assert.NoError(t, err)
			assert.Equal(t, root, id)
		}
		_, err := demo.OrganizationID(ctx, env.Client, "northwind distribution")
		assert.ErrorContains(t, err, "no organization is named")
		_, err = demo.OrganizationID(ctx, env.Client, demo.TwiceApart)
		for _, o := range env.Tree.Named(demo.TwiceApart) {
			assert.ErrorContains(t, err, o.ID)
		}
		return err
	})
	assert.Contains(t, stderr, "2 organizations are named")
}

func TestSeed(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	tree := demo.Seed(server)

	listed := 0
	for _, err := range server.Client().Organizations.All(t.Context(), cloudflare.OrganizationListParams{}) {
		require.NoError(t, err)
		listed++
	}
	assert.Equal(t, 60, listed)

	levels, accounts, members := map[int]int{}, 0, 0
	noFactor, foreign, statuses, organizationsOf := 0, 0, map[string]int{}, map[string]int{}
	for _, o := range tree.Organizations {
		levels[o.Level]++
		accounts += len(o.Accounts)
		for _, m := range o.Members {
			members++
			statuses[m.Status]++
			organizationsOf[m.Email]++
			if !m.TwoFactor {
				noFactor++
			}
			if !strings.HasSuffix(m.Email, "@"+demo.Domain) {
				foreign++
			}
		}
	}
	assert.Equal(t, map[int]int{1: 2, 2: 8, 3: 50}, levels)
	assert.Equal(t, 300, accounts)
	assert.Equal(t, 120, members)
	assert.Equal(t, map[string]int{"active": 113, "pending": 5, "canceled": 1, "rejected": 1}, statuses)
	assert.Positive(t, noFactor)
	assert.Positive(t, foreign)
	assert.Equal(t, 2, organizationsOf[tree.Organizations[0].Members[0].Email])

	parents := func(name string) (ids []string) {
		for _, o := range tree.Named(name) {
			ids = append(ids, o.ParentID)
		}
		return ids
	}
	reseller := tree.Named(demo.Reseller)[0].ID
	assert.Equal(t, []string{reseller, reseller}, parents(demo.TwiceSame))
	assert.Len(t, parents(demo.TwiceApart), 2)
	assert.NotEqual(t, parents(demo.TwiceApart)[0], parents(demo.TwiceApart)[1])
	assert.Equal(t, []string{reseller}, parents(demo.EmptyCustomer))

	again := cloudflaretest.NewServer()
	defer again.Close()
	assert.Equal(t, tree, demo.Seed(again), "the same each time")
}

package main_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

// program is the built program.
var program string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "cforg")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(folder, "cforg.exe")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Stderr = os.Stderr
	code := 1
	if build.Run() == nil {
		code = m.Run()
	}
	os.RemoveAll(folder)
	os.Exit(code)
}

// command returns the program with a command line, and with no credential in its environment but those of env.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), program, args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "CLOUDFLARE_") {
			c.Env = append(c.Env, variable)
		}
	}
	c.Env = append(c.Env, env...)
	return c
}

// words splits a command line. Underscores in it stand for spaces in an argument.
func words(line string) []string {
	split := strings.Fields(line)
	for i := range split {
		split[i] = strings.ReplaceAll(split[i], "_", " ")
	}
	return split
}

// run runs the program and returns its exit code.
func run(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := command(t, env, args...)
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run()
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	for args, want := range map[string]struct {
		code   int
		stderr string
	}{
		"--help":                         {0, ""},
		"tree --demo":                    {0, ""},
		"find --demo Anchor_Freight":     {0, ""},
		"tree --demo --json":             {0, ""},
		"doctor --demo":                  {0, ""},
		"onboard --demo":                 {3, "not confirmed"}, // standard input is empty
		"onboard --demo --yes":           {0, ""},
		"delete --demo Tern_Ceramics":    {3, "no name was typed"},
		"find --demo nobody":             {3, "nothing found"},
		"find --demo Harbor_Clinic":      {3, "2 places found"},
		"tree":                           {2, "CLOUDFLARE_API_TOKEN"},
		"tree --formt json":              {2, "unknown flag: --formt"},
		"tre":                            {2, "Did you mean this?\n\ttree"},
		"profiles /no/such --demo":       {1, "no such file"},
		"members audit extra --demo":     {2, "unknown command"},
		"members bogus":                  {2, "unknown command"},
		"serve --listen 192.0.2.1:80":    {2, "must be 127.0.0.1"},
		"profiles x --demo --parallel 0": {2, "must be from 1 to 64"},
		"help members audit":             {0, ""},
		"help":                           {0, ""},
		"completion bash":                {0, ""},
		"completion":                     {0, ""},
		"help tre":                       {2, `unknown command "tre" for "cforg"`},
		"help members bogus":             {2, `unknown command "bogus" for "cforg members"`},
		"help tree bogus":                {2, `unknown command "bogus" for "cforg tree"`},
		"completion bogus":               {2, `unknown command "bogus" for "cforg completion"`},
		"completion bash extra":          {2, "unknown command"},
	} {
		code, stdout, stderr := run(t, nil, words(args)...)
		assert.Equal(t, want.code, code, "%s: %s", args, stderr)
		assert.Contains(t, stderr, want.stderr, args)
		if want.code == 0 && args != "onboard --demo --yes" {
			assert.NotEmpty(t, stdout, args)
		}
		if want.code == 2 {
			assert.Empty(t, stdout, args)
			assert.True(t, strings.HasPrefix(stderr, "cforg"), "nothing comes before the error: %s", stderr)
		}
	}
}

func TestHelpHasNoFlagsThatMeanNothing(t *testing.T) {
	for command, meant := range map[string]bool{"serve": false, "tree": true, "onboard": true} {
		_, stdout, _ := run(t, nil, command, "--help")
		assert.Contains(t, stdout, "Usage:\n  cforg "+command)
		for _, flag := range []string{"--demo", "--base-url", "--max-wait", "--rate", "--quiet"} {
			assert.Equal(t, meant, strings.Contains(stdout, " "+flag+" "), "%s %s", command, flag)
		}
	}
}

// The whole tool against a server outside of it, as with "cforg serve".
func TestBaseURL(t *testing.T) {
	server, baseURL := clitest.Serve(t)
	server.AddOrganization("Acme", "")
	env := []string{"CLOUDFLARE_API_KEY=" + cloudflaretest.APIKey, "CLOUDFLARE_EMAIL=" + cloudflaretest.Email}
	code, stdout, stderr := run(t, env, "tree", "--base-url", baseURL)
	assert.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "Acme\n")
	code, stdout, stderr = run(t, append(env, "CLOUDFLARE_BASE_URL="+baseURL), "find", "acme", "--json")
	assert.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, `"name":"Acme"`)

	code, _, stderr = run(t, []string{"CLOUDFLARE_API_TOKEN=secret-token-1", "CLOUDFLARE_BASE_URL=" + baseURL}, "-v", "tree")
	assert.Equal(t, 1, code)
	assert.NotContains(t, stderr, "secret-token-1")
}

// A reader that stops early ends the command, without a word.
func TestClosedPipe(t *testing.T) {
	var errs bytes.Buffer
	c := command(t, nil, "tree", "--demo", "--json")
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	_, err = io.ReadFull(out, make([]byte, 10))
	require.NoError(t, err)
	require.NoError(t, out.Close())
	_ = c.Wait()
	if runtime.GOOS != "windows" {
		assert.Equal(t, 1, c.ProcessState.ExitCode())
		assert.Empty(t, errs.String())
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, args := range []string{
		"tree --demo", "find --demo Anchor_Freight", "accounts --demo --json", "members audit --demo", "delete --demo Alder_Secure", "--help", "help tree", "completion bash", "completion fish",
	} {
		var errs bytes.Buffer
		c := command(t, nil, words(args)...)
		c.Stdout, c.Stderr = full, &errs
		_ = c.Run()
		assert.Equal(t, 1, c.ProcessState.ExitCode(), args)
		assert.Contains(t, errs.String(), "no space left on device", args)
	}
}

// A command whose client is not read-only is one that writes.
func TestReadingCommandsAreReadOnly(t *testing.T) {
	files, err := filepath.Glob("internal/cmd/*/*.go")
	require.NoError(t, err)
	readOnly := regexp.MustCompile(`env\.Client\(\s*cloudflare\.WithReadOnly\(\)`) // also in hierarchy.Survey
	writers := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Count(string(code), "env.Client(") > len(readOnly.FindAll(code, -1)) {
			writers[filepath.ToSlash(file)] = true
		}
	}
	assert.Equal(t, map[string]bool{
		"internal/cmd/deletion/deletion.go": true,
		"internal/cmd/members/add.go":       true,
		"internal/cmd/members/remove.go":    true,
		"internal/cmd/onboard/onboard.go":   true,
		"internal/cmd/profiles/profiles.go": true,
	}, writers)
}

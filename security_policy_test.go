package cloudflare_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every promise of the security policy names a test that exists.
func TestSecurityPromisesNameTheirTests(t *testing.T) {
	policy, err := os.ReadFile("SECURITY.md")
	require.NoError(t, err)
	files, err := fs.Glob(os.DirFS("."), "*_test.go")
	require.NoError(t, err)
	inner, err := fs.Glob(os.DirFS("."), "internal/*/*_test.go")
	require.NoError(t, err)
	var code strings.Builder
	for _, name := range append(files, inner...) {
		file, err := os.ReadFile(name)
		require.NoError(t, err)
		code.Write(file)
	}
	_, promises, found := strings.Cut(string(policy), "## What you can rely on")
	require.True(t, found)
	for promise := range strings.SplitSeq(promises, "\n- ") {
		names := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`").FindAllStringSubmatch(promise, -1)
		if strings.Contains(promise, "Each promise ends") {
			continue
		}
		assert.NotEmpty(t, names, "no test holds: %s", promise)
		for _, name := range names {
			assert.Contains(t, code.String(), "\nfunc "+name[1]+"(", "named by a promise")
		}
	}
}

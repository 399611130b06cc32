package licenses

import (
	"encoding/json"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

var update = flag.Bool("update", false, "rewrite licenses.txt")

// module is a module that is linked into cforg.
type module struct{ Path, Dir string }

// linked returns the modules whose packages cforg imports on one of the systems, and Go itself.
func linked(t *testing.T) []module {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	modules := []module{{"Go", strings.TrimSpace(string(root))}}
	var own module
	for _, system := range []string{"linux", "darwin", "windows"} {
		list := exec.Command("go", "list", "-deps", "-json=Module", "example.com/cloudflare/cmd/cforg")
		list.Env = append(os.Environ(), "GOOS="+system, "GOWORK=off")
		out, err := list.Output()
		require.NoError(t, err)
		for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
			var listed struct{ Module *module }
			err := dec.Decode(&listed)
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			switch m := listed.Module; {
			case m == nil || slices.Contains(modules, *m) || m.Path == "example.com/cloudflare/cmd/cforg":
			case m.Path == "example.com/cloudflare": // with the license of cforg
				own = *m
			default:
				modules = append(modules, *m)
			}
		}
	}
	slices.SortFunc(modules[1:], func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return append([]module{{"cforg", own.Dir}}, modules...)
}

// The command prints every license file, also of modules that another system needs. If it does not, run go generate.
func TestLicensesAreComplete(t *testing.T) {
	var want strings.Builder
	for _, m := range linked(t) {
		files, err := filepath.Glob(filepath.Join(m.Dir, "[LNCP][IOA][CTP]*"))
		require.NoError(t, err)
		found := false
		for _, file := range files {
			name, _, _ := strings.Cut(filepath.Base(file), ".")
			if !slices.Contains([]string{"LICENSE", "LICENCE", "NOTICE", "COPYING", "PATENTS"}, name) {
				continue
			}
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			want.WriteString("==== " + m.Path + ": " + filepath.Base(file) + " ====\n\n")
			want.WriteString(strings.TrimSpace(strings.ReplaceAll(string(content), "\r\n", "\n")) + "\n\n")
			found = true
		}
		assert.True(t, found, "%s has no license", m.Path)
	}
	if *update {
		require.NoError(t, os.WriteFile("licenses.txt", []byte(want.String()), 0o666))
		return
	}
	assert.Equal(t, want.String(), strings.ReplaceAll(text, "\r\n", "\n"))
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		assert.Equal(t, clitest.Result{Stdout: text}, w.Run(t.Context(), Command, ""))
	})
}

package auditlog

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/gofrs/flock"

	"example.com/cloudflare/cmd/cforg/internal/cli"
)

// lock makes this process the only one that uses a file. The lock ends with the process, however that ends.
func lock(name string) (*flock.Flock, error) {
	name += ".lock" // the file itself is replaced
	lock := flock.New(name, flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	switch {
	case err != nil:
		return nil, err
	case !locked:
		owner, _ := os.ReadFile(name) // Windows does not permit this
		return nil, cli.Refused(fmt.Errorf("%s uses it", cmp.Or(strings.TrimSpace(string(owner)), "another process")))
	}
	_ = os.WriteFile(name, fmt.Appendf(nil, "process %d\n", os.Getpid()), 0o600)
	return lock, nil
}

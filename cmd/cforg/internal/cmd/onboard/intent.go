package onboard

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/cloudflare/cmd/cforg/internal/durable"
)

// settled is how long after a request to create an organization the organization may still appear.
const settled = 2 * time.Minute

// intent is the name of a file that exists while a run may have sent a request to create an organization that lists do
// not contain yet. Its modification time is that of the request. A run that is killed leaves it to the next one. An empty
// intent does nothing.
type intent string

// newIntent returns the intent to create what the parts of key identify.
func newIntent(folder string, key ...string) intent {
	name := fmt.Sprintf("onboard-%x", sha256.Sum256([]byte(strings.Join(key, "\x00"))))
	return intent(filepath.Join(folder, name))
}

// time returns when the request was sent, or the zero time if there was none.
func (i intent) time() (time.Time, error) {
	info, err := os.Stat(string(i))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	case info.ModTime().After(time.Now()): // the clock was set back
		return time.Now(), nil
	}
	return info.ModTime(), nil
}

// record makes the file and returns once it is on the disk. The error matches [fs.ErrExist] if there is one.
func (i intent) record() error {
	if i == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(string(i)), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(string(i), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	i.setTime(time.Now())
	return errors.Join(file.Sync(), file.Close(), durable.SyncFolder(string(i)))
}

// setTime changes the time of the request. If that fails, the next run looks for a shorter time.
func (i intent) setTime(at time.Time) { _ = os.Chtimes(string(i), at, at) }

// forget removes the file.
func (i intent) forget() error {
	if err := os.Remove(string(i)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

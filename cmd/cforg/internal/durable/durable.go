// Package durable writes files that survive a crash.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// WriteFile replaces a file, which keeps its permissions, or makes one that only the user may read. After a crash, the
// file is either the old one or the new one, and the next call removes what else is left. Two calls for one file must not
// run at once.
func WriteFile(name string, data []byte) error {
	mode := os.FileMode(0o600)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	temporary := name + ".tmp"
	_ = os.Remove(temporary)
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return SyncFolder(name)
}

// SyncFolder returns once the name of a file is on the disk. Windows cannot do this.
func SyncFolder(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Target returns the file that a symbolic link leads to, whether or not it exists. Any other name is returned as it is.
func Target(name string) (string, error) {
	target := name
	for range 40 { // as Linux
		link, err := os.Readlink(target)
		if err != nil {
			return target, nil
		}
		if !filepath.IsAbs(link) { // filepath.Join would drop a ".." that leads out of another link
			link = filepath.Dir(target) + string(filepath.Separator) + link
		}
		target = link
	}
	return "", fmt.Errorf("%s: too many symbolic links", name)
}

package auditlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/durable"
)

// state is what a checkpoint file holds.
type state struct {
	OrganizationID string `json:"organization_id"`

	// Since is where the next look begins. Every entry before it was printed.
	Since time.Time `json:"since"`

	// Printed are the entries since then that were printed, with their times.
	Printed map[string]time.Time `json:"printed"`

	// Output is the absolute path of the file that entries are written to, and Length how much of it is committed.
	Output string `json:"output,omitempty"`
	Length int64  `json:"length,omitempty"`

	// Unfinished reports that more may have been printed to standard output than Printed holds, and a line cut.
	Unfinished bool `json:"unfinished,omitempty"`

	saved int // bytes of the checkpoint; 0 if there is none yet
}

// loadState reads a checkpoint, or begins at since if there is none yet.
func loadState(file, organizationID string, since time.Time) (*state, error) {
	s := &state{OrganizationID: organizationID, Since: since, Printed: map[string]time.Time{}}
	if file == "" {
		return s, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s is not a checkpoint: %w", file, err)
	}
	if !cli.SameID(s.OrganizationID, organizationID) {
		return nil, cli.Usagef("--checkpoint: %s belongs to another organization, %q", file, s.OrganizationID)
	}
	if s.Printed == nil {
		s.Printed = map[string]time.Time{}
	}
	s.saved = len(data)
	return s, nil
}

// advance moves the beginning of the next look, and forgets the entries before it.
func (s *state) advance(to time.Time) {
	if !to.After(s.Since) {
		return
	}
	s.Since = to
	for id, at := range s.Printed {
		if at.Before(to) {
			delete(s.Printed, id)
		}
	}
}

// save replaces the checkpoint. After a crash, the file is either the old one or the new one.
func (s *state) save(file string) error {
	if file == "" {
		return nil
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	s.saved = len(data)
	return durable.WriteFile(file, append(data, '\n'))
}

// open opens a file of --output where its committed part ends, and removes what an earlier run wrote after that. A file
// that the state does not know is continued, and one that is empty or new again is begun.
func (s *state) open(name string) (*os.File, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	size := info.Size()
	if s.Output != path || size == 0 {
		s.Output, s.Length = path, size
	}
	last := []byte{'\n'}
	switch {
	case !info.Mode().IsRegular():
		err = cli.Usagef("it must be a regular file")
	case size < s.Length:
		err = cli.Refused(fmt.Errorf("it has %d bytes, but %d were written to it", size, s.Length))
	case s.Length > 0:
		_, err = file.ReadAt(last, s.Length-1)
	}
	if err == nil && last[0] != '\n' {
		err = cli.Refused(errors.New("it does not have a line break where the next entry would begin"))
	}
	if err == nil {
		_, err = file.Seek(s.Length, io.SeekStart)
	}
	if err == nil && size > s.Length {
		err = file.Truncate(s.Length)
	}
	if err = errors.Join(err, durable.SyncFolder(path)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

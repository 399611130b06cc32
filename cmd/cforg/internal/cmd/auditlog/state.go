package auditlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/natefinch/atomic"

	"example.com/cloudflare/cmd/cforg/internal/cli"
)

// state is what a checkpoint file holds.
type state struct {
	OrganizationID string `json:"organization_id"`

	// Since is where the next look begins. Every entry before it was printed.
	Since time.Time `json:"since"`

	// Printed are the entries since then that were printed, with their times.
	Printed map[string]time.Time `json:"printed"`
}

// loadState reads a checkpoint, or begins at since if there is none yet.
func loadState(file, organizationID string, since time.Time) (*state, error) {
	s := &state{organizationID, since, map[string]time.Time{}}
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
	return atomic.WriteFile(file, bytes.NewReader(append(data, '\n')))
}

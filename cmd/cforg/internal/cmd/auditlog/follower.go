package auditlog

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

// pageSize is a variable for tests.
var pageSize = cloudflare.MaxPageSize

// follower prints the entries that were not printed before.
type follower struct {
	client  *cloudflare.Client
	env     *cli.Env
	file    string   // the checkpoint; empty for none
	output  *os.File // nil for standard output
	overlap time.Duration
	state   *state

	out     *bufio.Writer
	pending int // bytes that were printed since the last commit
}

func (f *follower) print(e *entry) error {
	if f.pending == 0 && f.output == nil { // standard output cannot be truncated
		if f.state.Unfinished {
			_ = f.out.WriteByte('\n') // its error is that of the next write
		}
		f.state.Unfinished = true
		if err := f.save(); err != nil {
			return err
		}
	}
	f.pending += len(e.raw) + 1
	return output.JSONLine(f.out, e.raw)
}

// entry is an entry of the audit log, and how the API sent it.
type entry struct {
	cloudflare.AuditLog
	raw json.RawMessage
}

// key identifies an entry. The API may omit every field, the ID too.
func (e *entry) key() string {
	if e.ID != "" {
		return e.ID
	}
	sum := sha256.Sum256(e.raw)
	return hex.EncodeToString(sum[:])
}

// round prints the entries from the checkpoint until now, page after page, and saves what was printed. It also saves
// what was printed before an error.
func (f *follower) round(ctx context.Context) error {
	before := time.Now()
	if !f.state.Since.Before(before) {
		return nil // the clock was set back: everything until now was printed
	}
	end := before // of what was read for certain
	ordered := true
	var last, settled time.Time // the latest entry; the one that the page after it followed in order
	params := cloudflare.AuditLogListParams{
		Since: f.state.Since, Before: before, Direction: cloudflare.DirectionAscending, PageSize: pageSize,
	}
	entries := cloudflare.Paginate("", func(cursor string) (*cloudflare.Page[entry], error) {
		if ordered && !settled.IsZero() {
			f.state.advance(settled.Add(-f.overlap))
		}
		settled = last
		if f.pending > f.state.saved { // so that all checkpoints together are not longer than the output
			if err := f.commit(); err != nil {
				return nil, err
			}
		}
		params.PageToken = cursor
		page, date, err := f.page(ctx, params)
		if !date.IsZero() && date.Before(end) {
			end = date // the local clock is ahead: what happens until then is yet to come
		}
		return page, err
	})
	for e, err := range entries {
		if err != nil {
			return errors.Join(f.commit(), err)
		}
		at := e.Action.Time
		ordered = ordered && !at.Before(last)
		last = at
		if _, printed := f.state.Printed[e.key()]; printed {
			continue
		}
		if at.IsZero() {
			at = before
		}
		if err := f.print(e); err != nil { // which may save what was printed before
			return localError{err}
		}
		f.state.Printed[e.key()] = at
	}
	f.state.advance(end.Add(-f.overlap))
	return f.commit()
}

// page reads one page, and the server's time.
func (f *follower) page(ctx context.Context, params cloudflare.AuditLogListParams) (*cloudflare.Page[entry], time.Time, error) {
	var response cloudflare.Response
	page, err := f.client.OrganizationAuditLogs.List(ctx, f.state.OrganizationID, params, cloudflare.CaptureResponse(&response))
	if err != nil {
		return nil, time.Time{}, err
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(response.Result, &raws); err != nil {
		return nil, time.Time{}, err
	}
	if len(raws) != len(page.Items) {
		return nil, time.Time{}, fmt.Errorf("the page has %d entries, but its result %d", len(page.Items), len(raws))
	}
	result := &cloudflare.Page[entry]{NextPageToken: page.NextPageToken}
	for i, item := range page.Items {
		result.Items = append(result.Items, entry{item, raws[i]})
	}
	date, _ := http.ParseTime(response.Header.Get("Date"))
	return result, date, nil
}

// commit saves the checkpoint once everything in it was written. If nothing is new, it writes nothing.
func (f *follower) commit() error {
	if f.pending == 0 {
		return nil
	}
	err := f.out.Flush()
	switch {
	case err != nil:
	case f.output == nil:
		err = f.env.Sync()
	default:
		if f.state.Length, err = f.output.Seek(0, io.SeekCurrent); err == nil {
			err = f.output.Sync()
		}
	}
	if err != nil {
		return localError{err}
	}
	f.pending, f.state.Unfinished = 0, false
	return f.save()
}

func (f *follower) save() error {
	if err := f.state.save(f.file); err != nil {
		return localError{fmt.Errorf("--checkpoint: %w", err)}
	}
	return nil
}

// localError is a failed write. It ends the command, with --follow too.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// hopeless reports whether the next request would fail with the same error.
func hopeless(err error) bool {
	_, local := errors.AsType[localError](err)
	return local || errors.Is(err, cloudflare.ErrInvalidArgument) || errors.Is(err, cloudflare.ErrUnauthorized) ||
		errors.Is(err, cloudflare.ErrForbidden) || errors.Is(err, cloudflare.ErrNotFound)
}

package profiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/sync/errgroup"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/fields"
	"example.com/cloudflare/cmd/cforg/internal/output"
	"example.com/cloudflare/cmd/cforg/internal/progress"
)

// silence is how many rows in a row may end without any response, before the job gives up.
const silence = 20

// job updates the profiles of organizations, as rows say.
type job struct {
	client   *cloudflare.Client
	token    bool // the credential is an API token
	apply    bool
	parallel int // rows at once
	out      output.Printer[result]
	total    io.Writer // for the number of rows with each outcome
	meter    *progress.Meter
}

var (
	errEmpty   = errors.New("it would leave the profile without any value")
	errLooking = errors.New("only looking")
)

// update does one row. If the job does not apply changes, update stops before the write.
func (j *job) update(ctx context.Context, r *row) result {
	if r.wrong != nil {
		return result{r, refused, nil, r.wrong}
	}
	var changes []fields.Change
	_, err := j.client.OrganizationProfile.Modify(ctx, r.id, func(p *cloudflare.OrganizationProfile) error {
		changes = r.edits.Apply(p)
		switch {
		case *p == cloudflare.OrganizationProfile{}:
			return errEmpty
		case len(changes) > 0 && !j.apply:
			return errLooking
		}
		return nil
	})
	switch {
	case errors.Is(err, errLooking):
		return result{r, wouldChange, changes, nil}
	case errors.Is(err, errEmpty):
		return result{r, refused, nil, err}
	case errors.Is(err, cloudflare.ErrOutcomeUnknown):
		return result{r, unknown, changes, err}
	case err != nil && ctx.Err() != nil:
		return result{r, notDone, nil, nil}
	case err != nil:
		return result{r, failed, nil, err}
	case len(changes) == 0:
		j.meter.Expect(1 - j.requests(r))
		return result{r, unchanged, nil, nil}
	}
	return result{r, changed, changes, nil}
}

// start does the rows, a few at a time, and returns a channel with a result for each of them. It begins no row after ctx
// has ended.
func (j *job) start(ctx context.Context, rows []*row) <-chan result {
	results := make(chan result)
	working, stop := cli.WithGrace(ctx)

	var group errgroup.Group
	group.SetLimit(j.parallel)
	go func() {
		for _, r := range rows {
			group.Go(func() error {
				if ctx.Err() != nil && r.wrong == nil {
					results <- result{r, notDone, nil, nil}
					return nil
				}
				results <- j.update(working, r)
				return nil
			})
		}
		_ = group.Wait()
		stop()
	}()
	return results
}

// run does all rows and prints a line for each, in their order. It returns an error only if that concerns all rows.
func (j *job) run(ctx context.Context, rows []*row) ([]result, error) {
	running, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	received, stopped := j.start(running, rows), ctx.Done()
	for _, r := range rows {
		j.meter.Expect(j.requests(r))
	}

	early := map[*row]result{} // of rows after one that is not finished
	var results []result       // in the order of the rows
	count := tally{}
	silent := 0
	for finished := 0; finished < len(rows); {
		select {
		case <-stopped:
			stopped = nil
			j.meter.Note("stopping once the rows under way are done; Ctrl-C again ends at once")
			continue
		case r := <-received:
			finished++
			early[r.row] = r
			if silent++; !noResponse(r.err) {
				silent = 0
			}
			switch {
			case j.hopeless(r.err):
				abort(r.err)
			case silent == silence:
				abort(fmt.Errorf("%d rows in a row got no response, the last one: %w", silence, r.err))
			}
		}
		for len(results) < finished {
			r, ok := early[rows[len(results)]]
			if !ok {
				break
			}
			delete(early, r.row)
			results = append(results, r)
			count[r.outcome]++
			if err := j.out.Print(r); err != nil {
				abort(err) // without output, the user would not learn what is done
			}
		}
	}
	_, err := fmt.Fprintln(j.total, count)
	if ctx.Err() == nil && running.Err() != nil {
		err = context.Cause(running)
	}
	return results, err
}

// requests returns how many requests a row takes if its profile differs.
func (j *job) requests(r *row) int {
	switch {
	case r.wrong != nil:
		return 0
	case j.apply:
		return 2
	}
	return 1
}

// hopeless reports whether every other row would fail with the same error: the credential is not accepted, or
// not its kind. No token can hold the permission for profiles. For a key, a 403 may be about one organization.
func (j *job) hopeless(err error) bool {
	e, ok := errors.AsType[*cloudflare.Error](err)
	return ok && (e.StatusCode == http.StatusUnauthorized || j.token && e.StatusCode == http.StatusForbidden ||
		e.StatusCode == http.StatusMethodNotAllowed)
}

// noResponse reports whether a call ended without any response, as it does when the network is down.
func noResponse(err error) bool {
	_, silent := errors.AsType[*cloudflare.CallError](err)
	return silent && !errors.Is(err, cloudflare.ErrRateLimited)
}

// failure returns an error if a row was refused, failed, unknown or not done.
func failure(results []result) error {
	count := tally{}
	for _, r := range results {
		count[r.outcome]++
	}
	bad := count[refused] + count[failed] + count[unknown]
	switch {
	case count[notDone] > 0:
		return fmt.Errorf("%s not done, %d went wrong; run the same command again to do the rest", output.Count(count[notDone], "row"), bad)
	case bad > 0:
		return cli.Refused(fmt.Errorf("%s went wrong", output.Count(bad, "row")))
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/examples/internal/demo"
)

// grace is how long the rows under way may take after Ctrl-C: the answer to a write is worth a wait.
const grace = 5 * time.Second

// job gives organizations the profiles that rows say.
type job struct {
	client   *cloudflare.Client
	apply    bool
	parallel int       // rows at once
	out      io.Writer // for the results
	errs     io.Writer // for the progress

	most     int                // how many rows of each outcome are printed; 0: all
	finished func(finished int) // called after each row, unless nil
}

// outcome is what became of a row.
type outcome int

const (
	unchanged outcome = iota
	wouldChange
	changed
	refused
	failed
	unknown
	notDone
)

var outcomes = [...]string{"unchanged", "would change", "changed", "refused", "failed", "unknown", "not done"}

func (o outcome) String() string { return outcomes[o] }

// result is a row and what became of it.
type result struct {
	row     *row
	outcome outcome
	diff    []string
	err     error
}

func (r result) String() string {
	details := r.diff // of a write without an answer, too
	if r.err != nil {
		details = append(details, r.err.Error())
	}
	line := fmt.Sprintf("line %-4d  %-12s  %-32s  %s", r.row.line, r.outcome, demo.Text(r.row.id), demo.Text(strings.Join(details, ", ")))
	return strings.TrimRight(line, " ")
}

var (
	errEmpty   = errors.New("it would leave the profile without any value")
	errLooking = errors.New("only looking")
)

// update does one row. The difference goes the same way as the write, up to the point where that would be sent.
func (j *job) update(ctx context.Context, r *row) result {
	if r.wrong != nil {
		return result{r, refused, nil, r.wrong}
	}
	var diff []string
	_, err := j.client.OrganizationProfile.Modify(ctx, r.id, func(p *cloudflare.OrganizationProfile) error {
		for _, c := range r.cells {
			if value := c.in(p); *value != c.text {
				diff = append(diff, fmt.Sprintf("%s %q -> %q", c.name, *value, c.text))
				*value = c.text
			}
		}
		switch {
		case *p == cloudflare.OrganizationProfile{}:
			return errEmpty
		case len(diff) > 0 && !j.apply:
			return errLooking
		}
		return nil
	})
	switch {
	case errors.Is(err, errLooking):
		return result{r, wouldChange, diff, nil}
	case errors.Is(err, errEmpty):
		return result{r, refused, nil, err}
	case errors.Is(err, cloudflare.ErrOutcomeUnknown):
		return result{r, unknown, diff, err}
	case err != nil && ctx.Err() != nil:
		return result{r, notDone, nil, nil}
	case err != nil:
		return result{r, failed, nil, err}
	case len(diff) == 0:
		return result{r, unchanged, nil, nil}
	}
	return result{r, changed, diff, nil}
}

// start does the rows, a few at a time, and returns a channel that has a result for each of them. Once ctx has ended it
// begins no more of them.
func (j *job) start(ctx context.Context, rows []*row) <-chan result {
	results := make(chan result)
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })

	turns := make(chan struct{}, j.parallel)
	var wg sync.WaitGroup
	go func() {
		for _, r := range rows {
			turns <- struct{}{}
			if ctx.Err() != nil && r.wrong == nil {
				results <- result{r, notDone, nil, nil}
				<-turns
				continue
			}
			wg.Go(func() {
				results <- j.update(working, r)
				<-turns
			})
		}
		wg.Wait()
		stop()
	}()
	return results
}

// run does all rows and prints a line for each, in their order, as soon as those before it are there. Its error is one
// that concerns all of them.
func (j *job) run(ctx context.Context, rows []*row) (tally, error) {
	running, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	results, stopped := j.start(running, rows), ctx.Done()
	bar := newBar(j.errs, len(rows))

	count := tally{}
	early := map[*row]result{} // of rows behind one that is not finished
	for finished, printed := 0, 0; finished < len(rows); {
		select {
		case <-stopped:
			stopped = nil
			bar.clear()
			fmt.Fprintln(j.errs, "stopping once the rows under way are done; Ctrl-C again ends at once")
			continue
		case r := <-results:
			finished++
			early[r.row] = r
			if hopeless(r.err) {
				abort(r.err)
			}
		}
		bar.clear()
		for ; printed < finished; printed++ {
			r, ok := early[rows[printed]]
			if !ok {
				break
			}
			delete(early, r.row)
			if count[r.outcome]++; j.most > 0 && count[r.outcome] > j.most {
				continue
			}
			if _, err := fmt.Fprintln(j.out, r); err != nil {
				abort(err) // nobody would learn what is done from here on
			}
		}
		if finished < len(rows) {
			bar.draw(finished)
		}
		if j.finished != nil {
			j.finished(finished)
		}
	}
	_, err := fmt.Fprintln(j.out, count)
	if ctx.Err() == nil && running.Err() != nil {
		err = context.Cause(running)
	}
	return count, err
}

// hopeless reports whether an error says that no other row would do better: the credential is not accepted, or its kind
// is not. A 403 may be about one organization.
func hopeless(err error) bool {
	e, ok := errors.AsType[*cloudflare.Error](err)
	return errors.Is(err, cloudflare.ErrUnauthorized) || ok && e.StatusCode == http.StatusMethodNotAllowed
}

// tally is the number of rows with each outcome.
type tally map[outcome]int

func (t tally) String() string {
	total, parts := 0, []string{}
	for o, name := range outcomes {
		if n := t[outcome(o)]; n > 0 {
			total += n
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("%d rows: %s", total, strings.Join(parts, ", ")), ": ")
}

// err is nil if every row is as it should be, or would be.
func (t tally) err() error {
	bad := t[refused] + t[failed] + t[unknown]
	switch {
	case t[notDone] > 0:
		return fmt.Errorf("%d rows are not done, %d went wrong; the same command does the rest", t[notDone], bad)
	case bad > 0:
		return demo.Refused(fmt.Errorf("%d rows went wrong", bad))
	}
	return nil
}

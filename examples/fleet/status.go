package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// report is what fleet status shows.
type report struct {
	Queued   int `json:"queued"`
	Running  int `json:"running"`
	Failed   int `json:"failed"` // and waiting for a retry, or for the quota
	Done     int `json:"done"`
	Archived int `json:"archived"`

	Workers int `json:"workers"`
	Places  int `json:"places"` // tasks that all workers carry out at once

	Quota *quotaReport `json:"quota"` // nil without a credential, which identifies the quota

	FailedTasks   []trouble `json:"failed_tasks"`
	ArchivedTasks []trouble `json:"archived_tasks"`
}

type quotaReport struct {
	Requests int     `json:"requests"` // allowed in a window
	Window   float64 `json:"window_seconds"`
	Used     int     `json:"used"` // requests that count now
	Paused   float64 `json:"paused_seconds"`
	Reason   string  `json:"pause_reason,omitempty"`
}

// trouble is a task that did not succeed.
type trouble struct {
	ID           string `json:"id"`
	Organization string `json:"organization"`
	Reason       string `json:"reason"`
	Retries      int    `json:"retries"`
}

func (f *fleet) status(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: unexpected argument %q", errUsage, args[0])
	}
	store, err := f.connect(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	report, err := f.report(ctx, store)
	if err != nil {
		return err
	}
	if f.asJSON {
		encoder := json.NewEncoder(f.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	return report.print(f.stdout)
}

func (f *fleet) report(ctx context.Context, store redis.UniversalClient) (*report, error) {
	tasks := newQueue(store)
	info, err := tasks.info()
	if err != nil {
		return nil, err
	}
	r := &report{
		Queued:   info.Pending + info.Scheduled,
		Running:  info.Active,
		Failed:   info.Retry,
		Done:     info.Completed,
		Archived: info.Archived,
	}
	servers, err := tasks.inspector.Servers()
	if err != nil {
		return nil, err
	}
	for _, server := range servers {
		r.Workers++
		r.Places += server.Concurrency
	}
	if fingerprint() != "" {
		state, err := f.budget(store, nil).State(ctx)
		if err != nil {
			return nil, err
		}
		r.Quota = &quotaReport{f.quota, f.window.Seconds(), state.Used, state.Paused.Seconds(), state.Reason}
	}
	if r.FailedTasks, err = troubles(tasks.inspector.ListRetryTasks); err != nil {
		return nil, err
	}
	r.ArchivedTasks, err = troubles(tasks.inspector.ListArchivedTasks)
	return r, err
}

func troubles(method func(queue string, opts ...asynq.ListOption) ([]*asynq.TaskInfo, error)) ([]trouble, error) {
	infos, err := list(method)
	if err != nil {
		return nil, err
	}
	found := make([]trouble, len(infos))
	for i, info := range infos {
		var p payload
		_ = json.Unmarshal(info.Payload, &p) // a task of another version of fleet has no organization to show
		found[i] = trouble{ID: info.ID, Organization: p.String(), Reason: info.LastErr, Retries: info.Retried}
	}
	return found, nil
}

// mostShown is how many tasks of a kind are shown as text. With -json, all are.
const mostShown = 20

func (r *report) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "tasks\t%d queued, %d running, %d failed or waiting to run again, %d done, %d archived\n", r.Queued, r.Running, r.Failed, r.Done, r.Archived)
	fmt.Fprintf(table, "workers\t%d, with places for %d tasks\n", r.Workers, r.Places)
	if q := r.Quota; q == nil {
		fmt.Fprintf(table, "quota\tunknown: there is no credential in the environment\n")
	} else {
		fmt.Fprintf(table, "quota\t%d of %d requests in the last %s\n", q.Used, q.Requests, seconds(q.Window))
		if q.Paused > 0 {
			fmt.Fprintf(table, "paused\tfor %s: %s\n", seconds(q.Paused).Round(time.Second), q.Reason)
		}
	}
	for _, kind := range []struct {
		name  string
		tasks []trouble
	}{{"failed", r.FailedTasks}, {"archived", r.ArchivedTasks}} {
		for i, task := range kind.tasks {
			if i == mostShown {
				fmt.Fprintf(table, "\tand %d more: see -json\n", len(kind.tasks)-i)
				break
			}
			fmt.Fprintf(table, "%s\t%s (%s), retried %d times: %s\n", kind.name, task.ID, task.Organization, task.Retries, task.Reason)
		}
	}
	return table.Flush()
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func (f *fleet) results(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: unexpected argument %q", errUsage, args[0])
	}
	store, err := f.connect(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	return f.printResults(newQueue(store))
}

func (f *fleet) printResults(tasks *queue) error {
	infos, err := list(tasks.inspector.ListCompletedTasks)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(f.stdout)
	for _, info := range infos {
		line := struct {
			ID     string          `json:"id"`
			Done   time.Time       `json:"done"`
			Result json.RawMessage `json:"result"`
		}{info.ID, info.CompletedAt.UTC(), info.Result}
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

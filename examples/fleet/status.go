package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/hibiken/asynq"
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

	Quota quotaReport `json:"quota"`

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
		return fmt.Errorf("%w: unexpected argument %s", errUsage, quote(args[0]))
	}
	tasks, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer tasks.close()
	report, err := f.report(ctx, tasks)
	if err != nil {
		return err
	}
	if f.asJSON {
		return encode(f.stdout, report, "  ")
	}
	return report.print(f.stdout)
}

func (f *fleet) report(ctx context.Context, tasks *queue) (*report, error) {
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
		if _, ok := server.Queues[tasks.name]; !ok {
			continue
		}
		r.Workers++
		r.Places += server.Concurrency
	}
	state, err := f.limiter(tasks).Status(ctx)
	if err != nil {
		return nil, err
	}
	r.Quota = quotaReport{state.Quota, f.window.Seconds(), state.Used, state.Paused.Seconds(), state.Reason}
	if r.FailedTasks, err = tasks.troubles(tasks.inspector.ListRetryTasks); err != nil {
		return nil, err
	}
	r.ArchivedTasks, err = tasks.troubles(tasks.inspector.ListArchivedTasks)
	return r, err
}

func (q *queue) troubles(method func(queue string, opts ...asynq.ListOption) ([]*asynq.TaskInfo, error)) ([]trouble, error) {
	infos, err := q.list(method)
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
	q := r.Quota
	fmt.Fprintf(table, "quota\t%d of %d requests in the last %s\n", q.Used, q.Requests, seconds(q.Window))
	if q.Paused > 0 {
		fmt.Fprintf(table, "paused\tfor %s: %s\n", seconds(q.Paused).Round(time.Second), line(q.Reason))
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
			fmt.Fprintf(table, "%s\t%s (%s), retried %d times: %s\n", kind.name, line(task.ID), line(task.Organization), task.Retries, line(task.Reason))
		}
	}
	return table.Flush()
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func (f *fleet) results(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: unexpected argument %s", errUsage, quote(args[0]))
	}
	tasks, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer tasks.close()
	return f.printResults(tasks)
}

func (f *fleet) printResults(tasks *queue) error {
	infos, err := tasks.list(tasks.inspector.ListCompletedTasks)
	if err != nil {
		return err
	}
	for _, info := range infos {
		task := struct {
			ID     string    `json:"id"`
			Done   time.Time `json:"done"`
			Result any       `json:"result"`
		}{info.ID, info.CompletedAt.UTC(), json.RawMessage(info.Result)}
		if len(info.Result) > 0 && !json.Valid(info.Result) { // not written by a worker of fleet
			task.Result = string(info.Result)
		}
		if err := encode(f.stdout, task, ""); err != nil {
			return err
		}
	}
	return nil
}

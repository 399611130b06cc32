package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/hibiken/asynq"

	"example.com/cloudflare"
	"example.com/cloudflare/examples/fleet/budget"
)

func (f *fleet) enqueue(ctx context.Context, args []string) error {
	var rows []payload
	kind := kindAudit
	switch {
	case f.audit && len(args) > 0:
		return fmt.Errorf("%w: -audit takes no file", errUsage)
	case !f.audit && len(args) != 1:
		return fmt.Errorf("%w: the name of one CSV file is needed, or -audit", errUsage)
	case !f.audit:
		kind = kindProfile
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		if rows, err = readRows(file); err != nil {
			return fmt.Errorf("%w: nothing was queued: %s: %w", errUsage, args[0], err)
		}
	}
	store, embedded, stop, err := f.connectOrEmbed(ctx)
	if err != nil {
		return err
	}
	defer stop()
	tasks := newQueue(store)
	if f.audit {
		client, err := f.client(store, nil)
		if err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		list, err := cloudflare.Collect(client.Organizations.All(budget.Sequence(ctx), cloudflare.OrganizationListParams{}))
		if err != nil {
			return fmt.Errorf("nothing was queued: %w", err)
		}
		for _, org := range list {
			rows = append(rows, payload{OrganizationID: org.ID})
		}
	}
	incomplete := f.add(ctx, tasks, kind, rows)
	if !embedded || incomplete != nil && !errors.Is(incomplete, errIncomplete) {
		return incomplete
	}
	f.untilEmpty = true
	if err := f.work(ctx, store); err != nil {
		return err
	}
	if err := f.printResults(tasks); err != nil {
		return err
	}
	report, err := f.report(ctx, store)
	if err != nil {
		return err
	}
	report.print(f.stderr)
	if report.Archived > 0 {
		return fmt.Errorf("%w: %d tasks were archived", errIncomplete, report.Archived)
	}
	return incomplete
}

// add queues a task for each row.
func (f *fleet) add(ctx context.Context, tasks *queue, kind string, rows []payload) error {
	count := map[added]int{}
	for _, p := range rows {
		how, err := tasks.add(ctx, kind, p)
		if err != nil {
			return fmt.Errorf("%d of %d tasks are queued; run the same command again for the rest: %w",
				count[addedNow]+count[addedEarlier], len(rows), err)
		}
		if count[how]++; how == notAdded {
			fmt.Fprintf(f.stderr, "fleet: not queued: %s: a task with other values runs at this moment\n", p)
		}
	}
	fmt.Fprintf(f.stderr, "fleet: %d tasks queued, %d were queued already\n", count[addedNow], count[addedEarlier])
	if n := count[notAdded]; n > 0 {
		return fmt.Errorf("%w: %d tasks were not queued; repeat the command when those that run are done", errIncomplete, n)
	}
	return nil
}

// retry queues archived tasks again, with all their retries. A task that is named may create its organization, even if
// an earlier create has no known outcome: whoever names it has looked.
func (f *fleet) retry(ctx context.Context, args []string) error {
	if f.all == (len(args) > 0) {
		return fmt.Errorf("%w: the IDs of tasks are needed, or -all", errUsage)
	}
	store, err := f.connect(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	tasks := newQueue(store)
	archived, err := list(tasks.inspector.ListArchivedTasks)
	if err != nil {
		return err
	}
	if !f.all {
		for _, id := range args {
			if !slices.ContainsFunc(archived, func(task *asynq.TaskInfo) bool { return task.ID == id }) {
				return fmt.Errorf("nothing was queued: %q is not an archived task", id)
			}
			if err := (notes{store}).remove(ctx, id); err != nil {
				return err
			}
		}
		archived = slices.DeleteFunc(archived, func(task *asynq.TaskInfo) bool { return !slices.Contains(args, task.ID) })
	}
	for i, task := range archived {
		var p payload
		err := json.Unmarshal(task.Payload, &p)
		if err == nil {
			_, err = tasks.add(ctx, task.Type, p)
		}
		if err != nil {
			return fmt.Errorf("%d tasks queued, then %s: %w", i, task.ID, err)
		}
	}
	fmt.Fprintf(f.stdout, "%d tasks queued\n", len(archived))
	return nil
}

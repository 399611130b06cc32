package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"example.com/cloudflare"
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
		if wrong, ok := errors.AsType[*fs.PathError](err); ok {
			return fmt.Errorf("%w: nothing was queued: the file %s: %w", errUsage, quote(args[0]), wrong.Err)
		}
		if err != nil {
			return err
		}
		defer file.Close()
		if rows, err = readRows(file); err != nil {
			return fmt.Errorf("%w: nothing was queued: the file %s: %w", errUsage, quote(args[0]), err)
		}
	}
	tasks, embedded, stop, err := f.openOrEmbed(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if f.audit {
		client, err := f.client(tasks, context.Background())
		if err != nil {
			return err
		}
		list, err := cloudflare.Collect(client.Organizations.All(ctx, cloudflare.OrganizationListParams{}))
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
	if err := f.work(ctx, tasks); err != nil {
		return err
	}
	if err := f.printResults(tasks); err != nil {
		return err
	}
	report, err := f.report(ctx, tasks)
	if err != nil {
		return err
	}
	if err := report.print(f.stderr); err != nil {
		return err
	}
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
			fmt.Fprintf(f.stderr, "fleet: not queued: %s: a task with other values runs at this moment\n", line(p.String()))
		}
	}
	fmt.Fprintf(f.stderr, "fleet: %d tasks queued, %d were queued already\n", count[addedNow], count[addedEarlier])
	if n := count[notAdded]; n > 0 {
		return fmt.Errorf("%w: %d tasks were not queued; repeat the command when those that run are done", errIncomplete, n)
	}
	return nil
}

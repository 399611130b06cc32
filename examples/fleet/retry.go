package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/hibiken/asynq"
)

// retry queues archived tasks again, with all their retries. A task that is named may create its organization, even if
// an earlier create has no known outcome: whoever names it has looked.
func (f *fleet) retry(ctx context.Context, args []string) error {
	ids := args
	switch {
	case f.all && f.verified == "" && len(args) == 0:
	case !f.all && f.verified == "" && len(args) > 0:
	case !f.all && f.verified != "" && len(args) == 0:
		var err error
		if ids, err = readIDs(f.verified); err != nil {
			return fmt.Errorf("%w: nothing was queued: the file %s: %w", errUsage, quote(f.verified), err)
		}
	default:
		return fmt.Errorf("%w: either the IDs of tasks are needed, or -verified, or -all", errUsage)
	}
	tasks, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer tasks.close()
	archived, err := tasks.list(tasks.inspector.ListArchivedTasks)
	if err != nil {
		return err
	}
	if !f.all {
		for _, id := range ids {
			if !slices.ContainsFunc(archived, func(task *asynq.TaskInfo) bool { return task.ID == id }) {
				return fmt.Errorf("nothing was queued: %s is not an archived task", quote(id))
			}
		}
		archived = slices.DeleteFunc(archived, func(task *asynq.TaskInfo) bool { return !slices.Contains(ids, task.ID) })
	}
	queued := 0
	for _, task := range archived {
		if err := tasks.addAgain(ctx, task, !f.all); err != nil {
			fmt.Fprintf(f.stderr, "fleet: not queued: %s: %s\n", line(task.ID), line(err.Error()))
			continue
		}
		queued++
	}
	fmt.Fprintf(f.stdout, "%d tasks queued\n", queued)
	if n := len(archived) - queued; n > 0 {
		return fmt.Errorf("%w: %d tasks were not queued", errIncomplete, n)
	}
	return nil
}

// readIDs returns the first word of each line, which is the ID of a task. Lines that are empty or begin with # are
// comments.
func readIDs(name string) ([]string, error) {
	file, err := os.Open(name)
	if wrong, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, wrong.Err // without the name
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var ids []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 0 && words[0][0] != '#' {
			ids = append(ids, words[0])
		}
	}
	switch {
	case lines.Err() != nil:
		return nil, lines.Err()
	case len(ids) == 0:
		return nil, errors.New("it has no IDs of tasks")
	}
	return ids, nil
}

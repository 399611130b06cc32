package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hibiken/asynq"

	"example.com/cloudflare"
)

// The verdicts of verify on a create whose outcome was not known.
const (
	found     = "found"
	absent    = "absent"
	ambiguous = "ambiguous" // several organizations have the name and the parent
)

// verify looks up the organization of each archived task with a create whose outcome is not known. It changes nothing.
// Its output is a file for fleet retry -verified.
func (f *fleet) verify(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: unexpected argument %s", errUsage, quote(args[0]))
	}
	tasks, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer tasks.close()
	client, err := f.client(tasks, context.Background())
	if err != nil {
		return err
	}
	all, err := tasks.unknown(ctx, tasks.inspector.ListArchivedTasks)
	if err != nil {
		return err
	}
	waiting, err := tasks.unknown(ctx, tasks.inspector.ListRetryTasks)
	if err != nil {
		return err
	}
	lines := map[string][]string{}
	for i, u := range all {
		verdict, ids, lookErr := f.lookUp(ctx, client, u)
		if lookErr != nil {
			err = fmt.Errorf("%d of %d tasks were not looked up: %w", len(all)-i, len(all), lookErr)
			break
		}
		text := fmt.Sprintf("%s %s %s", line(u.id), line(verdict+ids), line(u.payload.String()))
		if verdict == ambiguous { // a retry would end in the same way
			text = "# " + text
		}
		lines[verdict] = append(lines[verdict], text)
	}
	for _, verdict := range []string{found, absent, ambiguous} {
		for _, text := range lines[verdict] {
			fmt.Fprintln(f.stdout, text)
		}
	}
	fmt.Fprintf(f.stderr, "fleet: %d found, %d absent, %d ambiguous\n", len(lines[found]), len(lines[absent]), len(lines[ambiguous]))
	if len(waiting) > 0 {
		fmt.Fprintf(f.stderr, "fleet: %d more are still looked for by the workers\n", len(waiting))
	}
	if err == nil && len(lines[ambiguous])+len(waiting) > 0 {
		return fmt.Errorf("%w: not all outcomes are known", errIncomplete)
	}
	return err
}

// lookUp returns the verdict, and the IDs of the organizations. While a late create may still arrive, it waits before
// it says that an organization is absent.
func (f *fleet) lookUp(ctx context.Context, client *cloudflare.Client, u unknown) (verdict, ids string, err error) {
	for {
		wait := time.Until(u.settles)
		org, err := (&handler{client: client}).find(ctx, u.payload)
		several, isAmbiguous := errors.AsType[*cloudflare.AmbiguousError](err)
		switch {
		case isAmbiguous:
			for _, org := range several.Organizations {
				ids += " " + org.ID
			}
			return ambiguous, ids, nil
		case err != nil:
			return "", "", err
		case org != nil:
			return found, " " + org.ID, nil
		case wait <= 0:
			return absent, "", nil
		}
		fmt.Fprintf(f.stderr, "fleet: waiting for %s, because a late create may still arrive\n", wait.Round(time.Second))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return "", "", ctx.Err()
		}
	}
}

// unknown is a task with a create whose outcome is not known.
type unknown struct {
	id      string
	payload payload
	settles time.Time // after that, no create arrives any more
}

// unknown returns those of the tasks that one of the inspector's methods lists, the earliest create first.
func (q *queue) unknown(ctx context.Context, method func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error)) ([]unknown, error) {
	infos, err := q.list(method)
	if err != nil {
		return nil, err
	}
	var all []unknown
	for _, info := range infos {
		age, noted, err := q.notes().age(ctx, info.ID)
		if err != nil {
			return nil, err
		}
		u := unknown{id: info.ID, settles: time.Now().Add(settled - age)}
		if err := json.Unmarshal(info.Payload, &u.payload); noted && err == nil && u.payload.Fingerprint == q.fingerprint {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b unknown) int { return a.settles.Compare(b.settles) })
	return all, nil
}

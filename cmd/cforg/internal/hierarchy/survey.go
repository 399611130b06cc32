package hierarchy

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

// Survey is what a command does that reads something of many organizations.
type Survey[Row any] struct {
	Purpose  string // of the requests, for a person
	Requests int    // that Read sends for an organization if no list has a second page
	Depth    int    // the most levels to read; 0 for all
	Read     func(ctx context.Context, client *cloudflare.Client, n *Node) ([]Row, error)
	Printer  output.Printer[Row]
}

// Run calls Read for every organization, or with an argument for the one that it names and those below it, and prints
// the rows in their order. If an organization cannot be read, the others are printed, and Run returns an error.
func (s Survey[Row]) Run(ctx context.Context, env *cli.Env, args []string) error {
	client, err := env.Client(cloudflare.WithReadOnly())
	if err != nil {
		return err
	}
	nodes, err := List(ctx, client)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		if nodes, err = Select(nodes, args[0]); err != nil {
			return err
		}
	}
	nodes = levels(nodes, s.Depth)
	env.Meter.Warn(s.Requests*len(nodes), s.Purpose)
	env.Meter.Expect(s.Requests * len(nodes))
	printed := false
	err = Each(ctx, nodes, func(ctx context.Context, n *Node) ([]Row, error) {
		return s.Read(ctx, client, n)
	}, func(_ *Node, rows []Row) error {
		for _, row := range rows {
			printed = true
			if err := s.Printer.Print(row); err != nil {
				return err
			}
		}
		return nil
	})
	if ctx.Err() != nil || err != nil && !printed {
		return err
	}
	if closeErr := s.Printer.Close(); closeErr != nil {
		return closeErr
	}
	return err
}

// levels returns the nodes of the first levels.
func levels(nodes []*Node, depth int) (kept []*Node) {
	if depth == 0 {
		return nodes
	}
	for _, n := range nodes {
		switch last := nodes[0].Level + depth - 1; {
		case n.Level == last:
			n.Hidden = len(n.Under()) - 1
			fallthrough
		case n.Level < last:
			kept = append(kept, n)
		}
	}
	return kept
}

// atOnce is how many organizations are read at the same time. More would not help for long: the API allows four requests
// a second.
const atOnce = 8

// Each calls read for every node, a few at a time. It calls then with the results, one by one and in the order of nodes,
// as soon as they are there. If read fails for one node, the others are still read; the error says for how many it
// failed, and wraps the first failure. If then fails, or if ctx ends, Each stops and returns that error or the cause.
func Each[T any](ctx context.Context, nodes []*Node, read func(context.Context, *Node) (T, error), then func(*Node, T) error) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		mu      sync.Mutex             // guards everything below
		waiting = make(map[int]func()) // for the results before theirs
		next    int
		failed  int
		first   error // of the nodes, in their order
	)
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, n := range nodes {
		group.Go(func() error {
			if running.Err() != nil {
				return nil
			}
			result, err := read(running, n)
			mu.Lock()
			defer mu.Unlock()
			waiting[i] = func() {
				if err != nil {
					if failed++; failed == 1 {
						first = fmt.Errorf("%q: %w", n.Name, err)
					}
				}
				if running.Err() == nil {
					if err := then(n, result); err != nil {
						stop(err)
					}
				}
			}
			for ; waiting[next] != nil; next++ {
				waiting[next]()
				delete(waiting, next)
			}
			return nil
		})
	}
	_ = group.Wait()
	switch {
	case running.Err() != nil:
		return context.Cause(running)
	case first != nil:
		return fmt.Errorf("%d of %d organizations could not be read in full; the first, %w", failed, len(nodes), first)
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
)

// grace is how long a stopping worker lets its tasks finish. It is longer than a request can take. Tasks that are not
// finished then go back to the queue.
const grace = 45 * time.Second

func (f *fleet) worker(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: unexpected argument %s", errUsage, quote(args[0]))
	}
	tasks, _, stop, err := f.openOrEmbed(ctx)
	if err != nil {
		return err
	}
	defer stop()
	return f.work(ctx, tasks)
}

// work carries out tasks until ctx ends, or until none is left with -until-empty.
func (f *fleet) work(ctx context.Context, tasks *queue) error {
	ctx, quit := context.WithCancelCause(ctx)
	defer quit(nil)
	stopping, stop := context.WithCancel(context.Background())
	defer stop()
	client, err := f.client(tasks, stopping)
	if err != nil {
		return err
	}
	server := asynq.NewServerFromRedisClient(tasks.store, asynq.Config{
		Concurrency:              f.concurrency,
		Queues:                   map[string]int{tasks.name: 1},
		RetryDelayFunc:           retryDelay,
		IsFailure:                isFailure,
		ShutdownTimeout:          grace,
		DelayedTaskCheckInterval: time.Second,
		Logger:                   asynqLogger{f.log},
		LogLevel:                 asynq.WarnLevel,
	})
	fmt.Fprintf(f.stderr, "fleet: working on %d tasks at once; after Ctrl-C, the tasks under way are finished\n", f.concurrency)
	handler := &handler{client: client, fingerprint: tasks.fingerprint, notes: tasks.notes(), log: f.log, quit: quit}
	if err := server.Start(handler); err != nil {
		return err
	}
	drained := f.wait(ctx, tasks)
	if !drained {
		fmt.Fprintln(f.stderr, "fleet: stopping once the tasks under way are done; Ctrl-C again ends at once")
	}
	server.Stop() // takes no more tasks
	stop()
	server.Shutdown()
	if cause := context.Cause(ctx); !drained && !errors.Is(cause, context.Canceled) {
		return fmt.Errorf("stopped, and its tasks are back in the queue: %w", cause)
	}
	return nil
}

// wait returns when ctx has ended, or with true when no task is left and the worker may end.
func (f *fleet) wait(ctx context.Context, tasks *queue) (drained bool) {
	if !f.untilEmpty {
		<-ctx.Done()
		return false
	}
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		if n, err := tasks.unfinished(); err == nil && n == 0 {
			return true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
}

// asynqLogger implements [asynq.Logger].
type asynqLogger struct{ log *slog.Logger }

func (l asynqLogger) Debug(args ...any) { l.log.Debug(fmt.Sprint(args...)) }
func (l asynqLogger) Info(args ...any)  { l.log.Info(fmt.Sprint(args...)) }
func (l asynqLogger) Warn(args ...any)  { l.log.Warn(fmt.Sprint(args...)) }
func (l asynqLogger) Error(args ...any) { l.log.Error(fmt.Sprint(args...)) }
func (l asynqLogger) Fatal(args ...any) { l.log.Error(fmt.Sprint(args...)) }

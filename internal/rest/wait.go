package rest

import (
	"context"
	"fmt"
	"time"
)

// deadlineError returns an error if a wait would not end before the deadline of ctx.
func deadlineError(ctx context.Context, wait time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return fmt.Errorf("a wait of %s would pass the deadline: %w", wait.Round(time.Millisecond), context.DeadlineExceeded)
	}
	return nil
}

// Sleep waits between two calls as sleep does, and returns its error as a caller may see it.
func (s *Sender) Sleep(ctx context.Context, wait time.Duration) error {
	err := sleep(ctx, wait)
	if ended := endOf(ctx, s.Redact); ended != nil {
		return ended
	}
	return err
}

// sleep waits. It returns an error as soon as ctx ends, and at once if the wait would not end before its deadline.
func sleep(ctx context.Context, wait time.Duration) error {
	if err := deadlineError(ctx, wait); err != nil {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return contextError(ctx)
	}
}

// contextError returns why ctx has ended, or nil. The error names the cause of ctx but does not match it, because the
// cause may be the error of another call. After the deadline, ctx counts as ended even if its timer has not fired yet,
// because a dial may have given up by then.
func contextError(ctx context.Context) error {
	err := ctx.Err()
	if deadline, ok := ctx.Deadline(); err == nil && ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("%w: %v", err, cause)
	}
	return err
}

package rest

import (
	"context"
	"fmt"
	"time"
)

// fits returns an error if a wait would end when ctx has ended.
func fits(ctx context.Context, wait time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return fmt.Errorf("a wait of %s does not fit: %w", wait.Round(time.Millisecond), context.DeadlineExceeded)
	}
	return nil
}

// Sleep waits, unless ctx would end first: then it returns at once.
func Sleep(ctx context.Context, wait time.Duration) error {
	if err := fits(ctx, wait); err != nil {
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

// contextError returns why ctx has ended, or nil. The text names the cause, but nothing matches it: it may be the error
// of another call, with an answer or an outcome that this one never had. A dial gives up at the deadline, which can be
// a moment before ctx itself notices.
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

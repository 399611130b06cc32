package cli

import (
	"context"
	"time"
)

// Grace is how long a write under way may take after Ctrl-C: its response is worth a wait.
const Grace = 5 * time.Second

// WithGrace returns a context that ends Grace after ctx has.
func WithGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(Grace, stop) })
	return working, stop
}

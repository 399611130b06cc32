package rest

import (
	"context"
	"time"
)

// bytesPerSecond is how fast a body must arrive at least, once the time-out has passed.
const bytesPerSecond = 8 << 10

// timeLimit ends an attempt that takes longer than the time-out, plus one second for every 8 KiB of body that has
// arrived. A slow line may finish a large page, and a server that sends a byte now and then may not hold a call.
type timeLimit struct {
	timer   *time.Timer // nil: there is no limit
	began   time.Time
	timeout time.Duration
	added   int // seconds
}

// startTimeLimit starts a limit that ends a context by way of end. A timeout of 0 means that there is none.
func startTimeLimit(timeout time.Duration, end context.CancelCauseFunc) timeLimit {
	if timeout <= 0 {
		return timeLimit{}
	}
	return timeLimit{
		timer:   time.AfterFunc(timeout, func() { end(ErrAttemptTimeout) }),
		began:   time.Now(),
		timeout: timeout,
	}
}

// arrived extends the limit when n bytes have arrived in all.
func (l *timeLimit) arrived(n int) {
	if seconds := n / bytesPerSecond; l.timer != nil && seconds > l.added {
		l.added = seconds
		l.timer.Reset(time.Until(l.began.Add(l.duration())))
	}
}

// duration returns how long the attempt may take, as things stand.
func (l *timeLimit) duration() time.Duration {
	return l.timeout + time.Duration(l.added)*time.Second
}

func (l *timeLimit) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

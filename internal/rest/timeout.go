package rest

import (
	"math"
	"time"
)

// bytesPerSecond is the slowest rate at which a body may arrive after the timeout has passed.
const bytesPerSecond = 8 << 10

// timeLimit ends an attempt that takes longer than the timeout, plus one second for every 8 KiB of body that has
// arrived. So a slow connection can finish a large page, but a server that sends single bytes cannot delay a call
// forever.
type timeLimit struct {
	timer   *time.Timer // nil: there is no limit
	began   time.Time
	timeout time.Duration
	added   int // seconds
}

// startTimeLimit starts a limit that calls end when it is reached. A timeout of 0 means no limit.
func startTimeLimit(timeout time.Duration, end func()) timeLimit {
	if timeout <= 0 {
		return timeLimit{}
	}
	return timeLimit{
		timer:   time.AfterFunc(timeout, end),
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

// duration returns how long the attempt may take, with the bytes that have arrived so far, at most the
// longest Duration.
func (l *timeLimit) duration() time.Duration {
	return l.timeout + min(time.Duration(l.added)*time.Second, math.MaxInt64-l.timeout)
}

func (l *timeLimit) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

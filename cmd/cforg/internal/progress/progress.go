// Package progress says on standard error how far a command has come, and that it waits for the rate limit. On a
// terminal, it draws one line again and again. Elsewhere it prints a line when the first wait begins, and then at most
// one a minute.
package progress

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"example.com/cloudflare"
)

// Meter counts the requests of a command. The zero value counts, and says nothing. A Meter is safe for concurrent use.
type Meter struct {
	Stderr io.Writer
	Width  func() int // of the terminal that Stderr is; nil if it is none
	Name   string     // of the command, for the lines that are not drawn over
	Rate   float64    // the most requests a second that the command sends; 0 for any number
	Quiet  bool

	mu             sync.Mutex
	sent, expected int
	limit          cloudflare.RateLimit // of the last response that reported one
	received       time.Time            // when that was
	until          time.Time            // when the wait for the rate limit ends
	waited         bool                 // there was such a wait
	shown          bool                 // the last line on the terminal is this one
	said           time.Time            // when the last line was drawn or printed
	note           string               // to say in place of the line
	timer          *time.Timer          // for the next line while nothing happens
	closed         bool
}

// Options returns what makes a client report to m.
func (m *Meter) Options() []cloudflare.Option {
	m.said = time.Now()
	return []cloudflare.Option{cloudflare.WithAttemptHook(m.attempt), cloudflare.WithRateLimitHook(m.wait)}
}

func (m *Meter) attempt(_ context.Context, a cloudflare.Attempt) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent++
	if len(a.RateLimits) > 0 {
		m.limit, m.received = a.RateLimits[0], time.Now()
	}
	if a.StatusCode == http.StatusTooManyRequests && a.RetryIn >= time.Second { // a wait of which the other hook is not told
		m.pause(a.RetryIn)
	}
	m.say(false)
}

// wait is called by each call that waits.
func (m *Meter) wait(_ context.Context, wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pause(wait)
}

// pause begins a wait, unless another call has begun it. m.mu is held.
func (m *Meter) pause(wait time.Duration) {
	if until := time.Now().Add(wait); until.After(m.until.Add(time.Second)) {
		m.until = until
		m.say(!m.waited)
		m.waited = true
		m.schedule()
	}
}

// Expect announces that n requests will follow, beside those that were announced before. A negative number takes some of
// these back.
func (m *Meter) Expect(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expected = max(m.expected, m.sent) + n
}

// Note draws a note from now on, if there is a terminal.
func (m *Meter) Note(note string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.note = note
	if m.Width != nil {
		m.say(true)
	}
}

// Sent returns how many requests were sent.
func (m *Meter) Sent() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent
}

// Cost describes n requests that are not sent yet, and how long they take if that is a minute or more.
func (m *Meter) Cost(n int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	text := fmt.Sprintf("about %s requests", humanize.Comma(int64(n)))
	if time := m.duration(n); time != "" {
		text += ", " + time + " at the rate limit"
	}
	return text
}

// Warn says what n requests are for, if they take a minute or more.
func (m *Meter) Warn(n int, what string) {
	cost := m.Cost(n)
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.Quiet && m.duration(n) != "" {
		m.clear()
		fmt.Fprintf(m.Stderr, "%s: %s takes %s\n", m.Name, what, cost)
	}
}

// Aside removes the line from the terminal, and calls write, which may print there.
func (m *Meter) Aside(write func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clear()
	write()
}

// Close removes the line from the terminal. Nothing is said afterwards.
func (m *Meter) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clear()
	m.closed = true
	if m.timer != nil {
		m.timer.Stop()
	}
}

// clear removes the line from the terminal. m.mu is held here and below.
func (m *Meter) clear() {
	if m.shown {
		fmt.Fprint(m.Stderr, "\r\x1b[K")
		m.shown = false
	}
}

// say draws or prints the line, unless the last one was a moment ago.
func (m *Meter) say(now bool) {
	moment := time.Minute
	if m.Width != nil {
		moment = time.Second / 10
	}
	idle := m.Width == nil && m.expected <= m.sent && !time.Now().Before(m.until) // such as between the looks of a follower
	if m.closed || m.Quiet || idle || m.Stderr == nil || !now && time.Since(m.said) < moment {
		return
	}
	m.said = time.Now()
	if m.Width == nil {
		fmt.Fprintf(m.Stderr, "%s: %s\n", m.Name, m.line())
		return
	}
	line := m.line()
	fmt.Fprintf(m.Stderr, "\r\x1b[K%s", line[:min(len(line), max(0, m.Width()-1))]) // a line that wraps could not be drawn over
	m.shown = true
}

// schedule says something during a wait, when nothing else happens.
func (m *Meter) schedule() {
	pause := time.Second
	if m.Width == nil {
		pause = time.Until(m.said.Add(time.Minute))
	}
	if m.timer != nil {
		m.timer.Stop()
	}
	m.timer = time.AfterFunc(pause, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if time.Now().Before(m.until) && !m.closed {
			m.say(false)
			m.schedule()
		}
	})
}

// line returns a line of ASCII.
func (m *Meter) line() string {
	if m.note != "" {
		return m.note
	}
	text := humanize.Comma(int64(m.sent))
	if m.expected > m.sent {
		text += " of " + humanize.Comma(int64(m.expected))
	}
	text += " requests"
	if time.Now().Before(m.until) {
		text += "; waiting for the rate limit until " + m.until.Format(time.TimeOnly)
	}
	if left := m.duration(m.expected - m.sent); left != "" {
		text += "; about " + left + " left"
	}
	return text
}

// duration returns how long n more requests will take, if no other program sends any: empty for less than a minute.
func (m *Meter) duration(n int) string {
	var left time.Duration
	if m.Rate > 0 {
		left = time.Duration(float64(n) / m.Rate * float64(time.Second))
	}
	if later := n - m.limit.Remaining; later > 0 && m.limit.Quota > 0 {
		windows := (later - 1) / m.limit.Quota // whole ones, after the current one
		left = max(left, time.Until(m.received.Add(m.limit.Reset))+time.Duration(windows)*m.limit.Window)
	}
	if left < time.Minute {
		return ""
	}
	return fmt.Sprintf("%d min", (left+time.Minute-1)/time.Minute)
}

package blackbox

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// quotaServer takes so many requests a window, and says how many are left and, rounded up, for how many seconds.
type quotaServer struct {
	quota   int
	window  time.Duration
	latency time.Duration

	mu              sync.Mutex
	served, refused int
	left            int
	end             time.Time
	pauses          []pause
	starts          []time.Time
}

// pause is the time from a response without remaining requests to its reset.
type pause struct{ from, to time.Time }

func (q *quotaServer) respond() string {
	q.mu.Lock()
	now := time.Now()
	if !now.Before(q.end) {
		q.left, q.end = q.quota, now.Add(q.window)
	}
	reset := int((q.end.Sub(now) + time.Second - 1) / time.Second)
	var text string
	if q.left > 0 {
		q.left--
		q.served++
		text = pipeText(200, len(organizationBody), organizationBody, limitHeader(q.left, reset))
	} else {
		q.refused++
		text = pipeText(429, len(rejectedBody), rejectedBody, limitHeader(0, reset), fmt.Sprintf("Retry-After: %d", reset))
	}
	uneven := time.Duration((q.served+q.refused)%7) * q.latency / 10 // so that responses overtake one another
	q.mu.Unlock()
	<-time.After(q.latency + uneven)
	return text
}

// watch is a transport that records when requests start, and when a response without remaining requests has been read.
func (q *quotaServer) watch(transport http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		q.mu.Lock()
		q.starts = append(q.starts, time.Now())
		q.mu.Unlock()
		resp, err := transport.RoundTrip(r)
		if err == nil {
			resp.Body = &watchedBody{resp.Body, func() { q.read(resp.Header.Get("Ratelimit")) }}
		}
		return resp, err
	})
}

func (q *quotaServer) read(limit string) {
	var left, reset int
	if n, _ := fmt.Sscanf(limit, `"default";r=%d;t=%d`, &left, &reset); n == 2 && left == 0 {
		q.mu.Lock()
		defer q.mu.Unlock()
		now := time.Now()
		q.pauses = append(q.pauses, pause{now, now.Add(time.Duration(reset) * time.Second)})
	}
}

// watchedBody tells when it has been read.
type watchedBody struct {
	io.ReadCloser
	read func()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.read()
	}
	return n, err
}

// run makes calls from goroutines, and returns the errors.
func (q *quotaServer) run(t *testing.T, goroutines, calls int) []error {
	server := &pipeServer{script: pipeAlways(pipeReply{response: q.respond})}
	client := server.client(t, q.watch(server.transport()), cloudflare.WithMaxRateLimitWait(24*time.Hour))
	work := make(chan int, calls)
	for i := range calls {
		work <- i
	}
	close(work)
	var mu sync.Mutex
	var failed []error
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range work {
				if err := getOrganization(t.Context(), client); err != nil {
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return failed
}

// With many goroutines and a small quota, every call succeeds, and no request is sent while it is known that none
// remain. The responses take from no time to longer than a window.
func TestQuotaIsShared(t *testing.T) {
	for _, quota := range []int{1, 3, 5, 20} {
		for _, window := range []time.Duration{2500 * time.Millisecond, 20 * time.Second} {
			for _, latency := range []time.Duration{time.Millisecond, 700 * time.Millisecond, 4 * time.Second} {
				t.Run(fmt.Sprintf("%d in %s, responses in %s", quota, window, latency), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						q := &quotaServer{quota: quota, window: window, latency: latency}
						assert.Empty(t, q.run(t, 16, 200))
						assert.Equal(t, 200, q.served)
						assert.LessOrEqual(t, q.refused, 15, "only those under way before the first response")
						if quota < 16 {
							require.NotEmpty(t, q.pauses)
						}
						for _, p := range q.pauses {
							for _, start := range q.starts {
								// What starts at the very moment of the reading may have started before it.
								if start.After(p.from) && start.Before(p.to) {
									t.Fatalf("a request started at %s, between %s and %s", start, p.from, p.to)
								}
							}
						}
					})
				})
			}
		}
	}
}

func TestOneGoroutineIsNeverThrottled(t *testing.T) {
	for _, quota := range []int{1, 3, 5, 20} {
		for _, latency := range []time.Duration{0, 300 * time.Millisecond, 1500 * time.Millisecond} {
			t.Run(fmt.Sprintf("%d, responses in %s", quota, latency), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					q := &quotaServer{quota: quota, window: 7300 * time.Millisecond, latency: latency}
					assert.Empty(t, q.run(t, 1, 60))
					assert.Equal(t, 60, q.served)
					assert.Zero(t, q.refused)
				})
			})
		}
	}
}

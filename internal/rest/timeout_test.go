package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowBody yields size bytes, and then ends. A part of them arrives each interval.
type slowBody struct {
	ctx      context.Context
	size     int
	part     int
	interval time.Duration
	began    time.Time
	read     int
}

func newSlowBody(ctx context.Context, size, part int, interval time.Duration) *slowBody {
	return &slowBody{ctx: ctx, size: size, part: part, interval: interval, began: time.Now()}
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.read == b.size {
		return 0, io.EOF
	}
	arrivals := time.Since(b.began) / b.interval
	if int(arrivals)*b.part == b.read {
		select {
		case <-time.After((arrivals+1)*b.interval - time.Since(b.began)):
			arrivals++
		case <-b.ctx.Done():
			return 0, context.Cause(b.ctx)
		}
	}
	n := min(int(arrivals)*b.part, b.size) - b.read
	n = min(n, len(p))
	b.read += n
	return n, nil
}

func (b *slowBody) Close() error { return nil }

// A body that arrives steadily gets the time that it needs, and one that drips does not.
func TestTimeoutGrowsWithTheBody(t *testing.T) {
	const kib = 1 << 10
	for _, tt := range []struct {
		name     string
		timeout  time.Duration
		size     int
		part     int
		interval time.Duration
		takes    time.Duration // until the attempt ends
		complete bool
	}{
		{"1,000 organizations at 256 kbit/s", 30 * time.Second, 760 * kib, 32 * kib, time.Second, 24 * time.Second, true},
		{"four such pages side by side", 30 * time.Second, 760 * kib, 8 * kib, time.Second, 95 * time.Second, true},
		{"a bit faster than needed", 5500 * time.Millisecond, 1024 * kib, 9 * kib, time.Second, 114 * time.Second, true},
		{"just fast enough", 5500 * time.Millisecond, 1024 * kib, 8 * kib, time.Second, 128 * time.Second, true},
		// After 33 s there are 231 KiB, for which it gets 28 s.
		{"a bit slower than needed", 5500 * time.Millisecond, 1024 * kib, 7 * kib, time.Second, 33500 * time.Millisecond, false},
		{"a byte each second", 5500 * time.Millisecond, kib, 1, time.Second, 5500 * time.Millisecond, false},
		{"8 KiB, and then nothing", 5500 * time.Millisecond, 9 * kib, 8 * kib, 4 * time.Second, 6500 * time.Millisecond, false},
		{"almost 8 KiB, and then nothing", 5500 * time.Millisecond, 9 * kib, 8*kib - 1, 4 * time.Second, 5500 * time.Millisecond, false},
		{"no limit", 0, 100, 1, time.Hour, 100 * time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, status := range []int{200, 403} {
				synctest.Test(t, func(t *testing.T) {
					s := clientFor(t, "https://h", roundTrip(func(r *http.Request) (*http.Response, error) {
						return &http.Response{
							StatusCode: status, ContentLength: -1, Body: newSlowBody(r.Context(), tt.size, tt.part, tt.interval),
						}, nil
					}))
					s.Timeout = tt.timeout
					start := time.Now()
					response, err := s.Do(t.Context(), RawRequest{Method: "GET", Path: []string{"a"}})
					defer response.Release()
					assert.Equal(t, tt.takes, time.Since(start))
					switch {
					case tt.complete:
						require.NoError(t, err)
						require.NoError(t, response.Incomplete)
						assert.Len(t, response.Body, tt.size)
					case status == 200:
						assert.ErrorIs(t, err, errTimedOut)
						assert.ErrorContains(t, err, "no complete response within "+tt.takes.String())
					default:
						require.NoError(t, err)
						assert.ErrorIs(t, response.Incomplete, errTimedOut)
						assert.Less(t, len(response.Body), tt.size)
					}
				})
			}
		})
	}
}

// The caller's deadline does not grow with the body.
func TestDeadlineDoesNotGrow(t *testing.T) {
	for _, status := range []int{200, 403, 503} {
		synctest.Test(t, func(t *testing.T) {
			s := clientFor(t, "https://h", roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, ContentLength: -1, Body: newSlowBody(r.Context(), 1<<20, 16<<10, time.Second)}, nil
			}))
			s.Timeout = 30 * time.Second
			ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errors.New("out of patience"))
			defer cancel()
			_, err := s.Do(ctx, RawRequest{Method: "PUT", Path: []string{"a"}, MaxRetries: 3})
			var failure *Failure
			require.ErrorAs(t, err, &failure)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.NotErrorIs(t, err, errTimedOut)
			assert.ErrorContains(t, err, "out of patience")
			assert.Equal(t, 1, failure.Attempts)
			assert.Equal(t, status != 403, failure.Unknown, "a 403 says that nothing has happened")
			if status == 200 {
				assert.Nil(t, failure.Last)
			} else if assert.NotNil(t, failure.Last, "the status is known") {
				assert.Equal(t, status, failure.Last.StatusCode)
			}
		})
	}
}

// The context and the timer of an attempt end with it, and not when its time has passed.
func TestAttemptsReleaseTheirContext(t *testing.T) {
	type value [1 << 10]byte
	var attempt context.Context
	s := clientFor(t, "https://h", roundTrip(func(r *http.Request) (*http.Response, error) {
		attempt = r.Context()
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	}))
	s.Timeout = time.Hour
	own := new(value)
	held := weak.Make(own)
	type key struct{}
	for _, method := range []string{"GET", "POST"} {
		response, err := s.Do(context.WithValue(t.Context(), key{}, own), RawRequest{Method: method, Path: []string{"a"}})
		require.NoError(t, err)
		response.Release()
		assert.ErrorIs(t, attempt.Err(), context.Canceled)
	}
	attempt, own = nil, nil
	for range 10 { // the sender's pools may hold on to something for a cycle
		runtime.GC()
	}
	assert.True(t, held.Value() == nil, "something holds the context of an attempt that has ended")
}

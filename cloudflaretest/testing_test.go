package cloudflaretest

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// recordingTB is a test that ends when finish is called.
type recordingTB struct {
	errors   []string
	cleanups []func()
	helpers  int
}

func (r *recordingTB) Helper() { r.helpers++ }
func (r *recordingTB) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recordingTB) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recordingTB) finish() []string {
	for _, f := range r.cleanups {
		f()
	}
	return r.errors
}

func TestForTest(t *testing.T) {
	var _ TB = testing.TB(t)
	id := NewServer().AddOrganization("a", "") // the first ID of every server
	get := func(t *testing.T, s *Server) { do(t, s, "GET", "/organizations", "") }
	for name, test := range map[string]struct {
		run  func(t *testing.T, s *Server)
		want []string
	}{
		"no faults": {get, nil},
		"faults that happen": {func(t *testing.T, s *Server) {
			s.Fail(2, RateLimited(0))
			s.FailNext("GET /organizations", RateLimited(0))
			get(t, s)
			get(t, s)
		}, nil},
		"no request": {func(_ *testing.T, s *Server) { s.Fail(1, Reset()) },
			[]string{"cloudflaretest: Fail: the faults for requests [1] never happened: the server received 0 requests"}},
		"too few requests": {func(t *testing.T, s *Server) {
			get(t, s)
			s.Fail(3, Reset())
			s.Fail(1, RateLimited(0))
			s.Fail(2, Reset())
			get(t, s)
		}, []string{"cloudflaretest: Fail: the faults for requests [3 4] never happened: the server received 2 requests"}},
		"no request for the endpoint": {func(t *testing.T, s *Server) {
			s.FailNext("POST /organizations", Cut())
			get(t, s)
		}, []string{`cloudflaretest: FailNext: the fault for "POST /organizations" never happened`}},
		"no request with the ID": {func(t *testing.T, s *Server) {
			s.AddOrganization("a", "")
			other := s.AddOrganization("b", "")
			s.FailNext("GET /organizations/"+id, Cut())
			do(t, s, "GET", "/organizations/"+other, "")
		}, []string{`cloudflaretest: FailNext: the fault for "GET /organizations/` + id + `" never happened`}},
		"one of two": {func(t *testing.T, s *Server) {
			s.FailNext("GET /organizations", RateLimited(0))
			s.FailNext("GET /organizations", RateLimited(0))
			get(t, s)
		}, []string{`cloudflaretest: FailNext: the fault for "GET /organizations" never happened`}},
		"a fault of Fail in its place": {func(t *testing.T, s *Server) {
			s.FailNext("GET /organizations", RateLimited(0))
			s.Fail(1, RateLimited(0))
			get(t, s)
		}, []string{`cloudflaretest: FailNext: the fault for "GET /organizations" never happened`}},
		"a handler that nothing calls": {func(t *testing.T, s *Server) {
			s.Handle("GET /zones/{zone_id}", echo("zone"))
			s.FailNext("GET /zones/1", Cut())
			get(t, s)
		}, []string{`cloudflaretest: FailNext: the fault for "GET /zones/1" never happened`}},
	} {
		t.Run(name, func(t *testing.T) {
			r := new(recordingTB)
			s := NewServer()
			assert.Same(t, s, s.ForTest(r))
			test.run(t, s)
			assert.Empty(t, r.errors, "the test has not ended")
			assert.Equal(t, test.want, r.finish())
			assert.Positive(t, r.helpers)
			_, err := s.Transport().RoundTrip(newRequest(t, "GET", "/organizations", ""))
			assert.Error(t, err, "closed")
		})
	}
}

// The server may come from outside of the bubble or from inside, with a ForTest of the same or of another test.
func TestBubbles(t *testing.T) {
	run := func(t *testing.T, s *Server) {
		client := &http.Client{Transport: s.Transport(), Timeout: time.Hour}
		start := time.Now()
		s.FailNext("GET /organizations", Stall())
		_, err := client.Do(newRequest(t, "GET", "/organizations", ""))
		assert.Error(t, err)
		assert.Equal(t, time.Hour, time.Since(start))
		s.SetRateLimit(1, time.Minute)
		get := func() int { return do(t, s, "GET", "/organizations", "").Status }
		assert.Equal(t, []int{200, 429}, []int{get(), get()})
		time.Sleep(time.Minute)
		assert.Equal(t, 200, get())

		// The end of the test ends what stalls without a deadline.
		s.FailNext("POST /organizations", Stall())
		go s.Transport().RoundTrip(newRequest(t, "POST", "/organizations", `{"name":"x"}`))
		synctest.Wait()
		assert.Equal(t, 1, s.stalls())
	}
	t.Run("inside", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { run(t, NewServer().ForTest(t)) })
	})
	t.Run("outside, closed inside", func(t *testing.T) {
		s := NewServer()
		synctest.Test(t, func(t *testing.T) { run(t, s.ForTest(t)) })
	})
	t.Run("outside, several bubbles", func(t *testing.T) {
		s := NewServer().ForTest(t)
		for range 2 {
			synctest.Test(t, func(t *testing.T) {
				do(t, s, "GET", "/organizations", "")
				start := time.Now()
				s.Fail(1, Stall())
				_, err := (&http.Client{Transport: s.Transport(), Timeout: time.Hour}).Do(newRequest(t, "GET", "/organizations", ""))
				assert.Error(t, err)
				assert.Equal(t, time.Hour, time.Since(start))
			})
		}
	})
}

package cloudflaretest

import (
	"maps"
	"slices"
)

// TB is what [Server.ForTest] needs of a [testing.TB].
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Cleanup(func())
}

// ForTest closes the server when the test ends, and then fails the test if a fault of [Server.Fail] or
// [Server.FailNext] never happened. It returns the server.
func (s *Server) ForTest(t TB) *Server {
	t.Cleanup(func() {
		t.Helper()
		s.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.faults) > 0 {
			t.Errorf("cloudflaretest: Fail: the faults for requests %d never happened: the server received %d requests",
				slices.Sorted(maps.Keys(s.faults)), s.arrivals)
		}
		for _, next := range s.nextFaults {
			t.Errorf("cloudflaretest: FailNext: the fault for %q never happened", next.pattern.text)
		}
	})
	return s
}

package blackbox

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// A request that is marked as idempotent is retried like a PUT. A key is the same one in every attempt.
func TestIdempotentRequests(t *testing.T) {
	longKey := strings.Repeat("~", 255)
	busy, lost := pipeResponse(503, rejectedBody), pipeReply{reset: true}
	for name, test := range map[string]struct {
		request cloudflare.Request
		keys    []string
	}{
		"not marked":            {cloudflare.Request{}, []string{""}},
		"marked":                {cloudflare.Request{Idempotent: true}, []string{"", "", ""}},
		"with a key":            {cloudflare.Request{IdempotencyKey: "k-1"}, []string{"k-1", "k-1", "k-1"}},
		"marked and with a key": {cloudflare.Request{Idempotent: true, IdempotencyKey: "k-1"}, []string{"k-1", "k-1", "k-1"}},
		"with the longest key":  {cloudflare.Request{IdempotencyKey: longKey}, []string{longKey, longKey, longKey}},
		"with a key and a body": {cloudflare.Request{IdempotencyKey: "k-1", Body: map[string]int{"a": 1}}, []string{"k-1", "k-1", "k-1"}},
	} {
		for _, method := range []string{"POST", "PATCH"} {
			t.Run(name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, client := newPipeServer(t, pipeScript(busy, lost, pipeResponse(200, organizationBody)))
					test.request.Method, test.request.Route = method, "/x"
					err := client.Call(t.Context(), test.request, nil, cloudflare.SetHeader("X-Mine", "1"))
					if len(test.keys) == 1 {
						require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
					} else {
						require.NoError(t, err)
					}
					var keys []string
					_, requests := server.seen()
					for _, r := range requests {
						keys = append(keys, r.header.Get("Idempotency-Key"))
						assert.Equal(t, "1", r.header.Get("X-Mine"))
					}
					assert.Equal(t, test.keys, keys)
				})
			})
		}
	}
}

// That a write may be repeated does not tell what came of it.
func TestIdempotentRequestsWithUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newPipeServer(t, pipeAlways(pipeResponse(503, rejectedBody)))
		err := client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/x", IdempotencyKey: "k-1"}, nil)
		require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
		dials, _ := server.seen()
		assert.Len(t, dials, 4)
	})
}

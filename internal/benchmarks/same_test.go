package benchmarks_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/internal/benchmarks/wire"
)

func TestAllContendersDecodeTheSame(t *testing.T) {
	for name, connect := range contenders {
		t.Run(name, func(t *testing.T) {
			const short = 250
			c := connect(inMemory, &http.Client{Transport: wire.New(short)})

			var got []wire.Organization
			see := func(o *wire.Organization) { got = append(got, *o) }
			require.NoError(t, c.get(t.Context(), wire.Number(7).ID, see))
			require.NoError(t, c.create(t.Context(), wire.Number(0), see))
			assert.Equal(t, []wire.Organization{wire.Number(7), wire.Number(0)}, got)

			got = nil
			seen, err := c.all(t.Context(), see)
			require.NoError(t, err)
			require.Len(t, got, seen)
			for i, o := range got {
				require.Equal(t, wire.Number(i), o)
			}
			t.Logf("%s saw %d of %d organizations", name, seen, short)
			if name != "official" { // it may stop after a page; the benchmark reports how many it saw
				assert.Equal(t, short, seen)
			}
		})
	}
}

// bodies records the request bodies.
type bodies struct {
	next http.RoundTripper
	sent []string
}

func (b *bodies) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(req.Body)
	b.sent = append(b.sent, string(sent))
	if err != nil {
		return nil, err
	}
	own := *req
	own.Body = http.NoBody
	return b.next.RoundTrip(&own)
}

func TestAllContendersSendTheSame(t *testing.T) {
	o := wire.Number(3)
	want, err := json.Marshal(map[string]any{"name": o.Name, "parent": map[string]string{"id": o.Parent.ID}, "profile": o.Profile})
	require.NoError(t, err)
	for name, connect := range contenders {
		t.Run(name, func(t *testing.T) {
			transport := &bodies{next: api()}
			require.NoError(t, connect(inMemory, &http.Client{Transport: transport}).create(t.Context(), o, nil))
			require.Len(t, transport.sent, 1)
			assert.JSONEq(t, string(want), transport.sent[0])
		})
	}
}

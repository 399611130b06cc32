package blackbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// keeper keeps the argument of UnmarshalJSON, against the rules of json.Unmarshaler.
type keeper struct{ kept []byte }

func (k *keeper) UnmarshalJSON(data []byte) error { k.kept = data; return nil }

// textKeeper keeps the argument of UnmarshalText, against the rules of encoding.TextUnmarshaler.
type textKeeper struct{ kept []byte }

func (k *textKeeper) UnmarshalText(data []byte) error { k.kept = data; return nil }

// A result type that keeps a part of a response does not see the responses of other clients there.
func TestResultTypesDoNotKeepBuffers(t *testing.T) {
	own := `"` + strings.Repeat("own", 100) + `"`
	for name, tt := range map[string]struct {
		result string
		call   func(c *cloudflare.Client) ([]byte, error)
	}{
		"a result": {own, func(c *cloudflare.Client) ([]byte, error) {
			var k keeper
			err := c.Call(t.Context(), aGet, &k)
			return k.kept, err
		}},
		"a text": {own, func(c *cloudflare.Client) ([]byte, error) {
			var k textKeeper
			err := c.Call(t.Context(), aGet, &k)
			return k.kept, err
		}},
		"a field": {`{"a":` + own + `}`, func(c *cloudflare.Client) ([]byte, error) {
			var k struct{ A keeper }
			err := c.Call(t.Context(), aGet, &k)
			return k.A.kept, err
		}},
		"an item": {`[` + own + `]`, func(c *cloudflare.Client) ([]byte, error) {
			var k []*keeper
			err := c.Call(t.Context(), aGet, &k)
			return k[0].kept, err
		}},
		"a value of an interface": {own, func(c *cloudflare.Client) ([]byte, error) {
			k := &keeper{}
			var into any = k
			err := c.Call(t.Context(), aGet, &into)
			return k.kept, err
		}},
		"a key of a map": {`{` + own + `:1}`, func(c *cloudflare.Client) ([]byte, error) {
			var kept []byte
			keepKey = func(data []byte) { kept = data }
			var k map[keyKeeper]int
			err := c.Call(t.Context(), aGet, &k)
			return kept, err
		}},
		"a Nullable": {own, func(c *cloudflare.Client) ([]byte, error) {
			var k cloudflare.Nullable[keeper]
			err := c.Call(t.Context(), aGet, &k)
			value, _ := k.Get()
			return value.kept, err
		}},
		"raw JSON": {own, func(c *cloudflare.Client) ([]byte, error) {
			var k json.RawMessage
			err := c.Call(t.Context(), aGet, &k)
			return k, err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			first := newCountedServer(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, successBody(tt.result)) }).client(t)
			other := newCountedServer(t, func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, successBody(`{"id":"`+strings.Repeat("other", 100)+`"}`))
			}).client(t)
			kept, err := tt.call(first)
			require.NoError(t, err)
			require.Contains(t, string(kept), "ownown")
			before := string(kept)
			for range 50 {
				_, _ = other.Organizations.Get(t.Context(), organizationID)
				assert.Equal(t, before, string(kept))
				assert.NotContains(t, string(kept[:cap(kept)]), "other")
			}
		})
	}
}

var aGet = cloudflare.Request{Method: "GET", Route: "/x"}

var keepKey func([]byte)

type keyKeeper string

func (k *keyKeeper) UnmarshalText(data []byte) error {
	keepKey(data)
	*k = keyKeeper(data)
	return nil
}

// lateBody writes to the buffer of every Read after Read has returned, against the rules of io.Reader.
type lateBody struct {
	io.Reader
	end  error // in place of io.EOF
	mu   *sync.Mutex
	seen *[][]byte
}

func (b *lateBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*b.seen = append(*b.seen, p[:cap(p)])
	n, err := b.Reader.Read(p)
	if err == io.EOF && b.end != nil {
		err = b.end
	}
	return n, err
}

func (b *lateBody) Close() error { return nil }

// A transport that writes to a buffer after Read has returned disturbs no other client.
func TestTransportsThatWriteTooLate(t *testing.T) {
	for name, end := range map[string]error{"a body that ends": nil, "a body that breaks off": errors.New("broken off")} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var seen [][]byte
			disturb := func() {
				mu.Lock()
				defer mu.Unlock()
				for _, p := range seen {
					for i := range p {
						p[i] = '!'
					}
				}
			}
			late := roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 404, ContentLength: -1, Body: &lateBody{strings.NewReader(`{"success":false,"errors":[]}`), end, &mu, &seen}}, nil
			})
			disturber := newClient(t, late, noRetries)
			undisturbed := func(client *cloudflare.Client) {
				for i := range 50 {
					_, err := disturber.Organizations.Get(t.Context(), organizationID)
					require.Error(t, err)
					id := fmt.Sprintf("o%d", i)
					org, err := client.Organizations.Get(t.Context(), id)
					if assert.NoError(t, err) {
						assert.Equal(t, id, org.ID)
					}
				}
			}
			respond := func(r *http.Request) string {
				disturb() // while the response to another client is on its way
				return successBody(`{"id":"` + r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] + `","name":"n"}`)
			}
			undisturbed(newCountedServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, respond(r)) }).client(t))
			undisturbed(newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				text := respond(r)
				return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(&disturbingBody{strings.NewReader(text), disturb})}, nil
			})))
		})
	}
}

// disturbingBody lets another transport write before its end is reported.
type disturbingBody struct {
	io.Reader
	disturb func()
}

func (b *disturbingBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		b.disturb()
	}
	return n, err
}

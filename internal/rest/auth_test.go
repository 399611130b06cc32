package rest

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A call redacts what its attempts used, each secret once.
func TestSignersOfOneCall(t *testing.T) {
	first, second := newSigner(Token("first"), ""), newSigner(Token("second"), "")
	assert.Same(t, first, first.alsoRedacting(unsigned))
	assert.Same(t, first, first.alsoRedacting(first))
	assert.Same(t, first, first.alsoRedacting(newSigner(Token("first"), "")), "the same token, prepared twice")

	both := second.alsoRedacting(first)
	assert.Equal(t, "[redacted] [redacted]", both.redact("first second"))
	assert.Equal(t, "Bearer second", both.header().Get("Authorization"))
	assert.Equal(t, "first [redacted]", second.redact("first second"), "unchanged: other calls use it")

	again := first.alsoRedacting(both)
	assert.Equal(t, "[redacted] [redacted]", again.redact("first second"))
	assert.Len(t, again.secrets(), 2)
	assert.Equal(t, "Bearer first", again.header().Get("Authorization"))
}

// While the source returns the same credential, it is prepared once.
func TestSourceIsPreparedOnce(t *testing.T) {
	credential := Token("first")
	s, err := New(Config{BaseURL: "https://h", Source: func(context.Context) (Credential, error) { return credential, nil }})
	require.NoError(t, err)
	first, err := s.sign(t.Context())
	require.NoError(t, err)

	credential = Token("first")
	same, err := s.sign(t.Context())
	require.NoError(t, err)
	assert.Same(t, first, same)

	credential = Key("first", "me@example.com")
	other, err := s.sign(t.Context())
	require.NoError(t, err)
	assert.NotSame(t, first, other)
	assert.Equal(t, []string{"first"}, other.header()["X-Auth-Key"])
	assert.NotContains(t, other.header(), "Authorization")
}

// Whatever becomes of the source, its call gives its place at the gate back.
func TestSourceThatFailsLeavesTheGate(t *testing.T) {
	var source func(context.Context) (Credential, error)
	s, err := New(Config{
		BaseURL: "https://h",
		Source:  func(ctx context.Context) (Credential, error) { return source(ctx) },
		HTTPClient: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("sent")
		})},
	})
	require.NoError(t, err)
	canceled, cancel := context.WithCancel(t.Context())
	for name, tt := range map[string]struct {
		source func(context.Context) (Credential, error)
		text   string
	}{
		"error":         {func(context.Context) (Credential, error) { return Token("t"), errors.New("no vault") }, "credential source: no vault"},
		"no credential": {func(context.Context) (Credential, error) { return Credential{}, nil }, "credential source: no credential"},
		"a bad credential": {
			func(context.Context) (Credential, error) { return Token("a b"), nil },
			"credential source: the API token contains white space or a character that is not printable ASCII",
		},
		"a bad key": {func(context.Context) (Credential, error) { return Key("k", "me"), nil }, "credential source: the email address has no @"},
		"canceled":  {func(context.Context) (Credential, error) { cancel(); return Token("t"), nil }, "context canceled"},
		"panic":     {func(context.Context) (Credential, error) { panic("no vault") }, ""},
	} {
		source = tt.source
		do := func() {
			ctx := t.Context()
			if name == "canceled" {
				ctx = canceled
			}
			_, err := s.Do(ctx, RawRequest{Method: "POST", Path: []string{"a"}})
			failure, ok := errors.AsType[*Failure](err)
			require.True(t, ok, name)
			assert.EqualError(t, err, tt.text, name)
			assert.Zero(t, failure.Attempts, name)
			assert.False(t, failure.Unknown, name)
			assert.Nil(t, failure.Last, name)
		}
		if tt.text == "" {
			assert.PanicsWithValue(t, "no vault", do, name)
		} else {
			do()
		}
		assert.Zero(t, s.gate.underWay, name)
	}
}

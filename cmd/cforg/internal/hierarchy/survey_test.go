package hierarchy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/hierarchy"
)

func ignore(*hierarchy.Node, string) error { return nil }

func TestEachReadsAFewAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nodes := hierarchy.Build(organizations("a b c d e f g h i j k l m n o p q r s t"))
		var running, most atomic.Int32
		began := time.Now()
		printed := map[string]time.Duration{}
		err := hierarchy.Each(t.Context(), nodes, func(_ context.Context, n *hierarchy.Node) (string, error) {
			most.Store(max(most.Load(), running.Add(1)))
			time.Sleep(time.Second) // of the bubble's clock
			running.Add(-1)
			return n.ID, nil
		}, func(n *hierarchy.Node, id string) error {
			assert.Equal(t, n.ID, id)
			assert.Equal(t, nodes[len(printed)], n, "in order")
			printed[id] = time.Since(began)
			return nil
		})
		require.NoError(t, err)
		assert.Len(t, printed, 20)
		assert.LessOrEqual(t, most.Load(), int32(8))
		assert.Equal(t, 3*time.Second, time.Since(began), "eight at once take three turns")
		assert.Equal(t, time.Second, printed["h"], "as soon as they are there")
	})
}

func TestEachKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nodes := hierarchy.Build(organizations("a b c d e f g h i j k l"))
		var order []string
		err := hierarchy.Each(t.Context(), nodes, func(_ context.Context, n *hierarchy.Node) (string, error) {
			time.Sleep(time.Duration('z'-n.ID[0]) * time.Second)
			return n.ID, nil
		}, func(_ *hierarchy.Node, id string) error {
			order = append(order, id)
			return nil
		})
		require.NoError(t, err)
		assert.True(t, slices.IsSorted(order))
		assert.Len(t, order, 12)
	})
}

func TestEachGoesOnAfterAFailure(t *testing.T) {
	nodes := hierarchy.Build(organizations("a b c d"))
	printed := 0
	err := hierarchy.Each(t.Context(), nodes, func(_ context.Context, n *hierarchy.Node) (string, error) {
		if slices.Contains([]string{"b", "d"}, n.ID) {
			return "", fmt.Errorf("%s: %w", n.ID, cloudflare.ErrForbidden)
		}
		return n.ID, nil
	}, func(n *hierarchy.Node, id string) error {
		printed++
		return nil
	})
	assert.Equal(t, 4, printed, "also what could not be read")
	assert.ErrorIs(t, err, cloudflare.ErrForbidden)
	assert.EqualError(t, err, `2 of 4 organizations could not be read in full; the first, "B": b: forbidden`)
}

func TestEachEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	err := hierarchy.Each(ctx, hierarchy.Build(organizations("a b")), func(ctx context.Context, _ *hierarchy.Node) (string, error) {
		cancel(enough)
		return "", ctx.Err()
	}, ignore)
	assert.Equal(t, enough, err)
}

// Without output, nothing more is read.
func TestEachEndsWithTheOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("full")
		var read atomic.Int32
		err := hierarchy.Each(t.Context(), hierarchy.Build(organizations("a b c d e f g h i j k l m n o p q r s t")),
			func(context.Context, *hierarchy.Node) (string, error) {
				read.Add(1)
				time.Sleep(time.Second)
				return "", nil
			}, func(*hierarchy.Node, string) error { return full })
		assert.Equal(t, full, err)
		assert.LessOrEqual(t, read.Load(), int32(16))
	})
}

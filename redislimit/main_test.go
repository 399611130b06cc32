package redislimit_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"example.com/cloudflare"
	"example.com/cloudflare/redislimit"
)

// TestMain makes the test binary run as the program of the example, so that the tests can start processes of it.
func TestMain(m *testing.M) {
	redis.SetLogger(silent{})
	if addr := os.Getenv("REDISLIMIT_REDIS"); addr != "" {
		var quota int
		var window time.Duration
		_, _ = fmt.Sscan(os.Getenv("REDISLIMIT_QUOTA"), &quota)
		window, _ = time.ParseDuration(os.Getenv("REDISLIMIT_WINDOW"))
		store := redis.NewClient(&redis.Options{Addr: addr})
		config := redislimit.Config{Name: "ops@example.com", Quota: quota, Window: window}
		if err := countMembers(context.Background(), store, config, cloudflare.WithBaseURL(os.Getenv("REDISLIMIT_API"))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// silent keeps go-redis from logging what the tests provoke.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

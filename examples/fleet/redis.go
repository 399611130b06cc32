package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// connect returns a client of the Redis server that -redis or REDIS_URL names.
func (f *fleet) connect(ctx context.Context) (*redis.Client, error) {
	named := cmp.Or(f.redisURL, os.Getenv("REDIS_URL"))
	if named == "" {
		return nil, fmt.Errorf("%w: -redis is missing: an embedded Redis would have no tasks", errUsage)
	}
	options, err := redis.ParseURL(named)
	if err != nil {
		// The URL may contain a password, and so may the text of err.
		if _, ok := errors.AsType[*url.Error](err); ok {
			err = errors.New("not a valid URL")
		}
		return nil, fmt.Errorf("%w: -redis: %w", errUsage, err)
	}
	client := redis.NewClient(options)
	if err := client.Ping(ctx).Err(); err != nil {
		client.Close()
		return nil, fmt.Errorf("redis: %w", err)
	}
	return client, nil
}

// connectOrEmbed starts an embedded Redis if no server is named. The caller calls stop when it is done.
func (f *fleet) connectOrEmbed(ctx context.Context) (client *redis.Client, embedded bool, stop func(), err error) {
	if cmp.Or(f.redisURL, os.Getenv("REDIS_URL")) != "" {
		client, err = f.connect(ctx)
		return client, false, func() { client.Close() }, err
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, false, nil, err
	}
	fmt.Fprintf(f.stderr, "fleet: no Redis is named: the embedded one at redis://%s is for trying fleet only, and loses all tasks when this command ends\n", server.Addr())
	ticker := time.NewTicker(time.Second)
	done := make(chan struct{})
	go func() { // expiry times pass only when it is told to
		for {
			select {
			case <-ticker.C:
				server.FastForward(time.Second)
			case <-done:
				return
			}
		}
	}()
	client = redis.NewClient(&redis.Options{Addr: server.Addr()})
	return client, true, func() {
		ticker.Stop()
		close(done)
		client.Close()
		server.Close()
	}, nil
}

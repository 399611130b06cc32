package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// open returns the queue on the Redis server that -redis or REDIS_URL names.
func (f *fleet) open(ctx context.Context) (*queue, error) {
	fingerprint, err := f.fingerprint()
	if err != nil {
		return nil, err
	}
	if f.redisURL == "" {
		return nil, fmt.Errorf("%w: -redis is missing: an embedded Redis would have no tasks", errUsage)
	}
	client, err := newRedis(f.redisURL)
	if err != nil {
		return nil, fmt.Errorf("%w: -redis: %w", errUsage, err)
	}
	if err := client.Ping(ctx).Err(); err != nil {
		client.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("redis: %s", noPing(err))
	}
	return newQueue(client, fingerprint), nil
}

// openOrEmbed starts an embedded Redis if no server is named. The caller calls stop when it is done.
func (f *fleet) openOrEmbed(ctx context.Context) (tasks *queue, embedded bool, stop func(), err error) {
	if f.redisURL != "" {
		tasks, err = f.open(ctx)
		return tasks, false, func() { tasks.close() }, err
	}
	fingerprint, err := f.fingerprint()
	if err != nil {
		return nil, false, nil, err
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, false, nil, err
	}
	fmt.Fprintf(f.stderr, "fleet: no Redis is named: the embedded one at %s is for trying fleet only, and loses all tasks when this command ends\n", server.Addr())
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
	tasks = newQueue(redis.NewClient(&redis.Options{Addr: server.Addr()}), fingerprint)
	return tasks, true, func() {
		ticker.Stop()
		close(done)
		tasks.close()
		server.Close()
	}, nil
}

// newRedis returns a client of the Redis server, Cluster or Sentinels that a URL names. Its errors say which part is
// wrong. They do not quote the URL, which may contain a password.
func newRedis(text string) (redis.UniversalClient, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	scheme, kind, _ := strings.Cut(scheme, "-")
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	switch {
	case !ok, !slices.Contains([]string{"redis", "rediss", "unix"}, scheme), !slices.Contains([]string{"", "cluster", "sentinel"}, kind),
		scheme == "unix" && kind != "", strings.Contains(text[:len(text)-len(rest)], "-:"):
		return nil, errors.New("the URL must begin with redis://, redis-cluster:// or redis-sentinel://, with rediss for TLS, or with unix://")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, errors.New("the URL must be printable ASCII without blanks: write other characters with %")
	case strings.Contains(path, "@"):
		// What is read as host, port, database and parameter may be the password.
		return nil, errors.New("the URL has one of / ? # in front of its @: in a password, write %2F, %3F or %23")
	case strings.Contains(path, "#"):
		return nil, errors.New("the URL must not have a fragment: write # as %23")
	}
	path, query, _ := strings.Cut(path, "?")
	if i := strings.LastIndex(authority, "@"); i >= 0 {
		if _, err := url.PathUnescape(authority[:i]); err != nil {
			return nil, errors.New("the user or password of the URL is not valid: write % as %25")
		}
	}
	text = scheme + "://" + rest
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the host or port of the URL is not valid")
	}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && err != nil {
		return nil, errors.New("the port of the URL must be between 0 and 65535")
	}
	if name := strings.Trim(path, "/"); scheme != "unix" && name != "" {
		if kind == "cluster" {
			return nil, errors.New("the URL of a cluster must not have a path, because a cluster has one database")
		}
		if _, err := strconv.ParseUint(name, 10, 31); err != nil {
			return nil, errors.New("the path of the URL must be the number of a database")
		}
	}
	params, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("the query of the URL is not valid")
	}
	for _, name := range []string{"read_only", "replica_only", "route_by_latency", "route_randomly"} {
		if params.Has(name) {
			return nil, errors.New("the URL must not permit commands to replicas, which may not know yet what another worker has written")
		}
	}
	if kind == "sentinel" && params.Get("master_name") == "" {
		return nil, errors.New("the URL of Sentinel must have the parameter master_name")
	}
	client, err := parse(text, kind)
	switch {
	case err != nil && query != "":
		return nil, errors.New("a parameter of the URL is not known, or its value is not valid")
	case err != nil:
		return nil, errors.New("the URL is not valid")
	}
	return client, nil
}

// parse returns the client for a URL that begins with redis://, rediss:// or unix://. In TLS, each server of a cluster
// or behind Sentinel is known by its own name.
func parse(text, kind string) (redis.UniversalClient, error) {
	switch kind {
	case "cluster":
		options, err := redis.ParseClusterURL(text)
		if err != nil {
			return nil, err
		}
		if options.TLSConfig != nil {
			options.TLSConfig.ServerName = ""
		}
		return redis.NewClusterClient(options), nil
	case "sentinel":
		options, err := redis.ParseFailoverURL(text)
		if err != nil {
			return nil, err
		}
		if options.TLSConfig != nil {
			options.TLSConfig.ServerName = ""
		}
		return redis.NewFailoverClient(options), nil
	}
	options, err := redis.ParseURL(text)
	if err != nil {
		return nil, err
	}
	return redis.NewClient(options), nil
}

// noPing returns why a Redis server did not respond to a first command. The texts of such errors have the address,
// which is a part of the password if the URL has a mistake, and a server may echo all that it received.
func noPing(err error) string {
	number := syscall.Errno(0)
	switch {
	case errors.As(err, &number):
		return number.Error()
	case is[redis.Error](err):
		code, _, _ := strings.Cut(err.Error(), " ")
		if code != "" && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			return "the server responded with " + code
		}
		return "the server responded with an error"
	case is[*net.DNSError](err):
		return "the name of the host is not known"
	case is[*tls.CertificateVerificationError](err):
		return "the certificate of the server is not valid"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, redis.ErrPoolTimeout), is[net.Error](err):
		return "no connection, or no response in time"
	}
	return "no connection, or a response that is not Redis"
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The URL of Redis may have a password, and a mistake in the URL can turn each part of the password into another part
// of the URL. An error says which part is wrong, and shows nothing of it.
func TestNoPartOfARedisURLIsPrinted(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := strings.TrimPrefix(listener.Addr().String(), "127.0.0.1:")
	listener.Close()
	const quick = "?max_retries=-1"
	word := regexp.MustCompile(`[0-9A-Za-z]{3,}`)
	s := newShell(t)
	for url, want := range map[string]string{
		"redis://:4711/canary@canary":               "the URL has one of / ? # in front of its @",
		"redis://:4711/42@canary":                   "the URL has one of / ? # in front of its @",
		"redis://whoami:4711?canary@canary":         "the URL has one of / ? # in front of its @",
		"redis://whoami:4711#canary@canary":         "the URL has one of / ? # in front of its @",
		"redis://whoami/canary@canary":              "the URL has one of / ? # in front of its @",
		"redis://:pa/ss/canary@canary/0":            "the URL has one of / ? # in front of its @",
		"unix://whoami:canary/canary@/canary.sock":  "the URL has one of / ? # in front of its @",
		"redis://:4711#canary":                      "must not have a fragment",
		"redis://127.0.0.1/canary":                  "the path of the URL must be the number of a database",
		"redis://127.0.0.1/4711/4712":               "the path of the URL must be the number of a database",
		"redis://127.0.0.1/-4711":                   "the path of the URL must be the number of a database",
		"redis://127.0.0.1:4711471147114711/":       "the port of the URL must be between",
		"redis://:canary":                           "the host or port of the URL is not valid",
		"redis://whoami:canary@canary:xport":        "the host or port of the URL is not valid",
		"redis://whoami:canary@[canary":             "the host or port of the URL is not valid",
		"redis://whoami:canary%zz@canary":           "write % as %25",
		"redis://whoami:pa%ss@canary":               "write % as %25",
		"redis://whoami:pa ss@canary":               "printable ASCII",
		"redis://whoami:cänary@canary":              "printable ASCII",
		"redis://whoami:canary\x1b[31m@canary":      "printable ASCII",
		"redis://whoami:canary@canary?color=canary": "a parameter of the URL is not known",
		"redis://127.0.0.1?db=canary":               "a parameter of the URL is not known, or its value is not valid",
		"redis://127.0.0.1?pool_size=canary":        "a parameter of the URL is not known, or its value is not valid",
		"redis://127.0.0.1?canary%zz":               "the query of the URL is not valid",
		"http://whoami:canary@canary":               "must begin with redis://",
		"canary:6379":                               "must begin with redis://",
		"redis:canary@canary":                       "must begin with redis://",
		"redis:/canary@canary":                      "must begin with redis://",
		"canary":                                    "must begin with redis://",
		"unix://whoami:canary@":                     "the URL is not valid",
		"redis-canary://whoami:canary@host":         "must begin with redis://",
		"redis-cluster-:canary@host":                "must begin with redis://",
		"redis-://whoami:canary@host":               "must begin with redis://",
		"unix-cluster://whoami:canary@host":         "must begin with redis://",
		"redis-cluster-x://whoami:canary@host":      "must begin with redis://",
		"redis-cluster://:canary@host/0":            "the URL of a cluster must not have a path",
		"redis-cluster://:canary@host?addr=canary":  "a parameter of the URL is not known, or its value is not valid",
		"redis-cluster://:canary@host?read_only=on": "the URL must not permit commands to replicas",
		"redis-sentinel://:canary@host":             "the URL of Sentinel must have the parameter master_name",
		"redis-sentinel://:canary@host/canary":      "the path of the URL must be the number of a database",

		// These are valid, and no server responds.
		"redis://:" + closed + quick:                                                   "redis: connection refused",
		"rediss://whoami:canary@127.0.0.1:" + closed + quick:                           "redis: connection refused",
		"redis://canary.invalid" + quick:                                               "redis: the name of the host is not known",
		"unix:///canary/socket" + quick:                                                "redis: no such file or directory",
		"redis://whoami:canary@127.0.0.1:" + s.redis.Port() + quick:                    "redis: the server responded with WRONGPASS",
		"rediss://whoami:canary@127.0.0.1:" + s.redis.Port() + quick:                   "redis: no connection, or a response that is not Redis",
		"redis-cluster://:canary@127.0.0.1:" + closed + quick:                          "redis: connection refused",
		"redis-sentinel://:canary@127.0.0.1:" + closed + quick + "&master_name=canary": "redis: connection refused",
	} {
		commands := []string{"status", "results", "retry -all", "worker", "enqueue -audit"}
		if strings.HasPrefix(want, "redis:") { // each takes seconds
			commands = commands[:1]
		}
		for _, command := range commands {
			code := s.run(t.Context(), append(strings.Fields(command), "-redis", url)...)
			assert.NotEqual(t, exitDone, code, url)
			assert.Contains(t, s.errOut, want, url)
			_, secret, _ := strings.Cut(strings.TrimSuffix(url, quick), ":")
			for _, part := range word.FindAllString(secret, -1) {
				assert.NotContains(t, s.errOut, part, url)
			}
			assert.Empty(t, s.out)
		}
	}
}

// A URL in the wrong place is not printed either.
func TestURLInTheWrongPlaceIsNotPrinted(t *testing.T) {
	s := newShell(t)
	const url = "redis://user:canary@127.0.0.1:1/0"
	for _, args := range [][]string{
		{url},
		{"status", url},
		{"results", url},
		{"worker", url},
		{"enqueue", url},
		{"enqueue", "-audit", url},
		{"retry", url},
		{"status", "-" + url},
		{"status", "-quota", url},
		{"status", "-window=" + url},
		{"worker", "-concurrency", url},
		{"worker", "-v=" + url},
		{"status", "-base-url", url},
		{"status", "-base-url", "https://user:canary@host"},
		{"status", "-base-url", "https://host/canary?canary"},
	} {
		assert.NotEqual(t, exitDone, s.run(t.Context(), args...))
		assert.NotContains(t, s.out+s.errOut, "canary", args)
		assert.NotEmpty(t, s.errOut)
	}
	t.Setenv("REDIS_URL", url)
	t.Setenv("CLOUDFLARE_BASE_URL", "https://user:canary@host")
	for _, command := range []string{"enqueue", "worker", "status", "results", "retry"} {
		assert.Equal(t, exitDone, s.run(t.Context(), command, "-h"))
		assert.NotContains(t, s.out+s.errOut, "canary", command)
	}
}

// Tasks, notes and quota work in a cluster, whose nodes reject commands with keys in several slots, and behind
// Sentinel.
func TestClusterAndSentinel(t *testing.T) {
	cluster := startRedis(t, "--cluster-enabled", "yes")
	admin := cluster.client()
	defer admin.Close()
	require.NoError(t, admin.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	require.Eventually(t, func() bool {
		return strings.Contains(admin.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	}, 10*time.Second, 20*time.Millisecond)

	config := filepath.Join(t.TempDir(), "sentinel.conf")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "sentinel monitor fleet 127.0.0.1 %d 1\n", startRedis(t).port), 0o600))
	sentinel := startRedis(t, config, "--sentinel")
	for name, url := range map[string]string{
		"cluster":  fmt.Sprintf("redis-cluster://127.0.0.1:%d", cluster.port),
		"sentinel": fmt.Sprintf("redis-sentinel://127.0.0.1:%d/0?master_name=fleet", sentinel.port),
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			t.Setenv("REDIS_URL", url)
			store, err := newRedis(url)
			require.NoError(t, err)
			s.tasks.close()
			s.tasks = newQueue(store, s.tasks.fingerprint)
			t.Cleanup(s.tasks.close)

			id := s.api.AddOrganization("one", "")
			s.api.FailNext("POST /organizations", rejected(403))
			require.Equal(t, exitDone, s.run(t.Context(), "enqueue", s.file("organization_id,name,business_name", id+",,One", ",two,Two")), s.errOut)
			require.Equal(t, exitDone, s.run(t.Context(), "worker", "-until-empty"), s.errOut)
			require.Equal(t, exitDone, s.run(t.Context(), "status"), s.errOut)
			assert.Contains(t, s.out, "0 queued, 0 running, 0 failed or waiting to run again, 1 done, 1 archived\n")
			assert.Contains(t, s.out, "quota     5 of 1200 requests")

			s.note(payload{Name: "two"}.taskID(kindProfile), settled)
			require.Equal(t, exitDone, s.run(t.Context(), "verify"), s.errOut)
			require.Equal(t, exitDone, s.run(t.Context(), "retry", "-verified", s.file(s.out)), s.errOut)
			require.Equal(t, exitDone, s.run(t.Context(), "worker", "-until-empty"), s.errOut)
			require.Equal(t, exitDone, s.run(t.Context(), "results"), s.errOut)
			assert.Equal(t, 2, strings.Count(s.out, "\n"))
		})
	}
}

func TestRedisURLsThatAreValid(t *testing.T) {
	for url, want := range map[string]string{
		"redis-cluster://host":                              "host:6379",
		"redis-cluster://user:pw@host:1/?addr=a:2&addr=b:3": "host:1 a:2 b:3",
		"rediss-cluster://host?dial_timeout=3s":             "host:6379",
		"redis-sentinel://host/1?master_name=m&password=p":  "FailoverClient",
		"rediss-sentinel://u:p@h:1?addr=a:2&master_name=m":  "FailoverClient",
		"redis://":                         "localhost:6379",
		"redis://host":                     "host:6379",
		"rediss://user:p%2Fw%40@host:1/2":  "host:1",
		"redis://a@b@host":                 "host:6379", // the last @ ends the password
		"redis://[::1]:1/?dial_timeout=3s": "[::1]:1",
		"unix://user:pw@/run/redis.sock":   "/run/redis.sock",
		"unix:///run/redis.sock?db=1":      "/run/redis.sock",
	} {
		client, err := newRedis(url)
		if !assert.NoError(t, err, url) {
			continue
		}
		defer client.Close()
		secure := false
		switch client := client.(type) {
		case *redis.ClusterClient:
			assert.Equal(t, want, strings.Join(client.Options().Addrs, " "))
			secure = client.Options().TLSConfig != nil
		case *redis.Client:
			assert.Equal(t, want, client.Options().Addr)
			secure = client.Options().TLSConfig != nil
		}
		assert.Equal(t, strings.HasPrefix(url, "rediss"), secure, url)
	}
}

package redislimit

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/redis/go-redis/v9"
)

// Status describes a quota at one time, over all processes.
type Status struct {
	Quota     int // Config.Quota less Config.Leave
	Used      int // requests that count now; it may exceed Quota if a process has a greater one
	UnderWay  int // those of them that have not ended
	Available int // how many requests can be sent now

	Paused time.Duration // how long nothing is sent; zero if there is no pause
	Reason string        // of the pause

	// Eviction is the maxmemory-policy of the Redis server. It is empty if the server does not permit CONFIG. Unless it
	// is noeviction, the server may drop keys, and the quota with them.
	Eviction string
}

// Status returns the status of the quota.
func (l *Limiter) Status(ctx context.Context) (Status, error) {
	if l.invalid != nil {
		return Status{}, l.invalid
	}
	values, err := statusScript.Run(ctx, l.client, l.keys[:4], l.config.Window.Milliseconds()).Slice()
	if err != nil {
		return Status{}, fmt.Errorf("redislimit: %w", err)
	}
	number := func(i int) int {
		n, _ := values[i].(int64)
		return int(n)
	}
	reason, _ := values[3].(string)
	s := Status{
		Quota:    l.config.Quota - l.config.Leave,
		UnderWay: number(0),
		Used:     number(0) + number(1),
		Paused:   time.Duration(number(2)) * time.Millisecond,
		Reason:   visible(reason),
		Eviction: l.eviction(ctx),
	}
	s.Available = s.Quota - s.Used
	for i := 4; i < len(values); i += 2 {
		remaining, reset := number(i)-l.config.Leave, time.Duration(number(i+1))*time.Millisecond
		s.Available = min(s.Available, remaining-s.UnderWay)
		if remaining <= 0 && reset > s.Paused {
			s.Paused, s.Reason = reset, "no requests remain"
			if number(i) > 0 {
				s.Reason = fmt.Sprintf("%d requests remain, which are left to others", number(i))
			}
		}
	}
	if s.Paused > 0 {
		s.Available = 0
	}
	s.Available = max(0, s.Available)
	return s, nil
}

// visible replaces what a terminal may act on: whoever can write to Redis chooses the text.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

const noEviction = "noeviction"

// eviction returns the maxmemory-policy of the server that has the keys, or "" if it cannot be read.
func (l *Limiter) eviction(ctx context.Context) string {
	const name = "maxmemory-policy"
	var server interface {
		ConfigGet(ctx context.Context, parameter string) *redis.MapStringStringCmd
	} = l.client
	if cluster, ok := l.client.(*redis.ClusterClient); ok {
		master, err := cluster.MasterForKey(ctx, l.keys[0])
		if err != nil {
			return ""
		}
		server = master
	}
	values, err := server.ConfigGet(ctx, name).Result()
	if err != nil {
		return ""
	}
	return visible(values[name])
}

// warnOfEviction logs once if Redis may drop the quota.
func (l *Limiter) warnOfEviction(ctx context.Context) {
	if l.warned.Swap(true) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	policy, _ := inTime(ctx, func(ctx context.Context) (string, error) { return l.eviction(ctx), nil }, func(string) {})
	switch policy {
	case noEviction:
	case "":
		l.config.Logger.LogAttrs(ctx, slog.LevelInfo, "redislimit cannot read the maxmemory-policy of Redis, which should be noeviction")
	default:
		l.config.Logger.LogAttrs(ctx, slog.LevelWarn, "Redis may drop keys, and so forget the quota: its maxmemory-policy should be noeviction",
			slog.String("maxmemory-policy", policy))
	}
}

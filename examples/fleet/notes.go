package main

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// notes are the creates whose outcome is not known yet, one for each task.
type notes struct {
	store       redis.UniversalClient
	fingerprint string // of the credential and the base URL
}

const noteLife = 90 * 24 * time.Hour // as long as asynq keeps an archived task

var errNoted = errors.New("another worker has sent a create for this task, and its outcome is not known")

func (n notes) key(taskID string) string { return "fleet:create:" + n.fingerprint + ":" + taskID }

// write returns an error if there is a note by another writer. The same writer may write again: the age
// of the note counts from its last request.
func (n notes) write(ctx context.Context, taskID, writer string) error {
	err := n.store.SetArgs(ctx, n.key(taskID), writer, redis.SetArgs{Mode: "NX", TTL: noteLife}).Err()
	if !errors.Is(err, redis.Nil) {
		return wrapLater(err)
	}
	switch earlier, err := n.store.Get(ctx, n.key(taskID)).Result(); {
	case err != nil:
		return wrapLater(err)
	case earlier != writer:
		return later{errNoted, lookAgain}
	}
	return wrapLater(n.store.Expire(ctx, n.key(taskID), noteLife).Err())
}

// age returns how long ago the note was written, by the clock of Redis.
func (n notes) age(ctx context.Context, taskID string) (age time.Duration, noted bool, err error) {
	left, err := n.store.PTTL(ctx, n.key(taskID)).Result()
	if err != nil || left < 0 {
		return 0, false, wrapLater(err)
	}
	return noteLife - left, true, nil
}

func (n notes) remove(ctx context.Context, taskID string) error {
	return wrapLater(n.store.Del(ctx, n.key(taskID)).Err())
}

// wrapLater makes a task wait for Redis.
func wrapLater(err error) error {
	if err == nil {
		return nil
	}
	return later{err, time.Second}
}

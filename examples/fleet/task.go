package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// The kinds of tasks.
const (
	kindProfile = "profile"
	kindAudit   = "audit"
)

const (
	maxRetries  = 15               // with waits that double up to five minutes
	taskTimeout = 30 * time.Minute // including the waits for the quota
	retention   = 7 * 24 * time.Hour
)

// payload is the part of a task that is kept in Redis.
type payload struct {
	Fingerprint    string          `json:"fingerprint"` // of the credential and the base URL that the task is for
	OrganizationID string          `json:"organization_id,omitempty"`
	Name           string          `json:"name,omitempty"` // with ParentID, instead of OrganizationID
	ParentID       string          `json:"parent_id,omitempty"`
	Profile        json.RawMessage `json:"profile,omitempty"` // the fields to change
}

// taskID returns the same ID for every task of one kind about one organization, so that asynq accepts only one at a
// time.
func (p payload) taskID(kind string) string {
	if p.OrganizationID != "" {
		return kind + ":" + p.OrganizationID
	}
	sum := sha256.Sum256([]byte(p.ParentID + "/" + p.Name))
	return kind + ":name-" + hex.EncodeToString(sum[:16])
}

// String names the organization.
func (p payload) String() string {
	switch {
	case p.OrganizationID != "":
		return p.OrganizationID
	case p.ParentID != "":
		return fmt.Sprintf("%q below %s", p.Name, p.ParentID)
	}
	return fmt.Sprintf("%q", p.Name)
}

// queue adds tasks, and looks at them. Each credential and base URL has a queue of its own.
type queue struct {
	fingerprint string // of the credential and the base URL
	name        string
	store       redis.UniversalClient
	client      *asynq.Client
	inspector   *asynq.Inspector
}

func newQueue(store redis.UniversalClient, fingerprint string) *queue {
	return &queue{
		fingerprint: fingerprint,
		name:        "fleet-" + fingerprint,
		store:       store,
		client:      asynq.NewClientFromRedisClient(store),
		inspector:   asynq.NewInspectorFromRedisClient(store),
	}
}

func (q *queue) notes() notes { return notes{q.store, q.fingerprint} }

var errForeign = errors.New("the task is for another credential or base URL")

func (q *queue) close() { q.store.Close() }

type added int

const (
	addedNow     added = iota
	addedEarlier       // the same task waits or runs already
	notAdded           // a task with other values runs at this moment
)

// add queues a task. A task for the same organization that is finished or archived, or that waits with other values, is
// replaced. A task that is running is not replaced, because two tasks must not change one organization at the same
// time.
func (q *queue) add(ctx context.Context, kind string, p payload) (added, error) {
	p.Fingerprint = q.fingerprint
	body, err := json.Marshal(p)
	if err != nil {
		return notAdded, err
	}
	id := p.taskID(kind)
	task := asynq.NewTask(kind, body, asynq.TaskID(id), asynq.Queue(q.name),
		asynq.MaxRetry(maxRetries), asynq.Timeout(taskTimeout), asynq.Retention(retention))
	for {
		_, err := q.client.EnqueueContext(ctx, task)
		if !errors.Is(err, asynq.ErrTaskIDConflict) {
			return addedNow, err
		}
		info, err := q.inspector.GetTaskInfo(q.name, id)
		switch {
		case errors.Is(err, asynq.ErrTaskNotFound):
			continue
		case err != nil:
			return notAdded, err
		case info.State == asynq.TaskStateCompleted, info.State == asynq.TaskStateArchived:
		case bytes.Equal(info.Payload, body):
			return addedEarlier, nil
		case info.State == asynq.TaskStateActive:
			return notAdded, nil
		}
		// If a worker takes the task meanwhile, the next turn of the loop says so.
		_ = q.inspector.DeleteTask(q.name, id)
	}
}

// addAgain queues an archived task again. If somebody has looked for its organization, it may create the organization,
// even if an earlier create has no known outcome.
func (q *queue) addAgain(ctx context.Context, task *asynq.TaskInfo, looked bool) error {
	var p payload
	if err := json.Unmarshal(task.Payload, &p); err != nil {
		return err
	}
	if p.Fingerprint != q.fingerprint {
		return errForeign
	}
	if looked {
		if err := q.notes().remove(ctx, task.ID); err != nil {
			return err
		}
	}
	_, err := q.add(ctx, task.Type, p)
	return err
}

// unfinished returns how many tasks will still run.
func (q *queue) unfinished() (int, error) {
	info, err := q.info()
	if err != nil {
		return 0, err
	}
	return info.Pending + info.Active + info.Scheduled + info.Retry, nil
}

// info returns the numbers of tasks. A queue without any task so far is empty.
func (q *queue) info() (*asynq.QueueInfo, error) {
	names, err := q.inspector.Queues()
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(names, q.name):
		return new(asynq.QueueInfo), nil
	}
	return q.inspector.GetQueueInfo(q.name)
}

// list returns all tasks that one of the inspector's methods lists.
func (q *queue) list(method func(queue string, opts ...asynq.ListOption) ([]*asynq.TaskInfo, error)) ([]*asynq.TaskInfo, error) {
	const size = 500
	var tasks []*asynq.TaskInfo
	for page := 1; ; page++ {
		some, err := method(q.name, asynq.PageSize(size), asynq.Page(page))
		if errors.Is(err, asynq.ErrQueueNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, some...)
		if len(some) < size {
			return tasks, nil
		}
	}
}

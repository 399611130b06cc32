package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/redislimit"
)

// bench is a handler with an API and a Redis of its own.
type bench struct {
	*handler
	t      *testing.T
	api    *cloudflaretest.Server
	redis  *miniredis.Miniredis
	shared limiter
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, api: cloudflaretest.NewServer().ForTest(t), redis: miniredis.RunT(t)}
	store := redis.NewClient(&redis.Options{Addr: b.redis.Addr()})
	t.Cleanup(func() { store.Close() })
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	b.shared = limiter{redislimit.New(store, redislimit.Config{Name: "f", Quota: 1000, Window: time.Minute}), t.Context()}
	b.handler = &handler{client: b.clientWith(b.shared), fingerprint: "f", notes: notes{store, "f"}, log: log}
	return b
}

func (b *bench) clientWith(l cloudflare.Limiter) *cloudflare.Client {
	return b.api.Client(append(b.shared.shared.Options(), cloudflare.WithLimiter(l), cloudflare.WithMaxRetryWait(retryWait), cloudflare.WithMaxRateLimitWait(retryWait))...)
}

// run runs a task once.
func (b *bench) run(kind string, p payload) (*result, error) {
	b.t.Helper()
	p.Fingerprint = b.fingerprint
	body, err := json.Marshal(p)
	require.NoError(b.t, err)
	done, err := b.process(b.t.Context(), p.taskID(kind), asynq.NewTask(kind, body))
	return done, judge(err)
}

func (b *bench) sent(method string) int {
	n := 0
	for _, r := range b.api.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

func (b *bench) profileOf(id string) cloudflare.OrganizationProfile {
	b.t.Helper()
	profile, err := b.api.Client().OrganizationProfile.Get(b.t.Context(), id)
	require.NoError(b.t, err)
	return *profile
}

var (
	edits = json.RawMessage(`{"business_name":"Acme Ltd","business_email":"office@acme.example"}`)
	acme  = payload{Name: "acme", Profile: edits}
	after = cloudflare.OrganizationProfile{BusinessName: "Acme Ltd", BusinessEmail: "office@acme.example"}
)

// requireLater requires an error that does not count against the task.
func requireLater(t *testing.T, err error) {
	t.Helper()
	_, ok := errors.AsType[later](err)
	require.True(t, ok, "%v", err)
	require.False(t, isFailure(err))
}

func TestProfileOfAnID(t *testing.T) {
	b := newBench(t)
	p := payload{OrganizationID: b.api.AddOrganization("acme", ""), Profile: edits}
	require.NoError(t, b.client.OrganizationProfile.Update(t.Context(), p.OrganizationID, cloudflare.OrganizationProfile{BusinessPhone: "1"}))
	done, err := b.run(kindProfile, p)
	require.NoError(t, err)
	assert.Equal(t, &result{OrganizationID: p.OrganizationID, Changed: true}, done)
	kept := after
	kept.BusinessPhone = "1"
	assert.Equal(t, kept, b.profileOf(p.OrganizationID))

	done, err = b.run(kindProfile, p)
	require.NoError(t, err)
	assert.Equal(t, &result{OrganizationID: p.OrganizationID}, done)
	assert.Equal(t, 2, b.sent(http.MethodPut), "the second run writes nothing")
}

// A name is created once, also below another parent.
func TestProfileOfAName(t *testing.T) {
	b := newBench(t)
	b.api.AddOrganization("acme", b.api.AddOrganization("parent", ""))
	done, err := b.run(kindProfile, acme)
	require.NoError(t, err)
	assert.True(t, done.Created && done.Changed)
	assert.Equal(t, after, b.profileOf(done.OrganizationID))

	again, err := b.run(kindProfile, acme)
	require.NoError(t, err)
	assert.Equal(t, &result{OrganizationID: done.OrganizationID}, again)
	assert.Equal(t, 1, b.sent(http.MethodPost))
	assert.Empty(t, createNotes(b))
}

// The API may send the ID of a parent in another case than the file has.
func TestProfileOfANameBelowAParent(t *testing.T) {
	b := newBench(t)
	parent := b.api.AddOrganization("parent", "")
	existing := b.api.AddOrganization("acme", parent)
	listed := fmt.Sprintf(`{"success":true,"result":[{"id":%q,"name":"acme","parent":{"id":%q}}]}`, existing, strings.ToUpper(parent))
	b.api.FailNext("GET /organizations", cloudflaretest.Status(http.StatusOK, nil, listed))
	p := acme
	p.ParentID = parent
	done, err := b.run(kindProfile, p)
	require.NoError(t, err)
	assert.Equal(t, &result{OrganizationID: existing, Changed: true}, done)
	assert.Zero(t, b.sent(http.MethodPost))
}

func createNotes(b *bench) []string {
	keys, err := b.notes.store.Keys(context.Background(), "fleet:create:*").Result()
	require.NoError(b.t, err)
	return keys
}

// A create that was carried out, and whose response was lost, is found.
func TestLostResponse(t *testing.T) {
	b := newBench(t)
	b.api.FailNext("POST /organizations", cloudflaretest.Cut())
	_, err := b.run(kindProfile, acme)
	require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
	requireLater(t, err)
	assert.Equal(t, lookAgain, retryDelay(0, err, nil))
	assert.Len(t, createNotes(b), 1)

	done, err := b.run(kindProfile, acme)
	require.NoError(t, err)
	assert.Equal(t, after, b.profileOf(done.OrganizationID))
	assert.Equal(t, 1, b.sent(http.MethodPost))
	assert.Empty(t, createNotes(b))
}

// A create without a known outcome is not repeated: the task looks for two minutes, and ends in the archive.
func TestUnknownOutcome(t *testing.T) {
	b := newBench(t)
	b.api.FailNext("POST /organizations", cloudflaretest.Reset())
	_, err := b.run(kindProfile, acme)
	require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)

	b.redis.FastForward(settled - time.Second)
	_, err = b.run(kindProfile, acme)
	requireLater(t, err)
	assert.ErrorContains(t, err, "a create got no response 1m59s ago, and the API does not list the organization yet")
	b.redis.FastForward(time.Second)
	for range 2 { // also when somebody queues all archived tasks again
		_, err = b.run(kindProfile, acme)
		require.ErrorIs(t, err, asynq.SkipRetry)
		require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, "the API still does not list the organization: run fleet verify")
		assert.NotContains(t, err.Error(), "skip retry")
	}
	assert.Equal(t, 1, b.sent(http.MethodPost))

	require.NoError(t, b.notes.remove(t.Context(), acme.taskID(kindProfile))) // as fleet retry does
	done, err := b.run(kindProfile, acme)
	require.NoError(t, err)
	assert.True(t, done.Created)
}

// A note that another worker writes just before the create keeps the create from being sent.
func TestNoteOfAnotherWorker(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.notes.write(t.Context(), "x", "first"))
	require.NoError(t, b.notes.write(t.Context(), "x", "first"), "a retry of the same create")
	b.redis.FastForward(time.Minute)
	require.NoError(t, b.notes.write(t.Context(), "x", "first"))
	age, noted, err := b.notes.age(t.Context(), "x")
	require.NoError(t, err)
	assert.True(t, noted)
	assert.Less(t, age, time.Second, "the age counts from the last request")
	err = b.notes.write(t.Context(), "x", "second")
	require.ErrorIs(t, err, errNoted)
	requireLater(t, err)

	b.client = b.clientWith(limiterFunc(func(ctx context.Context) error {
		if b.sent(http.MethodGet) == 1 { // the next request is the create
			assert.NoError(t, b.notes.write(ctx, acme.taskID(kindProfile), "another worker"))
		}
		return b.shared.Wait(ctx)
	}))
	_, err = b.run(kindProfile, acme)
	require.ErrorIs(t, err, errNoted)
	requireLater(t, err)
	assert.Zero(t, b.sent(http.MethodPost))
	assert.Len(t, createNotes(b), 2, "only its writer removes it")
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// A create that certainly did not happen leaves no note.
func TestRejectedCreate(t *testing.T) {
	b := newBench(t)
	b.api.FailNext("POST /organizations", rejected(403))
	_, err := b.run(kindProfile, acme)
	require.ErrorIs(t, err, asynq.SkipRetry)
	assert.Empty(t, createNotes(b))

	b.api.FailNext("POST /organizations", cloudflaretest.RateLimited(time.Minute))
	_, err = b.run(kindProfile, acme)
	requireLater(t, err)
	assert.Equal(t, time.Minute, retryDelay(0, err, nil))
	assert.Empty(t, createNotes(b))
}

// A proxy that responds instead of the API says nothing about a task.
func TestResponseOfAProxy(t *testing.T) {
	for _, status := range []int{401, 403, 404, 409} {
		b := newBench(t)
		b.api.FailNext("GET /organizations", cloudflaretest.Status(status, nil, "<html>"))
		_, err := b.run(kindProfile, acme)
		require.ErrorIs(t, err, cloudflare.ErrUnavailable)
		assert.True(t, isFailure(err))
		require.NotErrorIs(t, err, asynq.SkipRetry)
		_, err = b.run(kindProfile, acme)
		require.NoError(t, err)
	}
}

func TestAmbiguousName(t *testing.T) {
	b := newBench(t)
	b.api.AddOrganization("acme", "")
	b.api.AddOrganization("acme", "")
	_, err := b.run(kindProfile, acme)
	require.ErrorIs(t, err, asynq.SkipRetry)
	assert.ErrorContains(t, err, `2 organizations without a parent are named "acme"`)
}

// An organization that is listed and cannot be read yet is no reason to give up.
func TestNotReadableYet(t *testing.T) {
	b := newBench(t)
	id := b.api.AddOrganization("acme", "")
	missing := cloudflaretest.Status(404, nil, `{"success":false,"errors":[{"code":1000,"message":"organization not found"}],"messages":[],"result":null}`)
	b.api.FailNext("GET /organizations/"+id+"/profile", missing)
	b.api.FailNext("GET /organizations/"+id, missing)
	_, err := b.run(kindProfile, acme)
	require.ErrorContains(t, err, "cannot be read yet")
	assert.True(t, isFailure(err))
	require.NotErrorIs(t, err, asynq.SkipRetry)
	_, err = b.run(kindProfile, acme)
	require.NoError(t, err)
	assert.Equal(t, 1, b.sent(http.MethodPut))
}

func TestAudit(t *testing.T) {
	b := newBench(t)
	p := payload{OrganizationID: b.api.AddOrganization("acme", "")}
	b.api.AddMember(p.OrganizationID, cloudflaretest.Member{Email: "good@acme.example", TwoFactor: true})
	b.api.AddMember(p.OrganizationID, cloudflaretest.Member{Email: "bad@acme.example"})
	b.api.AddMember(p.OrganizationID, cloudflaretest.Member{Email: "who@acme.example", TwoFactorUnknown: true})
	b.api.AddMember(p.OrganizationID, cloudflaretest.Member{Email: "new@acme.example", Status: "pending", TwoFactor: true})
	done, err := b.run(kindAudit, p)
	require.NoError(t, err)
	assert.Equal(t, &result{OrganizationID: p.OrganizationID, Members: 4, Findings: []finding{
		{"bad@acme.example", "no two-factor authentication"},
		{"who@acme.example", "two-factor authentication is unknown"},
		{"new@acme.example", "the membership is pending"},
	}}, done)
}

func TestUnknownTasks(t *testing.T) {
	b := newBench(t)
	_, err := b.run("paint", payload{OrganizationID: "x"})
	require.ErrorIs(t, err, asynq.SkipRetry)
	assert.ErrorContains(t, err, `does not know tasks of the type "paint"`)
	_, err = b.process(t.Context(), "x", asynq.NewTask(kindAudit, []byte("{")))
	require.ErrorIs(t, err, asynq.SkipRetry)
}

func TestJudge(t *testing.T) {
	status := func(code int) error { return fmt.Errorf("call: %w", &cloudflare.Error{StatusCode: code}) }
	for _, test := range []struct {
		err      error
		failure  bool // counts against the task
		archived bool // at once
	}{
		{nil, false, false},
		{status(429), false, false},
		{fmt.Errorf("limiter: %w", errStopping), false, false},
		{fmt.Errorf("limiter: %w", later{errNoted, lookAgain}), false, false},
		{status(500), true, false},
		{status(503), true, false},
		{status(408), true, false},
		{status(409), true, false},
		{&cloudflare.CallError{}, true, false},
		{cloudflare.ErrOutcomeUnknown, true, false},
		{errors.New("anything else"), true, false},
		{asynq.ErrLeaseExpired, true, false},
		{status(400), true, true},
		{status(403), true, true},
		{status(404), true, true},
		{cloudflare.ErrInvalidArgument, true, true},
		{&cloudflare.AmbiguousError{}, true, true},
		{permanent{errors.New("x")}, true, true},
	} {
		err := judge(test.err)
		assert.Equal(t, test.failure, isFailure(err), "%v", test.err)
		assert.Equal(t, test.archived, errors.Is(err, asynq.SkipRetry), "%v", test.err)
		if test.err != nil {
			require.EqualError(t, err, test.err.Error())
			require.ErrorIs(t, err, test.err)
		}
	}
}

func TestRetryDelay(t *testing.T) {
	assert.Zero(t, retryDelay(3, asynq.ErrLeaseExpired, nil))
	assert.Equal(t, 3*time.Second, retryDelay(9, later{errors.New("x"), 3 * time.Second}, nil))
	for n, least := range map[int]time.Duration{0: time.Second, 3: 8 * time.Second, 8: 256 * time.Second, 9: longestDelay, 1000: longestDelay} {
		delay := retryDelay(n, errors.New("x"), nil)
		assert.GreaterOrEqual(t, delay, least)
		assert.LessOrEqual(t, delay, least*5/4)
	}
	assert.GreaterOrEqual(t, retryDelay(0, &cloudflare.Error{StatusCode: 503, RetryAfter: time.Minute}, nil), time.Minute)
}

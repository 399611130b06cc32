package simulation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/cloudflare"
)

// call is one call of a method: what it reports, and what really happens.
type call struct {
	*world
	id         string
	client     *client
	ctx        context.Context
	opts       []cloudflare.CallOption
	captured   cloudflare.Response
	retries    int
	concurrent bool // it sends requests at the same time
	joins      bool // its error may join those of several requests

	start, end time.Time
	limit      time.Time // when ctx ends; zero for never
	err        error
	batch      *cloudflare.BatchError

	needed       []string // resources without which it may fail with ErrNotFound
	profileOf    string   // it may also do so if this organization has no profile
	mustWrite    bool     // it succeeds only if it wrote something
	repeatable   bool     // a POST or PATCH that is marked as idempotent, without a key
	keepsProfile bool

	asked, admitted            int      // by the limiter
	reported                   requests // to the attempt hook
	doubts                     int      // how many writes may have happened, as far as the client can know
	connected, connectedBefore int      // by the transport, and before the last attempt
	last                       cloudflare.Attempt
	lastOfAPI                  bool // the response to the last attempt was of the API, and whole
	throttled                  bool // there was a 429
	notBefore                  time.Time
	arrived                    map[string]int
	arrivals                   requests           // at the server
	effects                    map[string]*effect // by the email address in a batch, otherwise ""
}

// effect is what the server did for a call.
type effect struct {
	times      []time.Time
	repeatable bool
}

type callKey struct{}

// callOf returns the call that a context belongs to.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// requests counts requests.
type requests struct{ all, writes int }

func (r *requests) count(method string) {
	r.all++
	if method != http.MethodGet {
		r.writes++
	}
}

// arrive counts a request at the server, and returns how many of the call are equal to it so far. It needs the lock, as
// does did.
func (c *call) arrive(method, path string) int {
	c.count("request at the server")
	c.arrived[method+path]++
	c.arrivals.count(method)
	return c.arrived[method+path]
}

// did records that the server carried out a write.
func (c *call) did(subject string, repeatable bool) {
	if c.effects[subject] == nil {
		c.effects[subject] = &effect{repeatable: repeatable}
	}
	c.effects[subject].times = append(c.effects[subject].times, time.Now())
}

// violation records that the client broke a promise.
func (c *call) violation(format string, args ...any) {
	c.log(c.id, "VIOLATION: "+format, args...)
	c.noting.Lock()
	defer c.noting.Unlock()
	c.violations = append(c.violations, fmt.Sprintf(c.id+": "+format, args...))
}

// needs notes that the call may fail with ErrNotFound if this resource does not exist.
func (c *call) needs(id string) string {
	c.needed = append(c.needed, id)
	return id
}

// writes returns the context of a call that succeeds only if it wrote something.
func (c *call) writes() context.Context {
	c.mustWrite = true
	return c.ctx
}

// mustSay checks the organization that the call returned.
func (c *call) mustSay(org *cloudflare.Organization, err error) error {
	if err != nil {
		return err
	}
	return c.mustHaveSaid(org.Name, err, func(r *resource) bool { return r.id == org.ID })
}

// mustHaveSaid checks that a resource had this text at some time during the call.
func (c *call) mustHaveSaid(value string, err error, is func(*resource) bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if err == nil && !slices.ContainsFunc(c.resources, func(r *resource) bool {
		return is(r) && r.within(c.start, now) && had(r.texts, value, c.start, now)
	}) {
		c.violation("there was no %q during the call", value)
	}
	return err
}

// mustBeGone checks that a resource does not exist any more if the call succeeded, unless it was too new to be found.
func (c *call) mustBeGone(id string, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.find(id); err == nil && r.alive() && r.throughout(c.start.Add(-c.lag), c.start) {
		c.violation("it exists, but it was reported as deleted")
	}
	if full, ok := errors.AsType[*cloudflare.NotEmptyError](err); ok {
		found, now := map[string]int{}, time.Now()
		for _, r := range c.resources {
			if r.within(c.start, now) && had(r.parents, id, c.start, now) {
				found[r.kind]++
			}
		}
		if full.Organizations > found["organization"] || full.Accounts > found["account"] || full.Members > found["member"] {
			c.violation("there never was as much in it as %v", full)
		}
	}
	return err
}

// mustDelete checks also that a delete that succeeded deleted something, or may have done so.
func (c *call) mustDelete(id string, err error) error {
	if err == nil && c.effects[""] == nil && (c.doubts == 0 || c.doubts == 1 && c.last.StatusCode/100 == 2) {
		c.violation("the delete succeeded, but there was nothing to delete")
	}
	return c.mustBeGone(id, err)
}

const anyParent = "any" // the parent of a list that is not restricted to one

// readList reads a list, resumes it once where it failed, and checks that it is complete and has no item twice.
func readList[T any](c *call, kind, parent string, id func(*T) string, list func(token string) iter.Seq2[*T, error]) error {
	seen, token := map[string]bool{}, ""
	for try := 0; ; try++ {
		var failed error
		for item, err := range list(token) {
			if failed = err; err != nil {
				break
			}
			if seen[id(item)] {
				c.violation("the list has %s twice", id(item))
			}
			seen[id(item)] = true
		}
		if failed == nil {
			c.mustBeComplete(kind, parent, seen)
			return nil
		}
		page, ok := failed.(*cloudflare.PageError)
		if !ok {
			c.violation("a list failed without a PageError")
		}
		if try > 0 || !ok || page.PageToken == "" {
			return failed
		}
		token, c.notBefore = page.PageToken, time.Time{}
		c.log(c.id, "resumes the list after %v", failed)
	}
}

func (c *call) mustBeComplete(kind, parent string, seen map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, rightly := time.Now(), 0
	for _, r := range c.resources {
		switch {
		case r.kind != kind:
		case seen[r.id] && r.within(c.start, now) && (parent == anyParent || had(r.parents, parent, c.start, now)):
			rightly++
		case r.throughout(c.start.Add(-c.lag), now) && (parent == anyParent || len(r.parents) == 1 && last(r.parents) == parent):
			c.violation("the list ended without an error and without %s", r.id)
		}
	}
	if rightly < len(seen) {
		c.violation("the list has %d items that do not belong to it", len(seen)-rightly)
	}
}

// mustDivide checks that a BatchError divides the members truthfully.
func (c *call) mustDivide(members []cloudflare.OrganizationMemberCreateParams, created []cloudflare.OrganizationMember, err error) error {
	c.batch, _ = err.(*cloudflare.BatchError)
	if err == nil {
		c.batch = &cloudflare.BatchError{Created: created}
	} else if c.batch == nil {
		c.violation("BatchCreate failed without a BatchError")
		return err
	}
	emails := func(params ...cloudflare.OrganizationMemberCreateParams) (all []string) {
		for _, m := range params {
			all = append(all, m.Email)
		}
		return all
	}
	all := emails(slices.Concat(c.batch.Unknown, c.batch.NotCreated)...)
	for _, m := range c.batch.Created {
		all = append(all, m.User.Email)
		if c.effects[m.User.Email] == nil {
			c.violation("%s was not created", m.User.Email)
		}
	}
	if !slices.Equal(slices.Sorted(slices.Values(all)), slices.Sorted(slices.Values(emails(members...)))) {
		c.violation("the lists of the BatchError have other members than the call")
	}
	if (len(c.batch.Unknown) > 0) != errors.Is(err, cloudflare.ErrOutcomeUnknown) {
		c.violation("%d members are unknown", len(c.batch.Unknown))
	}
	return err
}

func (c *call) unknown() bool { return errors.Is(c.err, cloudflare.ErrOutcomeUnknown) }

// check checks a call when it has returned.
func (c *call) check() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.limit.IsZero() && c.end.After(c.limit.Add(time.Duration(c.connected)*noticing)) {
		c.violation("the call ended %s after its context", c.end.Sub(c.limit))
	}
	if took := c.end.Sub(c.start); took > 2*time.Hour {
		c.violation("the call took %s", took)
	}
	if c.err == nil && c.mustWrite && c.effects[""] == nil {
		c.violation("the call succeeded, but the server did nothing")
	}
	if c.unknown() && c.doubts == 0 {
		c.violation("the outcome is unknown, but no attempt can have had an effect")
	}
	c.checkText(fmt.Sprintf("%+v", c.captured))
	for err := c.err; err != nil; err = errors.Unwrap(err) {
		encoded, _ := json.Marshal(err)
		c.checkText(fmt.Sprintf("%v %+v %#v %s", err, err, err, encoded))
	}
}

// checkSentinels checks that every sentinel that the error matches is true of the last attempt.
func (c *call) checkSentinels() {
	existed := func(r *resource) bool { return r.throughout(c.start.Add(-c.lag), c.end) }
	missing := slices.ContainsFunc(c.needed, func(id string) bool { return !existed(c.find(id)) }) ||
		c.profileOf != "" && !slices.ContainsFunc(c.resources, func(r *resource) bool {
			return r.kind == "profile" && r.parents[0].value == c.profileOf && existed(r)
		})
	paused := slices.ContainsFunc(c.client.pauses, func(p pause) bool { // a date has whole seconds
		return !p.known.After(c.end) && p.until.Add(time.Second).After(c.start)
	})
	status := c.last.StatusCode
	for _, s := range []struct {
		sentinel error
		holds    bool
	}{
		{cloudflare.ErrInvalidArgument, false},
		{cloudflare.ErrUnauthorized, c.joins || c.lastOfAPI && status == 401},
		{cloudflare.ErrForbidden, c.joins || c.lastOfAPI && status == 403},
		{cloudflare.ErrConflict, c.joins || c.lastOfAPI && status == 409},
		{cloudflare.ErrNotFound, missing},
		{cloudflare.ErrRateLimited, c.throttled || paused || c.quota > 0 && c.headers}, // the client counts too
		{cloudflare.ErrAttemptTimeout, c.joins || c.last.Duration >= c.client.timeout},
		{cloudflare.ErrUnavailable, c.joins || status != 429 && (!c.lastOfAPI || status == 408 || status >= 500)},
	} {
		if errors.Is(c.err, s.sentinel) && !s.holds {
			c.violation("%v, but that is not true", s.sentinel)
		}
	}
}

// checkText looks for a credential in a text that the client made.
func (c *call) checkText(text string) {
	if strings.Contains(text, "secret-") {
		c.violation("a credential is in a text: %s", text)
	}
}

// checkAll checks every call again, when nothing can arrive any more.
func (w *world) checkAll() {
	for _, c := range w.calls {
		kind := "succeeded"
		switch {
		case c.unknown():
			kind = "of unknown outcome"
		case c.err != nil:
			kind = "failed"
		}
		w.count("call")
		w.count("call: " + kind)
		if c.unknown() && c.arrivals.writes == 0 {
			w.count("call: of unknown outcome, and no write reached the server")
		}
		c.checkSentinels()
		repeats := w.wrapper == repeating
		for subject, did := range c.effects {
			if len(did.times) > 1 && !did.repeatable && !repeats {
				c.violation("the server carried out a write %d times %s", len(did.times), subject)
			}
			if c.failed(subject) && (!repeats || c.arrivals.writes <= c.reported.writes) { // the repeat of a wrapper may fail rightly
				c.violation("the call failed, but the server carried out a write after %s %s", did.times[0].Sub(c.start), subject)
			}
		}
		if c.arrivals.writes > c.reported.writes && !repeats {
			c.violation("%d writes at the server, but %d attempts", c.arrivals.writes, c.reported.writes)
		}
		if c.arrivals.all > c.reported.all && w.wrapper == "" {
			c.violation("%d requests at the server, but %d attempts", c.arrivals.all, c.reported.all)
		}
		if c.reported.all > c.admitted {
			c.violation("%d attempts, but %d were admitted", c.reported.all, c.admitted)
		}
	}
	for i, c := range w.clients {
		(&call{world: w, id: fmt.Sprint("log of client ", i)}).checkText(c.logs.String())
	}
}

// failed reports whether the call said that this subject was not written.
func (c *call) failed(subject string) bool {
	if c.batch != nil {
		return slices.ContainsFunc(c.batch.NotCreated, func(m cloudflare.OrganizationMemberCreateParams) bool { return m.Email == subject })
	}
	return c.err != nil && !c.unknown()
}

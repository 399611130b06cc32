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

// call is one call of a method: what it reports, and what really happens. The lock of the world guards the numbers and
// the effects.
type call struct {
	*world
	id       string
	client   *client
	ctx      context.Context
	opts     []cloudflare.CallOption
	captured cloudflare.Response

	start, end time.Time
	limit      time.Time // when ctx ends; zero for never
	err        error
	batch      *cloudflare.BatchError

	needed       []string // resources without which it may fail with ErrNotFound
	profileOf    string   // it may also do so if this organization has no profile
	mustWrite    bool     // it succeeds only if it wrote something
	repeatable   bool     // a POST or PATCH that is marked as idempotent, without a key
	keepsProfile bool

	asked, admitted                           int // by the limiter
	reported, reportedWrites, reportedUnknown int // by the attempt hook
	connected                                 int // by the transport
	arrived                                   map[string]int
	arrivedWrites                             int
	effects                                   map[string]*effect // by the email address in a batch, otherwise ""
}

// effect is what the server did for a call.
type effect struct {
	times      []time.Time
	repeatable bool
}

type callKey struct{}

// callOf returns the call that a context belongs to.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// callWith returns the call with an ID that came over the network.
func (w *world) callWith(id string) *call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[id]
}

// arrive counts a request at the server, and returns how many of the call are equal to it so far.
func (c *call) arrive(method, path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.figures["request at the server"]++
	c.arrived[method+path]++
	if isWrite(method) {
		c.arrivedWrites++
	}
	return c.arrived[method+path]
}

func isWrite(method string) bool { return method != http.MethodGet }

// did records that the server carried out a write.
func (c *call) did(subject string, repeatable bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.effects[subject] == nil {
		c.effects[subject] = &effect{repeatable: repeatable}
	}
	c.effects[subject].times = append(c.effects[subject].times, time.Now())
}

func (c *call) done(subject string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.effects[subject] != nil
}

// violation records that the client broke a promise.
func (c *call) violation(format string, args ...any) {
	c.log(c.id, "VIOLATION: "+format, args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.violations = append(c.violations, fmt.Sprintf(c.id+": "+format, args...))
}

// needs notes that the call may fail with ErrNotFound if this resource does not exist.
func (c *call) needs(id string) string {
	c.needed = append(c.needed, id)
	return id
}

// write returns the context of a call that succeeds only if it wrote something.
func (c *call) write() context.Context {
	c.mustWrite = true
	return c.ctx
}

// mustSay checks the organization that the call returned.
func (c *call) mustSay(org *cloudflare.Organization, err error) error {
	if err == nil {
		c.mustHaveSaid(org.Name, func(r *resource) bool { return r.id == org.ID })
	}
	return err
}

// mustHaveSaid checks that a resource had this text at some time during the call.
func (c *call) mustHaveSaid(text string, is func(*resource) bool) {
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	now := time.Now()
	if !slices.ContainsFunc(c.api.resources, func(r *resource) bool {
		return is(r) && r.within(c.start, now) && had(r.texts, text, c.start, now)
	}) {
		c.violation("there was no %q during the call", text)
	}
}

// mustBeGone checks that a resource does not exist any more if the call succeeded.
func (c *call) mustBeGone(id string, err error) error {
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	if err == nil && c.api.find(id).alive() {
		c.violation("it exists, but it was reported as deleted")
	}
	return err
}

// mustDelete checks also that a delete that succeeded deleted something, or may have done so.
func (c *call) mustDelete(id string, err error) error {
	if err == nil && !c.done("") && c.reportedUnknown == 0 {
		c.violation("the delete succeeded, but there was nothing to delete")
	}
	return c.mustBeGone(id, err)
}

// mustContain checks that an organization had as much in it as reported.
func (c *call) mustContain(id string, full *cloudflare.NotEmptyError) {
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	found := map[string]int{}
	for _, r := range c.api.resources {
		if r.within(c.start, time.Now()) && had(r.parents, id, c.start, time.Now()) {
			found[r.kind]++
		}
	}
	if full.Organizations > found["organization"] || full.Accounts > found["account"] || full.Members > found["member"] {
		c.violation("there never was as much in it as %v", full)
	}
}

// readList reads a list, resumes it once where it failed, and checks that it is complete and has no item twice.
func readList[T any](c *call, kind, parent string, list func(token string) iter.Seq2[*T, error], id func(*T) string) error {
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
		token = page.PageToken
		c.log(c.id, "resumes the list after %v", failed)
	}
}

func (c *call) mustBeComplete(kind, parent string, seen map[string]bool) {
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	now, rightly := time.Now(), 0
	for _, r := range c.api.resources {
		switch {
		case r.kind != kind:
		case seen[r.id] && r.within(c.start, now) && (parent == "any" || had(r.parents, parent, c.start, now)):
			rightly++
		case r.throughout(c.start, now) && (parent == "any" || len(r.parents) == 1 && last(r.parents) == parent):
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
	var all, want []string
	for _, m := range c.batch.Created {
		all = append(all, m.User.Email)
		if !c.done(m.User.Email) {
			c.violation("%s was not created", m.User.Email)
		}
	}
	for _, m := range slices.Concat(c.batch.Unknown, c.batch.NotCreated) {
		all = append(all, m.Email)
	}
	for _, m := range members {
		want = append(want, m.Email)
	}
	slices.Sort(all)
	slices.Sort(want)
	if !slices.Equal(all, want) {
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
	if !c.limit.IsZero() && c.end.After(c.limit.Add(time.Duration(c.connected)*noticing)) {
		c.violation("the call ended %s after its context", c.end.Sub(c.limit))
	}
	if took := c.end.Sub(c.start); took > 2*time.Hour {
		c.violation("the call took %s", took)
	}
	if c.err == nil && c.mustWrite && !c.done("") {
		c.violation("the call succeeded, but the server did nothing")
	}
	if c.unknown() && c.connected == 0 {
		c.violation("the outcome is unknown, but there was no connection")
	}
	if errors.Is(c.err, cloudflare.ErrNotFound) {
		c.checkNotFound()
	}
	c.checkText(fmt.Sprintf("%+v", c.captured))
	for err := c.err; err != nil; err = errors.Unwrap(err) {
		encoded, _ := json.Marshal(err)
		c.checkText(fmt.Sprintf("%v %+v %#v %s", err, err, err, encoded))
	}
}

func (c *call) checkNotFound() {
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	missing := func(id string) bool { return !c.api.find(id).throughout(c.start, c.end) }
	profiles := c.api.in(c.profileOf, "profile")
	noProfile := c.profileOf != "" && (len(profiles) == 0 || !profiles[0].throughout(c.start, c.end))
	if !slices.ContainsFunc(c.needed, missing) && !noProfile {
		c.violation("ErrNotFound, but everything exists")
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
		w.figures["call"]++
		w.figures["call: "+kind]++
		if c.unknown() && c.arrivedWrites == 0 {
			w.figures["call: of unknown outcome, and no write reached the server"]++
		}
		repeats := w.traits.wrapper == repeating
		for subject, did := range c.effects {
			if len(did.times) > 1 && !did.repeatable && !repeats {
				c.violation("the server carried out a write %d times %s", len(did.times), subject)
			}
			if c.failed(subject) {
				c.violation("the call failed, but the server carried out a write after %s %s", did.times[0].Sub(c.start), subject)
			}
		}
		if c.arrivedWrites > c.reportedWrites && !repeats {
			c.violation("%d writes at the server, but %d attempts", c.arrivedWrites, c.reportedWrites)
		}
		if c.reported > c.admitted {
			c.violation("%d attempts, but %d were admitted", c.reported, c.admitted)
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

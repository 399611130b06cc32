package simulation_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"example.com/cloudflare"
)

// actor makes one call after the other, about resources that it knows.
type actor struct {
	*world
	name                    string
	rng                     *rand.Rand
	organizations, accounts []string
	members                 [][2]string // each an organization and the member
	ensured                 []string    // names
}

const unknownID = "ffffffffffffffffffffffffffffffff"

func newActor(w *world, i int) *actor {
	a := &actor{
		world: w, name: string(rune('a' + i)), rng: w.rand("actor", i),
		accounts: []string{unknownID}, members: [][2]string{{unknownID, unknownID}},
	}
	for _, r := range w.resources[:w.original] {
		switch r.kind {
		case "organization":
			a.organizations = append(a.organizations, r.id)
		case "account":
			a.accounts = append(a.accounts, r.id)
		case "member":
			a.members = append(a.members, [2]string{last(r.parents), r.id})
		}
	}
	return a
}

func (a *actor) live() {
	for i := range a.steps {
		if a.calm {
			time.Sleep(longestStall)
		}
		if a.pause > 0 {
			time.Sleep(draw(a.rng, a.pause))
		}
		d := one(a.rng, deeds...)
		if a.abrupt && a.rng.IntN(2) == 0 {
			d = deed{"call", callNotes}
		}
		if !a.calm || d.name != deleteIfEmpty {
			a.make(fmt.Sprintf("%s%d", a.name, i+1), d)
		}
	}
}

// make makes one call, and checks what it reports.
func (a *actor) make(id string, d deed) {
	c := &call{
		world: a.world, id: id, client: one(a.rng, a.clients...), concurrent: d.name == deleteIfEmpty,
		joins:   d.name == deleteIfEmpty || strings.HasPrefix(d.name, "ensure"),
		arrived: map[string]int{}, effects: map[string]*effect{}, start: time.Now(),
	}
	a.mu.Lock()
	a.calls[id] = c
	a.mu.Unlock()
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), callKey{}, c))
	defer cancel()
	until := "at any time"
	if a.rng.Float64() < a.cancels {
		after := exponential(a.rng, 5*time.Second)
		defer time.AfterFunc(after, cancel).Stop()
		c.limit, until = c.start.Add(after), fmt.Sprint("canceled after ", after)
	}
	if a.rng.Float64() < a.deadlines {
		after := exponential(a.rng, one(a.rng, time.Second, 5*time.Second, time.Minute))
		if at := c.start.Add(after); c.limit.IsZero() || at.Before(c.limit) {
			c.limit, until = at, fmt.Sprint("deadline after ", after)
		}
		ctx, cancel = context.WithDeadline(ctx, c.limit)
		defer cancel()
	}
	c.ctx = c.trace(ctx)
	c.opts = []cloudflare.CallOption{cloudflare.SetHeader("X-Call", id)}
	if a.rng.IntN(2) == 0 {
		c.opts = append(c.opts, cloudflare.CaptureResponse(&c.captured))
	}
	if c.retries = c.client.retries; a.rng.IntN(5) == 0 {
		c.retries = a.rng.IntN(3)
		c.opts = append(c.opts, cloudflare.SetMaxRetries(c.retries))
	}
	a.log(id, "%s, %s", d.name, until)
	c.err = d.do(a, c)
	c.end = time.Now()
	a.log(id, "returns %v", c.err)
	c.check()
}

// organization returns the ID of an organization, account the ID of an account, and member both IDs of a member. The
// call may fail with ErrNotFound if one of them does not exist.
func (a *actor) organization(c *call) string { return c.needs(one(a.rng, a.organizations...)) }
func (a *actor) account(c *call) string      { return c.needs(one(a.rng, a.accounts...)) }
func (a *actor) member(c *call) (organization, member string) {
	m := one(a.rng, a.members...)
	return c.needs(m[0]), c.needs(m[1])
}

// deed is one way to use the client. It returns the error of the call, and checks or notes in c what must be true.
type deed struct {
	name string
	do   func(a *actor, c *call) error
}

const deleteIfEmpty = "delete if empty" // the only one that sends requests at the same time

var deeds = []deed{
	{"create", create},
	{"create", create},
	{"ensure", ensure},
	{"ensure", ensure},
	{"call", callNotes},
	{"call", callNotes},
	{"call", callNotes},
	{"call", callNotes},
	{"call", callNotes},
	{"update", func(a *actor, c *call) error {
		return c.mustSay(c.client.Organizations.Update(c.writes(), a.organization(c), cloudflare.OrganizationUpdateParams{Name: c.id}, c.opts...))
	}},
	{"modify", func(a *actor, c *call) error {
		c.keepsProfile = true
		rename := func(p *cloudflare.OrganizationUpdateParams) error { p.Name = c.id; return nil }
		return c.mustSay(c.client.Organizations.Modify(c.writes(), a.organization(c), rename, c.opts...))
	}},
	{"get", func(a *actor, c *call) error {
		return c.mustSay(c.client.Organizations.Get(c.ctx, a.organization(c), c.opts...))
	}},
	{"wait until readable", func(a *actor, c *call) error {
		return c.mustSay(c.client.Organizations.WaitUntilReadable(c.ctx, a.organization(c), c.opts...))
	}},
	{"delete", func(a *actor, c *call) error {
		id := a.organization(c)
		_, err := c.client.Organizations.Delete(c.ctx, id, c.opts...)
		return c.mustDelete(id, err)
	}},
	{deleteIfEmpty, func(a *actor, c *call) error {
		id := a.organization(c)
		return c.mustBeGone(id, c.client.Organizations.DeleteIfEmpty(c.ctx, id, c.opts...))
	}},
	{"list", func(a *actor, c *call) error {
		params, parent := cloudflare.OrganizationListParams{}, anyParent
		switch a.rng.IntN(4) {
		case 0:
			params.RootsOnly, parent = true, ""
		case 1:
			params.ParentID = one(a.rng, a.organizations...)
			parent = params.ParentID
		}
		return readList(c, "organization", parent, func(o *cloudflare.Organization) string { return o.ID }, func(token string) iter.Seq2[*cloudflare.Organization, error] {
			params.PageToken = token
			return c.client.Organizations.All(c.ctx, params, c.opts...)
		})
	}},
	{"list members", func(a *actor, c *call) error {
		id := a.organization(c)
		return readList(c, "member", id, func(m *cloudflare.OrganizationMember) string { return m.ID }, func(token string) iter.Seq2[*cloudflare.OrganizationMember, error] {
			return c.client.OrganizationMembers.All(c.ctx, id, cloudflare.OrganizationMemberListParams{PageToken: token}, c.opts...)
		})
	}},
	{"list accounts", func(a *actor, c *call) error {
		id := a.organization(c)
		return readList(c, "account", id, func(a *cloudflare.Account) string { return a.ID }, func(token string) iter.Seq2[*cloudflare.Account, error] {
			return c.client.OrganizationAccounts.All(c.ctx, id, cloudflare.OrganizationAccountListParams{PageToken: token}, c.opts...)
		})
	}},
	{"list the audit log", func(a *actor, c *call) error {
		id, params := a.organization(c), cloudflare.AuditLogListParams{Since: time.Now().AddDate(0, 0, -1), Before: time.Now()}
		return readList(c, "log", anyParent, func(l *cloudflare.AuditLog) string { return l.ID }, func(token string) iter.Seq2[*cloudflare.AuditLog, error] {
			params.PageToken = token
			return c.client.OrganizationAuditLogs.All(c.ctx, id, params, c.opts...)
		})
	}},
	{"list shares", func(a *actor, c *call) error {
		id := a.organization(c)
		return readList(c, "share", anyParent, func(s *cloudflare.Share) string { return s.ID }, func(token string) iter.Seq2[*cloudflare.Share, error] {
			return c.client.OrganizationShares.All(c.ctx, id, cloudflare.ShareListParams{PageToken: token}, c.opts...)
		})
	}},
	{"get profile", func(a *actor, c *call) error {
		c.profileOf = a.organization(c)
		profile, err := c.client.OrganizationProfile.Get(c.ctx, c.profileOf, c.opts...)
		if err != nil {
			return err
		}
		return c.mustHaveSaid(profile.BusinessName, err, func(r *resource) bool { return r.kind == "profile" && r.parents[0].value == c.profileOf })
	}},
	{"update profile", func(a *actor, c *call) error {
		return c.client.OrganizationProfile.Update(c.writes(), a.organization(c), cloudflare.OrganizationProfile{BusinessName: c.id}, c.opts...)
	}},
	{"modify profile", func(a *actor, c *call) error {
		rename := func(p *cloudflare.OrganizationProfile) error { p.BusinessName = c.id; return nil }
		_, err := c.client.OrganizationProfile.Modify(c.writes(), a.organization(c), rename, c.opts...)
		return err
	}},
	{"create member", func(a *actor, c *call) error {
		organization := a.organization(c)
		member, err := c.client.OrganizationMembers.Create(c.writes(), organization, cloudflare.OrganizationMemberCreateParams{Email: c.id + "@example.com"}, c.opts...)
		if err == nil {
			a.members = append(a.members, [2]string{organization, member.ID})
		}
		return err
	}},
	{"create members", func(a *actor, c *call) error {
		members := make([]cloudflare.OrganizationMemberCreateParams, 1+a.rng.IntN(25))
		for i := range members {
			members[i].Email = fmt.Sprintf("%s-%d@example.com", c.id, i)
		}
		created, err := c.client.OrganizationMembers.BatchCreate(c.ctx, a.organization(c), members, c.opts...)
		return c.mustDivide(members, created, err)
	}},
	{"ensure member", func(a *actor, c *call) error {
		email := one(a.rng, a.name, c.id) + "@example.com"
		member, _, err := c.client.OrganizationMembers.Ensure(c.ctx, a.organization(c), cloudflare.OrganizationMemberCreateParams{Email: email}, c.opts...)
		return c.mustHaveSaid(email, err, func(r *resource) bool { return r.id == member.ID })
	}},
	{"get member", func(a *actor, c *call) error {
		organization, id := a.member(c)
		member, err := c.client.OrganizationMembers.Get(c.ctx, organization, id, c.opts...)
		if err != nil {
			return err
		}
		return c.mustHaveSaid(member.User.Email, err, func(r *resource) bool { return r.id == id })
	}},
	{"delete member", func(a *actor, c *call) error {
		organization, id := a.member(c)
		return c.mustDelete(id, c.client.OrganizationMembers.Delete(c.ctx, organization, id, c.opts...))
	}},
	{"accept an invitation", func(a *actor, c *call) error {
		return c.client.OrganizationInvites.Accept(c.writes(), a.organization(c), "code", c.opts...)
	}},
	{"create account", func(a *actor, c *call) error {
		account, err := c.client.OrganizationAccounts.Create(c.writes(), cloudflare.AccountCreateParams{Name: c.id, OrganizationID: a.organization(c)}, c.opts...)
		if err == nil {
			a.accounts = append(a.accounts, account.ID)
		}
		return err
	}},
	{"move account", func(a *actor, c *call) error {
		_, err := c.client.OrganizationAccounts.Move(c.writes(), a.account(c), a.organization(c), c.opts...)
		return err
	}},
	{"update the profile of an account", func(a *actor, c *call) error {
		return c.client.OrganizationAccounts.UpdateProfile(c.writes(), a.account(c), cloudflare.OrganizationProfile{BusinessName: c.id}, c.opts...)
	}},
}

func create(a *actor, c *call) error {
	params := cloudflare.OrganizationCreateParams{Name: c.id}
	if a.rng.IntN(3) == 0 {
		params.ParentID = a.organization(c)
	}
	org, err := c.client.Organizations.Create(c.writes(), params, c.opts...)
	if err == nil {
		a.organizations = append(a.organizations, org.ID)
	}
	return c.mustSay(org, err)
}

// ensure ensures a new organization, or one that the actor ensured before.
func ensure(a *actor, c *call) error {
	name := one(a.rng, append([]string{c.id}, a.ensured...)...)
	a.ensured = append(a.ensured, name)
	org, _, err := c.client.Organizations.Ensure(c.ctx, cloudflare.OrganizationCreateParams{Name: name}, c.opts...)
	return c.mustHaveSaid(name, err, func(r *resource) bool { return r.id == org.ID })
}

// callNotes uses Client.Call, with and without a body, and sometimes with a mark that the request can be repeated.
func callNotes(a *actor, c *call) error {
	req := cloudflare.Request{Method: one(a.rng, http.MethodPost, http.MethodPost, http.MethodPatch, http.MethodDelete), Route: "/notes"}
	if a.rng.IntN(2) == 0 {
		req.Body = map[string]string{"name": strings.Repeat(c.id, 1+a.rng.IntN(1000))}
	}
	switch a.rng.IntN(4) {
	case 0:
		req.Idempotent, c.repeatable = true, true
	case 1, 2:
		req.IdempotencyKey = fmt.Sprintf("key-%d-%s", a.seed, c.id)
	}
	var result struct{ Call string }
	err := c.client.Call(c.writes(), req, &result, c.opts...)
	if err == nil && result.Call != c.id {
		c.violation("the response belongs to %q", result.Call)
	}
	return err
}

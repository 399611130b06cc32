package simulation_test

import (
	"context"
	"errors"
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

func newActor(w *world, i int) *actor {
	a := &actor{
		world: w, name: string(rune('a' + i)), rng: w.rand("actor", i),
		accounts: []string{unknownID}, members: [][2]string{{unknownID, unknownID}},
	}
	for _, r := range w.api.resources[:w.api.first] {
		switch r.kind {
		case "organization":
			a.organizations = append(a.organizations, r.id)
		case "account":
			a.accounts = append(a.accounts, r.id)
		case "member":
			a.members = append(a.members, [2]string{r.parents[0].value, r.id})
		}
	}
	return a
}

const unknownID = "ffffffffffffffffffffffffffffffff"

func (a *actor) live() {
	for i := range a.traits.steps {
		if a.traits.calm {
			time.Sleep(longestStall)
		}
		if a.traits.pause > 0 {
			time.Sleep(time.Duration(a.rng.Int64N(int64(a.traits.pause))))
		}
		d := deeds[a.rng.IntN(len(deeds))]
		if a.traits.calm && d.concurrent {
			continue
		}
		a.make(fmt.Sprintf("%s%d", a.name, i+1), d)
	}
}

// make makes one call, and checks what it reports.
func (a *actor) make(id string, d deed) {
	c := &call{world: a.world, id: id, client: a.clients[a.rng.IntN(len(a.clients))], arrived: map[string]int{}, effects: map[string]*effect{}, start: time.Now()}
	a.mu.Lock()
	a.calls[id] = c
	a.mu.Unlock()
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), callKey{}, c))
	defer cancel()
	until := "at any time"
	if a.rng.Float64() < a.traits.cancels {
		after := exponential(a.rng, 5*time.Second)
		defer time.AfterFunc(after, cancel).Stop()
		c.limit, until = c.start.Add(after), fmt.Sprint("canceled after ", after)
	}
	if a.rng.Float64() < a.traits.deadlines {
		after := exponential(a.rng, []time.Duration{time.Second, 5 * time.Second, time.Minute}[a.rng.IntN(3)])
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
	if a.rng.IntN(5) == 0 {
		c.opts = append(c.opts, cloudflare.SetMaxRetries(a.rng.IntN(3)))
	}
	a.log(id, "%s, %s", d.name, until)
	c.err = d.do(a, c)
	c.end = time.Now()
	a.log(id, "returns %v", c.err)
	c.check()
}

// organization returns the ID of an organization, account the ID of an account, and member both IDs of a member. The
// call may fail with ErrNotFound if one of them does not exist.
func (a *actor) organization(c *call) string {
	return c.needs(a.organizations[a.rng.IntN(len(a.organizations))])
}
func (a *actor) account(c *call) string { return c.needs(a.accounts[a.rng.IntN(len(a.accounts))]) }
func (a *actor) member(c *call) (organization, member string) {
	m := a.members[a.rng.IntN(len(a.members))]
	return c.needs(m[0]), c.needs(m[1])
}

// deed is one way to use the client. It returns the error of the call, and checks or notes in c what must be true.
type deed struct {
	name       string
	concurrent bool // it sends requests at the same time
	do         func(a *actor, c *call) error
}

var deeds = []deed{
	{"create", false, create},
	{"create", false, create},
	{"update", false, func(a *actor, c *call) error {
		return c.mustSay(c.client.Organizations.Update(c.write(), a.organization(c), cloudflare.OrganizationUpdateParams{Name: c.id}, c.opts...))
	}},
	{"modify", false, func(a *actor, c *call) error {
		c.keepsProfile = true
		rename := func(p *cloudflare.OrganizationUpdateParams) error { p.Name = c.id; return nil }
		return c.mustSay(c.client.Organizations.Modify(c.write(), a.organization(c), rename, c.opts...))
	}},
	{"get", false, func(a *actor, c *call) error {
		return c.mustSay(c.client.Organizations.Get(c.ctx, a.organization(c), c.opts...))
	}},
	{"wait until readable", false, func(a *actor, c *call) error {
		return c.mustSay(c.client.Organizations.WaitUntilReadable(c.ctx, a.organization(c), c.opts...))
	}},
	{"delete", false, func(a *actor, c *call) error {
		id := a.organization(c)
		_, err := c.client.Organizations.Delete(c.ctx, id, c.opts...)
		return c.mustDelete(id, err)
	}},
	{"delete if empty", true, func(a *actor, c *call) error {
		id := a.organization(c)
		err := c.client.Organizations.DeleteIfEmpty(c.ctx, id, c.opts...)
		if full, ok := errors.AsType[*cloudflare.NotEmptyError](err); ok {
			c.mustContain(id, full)
		}
		return c.mustBeGone(id, err)
	}},
	{"ensure", false, ensure},
	{"ensure", false, ensure},
	{"list", false, func(a *actor, c *call) error {
		params, parent := cloudflare.OrganizationListParams{}, "any"
		switch a.rng.IntN(4) {
		case 0:
			params.RootsOnly, parent = true, ""
		case 1:
			params.ParentID = a.organizations[a.rng.IntN(len(a.organizations))]
			parent = params.ParentID
		}
		return readList(c, "organization", parent, func(token string) iter.Seq2[*cloudflare.Organization, error] {
			params.PageToken = token
			return c.client.Organizations.All(c.ctx, params, c.opts...)
		}, func(o *cloudflare.Organization) string { return o.ID })
	}},
	{"list members", false, func(a *actor, c *call) error {
		id := a.organization(c)
		return readList(c, "member", id, func(token string) iter.Seq2[*cloudflare.OrganizationMember, error] {
			return c.client.OrganizationMembers.All(c.ctx, id, cloudflare.OrganizationMemberListParams{PageToken: token}, c.opts...)
		}, func(m *cloudflare.OrganizationMember) string { return m.ID })
	}},
	{"list accounts", false, func(a *actor, c *call) error {
		id := a.organization(c)
		return readList(c, "account", id, func(token string) iter.Seq2[*cloudflare.Account, error] {
			return c.client.OrganizationAccounts.All(c.ctx, id, cloudflare.OrganizationAccountListParams{PageToken: token}, c.opts...)
		}, func(a *cloudflare.Account) string { return a.ID })
	}},
	{"list the audit log", false, func(a *actor, c *call) error {
		id, params := a.organization(c), cloudflare.AuditLogListParams{Since: time.Now().AddDate(0, 0, -1), Before: time.Now()}
		return readList(c, "log", "any", func(token string) iter.Seq2[*cloudflare.AuditLog, error] {
			params.PageToken = token
			return c.client.OrganizationAuditLogs.All(c.ctx, id, params, c.opts...)
		}, func(l *cloudflare.AuditLog) string { return l.ID })
	}},
	{"list shares", false, func(a *actor, c *call) error {
		id := a.organization(c)
		return readList(c, "share", "any", func(token string) iter.Seq2[*cloudflare.Share, error] {
			return c.client.OrganizationShares.All(c.ctx, id, cloudflare.ShareListParams{PageToken: token}, c.opts...)
		}, func(s *cloudflare.Share) string { return s.ID })
	}},
	{"get profile", false, func(a *actor, c *call) error {
		id := a.organization(c)
		c.profileOf = id
		profile, err := c.client.OrganizationProfile.Get(c.ctx, id, c.opts...)
		if err == nil {
			c.mustHaveSaid(profile.BusinessName, func(r *resource) bool { return r.kind == "profile" && r.parents[0].value == id })
		}
		return err
	}},
	{"update profile", false, func(a *actor, c *call) error {
		return c.client.OrganizationProfile.Update(c.write(), a.organization(c), cloudflare.OrganizationProfile{BusinessName: c.id}, c.opts...)
	}},
	{"modify profile", false, func(a *actor, c *call) error {
		rename := func(p *cloudflare.OrganizationProfile) error { p.BusinessName = c.id; return nil }
		_, err := c.client.OrganizationProfile.Modify(c.write(), a.organization(c), rename, c.opts...)
		return err
	}},
	{"create member", false, func(a *actor, c *call) error {
		organization := a.organization(c)
		member, err := c.client.OrganizationMembers.Create(c.write(), organization, cloudflare.OrganizationMemberCreateParams{Email: c.id + "@example.com"}, c.opts...)
		if err == nil {
			a.members = append(a.members, [2]string{organization, member.ID})
		}
		return err
	}},
	{"create members", false, func(a *actor, c *call) error {
		members := make([]cloudflare.OrganizationMemberCreateParams, 1+a.rng.IntN(25))
		for i := range members {
			members[i].Email = fmt.Sprintf("%s-%d@example.com", c.id, i)
		}
		created, err := c.client.OrganizationMembers.BatchCreate(c.ctx, a.organization(c), members, c.opts...)
		return c.mustDivide(members, created, err)
	}},
	{"ensure member", false, func(a *actor, c *call) error {
		email := a.name + "@example.com"
		if a.rng.IntN(2) == 0 {
			email = c.id + "@example.com"
		}
		member, _, err := c.client.OrganizationMembers.Ensure(c.ctx, a.organization(c), cloudflare.OrganizationMemberCreateParams{Email: email}, c.opts...)
		if err == nil {
			c.mustHaveSaid(email, func(r *resource) bool { return r.id == member.ID })
		}
		return err
	}},
	{"get member", false, func(a *actor, c *call) error {
		organization, id := a.member(c)
		member, err := c.client.OrganizationMembers.Get(c.ctx, organization, id, c.opts...)
		if err == nil {
			c.mustHaveSaid(member.User.Email, func(r *resource) bool { return r.id == id })
		}
		return err
	}},
	{"delete member", false, func(a *actor, c *call) error {
		organization, id := a.member(c)
		return c.mustDelete(id, c.client.OrganizationMembers.Delete(c.ctx, organization, id, c.opts...))
	}},
	{"accept an invitation", false, func(a *actor, c *call) error {
		return c.client.OrganizationInvites.Accept(c.write(), a.organization(c), "code", c.opts...)
	}},
	{"create account", false, func(a *actor, c *call) error {
		account, err := c.client.OrganizationAccounts.Create(c.write(), cloudflare.AccountCreateParams{Name: c.id, OrganizationID: a.organization(c)}, c.opts...)
		if err == nil {
			a.accounts = append(a.accounts, account.ID)
		}
		return err
	}},
	{"move account", false, func(a *actor, c *call) error {
		_, err := c.client.OrganizationAccounts.Move(c.write(), a.account(c), a.organization(c), c.opts...)
		return err
	}},
	{"update the profile of an account", false, func(a *actor, c *call) error {
		return c.client.OrganizationAccounts.UpdateProfile(c.write(), a.account(c), cloudflare.OrganizationProfile{BusinessName: c.id}, c.opts...)
	}},
	{"call", false, callNotes},
	{"call", false, callNotes},
	{"call", false, callNotes},
	{"call", false, callNotes},
	{"call", false, callNotes},
}

func create(a *actor, c *call) error {
	params := cloudflare.OrganizationCreateParams{Name: c.id}
	if a.rng.IntN(3) == 0 {
		params.ParentID = a.organization(c)
	}
	org, err := c.client.Organizations.Create(c.write(), params, c.opts...)
	if err == nil {
		a.organizations = append(a.organizations, org.ID)
	}
	return c.mustSay(org, err)
}

// ensure ensures a new organization, or one that the actor ensured before.
func ensure(a *actor, c *call) error {
	name := c.id
	if len(a.ensured) > 0 && a.rng.IntN(2) == 0 {
		name = a.ensured[a.rng.IntN(len(a.ensured))]
	}
	a.ensured = append(a.ensured, name)
	org, _, err := c.client.Organizations.Ensure(c.ctx, cloudflare.OrganizationCreateParams{Name: name}, c.opts...)
	if err == nil && org.Name != name {
		c.violation("Ensure returned %q", org.Name)
	}
	return c.mustSay(org, err)
}

// callNotes uses Client.Call, with and without a body, and sometimes with a mark that the request can be repeated.
func callNotes(a *actor, c *call) error {
	req := cloudflare.Request{
		Method: []string{http.MethodPost, http.MethodPost, http.MethodPatch, http.MethodDelete}[a.rng.IntN(4)],
		Route:  "/notes",
	}
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
	err := c.client.Call(c.write(), req, &result, c.opts...)
	if err == nil && result.Call != c.id {
		c.violation("the response belongs to %q", result.Call)
	}
	return err
}

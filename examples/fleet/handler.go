package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	"example.com/cloudflare"
)

// settled is how long after a create without a known outcome the organization must appear in the list.
const (
	settled   = 2 * time.Minute
	lookAgain = 15 * time.Second
)

// handler carries out tasks. Each may run twice, because a worker was lost, or because Redis could not record its end.
type handler struct {
	client      *cloudflare.Client
	fingerprint string // of the client's credential and base URL
	notes       notes
	log         *slog.Logger
	quit        func(error) // stops the worker, because no task can succeed
}

// result is kept with a finished task.
type result struct {
	OrganizationID string `json:"organization_id"`
	Created        bool   `json:"created,omitempty"`
	Changed        bool   `json:"changed,omitempty"`

	Members  int       `json:"members,omitempty"`
	Findings []finding `json:"findings,omitempty"`
}

// finding is something about a member that a person should look at.
type finding struct {
	Email   string `json:"email"`
	Finding string `json:"finding"`
}

// ProcessTask implements [asynq.Handler].
func (h *handler) ProcessTask(ctx context.Context, task *asynq.Task) error {
	id := task.ResultWriter().TaskID()
	done, err := h.process(ctx, id, task)
	if err == nil {
		var text []byte
		if text, err = json.Marshal(done); err == nil {
			_, err = task.ResultWriter().Write(text)
		}
	}
	if errors.Is(err, cloudflare.ErrUnauthorized) || usesToken() && errors.Is(err, cloudflare.ErrForbidden) {
		h.quit(err) // no token may read a profile or members
		err = later{err, 0}
	}
	if err = judge(err); err != nil {
		h.log.Info("task", "id", id, "error", err)
	}
	return err
}

func (h *handler) process(ctx context.Context, id string, task *asynq.Task) (*result, error) {
	var p payload
	if err := json.Unmarshal(task.Payload(), &p); err != nil {
		return nil, permanent{fmt.Errorf("payload: %w", err)}
	}
	if p.Fingerprint != h.fingerprint {
		return nil, permanent{errForeign}
	}
	switch task.Type() {
	case kindProfile:
		return h.profile(ctx, id, p)
	case kindAudit:
		return h.audit(ctx, p)
	}
	return nil, permanent{fmt.Errorf("this version of fleet does not know tasks of the type %q", task.Type())}
}

// profile gives an organization the profile of a row. A task that runs again finds nothing to change and sends no
// write.
func (h *handler) profile(ctx context.Context, id string, p payload) (*result, error) {
	done := &result{OrganizationID: p.OrganizationID}
	if p.OrganizationID == "" {
		org, created, err := h.ensure(ctx, id, p)
		if err != nil {
			return nil, err
		}
		done.OrganizationID = org.ID
		if created { // with its profile
			done.Created, done.Changed = true, true
			return done, nil
		}
	}
	_, err := h.client.OrganizationProfile.Modify(ctx, done.OrganizationID, func(profile *cloudflare.OrganizationProfile) error {
		before := *profile
		err := json.Unmarshal(p.Profile, profile)
		done.Changed = *profile != before
		return err
	})
	if p.OrganizationID == "" && errors.Is(err, cloudflare.ErrNotFound) {
		// The list has it. The API may need some time before a new organization can be read.
		return nil, fmt.Errorf("organization %s cannot be read yet: %v", done.OrganizationID, err)
	}
	return done, err
}

// ensure returns the organization with the name and parent of a row, and creates it if it does not exist. It does what
// [cloudflare.OrganizationsService.Ensure] does, and keeps its promise even if the process is killed: a note in Redis,
// written after the look and just before the create, says that the outcome of a create is unknown until it is known.
func (h *handler) ensure(ctx context.Context, id string, p payload) (org *cloudflare.Organization, created bool, err error) {
	if org, err = h.find(ctx, p); err != nil {
		return nil, false, err
	}
	if org != nil {
		return org, false, h.notes.remove(ctx, id)
	}
	age, noted, err := h.notes.age(ctx, id)
	switch {
	case err != nil:
		return nil, false, err
	case noted && age < settled:
		return nil, false, later{fmt.Errorf("a create got no response %s ago, and the API does not list the organization yet", age.Round(time.Second)), lookAgain}
	case noted:
		return nil, false, permanent{fmt.Errorf("%w: a create got no response %s ago, and the API still does not list the organization: run fleet verify", cloudflare.ErrOutcomeUnknown, age.Round(time.Second))}
	}
	profile := new(cloudflare.OrganizationProfile)
	if err := json.Unmarshal(p.Profile, profile); err != nil {
		return nil, false, err
	}
	if *profile == (cloudflare.OrganizationProfile{}) {
		profile = nil // an empty one cannot be sent
	}
	writer, wrote := rand.Text(), false
	noting := before(ctx, func(ctx context.Context) error {
		err := h.notes.write(ctx, id, writer)
		wrote = wrote || err == nil
		return err
	})
	org, err = h.client.Organizations.Create(noting, cloudflare.OrganizationCreateParams{Name: p.Name, ParentID: p.ParentID, Profile: profile})
	switch {
	case errors.Is(err, cloudflare.ErrOutcomeUnknown):
		return nil, false, later{err, lookAgain}
	case err != nil && wrote:
		// Nothing was created. If the note stays, a person has to say so.
		_ = h.notes.remove(context.WithoutCancel(ctx), id)
		return nil, false, err
	case err != nil:
		return nil, false, err
	case org.Name != p.Name:
		return nil, false, permanent{fmt.Errorf("%s was created, but as %+q: another run of this task would not find it", org.ID, org.Name)}
	}
	return org, true, h.notes.remove(ctx, id)
}

// find returns the only organization with the name and parent of a row, or nil.
func (h *handler) find(ctx context.Context, p payload) (*cloudflare.Organization, error) {
	filters := cloudflare.OrganizationListParams{Name: p.Name, ParentID: p.ParentID, RootsOnly: p.ParentID == ""}
	all, err := cloudflare.Collect(h.client.Organizations.All(ctx, filters))
	if err != nil {
		return nil, err
	}
	var found []cloudflare.Organization
	for _, org := range all { // in case that the API ever ignores a filter
		parentID := ""
		if org.Parent != nil {
			parentID = org.Parent.ID
		}
		if org.Name == p.Name && sameID(parentID, p.ParentID) {
			found = append(found, org)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return &found[0], nil
	}
	return nil, &cloudflare.AmbiguousError{Name: p.Name, ParentID: p.ParentID, Organizations: found}
}

// sameID reports whether two IDs identify the same organization. Those of a file have only the digits 0 to 9, a to f.
func sameID(a, b string) bool { return strings.EqualFold(a, b) }

// audit reads the members of an organization.
func (h *handler) audit(ctx context.Context, p payload) (*result, error) {
	done := &result{OrganizationID: p.OrganizationID}
	for member, err := range h.client.OrganizationMembers.All(ctx, p.OrganizationID, cloudflare.OrganizationMemberListParams{}) {
		if err != nil {
			return nil, err
		}
		done.Members++
		if text := look(member); text != "" {
			done.Findings = append(done.Findings, finding{member.User.Email, text})
		}
	}
	return done, nil
}

// look returns what a person should know of a member, or nothing.
func look(member *cloudflare.OrganizationMember) string {
	if member.Status != cloudflare.MemberStatusActive {
		return "the membership is " + string(member.Status)
	}
	switch enabled, known := member.User.TwoFactorAuthenticationEnabled.Get(); {
	case !known:
		return "two-factor authentication is unknown"
	case !enabled:
		return "no two-factor authentication"
	}
	return ""
}

package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
)

// ensure returns the organization with this name and parent, and creates it if there is none. It differs from Ensure of
// the API client in that the process may be killed at any point: until a list contains the organization, an intent tells
// the next run that it may have been created.
func (j *job) ensure(ctx context.Context, params cloudflare.OrganizationCreateParams) (org *cloudflare.Organization, created bool, err error) {
	intent := j.intentOf(params.ParentID)
	for recorded := false; !recorded; {
		if org, err = j.lookFor(ctx, intent, params.ParentID); org != nil || err != nil {
			return org, false, err
		}
		err = intent.record()
		recorded = err == nil
		if err != nil && !errors.Is(err, fs.ErrExist) { // by another run, just now
			return nil, false, fmt.Errorf("recording that the organization will be created: %w", err)
		}
	}
	working, stop := cli.WithGrace(ctx)
	defer stop()
	warned := make(chan struct{})
	end := context.AfterFunc(ctx, func() {
		j.warn("stopping once the request to create the organization is done; Ctrl-C again ends at once")
		close(warned)
	})
	j.sending = intent
	org, createErr := j.client.Organizations.Create(working, params)
	j.sending = ""
	if !end() {
		<-warned
	}
	switch {
	case errors.Is(createErr, cloudflare.ErrOutcomeUnknown):
		org, err = j.lookFor(ctx, intent, params.ParentID)
		if org == nil {
			err = fmt.Errorf("%w; looking for the organization: %w", createErr, cmp.Or(err, errors.New("it did not appear")))
		}
		return org, org != nil, err
	case createErr != nil:
		return nil, false, errors.Join(createErr, intent.forget())
	case org.Name != j.name:
		return org, true, fmt.Errorf("the API changed the name %q: another run would not find the organization", j.name)
	}
	return org, true, nil
}

// lookFor returns the organization if it exists, or if it appears in time after the request that the intent tells of. It
// returns nil if the organization may be created.
func (j *job) lookFor(ctx context.Context, intent intent, parentID string) (*cloudflare.Organization, error) {
	sent, err := intent.time()
	if err != nil {
		return nil, err
	}
	until := sent.Add(settled)
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		org, err := j.lookUp(ctx, parentID)
		left := time.Until(until)
		switch {
		case err != nil:
			return nil, err
		case org == nil && sent.IsZero():
			return nil, nil
		case org != nil || left <= 0:
			return org, intent.forget()
		case wait == 250*time.Millisecond:
			j.warn(fmt.Sprintf("the organization may have been created at %s; looking for it until %s",
				sent.Format(time.TimeOnly), until.Format(time.TimeOnly)))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(wait, left)):
		}
	}
}

// lookUp returns the organization with this name and parent, or nil if there is none. The API could ignore a filter.
func (j *job) lookUp(ctx context.Context, parentID string) (*cloudflare.Organization, error) {
	var found []cloudflare.Organization
	params := cloudflare.OrganizationListParams{Name: j.name, ParentID: parentID}
	for org, err := range j.client.Organizations.All(ctx, params) {
		switch {
		case err != nil:
			return nil, err
		case org.Name != j.name:
		case org.Parent == nil:
			return nil, fmt.Errorf("the API does not report the parent of an organization that is named %q", j.name)
		case cli.SameID(org.Parent.ID, parentID):
			found = append(found, *org)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return &found[0], nil
	}
	return nil, cli.Refused(fmt.Errorf("ambiguous: %w", &cloudflare.AmbiguousError{Name: j.name, ParentID: parentID, Organizations: found}))
}

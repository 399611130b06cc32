package onboard

import (
	"context"
	"errors"
	"fmt"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/fields"
)

// plan returns what run would do. It only reads.
func (j *job) plan(ctx context.Context) (steps []string, err error) {
	parentID, err := j.parentID(ctx)
	if err != nil {
		return nil, fmt.Errorf("--parent: %w", err)
	}
	org, err := j.lookUp(ctx, parentID)
	if err != nil {
		return nil, err
	}
	if org == nil {
		below := parentID
		if !cli.SameID(j.parent, parentID) {
			below = fmt.Sprintf("%s (%s)", j.parent, parentID)
		}
		steps = append(steps, fmt.Sprintf("create the organization %q below %s", j.name, below))
		for _, change := range j.profile.Apply(new(cloudflare.OrganizationProfile)) {
			steps = append(steps, fmt.Sprintf("set %s to %q", change.Field, change.To))
		}
		if j.member != "" {
			steps = append(steps, "invite "+j.member)
		}
		return steps, nil
	}
	changes, err := j.profileChanges(ctx, org.ID)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	for _, change := range changes {
		steps = append(steps, fmt.Sprintf("change %s from %q to %q", change.Field, change.From, change.To))
	}
	if j.member == "" {
		return steps, nil
	}
	member, err := j.findMember(ctx, org.ID)
	if err != nil {
		return nil, fmt.Errorf("member: %w", err)
	}
	if member == nil {
		return append(steps, "invite "+j.member), nil
	}
	return steps, refuseFormer(member)
}

var errLooking = errors.New("only looking")

// profileChanges returns what the update of the profile would change. It sends no update.
func (j *job) profileChanges(ctx context.Context, organizationID string) (changes []fields.Change, err error) {
	if j.profile == nil {
		return nil, nil
	}
	_, err = j.client.OrganizationProfile.Modify(ctx, organizationID, func(p *cloudflare.OrganizationProfile) error {
		changes = j.profile.Apply(p)
		return errLooking
	})
	if errors.Is(err, errLooking) {
		return changes, nil
	}
	return nil, err
}

package onboard

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/fields"
)

type job struct {
	client *cloudflare.Client
	token  bool // the credential is an API token
	say    func(what, did, detail string)
	warn   func(string)

	name, parent, member string
	profile              fields.Edits // nil: leave it alone
	wait                 time.Duration

	intentOf func(parentID string) intent // to create the organization
	sending  intent                       // while its request is under way

	done result
}

// result is what a job found or did. Each part is set once it is known to be there.
type result struct {
	Organization struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Created bool   `json:"created"`
	} `json:"organization"`
	Profile struct {
		Done    bool `json:"done"`
		Changed bool `json:"changed"`
	} `json:"profile"`
	Member struct {
		Email   string                  `json:"email"`
		Status  cloudflare.MemberStatus `json:"status"`
		Invited bool                    `json:"invited"`
	} `json:"member"`
}

// run begins a step only after the one before has succeeded. After a crash, another run finds what was done and does the
// rest.
func (j *job) run(ctx context.Context) error {
	parentID, err := j.parentID(ctx)
	if err != nil {
		return fmt.Errorf("--parent: %w", err)
	}
	org, err := j.organization(ctx, parentID)
	if err != nil {
		return err
	}
	if j.profile != nil {
		if err := j.setProfile(ctx, org.ID); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
	}
	if j.member != "" {
		if err := j.addMember(ctx, org.ID); err != nil {
			return fmt.Errorf("member: %w", err)
		}
	}
	return nil
}

// parentID returns the ID of the parent. An API token that may not read it may not do more with a new organization than
// to create it: then nothing must be created.
func (j *job) parentID(ctx context.Context) (id string, err error) {
	id, err = cli.OrganizationID(ctx, j.client, j.parent)
	if err == nil && j.token {
		_, err = j.client.Organizations.Get(ctx, id)
	}
	return id, err
}

func (j *job) organization(ctx context.Context, parentID string) (*cloudflare.Organization, error) {
	params := cloudflare.OrganizationCreateParams{Name: j.name, ParentID: parentID}
	if j.profile != nil {
		params.Profile = new(cloudflare.OrganizationProfile)
		if j.profile.Apply(params.Profile); *params.Profile == (cloudflare.OrganizationProfile{}) {
			params.Profile = nil // a new organization has an empty one anyway
		}
	}
	org, created, err := j.ensure(ctx, params)
	if org == nil {
		return nil, err
	}
	j.done.Organization.ID, j.done.Organization.Name, j.done.Organization.Created = org.ID, org.Name, created
	did := "already there"
	if created {
		did = "created"
	}
	j.say("organization", did, org.Name+"  "+org.ID)
	if err != nil {
		return nil, err
	}
	waiting, stop := context.WithTimeout(ctx, j.wait)
	defer stop()
	if _, err := j.client.Organizations.WaitUntilReadable(waiting, org.ID); err != nil {
		return nil, fmt.Errorf("waiting until it can be read: %w", err)
	}
	if created { // the intent stays until a list contains the organization
		var listed *cloudflare.Organization
		if listed, err = j.lookUp(ctx, parentID); listed != nil {
			err = j.intentOf(parentID).forget()
		}
	}
	return org, err
}

func (j *job) setProfile(ctx context.Context, organizationID string) error {
	var changes []fields.Change
	p, err := j.client.OrganizationProfile.Modify(ctx, organizationID, func(p *cloudflare.OrganizationProfile) error {
		changes = j.profile.Apply(p)
		return nil
	})
	if err != nil {
		return err
	}
	j.done.Profile.Done, j.done.Profile.Changed = true, changes != nil
	did := "unchanged"
	if changes != nil {
		did = "changed"
	}
	j.say("profile", did, cmp.Or(p.BusinessName, p.BusinessEmail))
	return nil
}

func (j *job) addMember(ctx context.Context, organizationID string) error {
	member, err := j.findMember(ctx, organizationID)
	if err != nil {
		return err
	}
	did := "already there"
	if member == nil {
		params := cloudflare.OrganizationMemberCreateParams{Email: j.member}
		if member, j.done.Member.Invited, err = j.client.OrganizationMembers.Ensure(ctx, organizationID, params); err != nil {
			return err
		}
		if j.done.Member.Invited {
			did = "invited"
		}
	}
	if err := refuseFormer(member); err != nil {
		return err
	}
	j.done.Member.Email, j.done.Member.Status = member.User.Email, member.Status
	j.say("member", did, fmt.Sprintf("%s (%s)", member.User.Email, member.Status))
	return nil
}

// refuseFormer returns an error if somebody is neither a member nor invited to be one, but once was.
func refuseFormer(member *cloudflare.OrganizationMember) error {
	if member.Status == cloudflare.MemberStatusActive || member.Status == cloudflare.MemberStatusPending {
		return nil
	}
	return cli.Refused(fmt.Errorf("the membership of %q is %q: a person has to decide what to do about it", member.User.Email, member.Status))
}

// findMember reads all members: the API does not say whether its filter is case-sensitive.
func (j *job) findMember(ctx context.Context, organizationID string) (*cloudflare.OrganizationMember, error) {
	for member, err := range j.client.OrganizationMembers.All(ctx, organizationID, cloudflare.OrganizationMemberListParams{}) {
		if err != nil {
			return nil, err
		}
		if cli.Fold(member.User.Email) == cli.Fold(j.member) {
			return member, nil
		}
	}
	return nil, nil
}

package cloudflare

import "context"

// Modify changes some fields of an organization and keeps the others. Modify reads the organization, calls change with
// its name, parent and profile, and updates the organization if change modified them. Otherwise it sends no update and
// returns the organization as it was read. If change returns an error, Modify returns that error and sends no update.
//
// If the organization has no profile, Profile is nil when change is called. The API documents that an update changes
// only the name at present: use [OrganizationProfileService.Modify] to change the profile.
//
// The API has no versions, so concurrent callers must coordinate: the last write wins, in every field.
//
// Modify returns an error that matches [ErrInvalidArgument] if change is nil, or if change makes params invalid for
// [OrganizationsService.Update].
//
// Modify sends a read, a read of the profile if the API omits it from the organization, and the update. The options
// apply to each request. A [CaptureResponse] holds the last response.
//
// Credential: a global API key.
//
// API: GET and PUT /organizations/{organization_id}, GET /organizations/{organization_id}/profile
func (s *OrganizationsService) Modify(ctx context.Context, organizationID string, change func(*OrganizationUpdateParams) error, opts ...CallOption) (*Organization, error) {
	if change == nil {
		return nil, invalid("change is nil")
	}
	org, err := s.Get(ctx, organizationID, opts...)
	if err != nil {
		return nil, err
	}
	if org.Profile == nil { // the API may omit the profile here, and a PUT without a profile may clear it
		profile, err := (*OrganizationProfileService)(s).Get(ctx, organizationID, opts...)
		if err != nil && !isNull(err) && !isAbsent(err) {
			return nil, err
		}
		org.Profile = profile
	}
	before := OrganizationUpdateParams{Name: org.Name}
	if org.Parent != nil {
		before.ParentID = org.Parent.ID
	}
	if org.Profile != nil && *org.Profile != (OrganizationProfile{}) { // an empty profile cannot be sent
		before.Profile = org.Profile
	}
	after := before
	if before.Profile != nil {
		after.Profile = new(*before.Profile)
	}
	if err := change(&after); err != nil {
		return nil, err
	}
	if sameUpdate(before, after) {
		return org, nil
	}
	return s.Update(ctx, organizationID, after, opts...)
}

func sameUpdate(a, b OrganizationUpdateParams) bool {
	sameProfile := a.Profile == b.Profile || a.Profile != nil && b.Profile != nil && *a.Profile == *b.Profile
	return sameProfile && a.Name == b.Name && a.ParentID == b.ParentID
}

// Modify changes some fields of a profile and keeps the others. Modify reads the profile, calls change with it, and
// updates the profile if change modified it. Otherwise it sends no update. Modify returns the resulting profile. If
// change returns an error, Modify returns that error and sends no update. A profile that was never set is empty when
// change is called.
//
// The API has no versions, so concurrent callers must coordinate: the last write wins, in every field.
//
// Modify returns an error that matches [ErrInvalidArgument] if change is nil, or if change makes the profile invalid
// for [OrganizationProfileService.Update].
//
// Modify sends a read, a read of the organization if the API reports that the profile does not exist, and the update.
// The options apply to each request. A [CaptureResponse] holds the last response.
//
// Credential: a global API key.
//
// API: GET and PUT /organizations/{organization_id}/profile, GET /organizations/{organization_id}
func (s *OrganizationProfileService) Modify(ctx context.Context, organizationID string, change func(*OrganizationProfile) error, opts ...CallOption) (*OrganizationProfile, error) {
	if change == nil {
		return nil, invalid("change is nil")
	}
	profile, err := s.Get(ctx, organizationID, opts...)
	switch {
	case isNull(err):
	case isAbsent(err):
		// Either the profile or the organization does not exist. A new organization may have a profile but not be
		// readable yet. Its profile must not be taken for an empty one.
		org, err := (*OrganizationsService)(s).Get(ctx, organizationID, opts...)
		if err != nil {
			return nil, err
		}
		profile = org.Profile
	case err != nil:
		return nil, err
	}
	if profile == nil {
		profile = new(OrganizationProfile)
	}
	before := *profile
	if err := change(profile); err != nil {
		return nil, err
	}
	if *profile == before {
		return profile, nil
	}
	if err := s.Update(ctx, organizationID, *profile, opts...); err != nil {
		return nil, err
	}
	return profile, nil
}

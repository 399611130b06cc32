package cloudflare

import "context"

// Modify changes some fields of an organization and keeps the others. It reads the organization, calls change with its
// name, parent and profile, and updates the organization if change modified them. Otherwise it returns the organization
// as it was read. If change returns an error, Modify returns that error and sends no update.
//
// If the organization has no profile, Profile is nil when change is called. The API documents that an update changes
// only the name at present: use [OrganizationProfileService.Modify] to change the profile.
//
// The API has no versions, so concurrent callers must coordinate: the last write wins, in every field.
//
// Modify returns an error that matches [ErrInvalidArgument] if change is nil, or if the params that change modified are
// invalid for [OrganizationsService.Update]. This includes a name of the API with white space around it, unless change
// trims it.
//
// The requests are a read, a read of the profile if the API omits it from the organization, and the update. The options
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
	return sameProfile && a.Name == b.Name && sameID(a.ParentID, b.ParentID)
}

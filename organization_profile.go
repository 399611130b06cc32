package cloudflare

import (
	"context"
	"net/http"

	"example.com/cloudflare/internal/envelope"
)

// OrganizationProfileService reads and changes the profile of an organization. Use it as Client.OrganizationProfile.
type OrganizationProfileService service

var (
	getProfile    = newOperation(http.MethodGet, "/organizations/{organization_id}/profile", keyOnly)
	updateProfile = newOperation(http.MethodPut, "/organizations/{organization_id}/profile", keyOnly)
)

// OrganizationProfile describes the business behind an organization.
type OrganizationProfile struct {
	BusinessAddress  string `json:"business_address"`
	BusinessEmail    string `json:"business_email"`
	BusinessName     string `json:"business_name"`
	BusinessPhone    string `json:"business_phone"`
	ExternalMetadata string `json:"external_metadata"` // any text
}

// call returns an update of the profile of an organization or of an account.
func (p OrganizationProfile) call(update *operation, id string) call {
	return call{operation: update, ids: []string{id}, body: checked(p.body())}
}

// Validate returns the error that Update and UpdateProfile would return for p without sending a request, or nil.
func (p OrganizationProfile) Validate() error { return validate(checked(p.body())) }

func (p OrganizationProfile) body() (any, error) {
	if p == (OrganizationProfile{}) {
		return nil, invalid("the profile must have at least one field set")
	}
	return &p, nil
}

// Get returns the profile of an organization, or [ErrNotFound] if the profile was never set or the organization does
// not exist.
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}/profile
func (s *OrganizationProfileService) Get(ctx context.Context, organizationID string, opts ...CallOption) (*OrganizationProfile, error) {
	return one[OrganizationProfile](ctx, (*service)(s), getProfile.call(organizationID), opts)
}

// Update sets the profile of an organization. It sends all five fields. The API does not document whether an empty
// field is cleared or keeps its value. To change some fields, use [OrganizationProfileService.Modify].
//
// Update returns an error that matches [ErrInvalidArgument] if no field of profile is set.
//
// Credential: a global API key.
//
// API: PUT /organizations/{organization_id}/profile
func (s *OrganizationProfileService) Update(ctx context.Context, organizationID string, profile OrganizationProfile, opts ...CallOption) error {
	return (*service)(s).do(ctx, profile.call(updateProfile, organizationID), new(envelope.Envelope), opts)
}

// Modify changes some fields of a profile, keeps the others, and returns the resulting profile. It reads the profile,
// calls change with it, and sends an update if change modified it. If change returns an error, Modify returns that
// error and sends no update. A profile that was never set is empty when change is called.
//
// The API has no versions, so concurrent callers must coordinate: the last write wins, in every field.
//
// Modify returns an error that matches [ErrInvalidArgument] if change is nil, or if change makes the profile invalid
// for [OrganizationProfileService.Update].
//
// The requests are a read, a read of the organization if the API reports that the profile does not exist, and the
// update. The options apply to each request. A [CaptureResponse] holds the last response.
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

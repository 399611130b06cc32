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

// Get returns the profile of an organization. Get returns [ErrNotFound] if the profile was never set or if the
// organization does not exist.
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}/profile
func (s *OrganizationProfileService) Get(ctx context.Context, organizationID string, opts ...CallOption) (*OrganizationProfile, error) {
	return one[OrganizationProfile](ctx, (*service)(s), call{operation: getProfile, ids: []string{organizationID}}, opts)
}

// Update replaces the profile of an organization. All five fields are sent. The API does not document the effect of an
// empty field, which may be cleared or keep its value. To change some fields, use [OrganizationProfileService.Modify].
//
// Update returns an error that matches [ErrInvalidArgument] if no field of profile is set.
//
// Credential: a global API key.
//
// API: PUT /organizations/{organization_id}/profile
func (s *OrganizationProfileService) Update(ctx context.Context, organizationID string, profile OrganizationProfile, opts ...CallOption) error {
	return (*service)(s).do(ctx, call{
		operation: updateProfile,
		ids:       []string{organizationID},
		body:      checked[any](&profile, profile.validate()),
	}, new(envelope.Envelope), opts)
}

func (p OrganizationProfile) validate() error {
	if p == (OrganizationProfile{}) {
		return invalid("the profile must have at least one field set")
	}
	return nil
}

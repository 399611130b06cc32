package cloudflare

import (
	"context"
	"net/http"

	"example.com/cloudflare/internal/envelope"
)

// OrganizationProfileService reads and replaces the profile of an organization. It is the OrganizationProfile of a
// [Client].
type OrganizationProfileService service

// OrganizationProfile is the business behind an organization.
type OrganizationProfile struct {
	BusinessAddress  string `json:"business_address"`
	BusinessEmail    string `json:"business_email"`
	BusinessName     string `json:"business_name"`
	BusinessPhone    string `json:"business_phone"`
	ExternalMetadata string `json:"external_metadata"` // any text; the API does not look into it
}

// Get returns the profile of an organization. One that was never set, and an organization that does not exist, is
// [ErrNotFound]. It refuses what is no ID.
//
// API: GET /organizations/{organization_id}/profile
func (s *OrganizationProfileService) Get(ctx context.Context, organizationID string, opts ...CallOption) (*OrganizationProfile, error) {
	return one[OrganizationProfile](ctx, (*service)(s), request{
		method: http.MethodGet,
		path:   []string{"organizations", organizationID, "profile"},
	}, opts)
}

// Update replaces the profile of an organization: a field that is empty is stored empty. To change one field, send
// what Get returned with that field changed.
//
// It refuses what is no ID, and a profile without a field that is set.
//
// API: PUT /organizations/{organization_id}/profile
func (s *OrganizationProfileService) Update(ctx context.Context, organizationID string, profile OrganizationProfile, opts ...CallOption) error {
	var refused error
	if profile == (OrganizationProfile{}) {
		refused = invalid("the profile has no field that is set")
	}
	return (*service)(s).do(ctx, request{
		method:  http.MethodPut,
		path:    []string{"organizations", organizationID, "profile"},
		body:    &profile,
		refused: refused,
	}, new(envelope.Envelope), opts)
}

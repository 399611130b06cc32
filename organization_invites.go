package cloudflare

import (
	"context"
	"net/http"

	"example.com/cloudflare/internal/envelope"
)

// OrganizationInvitesService accepts and rejects invitations to organizations. Use it as Client.OrganizationInvites. To
// invite a user, use [OrganizationMembersService.Create].
//
// Each method needs the credential of the user who was invited, and the code from the email that the user received. The
// code is not the ID of the membership. It must be a single path segment, and its form is not checked otherwise.
type OrganizationInvitesService service

var updateInvite = newOperation(http.MethodPut, "/organizations/{organization_id}/invites/{member_code}", keyOrToken(""))

// Accept accepts an invitation. The user must have two-factor authentication or single sign-on.
//
// Accept is retried like every PUT. If an attempt may have been processed and the next attempt fails because the
// invitation is no longer pending, the error matches [ErrOutcomeUnknown].
//
// Credential: a global API key, or an API token, of the user who was invited.
//
// API: PUT /organizations/{organization_id}/invites/{member_code}
func (s *OrganizationInvitesService) Accept(ctx context.Context, organizationID, memberCode string, opts ...CallOption) error {
	return s.update(ctx, organizationID, memberCode, "accept", opts)
}

// Reject rejects an invitation. It works like [OrganizationInvitesService.Accept].
//
// Credential: a global API key, or an API token, of the user who was invited.
//
// API: PUT /organizations/{organization_id}/invites/{member_code}
func (s *OrganizationInvitesService) Reject(ctx context.Context, organizationID, memberCode string, opts ...CallOption) error {
	return s.update(ctx, organizationID, memberCode, "reject", opts)
}

func (s *OrganizationInvitesService) update(ctx context.Context, organizationID, memberCode, status string, opts []CallOption) error {
	update := updateInvite.call(organizationID, memberCode)
	update.body.value = struct {
		Status string `json:"status"`
	}{status}
	return (*service)(s).do(ctx, update, new(envelope.Envelope), opts) // the API does not document the result
}

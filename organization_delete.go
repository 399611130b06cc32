package cloudflare

import (
	"context"
	"fmt"
	"iter"
)

// DeleteIfEmpty deletes an organization that contains nothing. If it contains organizations, accounts or members, nothing
// is deleted and the error is a [*NotEmptyError]. Members of every status count, including the caller's own membership.
//
// Deleting an organization that does not exist is not an error. If a new organization is listed but cannot be read yet,
// DeleteIfEmpty returns [ErrNotFound].
//
// Something may be added to the organization between the check and the delete. The API documents that it does not delete
// an organization that is not empty; the error is then an [*Error].
//
// The options apply to each request. A [CaptureResponse] holds the last response.
//
// API: GET /organizations, GET /organizations/{organization_id}/accounts,
// GET /organizations/{organization_id}/members, DELETE /organizations/{organization_id}
func (s *OrganizationsService) DeleteIfEmpty(ctx context.Context, organizationID string, opts ...CallOption) error {
	if err := checkID("organization ID", organizationID); err != nil {
		return err
	}
	contents, err := s.contents(ctx, organizationID, opts)
	switch {
	case err != nil:
	case contents.Organizations+contents.Accounts+contents.Members > 0:
		return contents
	default:
		_, err = s.Delete(ctx, organizationID, opts...)
	}
	if !isAbsent(err) {
		return err
	}
	return s.checkGone(ctx, organizationID, err, opts)
}

// contents counts what an organization contains.
func (s *OrganizationsService) contents(ctx context.Context, organizationID string, opts []CallOption) (*NotEmptyError, error) {
	const size = MaxPageSize
	organizations, err := count(s.All(ctx, OrganizationListParams{ParentID: organizationID, PageSize: size}, opts...))
	if err != nil {
		return nil, err
	}
	accounts, err := count((*OrganizationAccountsService)(s).All(ctx, organizationID, OrganizationAccountListParams{PageSize: size}, opts...))
	if err != nil {
		return nil, err
	}
	members, err := count((*OrganizationMembersService)(s).All(ctx, organizationID, OrganizationMemberListParams{PageSize: size}, opts...))
	if err != nil {
		return nil, err
	}
	return &NotEmptyError{organizationID, organizations, accounts, members}, nil
}

func count[T any](all iter.Seq2[*T, error]) (n int, err error) {
	for _, err := range all {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// checkGone returns missing if the API lists an organization that it reported as missing, and nil otherwise.
func (s *OrganizationsService) checkGone(ctx context.Context, organizationID string, missing error, opts []CallOption) error {
	for org, err := range s.All(ctx, OrganizationListParams{IDs: []string{organizationID}}, opts...) {
		if err != nil {
			return err
		}
		if org.ID == organizationID {
			return fmt.Errorf("%w; but it is listed: it may be too new to be read", missing)
		}
	}
	return nil
}

// NotEmptyError is returned by [OrganizationsService.DeleteIfEmpty] if an organization is not empty. The numbers do not
// include what its sub-organizations contain.
type NotEmptyError struct {
	OrganizationID                   string
	Organizations, Accounts, Members int
}

// Error returns the numbers on one line.
func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("cloudflare: organization %s is not empty: organizations: %d, accounts: %d, members: %d",
		e.OrganizationID, e.Organizations, e.Accounts, e.Members)
}

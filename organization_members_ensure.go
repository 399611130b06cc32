package cloudflare

import (
	"context"
	"errors"
	"fmt"
)

// Ensure returns the member with the email address of params, ignoring the case of ASCII letters. It creates the member
// if there is none, at most once. An existing member is not changed: the status may differ from params.Status.
//
// Memberships with the status rejected are ignored, and so are those with the status canceled unless params.Status is
// canceled. If only ignored memberships exist, Ensure creates another one, which may invite the user again. The API
// does not document whether it accepts that. To respect a rejection, list the members with that email address first.
//
// Of the other memberships, Ensure prefers an active one, and then a pending one. If each of them has a status that is
// not one of the constants, it returns an error that names a status, and creates nothing.
//
// If the outcome of the create is unknown, Ensure looks for the member for at most 15 seconds. A wait that the
// response to the create requested comes first and is part of this time. If the member appears, it is returned with
// created true, even though another caller may have created it. If it does not appear, the requested wait is longer, or
// the deadline of ctx passes first, the error matches [ErrOutcomeUnknown]. The member may still appear later, so wait
// before calling Ensure again.
//
// The API has no conditional create, so concurrent callers must coordinate: two of them may both find no member and
// send two invitations.
//
// Ensure sends one request if the member exists, and two otherwise. If the address has capital letters, it may send one
// more, because the API may have stored the address in lower case.
//
// The same params are invalid as in [OrganizationMembersService.Create]. The options apply to each request. A
// [CaptureResponse] holds the last response.
//
// Credential: a global API key.
//
// API: GET and POST /organizations/{organization_id}/members
func (s *OrganizationMembersService) Ensure(ctx context.Context, organizationID string, params OrganizationMemberCreateParams, opts ...CallOption) (member *OrganizationMember, created bool, err error) {
	if err := params.Validate(); err != nil {
		return nil, false, err
	}
	if member, err = s.withEmail(ctx, organizationID, params, opts); member != nil || err != nil {
		return member, false, err
	}
	member, createErr := s.Create(ctx, organizationID, params, opts...)
	switch {
	case createErr == nil && foldASCII(member.User.Email) != foldASCII(params.Email):
		return member, true, fmt.Errorf("cloudflare: member %s was created, but with another email address: Ensure would not find it again",
			s.client.redactor().line(member.ID))
	case !errors.Is(createErr, ErrOutcomeUnknown):
		return member, createErr == nil, createErr
	}
	err = (*service)(s).lookAgain(ctx, RetryAfter(createErr), visibleWithin, func() (found bool, err error) {
		member, err = s.withEmail(ctx, organizationID, params, opts)
		return member != nil, err
	})
	if err != nil {
		return nil, false, fmt.Errorf("%w; looking for the member: %w", createErr, err)
	}
	return member, true, nil
}

// withEmail returns the member with the email address of the params, or nil if it does not exist.
func (s *OrganizationMembersService) withEmail(ctx context.Context, organizationID string, params OrganizationMemberCreateParams, opts []CallOption) (found *OrganizationMember, err error) {
	// The API does not document whether its filter ignores case, nor whether it stores addresses as they were sent.
	forms := []string{params.Email}
	if lower := foldASCII(params.Email); lower != params.Email {
		forms = append(forms, lower)
	}
	var unknown *OrganizationMember // a membership whose status is not known
	for _, email := range forms {
		for member, err := range s.All(ctx, organizationID, OrganizationMemberListParams{Email: email}, opts...) {
			if err != nil {
				return nil, err
			}
			// The list is compared, because the API could ignore the filter.
			if foldASCII(member.User.Email) != foldASCII(params.Email) {
				continue
			}
			switch preferred := preference(member.Status, params.Status); {
			case preferred < 0:
				unknown = member
			case preferred > 0 && (found == nil || preferred > preference(found.Status, params.Status)):
				found = member
			}
		}
		if found != nil {
			return found, nil
		}
	}
	if unknown != nil {
		redact := s.client.redactor()
		return nil, fmt.Errorf("cloudflare: member %s has the status %s, which is not known: Ensure cannot tell whether an invitation is needed",
			redact.line(unknown.ID), redact.quoted(string(unknown.Status)))
	}
	return nil, nil
}

// preference ranks memberships that make another one unnecessary: an active one before a pending one, and that before a
// canceled one if this status is wanted. It is zero if another membership is necessary, and negative if the status is
// not known.
func preference(status, wanted MemberStatus) int {
	switch status {
	case MemberStatusActive:
		return 3
	case MemberStatusPending:
		return 2
	case MemberStatusCanceled, MemberStatusRejected:
		if status == wanted {
			return 1
		}
		return 0
	}
	return -1
}

package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/cloudflare/internal/envelope"
	"example.com/cloudflare/internal/rest"
)

// OrganizationMembersService lists, reads, adds and removes the members of an organization. Use it as
// Client.OrganizationMembers.
type OrganizationMembersService service

var (
	listMembers        = newList("/organizations/{organization_id}/members", keyOnly, pageTokens)
	createMember       = newOperation(http.MethodPost, "/organizations/{organization_id}/members", keyOnly)
	batchCreateMembers = newOperation(http.MethodPost, "/organizations/{organization_id}/members:batchCreate", keyOnly)
	getMember          = newOperation(http.MethodGet, "/organizations/{organization_id}/members/{member_id}", keyOnly)
	deleteMember       = newOperation(http.MethodDelete, "/organizations/{organization_id}/members/{member_id}", keyOnly)
)

// OrganizationMember is the membership of a user in an organization, or the invitation to it.
type OrganizationMember struct {
	ID         string          `json:"id"` // of the membership, not of the user
	Status     MemberStatus    `json:"status"`
	User       MemberUser      `json:"user"`
	Meta       json.RawMessage `json:"meta,omitzero"` // an object as sent
	CreateTime time.Time       `json:"create_time,omitzero"`
	UpdateTime time.Time       `json:"update_time,omitzero"`
}

func (m *OrganizationMember) check() error { return checkHasID("a member", m.ID) }
func (m *OrganizationMember) id() string   { return m.ID }

// MemberStatus is the status of a membership. The API may send other values than the constants.
type MemberStatus string

// The documented statuses of an [OrganizationMember].
const (
	MemberStatusActive   MemberStatus = "active"
	MemberStatusPending  MemberStatus = "pending" // invited
	MemberStatusRejected MemberStatus = "rejected"
	MemberStatusCanceled MemberStatus = "canceled"
)

// MemberUser is the user of a membership.
type MemberUser struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`

	// TwoFactorAuthenticationEnabled reports whether the user has two-factor authentication. A missing value means
	// "unknown", not "no".
	TwoFactorAuthenticationEnabled Nullable[bool] `json:"two_factor_authentication_enabled,omitzero"`
}

// OrganizationMemberListParams filters the members of an organization. Empty filters are ignored. A member must match
// all the others.
type OrganizationMemberListParams struct {
	Statuses []MemberStatus `url:"status,omitempty"` // any of these; nil for all; a non-nil filter must not be empty

	Email           string `url:"user.email,omitempty"`
	EmailContains   string `url:"user.email.contains,omitempty"`
	EmailStartsWith string `url:"user.email.startsWith,omitempty"`
	EmailEndsWith   string `url:"user.email.endsWith,omitempty"`

	PageSize  int    `url:"page_size,omitempty"`  // 1 to MaxPageSize; 0 means 10 for List and MaxPageSize for All
	PageToken string `url:"page_token,omitempty"` // the NextPageToken of a page that was listed with the same filters
}

func (p OrganizationMemberListParams) call(organizationID string) call {
	return call{operation: listMembers, ids: []string{organizationID}, query: checked(p.query())}
}

func (p OrganizationMemberListParams) query() (url.Values, error) {
	if err := checkAnyOf("Statuses", p.Statuses); err != nil {
		return nil, err
	}
	return encodeListParams(p, p.PageSize, pageTokens.maxSize)
}

// OrganizationMemberCreateParams describes a new member.
type OrganizationMemberCreateParams struct {
	Email  string       // required
	Status MemberStatus // MemberStatusActive or MemberStatusCanceled; omitted if empty
}

// Validate returns the error that Create would return for p without sending a request, or nil.
func (p OrganizationMemberCreateParams) Validate() error {
	return validate(checked(p.body()))
}

func (p OrganizationMemberCreateParams) call(organizationID string) call {
	return call{operation: createMember, ids: []string{organizationID}, body: checked(p.body())}
}

func (p OrganizationMemberCreateParams) body() (any, error) {
	if problem := p.problem(); problem != "" {
		return nil, invalid("%s", problem)
	}
	return struct {
		Member memberBody `json:"member"`
	}{newMemberBody(p)}, nil
}

// memberBody describes one member in the body of a create.
type memberBody struct {
	User   memberUserBody `json:"user"`
	Status MemberStatus   `json:"status,omitzero"`
}

type memberUserBody struct {
	Email string `json:"email"`
}

// problem returns what is not valid, or an empty string. The text does not contain the email address: a value in the
// wrong place may be a credential.
func (p OrganizationMemberCreateParams) problem() string {
	switch {
	case p.Email == "":
		return "Email is empty"
	case !strings.Contains(p.Email, "@"):
		return "Email has no @"
	case !utf8.ValidString(p.Email) || strings.ContainsFunc(p.Email, rest.IsSpaceOrControl):
		return "Email has white space or a control character, or is not valid UTF-8"
	case p.Status != "" && p.Status != MemberStatusActive && p.Status != MemberStatusCanceled:
		return fmt.Sprintf("Status must be empty, \"active\" or \"canceled\", not %q", p.Status)
	}
	return ""
}

func newMemberBody(p OrganizationMemberCreateParams) memberBody {
	return memberBody{memberUserBody{p.Email}, p.Status}
}

// List returns one page of the members of an organization. See [OrganizationMembersService.All] for all pages. Members
// of every status are included unless params.Statuses is set.
//
// List returns an error that matches [ErrInvalidArgument] if Statuses is empty but not nil or has an empty element, or
// if PageSize is negative or larger than [MaxPageSize].
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}/members
func (s *OrganizationMembersService) List(ctx context.Context, organizationID string, params OrganizationMemberListParams, opts ...CallOption) (*Page[OrganizationMember], error) {
	return list[OrganizationMember](ctx, (*service)(s), params.call(organizationID), opts)
}

// All returns an iterator over the members of an organization that match params, page after page. It works like
// [OrganizationsService.All]. The same arguments are invalid as in [OrganizationMembersService.List].
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}/members
func (s *OrganizationMembersService) All(ctx context.Context, organizationID string, params OrganizationMemberListParams, opts ...CallOption) iter.Seq2[*OrganizationMember, error] {
	return all[OrganizationMember](ctx, (*service)(s), params.call(organizationID), opts)
}

// Get returns a member of an organization, or [ErrNotFound] if the member does not exist.
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}/members/{member_id}
func (s *OrganizationMembersService) Get(ctx context.Context, organizationID, memberID string, opts ...CallOption) (*OrganizationMember, error) {
	return one[OrganizationMember](ctx, (*service)(s), getMember.call(organizationID, memberID), opts)
}

// Create adds a member to an organization and returns it. Unless params.Status is set, Cloudflare invites the member by
// email.
//
// Create is retried only if the API did not process the request, as after a 429. If the member may have been created,
// the error matches [ErrOutcomeUnknown]. List the members with that email address before calling Create again.
//
// Create returns an error that matches [ErrInvalidArgument] if Email is empty, has no @, contains white space or a
// control character, or is not valid UTF-8, or if Status is neither empty, active nor canceled.
//
// Credential: a global API key.
//
// API: POST /organizations/{organization_id}/members
func (s *OrganizationMembersService) Create(ctx context.Context, organizationID string, params OrganizationMemberCreateParams, opts ...CallOption) (*OrganizationMember, error) {
	return one[OrganizationMember](ctx, (*service)(s), params.call(organizationID), opts)
}

// Delete removes a member from an organization, or revokes an invitation. To remove all members, read the list to its
// end first, with [Collect].
//
// Delete returns [ErrNotFound] if the member does not exist. If the outcome of an attempt is unknown and the next
// attempt finds no member, Delete succeeds.
//
// Credential: a global API key.
//
// API: DELETE /organizations/{organization_id}/members/{member_id}
func (s *OrganizationMembersService) Delete(ctx context.Context, organizationID, memberID string, opts ...CallOption) error {
	err := (*service)(s).do(ctx, deleteMember.call(organizationID, memberID), new(envelope.Envelope), opts)
	if deletedEarlier(err) {
		return nil
	}
	return err
}

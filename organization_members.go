package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/cloudflare/internal/envelope"
)

// OrganizationMembersService lists, reads, adds and removes the members of an organization. It is the
// OrganizationMembers of a [Client].
type OrganizationMembersService service

// OrganizationMember is a user's membership of an organization, or the invitation to it.
type OrganizationMember struct {
	ID         string       `json:"id"` // of the membership, not of the user
	Status     MemberStatus `json:"status"`
	User       MemberUser   `json:"user"`
	CreateTime time.Time    `json:"create_time"`
	UpdateTime time.Time    `json:"update_time"`
}

func (m *OrganizationMember) check() error { return checkHasID("a member", m.ID) }

// MemberStatus is how far a membership has come. The API may send others than the ones named here.
type MemberStatus string

// The statuses of an [OrganizationMember] that the API documents.
const (
	MemberStatusActive   MemberStatus = "active"
	MemberStatusPending  MemberStatus = "pending" // invited
	MemberStatusRejected MemberStatus = "rejected"
	MemberStatusCanceled MemberStatus = "canceled"
)

// MemberUser is the user behind a membership.
type MemberUser struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`

	// Whether the user signs in with a second factor. Without a value it is not known, which is not the same as no.
	TwoFactorAuthenticationEnabled Nullable[bool] `json:"two_factor_authentication_enabled,omitzero"`
}

// OrganizationMemberListParams selects members of an organization. A filter that is empty does not select; filters
// that are set must all fit.
type OrganizationMemberListParams struct {
	Statuses []MemberStatus `url:"status,omitempty"` // any of these; nil for all, but empty and not nil is refused

	Email           string `url:"user.email,omitempty"`
	EmailContains   string `url:"user.email.contains,omitempty"`
	EmailStartsWith string `url:"user.email.startsWith,omitempty"`
	EmailEndsWith   string `url:"user.email.endsWith,omitempty"`

	PageSize  int    `url:"page_size,omitempty"`  // 1 to MaxPageSize; 0 is the API's 10 for List and 100 for All
	PageToken string `url:"page_token,omitempty"` // a Page's NextPageToken; the filters must be the same again
}

func (p OrganizationMemberListParams) query() (url.Values, error) {
	if err := checkAnyOf("Statuses", p.Statuses); err != nil {
		return nil, err
	}
	return listQuery(p, p.PageSize)
}

// OrganizationMemberCreateParams describes a new member.
type OrganizationMemberCreateParams struct {
	Email  string       // required
	Status MemberStatus // MemberStatusActive, MemberStatusCanceled, or empty to leave it to the API
}

// memberBody is what a create sends for each member.
type memberBody struct {
	User   memberUserBody `json:"user"`
	Status MemberStatus   `json:"status,omitzero"`
}

type memberUserBody struct {
	Email string `json:"email"`
}

// refuse says what is wrong with the params, or "". It does not show an e-mail address: what ends up in the wrong place
// may be a credential.
func (p OrganizationMemberCreateParams) refuse() string {
	switch {
	case p.Email == "":
		return "Email is empty"
	case !strings.Contains(p.Email, "@"):
		return "Email has no @"
	case !utf8.ValidString(p.Email) || strings.ContainsFunc(p.Email, isSpaceOrControl):
		return "Email has white space or a control character, or is not valid UTF-8"
	case p.Status != "" && p.Status != MemberStatusActive && p.Status != MemberStatusCanceled:
		return fmt.Sprintf("Status %q is none that a new member can have", p.Status)
	}
	return ""
}

func (p OrganizationMemberCreateParams) body() memberBody {
	return memberBody{memberUserBody{p.Email}, p.Status}
}

func isSpaceOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// List returns one page of the members of an organization, whatever their status unless params select some.
// [OrganizationMembersService.All] returns all pages.
//
// It refuses a Statuses that is empty and not nil, or that has an empty element, and a PageSize that is negative or
// over [MaxPageSize].
//
// API: GET /organizations/{organization_id}/members
func (s *OrganizationMembersService) List(ctx context.Context, organizationID string, params OrganizationMemberListParams, opts ...CallOption) (*Page[OrganizationMember], error) {
	query, err := params.query()
	return list[OrganizationMember](ctx, (*service)(s), []string{"organizations", organizationID, "members"}, query, err, opts)
}

// All yields every member of an organization that params select, page after page, from the page that
// params.PageToken names, as [OrganizationsService.All] does: also in what it asks for and how it fails. It refuses
// what [OrganizationMembersService.List] refuses.
//
// API: GET /organizations/{organization_id}/members
func (s *OrganizationMembersService) All(ctx context.Context, organizationID string, params OrganizationMemberListParams, opts ...CallOption) iter.Seq2[*OrganizationMember, error] {
	query, err := params.query()
	return all[OrganizationMember](ctx, (*service)(s), []string{"organizations", organizationID, "members"}, query, err, opts)
}

// Get returns a member of an organization. One that does not exist is [ErrNotFound].
//
// API: GET /organizations/{organization_id}/members/{member_id}
func (s *OrganizationMembersService) Get(ctx context.Context, organizationID, memberID string, opts ...CallOption) (*OrganizationMember, error) {
	return one[OrganizationMember](ctx, (*service)(s), request{
		method: http.MethodGet,
		path:   []string{"organizations", organizationID, "members", memberID},
	}, opts)
}

// Create adds a member to an organization, who is invited by e-mail unless params say otherwise, and returns it. It is
// sent again only after a 429, or if it provably never left this machine. If it may have happened, the error matches
// [ErrOutcomeUnknown]: list the members with that e-mail address before trying again.
//
// It refuses an e-mail address that is empty, has no @, or has white space or a control character in it, and any
// status but active and canceled.
//
// API: POST /organizations/{organization_id}/members
func (s *OrganizationMembersService) Create(ctx context.Context, organizationID string, params OrganizationMemberCreateParams, opts ...CallOption) (*OrganizationMember, error) {
	var refused error
	if why := params.refuse(); why != "" {
		refused = invalid("%s", why)
	}
	return one[OrganizationMember](ctx, (*service)(s), request{
		method: http.MethodPost,
		path:   []string{"organizations", organizationID, "members"},
		body: struct {
			Member memberBody `json:"member"`
		}{params.body()},
		refused: refused,
	}, opts)
}

// maxBatch is how many members the API takes at once.
const maxBatch = 10

// BatchCreate adds any number of members to an organization and returns them. The API takes ten at once, so they are
// sent in tens, one request after the other, each under the rules of [OrganizationMembersService.Create]; a
// [CaptureResponse] is filled anew by each.
//
// The first request that fails is the last one. The error is then a [*BatchError], which tells who was added and who
// was not.
//
// It refuses an empty list, an e-mail address that is in it twice, whatever the case, and for each member what Create
// refuses. All of them are checked before anything is sent.
//
// API: POST /organizations/{organization_id}/members:batchCreate
func (s *OrganizationMembersService) BatchCreate(ctx context.Context, organizationID string, members []OrganizationMemberCreateParams, opts ...CallOption) ([]OrganizationMember, error) {
	bodies, err := newMemberBodies(members)
	if err != nil {
		err = (*service)(s).do(ctx, request{refused: err}, new(envelope.Envelope), opts)
		return nil, &BatchError{NotCreated: slices.Clone(members), Err: err}
	}
	var created []OrganizationMember
	for sent := 0; sent < len(members); {
		next := min(sent+maxBatch, len(members))
		result := batchResult{sent: next - sent}
		err := (*service)(s).do(ctx, request{
			method: http.MethodPost,
			path:   []string{"organizations", organizationID, "members:batchCreate"},
			body: struct {
				Members []memberBody `json:"members"`
			}{bodies[sent:next]},
		}, &envelope.Envelope{Result: envelope.Result{Into: &result}}, opts)
		if err != nil {
			return nil, newBatchError(created, &result, members[sent:next], members[next:], err)
		}
		created, sent = append(created, result.items...), next
	}
	return created, nil
}

func newMemberBodies(members []OrganizationMemberCreateParams) ([]memberBody, error) {
	if len(members) == 0 {
		return nil, invalid("there are no members to create")
	}
	bodies, first := make([]memberBody, len(members)), make(map[string]int, len(members))
	for i, params := range members {
		if why := params.refuse(); why != "" {
			return nil, invalid("member %d: %s", i, why)
		}
		if j, twice := first[foldEmail(params.Email)]; twice {
			return nil, invalid("members %d and %d have the same e-mail address", j, i)
		}
		first[foldEmail(params.Email)], bodies[i] = i, params.body()
	}
	return bodies, nil
}

// foldEmail makes equal what can only be the same user.
func foldEmail(email string) string { return strings.ToLower(email) }

// batchResult is the answer to a batch. The API has no way to say that it created some of them only, so a different
// number than was sent is nothing to rely on.
type batchResult struct {
	items[OrganizationMember]
	sent    int
	created []OrganizationMember // set on a success of the API's, also one that cannot be relied on
}

func (r *batchResult) check() error {
	r.created = r.items
	if len(r.items) != r.sent {
		return fmt.Errorf("it has %d members, of %d that were sent", len(r.items), r.sent)
	}
	return nil
}

// BatchError is what [OrganizationMembersService.BatchCreate] returns when it fails. Together its three lists hold every
// member that it was called with.
type BatchError struct {
	Created    []OrganizationMember             // these were created
	Unknown    []OrganizationMemberCreateParams // these may have been: look before trying again; Err matches ErrOutcomeUnknown
	NotCreated []OrganizationMemberCreateParams // these were refused, or never sent
	Err        error                            // of the request that failed
}

// newBatchError sorts the members of a batch that failed while its chunk was sent, with the rest still to come.
func newBatchError(created []OrganizationMember, result *batchResult, chunk, rest []OrganizationMemberCreateParams, err error) *BatchError {
	if !errors.Is(err, ErrOutcomeUnknown) {
		return &BatchError{Created: created, NotCreated: slices.Concat(chunk, rest), Err: err}
	}
	sent, named := make(map[string]bool, len(chunk)), make(map[string]bool, len(chunk))
	for _, params := range chunk {
		sent[foldEmail(params.Email)] = true
	}
	for _, member := range result.created {
		if email := foldEmail(member.User.Email); sent[email] && !named[email] { // nobody whom nobody asked for
			named[email], created = true, append(created, member)
		}
	}
	return &BatchError{
		Created: created,
		Unknown: slices.DeleteFunc(slices.Clone(chunk), func(params OrganizationMemberCreateParams) bool {
			return named[foldEmail(params.Email)]
		}),
		NotCreated: slices.Clone(rest),
		Err:        err,
	}
}

// Error says what failed, and how many members that leaves in which state.
func (e *BatchError) Error() string {
	return fmt.Sprintf("%v (created: %d; unknown: %d; not created: %d)", e.Err, len(e.Created), len(e.Unknown), len(e.NotCreated))
}

// Unwrap returns Err.
func (e *BatchError) Unwrap() error { return e.Err }

// Delete removes a member from an organization, or takes an invitation back.
//
// If an attempt got no answer and the next one finds nothing, the first one did it: that is a success. A member who
// is not there at the first attempt is [ErrNotFound].
//
// API: DELETE /organizations/{organization_id}/members/{member_id}
func (s *OrganizationMembersService) Delete(ctx context.Context, organizationID, memberID string, opts ...CallOption) error {
	err := (*service)(s).do(ctx, request{
		method: http.MethodDelete,
		path:   []string{"organizations", organizationID, "members", memberID},
		body: struct { // the API asks for it, though the path says the same
			MemberID string `json:"member_id"`
		}{memberID},
	}, new(envelope.Envelope), opts)
	if deletedEarlier(err) {
		return nil
	}
	return err
}

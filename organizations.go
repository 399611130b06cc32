package cloudflare

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// OrganizationsService lists, reads, creates, updates and deletes organizations. It is the Organizations of a
// [Client].
//
// What its methods refuse is [ErrInvalidArgument], and nothing was sent. A text is no ID if it is empty, if it is
// [NoParent], or if it is not one segment of a path, such as one with a slash.
type OrganizationsService service

// Organization is a container of accounts, and of other organizations.
type Organization struct {
	ID         string               `json:"id"`
	Name       string               `json:"name"`        // not unique
	CreateTime time.Time            `json:"create_time"` // zero if the API leaves it out
	Meta       OrganizationMeta     `json:"meta"`
	Parent     *OrganizationParent  `json:"parent,omitempty"`  // nil for a root organization
	Profile    *OrganizationProfile `json:"profile,omitempty"` // nil if the API sent none
}

// prepare makes room for the two tags that most organizations have. The decoder would grow to them one by one.
func (o *Organization) prepare() { o.Meta.HierarchyTags = make([]string, 0, 2) }

func (o *Organization) check() error {
	if len(o.Meta.HierarchyTags) == 0 {
		o.Meta.HierarchyTags = nil
	}
	return checkHasID("an organization", o.ID)
}

// Flags returns what the organization may do: Meta.TenantFlags if the API sent them, else the older Meta.Flags, else
// the zero OrganizationFlags.
func (o *Organization) Flags() OrganizationFlags {
	for _, flags := range []*OrganizationFlags{o.Meta.TenantFlags, o.Meta.Flags} {
		if flags != nil {
			return *flags
		}
	}
	return OrganizationFlags{}
}

// OrganizationMeta is what Cloudflare keeps about an organization.
type OrganizationMeta struct {
	Flags         *OrganizationFlags `json:"flags,omitempty"`          // the older form, with five of the flags
	TenantFlags   *OrganizationFlags `json:"tenant_flags,omitempty"`   // nil if the API sent none
	HierarchyTags []string           `json:"hierarchy_tags,omitempty"` // IDs from the root organization down to this one
	ManagedBy     string             `json:"managed_by,omitempty"`
}

// OrganizationFlags says what an organization may do. The API does not document the values.
type OrganizationFlags struct {
	AccountCreation      string `json:"account_creation"`
	AccountDeletion      string `json:"account_deletion"`
	AccountMigration     string `json:"account_migration"`
	AccountMobility      string `json:"account_mobility"`
	EnterpriseCapability string `json:"enterprise_capability,omitempty"`
	MemberManagement     string `json:"member_management,omitempty"`
	SubOrgCreation       string `json:"sub_org_creation"`
}

// OrganizationParent names the organization above another one.
type OrganizationParent struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// NoParent as [OrganizationListParams].ParentID selects root organizations. It is refused everywhere else.
const NoParent = "null"

// OrganizationListParams selects organizations. A filter that is empty does not select; filters that are set must all
// fit.
type OrganizationListParams struct {
	IDs []string `url:"id,omitempty"` // only these; nil for any, but empty and not nil is refused

	Name           string `url:"name,omitempty"` // case-sensitive, unlike the next three
	NameContains   string `url:"name.contains,omitempty"`
	NameStartsWith string `url:"name.startsWith,omitempty"`
	NameEndsWith   string `url:"name.endsWith,omitempty"`

	ContainingAccount      string `url:"containing.account,omitempty"`
	ContainingOrganization string `url:"containing.organization,omitempty"`
	ContainingUser         string `url:"containing.user,omitempty"` // managed by the user

	ParentID string `url:"parent.id,omitempty"` // directly below this organization, or NoParent

	PageSize  int    `url:"page_size,omitempty"`  // 1 to MaxPageSize; 0 is the API's 10 for List and 100 for All
	PageToken string `url:"page_token,omitempty"` // a Page's NextPageToken; the filters must be the same again
}

func (p OrganizationListParams) query() (url.Values, error) {
	if err := checkAnyOf("IDs", p.IDs); err != nil {
		return nil, err
	}
	for _, id := range p.IDs {
		if err := checkID("IDs", id); err != nil {
			return nil, err
		}
	}
	if p.ParentID != "" && p.ParentID != NoParent {
		if err := checkID("ParentID", p.ParentID); err != nil {
			return nil, err
		}
	}
	return listQuery(p, p.PageSize)
}

// OrganizationCreateParams describes a new organization.
type OrganizationCreateParams struct {
	Name     string               // required
	ParentID string               // the organization above; empty for a root organization
	Profile  *OrganizationProfile // nil for none
}

// OrganizationUpdateParams describes what an organization becomes.
type OrganizationUpdateParams struct {
	Name     string               // required
	ParentID string               // empty leaves it out
	Profile  *OrganizationProfile // nil leaves it out
}

// organizationBody is what a create and an update send. What is not set is left out, and never sent as null.
type organizationBody struct {
	Name    string               `json:"name"`
	Parent  *parentBody          `json:"parent,omitzero"`
	Profile *OrganizationProfile `json:"profile,omitzero"`
}

type parentBody struct {
	ID string `json:"id"`
}

func newOrganizationBody(name, parentID string, profile *OrganizationProfile) (*organizationBody, error) {
	body := &organizationBody{Name: name, Profile: profile}
	switch {
	case name == "":
		return nil, invalid("Name is empty")
	case profile != nil && *profile == OrganizationProfile{}:
		return nil, invalid("Profile has no field that is set")
	}
	if parentID != "" {
		if err := checkID("ParentID", parentID); err != nil {
			return nil, err
		}
		body.Parent = &parentBody{parentID}
	}
	return body, nil
}

// OrganizationDeleteResponse names the organization that was deleted.
type OrganizationDeleteResponse struct {
	ID string `json:"id"`
}

func (r *OrganizationDeleteResponse) check() error { return checkHasID("a deletion", r.ID) }

// List returns one page of the organizations that the credential can see. [OrganizationsService.All] returns all
// pages.
//
// It refuses IDs that are empty but not nil, or that hold what is no ID, a ParentID that is no ID, and a PageSize that
// is negative or over [MaxPageSize].
//
// API: GET /organizations
func (s *OrganizationsService) List(ctx context.Context, params OrganizationListParams, opts ...CallOption) (*Page[Organization], error) {
	query, err := params.query()
	return list[Organization](ctx, (*service)(s), []string{"organizations"}, query, err, opts)
}

// All yields every organization that the credential can see and that params select, page after page, from the page
// that params.PageToken names. It asks for 100 a page unless params say otherwise, and for a page only when it is
// needed. What it returns can be ranged over again, which asks again.
//
// An error is yielded once, with a nil organization, as a [*PageError] that holds the token to resume from; then All
// stops. It refuses what [OrganizationsService.List] refuses. A server that names a page twice is an error, after the
// organizations of that page.
//
// API: GET /organizations
func (s *OrganizationsService) All(ctx context.Context, params OrganizationListParams, opts ...CallOption) iter.Seq2[*Organization, error] {
	query, err := params.query()
	return all[Organization](ctx, (*service)(s), []string{"organizations"}, query, err, opts)
}

// Get returns an organization. One that does not exist is [ErrNotFound]. It refuses what is no ID.
//
// API: GET /organizations/{organization_id}
func (s *OrganizationsService) Get(ctx context.Context, organizationID string, opts ...CallOption) (*Organization, error) {
	return one[Organization](ctx, (*service)(s), request{
		method: http.MethodGet,
		path:   []string{"organizations", organizationID},
	}, opts)
}

// Create creates an organization and returns it as the API made it. It is sent again only after a 429, or if it
// provably never left this machine. If it may have happened, the error matches [ErrOutcomeUnknown]: list the
// organizations of that name before trying again, as names are not unique.
//
// It refuses an empty name, a ParentID that is no ID, and a profile without a field that is set.
//
// API: POST /organizations
func (s *OrganizationsService) Create(ctx context.Context, params OrganizationCreateParams, opts ...CallOption) (*Organization, error) {
	body, err := newOrganizationBody(params.Name, params.ParentID, params.Profile)
	return one[Organization](ctx, (*service)(s), request{
		method:  http.MethodPost,
		path:    []string{"organizations"},
		body:    body,
		refused: err,
	}, opts)
}

// Update replaces an organization: what params leave out may be cleared, the profile too. To change
// a part, use [OrganizationsService.Modify]. At present the API documents that it changes nothing but the name.
//
// It refuses what is no ID, an empty name, and a profile without a field that is set.
//
// API: PUT /organizations/{organization_id}
func (s *OrganizationsService) Update(ctx context.Context, organizationID string, params OrganizationUpdateParams, opts ...CallOption) (*Organization, error) {
	body, err := newOrganizationBody(params.Name, params.ParentID, params.Profile)
	return one[Organization](ctx, (*service)(s), request{
		method:  http.MethodPut,
		path:    []string{"organizations", organizationID},
		body:    body,
		refused: err,
	}, opts)
}

// Delete deletes an organization. The API refuses one that holds accounts, members or organizations, with an [*Error].
//
// If it is unknown what an attempt did, and the next one finds nothing, the first one did it: that is a success. An
// organization that is not there at the first attempt is [ErrNotFound]. It refuses what is no ID.
//
// API: DELETE /organizations/{organization_id}
func (s *OrganizationsService) Delete(ctx context.Context, organizationID string, opts ...CallOption) (*OrganizationDeleteResponse, error) {
	response, err := one[OrganizationDeleteResponse](ctx, (*service)(s), request{
		method: http.MethodDelete,
		path:   []string{"organizations", organizationID},
	}, opts)
	if deletedEarlier(err) {
		return &OrganizationDeleteResponse{ID: organizationID}, nil
	}
	return response, err
}

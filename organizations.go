package cloudflare

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// OrganizationsService lists, reads, creates, updates and deletes organizations. Use it as Client.Organizations.
//
// Methods return [ErrInvalidArgument] for invalid arguments, without sending a request. An ID must not be empty, must
// not be "null" in any case, and must be a single path segment without commas and white space. The methods of the other
// services check IDs in the same way.
type OrganizationsService service

var (
	listOrganizations  = newList("/organizations", keyOrToken("User Details Read"), pageTokens)
	createOrganization = newOperation(http.MethodPost, "/organizations", keyOrToken("User Details Write"))
	getOrganization    = newOperation(http.MethodGet, "/organizations/{organization_id}", keyOnly)
	updateOrganization = newOperation(http.MethodPut, "/organizations/{organization_id}", keyOnly)
	deleteOrganization = newOperation(http.MethodDelete, "/organizations/{organization_id}", keyOnly)
)

// Organization is a container of accounts and of other organizations.
type Organization struct {
	ID         string               `json:"id"`
	Name       string               `json:"name"`                 // not unique
	CreateTime time.Time            `json:"create_time,omitzero"` // zero if the API omits it
	Meta       OrganizationMeta     `json:"meta"`
	Parent     *OrganizationParent  `json:"parent,omitzero"`  // nil for a root organization
	Profile    *OrganizationProfile `json:"profile,omitzero"` // nil if the API omits it
}

// prepare makes room for the two tags that most organizations have. The decoder would grow the slice one by one.
func (o *Organization) prepare() { o.Meta.HierarchyTags = make([]string, 0, 2) }

func (o *Organization) check() error {
	if len(o.Meta.HierarchyTags) == 0 {
		o.Meta.HierarchyTags = nil
	}
	return checkHasID("an organization", o.ID)
}

func (o *Organization) id() string { return o.ID }

// Flags returns Meta.TenantFlags if the API sent them, otherwise the older Meta.Flags, otherwise the zero
// OrganizationFlags.
func (o *Organization) Flags() OrganizationFlags {
	for _, flags := range []*OrganizationFlags{o.Meta.TenantFlags, o.Meta.Flags} {
		if flags != nil {
			return *flags
		}
	}
	return OrganizationFlags{}
}

// OrganizationMeta holds read-only data about an organization.
type OrganizationMeta struct {
	Flags         *OrganizationFlags `json:"flags,omitzero"`          // an older form with five of the flags
	TenantFlags   *OrganizationFlags `json:"tenant_flags,omitzero"`   // nil if the API omits them
	HierarchyTags []string           `json:"hierarchy_tags,omitzero"` // IDs from the root organization down to this one
	ManagedBy     string             `json:"managed_by,omitzero"`
}

// OrganizationFlags describes the capabilities of an organization. The API does not document the values.
type OrganizationFlags struct {
	AccountCreation      string `json:"account_creation,omitzero"`
	AccountDeletion      string `json:"account_deletion,omitzero"`
	AccountMigration     string `json:"account_migration,omitzero"`
	AccountMobility      string `json:"account_mobility,omitzero"`
	EnterpriseCapability string `json:"enterprise_capability,omitzero"`
	MemberManagement     string `json:"member_management,omitzero"`
	SubOrgCreation       string `json:"sub_org_creation,omitzero"`

	AccountCreationAppliesTenantDefaults string `json:"account_creation_applies_tenant_defaults,omitzero"`
}

// OrganizationParent is the organization directly above another one.
type OrganizationParent struct {
	ID   string `json:"id"`
	Name string `json:"name,omitzero"`
}

// OrganizationListParams filters organizations. Empty filters are ignored. An organization must match all the others.
type OrganizationListParams struct {
	IDs []string `url:"id,omitempty"` // only these; nil for any; a non-nil filter must not be empty

	Name           string `url:"name,omitempty"` // case-sensitive, unlike the next three
	NameContains   string `url:"name.contains,omitempty"`
	NameStartsWith string `url:"name.startsWith,omitempty"`
	NameEndsWith   string `url:"name.endsWith,omitempty"`

	ContainingAccount      string `url:"containing.account,omitempty"`
	ContainingOrganization string `url:"containing.organization,omitempty"`
	ContainingUser         string `url:"containing.user,omitempty"` // organizations that manage this user

	ParentID  string `url:"parent.id,omitempty"` // only those directly below this organization; empty means any parent, or none
	RootsOnly bool   `url:"-"`                   // only those without a parent; not valid together with ParentID

	PageSize  int    `url:"page_size,omitempty"`  // 1 to MaxPageSize; 0 means 10 for List and MaxPageSize for All
	PageToken string `url:"page_token,omitempty"` // the NextPageToken of a page with the same filters; for any other, expect status 400
}

func (p OrganizationListParams) call() call {
	return call{operation: listOrganizations, query: checked(p.query())}
}

func (p OrganizationListParams) query() (url.Values, error) {
	if p.RootsOnly && p.ParentID != "" {
		return nil, invalid("RootsOnly and ParentID are both set")
	}
	if err := cmp.Or(
		checkIDs("IDs", p.IDs),
		checkOptionalID("ParentID", p.ParentID),
		checkOptionalID("ContainingAccount", p.ContainingAccount),
		checkOptionalID("ContainingOrganization", p.ContainingOrganization),
		checkOptionalID("ContainingUser", p.ContainingUser),
	); err != nil {
		return nil, err
	}
	values, err := encodeListParams(p, p.PageSize, pageTokens.maxSize)
	if err == nil && p.RootsOnly {
		values.Set("parent.id", "null")
	}
	return values, err
}

// OrganizationCreateParams describes a new organization.
type OrganizationCreateParams struct {
	Name     string               // required
	ParentID string               // empty for a root organization, unlike in OrganizationListParams
	Profile  *OrganizationProfile // nil for none, not an empty profile
}

// Validate returns the error that Create and Ensure would return for p without sending a request, or nil.
func (p OrganizationCreateParams) Validate() error {
	return validate(checked(p.body()))
}

func (p OrganizationCreateParams) call() call {
	return call{operation: createOrganization, body: checked(p.body())}
}

// OrganizationUpdateParams describes an organization after an update.
type OrganizationUpdateParams struct {
	Name     string               // required
	ParentID string               // omitted if empty
	Profile  *OrganizationProfile // omitted if nil
}

// Validate returns the error that Update would return for p without sending a request, or nil.
func (p OrganizationUpdateParams) Validate() error { return OrganizationCreateParams(p).Validate() }

func (p OrganizationUpdateParams) call(organizationID string) call {
	return call{operation: updateOrganization, ids: []string{organizationID}, body: checked(OrganizationCreateParams(p).body())}
}

// organizationBody is the body of a create and of an update. Fields that are not set are omitted, and never sent as
// null.
type organizationBody struct {
	Name    string               `json:"name"`
	Parent  *parentBody          `json:"parent,omitzero"`
	Profile *OrganizationProfile `json:"profile,omitzero"`
}

type parentBody struct {
	ID string `json:"id"`
}

func (p OrganizationCreateParams) body() (any, error) {
	body := &organizationBody{Name: p.Name, Profile: p.Profile}
	if err := cmp.Or(checkName(p.Name), checkOptionalID("ParentID", p.ParentID)); err != nil {
		return nil, err
	}
	if p.Profile != nil && *p.Profile == (OrganizationProfile{}) {
		return nil, invalid("Profile must have at least one field set")
	}
	if p.ParentID != "" {
		body.Parent = &parentBody{p.ParentID}
	}
	return body, nil
}

// OrganizationDeleteResponse holds the ID of the organization that was deleted.
type OrganizationDeleteResponse struct {
	ID string `json:"id"`
}

func (r *OrganizationDeleteResponse) check() error { return checkHasID("a deletion", r.ID) }
func (r *OrganizationDeleteResponse) id() string   { return r.ID }

// List returns one page of the organizations that the credential can see. See [OrganizationsService.All] for all pages.
//
// List returns an error that matches [ErrInvalidArgument] if IDs is empty but not nil, if IDs, ParentID or a filter on
// what an organization contains is not a valid ID, if RootsOnly and ParentID are both set, or if PageSize is negative
// or larger than [MaxPageSize]. IDs must not take more than 16,384 bytes of the query, as 456 IDs do: split them over
// several calls.
//
// Credential: a global API key, or an API token with the permission User Details Read.
//
// API: GET /organizations
func (s *OrganizationsService) List(ctx context.Context, params OrganizationListParams, opts ...CallOption) (*Page[Organization], error) {
	return list[Organization](ctx, (*service)(s), params.call(), opts)
}

// All returns an iterator over every organization that the credential can see and that matches params. The iterator
// begins with the page that params.PageToken identifies. It fetches each page when it is needed, and again if it is
// used again. The organizations point into their page, so keeping one organization keeps its page in memory: copy the
// value to keep a few of a long list.
//
// All asks for [MaxPageSize] organizations per page unless params.PageSize is set, because the API limits the number of
// requests. Set PageSize if a few organizations are enough: a caller that stops early wastes the rest of the page.
//
// If a page fails, All yields a nil organization and a [*PageError] once, and stops. The PageError holds the token to
// resume from. A list that would not end fails in the same way, after a page token that occurs for the second time or
// has more than 64 KiB, or after 100 empty pages in a row. The same arguments are invalid as in
// [OrganizationsService.List].
//
// Credential: a global API key, or an API token with the permission User Details Read.
//
// API: GET /organizations
func (s *OrganizationsService) All(ctx context.Context, params OrganizationListParams, opts ...CallOption) iter.Seq2[*Organization, error] {
	return all[Organization](ctx, (*service)(s), params.call(), opts)
}

// Get returns an organization, or [ErrNotFound] if it does not exist.
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}
func (s *OrganizationsService) Get(ctx context.Context, organizationID string, opts ...CallOption) (*Organization, error) {
	return one[Organization](ctx, (*service)(s), getOrganization.call(organizationID), opts)
}

// Create creates an organization and returns it.
//
// Create is retried only if the API did not process the request, as after a 429. If the organization may have been
// created, the error matches [ErrOutcomeUnknown], and the organization may still appear later. Names are not unique, so
// list the organizations of that name before calling Create again, or use [OrganizationsService.Ensure].
//
// Create returns an error that matches [ErrInvalidArgument] if Name is empty or begins or ends with white space, if
// ParentID is not valid, or if Profile is not nil and no field of it is set.
//
// Credential: a global API key, or an API token with the permission User Details Write.
//
// API: POST /organizations
func (s *OrganizationsService) Create(ctx context.Context, params OrganizationCreateParams, opts ...CallOption) (*Organization, error) {
	return one[Organization](ctx, (*service)(s), params.call(), opts)
}

// Update replaces an organization and returns it. The API may clear fields that params omit, including the profile,
// although it documents that an update changes only the name at present. To change some fields, use
// [OrganizationsService.Modify].
//
// The same params are invalid as in [OrganizationsService.Create].
//
// Credential: a global API key.
//
// API: PUT /organizations/{organization_id}
func (s *OrganizationsService) Update(ctx context.Context, organizationID string, params OrganizationUpdateParams, opts ...CallOption) (*Organization, error) {
	return one[Organization](ctx, (*service)(s), params.call(organizationID), opts)
}

// Delete deletes an organization. It returns an [*Error] if the organization still contains accounts, members or
// organizations. See [OrganizationsService.DeleteIfEmpty] for a delete that checks first.
//
// Delete returns [ErrNotFound] if the organization does not exist. If the outcome of an attempt is unknown and the next
// attempt finds no organization, Delete succeeds.
//
// Credential: a global API key.
//
// API: DELETE /organizations/{organization_id}
func (s *OrganizationsService) Delete(ctx context.Context, organizationID string, opts ...CallOption) (*OrganizationDeleteResponse, error) {
	response, err := one[OrganizationDeleteResponse](ctx, (*service)(s), deleteOrganization.call(organizationID), opts)
	if deletedEarlier(err) {
		return &OrganizationDeleteResponse{ID: organizationID}, nil
	}
	return response, err
}

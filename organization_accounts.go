package cloudflare

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// OrganizationAccountsService lists the accounts in an organization, creates and moves accounts, and reads and changes
// their profiles. Use it as Client.OrganizationAccounts.
type OrganizationAccountsService service

var listAccounts = newList("/organizations/{organization_id}/accounts", keyOnly, pageTokens)

// Account is an account in an organization.
type Account struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"` // empty if the API sends null
	Type      AccountType     `json:"type"`
	Settings  AccountSettings `json:"settings"`
	CreatedOn time.Time       `json:"created_on"`

	Tags      map[string]string `json:"tags,omitempty"`       // nil unless IncludeTags is set
	ManagedBy *AccountManagedBy `json:"managed_by,omitempty"` // only in the result of Create; nil if the API omits it
}

func (a *Account) check() error { return checkHasID("an account", a.ID) }

// AccountManagedBy is the organization that manages an account.
type AccountManagedBy struct {
	ParentOrgID   string `json:"parent_org_id"`
	ParentOrgName string `json:"parent_org_name"`
}

// AccountType is the type of an account. The API may send other values than the constants.
type AccountType string

// The documented types of an [Account].
const (
	AccountTypeStandard   AccountType = "standard"
	AccountTypeEnterprise AccountType = "enterprise"
)

// AccountSettings are the settings of an account. The API may send null for each of them, or omit it.
type AccountSettings struct {
	EnforceTwofactor     Nullable[bool]      `json:"enforce_twofactor,omitzero"`
	APIAccessEnabled     Nullable[bool]      `json:"api_access_enabled,omitzero"`
	AccessApprovalExpiry Nullable[time.Time] `json:"access_approval_expiry,omitzero"`
	AbuseContactEmail    Nullable[string]    `json:"abuse_contact_email,omitzero"`

	// Deprecated: The API deprecates this field.
	DefaultNameservers Nullable[string] `json:"default_nameservers,omitzero"`
	// Deprecated: The API deprecates this field.
	UseAccountCustomNSByDefault Nullable[bool] `json:"use_account_custom_ns_by_default,omitzero"`
}

// OrganizationAccountListParams filters and orders the accounts of an organization. Empty filters are ignored. An
// account must match all the others. No filter is case-sensitive.
type OrganizationAccountListParams struct {
	Name           string `url:"name,omitempty"`
	NameContains   string `url:"name.contains,omitempty"`
	NameStartsWith string `url:"name.startsWith,omitempty"`
	NameEndsWith   string `url:"name.endsWith,omitempty"`

	// Deprecated: The API deprecates this parameter. Use the filters on Name.
	AccountPubname string `url:"account_pubname,omitempty"`
	// Deprecated: The API deprecates this parameter. Use the filters on Name.
	AccountPubnameContains string `url:"account_pubname.contains,omitempty"`
	// Deprecated: The API deprecates this parameter. Use the filters on Name.
	AccountPubnameStartsWith string `url:"account_pubname.startsWith,omitempty"`
	// Deprecated: The API deprecates this parameter. Use the filters on Name.
	AccountPubnameEndsWith string `url:"account_pubname.endsWith,omitempty"`

	OrderBy   AccountOrder `url:"order_by,omitempty"`  // empty means by an internal account ID
	Direction Direction    `url:"direction,omitempty"` // of OrderBy; empty means DirectionAscending

	IncludeTags bool `url:"include_tags,omitempty"` // sets Tags of each account
	OmitTotal   bool `url:"-"`                      // omits TotalSize, which is cheaper for the API; All always sets it

	PageSize  int    `url:"page_size,omitempty"`  // 1 to MaxPageSize; 0 means 10 for List and MaxPageSize for All
	PageToken string `url:"page_token,omitempty"` // the NextPageToken of a page that was listed with the same filters
}

// AccountOrder is the field that a list of accounts is ordered by.
type AccountOrder string

// AccountOrderByName orders a list of accounts by name.
const AccountOrderByName AccountOrder = "account_name"

// Direction is the direction in which a list is ordered.
type Direction string

// The directions in which a list can be ordered.
const (
	DirectionAscending  Direction = "asc"
	DirectionDescending Direction = "desc"
)

// List returns one page of the accounts that are directly in an organization. The accounts of its sub-organizations are
// not included. See [OrganizationAccountsService.All] for all pages.
//
// List returns an error that matches [ErrInvalidArgument] if PageSize is negative or larger than [MaxPageSize].
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}/accounts
func (s *OrganizationAccountsService) List(ctx context.Context, organizationID string, params OrganizationAccountListParams, opts ...CallOption) (*Page[Account], error) {
	return list[Account](ctx, (*service)(s), params.call(organizationID), opts)
}

// All returns an iterator over the accounts that are directly in an organization and that match params, page after
// page. All works like [OrganizationsService.All]. The same arguments are invalid as in
// [OrganizationAccountsService.List].
//
// The accounts of sub-organizations are not included. To read a whole hierarchy, list the accounts of each
// organization.
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}/accounts
func (s *OrganizationAccountsService) All(ctx context.Context, organizationID string, params OrganizationAccountListParams, opts ...CallOption) iter.Seq2[*Account, error] {
	params.OmitTotal = true // the items of All do not have the total
	return all[Account](ctx, (*service)(s), params.call(organizationID), opts)
}

func (p OrganizationAccountListParams) call(organizationID string) call {
	return call{operation: listAccounts, ids: []string{organizationID}, query: checked(p.query())}
}

func (p OrganizationAccountListParams) query() (url.Values, error) {
	values, err := encodeListParams(p, p.PageSize, pageTokens.maxSize)
	if err == nil && p.OmitTotal {
		values.Set("include_total", "false")
	}
	return values, err
}

package cloudflare

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// OrganizationAccountsService lists the accounts in an organization. Use it as Client.OrganizationAccounts.
type OrganizationAccountsService service

var listAccounts = newOperation(http.MethodGet, "/organizations/{organization_id}/accounts", keyOnly)

// Account is an account in an organization.
type Account struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"` // empty if the API sends null
	Type      AccountType     `json:"type"`
	Settings  AccountSettings `json:"settings"`
	CreatedOn time.Time       `json:"created_on"`
}

func (a *Account) check() error { return checkHasID("an account", a.ID) }

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

	PageSize  int    `url:"page_size,omitempty"`  // 1 to MaxPageSize; 0 means 10 for List and 100 for All
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

// List returns one page of the accounts in an organization. See [OrganizationAccountsService.All] for all pages.
//
// List returns an error that matches [ErrInvalidArgument] if PageSize is negative or larger than [MaxPageSize].
//
// API: GET /organizations/{organization_id}/accounts
func (s *OrganizationAccountsService) List(ctx context.Context, organizationID string, params OrganizationAccountListParams, opts ...CallOption) (*Page[Account], error) {
	return list[Account](ctx, (*service)(s), params.call(organizationID), opts)
}

// All returns an iterator over the accounts in an organization that match params, page after page. It works like
// [OrganizationsService.All]. The accounts of sub-organizations are not included.
//
// API: GET /organizations/{organization_id}/accounts
func (s *OrganizationAccountsService) All(ctx context.Context, organizationID string, params OrganizationAccountListParams, opts ...CallOption) iter.Seq2[*Account, error] {
	return all[Account](ctx, (*service)(s), params.call(organizationID), opts)
}

func (p OrganizationAccountListParams) call(organizationID string) call {
	return call{operation: listAccounts, ids: []string{organizationID}, query: checked(encodeListParams(p, p.PageSize))}
}

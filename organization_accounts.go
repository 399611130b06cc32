package cloudflare

import (
	"context"
	"iter"
	"time"
)

// OrganizationAccountsService lists the accounts in an organization. It is the OrganizationAccounts of a [Client].
type OrganizationAccountsService service

// Account is an account in an organization.
type Account struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"` // empty also where the API says null
	Type      AccountType     `json:"type"`
	Settings  AccountSettings `json:"settings"`
	CreatedOn time.Time       `json:"created_on"`
}

func (a *Account) check() error { return checkHasID("an account", a.ID) }

// AccountType is the kind of an account. The API may send others than the ones named here.
type AccountType string

// The types of an [Account] that the API documents.
const (
	AccountTypeStandard   AccountType = "standard"
	AccountTypeEnterprise AccountType = "enterprise"
)

// AccountSettings are the settings of an account. The API may send null for each, or leave it out.
type AccountSettings struct {
	EnforceTwofactor     Nullable[bool]      `json:"enforce_twofactor,omitzero"`
	APIAccessEnabled     Nullable[bool]      `json:"api_access_enabled,omitzero"`
	AccessApprovalExpiry Nullable[time.Time] `json:"access_approval_expiry,omitzero"`
	AbuseContactEmail    Nullable[string]    `json:"abuse_contact_email,omitzero"`

	// Deprecated: by the API.
	DefaultNameservers Nullable[string] `json:"default_nameservers,omitzero"`
	// Deprecated: by the API.
	UseAccountCustomNSByDefault Nullable[bool] `json:"use_account_custom_ns_by_default,omitzero"`
}

// OrganizationAccountListParams selects and orders the accounts of an organization. A filter that is empty does not
// select; filters that are set must all fit. None of them is case-sensitive.
type OrganizationAccountListParams struct {
	Name           string `url:"name,omitempty"`
	NameContains   string `url:"name.contains,omitempty"`
	NameStartsWith string `url:"name.startsWith,omitempty"`
	NameEndsWith   string `url:"name.endsWith,omitempty"`

	// Deprecated: by the API.
	AccountPubname string `url:"account_pubname,omitempty"`
	// Deprecated: by the API.
	AccountPubnameContains string `url:"account_pubname.contains,omitempty"`
	// Deprecated: by the API.
	AccountPubnameStartsWith string `url:"account_pubname.startsWith,omitempty"`
	// Deprecated: by the API.
	AccountPubnameEndsWith string `url:"account_pubname.endsWith,omitempty"`

	OrderBy   AccountOrder `url:"order_by,omitempty"`  // OrderByAccountName; empty is by a number of the API's own
	Direction Direction    `url:"direction,omitempty"` // of OrderBy; empty is Ascending

	PageSize  int    `url:"page_size,omitempty"`  // 1 to MaxPageSize; 0 is the API's 10 for List and 100 for All
	PageToken string `url:"page_token,omitempty"` // a Page's NextPageToken; the filters must be the same again
}

// AccountOrder is what a list of accounts is ordered by.
type AccountOrder string

// OrderByAccountName orders a list of accounts by their names.
const OrderByAccountName AccountOrder = "account_name"

// Direction is the direction of an order.
type Direction string

// The directions of an order.
const (
	Ascending  Direction = "asc"
	Descending Direction = "desc"
)

// List returns one page of the accounts in an organization. [OrganizationAccountsService.All] returns all pages.
//
// It refuses a PageSize that is negative or over [MaxPageSize].
//
// API: GET /organizations/{organization_id}/accounts
func (s *OrganizationAccountsService) List(ctx context.Context, organizationID string, params OrganizationAccountListParams, opts ...CallOption) (*Page[Account], error) {
	query, err := listQuery(params, params.PageSize)
	return list[Account](ctx, (*service)(s), []string{"organizations", organizationID, "accounts"}, query, err, opts)
}

// All yields every account in an organization that params select, page after page, from the page that
// params.PageToken names, as [OrganizationsService.All] does: also in what it asks for and how it fails.
//
// API: GET /organizations/{organization_id}/accounts
func (s *OrganizationAccountsService) All(ctx context.Context, organizationID string, params OrganizationAccountListParams, opts ...CallOption) iter.Seq2[*Account, error] {
	query, err := listQuery(params, params.PageSize)
	return all[Account](ctx, (*service)(s), []string{"organizations", organizationID, "accounts"}, query, err, opts)
}

package cloudflare

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"

	"example.com/cloudflare/internal/envelope"
)

// OrganizationAccountsService lists the accounts in an organization, creates and moves accounts, and reads and changes
// their profiles. Use it as Client.OrganizationAccounts.
type OrganizationAccountsService service

var (
	listAccounts             = newList("/organizations/{organization_id}/accounts", keyOnly, pageTokens)
	createAccount            = newOperation(http.MethodPost, "/accounts", keyOnly)
	moveAccount              = newOperation(http.MethodPost, "/accounts/{account_id}/move", keyOnly)
	listAccountOrganizations = newList("/accounts/{account_id}/organizations", keyOrToken("Account Settings Read"), onePage)
	getAccountProfile        = newOperation(http.MethodGet, "/accounts/{account_id}/profile", keyOrToken("Account Settings Read"))
	updateAccountProfile     = newOperation(http.MethodPut, "/accounts/{account_id}/profile", keyOrToken("Account Settings Write"))
)

// Account is an account in an organization.
type Account struct {
	ID        string          `json:"id"`
	Name      string          `json:"name,omitzero"` // empty if the API sends null
	Type      AccountType     `json:"type"`
	Settings  AccountSettings `json:"settings,omitzero"`
	CreatedOn time.Time       `json:"created_on,omitzero"`

	Tags      map[string]string `json:"tags,omitzero"`       // nil unless IncludeTags is set
	ManagedBy *AccountManagedBy `json:"managed_by,omitzero"` // only in the result of Create; nil if the API omits it
}

func (a *Account) check() error { return checkHasID("an account", a.ID) }

// AccountManagedBy is the organization that manages an account.
type AccountManagedBy struct {
	ParentOrgID   string `json:"parent_org_id,omitzero"`
	ParentOrgName string `json:"parent_org_name,omitzero"`
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
// page. It works like [OrganizationsService.All]. The same arguments are invalid as in
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

// AccountCreateParams describes a new account. If neither OrganizationID nor Standalone is set, the API creates the
// account in the organization that the caller administers. The API returns an error in this case unless the caller
// administers exactly one organization.
type AccountCreateParams struct {
	Name           string      // required
	Type           AccountType // AccountTypeStandard or AccountTypeEnterprise; omitted if empty
	OrganizationID string      // the organization to create the account in
	Standalone     bool        // creates a free account outside of any organization; not valid with OrganizationID

	// IdempotencyKey identifies this creation: the API creates one account for all requests with the same key. The key
	// must be printable ASCII without blanks, at most 255 bytes. If it is empty, Create generates a random key.
	IdempotencyKey string
}

// Validate returns the error that Create would return for p without sending a request, or nil.
func (p AccountCreateParams) Validate() error { return validate(checked(p.body())) }

func (p AccountCreateParams) call() call {
	return call{
		operation:      createAccount,
		body:           checked(p.body()),
		idempotencyKey: cmp.Or(p.IdempotencyKey, newIdempotencyKey()),
	}
}

// accountBody is the body of a create. Fields that are not set are omitted.
type accountBody struct {
	Name       string      `json:"name"`
	Type       AccountType `json:"type,omitzero"`
	Unit       *unitBody   `json:"unit,omitzero"`
	Standalone bool        `json:"standalone,omitzero"`
}

type unitBody struct {
	ID string `json:"id"`
}

func (p AccountCreateParams) body() (any, error) {
	body := accountBody{Name: p.Name, Type: p.Type, Standalone: p.Standalone}
	err := cmp.Or(checkName(p.Name), checkIdempotencyKey(p.IdempotencyKey), checkOptionalID("OrganizationID", p.OrganizationID))
	switch {
	case err != nil:
		return nil, err
	case p.Type != "" && p.Type != AccountTypeStandard && p.Type != AccountTypeEnterprise:
		return nil, invalid("Type must be %q or %q", AccountTypeStandard, AccountTypeEnterprise)
	case p.OrganizationID != "" && p.Standalone:
		return nil, invalid("OrganizationID and Standalone are both set")
	}
	if p.OrganizationID != "" {
		body.Unit = &unitBody{p.OrganizationID}
	}
	return body, nil
}

// newIdempotencyKey returns a random UUID, version 4.
func newIdempotencyKey() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Create creates an account and returns it.
//
// Create sends the same idempotency key with every attempt, and is therefore retried like a PUT. If the outcome is
// unknown after all retries, the error matches [ErrOutcomeUnknown]. To call Create again without creating a second
// account, set IdempotencyKey in params to that of the [*Error] or [*CallError]. The API does not document how long it
// recognizes a key.
//
// Create returns an error that matches [ErrInvalidArgument] if Name is empty or begins or ends with white space, if
// Type is neither empty, standard nor enterprise, if OrganizationID is not valid, if both OrganizationID and Standalone
// are set, or if IdempotencyKey is not valid.
//
// Credential: a global API key.
//
// API: POST /accounts
func (s *OrganizationAccountsService) Create(ctx context.Context, params AccountCreateParams, opts ...CallOption) (*Account, error) {
	return one[Account](ctx, (*service)(s), params.call(), opts)
}

// AccountMoveResponse holds the source and the destination of an account that was moved.
type AccountMoveResponse struct {
	AccountID                 string `json:"account_id"`
	SourceOrganizationID      string `json:"source_organization_id,omitzero"` // empty if the account was in no organization
	DestinationOrganizationID string `json:"destination_organization_id"`
}

// moveResult is an AccountMoveResponse that must match the request.
type moveResult struct {
	AccountMoveResponse
	accountID, destinationID string
}

func (r *moveResult) check() error {
	if !sameID(r.AccountID, r.accountID) || !sameID(r.DestinationOrganizationID, r.destinationID) {
		return errors.New("it is about another account or organization")
	}
	return nil
}

// Move moves an account to another organization. The API can move an account that is not in an organization, and can
// move an account within a hierarchy. Other moves depend on the capabilities of the organizations.
//
// Move is retried only if the API did not process the request, as after a 429. If the account may have been moved, the
// error matches [ErrOutcomeUnknown]. [OrganizationAccountsService.ListOrganizations] then returns where the account is.
//
// Credential: a global API key.
//
// API: POST /accounts/{account_id}/move
func (s *OrganizationAccountsService) Move(ctx context.Context, accountID, destinationOrganizationID string, opts ...CallOption) (*AccountMoveResponse, error) {
	result := moveResult{accountID: accountID, destinationID: destinationOrganizationID}
	move := moveAccount.call(accountID)
	move.body = checked[any](struct {
		DestinationOrganizationID string `json:"destination_organization_id"`
	}{destinationOrganizationID}, checkID("destination organization ID", destinationOrganizationID))
	err := (*service)(s).do(ctx, move, &envelope.Envelope{Result: envelope.Result{Into: &result}}, opts)
	if err != nil {
		return nil, err
	}
	return &result.AccountMoveResponse, nil
}

// ListOrganizations returns the organizations that contain an account. The list begins with the root organization, ends
// with the organization that the account is directly in, and has no pages. ContainingAccount in
// [OrganizationListParams] filters the organizations that the credential can see by the same relation.
//
// Credential: a global API key, or an API token with the permission Account Settings Read.
//
// API: GET /accounts/{account_id}/organizations
func (s *OrganizationAccountsService) ListOrganizations(ctx context.Context, accountID string, opts ...CallOption) ([]Organization, error) {
	page, err := list[Organization](ctx, (*service)(s), listAccountOrganizations.call(accountID), opts)
	if err != nil {
		return nil, err
	}
	return page.Items, nil
}

// GetProfile returns the profile of an account, or [ErrNotFound] if the profile was never set or the account does not
// exist. Several accounts and organizations can share one profile.
//
// Credential: a global API key, or an API token with the permission Account Settings Read.
//
// API: GET /accounts/{account_id}/profile
func (s *OrganizationAccountsService) GetProfile(ctx context.Context, accountID string, opts ...CallOption) (*OrganizationProfile, error) {
	return one[OrganizationProfile](ctx, (*service)(s), getAccountProfile.call(accountID), opts)
}

// UpdateProfile changes the profile of an account, and thus of all accounts and organizations that share it. It sends
// all five fields. The API documents that an empty field keeps its value.
//
// UpdateProfile returns an error that matches [ErrInvalidArgument] if no field of profile is set.
//
// Credential: a global API key, or an API token with the permission Account Settings Write.
//
// API: PUT /accounts/{account_id}/profile
func (s *OrganizationAccountsService) UpdateProfile(ctx context.Context, accountID string, profile OrganizationProfile, opts ...CallOption) error {
	return (*service)(s).do(ctx, profile.call(updateAccountProfile, accountID), new(envelope.Envelope), opts)
}

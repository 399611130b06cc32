package cloudflare

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// OrganizationSharesService lists the resources that the accounts of an organization share. Use it as
// Client.OrganizationShares. Shares are created and changed with other endpoints of the API, for one account at a time.
// The list requires the Enterprise plan.
type OrganizationSharesService service

var listShares = newList("/organizations/{organization_id}/shares", keyOnly, pageNumbers)

// Share is a set of resources that an account shares with other accounts or with the organization.
type Share struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	AccountID      string          `json:"account_id"`
	AccountName    string          `json:"account_name"`
	OrganizationID string          `json:"organization_id"`
	Status         ShareStatus     `json:"status"`
	Kind           ShareKind       `json:"kind,omitzero"`
	TargetType     ShareTargetType `json:"target_type"`
	Created        time.Time       `json:"created,omitzero"`
	Modified       time.Time       `json:"modified,omitzero"`

	// The API may omit the resources and the numbers of recipients.
	Resources                    []ShareResource `json:"resources,omitzero"`
	AssociatedRecipientCount     Nullable[int]   `json:"associated_recipient_count,omitzero"`
	AssociatingRecipientCount    Nullable[int]   `json:"associating_recipient_count,omitzero"`
	DisassociatedRecipientCount  Nullable[int]   `json:"disassociated_recipient_count,omitzero"`
	DisassociatingRecipientCount Nullable[int]   `json:"disassociating_recipient_count,omitzero"`
}

func (s *Share) check() error { return checkHasID("a share", s.ID) }

// ShareResource is a resource in a [Share].
type ShareResource struct {
	ID                string            `json:"id"`          // of the resource in the share
	ResourceID        string            `json:"resource_id"` // of the resource itself
	ResourceAccountID string            `json:"resource_account_id"`
	ResourceType      ShareResourceType `json:"resource_type"`
	ResourceVersion   int               `json:"resource_version"`
	Status            ShareStatus       `json:"status"`
	Meta              json.RawMessage   `json:"meta,omitzero"` // as sent
	Created           time.Time         `json:"created,omitzero"`
	Modified          time.Time         `json:"modified,omitzero"`
}

// ShareStatus is the status of a share or of a resource in it. The API may send other values than the constants.
type ShareStatus string

// The documented statuses of a [Share] and of a [ShareResource].
const (
	ShareStatusActive   ShareStatus = "active"
	ShareStatusDeleting ShareStatus = "deleting"
	ShareStatusDeleted  ShareStatus = "deleted"
)

// ShareKind reports whether the organization sends or receives a share. The API may send other values than the
// constants.
type ShareKind string

// The documented kinds of a [Share].
const (
	ShareKindSent     ShareKind = "sent"
	ShareKindReceived ShareKind = "received"
)

// ShareTargetType is the type of the recipients of a share. The API may send other values than the constants.
type ShareTargetType string

// The documented target types of a [Share].
const (
	ShareTargetTypeAccount      ShareTargetType = "account"
	ShareTargetTypeOrganization ShareTargetType = "organization"
)

// ShareResourceType is the type of a resource in a share. The API may send other values than the constants.
type ShareResourceType string

// The documented types of a [ShareResource].
const (
	ShareResourceTypeCustomRuleset                ShareResourceType = "custom-ruleset"
	ShareResourceTypeGatewayPolicy                ShareResourceType = "gateway-policy"
	ShareResourceTypeGatewayDestinationIP         ShareResourceType = "gateway-destination-ip"
	ShareResourceTypeGatewayBlockPageSettings     ShareResourceType = "gateway-block-page-settings"
	ShareResourceTypeGatewayExtendedEmailMatching ShareResourceType = "gateway-extended-email-matching"
	ShareResourceTypeIDPFederationGrant           ShareResourceType = "idp-federation-grant"
	ShareResourceTypeTrustGrant                   ShareResourceType = "trust-grant"
)

// ShareOrder is the field that a list of shares is ordered by.
type ShareOrder string

// The fields that a list of shares can be ordered by.
const (
	ShareOrderByName    ShareOrder = "name"
	ShareOrderByCreated ShareOrder = "created"
)

// ShareListParams filters and orders the shares of an organization. Empty filters are ignored. A share must match all
// the others.
type ShareListParams struct {
	Status        ShareStatus         `url:"status,omitempty"`
	Kind          ShareKind           `url:"kind,omitempty"`
	TargetType    ShareTargetType     `url:"target_type,omitempty"`
	ResourceTypes []ShareResourceType `url:"resource_types,omitempty"` // any of these; a non-nil filter must not be empty

	OrderBy   ShareOrder `url:"order,omitempty"`     // empty means ShareOrderByCreated
	Direction Direction  `url:"direction,omitempty"` // empty means DirectionAscending

	PageSize  int    `url:"per_page,omitempty"` // 1 to 100; 0 means 20 for List and 100 for All
	PageToken string `url:"page,omitempty"`     // a page number, at least 1, or the NextPageToken of a page with the same filters
}

// call always sends a page number and a page size: without both, the API would respond with the whole list.
func (p ShareListParams) call(organizationID string, defaultSize int) call {
	p.PageToken, p.PageSize = cmp.Or(p.PageToken, "1"), cmp.Or(p.PageSize, defaultSize)
	return call{operation: listShares, ids: []string{organizationID}, query: checked(p.query())}
}

func (p ShareListParams) query() (url.Values, error) {
	if err := checkAnyOf("ResourceTypes", p.ResourceTypes); err != nil {
		return nil, err
	}
	if n, err := strconv.ParseUint(p.PageToken, 10, 31); err != nil || n == 0 {
		return nil, invalid("PageToken must be a page number, at least 1")
	}
	return encodeListParams(p, p.PageSize, pageNumbers.maxSize)
}

// List returns one page of the shares of an organization. See [OrganizationSharesService.All] for all pages.
//
// List returns an error that matches [ErrInvalidArgument] if ResourceTypes is empty but not nil or has an empty
// element, if PageSize is negative or larger than 100, or if PageToken is not a page number.
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}/shares
func (s *OrganizationSharesService) List(ctx context.Context, organizationID string, params ShareListParams, opts ...CallOption) (*Page[Share], error) {
	return list[Share](ctx, (*service)(s), params.call(organizationID, 20), opts)
}

// All returns an iterator over the shares of an organization that match params, page after page. It works like
// [OrganizationsService.All], but asks for 100 shares per page by default. The API numbers the pages, so a share may be
// missing or appear twice if others are added or removed while the list is read. The same arguments are invalid as in
// [OrganizationSharesService.List].
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}/shares
func (s *OrganizationSharesService) All(ctx context.Context, organizationID string, params ShareListParams, opts ...CallOption) iter.Seq2[*Share, error] {
	return all[Share](ctx, (*service)(s), params.call(organizationID, pageNumbers.maxSize), opts)
}

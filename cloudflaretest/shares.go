package cloudflaretest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Share describes a share for [Server.AddShare].
type Share struct {
	ID          string // generated if empty
	Name        string
	AccountID   string
	AccountName string
	Status      string    // active, deleting or deleted; active if empty
	TargetType  string    // account or organization; account if empty
	Kind        string    // sent or received; sent if empty
	Created     time.Time // generated if zero
	Modified    time.Time // as Created if zero

	// ResourceTypes are the types of the shared resources, only for the filter resource_types.
	ResourceTypes []string

	// Fields is a JSON object with further fields, such as {"resources": []}. Fields replaces fields above of the same
	// name.
	Fields json.RawMessage
}

var (
	shareStatuses      = []string{"active", "deleting", "deleted"}
	shareKinds         = []string{"sent", "received"}
	shareTargetTypes   = []string{"account", "organization"}
	shareResourceTypes = []string{
		"custom-ruleset", "gateway-policy", "gateway-destination-ip", "gateway-block-page-settings",
		"gateway-extended-email-matching", "idp-federation-grant", "trust-grant",
	}
)

type share struct {
	Share
	wire json.RawMessage
}

type wireShare struct {
	ID             string    `json:"id"`
	Name           string    `json:"name"`
	AccountID      string    `json:"account_id"`
	AccountName    string    `json:"account_name"`
	OrganizationID string    `json:"organization_id"`
	Created        time.Time `json:"created"`
	Modified       time.Time `json:"modified"`
	Status         string    `json:"status"`
	TargetType     string    `json:"target_type"`
	Kind           string    `json:"kind"`
}

// AddShare adds a share to an organization. AddShare panics if the organization does not exist, if the ID is taken, if
// Status, TargetType, Kind or a resource type is not valid in the API, or if Fields is not a JSON object.
func (s *Server) AddShare(organizationID string, sh Share) (shareID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.mustHave("AddShare", organizationID)
	id, created := s.next("share")
	sh.ID = cmp.Or(sh.ID, id)
	sh.Status = cmp.Or(sh.Status, shareStatuses[0])
	sh.TargetType = cmp.Or(sh.TargetType, shareTargetTypes[0])
	sh.Kind = cmp.Or(sh.Kind, shareKinds[0])
	sh.Created = cmp.Or(sh.Created, created).UTC()
	sh.Modified = cmp.Or(sh.Modified, sh.Created).UTC()
	sh.ResourceTypes = slices.Clone(sh.ResourceTypes)

	mustBe := func(field, value string, allowed []string) {
		if !slices.Contains(allowed, value) {
			panic(fmt.Sprintf("cloudflaretest: AddShare: %s must be one of %s, not %q", field, strings.Join(allowed, ", "), value))
		}
	}
	mustBe("Status", sh.Status, shareStatuses)
	mustBe("TargetType", sh.TargetType, shareTargetTypes)
	mustBe("Kind", sh.Kind, shareKinds)
	for _, resourceType := range sh.ResourceTypes {
		mustBe("ResourceTypes", resourceType, shareResourceTypes)
	}
	if slices.ContainsFunc(o.shares, func(other share) bool { return other.ID == sh.ID }) {
		panic(fmt.Sprintf("cloudflaretest: AddShare: there is already a share %q", sh.ID))
	}
	wire, err := withFields(wireShare{
		sh.ID, sh.Name, sh.AccountID, sh.AccountName, o.id, sh.Created, sh.Modified, sh.Status, sh.TargetType, sh.Kind,
	}, sh.Fields)
	if err != nil {
		panic(fmt.Sprintf("cloudflaretest: AddShare: %v", err))
	}
	o.shares = append(o.shares, share{sh, wire})
	return sh.ID
}

// shareEnvelope wraps shares. It has no messages, and its result is null if it is empty.
type shareEnvelope struct {
	Success    bool              `json:"success"`
	Errors     []message         `json:"errors"`
	Result     []json.RawMessage `json:"result"`
	ResultInfo *shareInfo        `json:"result_info,omitempty"`
}

// shareInfo omits the page fields if the list was not paginated.
type shareInfo struct {
	Count      int  `json:"count"`
	Page       int  `json:"page,omitempty"`
	PerPage    int  `json:"per_page,omitempty"`
	TotalCount int  `json:"total_count"` // without filters
	TotalPages *int `json:"total_pages,omitempty"`
}

func shareFailure(status int, err error) response {
	return response{status, shareEnvelope{Errors: []message{{Code: codeOther, Message: err.Error()}}}}
}

func (s *Server) listShares(c *call) response {
	id := c.params["organization"]
	if len(id) > 32 {
		return shareFailure(http.StatusBadRequest, errors.New("organization_id must have at most 32 characters"))
	}
	o := s.organization[id]
	if o == nil {
		return shareFailure(http.StatusNotFound, errors.New("organization not found"))
	}
	number, pageErr := intParam(c.query, "page", 1, 1<<30, 1)
	size, sizeErr := intParam(c.query, "per_page", 1, 100, 20)
	if err := cmp.Or(
		checkEnum(c.query, "status", shareStatuses...),
		checkEnum(c.query, "kind", shareKinds...),
		checkEnum(c.query, "target_type", shareTargetTypes...),
		checkEnum(c.query, "resource_types", shareResourceTypes...),
		checkEnum(c.query, "order", "name", "created"),
		checkEnum(c.query, "direction", "asc", "desc"),
		pageErr, sizeErr,
	); err != nil {
		return shareFailure(http.StatusBadRequest, err)
	}

	equal := func(param, value string) bool { return !c.query.Has(param) || c.query.Get(param) == value }
	matching := filter(o.shares, func(sh share) bool {
		return equal("status", sh.Status) && equal("kind", sh.Kind) && equal("target_type", sh.TargetType) &&
			(!c.query.Has("resource_types") || slices.ContainsFunc(sh.ResourceTypes, func(resourceType string) bool {
				return slices.Contains(c.query["resource_types"], resourceType)
			}))
	})
	slices.SortStableFunc(matching, func(a, b share) int {
		if c.query.Get("direction") == "desc" {
			a, b = b, a
		}
		if c.query.Get("order") == "name" {
			return cmp.Compare(a.Name, b.Name)
		}
		return a.Created.Compare(b.Created)
	})

	info := &shareInfo{TotalCount: len(o.shares)}
	if c.query.Has("page") || c.query.Has("per_page") {
		info.Page, info.PerPage = number, size
		info.TotalPages = new((len(matching) + size - 1) / size)
		start := min(number-1, *info.TotalPages) * size
		matching = matching[min(start, len(matching)):min(start+size, len(matching))]
	}
	var result []json.RawMessage
	for _, sh := range matching {
		result = append(result, sh.wire)
	}
	info.Count = len(result)
	return response{http.StatusOK, shareEnvelope{true, []message{}, result, info}}
}

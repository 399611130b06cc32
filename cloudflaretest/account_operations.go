package cloudflaretest

import (
	"bytes"
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"
)

// keyedAccount is an account that was created with an Idempotency-Key.
type keyedAccount struct {
	body     []byte
	response response
}

// wireNewAccount is an account as POST /accounts returns it.
type wireNewAccount struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Type      string         `json:"type"`
	CreatedOn time.Time      `json:"created_on"`
	Settings  wireSettings   `json:"settings"`
	ManagedBy *wireManagedBy `json:"managed_by,omitempty"`
}

type wireSettings struct {
	AbuseContactEmail string `json:"abuse_contact_email"`
	EnforceTwofactor  bool   `json:"enforce_twofactor"`
}

type wireManagedBy struct {
	ParentOrgID   string `json:"parent_org_id"`
	ParentOrgName string `json:"parent_org_name"`
}

// createAccount returns the same response for an Idempotency-Key that was used before.
func (s *Server) createAccount(c *call) response {
	keys := c.Header.Values("Idempotency-Key")
	if len(keys) > 1 || len(keys) == 1 && keys[0] == "" {
		return badRequest(errors.New("Idempotency-Key must have one value that is not empty"))
	}
	if len(keys) == 1 {
		if before, ok := s.accountKeys[keys[0]]; ok {
			if !bytes.Equal(before.body, c.body) {
				return failure(http.StatusConflict, codeOther, "Idempotency-Key was used with another body")
			}
			return before.response
		}
	}
	in, o, err := s.parseAccount(c.body)
	if err != nil {
		return badRequest(err)
	}
	if o == nil && len(keys) == 0 {
		return badRequest(errors.New("Idempotency-Key is required for a standalone account"))
	}

	a := s.addAccount(o, in)
	w := wireNewAccount{ID: a.ID, Name: a.Name, Type: a.Type, CreatedOn: a.CreatedOn}
	if o != nil {
		w.ManagedBy = &wireManagedBy{o.id, o.name.exact}
		c.changed(o.id, "account", a.ID)
	}
	resp := success(w)
	if len(keys) == 1 {
		s.accountKeys[keys[0]] = keyedAccount{c.body, resp}
	}
	return resp
}

// parseAccount returns an account to create, and the organization to create it in: nil for a standalone account.
func (s *Server) parseAccount(body []byte) (a Account, o *organization, err error) {
	in, err := parseObject(body)
	if err != nil {
		return a, nil, err
	}
	name, _, nameErr := in.text("name")
	kind, hasKind, kindErr := in.text("type")
	unit, unitErr := in.object("unit")
	standalone, hasStandalone := in["standalone"]
	switch {
	case cmp.Or(nameErr, kindErr, unitErr) != nil:
		return a, nil, cmp.Or(nameErr, kindErr, unitErr)
	case name == "":
		return a, nil, errors.New("name is required")
	case hasKind && !slices.Contains(accountTypes, kind):
		return a, nil, errors.New("type must be standard or enterprise")
	case hasStandalone && string(standalone) != "true":
		return a, nil, errors.New("standalone must be true")
	case hasStandalone && unit != nil:
		return a, nil, errors.New("standalone and unit exclude each other")
	}
	a = Account{Name: name, Type: kind}
	switch {
	case hasStandalone:
		return a, nil, nil
	case unit != nil:
		id, _, err := unit.text("id")
		if o = s.organization[id]; err != nil || o == nil {
			return a, nil, unknownOrganization("unit.id")
		}
		return a, o, nil
	case len(s.organizations) != 1:
		return a, nil, errors.New("unit is required unless there is exactly one organization")
	}
	return a, s.organizations[0], nil
}

// listAccountOrganizations lists the organizations that contain the account, from the root to the one that the account
// is directly in.
func (s *Server) listAccountOrganizations(c *call) response {
	result := []wireOrganization{}
	for _, o := range c.account.organization.chain() {
		result = append(result, o.wire())
	}
	return success(result)
}

func (s *Server) moveAccount(c *call) response {
	body, err := parseObject(c.body)
	if err != nil {
		return badRequest(err)
	}
	id, _, err := body.text("destination_organization_id")
	source, destination := c.account.organization, s.organization[id]
	switch {
	case err != nil:
		return badRequest(err)
	case id == "":
		return badRequest(errors.New("destination_organization_id is required"))
	case destination == nil:
		return badRequest(unknownOrganization("destination_organization_id"))
	case source == destination:
		return failure(http.StatusConflict, codeOther, "the account is already in the organization")
	case source != nil && source.chain()[0] != destination.chain()[0]:
		return failure(http.StatusForbidden, codeOther, "the account cannot leave the hierarchy of its organization")
	}
	result := struct {
		AccountID                 string `json:"account_id"`
		SourceOrganizationID      string `json:"source_organization_id"`
		DestinationOrganizationID string `json:"destination_organization_id"`
	}{AccountID: c.account.ID, DestinationOrganizationID: id}
	if source != nil {
		result.SourceOrganizationID = source.id
		c.changed(source.id, "account", c.account.ID)
	}
	c.account.moveTo(destination)
	c.changed(id, "account", c.account.ID)
	return success(result)
}

// The profile of an account is that of its organization.
func (s *Server) getAccountProfile(c *call) response {
	if c.organization = c.account.organization; c.organization == nil {
		return unauthorized()
	}
	return s.getProfile(c)
}

func (s *Server) updateAccountProfile(c *call) response {
	if c.organization = c.account.organization; c.organization == nil {
		return unauthorized()
	}
	return s.updateProfile(c)
}

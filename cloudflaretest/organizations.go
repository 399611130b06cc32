package cloudflaretest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

type organization struct {
	id       string
	name     text
	created  time.Time
	parent   *organization // nil for a root
	children int
	profile  *wireProfile // replaced as a whole, never changed
	accounts []*account
	members  []*member
	shares   []share
	usage    []usageRecord
	unseen   int // reads by ID that still fail with 404
}

type wireOrganization struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	CreateTime time.Time    `json:"create_time"`
	Meta       wireMeta     `json:"meta"`
	Parent     *wireParent  `json:"parent,omitempty"`
	Profile    *wireProfile `json:"profile,omitempty"`
}

// wireMeta has the flags under both names: tenant_flags is the present name, flags the older one.
type wireMeta struct {
	TenantFlags   wireTenantFlags `json:"tenant_flags"`
	Flags         wireFlags       `json:"flags"`
	HierarchyTags []string        `json:"hierarchy_tags"`
	ManagedBy     string          `json:"managed_by,omitempty"`
}

type wireTenantFlags struct {
	wireFlags
	AccountCreationAppliesTenantDefaults string `json:"account_creation_applies_tenant_defaults"`
	EnterpriseCapability                 string `json:"enterprise_capability"`
	MemberManagement                     string `json:"member_management"`
}

type wireFlags struct {
	AccountCreation  string `json:"account_creation"`
	AccountDeletion  string `json:"account_deletion"`
	AccountMigration string `json:"account_migration"`
	AccountMobility  string `json:"account_mobility"`
	SubOrgCreation   string `json:"sub_org_creation"`
}

type wireParent struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

const flagOn, flagOff = "enabled", "disabled"

func (o *organization) wire() wireOrganization {
	flags := wireFlags{AccountCreation: flagOn, AccountDeletion: flagOff, AccountMigration: flagOff, AccountMobility: flagOn, SubOrgCreation: flagOn}
	w := wireOrganization{
		ID:         o.id,
		Name:       o.name.exact,
		CreateTime: o.created,
		Meta: wireMeta{
			TenantFlags: wireTenantFlags{
				wireFlags:                            flags,
				AccountCreationAppliesTenantDefaults: flagOff,
				EnterpriseCapability:                 flagOff,
				MemberManagement:                     flagOn,
			},
			Flags: flags,
		},
		Profile: o.profile,
	}
	for _, holder := range o.chain() {
		w.Meta.HierarchyTags = append(w.Meta.HierarchyTags, holder.id)
	}
	if o.parent != nil {
		w.Parent = &wireParent{o.parent.id, o.parent.name.exact}
		w.Meta.ManagedBy = o.parent.id
	}
	return w
}

// chain returns the organizations from the root to this one.
func (o *organization) chain() []*organization {
	var chain []*organization
	for ; o != nil; o = o.parent {
		chain = append(chain, o)
	}
	slices.Reverse(chain)
	return chain
}

// AddOrganization adds an organization without a request. If parentID is empty, the organization is a root
// organization. AddOrganization panics if the parent does not exist.
func (s *Server) AddOrganization(name, parentID string) (organizationID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var parent *organization
	if parentID != "" {
		parent = s.mustHave("AddOrganization", parentID)
	}
	return s.addOrganization(name, parent, nil).id
}

func (s *Server) addOrganization(name string, parent *organization, profile *wireProfile) *organization {
	o := &organization{name: newText(name), parent: parent, profile: profile}
	o.id, o.created = s.next("organization")
	if parent != nil {
		parent.children++
	}
	s.organizations = append(s.organizations, o)
	s.organization[o.id] = o
	return o
}

// mustHave returns an organization. It panics if the organization does not exist, because the test is wrong.
func (s *Server) mustHave(method, organizationID string) *organization {
	o := s.organization[organizationID]
	if o == nil {
		panic(fmt.Sprintf("cloudflaretest: %s: there is no organization %q", method, organizationID))
	}
	return o
}

func (s *Server) listOrganizations(c *call) response {
	byName := textFilter(c.query, "name", sameCase)
	tests := []func(*organization) bool{func(o *organization) bool { return byName(o.name) }}

	// The API's documentation repeats the parameter, but its schema joins the values with commas. The server accepts
	// both.
	if c.query.Has("id") {
		ids := map[string]bool{}
		for _, joined := range c.query["id"] {
			for id := range strings.SplitSeq(joined, ",") {
				if !isID(id) {
					return badRequest(errors.New("id must be 32 lowercase hexadecimal digits"))
				}
				ids[id] = true
			}
		}
		tests = append(tests, func(o *organization) bool { return ids[o.id] })
	}
	if c.query.Has("parent.id") {
		parentID := c.query.Get("parent.id")
		if parentID != "null" && !isID(parentID) {
			return badRequest(errors.New("parent.id must be null or 32 lowercase hexadecimal digits"))
		}
		tests = append(tests, func(o *organization) bool {
			if o.parent == nil {
				return parentID == "null"
			}
			return o.parent.id == parentID
		})
	}
	for _, kind := range []string{"account", "organization", "user"} {
		if name := "containing." + kind; c.query.Has(name) {
			holders := s.containing(kind, c.query.Get(name))
			tests = append(tests, func(o *organization) bool { return holders[o] })
		}
	}
	return paginate(c, filter(s.organizations, all(tests)), (*organization).wire, true)
}

// containing returns the organizations that contain a resource, directly or in one of their sub-organizations.
func (s *Server) containing(kind, id string) map[*organization]bool {
	holders := map[*organization]bool{}
	add := func(o *organization) {
		for _, holder := range o.chain() {
			holders[holder] = true
		}
	}
	switch kind {
	case "account":
		if a := s.account[id]; a != nil {
			add(a.organization)
		}
	case "organization":
		if o := s.organization[id]; o != nil {
			add(o.parent)
		}
	case "user":
		for _, o := range s.organizations {
			if slices.ContainsFunc(o.members, func(m *member) bool { return m.userID() == id }) {
				add(o)
			}
		}
	}
	return holders
}

func (s *Server) getOrganization(c *call) response {
	if c.organization.unseen > 0 {
		c.organization.unseen--
		return failure(http.StatusNotFound, codeOther, "organization not found")
	}
	return success(c.organization.wire())
}

// createOrganization accepts a name that is taken, as the API does.
func (s *Server) createOrganization(c *call) response {
	in, err := parseOrganization(c.body)
	if err != nil {
		return badRequest(err)
	}
	var parent *organization
	if in.hasParent {
		if parent = s.organization[in.parentID]; parent == nil {
			return badRequest(unknownOrganization("parent.id"))
		}
	}
	o := s.addOrganization(in.name, parent, in.profile)
	o.unseen = s.lag
	c.changed(o.id, "organization", o.id)
	return success(o.wire())
}

func (s *Server) updateOrganization(c *call) response {
	in, err := parseOrganization(c.body)
	if err != nil {
		return badRequest(err)
	}
	o := c.organization
	if in.hasParent && (o.parent == nil || o.parent.id != in.parentID) {
		return badRequest(errors.New("parent.id: the parent of an organization cannot be changed"))
	}
	o.name, o.profile = newText(in.name), in.profile
	c.changed(o.id, "organization", o.id)
	return success(o.wire())
}

func (s *Server) deleteOrganization(c *call) response {
	o := c.organization
	for _, content := range []struct {
		count int
		what  string
	}{
		{o.children, "sub-organizations"}, {len(o.accounts), "accounts"}, {len(o.members), "members"},
	} {
		if content.count > 0 {
			return failure(http.StatusConflict, codeOther, "organization is not empty: it has %s", content.what)
		}
	}
	if o.parent != nil {
		o.parent.children--
	}
	s.organizations = remove(s.organizations, o)
	delete(s.organization, o.id)
	c.changed(o.id, "organization", o.id)
	return success(struct {
		ID string `json:"id"`
	}{o.id})
}

// organizationInput is the body of POST and PUT. Fields that are read-only or unknown are ignored.
type organizationInput struct {
	name      string
	parentID  string
	hasParent bool
	profile   *wireProfile
}

func parseOrganization(body []byte) (in organizationInput, err error) {
	o, err := parseObject(body)
	if err != nil {
		return in, err
	}
	if in.name, _, err = o.text("name"); err != nil {
		return in, err
	}
	if in.name == "" {
		return in, errors.New("name is required")
	}

	parent, err := o.object("parent")
	if err != nil {
		return in, err
	}
	if in.hasParent = parent != nil; in.hasParent {
		var ok bool
		if in.parentID, ok, err = parent.text("id"); err != nil || !ok {
			return in, errors.New("parent.id is required in parent, and must be a string")
		}
	}

	profile, err := o.object("profile")
	if err != nil || profile == nil {
		return in, err
	}
	if in.profile, err = parseProfile(profile); err != nil {
		return in, fmt.Errorf("profile: %w", err)
	}
	return in, nil
}

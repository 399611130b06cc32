package cloudflaretest

import (
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
	profile  *wireProfile
	accounts []*account
	members  []*member
	unseen   int // reads by ID that are still answered with 404
}

type wireOrganization struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	CreateTime time.Time    `json:"create_time"`
	Meta       wireMeta     `json:"meta"`
	Parent     *wireParent  `json:"parent,omitempty"`
	Profile    *wireProfile `json:"profile,omitempty"`
}

// wireMeta has the flags under both names: tenant_flags is the one of today, flags the one before.
type wireMeta struct {
	TenantFlags   wireTenantFlags `json:"tenant_flags"`
	Flags         wireFlags       `json:"flags"`
	HierarchyTags []string        `json:"hierarchy_tags"`
	ManagedBy     string          `json:"managed_by,omitempty"`
}

type wireTenantFlags struct {
	wireFlags
	EnterpriseCapability string `json:"enterprise_capability"`
	MemberManagement     string `json:"member_management"`
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

type wireProfile struct {
	BusinessName     string `json:"business_name"`
	BusinessEmail    string `json:"business_email"`
	BusinessPhone    string `json:"business_phone"`
	BusinessAddress  string `json:"business_address"`
	ExternalMetadata string `json:"external_metadata"`
}

// The values of flags are not documented, only that they are strings.
const flagOn, flagOff = "enabled", "disabled"

func (o *organization) wire() wireOrganization {
	flags := wireFlags{AccountCreation: flagOn, AccountDeletion: flagOff, AccountMigration: flagOff, AccountMobility: flagOn, SubOrgCreation: flagOn}
	w := wireOrganization{
		ID:         o.id,
		Name:       o.name.exact,
		CreateTime: o.created,
		Meta: wireMeta{
			TenantFlags:   wireTenantFlags{flags, flagOff, flagOn},
			Flags:         flags,
			HierarchyTags: []string{o.id},
		},
		Profile: o.profile, // replaced as a whole, never changed: no copy needed
	}
	for above := range o.ancestors {
		w.Meta.HierarchyTags = append(w.Meta.HierarchyTags, above.id)
	}
	slices.Reverse(w.Meta.HierarchyTags)
	if o.parent != nil {
		w.Parent = &wireParent{o.parent.id, o.parent.name.exact}
		w.Meta.ManagedBy = o.parent.id // the API's field is optional and not explained
	}
	return w
}

// ancestors ranges over the organizations above this one, its parent first.
func (o *organization) ancestors(yield func(*organization) bool) {
	for above := o.parent; above != nil && yield(above); above = above.parent {
	}
}

// AddOrganization adds an organization without a request; parentID is empty for a root.
// It panics if there is no such parent.
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

// mustHave is for the methods that fill the server: a mistake in them is one in the test.
func (s *Server) mustHave(method, organizationID string) *organization {
	o := s.organization[organizationID]
	if o == nil {
		panic(fmt.Sprintf("cloudflaretest: %s: there is no organization %q", method, organizationID))
	}
	return o
}

func (s *Server) listOrganizations(c *call) answer {
	byName := textFilter(c.query, "name", sameCase)
	tests := []func(*organization) bool{func(o *organization) bool { return byName(o.name) }}

	// The API's text says to repeat the parameter, its schema to join with commas. Both are understood.
	if c.query.Has("id") {
		ids := map[string]bool{}
		for _, joined := range c.query["id"] {
			for id := range strings.SplitSeq(joined, ",") {
				ids[id] = true
			}
		}
		tests = append(tests, func(o *organization) bool { return ids[o.id] })
	}
	if c.query.Has("parent.id") {
		parentID := c.query.Get("parent.id")
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
	return paginate(c, filter(s.organizations, all(tests)), (*organization).wire)
}

// containing finds the organizations that contain a thing. The API's word is "contain" and no more; here an
// organization contains what it holds itself and what its sub-organizations contain, but not itself.
func (s *Server) containing(kind, id string) map[*organization]bool {
	holders := map[*organization]bool{}
	holds := func(o *organization) {
		holders[o] = true
		for above := range o.ancestors {
			holders[above] = true
		}
	}
	switch kind {
	case "account":
		if a := s.account[id]; a != nil {
			holds(a.organization)
		}
	case "organization":
		if o := s.organization[id]; o != nil && o.parent != nil {
			holds(o.parent)
		}
	case "user":
		for _, o := range s.organizations {
			if slices.ContainsFunc(o.members, func(m *member) bool { return m.userID() == id }) {
				holds(o)
			}
		}
	}
	return holders
}

func (s *Server) getOrganization(c *call) answer {
	if c.organization.unseen > 0 {
		c.organization.unseen--
		return refuse(http.StatusNotFound, codeRefused, "organization not found")
	}
	return success(c.organization.wire())
}

// createOrganization takes any number of organizations of the same name, as the API does.
func (s *Server) createOrganization(c *call) answer {
	in, err := parseOrganization(c.body)
	if err != nil {
		return badRequest("%v", err)
	}
	var parent *organization
	if in.hasParent {
		// 400 and not 404, which is for what the path names.
		if parent = s.organization[in.parentID]; parent == nil {
			return badRequest("parent.id: organization not found")
		}
	}
	o := s.addOrganization(in.name, parent, in.profile)
	o.unseen = s.lag
	return success(o.wire())
}

// updateOrganization replaces: a profile that is left out is gone afterwards. That is what users of the API report,
// and what its clients have to be ready for. A move to another parent is refused; the API takes changes "to name only".
func (s *Server) updateOrganization(c *call) answer {
	in, err := parseOrganization(c.body)
	if err != nil {
		return badRequest("%v", err)
	}
	o := c.organization
	if in.hasParent && (o.parent == nil || o.parent.id != in.parentID) {
		return badRequest("parent.id: the parent of an organization cannot be changed")
	}
	o.name, o.profile = newText(in.name), in.profile
	return success(o.wire())
}

// deleteOrganization refuses while anything is inside: members of any status count.
func (s *Server) deleteOrganization(c *call) answer {
	o := c.organization
	for _, content := range []struct {
		count int
		what  string
	}{
		{o.children, "sub-organizations"}, {len(o.accounts), "accounts"}, {len(o.members), "members"},
	} {
		if content.count > 0 {
			return refuse(http.StatusConflict, codeRefused, "organization is not empty: it has %s", content.what)
		}
	}
	if o.parent != nil {
		o.parent.children--
	}
	s.organizations = remove(s.organizations, o)
	delete(s.organization, o.id)
	return success(struct {
		ID string `json:"id"`
	}{o.id})
}

// getProfile answers null for a profile that was never set: what the API does then is not known, and a client has to
// be ready for a result of null.
func (s *Server) getProfile(c *call) answer { return success(c.organization.profile) }

func (s *Server) updateProfile(c *call) answer {
	in, err := parseObject(c.body)
	if err != nil {
		return badRequest("%v", err)
	}
	profile, err := parseProfile(in)
	if err != nil {
		return badRequest("%v", err)
	}
	c.organization.profile = profile
	return noContent()
}

// organizationInput is what POST and PUT take. Fields that are read-only or unknown are ignored.
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
		return in, fmt.Errorf("name is required")
	}

	parent, err := o.object("parent")
	if err != nil {
		return in, err
	}
	if in.hasParent = parent != nil; in.hasParent {
		var ok bool
		if in.parentID, ok, err = parent.text("id"); err != nil || !ok {
			return in, fmt.Errorf("parent.id is required in parent, and must be a string")
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

// parseProfile wants all five fields; each may be empty.
func parseProfile(o object) (*wireProfile, error) {
	p := new(wireProfile)
	for _, field := range []struct {
		name string
		into *string
	}{
		{"business_name", &p.BusinessName},
		{"business_email", &p.BusinessEmail},
		{"business_phone", &p.BusinessPhone},
		{"business_address", &p.BusinessAddress},
		{"external_metadata", &p.ExternalMetadata},
	} {
		value, ok, err := o.text(field.name)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%s is required", field.name)
		}
		*field.into = value
	}
	return p, nil
}

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

// Member describes a member for [Server.AddMember].
type Member struct {
	Email     string // an email address; case is ignored; the same address is the same user in every organization
	Name      string
	Status    string // active, pending, rejected or canceled; active if empty
	TwoFactor bool

	// TwoFactorUnknown leaves two_factor_authentication_enabled out of responses.
	TwoFactorUnknown bool
}

var memberStatuses = []string{"active", "pending", "rejected", "canceled"}

const maxBatch = 10

type member struct {
	Member
	id               string
	email            text
	created, updated time.Time
}

type wireMember struct {
	ID         string    `json:"id"`
	Status     string    `json:"status"`
	User       wireUser  `json:"user"`
	Meta       struct{}  `json:"meta"`
	CreateTime time.Time `json:"create_time"`
	UpdateTime time.Time `json:"update_time"`
}

type wireUser struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	Name      string `json:"name"`
	TwoFactor *bool  `json:"two_factor_authentication_enabled,omitempty"`
}

func (m *member) userID() string { return userID(m.Email) }

func userID(email string) string { return fakeID("user", foldEmail(email)) }

// foldEmail returns an address with its ASCII letters in lower case, the same for all forms of one address.
func foldEmail(email string) string {
	folded := []byte(email)
	for i, c := range folded {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c - 'A' + 'a'
		}
	}
	return string(folded)
}

func (m *member) wire() wireMember {
	w := wireMember{
		ID:         m.id,
		Status:     m.Status,
		User:       wireUser{ID: m.userID(), Email: m.Email, Name: m.Name},
		CreateTime: m.created,
		UpdateTime: m.updated,
	}
	if !m.TwoFactorUnknown {
		w.User.TwoFactor = new(m.TwoFactor)
	}
	return w
}

// AddMember adds a member to an organization without a request. A pending member has an invitation, see
// [Server.InviteCode]. AddMember panics if the organization does not exist, if Email has no @ with text around it or
// already belongs to a member, or if the status is not valid. Otherwise Email may be any text, to test how a program
// handles it.
func (s *Server) AddMember(organizationID string, m Member) (memberID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.mustHave("AddMember", organizationID)
	m.Status = cmp.Or(m.Status, "active")
	switch {
	case strings.Trim(m.Email, "@") != m.Email || !strings.Contains(m.Email, "@"):
		panic(fmt.Sprintf("cloudflaretest: AddMember: Email must be an email address, not %q", m.Email))
	case o.memberByEmail(m.Email) != nil:
		panic(fmt.Sprintf("cloudflaretest: AddMember: %s is already a member", m.Email))
	case !slices.Contains(memberStatuses, m.Status):
		panic(fmt.Sprintf("cloudflaretest: AddMember: Status must be one of %s, not %q", strings.Join(memberStatuses, ", "), m.Status))
	}
	return s.addMember(o, m).id
}

func (s *Server) addMember(o *organization, m Member) *member {
	added := &member{Member: m, email: newText(m.Email)}
	added.id, added.created = s.next("member")
	added.updated = added.created
	o.members = append(o.members, added)
	return added
}

func (o *organization) memberByEmail(email string) *member {
	for _, m := range o.members {
		if foldEmail(m.Email) == foldEmail(email) {
			return m
		}
	}
	return nil
}

func (o *organization) memberByID(id string) *member {
	for _, m := range o.members {
		if m.id == id {
			return m
		}
	}
	return nil
}

func (s *Server) listMembers(c *call) response {
	if err := checkEnum(c.query, "status", memberStatuses...); err != nil {
		return badRequest(err)
	}
	statuses := c.query["status"]
	byEmail := textFilter(c.query, "user.email", anyCase)
	return paginate(c, filter(c.organization.members, func(m *member) bool {
		return byEmail(m.email) && (len(statuses) == 0 || slices.Contains(statuses, m.Status))
	}), (*member).wire, true)
}

func memberNotFound() response {
	return failure(http.StatusNotFound, codeOther, "member not found")
}

func (s *Server) getMember(c *call) response {
	m := c.organization.memberByID(c.params["member_id"])
	if m == nil {
		return memberNotFound()
	}
	return success(m.wire())
}

func (s *Server) createMember(c *call) response {
	body, err := parseObject(c.body)
	if err != nil {
		return badRequest(err)
	}
	in, err := body.object("member")
	if err != nil {
		return badRequest(err)
	}
	m, err := parseMember(in)
	if err != nil {
		return badRequest(fmt.Errorf("member: %w", err))
	}
	if c.organization.memberByEmail(m.Email) != nil {
		return failure(http.StatusConflict, codeOther, "%s is already a member", m.Email)
	}
	added := s.addMember(c.organization, m)
	c.changed(c.organization.id, "member", added.id)
	return success(added.wire())
}

// batchCreateMembers adds all members or none, because a response cannot report the failure of one member.
func (s *Server) batchCreateMembers(c *call) response {
	body, err := parseObject(c.body)
	if err != nil {
		return badRequest(err)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body["members"], &list); err != nil || len(list) == 0 || len(list) > maxBatch {
		return badRequest(fmt.Errorf("members must be a list of 1 to %d", maxBatch))
	}
	members := make([]Member, len(list))
	seen := map[string]bool{}
	for i, data := range list {
		in, err := parseObject(data)
		if err != nil {
			return badRequest(fmt.Errorf("members[%d] must be an object", i))
		}
		if members[i], err = parseMember(in); err != nil {
			return badRequest(fmt.Errorf("members[%d]: %w", i, err))
		}
		email := members[i].Email
		if seen[foldEmail(email)] || c.organization.memberByEmail(email) != nil {
			return failure(http.StatusConflict, codeOther, "members[%d]: %s is already a member", i, email)
		}
		seen[foldEmail(email)] = true
	}
	result := make([]wireMember, len(members))
	for i, m := range members {
		added := s.addMember(c.organization, m)
		c.changed(c.organization.id, "member", added.id)
		result[i] = added.wire()
	}
	return success(result)
}

func (s *Server) deleteMember(c *call) response {
	m := c.organization.memberByID(c.params["member_id"])
	if m == nil {
		return memberNotFound()
	}
	c.organization.members = remove(c.organization.members, m)
	c.changed(c.organization.id, "member", m.id)
	return noContent()
}

// parseMember reads a member to create. Without a status, it is pending until the invitation is accepted.
func parseMember(in object) (Member, error) {
	user, err := in.object("user")
	if err != nil {
		return Member{}, err
	}
	email, _, err := user.text("email")
	if err != nil {
		return Member{}, err
	}
	if email == "" {
		return Member{}, errors.New("user.email is required")
	}
	if !isAddress(email) {
		return Member{}, errors.New("user.email must be an email address")
	}
	status, ok, err := in.text("status")
	if err != nil || ok && status != "active" && status != "canceled" {
		return Member{}, errors.New("status must be active or canceled")
	}
	return Member{Email: email, Status: cmp.Or(status, "pending")}, nil
}

package cloudflaretest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Member is a member for [Server.AddMember].
type Member struct {
	Email     string // required; the same user everywhere, whatever the organization and the case
	Name      string
	Status    string // active, pending, rejected or canceled; active if empty
	TwoFactor bool

	// TwoFactorUnknown leaves two_factor_authentication_enabled out of answers. A client that reads that as
	// "disabled" says something about a person that nobody told it.
	TwoFactorUnknown bool
}

var memberStatuses = []string{"active", "pending", "rejected", "canceled"}

const maxBatch = 10

type member struct {
	Member
	id      string
	email   text
	created time.Time
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

func (m *member) userID() string { return fakeID("user", m.email.lower) }

func (m *member) wire() wireMember {
	w := wireMember{
		ID:         m.id,
		Status:     m.Status,
		User:       wireUser{ID: m.userID(), Email: m.Email, Name: m.Name, TwoFactor: &m.TwoFactor},
		CreateTime: m.created,
		UpdateTime: m.created, // the API has no update of a member
	}
	if m.TwoFactorUnknown {
		w.User.TwoFactor = nil
	}
	return w
}

// AddMember puts a member into an organization. Through the API there are only invitations; this is for people who
// have accepted one, or have not. It panics if there is no such organization, if the e-mail address is empty or
// a member of it already, or if there is no such status.
func (s *Server) AddMember(organizationID string, m Member) (memberID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.mustHave("AddMember", organizationID)
	m.Status = cmp.Or(m.Status, "active")
	switch {
	case m.Email == "":
		panic("cloudflaretest: AddMember: Email is required")
	case o.memberByEmail(m.Email) != nil:
		panic(fmt.Sprintf("cloudflaretest: AddMember: %s is a member already", m.Email))
	case !slices.Contains(memberStatuses, m.Status):
		panic(fmt.Sprintf("cloudflaretest: AddMember: there is no status %q", m.Status))
	}
	return s.addMember(o, m).id
}

func (s *Server) addMember(o *organization, m Member) *member {
	added := &member{Member: m, email: newText(m.Email)}
	added.id, added.created = s.next("member")
	o.members = append(o.members, added)
	return added
}

func (o *organization) memberByEmail(email string) *member {
	wanted := newText(email)
	for _, m := range o.members {
		if anyCase(m.email, wanted) {
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

// listMembers filters e-mail addresses whatever their case. The API does not say; nobody has two of them that differ
// in nothing else.
func (s *Server) listMembers(c *call) answer {
	statuses := c.query["status"]
	for _, status := range statuses {
		if !slices.Contains(memberStatuses, status) {
			return badRequest("status must be one of active, pending, rejected, canceled")
		}
	}
	byEmail := textFilter(c.query, "user.email", anyCase)
	return paginate(c, filter(c.organization.members, func(m *member) bool {
		return byEmail(m.email) && (len(statuses) == 0 || slices.Contains(statuses, m.Status))
	}), (*member).wire)
}

func (s *Server) getMember(c *call) answer {
	m := c.organization.memberByID(c.memberID)
	if m == nil {
		return refuse(http.StatusNotFound, codeRefused, "member not found")
	}
	return success(m.wire())
}

func (s *Server) createMember(c *call) answer {
	body, err := parseObject(c.body)
	if err != nil {
		return badRequest("%v", err)
	}
	in, err := body.object("member")
	if err != nil {
		return badRequest("%v", err)
	}
	m, err := parseMember(in)
	if err != nil {
		return badRequest("member: %v", err)
	}
	if c.organization.memberByEmail(m.Email) != nil {
		return refuse(http.StatusConflict, codeRefused, "%s is a member already", m.Email)
	}
	return success(s.addMember(c.organization, m).wire())
}

// batchCreateMembers adds all or none: the API has no way to tell about one of them, so there is nothing in between.
func (s *Server) batchCreateMembers(c *call) answer {
	body, err := parseObject(c.body)
	if err != nil {
		return badRequest("%v", err)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body["members"], &list); err != nil || len(list) == 0 || len(list) > maxBatch {
		return badRequest("members must be a list of 1 to %d", maxBatch)
	}
	members := make([]Member, len(list))
	seen := map[string]bool{}
	for i, data := range list {
		in, err := parseObject(data)
		if err != nil {
			return badRequest("members[%d] must be an object", i)
		}
		if members[i], err = parseMember(in); err != nil {
			return badRequest("members[%d]: %v", i, err)
		}
		email := members[i].Email
		if seen[strings.ToLower(email)] || c.organization.memberByEmail(email) != nil {
			return refuse(http.StatusConflict, codeRefused, "members[%d]: %s is a member already", i, email)
		}
		seen[strings.ToLower(email)] = true
	}
	result := make([]wireMember, len(members))
	for i, m := range members {
		result[i] = s.addMember(c.organization, m).wire()
	}
	return success(result)
}

// deleteMember wants a body although the path says it all: the API's schema requires one.
func (s *Server) deleteMember(c *call) answer {
	body, err := parseObject(c.body)
	if err != nil {
		return badRequest("%v", err)
	}
	if id, _, err := body.text("member_id"); err != nil || id != c.memberID {
		return badRequest("member_id is required, and must be the ID in the path")
	}
	m := c.organization.memberByID(c.memberID)
	if m == nil {
		return refuse(http.StatusNotFound, codeRefused, "member not found")
	}
	c.organization.members = remove(c.organization.members, m)
	return noContent()
}

// parseMember reads an invitation. It is pending unless the request says otherwise, until the person accepts.
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
		return Member{}, fmt.Errorf("user.email is required")
	}
	status, ok, err := in.text("status")
	if err != nil || ok && status != "active" && status != "canceled" {
		return Member{}, fmt.Errorf("status must be active or canceled")
	}
	return Member{Email: email, Status: cmp.Or(status, "pending")}, nil
}

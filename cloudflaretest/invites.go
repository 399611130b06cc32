package cloudflaretest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
)

// inviteCode returns the code of a member's invitation. The code does not have the form of an ID, because the API does
// not document its form.
func (m *member) inviteCode() string {
	return base64.URLEncoding.EncodeToString([]byte(fakeID("invite", m.id)[:16]))
}

// InviteCode returns the code that a pending member gets by email. The code is the last segment of the route
//
//	PUT /organizations/{organization_id}/invites/{member_code}
//
// The invited user accepts or rejects with [APIKey] and their own email address. InviteCode panics if the organization
// does not exist, or if the email address does not belong to a pending member.
func (s *Server) InviteCode(organizationID, email string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mustHave("InviteCode", organizationID).memberByEmail(email)
	if m == nil || m.Status != "pending" {
		panic(fmt.Sprintf("cloudflaretest: InviteCode: %s is not a pending member", email))
	}
	return m.inviteCode()
}

func (s *Server) updateInvite(c *call) response {
	body, err := parseObject(c.body)
	if err != nil {
		return badRequest(err)
	}
	status, _, err := body.text("status")
	if err != nil || status != "accept" && status != "reject" {
		return badRequest(errors.New("status must be accept or reject"))
	}
	for _, m := range c.organization.members {
		switch {
		case m.inviteCode() != c.params["member_code"]:
			continue
		case foldEmail(m.Email) != foldEmail(c.caller.email):
			return unauthorized()
		case m.Status != "pending":
			return failure(http.StatusConflict, codeOther, "invitation is not pending: the member is %s", m.Status)
		}
		m.Status = map[string]string{"accept": "active", "reject": "rejected"}[status]
		_, m.updated = s.next("update")
		c.changed(c.organization.id, "member", m.id)
		return success(m.wire())
	}
	return failure(http.StatusNotFound, codeOther, "invitation not found")
}

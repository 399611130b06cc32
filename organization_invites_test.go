package cloudflare_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestInviteRequests(t *testing.T) {
	for status, call := range map[string]func(*cloudflare.OrganizationInvitesService, context.Context, string, string, ...cloudflare.CallOption) error{
		"accept": (*cloudflare.OrganizationInvitesService).Accept,
		"reject": (*cloudflare.OrganizationInvitesService).Reject,
	} {
		for code, escaped := range map[string]string{"c1": "c1", "a b+c=": "a%20b+c=", "ü,x": "%C3%BC%2Cx", memberID: memberID} {
			client, script := newScriptedClient(t, respondWith(204, ""))
			require.NoError(t, call(client.OrganizationInvites, t.Context(), organizationID, code))
			assertSent(t, sentRequest{
				http.MethodPut, organizationURL + "/invites/" + escaped, sentHeader("Content-Type", "application/json"), `{"status":"` + status + `"}`,
			}, script.only(t))
		}
	}
}

// The API does not document the result of an invite.
func TestInviteResponses(t *testing.T) {
	for name, response := range map[string]roundTripper{
		"no content":     respondWith(204, ""),
		"an empty 200":   respondWith(200, ""),
		"the membership": respondSuccess(aMember),
		"a null result":  respondSuccess("null"),
		"another result": respondSuccess(`[{"id":7}]`),
		"without result": respondWith(201, `{"success":true,"errors":[],"messages":[]}`),
		"a blank 202":    respondWith(202, "\r\n"),
	} {
		assert.NoError(t, newClient(t, response).OrganizationInvites.Accept(t.Context(), "o1", "c1"), name)
	}
	// A gateway that responds in place of the API has not accepted anything.
	err := newClient(t, respondWith(200, "<html>Please log in")).OrganizationInvites.Accept(t.Context(), "o1", "c1")
	assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
	err = newClient(t, respondWith(200, `{"success":false,"errors":[{"code":1,"message":"two-factor authentication is required"}]}`)).
		OrganizationInvites.Accept(t.Context(), "o1", "c1")
	assert.ErrorContains(t, err, "two-factor")
	assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
}

func TestInvitesOfTheFakeAPI(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("Example, Inc.", "")
	as := func(email string, opts ...cloudflare.Option) *cloudflare.Client {
		return server.Client(append(opts, cloudflare.WithAPIKey(cloudflaretest.APIKey, email))...)
	}
	invite := func(email string) (memberID, code string) {
		member, err := server.Client().OrganizationMembers.Create(t.Context(), id, cloudflare.OrganizationMemberCreateParams{Email: email})
		require.NoError(t, err)
		return member.ID, server.InviteCode(id, email)
	}
	status := func(memberID string) cloudflare.MemberStatus {
		member, err := server.Client().OrganizationMembers.Get(t.Context(), id, memberID)
		require.NoError(t, err)
		return member.Status
	}

	ann, annCode := invite("ann@example.com")
	ben, benCode := invite("ben@example.com")
	assert.ErrorIs(t, as("ben@example.com").OrganizationInvites.Accept(t.Context(), id, annCode), cloudflare.ErrForbidden, "the invitation of another user")
	assert.ErrorIs(t, as("ann@example.com").OrganizationInvites.Accept(t.Context(), id, "nobody's"), cloudflare.ErrNotFound)
	require.NoError(t, as("ann@example.com").OrganizationInvites.Accept(t.Context(), id, annCode))
	require.NoError(t, as("ben@example.com").OrganizationInvites.Reject(t.Context(), id, benCode))
	assert.Equal(t, cloudflare.MemberStatusActive, status(ann))
	assert.Equal(t, cloudflare.MemberStatusRejected, status(ben))

	// The response to an accept is lost. The next attempt finds that the invitation is no longer pending, and the error
	// does not hide that the first attempt may have succeeded.
	cleo, cleoCode := invite("cleo@example.com")
	server.Fail(1, cloudflaretest.Cut())
	err := as("cleo@example.com", cloudflare.WithMaxRetryWait(0)).OrganizationInvites.Accept(t.Context(), id, cleoCode)
	assert.ErrorIs(t, err, cloudflare.ErrConflict)
	assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
	assert.Equal(t, cloudflare.MemberStatusActive, status(cleo))
}

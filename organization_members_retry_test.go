package cloudflare_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestOrganizationMembersRetries(t *testing.T) {
	get := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.OrganizationMembers.Get(ctx, organizationID, memberID)
		return err
	}
	create := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.OrganizationMembers.Create(ctx, organizationID, cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"})
		return err
	}
	remove := func(ctx context.Context, c *cloudflare.Client) error {
		return c.OrganizationMembers.Delete(ctx, organizationID, memberID)
	}
	none, unknown, notFound := error(nil), cloudflare.ErrOutcomeUnknown, cloudflare.ErrNotFound

	tests := map[string]struct {
		call      func(context.Context, *cloudflare.Client) error
		responses []roundTripper // all of them are used
		want      error
	}{
		"Get, 502":                           {get, []roundTripper{respondError(502), fail(connectionReset), respondSuccess(memberJSON)}, none},
		"Create, 502":                        {create, []roundTripper{respondError(502)}, unknown},
		"Create, 503 with Retry-After":       {create, []roundTripper{respondWith(503, "", "Retry-After: 1")}, unknown},
		"Create, 408":                        {create, []roundTripper{respondWith(408, "")}, unknown},
		"Create, 522 from the edge":          {create, []roundTripper{respondWith(522, "<html>")}, unknown},
		"Create, reset":                      {create, []roundTripper{fail(connectionReset)}, unknown},
		"Create, end of file":                {create, []roundTripper{fail(io.ErrUnexpectedEOF)}, unknown},
		"Create, an empty success":           {create, []roundTripper{respondWith(200, "")}, unknown},
		"Create, 204":                        {create, []roundTripper{respondWith(204, "")}, unknown},
		"Create, 429":                        {create, []roundTripper{respondError(429), respondSuccess(memberJSON)}, none},
		"Create, no connection":              {create, []roundTripper{fail(connectionRefused), respondSuccess(memberJSON)}, none},
		"Create, 429, then reset":            {create, []roundTripper{respondError(429), fail(connectionReset)}, unknown},
		"Create, 409":                        {create, []roundTripper{respondError(409)}, cloudflare.ErrConflict},
		"Delete, 502":                        {remove, []roundTripper{respondError(502), respondWith(204, "")}, none},
		"Delete, reset, then gone":           {remove, []roundTripper{fail(connectionReset), respondError(404)}, none},
		"Delete, 500, 429, then gone":        {remove, []roundTripper{respondError(500), respondError(429), respondError(404)}, none},
		"Delete, gone":                       {remove, []roundTripper{respondError(404)}, notFound},
		"Delete, 429, then gone":             {remove, []roundTripper{respondError(429), respondError(404)}, notFound},
		"Delete, no connection, then gone":   {remove, []roundTripper{fail(connectionRefused), respondError(404)}, notFound},
		"Delete, reset, then no route":       {remove, []roundTripper{fail(connectionReset), respondWith(404, noRouteBody)}, unknown},
		"Delete, reset, then a proxy's 404":  {remove, []roundTripper{fail(connectionReset), respondWith(404, "<html>")}, unknown},
		"Delete, reset, then 403":            {remove, []roundTripper{fail(connectionReset), respondError(403)}, unknown},
		"Delete, reset and nothing but that": {remove, []roundTripper{fail(connectionReset), fail(connectionReset), fail(connectionReset), fail(connectionReset)}, unknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, script := newScriptedClient(t, test.responses...)
				err := test.call(t.Context(), client)
				assert.ErrorIs(t, err, test.want)
				if test.want != unknown {
					assert.NotErrorIs(t, err, unknown)
				}
				require.Len(t, script.sent, len(test.responses))
				for _, sent := range script.sent {
					assert.Equal(t, script.sent[0].Body, sent.Body, "each attempt sends the whole body")
				}
			})
		})
	}
}

func TestOrganizationMembersAfterACutResponse(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client, ctx := server.Client(cloudflare.WithMaxRetryWait(time.Millisecond)), t.Context()
	organization := server.AddOrganization("Example", "")
	ann := server.AddMember(organization, cloudflaretest.Member{Email: "ann@example.com"})

	server.Fail(1, cloudflaretest.Cut())
	_, err := client.OrganizationMembers.Create(ctx, organization, cloudflare.OrganizationMemberCreateParams{Email: "ben@example.com"})
	require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
	assert.Len(t, server.Requests(), 1, "it was carried out, and must not be again")
	page, err := client.OrganizationMembers.List(ctx, organization, cloudflare.OrganizationMemberListParams{Email: "ben@example.com"})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1)

	server.Fail(1, cloudflaretest.Cut())
	require.NoError(t, client.OrganizationMembers.Delete(ctx, organization, ann), "the first attempt did it, the second finds nothing")
	assert.Len(t, server.Requests(), 4)
}

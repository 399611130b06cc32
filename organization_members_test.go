package cloudflare_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const (
	membersURL = organizationURL + "/members"
	memberURL  = membersURL + "/" + memberID
)

const memberJSON = `{"id":"fedcba9876543210fedcba9876543210","status":"active","meta":{"a":{"b":1}},` +
	`"create_time":"2026-01-02T03:04:05Z","update_time":"2026-01-02T03:04:06.5Z",` +
	`"user":{"id":"u1","email":"ann@example.com","name":"Ann","two_factor_authentication_enabled":true}}`

func readMember() *cloudflare.OrganizationMember {
	return &cloudflare.OrganizationMember{
		ID: memberID, Status: cloudflare.MemberStatusActive,
		User: cloudflare.MemberUser{
			ID: "u1", Email: "ann@example.com", Name: "Ann",
			TwoFactorAuthenticationEnabled: cloudflare.Nullable[bool]{Valid: true, Value: true},
		},
		Meta:       json.RawMessage(`{"a":{"b":1}}`),
		CreateTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		UpdateTime: time.Date(2026, 1, 2, 3, 4, 6, 5e8, time.UTC),
	}
}

func TestOrganizationMembersRequests(t *testing.T) {
	tests := map[string]struct {
		call     func(context.Context, *cloudflare.Client) error
		response roundTripper
		want     sentRequest
	}{
		"List": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.List(ctx, organizationID, cloudflare.OrganizationMemberListParams{})
				return err
			}, respondSuccess(`[]`), sentRequest{Method: "GET", URL: membersURL},
		},
		"All": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := lastOf(c.OrganizationMembers.All(ctx, organizationID, cloudflare.OrganizationMemberListParams{Email: "a@b"}))
				return err
			}, respondSuccess(`[]`), sentRequest{Method: "GET", URL: membersURL + "?page_size=1000&user.email=a%40b"},
		},
		"Get": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.Get(ctx, organizationID, memberID)
				return err
			}, respondSuccess(memberJSON), sentRequest{Method: "GET", URL: memberURL},
		},
		"Create": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.Create(ctx, organizationID, cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"})
				return err
			}, respondSuccess(memberJSON), sentRequest{Method: "POST", URL: membersURL, Body: `{"member":{"user":{"email":"ann@example.com"}}}`},
		},
		"Create with a status": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.Create(ctx, organizationID, cloudflare.OrganizationMemberCreateParams{
					Email: `"ü<&>"@example.com`, Status: cloudflare.MemberStatusActive,
				})
				return err
			}, respondSuccess(memberJSON), sentRequest{Method: "POST", URL: membersURL,
				Body: `{"member":{"user":{"email":"\"ü<&>\"@example.com"},"status":"active"}}`},
		},
		"BatchCreate": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.BatchCreate(ctx, organizationID, []cloudflare.OrganizationMemberCreateParams{
					{Email: "a@example.com"}, {Email: "b@example.com", Status: cloudflare.MemberStatusCanceled},
				})
				return err
			}, respondSuccess("[" + memberJSON + "," + memberJSON + "]"), sentRequest{
				Method: "POST", URL: membersURL + ":batchCreate",
				Body: `{"members":[{"user":{"email":"a@example.com"}},{"user":{"email":"b@example.com"},"status":"canceled"}]}`,
			},
		},
		"Delete": {
			func(ctx context.Context, c *cloudflare.Client) error {
				return c.OrganizationMembers.Delete(ctx, organizationID, memberID)
			}, respondWith(204, ""), sentRequest{Method: "DELETE", URL: memberURL},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, test.response)
			require.NoError(t, test.call(t.Context(), client))
			test.want.Header = sentHeader()
			if test.want.Body != "" {
				test.want.Header = sentHeader("Content-Type", "application/json")
			}
			assert.Equal(t, test.want, script.only(t))
		})
	}
}

func TestOrganizationMemberListParams(t *testing.T) {
	tests := map[string]cloudflare.OrganizationMemberListParams{
		"?status=active":                 {Statuses: []cloudflare.MemberStatus{cloudflare.MemberStatusActive}},
		"?status=pending&status=later":   {Statuses: []cloudflare.MemberStatus{cloudflare.MemberStatusPending, "later"}},
		"?user.email=a":                  {Email: "a"},
		"?user.email.contains=a%2Bb%40c": {EmailContains: "a+b@c"},
		"?user.email.startsWith=a":       {EmailStartsWith: "a"},
		"?user.email.endsWith=a":         {EmailEndsWith: "a"},
		"?page_size=1&page_token=t":      {PageSize: 1, PageToken: "t"},
	}
	for query, params := range tests {
		t.Run(query, func(t *testing.T) {
			client, script := newScriptedClient(t, respondSuccess(`[]`))
			_, err := client.OrganizationMembers.List(t.Context(), organizationID, params)
			require.NoError(t, err)
			assert.Equal(t, membersURL+query, script.only(t).URL)
		})
	}
}

func TestOrganizationMembersResults(t *testing.T) {
	client, _ := newScriptedClient(t, respondSuccess(memberJSON), respondSuccess(memberJSON),
		respondSuccess("["+memberJSON+"]"), respondSuccess("["+memberJSON+"]"))
	ctx, params := t.Context(), cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"}

	member, err := client.OrganizationMembers.Get(ctx, organizationID, memberID)
	require.NoError(t, err)
	assert.Equal(t, readMember(), member)
	member, err = client.OrganizationMembers.Create(ctx, organizationID, params)
	require.NoError(t, err)
	assert.Equal(t, readMember(), member)
	created, err := client.OrganizationMembers.BatchCreate(ctx, organizationID, []cloudflare.OrganizationMemberCreateParams{params})
	require.NoError(t, err)
	assert.Equal(t, []cloudflare.OrganizationMember{*readMember()}, created)
	page, err := client.OrganizationMembers.List(ctx, organizationID, cloudflare.OrganizationMemberListParams{})
	require.NoError(t, err)
	assert.Equal(t, []cloudflare.OrganizationMember{*readMember()}, page.Items)
}

func TestOrganizationMemberWithoutOptionalFields(t *testing.T) {
	tests := map[string]cloudflare.OrganizationMember{
		`{"id":"fedcba9876543210fedcba9876543210"}`: {ID: memberID},
		`{"id":"fedcba9876543210fedcba9876543210","status":"suspended","user":{},"meta":null}`: {
			ID: memberID, Status: "suspended", Meta: json.RawMessage("null"),
		},
		`{"id":"fedcba9876543210fedcba9876543210","status":null,"user":null,"create_time":null}`: {ID: memberID},
		`{"id":"fedcba9876543210fedcba9876543210","user":{"two_factor_authentication_enabled":null,"name":null}}`: {
			ID:   memberID,
			User: cloudflare.MemberUser{TwoFactorAuthenticationEnabled: cloudflare.Nullable[bool]{Null: true}},
		},
		`{"id":"fedcba9876543210fedcba9876543210","user":{"two_factor_authentication_enabled":false}}`: {
			ID:   memberID,
			User: cloudflare.MemberUser{TwoFactorAuthenticationEnabled: cloudflare.Nullable[bool]{Valid: true}},
		},
	}
	for body, want := range tests {
		t.Run(body, func(t *testing.T) {
			client, _ := newScriptedClient(t, respondSuccess(body))
			member, err := client.OrganizationMembers.Get(t.Context(), organizationID, memberID)
			require.NoError(t, err)
			assert.Equal(t, &want, member)
		})
	}
}

func TestOrganizationMemberRoundTrip(t *testing.T) {
	for name, pkg := range jsonPackages {
		for _, twoFactor := range []string{``, `,"two_factor_authentication_enabled":null`, `,"two_factor_authentication_enabled":false`} {
			t.Run(name+twoFactor, func(t *testing.T) {
				sent := `{"id":"fedcba9876543210fedcba9876543210","status":"later","user":{"id":"u1","email":"a@b","name":"A"` + twoFactor +
					`},"create_time":"2026-01-02T03:04:05Z","update_time":"2026-01-02T03:04:06.5Z"}`
				var member cloudflare.OrganizationMember
				require.NoError(t, pkg.unmarshal([]byte(sent), &member))
				stored, err := pkg.marshal(member)
				require.NoError(t, err)
				assert.Equal(t, sent, string(stored))
			})
		}
	}
}

func TestOrganizationMembersInvalidResults(t *testing.T) {
	tests := map[string]string{
		"null":             `null`,
		"a text":           `"m1"`,
		"no id":            `{"status":"active"}`,
		"id null":          `{"id":null}`,
		"id empty":         `{"id":""}`,
		"status a number":  `{"id":"fedcba9876543210fedcba9876543210","status":1}`,
		"user a list":      `{"id":"fedcba9876543210fedcba9876543210","user":[]}`,
		"2FA a text":       `{"id":"fedcba9876543210fedcba9876543210","user":{"two_factor_authentication_enabled":"yes"}}`,
		"bad create_time":  `{"id":"fedcba9876543210fedcba9876543210","create_time":"yesterday"}`,
		"create_time a no": `{"id":"fedcba9876543210fedcba9876543210","create_time":1700000000}`,
		"bad update_time":  `{"id":"fedcba9876543210fedcba9876543210","update_time":"2026-13-01T00:00:00Z"}`,
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, respondSuccess(body), respondSuccess(body), respondSuccess("["+body+"]"))
			params := cloudflare.OrganizationMemberCreateParams{Email: "a@example.com"}

			member, err := client.OrganizationMembers.Get(t.Context(), organizationID, memberID)
			var apiError *cloudflare.Error
			require.ErrorAs(t, err, &apiError)
			assert.Nil(t, member)
			assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)

			member, err = client.OrganizationMembers.Create(t.Context(), organizationID, params)
			require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown, "it said success")
			assert.Nil(t, member)

			created, err := client.OrganizationMembers.BatchCreate(t.Context(), organizationID, []cloudflare.OrganizationMemberCreateParams{params})
			require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
			assert.Nil(t, created)
			assert.Equal(t, []cloudflare.OrganizationMemberCreateParams{params}, batchErrorOf(t, err).Unknown)
			assert.Len(t, script.sent, 3)
		})
	}
}

func TestOrganizationMembersLifeCycle(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	client, ctx := server.Client(), t.Context()
	organization := server.AddOrganization("Example", "")

	ann, err := client.OrganizationMembers.Create(ctx, organization, cloudflare.OrganizationMemberCreateParams{Email: "Ann@example.com"})
	require.NoError(t, err)
	assert.Equal(t, cloudflare.MemberStatusPending, ann.Status)
	assert.Equal(t, "Ann@example.com", ann.User.Email)
	assert.False(t, ann.CreateTime.IsZero())
	got, err := client.OrganizationMembers.Get(ctx, organization, ann.ID)
	require.NoError(t, err)
	assert.Equal(t, ann, got)

	_, err = client.OrganizationMembers.Create(ctx, organization, cloudflare.OrganizationMemberCreateParams{Email: "ann@EXAMPLE.com"})
	require.ErrorIs(t, err, cloudflare.ErrConflict)
	others, err := client.OrganizationMembers.BatchCreate(ctx, organization, []cloudflare.OrganizationMemberCreateParams{
		{Email: "ben@example.com", Status: cloudflare.MemberStatusActive}, {Email: "cleo@example.net", Status: cloudflare.MemberStatusCanceled},
	})
	require.NoError(t, err)
	require.Len(t, others, 2)
	server.AddMember(organization, cloudflaretest.Member{Email: "dan@example.net", Status: "rejected", TwoFactorUnknown: true})

	tests := map[string]struct {
		params cloudflare.OrganizationMemberListParams
		want   []string
	}{
		"all": {cloudflare.OrganizationMemberListParams{}, []string{"Ann@example.com", "ben@example.com", "cleo@example.net", "dan@example.net"}},
		"one status": {
			cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{cloudflare.MemberStatusRejected}},
			[]string{"dan@example.net"},
		},
		"two statuses": {
			cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{"pending", "canceled"}},
			[]string{"Ann@example.com", "cleo@example.net"},
		},
		"email":    {cloudflare.OrganizationMemberListParams{Email: "ann@example.com"}, []string{"Ann@example.com"}},
		"contains": {cloudflare.OrganizationMemberListParams{EmailContains: "N@EX"}, []string{"Ann@example.com", "ben@example.com", "dan@example.net"}},
		"starts":   {cloudflare.OrganizationMemberListParams{EmailStartsWith: "cleo"}, []string{"cleo@example.net"}},
		"ends, status": {
			cloudflare.OrganizationMemberListParams{EmailEndsWith: ".net", Statuses: []cloudflare.MemberStatus{"rejected"}},
			[]string{"dan@example.net"},
		},
		"nobody": {cloudflare.OrganizationMemberListParams{Email: "eve@example.com"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			page, err := client.OrganizationMembers.List(ctx, organization, test.params)
			require.NoError(t, err)
			var emails []string
			for _, member := range page.Items {
				emails = append(emails, member.User.Email)
			}
			assert.Equal(t, test.want, emails)
		})
	}

	_, err = client.Organizations.Delete(ctx, organization)
	require.ErrorIs(t, err, cloudflare.ErrConflict, "it has members")
	known := map[bool]int{}
	for member, err := range client.OrganizationMembers.All(ctx, organization, cloudflare.OrganizationMemberListParams{}) {
		require.NoError(t, err)
		_, ok := member.User.TwoFactorAuthenticationEnabled.Get()
		known[ok]++
		require.NoError(t, client.OrganizationMembers.Delete(ctx, organization, member.ID))
		_, err = client.OrganizationMembers.Get(ctx, organization, member.ID)
		require.ErrorIs(t, err, cloudflare.ErrNotFound)
		require.ErrorIs(t, client.OrganizationMembers.Delete(ctx, organization, member.ID), cloudflare.ErrNotFound, "the first attempt found nothing")
	}
	assert.Equal(t, map[bool]int{true: 3, false: 1}, known)
	_, err = client.Organizations.Delete(ctx, organization)
	require.NoError(t, err)
}

func TestOrganizationMembersAllRequestsEachPageOnce(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	organization := server.AddOrganization("Example", "")
	for i := range 205 {
		server.AddMember(organization, cloudflaretest.Member{Email: fmt.Sprintf("%d@example.com", i)})
	}
	count := func(params cloudflare.OrganizationMemberListParams) (members, requests int) {
		before := len(server.Requests())
		for _, err := range server.Client().OrganizationMembers.All(t.Context(), organization, params) {
			require.NoError(t, err)
			members++
		}
		return members, len(server.Requests()) - before
	}
	for _, test := range []struct {
		params            cloudflare.OrganizationMemberListParams
		members, requests int
	}{
		{cloudflare.OrganizationMemberListParams{}, 205, 1},
		{cloudflare.OrganizationMemberListParams{PageSize: 100}, 205, 3},
		{cloudflare.OrganizationMemberListParams{PageSize: 41, EmailContains: "@"}, 205, 5},
		{cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{"rejected", "pending"}}, 0, 1},
	} {
		members, requests := count(test.params)
		assert.Equal(t, test.members, members, "%+v", test.params)
		assert.Equal(t, test.requests, requests, "%+v", test.params)
	}
	for _, request := range server.Requests()[4:9] {
		assert.Equal(t, "@", request.Query.Get("user.email.contains"), "a filter holds on every page")
	}
}

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
		"Get, 502":                          {get, []roundTripper{respondError(502), fail(connectionReset), respondSuccess(memberJSON)}, none},
		"Create, 502":                       {create, []roundTripper{respondError(502)}, unknown},
		"Create, 503 with Retry-After":      {create, []roundTripper{respondWith(503, "", "Retry-After: 1")}, unknown},
		"Create, 408":                       {create, []roundTripper{respondWith(408, "")}, unknown},
		"Create, 522 from the edge":         {create, []roundTripper{respondWith(522, "<html>")}, unknown},
		"Create, reset":                     {create, []roundTripper{fail(connectionReset)}, unknown},
		"Create, end of file":               {create, []roundTripper{fail(io.ErrUnexpectedEOF)}, unknown},
		"Create, an empty success":          {create, []roundTripper{respondWith(200, "")}, unknown},
		"Create, 204":                       {create, []roundTripper{respondWith(204, "")}, unknown},
		"Create, 429":                       {create, []roundTripper{respondError(429), respondSuccess(memberJSON)}, none},
		"Create, no connection":             {create, []roundTripper{fail(connectionRefused), respondSuccess(memberJSON)}, none},
		"Create, 429, then reset":           {create, []roundTripper{respondError(429), fail(connectionReset)}, unknown},
		"Create, 409":                       {create, []roundTripper{respondError(409)}, cloudflare.ErrConflict},
		"Delete, 502":                       {remove, []roundTripper{respondError(502), respondWith(204, "")}, none},
		"Delete, reset, then gone":          {remove, []roundTripper{fail(connectionReset), respondError(404)}, none},
		"Delete, 500, 429, then gone":       {remove, []roundTripper{respondError(500), respondError(429), respondError(404)}, none},
		"Delete, gone":                      {remove, []roundTripper{respondError(404)}, notFound},
		"Delete, 429, then gone":            {remove, []roundTripper{respondError(429), respondError(404)}, notFound},
		"Delete, no connection, then gone":  {remove, []roundTripper{fail(connectionRefused), respondError(404)}, notFound},
		"Delete, reset, then no route":      {remove, []roundTripper{fail(connectionReset), respondWith(404, noRouteBody)}, unknown},
		"Delete, reset, then a proxy's 404": {remove, []roundTripper{fail(connectionReset), respondWith(404, "<html>")}, unknown},
		"Delete, reset, then 403":           {remove, []roundTripper{fail(connectionReset), respondError(403)}, unknown},
		"Delete, reset and nothing but that": {
			remove,
			[]roundTripper{fail(connectionReset), fail(connectionReset), fail(connectionReset), fail(connectionReset)},
			unknown,
		},
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
	server := cloudflaretest.NewServer().ForTest(t)
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

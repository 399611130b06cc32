package cloudflare_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
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

const memberJSON = `{"id":"fedcba9876543210fedcba9876543210","status":"active","meta":{"a":{"b":1}},"create_time":"2026-01-02T03:04:05Z","update_time":"2026-01-02T03:04:06.5Z",` +
	`"user":{"id":"u1","email":"ann@example.com","name":"Ann","two_factor_authentication_enabled":true}}`

func readMember() *cloudflare.OrganizationMember {
	return &cloudflare.OrganizationMember{
		ID: memberID, Status: cloudflare.MemberStatusActive,
		User: cloudflare.MemberUser{
			ID: "u1", Email: "ann@example.com", Name: "Ann",
			TwoFactorAuthenticationEnabled: cloudflare.Nullable[bool]{Valid: true, Value: true},
		},
		CreateTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		UpdateTime: time.Date(2026, 1, 2, 3, 4, 6, 5e8, time.UTC),
	}
}

func TestOrganizationMembersSendExactlyThis(t *testing.T) {
	tests := map[string]struct {
		call   func(context.Context, *cloudflare.Client) error
		answer roundTripper
		want   sentRequest
	}{
		"List": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.List(ctx, organizationID, cloudflare.OrganizationMemberListParams{})
				return err
			}, respondSuccess(`[]`), sentRequest{Method: "GET", URL: membersURL},
		},
		"All": {
			func(ctx context.Context, c *cloudflare.Client) error {
				for _, err := range c.OrganizationMembers.All(ctx, organizationID, cloudflare.OrganizationMemberListParams{Email: "a@b"}) {
					return err
				}
				return nil
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
			}, respondSuccess(memberJSON), sentRequest{Method: "POST", URL: membersURL, Body: `{"member":{"user":{"email":"\"ü<&>\"@example.com"},"status":"active"}}`},
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
			}, respondWith(204, ""), sentRequest{Method: "DELETE", URL: memberURL, Body: `{"member_id":"` + memberID + `"}`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, test.answer)
			require.NoError(t, test.call(t.Context(), client))
			test.want.Header = sentHeader()
			if test.want.Body != "" {
				test.want.Header = sentHeader("Content-Type", "application/json")
			}
			assert.Equal(t, test.want, script.only(t))
		})
	}
}

func TestOrganizationMembersListSendsEveryFilterByItsName(t *testing.T) {
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

func TestOrganizationMembersReadMembers(t *testing.T) {
	client, _ := newScriptedClient(t, respondSuccess(memberJSON), respondSuccess(memberJSON), respondSuccess("["+memberJSON+"]"), respondSuccess("["+memberJSON+"]"))
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

func TestOrganizationMemberMayLackWhatItLikes(t *testing.T) {
	tests := map[string]cloudflare.OrganizationMember{
		`{"id":"fedcba9876543210fedcba9876543210"}`:                                                               {ID: memberID},
		`{"id":"fedcba9876543210fedcba9876543210","status":"suspended","user":{},"meta":null}`:                    {ID: memberID, Status: "suspended"},
		`{"id":"fedcba9876543210fedcba9876543210","status":null,"user":null,"create_time":null}`:                  {ID: memberID},
		`{"id":"fedcba9876543210fedcba9876543210","user":{"two_factor_authentication_enabled":null,"name":null}}`: {ID: memberID, User: cloudflare.MemberUser{TwoFactorAuthenticationEnabled: cloudflare.Nullable[bool]{Null: true}}},
		`{"id":"fedcba9876543210fedcba9876543210","user":{"two_factor_authentication_enabled":false}}`:            {ID: memberID, User: cloudflare.MemberUser{TwoFactorAuthenticationEnabled: cloudflare.Nullable[bool]{Valid: true}}},
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

func TestOrganizationMemberIsStoredAsItWasSent(t *testing.T) {
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

func TestOrganizationMembersRefuseAnswersThatAreNoMembers(t *testing.T) {
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
			var answer *cloudflare.Error
			require.ErrorAs(t, err, &answer)
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

func TestOrganizationMembersLiveOverHTTP(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
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
		"all":          {cloudflare.OrganizationMemberListParams{}, []string{"Ann@example.com", "ben@example.com", "cleo@example.net", "dan@example.net"}},
		"one status":   {cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{cloudflare.MemberStatusRejected}}, []string{"dan@example.net"}},
		"two statuses": {cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{"pending", "canceled"}}, []string{"Ann@example.com", "cleo@example.net"}},
		"e-mail":       {cloudflare.OrganizationMemberListParams{Email: "ann@example.com"}, []string{"Ann@example.com"}},
		"contains":     {cloudflare.OrganizationMemberListParams{EmailContains: "N@EX"}, []string{"Ann@example.com", "ben@example.com", "dan@example.net"}},
		"starts":       {cloudflare.OrganizationMemberListParams{EmailStartsWith: "cleo"}, []string{"cleo@example.net"}},
		"ends, status": {cloudflare.OrganizationMemberListParams{EmailEndsWith: ".net", Statuses: []cloudflare.MemberStatus{"rejected"}}, []string{"dan@example.net"}},
		"nobody":       {cloudflare.OrganizationMemberListParams{Email: "eve@example.com"}, nil},
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

func TestOrganizationMembersAllAsksForEachPageOnce(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
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

func TestOrganizationMembersAreTriedAgainWhereThatIsHarmless(t *testing.T) {
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
		responses []roundTripper // each is asked for
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

func TestOrganizationMembersOverABrokenConnection(t *testing.T) {
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

// manyMembers are what is sent, manyCreated what the API makes of them.
func manyMembers(n int) []cloudflare.OrganizationMemberCreateParams {
	members := make([]cloudflare.OrganizationMemberCreateParams, n)
	for i := range members {
		members[i].Email = fmt.Sprintf("m%d@example.com", i)
	}
	return members
}

func manyCreated(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, `,{"id":"id%d","status":"pending","user":{"email":"M%d@example.com"}}`, i, i)
	}
	return "[" + strings.TrimPrefix(b.String(), ",") + "]"
}

func memberIDs(members []cloudflare.OrganizationMember) (ids []string) {
	for _, member := range members {
		ids = append(ids, member.ID)
	}
	return ids
}

func idsFromTo(from, to int) (ids []string) {
	for i := from; i < to; i++ {
		ids = append(ids, "id"+strconv.Itoa(i))
	}
	return ids
}

func batchErrorOf(t *testing.T, err error) *cloudflare.BatchError {
	t.Helper()
	var batch *cloudflare.BatchError
	require.ErrorAs(t, err, &batch)
	return batch
}

func TestBatchCreateSendsTensInOrder(t *testing.T) {
	for n, sizes := range map[int][]int{1: {1}, 9: {9}, 10: {10}, 11: {10, 1}, 20: {10, 10}, 25: {10, 10, 5}} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			var answers []roundTripper
			sum := 0
			for i, size := range sizes {
				answers = append(answers, respondWith(200, `{"success":true,"result":`+manyCreated(sum, sum+size)+`}`, "Cf-Ray: ray"+strconv.Itoa(i)))
				sum += size
			}
			client, script := newScriptedClient(t, answers...)
			var last cloudflare.Response
			created, err := client.OrganizationMembers.BatchCreate(t.Context(), organizationID, manyMembers(n), cloudflare.CaptureResponse(&last))
			require.NoError(t, err)
			assert.Equal(t, idsFromTo(0, n), memberIDs(created))
			assert.Equal(t, "ray"+strconv.Itoa(len(sizes)-1), last.RayID)

			require.Len(t, script.sent, len(sizes))
			var emails []string
			for i, sent := range script.sent {
				var body struct {
					Members []struct{ User struct{ Email string } }
				}
				require.NoError(t, json.Unmarshal([]byte(sent.Body), &body))
				assert.Len(t, body.Members, sizes[i])
				for _, member := range body.Members {
					emails = append(emails, member.User.Email)
				}
			}
			for i, params := range manyMembers(n) {
				assert.Equal(t, params.Email, emails[i])
			}
		})
	}
}

func TestBatchCreateTellsWhoWasCreated(t *testing.T) {
	var cancel context.CancelFunc                          // of the test that runs
	thenCancel := func(answer roundTripper) roundTripper { // only once the answer has been read
		return func(r *http.Request) (*http.Response, error) {
			response, err := answer(r)
			response.Body = closer{response.Body, func() { cancel() }}
			return response, err
		}
	}
	cancelInstead := func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, context.Canceled
	}
	first, second, third := respondSuccess(manyCreated(0, 10)), respondSuccess(manyCreated(10, 20)), respondSuccess(manyCreated(20, 25))
	tests := map[string]struct {
		answers              []roundTripper // each is asked for
		created, unknown     []string
		notCreated           []string
		errorIs, errorIsNone error
	}{
		"400 to the first": {
			answers: []roundTripper{respondError(400)}, notCreated: idsFromTo(0, 25), errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"400 to the second": {
			answers: []roundTripper{first, respondError(400)},
			created: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"a refusal with 200": {
			answers: []roundTripper{first, respondWith(200, `{"result":`+manyCreated(10, 20)+`,"success":false,"errors":[{"code":1001,"message":"no"}]}`)},
			created: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"502 to the second": {
			answers: []roundTripper{first, respondWith(502, "<html>")},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"reset on the last": {
			answers: []roundTripper{first, second, fail(connectionReset)},
			created: idsFromTo(0, 20), unknown: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"429, then success": {
			answers: []roundTripper{first, respondError(429), second, third}, created: idsFromTo(0, 25),
		},
		"429 until the end": {
			answers: []roundTripper{first, respondError(429), respondError(429), respondError(429), respondError(429)},
			created: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIs: cloudflare.ErrRateLimited, errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"cancelled between two": {
			answers: []roundTripper{thenCancel(first)},
			created: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIs: context.Canceled, errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"cancelled on the way": {
			answers: []roundTripper{first, cancelInstead},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: context.Canceled,
		},
		"nine of ten": {
			answers: []roundTripper{first, respondSuccess(manyCreated(10, 19))},
			created: idsFromTo(0, 19), unknown: idsFromTo(19, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"none of ten": {
			answers: []roundTripper{first, respondSuccess(`[]`)},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"more than ten": {
			answers: []roundTripper{first, respondSuccess(manyCreated(10, 22))},
			created: idsFromTo(0, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"people whom nobody asked for": {
			answers: []roundTripper{first, respondSuccess(manyCreated(30, 32))},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"one of them without an id": {
			answers: []roundTripper{first, respondSuccess(strings.Replace(manyCreated(10, 20), `"id":"id15",`, "", 1))},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"an object": {
			answers: []roundTripper{respondSuccess(`{}`)},
			unknown: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ctx context.Context
				ctx, cancel = context.WithCancel(t.Context())
				defer cancel()
				client, script := newScriptedClient(t, test.answers...)
				members := manyMembers(25)
				created, err := client.OrganizationMembers.BatchCreate(ctx, organizationID, members)
				assert.Len(t, script.sent, len(test.answers), "nothing is sent after a failure")
				if test.errorIs == nil && test.errorIsNone == nil {
					require.NoError(t, err)
					assert.Equal(t, test.created, memberIDs(created))
					return
				}
				assert.Nil(t, created)
				batch := batchErrorOf(t, err)
				if test.errorIs != nil {
					assert.ErrorIs(t, err, test.errorIs)
				}
				if test.errorIsNone != nil {
					assert.NotErrorIs(t, err, test.errorIsNone)
				}
				clear(members) // what the caller does with its own list changes nothing
				assert.Equal(t, test.created, memberIDs(batch.Created))
				assert.Equal(t, test.unknown, sentIDs(batch.Unknown))
				assert.Equal(t, test.notCreated, sentIDs(batch.NotCreated))
				assert.ErrorContains(t, err, fmt.Sprintf("(created: %d; unknown: %d; not created: %d)", len(test.created), len(test.unknown), len(test.notCreated)))
			})
		})
	}
}

// closer does something when it is closed.
type closer struct {
	io.Reader
	then func()
}

func (c closer) Close() error {
	c.then()
	return nil
}

// sentIDs are the IDs that manyCreated gives to what manyMembers sends.
func sentIDs(members []cloudflare.OrganizationMemberCreateParams) (ids []string) {
	for _, params := range members {
		ids = append(ids, "id"+strings.TrimSuffix(strings.TrimPrefix(params.Email, "m"), "@example.com"))
	}
	return ids
}

func TestBatchCreateOverHTTP(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), t.Context()
	organization := server.AddOrganization("Example", "")
	server.AddMember(organization, cloudflaretest.Member{Email: "m21@example.com"})

	_, err := client.OrganizationMembers.BatchCreate(ctx, organization, manyMembers(25))
	require.ErrorIs(t, err, cloudflare.ErrConflict)
	batch := batchErrorOf(t, err)
	assert.Len(t, batch.Created, 20)
	assert.Empty(t, batch.Unknown)
	assert.Equal(t, manyMembers(25)[20:], batch.NotCreated)

	var page *cloudflare.Page[cloudflare.OrganizationMember]
	page, err = client.OrganizationMembers.List(ctx, organization, cloudflare.OrganizationMemberListParams{PageSize: 100})
	require.NoError(t, err)
	assert.Len(t, page.Items, 21)
	assert.Equal(t, memberIDs(batch.Created), memberIDs(page.Items[1:]))

	server.Fail(2, cloudflaretest.Cut())
	other := server.AddOrganization("Other", "")
	_, err = client.OrganizationMembers.BatchCreate(ctx, other, manyMembers(25))
	batch = batchErrorOf(t, err)
	assert.Len(t, batch.Created, 10)
	assert.Equal(t, manyMembers(25)[10:20], batch.Unknown)
	assert.Equal(t, manyMembers(25)[20:], batch.NotCreated)
	page, err = client.OrganizationMembers.List(ctx, other, cloudflare.OrganizationMemberListParams{})
	require.NoError(t, err)
	assert.Equal(t, int64(20), page.TotalSize, "the ten that nobody knew of were created")
}

func TestBatchErrorIsWhatItWraps(t *testing.T) {
	cause := errors.New("cause")
	err := &cloudflare.BatchError{Err: cause}
	assert.Same(t, cause, errors.Unwrap(err))
	assert.EqualError(t, err, "cause (created: 0; unknown: 0; not created: 0)")
}

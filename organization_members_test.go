package cloudflare_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const (
	membersTarget = "/client/v4/organizations/" + oneOrganization + "/members"
	memberTarget  = membersTarget + "/" + oneMember
)

const wireMember = `{"id":"fedcba9876543210fedcba9876543210","status":"active","meta":{"a":{"b":1}},"create_time":"2026-01-02T03:04:05Z","update_time":"2026-01-02T03:04:06.5Z",` +
	`"user":{"id":"u1","email":"ann@example.com","name":"Ann","two_factor_authentication_enabled":true}}`

func readMember() *cloudflare.OrganizationMember {
	return &cloudflare.OrganizationMember{
		ID: oneMember, Status: cloudflare.MemberStatusActive,
		User: cloudflare.MemberUser{
			ID: "u1", Email: "ann@example.com", Name: "Ann",
			TwoFactorAuthenticationEnabled: cloudflare.Nullable[bool]{Valid: true, Value: true},
		},
		CreateTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		UpdateTime: time.Date(2026, 1, 2, 3, 4, 6, 5e8, time.UTC),
	}
}

// answerBroken answers with an error of the transport.
func answerBroken(err error) httpmock.Responder {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func answerReset() httpmock.Responder {
	return answerBroken(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET})
}

func answerNoConnection() httpmock.Responder {
	return answerBroken(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED})
}

func TestOrganizationMembersSendExactlyThis(t *testing.T) {
	tests := map[string]struct {
		call   func(context.Context, *cloudflare.Client) error
		answer httpmock.Responder
		want   scriptedRequest
	}{
		"List": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.List(ctx, oneOrganization, cloudflare.OrganizationMemberListParams{})
				return err
			}, answerResult(`[]`), scriptedRequest{Method: "GET", Target: membersTarget},
		},
		"All": {
			func(ctx context.Context, c *cloudflare.Client) error {
				for _, err := range c.OrganizationMembers.All(ctx, oneOrganization, cloudflare.OrganizationMemberListParams{Email: "a@b"}) {
					return err
				}
				return nil
			}, answerResult(`[]`), scriptedRequest{Method: "GET", Target: membersTarget + "?page_size=1000&user.email=a%40b"},
		},
		"Get": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.Get(ctx, oneOrganization, oneMember)
				return err
			}, answerResult(wireMember), scriptedRequest{Method: "GET", Target: memberTarget},
		},
		"Create": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.Create(ctx, oneOrganization, cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"})
				return err
			}, answerResult(wireMember), scriptedRequest{Method: "POST", Target: membersTarget, Body: `{"member":{"user":{"email":"ann@example.com"}}}`},
		},
		"Create with a status": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.Create(ctx, oneOrganization, cloudflare.OrganizationMemberCreateParams{
					Email: `"ü<&>"@example.com`, Status: cloudflare.MemberStatusActive,
				})
				return err
			}, answerResult(wireMember), scriptedRequest{Method: "POST", Target: membersTarget, Body: `{"member":{"user":{"email":"\"ü<&>\"@example.com"},"status":"active"}}`},
		},
		"BatchCreate": {
			func(ctx context.Context, c *cloudflare.Client) error {
				_, err := c.OrganizationMembers.BatchCreate(ctx, oneOrganization, []cloudflare.OrganizationMemberCreateParams{
					{Email: "a@example.com"}, {Email: "b@example.com", Status: cloudflare.MemberStatusCanceled},
				})
				return err
			}, answerResult("[" + wireMember + "," + wireMember + "]"), scriptedRequest{
				Method: "POST", Target: membersTarget + ":batchCreate",
				Body: `{"members":[{"user":{"email":"a@example.com"}},{"user":{"email":"b@example.com"},"status":"canceled"}]}`,
			},
		},
		"Delete": {
			func(ctx context.Context, c *cloudflare.Client) error {
				return c.OrganizationMembers.Delete(ctx, oneOrganization, oneMember)
			}, answerStatus(204, ""), scriptedRequest{Method: "DELETE", Target: memberTarget, Body: `{"member_id":"` + oneMember + `"}`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedAPI(t, test.answer)
			require.NoError(t, test.call(t.Context(), client))
			require.Len(t, script.sent, 1)
			sent := script.sent[0]
			header := sent.header
			header.Del("User-Agent")
			want := http.Header{"Accept": {"application/json"}, "X-Auth-Email": {"me@example.com"}, "X-Auth-Key": {"the-key"}}
			if sent.Body != "" {
				want.Set("Content-Type", "application/json")
			}
			assert.Equal(t, want, header)
			sent.header = nil
			assert.Equal(t, test.want, sent)
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
			client, script := newScriptedAPI(t, answerResult(`[]`))
			_, err := client.OrganizationMembers.List(t.Context(), oneOrganization, params)
			require.NoError(t, err)
			assert.Equal(t, membersTarget+query, script.sent[0].Target)
		})
	}
}

func TestOrganizationMembersReadMembers(t *testing.T) {
	client, _ := newScriptedAPI(t, answerResult(wireMember), answerResult(wireMember), answerResult("["+wireMember+"]"), answerResult("["+wireMember+"]"))
	ctx, params := t.Context(), cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"}

	member, err := client.OrganizationMembers.Get(ctx, oneOrganization, oneMember)
	require.NoError(t, err)
	assert.Equal(t, readMember(), member)
	member, err = client.OrganizationMembers.Create(ctx, oneOrganization, params)
	require.NoError(t, err)
	assert.Equal(t, readMember(), member)
	created, err := client.OrganizationMembers.BatchCreate(ctx, oneOrganization, []cloudflare.OrganizationMemberCreateParams{params})
	require.NoError(t, err)
	assert.Equal(t, []cloudflare.OrganizationMember{*readMember()}, created)
	page, err := client.OrganizationMembers.List(ctx, oneOrganization, cloudflare.OrganizationMemberListParams{})
	require.NoError(t, err)
	assert.Equal(t, []cloudflare.OrganizationMember{*readMember()}, page.Items)
}

func TestOrganizationMemberMayLackWhatItLikes(t *testing.T) {
	tests := map[string]cloudflare.OrganizationMember{
		`{"id":"fedcba9876543210fedcba9876543210"}`:                                                               {ID: oneMember},
		`{"id":"fedcba9876543210fedcba9876543210","status":"suspended","user":{},"meta":null}`:                    {ID: oneMember, Status: "suspended"},
		`{"id":"fedcba9876543210fedcba9876543210","status":null,"user":null,"create_time":null}`:                  {ID: oneMember},
		`{"id":"fedcba9876543210fedcba9876543210","user":{"two_factor_authentication_enabled":null,"name":null}}`: {ID: oneMember, User: cloudflare.MemberUser{TwoFactorAuthenticationEnabled: cloudflare.Nullable[bool]{Null: true}}},
		`{"id":"fedcba9876543210fedcba9876543210","user":{"two_factor_authentication_enabled":false}}`:            {ID: oneMember, User: cloudflare.MemberUser{TwoFactorAuthenticationEnabled: cloudflare.Nullable[bool]{Valid: true}}},
	}
	for body, want := range tests {
		t.Run(body, func(t *testing.T) {
			client, _ := newScriptedAPI(t, answerResult(body))
			member, err := client.OrganizationMembers.Get(t.Context(), oneOrganization, oneMember)
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
			client, script := newScriptedAPI(t, answerResult(body), answerResult(body), answerResult("["+body+"]"))
			params := cloudflare.OrganizationMemberCreateParams{Email: "a@example.com"}

			member, err := client.OrganizationMembers.Get(t.Context(), oneOrganization, oneMember)
			var answer *cloudflare.Error
			require.ErrorAs(t, err, &answer)
			assert.Nil(t, member)
			assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown)

			member, err = client.OrganizationMembers.Create(t.Context(), oneOrganization, params)
			require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown, "it said success")
			assert.Nil(t, member)

			created, err := client.OrganizationMembers.BatchCreate(t.Context(), oneOrganization, []cloudflare.OrganizationMemberCreateParams{params})
			require.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
			assert.Nil(t, created)
			assert.Equal(t, []cloudflare.OrganizationMemberCreateParams{params}, batchErrorOf(t, err).Unknown)
			assert.Len(t, script.sent, 3)
		})
	}
}

func TestOrganizationMembersRefuseBadParams(t *testing.T) {
	client, script := newScriptedAPI(t)
	list := func(params cloudflare.OrganizationMemberListParams) error {
		_, err := client.OrganizationMembers.List(t.Context(), oneOrganization, params)
		for _, ranged := range client.OrganizationMembers.All(t.Context(), oneOrganization, params) {
			assert.ErrorIs(t, ranged, cloudflare.ErrInvalidArgument)
		}
		return err
	}
	create := func(email string, status cloudflare.MemberStatus) error {
		params := cloudflare.OrganizationMemberCreateParams{Email: email, Status: status}
		_, err := client.OrganizationMembers.Create(t.Context(), oneOrganization, params)
		members := append(manyMembers(25), params)
		_, batch := client.OrganizationMembers.BatchCreate(t.Context(), oneOrganization, members)
		assert.ErrorIs(t, batch, cloudflare.ErrInvalidArgument)
		assert.ErrorContains(t, batch, "member 25")
		clear(members) // what the caller does with its own list changes nothing
		assert.Equal(t, append(manyMembers(25), params), batchErrorOf(t, batch).NotCreated)
		return err
	}
	batch := func(members ...cloudflare.OrganizationMemberCreateParams) error {
		_, err := client.OrganizationMembers.BatchCreate(t.Context(), oneOrganization, members)
		return err
	}
	accounts := func(params cloudflare.OrganizationAccountListParams) error {
		_, err := client.OrganizationAccounts.List(t.Context(), oneOrganization, params)
		for _, ranged := range client.OrganizationAccounts.All(t.Context(), oneOrganization, params) {
			assert.ErrorIs(t, ranged, cloudflare.ErrInvalidArgument)
		}
		return err
	}
	tests := map[string]struct {
		err  error
		says string
	}{
		"statuses empty":         {list(cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{}}), "Statuses is empty"},
		"a status empty":         {list(cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{"active", ""}}), "Statuses has an empty"},
		"page size negative":     {list(cloudflare.OrganizationMemberListParams{PageSize: -1}), "not -1"},
		"page size too large":    {list(cloudflare.OrganizationMemberListParams{PageSize: 1001}), "not 1001"},
		"accounts, negative":     {accounts(cloudflare.OrganizationAccountListParams{PageSize: -1}), "not -1"},
		"accounts, too large":    {accounts(cloudflare.OrganizationAccountListParams{PageSize: 1001}), "not 1001"},
		"e-mail empty":           {create("", ""), "Email is empty"},
		"e-mail without @":       {create("ann.example.com", ""), "Email has no @"},
		"e-mail with a line":     {create("ann@example.com\n", ""), "white space"},
		"e-mail with a space":    {create(" ann@example.com", ""), "white space"},
		"e-mail with NUL":        {create("ann@example.com\x00", ""), "control character"},
		"e-mail with DEL":        {create("a\x7f@example.com", ""), "control character"},
		"e-mail with C1":         {create("a\u0085@example.com", ""), "control character"},
		"e-mail not UTF-8":       {create("ann\xff@example.com", ""), "UTF-8"},
		"status pending":         {create("ann@example.com", cloudflare.MemberStatusPending), `"pending"`},
		"status rejected":        {create("ann@example.com", cloudflare.MemberStatusRejected), `"rejected"`},
		"status unknown":         {create("ann@example.com", "admin"), `"admin"`},
		"nobody":                 {batch(), "no members"},
		"the same twice":         {batch(append(manyMembers(12), manyMembers(1)...)...), "members 0 and 12"},
		"the same in other case": {batch(cloudflare.OrganizationMemberCreateParams{Email: "A@b"}, cloudflare.OrganizationMemberCreateParams{Email: "a@B"}), "members 0 and 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, test.err, cloudflare.ErrInvalidArgument)
			assert.ErrorContains(t, test.err, test.says)
		})
	}
	assert.Empty(t, script.sent)
}

// idsThatLeadElsewhere are texts that would make a path lead elsewhere, or mean something else to a server or proxy on the way.
var idsThatLeadElsewhere = []string{
	"", ".", "..", "/", "//", "a/b", "/a", "a/", "../accounts", "..%2faccounts", "%2e%2e", "%2E%2E%2F", "%252e%252e", "%", "%00", "a%20b",
	"?", "a?b=c", "?page_size=1000", "#", "a#b", `\`, `..\`, `a\b`, "\x00", "a\x00b", "a\nb", "a\rb", "a\r\nX-Auth-Key: b", "\t", "a\tb",
	"\x1b[2J", "\x7f", "\u0085", "\u009f", "\xff", "a\xc0\xafb", "\xed\xa0\x80", "null", "../../user/tokens", "/etc/passwd", "https://example.com/",
}

func TestOrganizationMembersAndAccountsRefuseHostileIDs(t *testing.T) {
	params := cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"}
	calls := map[string]func(ctx context.Context, c *cloudflare.Client, organizationID, memberID string) error{
		"accounts List": func(ctx context.Context, c *cloudflare.Client, organizationID, _ string) error {
			_, err := c.OrganizationAccounts.List(ctx, organizationID, cloudflare.OrganizationAccountListParams{})
			return err
		},
		"accounts All": func(ctx context.Context, c *cloudflare.Client, organizationID, _ string) (last error) {
			for _, last = range c.OrganizationAccounts.All(ctx, organizationID, cloudflare.OrganizationAccountListParams{}) {
			}
			return last
		},
		"members List": func(ctx context.Context, c *cloudflare.Client, organizationID, _ string) error {
			_, err := c.OrganizationMembers.List(ctx, organizationID, cloudflare.OrganizationMemberListParams{})
			return err
		},
		"members All": func(ctx context.Context, c *cloudflare.Client, organizationID, _ string) (last error) {
			for _, last = range c.OrganizationMembers.All(ctx, organizationID, cloudflare.OrganizationMemberListParams{}) {
			}
			return last
		},
		"members Create": func(ctx context.Context, c *cloudflare.Client, organizationID, _ string) error {
			_, err := c.OrganizationMembers.Create(ctx, organizationID, params)
			return err
		},
		"members BatchCreate": func(ctx context.Context, c *cloudflare.Client, organizationID, _ string) error {
			_, err := c.OrganizationMembers.BatchCreate(ctx, organizationID, []cloudflare.OrganizationMemberCreateParams{params})
			return err
		},
		"members Get": func(ctx context.Context, c *cloudflare.Client, organizationID, memberID string) error {
			_, err := c.OrganizationMembers.Get(ctx, organizationID, memberID)
			return err
		},
		"members Delete": func(ctx context.Context, c *cloudflare.Client, organizationID, memberID string) error {
			return c.OrganizationMembers.Delete(ctx, organizationID, memberID)
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedAPI(t)
			for _, id := range idsThatLeadElsewhere {
				err := call(t.Context(), client, id, oneMember)
				require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", id)
				assert.ErrorContains(t, err, "organization ID", "%q", id)
				if name != "members Get" && name != "members Delete" {
					continue
				}
				err = call(t.Context(), client, oneOrganization, id)
				require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", id)
				assert.ErrorContains(t, err, "member ID", "%q", id)
			}
			assert.Empty(t, script.sent)
		})
	}
}

func TestCallRefusesHostileMemberIDs(t *testing.T) {
	client, script := newScriptedAPI(t)
	for _, id := range idsThatLeadElsewhere {
		path := []string{"organizations", oneOrganization, "members", id, "later"}
		err := client.Call(t.Context(), cloudflare.Request{Method: "GET", Path: path}, nil)
		require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%q", id)
	}
	assert.Empty(t, script.sent)
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
		_, err := c.OrganizationMembers.Get(ctx, oneOrganization, oneMember)
		return err
	}
	create := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.OrganizationMembers.Create(ctx, oneOrganization, cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"})
		return err
	}
	remove := func(ctx context.Context, c *cloudflare.Client) error {
		return c.OrganizationMembers.Delete(ctx, oneOrganization, oneMember)
	}
	noRoute := answerStatus(404, `{"success":false,"errors":[{"code":7003,"message":"Could not route"}]}`)
	none, unknown, notFound := error(nil), cloudflare.ErrOutcomeUnknown, cloudflare.ErrNotFound

	tests := map[string]struct {
		call      func(context.Context, *cloudflare.Client) error
		responses []httpmock.Responder // each is asked for
		want      error
	}{
		"Get, 502":                           {get, []httpmock.Responder{answerRefusal(502), answerReset(), answerResult(wireMember)}, none},
		"Create, 502":                        {create, []httpmock.Responder{answerRefusal(502)}, unknown},
		"Create, 503 with Retry-After":       {create, []httpmock.Responder{answerStatus(503, "", "Retry-After: 1")}, unknown},
		"Create, 408":                        {create, []httpmock.Responder{answerStatus(408, "")}, unknown},
		"Create, 522 from the edge":          {create, []httpmock.Responder{answerStatus(522, "<html>")}, unknown},
		"Create, reset":                      {create, []httpmock.Responder{answerReset()}, unknown},
		"Create, end of file":                {create, []httpmock.Responder{answerBroken(io.ErrUnexpectedEOF)}, unknown},
		"Create, an empty success":           {create, []httpmock.Responder{answerStatus(200, "")}, unknown},
		"Create, 204":                        {create, []httpmock.Responder{answerStatus(204, "")}, unknown},
		"Create, 429":                        {create, []httpmock.Responder{answerRefusal(429), answerResult(wireMember)}, none},
		"Create, no connection":              {create, []httpmock.Responder{answerNoConnection(), answerResult(wireMember)}, none},
		"Create, 429, then reset":            {create, []httpmock.Responder{answerRefusal(429), answerReset()}, unknown},
		"Create, 409":                        {create, []httpmock.Responder{answerRefusal(409)}, cloudflare.ErrConflict},
		"Delete, 502":                        {remove, []httpmock.Responder{answerRefusal(502), answerStatus(204, "")}, none},
		"Delete, reset, then gone":           {remove, []httpmock.Responder{answerReset(), answerRefusal(404)}, none},
		"Delete, 500, 429, then gone":        {remove, []httpmock.Responder{answerRefusal(500), answerRefusal(429), answerRefusal(404)}, none},
		"Delete, gone":                       {remove, []httpmock.Responder{answerRefusal(404)}, notFound},
		"Delete, 429, then gone":             {remove, []httpmock.Responder{answerRefusal(429), answerRefusal(404)}, notFound},
		"Delete, no connection, then gone":   {remove, []httpmock.Responder{answerNoConnection(), answerRefusal(404)}, notFound},
		"Delete, reset, then no route":       {remove, []httpmock.Responder{answerReset(), noRoute}, unknown},
		"Delete, reset, then a proxy's 404":  {remove, []httpmock.Responder{answerReset(), answerStatus(404, "<html>")}, unknown},
		"Delete, reset, then 403":            {remove, []httpmock.Responder{answerReset(), answerRefusal(403)}, unknown},
		"Delete, reset and nothing but that": {remove, []httpmock.Responder{answerReset(), answerReset(), answerReset(), answerReset()}, unknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, script := newScriptedAPI(t, test.responses...)
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
			var answers []httpmock.Responder
			sum := 0
			for i, size := range sizes {
				answers = append(answers, answerStatus(200, `{"success":true,"result":`+manyCreated(sum, sum+size)+`}`, "Cf-Ray: ray"+strconv.Itoa(i)))
				sum += size
			}
			client, script := newScriptedAPI(t, answers...)
			var last cloudflare.Response
			created, err := client.OrganizationMembers.BatchCreate(t.Context(), oneOrganization, manyMembers(n), cloudflare.CaptureResponse(&last))
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
	var cancel context.CancelFunc                                      // of the test that runs
	thenCancel := func(answer httpmock.Responder) httpmock.Responder { // only once the answer has been read
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
	first, second, third := answerResult(manyCreated(0, 10)), answerResult(manyCreated(10, 20)), answerResult(manyCreated(20, 25))
	tests := map[string]struct {
		answers              []httpmock.Responder // each is asked for
		created, unknown     []string
		notCreated           []string
		errorIs, errorIsNone error
	}{
		"400 to the first": {
			answers: []httpmock.Responder{answerRefusal(400)}, notCreated: idsFromTo(0, 25), errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"400 to the second": {
			answers: []httpmock.Responder{first, answerRefusal(400)},
			created: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"a refusal with 200": {
			answers: []httpmock.Responder{first, answerStatus(200, `{"result":`+manyCreated(10, 20)+`,"success":false,"errors":[{"code":1001,"message":"no"}]}`)},
			created: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"502 to the second": {
			answers: []httpmock.Responder{first, answerStatus(502, "<html>")},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"reset on the last": {
			answers: []httpmock.Responder{first, second, answerReset()},
			created: idsFromTo(0, 20), unknown: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"429, then success": {
			answers: []httpmock.Responder{first, answerRefusal(429), second, third}, created: idsFromTo(0, 25),
		},
		"429 until the end": {
			answers: []httpmock.Responder{first, answerRefusal(429), answerRefusal(429), answerRefusal(429), answerRefusal(429)},
			created: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIs: cloudflare.ErrRateLimited, errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"cancelled between two": {
			answers: []httpmock.Responder{thenCancel(first)},
			created: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIs: context.Canceled, errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"cancelled on the way": {
			answers: []httpmock.Responder{first, cancelInstead},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: context.Canceled,
		},
		"nine of ten": {
			answers: []httpmock.Responder{first, answerResult(manyCreated(10, 19))},
			created: idsFromTo(0, 19), unknown: idsFromTo(19, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"none of ten": {
			answers: []httpmock.Responder{first, answerResult(`[]`)},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"more than ten": {
			answers: []httpmock.Responder{first, answerResult(manyCreated(10, 22))},
			created: idsFromTo(0, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"people whom nobody asked for": {
			answers: []httpmock.Responder{first, answerResult(manyCreated(30, 32))},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"one of them without an id": {
			answers: []httpmock.Responder{first, answerResult(strings.Replace(manyCreated(10, 20), `"id":"id15",`, "", 1))},
			created: idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"an object": {
			answers: []httpmock.Responder{answerResult(`{}`)},
			unknown: idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ctx context.Context
				ctx, cancel = context.WithCancel(t.Context())
				defer cancel()
				client, script := newScriptedAPI(t, test.answers...)
				members := manyMembers(25)
				created, err := client.OrganizationMembers.BatchCreate(ctx, oneOrganization, members)
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

func TestBatchCreateNeverReachesAnyoneWithABadOption(t *testing.T) {
	client, script := newScriptedAPI(t)
	_, err := client.OrganizationMembers.BatchCreate(t.Context(), oneOrganization, manyMembers(11), cloudflare.SetMaxRetries(-1))
	require.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
	assert.Len(t, batchErrorOf(t, err).NotCreated, 11)
	assert.Empty(t, script.sent)
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

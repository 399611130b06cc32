package cloudflare_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func membershipJSON(id, email string, status cloudflare.MemberStatus) string {
	return `{"id":"` + id + `","status":"` + string(status) + `","user":{"email":"` + email + `"}}`
}

func TestMembersEnsureCreatesOnce(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		id := api.AddOrganization("Org", "")
		api.AddMember(id, cloudflaretest.Member{Email: "joann@example.com"})
		api.AddMember(id, cloudflaretest.Member{Email: "ann@example.com.example.org"})
		var first *cloudflare.OrganizationMember
		for n, email := range []string{"ann@example.com", "ann@example.com", "Ann@Example.com"} {
			member, created, err := api.client.OrganizationMembers.Ensure(t.Context(), id, cloudflare.OrganizationMemberCreateParams{Email: email})
			require.NoError(t, err)
			assert.Equal(t, n == 0, created)
			if n == 0 {
				first = member
			}
			assert.Equal(t, first, member)
		}
		assert.Equal(t, cloudflare.MemberStatusPending, first.Status)
		assert.Equal(t, "{}", string(first.Meta))
		assert.Equal(t, []string{"POST organizations/" + id + "/members"}, api.writes())
	})
}

// What the API lists is compared, because it could ignore the filter. A user who rejected or left is not a member.
func TestMembersEnsureChecksWhatTheAPILists(t *testing.T) {
	const (
		active, pending    = cloudflare.MemberStatusActive, cloudflare.MemberStatusPending
		canceled, rejected = cloudflare.MemberStatusCanceled, cloudflare.MemberStatusRejected
	)
	list := func(members ...string) string { return "[" + strings.Join(members, ",") + "]" }
	for name, tt := range map[string]struct {
		listed string
		status cloudflare.MemberStatus // that is asked for
		id     string                  // "new" if one is created
	}{
		"nobody":                  {"[]", "", "new"},
		"another address":         {list(membershipJSON("a", "joann@example.com", active)), "", "new"},
		"no address":              {list(membershipJSON("a", "", active)), "", "new"},
		"another case":            {list(membershipJSON("a", "Ann@Example.com", active)), "", "a"},
		"pending":                 {list(membershipJSON("a", "ann@example.com", pending)), "", "a"},
		"pending, active wanted":  {list(membershipJSON("a", "ann@example.com", pending)), active, "a"},
		"canceled":                {list(membershipJSON("a", "ann@example.com", canceled)), "", "new"},
		"canceled, and wanted so": {list(membershipJSON("a", "ann@example.com", canceled)), canceled, "a"},
		"active, canceled wanted": {list(membershipJSON("a", "ann@example.com", active)), canceled, "a"},
		"rejected":                {list(membershipJSON("a", "ann@example.com", rejected)), "", "new"},
		"rejected and pending":    {list(membershipJSON("a", "ann@example.com", rejected), membershipJSON("b", "ann@example.com", pending)), "", "b"},
		"pending and active":      {list(membershipJSON("a", "ann@example.com", pending), membershipJSON("b", "ann@example.com", active)), "", "b"},
		"active and pending":      {list(membershipJSON("a", "ann@example.com", active), membershipJSON("b", "ann@example.com", pending)), "", "a"},
		"unknown and pending":     {list(membershipJSON("a", "ann@example.com", "suspended"), membershipJSON("b", "ann@example.com", pending)), "", "b"},
		"active and unknown":      {list(membershipJSON("a", "ann@example.com", active), membershipJSON("b", "ann@example.com", "suspended")), "", "a"},
		"active twice":            {list(membershipJSON("a", "ann@example.com", active), membershipJSON("b", "ann@example.com", active)), "", "a"},
		"unknown of another":      {list(membershipJSON("a", "joann@example.com", "suspended")), "", "new"},
		"unknown and canceled":    {list(membershipJSON("b", "ann@example.com", "suspended"), membershipJSON("a", "ann@example.com", canceled)), canceled, "a"},
		"one after many others": {
			list(strings.Repeat(membershipJSON("x", "x@example.com", active)+",", 500) + membershipJSON("a", "ann@example.com", active)),
			"", "a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, respondSuccess(tt.listed), respondSuccess(membershipJSON("new", "ann@example.com", pending)))
			params := cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com", Status: tt.status}
			member, created, err := client.OrganizationMembers.Ensure(t.Context(), "o1", params)
			require.NoError(t, err)
			assert.Equal(t, tt.id, member.ID)
			assert.Equal(t, tt.id == "new", created)
			assert.Equal(t, created, len(script.sent) == 2)
		})
	}
}

// Whether a membership with an unknown status is a living one cannot be told, so it is neither returned nor is another
// one created.
func TestMembersEnsureReportsAnUnknownStatus(t *testing.T) {
	for _, status := range []cloudflare.MemberStatus{
		"cancelled", "CANCELED", "Canceled", "Active", "ACTIVE", "active ", "PENDING", "Rejected", "REJECTED", "expired", "removed",
		"suspended", "accepted", "invited", "deleted", "",
	} {
		for _, others := range []string{"", membershipJSON("b", "ann@example.com", "rejected") + ",", membershipJSON("b", "ann@example.com", "canceled") + ","} {
			for _, email := range []string{"ann@example.com", "Ann@example.com"} {
				listed := respondSuccess("[" + others + membershipJSON("a", "ann@example.com", status) + "]")
				client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
					assert.Equal(t, http.MethodGet, r.Method, "nobody is invited")
					return listed(r)
				}))
				member, created, err := client.OrganizationMembers.Ensure(t.Context(), organizationID, cloudflare.OrganizationMemberCreateParams{Email: email})
				require.ErrorContains(t, err, fmt.Sprintf("member a has the status %q", status))
				assert.NotContains(t, err.Error(), "@", "an address is personal data")
				assert.Nil(t, member)
				assert.False(t, created)
			}
		}
	}

	// The member that is found after an unknown outcome.
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		id := api.AddOrganization("Org", "")
		api.FailNext("POST /organizations/{organization_id}/members", cloudflaretest.Reset())
		api.before = func(r *http.Request) {
			if r.Method == http.MethodPost {
				body := successBody("[" + membershipJSON("a", "ann@example.com", "expired") + "]")
				api.FailNext("GET /organizations/{organization_id}/members", cloudflaretest.Status(200, nil, body))
			}
		}
		_, created, err := api.client.OrganizationMembers.Ensure(t.Context(), id, cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"})
		assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, `"expired"`)
		assert.False(t, created)
	})

	// What a server sends is on one line, bounded, and without a credential.
	for _, status := range []string{canaryKey, `a\u001b[2J\nb`, strings.Repeat("x", 1<<20)} {
		client := newClient(t, respondSuccess(`[{"id":"`+status+`","status":"`+status+`","user":{"email":"ann@example.com"}}]`))
		_, _, err := client.OrganizationMembers.Ensure(t.Context(), organizationID, cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), canary)
		assert.NotRegexp(t, "[\x1b\n]", err.Error())
		assert.Less(t, len(err.Error()), 3000)
	}
}

// The API does not document whether its filter ignores case: an address is also looked for in lower case, which is how
// the API may have stored it.
func TestMembersEnsureLooksInLowerCaseToo(t *testing.T) {
	client, script := newScriptedClient(t, respondSuccess("[]"), respondSuccess("["+membershipJSON("a", "ann@example.com", "active")+"]"))
	member, created, err := client.OrganizationMembers.Ensure(t.Context(), organizationID, cloudflare.OrganizationMemberCreateParams{Email: "Ann@example.com"})
	require.NoError(t, err)
	assert.Equal(t, "a", member.ID)
	assert.False(t, created)
	require.Len(t, script.sent, 2)
	assert.Equal(t, organizationURL+"/members?page_size=1000&user.email=Ann%40example.com", script.sent[0].URL)
	assert.Equal(t, organizationURL+"/members?page_size=1000&user.email=ann%40example.com", script.sent[1].URL)
}

// Only the case of ASCII letters is ignored: the mailbox of another user may have the Kelvin sign or a long s.
func TestMembersWithOtherLettersAreOthers(t *testing.T) {
	for _, email := range []string{"\u212aate@example.com", "kate@example.com\u017f", "KATE@\u0130.com", "\u00c4@example.com"} {
		ascii := strings.NewReplacer("\u212a", "k", "\u017f", "s", "\u0130", "i", "\u00c4", "\u00e4").Replace(email)
		members := []cloudflare.OrganizationMemberCreateParams{{Email: ascii}, {Email: email}}
		client, script := newScriptedClient(t,
			respondSuccess("["+membershipJSON("other", email, "active")+"]"), respondSuccess("[]"), respondSuccess(membershipJSON("new", ascii, "pending")))
		if !strings.ContainsAny(ascii, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") { // which are looked for in lower case too
			script.responses = slices.Delete(script.responses, 1, 2)
		}
		member, created, err := client.OrganizationMembers.Ensure(t.Context(), organizationID, members[0])
		require.NoError(t, err, "%q", email)
		assert.True(t, created, "%q", email)
		assert.Equal(t, "new", member.ID, "%q", email)

		withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
			created, err := api.client.OrganizationMembers.BatchCreate(t.Context(), api.AddOrganization("Org", ""), members)
			require.NoError(t, err, "%q", email)
			assert.Len(t, created, 2, "%q", email)
			assert.NotEqual(t, created[0].User.ID, created[1].User.ID, "%q", email)
		})
		// The request of a batch fails after the API has created one of the two.
		client = newClient(t, respondSuccess("["+membershipJSON("a", email, "pending")+"]"))
		_, err = client.OrganizationMembers.BatchCreate(t.Context(), organizationID, members)
		assert.Equal(t, members[:1], batchErrorOf(t, err).Unknown, "%q", email)
	}
}

func TestMembersEnsureFails(t *testing.T) {
	params := cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"}
	for name, tt := range map[string]struct {
		responses []roundTripper
		is        error
	}{
		"the list":               {[]roundTripper{respondError(403)}, cloudflare.ErrForbidden},
		"a list that is cut off": {[]roundTripper{respondSuccess(`[{"id":""}]`)}, nil},
		"the create":             {[]roundTripper{respondSuccess("[]"), respondError(409)}, cloudflare.ErrConflict},
	} {
		client, _ := newScriptedClient(t, tt.responses...)
		member, created, err := client.OrganizationMembers.Ensure(t.Context(), "o1", params)
		require.Error(t, err, name)
		if tt.is != nil {
			assert.ErrorIs(t, err, tt.is, name)
		}
		assert.Nil(t, member, name)
		assert.False(t, created, name)
	}

	client, _ := newScriptedClient(t, respondSuccess("[]"), respondSuccess(membershipJSON("new", "a.n.n@example.com", "pending")))
	member, created, err := client.OrganizationMembers.Ensure(t.Context(), "o1", params)
	assert.ErrorContains(t, err, "Ensure would not find it again")
	assert.NotContains(t, err.Error(), "@", "an address is personal data")
	assert.True(t, created)
	assert.Equal(t, "new", member.ID)

	c := newClient(t, sendNothing(t))
	for _, params := range []cloudflare.OrganizationMemberCreateParams{{}, {Email: "ann"}, {Email: "ann@example.com", Status: "pending"}} {
		_, _, err := c.OrganizationMembers.Ensure(t.Context(), "o1", params)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
	}
	var response cloudflare.Response
	_, _, err = c.OrganizationMembers.Ensure(t.Context(), "o1", params, cloudflare.CaptureResponse(&response), nil)
	assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
}

func TestMembersEnsureAfterAnUnknownOutcome(t *testing.T) {
	for name, tt := range map[string]struct {
		fault   cloudflaretest.Fault // of the POST
		late    int                  // the look at which the member is listed; never if zero
		found   bool
		unknown bool
		took    time.Duration
	}{
		"created":                   {fault: cloudflaretest.Cut(), found: true},
		"listed at last":            {fault: cloudflaretest.Status(502, nil, ""), late: 4, found: true, took: 1750 * time.Millisecond},
		"never listed":              {fault: cloudflaretest.Reset(), unknown: true, took: 12750 * time.Millisecond},
		"known to fail":             {fault: cloudflaretest.Status(400, nil, rejectedBody)},
		"a wait, then listed":       {fault: asking("5"), late: 1, found: true, took: 5 * time.Second},
		"a wait, then listed later": {fault: asking("5"), late: 3, found: true, took: 5750 * time.Millisecond},
		"a wait, then never listed": {fault: asking("5"), unknown: true, took: 12750 * time.Millisecond},
		"a wait too long":           {fault: asking("100"), unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				id := api.AddOrganization("Org", "")
				api.Fail(2, tt.fault)
				looks := -1 // the first look comes before the create
				api.before = func(r *http.Request) {
					if r.Method == http.MethodGet {
						if looks++; looks == tt.late && tt.late > 0 {
							api.AddMember(id, cloudflaretest.Member{Email: "ann@example.com"})
						}
					}
				}
				start := time.Now()
				member, created, err := api.client.OrganizationMembers.Ensure(t.Context(), id,
					cloudflare.OrganizationMemberCreateParams{Email: "ann@example.com"})
				assert.Equal(t, tt.took, time.Since(start))
				assert.Equal(t, tt.found, created)
				assert.Equal(t, tt.unknown, errors.Is(err, cloudflare.ErrOutcomeUnknown), "%v", err)
				assert.Equal(t, tt.found, err == nil, "%v", err)
				assert.Equal(t, tt.found, member != nil)
				assert.Equal(t, []string{"POST organizations/" + id + "/members"}, api.writes(), "at most one create")
			})
		})
	}
}

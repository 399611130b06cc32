package cloudflare_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// hostileIDs could reach another path, host or organization than the one that was meant.
var hostileIDs = []string{
	"", ".", "..", "../accounts", "..\\accounts", "..\\", "/", "//", "a/b", "/a", "a/", "./a", "a/..", "a/../b", "\\", "a\\b",
	"?", "a?x=1", "?page_size=1000", "#", "a#b", "%", "%2e", "%2e%2e", "%2E%2E%2F", "%252e%252e", "..%2faccounts", "a%2fb", "%00", "a%00",
	"a%20b", "%25", "%zz", "http://example.com/", "//example.com", "https:\\\\example.com", "..;/", "a;/../b", "../../client/v4/user",
	"/etc/passwd", "\x00", "a\x00b", "a\nb", "a\rb", "a\r\nHost: example.com", "\t", "a\tb", "\x7f", "a\x7f", "\x1b[2J", "\u0085",
	"\u009f", "\xff", "a\xc0\xafb", "\xed\xa0\x80", "\xc0\xae\xc0\xae/", " ", "  ", " a", "a ", "a b", "\u00a0", "a\u00a0",
	"\u2003", "\u2028", "\u3000", "\ufeffa", "a\u200b", "\u202ea", "null", "a,b",
}

// isHarmlessCode reports whether a text that is not an ID can be sent as one segment of a path. The form of a code is not
// known.
func isHarmlessCode(id string) bool {
	return slices.Contains([]string{
		" ", "  ", " a", "a ", "a b", "\u00a0", "a\u00a0", "\u2003", "\u2028", "\u3000", "\ufeffa", "a\u200b", "\u202ea", "null", "a,b",
	}, id)
}

// An ID that a server or a proxy could take for anything else is not sent. The error does not contain it, because it
// may be a credential that was passed in the wrong place.
func TestHostileIDs(t *testing.T) {
	c := newClient(t, sendNothing(t))
	deleteIfEmpty := func(ctx context.Context, c *cloudflare.Client, id string) error { // sends several requests
		return c.Organizations.DeleteIfEmpty(ctx, id)
	}
	require.Greater(t, len(hostileIDs), 30)
	for _, m := range append(everyIDMethod, idMethod{"Organizations.DeleteIfEmpty", deleteIfEmpty, "organization ID"}) {
		for _, id := range hostileIDs {
			if id == cloudflare.NoParent && (m.name == "Organizations.List's ParentID" || m.name == "Organizations.All's ParentID") {
				continue
			}
			if m.want == "member code" && isHarmlessCode(id) {
				continue
			}
			err := m.call(t.Context(), c, id)
			if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s(%q)", m.name, id) {
				assert.ErrorContains(t, err, m.want, "%s(%q)", m.name, id)
				if len(id) > 8 {
					assert.NotContains(t, err.Error(), id)
				}
			}
		}
	}
}

// An ID that Cloudflare does not use today, but that is harmless, is sent unchanged, as one segment or one parameter.
// The API may change its IDs.
func TestUnusualIDs(t *testing.T) {
	sentFor := func(m idMethod, id string) (*url.URL, string) {
		client, script := newScriptedClient(t, respondWith(400, ""))
		require.Error(t, m.call(t.Context(), client, id))
		sent := script.only(t)
		target, err := url.Parse(sent.URL)
		require.NoError(t, err)
		return target, target.Path + " " + fmt.Sprint(target.Query()) + sent.Body
	}
	for _, m := range everyIDMethod {
		if m.name == "Organizations.DeleteIfEmpty" { // sends several requests at once, to the routes of other methods
			continue
		}
		plain, plainly := sentFor(m, "PLAIN")
		require.Contains(t, plainly, "PLAIN")
		for _, id := range []string{"a7b9c3d2e8f4g1h5", "A-b_c.d~e", "...", "a:b", "a@b", "a;b", "a=b&c=d", "*", "(1)", "+", "é", "日本", "𝔸"} {
			got, all := sentFor(m, id)
			assert.Equal(t, strings.Count(plain.EscapedPath(), "/"), strings.Count(got.EscapedPath(), "/"))
			assert.Equal(t, len(plain.Query()), len(got.Query()))
			assert.Equal(t, "api.cloudflare.com", got.Host)
			if !strings.Contains(id, "&") { // which JSON may write in another way
				assert.Equal(t, strings.ReplaceAll(plainly, "PLAIN", id), all)
			}
		}
	}
}

// Every argument that is not valid gives an error that names it, and no request is sent.
func TestInvalidArguments(t *testing.T) {
	ctx, c := t.Context(), newClient(t, sendNothing(t))
	list := func(params cloudflare.OrganizationListParams) error {
		_, err := lastOf(c.Organizations.All(ctx, params))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "All, unlike List")
		_, err = c.Organizations.List(ctx, params)
		return err
	}
	accounts := func(params cloudflare.OrganizationAccountListParams) error {
		_, err := lastOf(c.OrganizationAccounts.All(ctx, organizationID, params))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "All, unlike List")
		_, err = c.OrganizationAccounts.List(ctx, organizationID, params)
		return err
	}
	members := func(params cloudflare.OrganizationMemberListParams) error {
		_, err := lastOf(c.OrganizationMembers.All(ctx, organizationID, params))
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "All, unlike List")
		_, err = c.OrganizationMembers.List(ctx, organizationID, params)
		return err
	}
	create := func(params cloudflare.OrganizationCreateParams) error {
		_, err := c.Organizations.Create(ctx, params)
		_, created, ensured := c.Organizations.Ensure(ctx, params)
		assert.ErrorIs(t, ensured, cloudflare.ErrInvalidArgument, "Ensure, unlike Create")
		assert.False(t, created)
		return err
	}
	ensure := func(name string) error {
		_, _, err := c.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: name})
		return err
	}
	update := func(params cloudflare.OrganizationUpdateParams) error {
		_, err := c.Organizations.Update(ctx, organizationID, params)
		return err
	}
	member := func(email string, status cloudflare.MemberStatus) error {
		params := cloudflare.OrganizationMemberCreateParams{Email: email, Status: status}
		_, err := c.OrganizationMembers.Create(ctx, organizationID, params)
		members := append(manyMembers(25), params)
		_, batch := c.OrganizationMembers.BatchCreate(ctx, organizationID, members)
		assert.ErrorIs(t, batch, cloudflare.ErrInvalidArgument)
		assert.ErrorContains(t, batch, "member 25")
		clear(members) // the error has a list of its own
		assert.Equal(t, append(manyMembers(25), params), batchErrorOf(t, batch).NotCreated)
		return err
	}
	batch := func(members ...cloudflare.OrganizationMemberCreateParams) error {
		_, err := c.OrganizationMembers.BatchCreate(ctx, organizationID, members)
		return err
	}
	type (
		organizations = cloudflare.OrganizationListParams
		params        = cloudflare.OrganizationMemberCreateParams
	)
	for name, tt := range map[string]struct {
		err  error
		says string
	}{
		"IDs that are empty":             {list(organizations{IDs: []string{}}), "IDs"},
		"an empty ID among others":       {list(organizations{IDs: []string{"o1", "", "o2"}}), "IDs"},
		"a page size of -1":              {list(organizations{PageSize: -1}), "PageSize"},
		"a page size of 1001":            {list(organizations{PageSize: cloudflare.MaxPageSize + 1}), "PageSize"},
		"the smallest page size":         {list(organizations{PageSize: math.MinInt}), "PageSize"},
		"the largest page size":          {list(organizations{PageSize: math.MaxInt}), "PageSize"},
		"a name that is not UTF-8":       {list(organizations{Name: "\xff"}), `"name"`},
		"a page token that is not UTF-8": {list(organizations{PageToken: "\xff"}), `"page_token"`},

		"accounts: a page size of -1":   {accounts(cloudflare.OrganizationAccountListParams{PageSize: -1}), "PageSize"},
		"accounts: a page size of 1001": {accounts(cloudflare.OrganizationAccountListParams{PageSize: 1001}), "PageSize"},

		"members: no statuses":         {members(cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{}}), "Statuses must be nil or not empty"},
		"members: an empty status":     {members(cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{"active", ""}}), "Statuses must not have an empty"},
		"members: a page size of -1":   {members(cloudflare.OrganizationMemberListParams{PageSize: -1}), "PageSize"},
		"members: a page size of 1001": {members(cloudflare.OrganizationMemberListParams{PageSize: 1001}), "PageSize"},

		"a create without a name":        {create(cloudflare.OrganizationCreateParams{ParentID: "o1"}), "Name"},
		"a create with an empty profile": {create(cloudflare.OrganizationCreateParams{Name: "n", Profile: new(cloudflare.OrganizationProfile)}), "Profile"},
		"a create below NoParent":        {create(cloudflare.OrganizationCreateParams{Name: "n", ParentID: cloudflare.NoParent}), "ParentID"},
		"a create that is not UTF-8":     {create(cloudflare.OrganizationCreateParams{Name: "\xff"}), "UTF-8"},
		"a profile that is not UTF-8":    {update(cloudflare.OrganizationUpdateParams{Name: "n", Profile: &cloudflare.OrganizationProfile{BusinessName: "\xff"}}), "UTF-8"},
		"a name in white space":          {ensure("Org "), "Name"},

		"an update without a name":        {update(cloudflare.OrganizationUpdateParams{ParentID: "o2"}), "Name"},
		"an update with a profile alone":  {update(cloudflare.OrganizationUpdateParams{Profile: fullProfile()}), "Name"},
		"an update with an empty profile": {update(cloudflare.OrganizationUpdateParams{Name: "n", Profile: new(cloudflare.OrganizationProfile)}), "Profile"},
		"an update below NoParent":        {update(cloudflare.OrganizationUpdateParams{Name: "n", ParentID: cloudflare.NoParent}), "ParentID"},
		"an empty profile":                {c.OrganizationProfile.Update(ctx, organizationID, cloudflare.OrganizationProfile{}), "profile"},

		"an empty email address":             {member("", ""), "Email is empty"},
		"an email address without @":         {member("ann.example.com", ""), "Email has no @"},
		"an email address with a line break": {member("ann@example.com\n", ""), "white space"},
		"an email address with a space":      {member(" ann@example.com", ""), "white space"},
		"an email address with NUL":          {member("ann@example.com\x00", ""), "control character"},
		"an email address with DEL":          {member("a\x7f@example.com", ""), "control character"},
		"an email address with C1":           {member("a\u0085@example.com", ""), "control character"},
		"an email address not in UTF-8":      {member("ann\xff@example.com", ""), "UTF-8"},
		"the status pending":                 {member("ann@example.com", cloudflare.MemberStatusPending), `"pending"`},
		"the status rejected":                {member("ann@example.com", cloudflare.MemberStatusRejected), `"rejected"`},
		"an unknown status":                  {member("ann@example.com", "admin"), `"admin"`},
		"a batch of nobody":                  {batch(), "list of members must not be empty"},
		"a batch with one member twice":      {batch(append(manyMembers(12), manyMembers(1)...)...), "members 0 and 12"},
		"a batch with it in other case":      {batch(params{Email: "A@b"}, params{Email: "a@B"}), "members 0 and 1"},
	} {
		if assert.ErrorIs(t, tt.err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: invalid argument: .{8,}`, tt.err.Error(), name)
			assert.ErrorContains(t, tt.err, tt.says, name)
		}
	}
}

// A client that NewClient did not make and a nil context give an error, and never a panic.
func TestNilArguments(t *testing.T) {
	good := newClient(t, sendNothing(t))
	empty := &cloudflare.Client{}
	for service := range reflect.ValueOf(empty).Elem().Fields() {
		if service.IsExported() {
			field := reflect.ValueOf(empty).Elem().FieldByIndex(service.Index)
			field.Set(reflect.New(field.Type().Elem()))
		}
	}
	var noContext context.Context
	for _, m := range everyMethod {
		result, err := m.call(noContext, good)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, m.name)
		assert.ErrorContains(t, err, "context is nil", m.name)
		assert.Nil(t, result, m.name)
		for name, c := range map[string]*cloudflare.Client{"zero": {}, "with zero services": empty} {
			result, err := m.call(t.Context(), c)
			assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s: %s", name, m.name)
			assert.ErrorContains(t, err, "NewClient")
			assert.Nil(t, result, m.name)
		}
	}
	var none *cloudflare.Client
	err := none.Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"x"}}, nil)
	assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
	assert.ErrorContains(t, err, "nil")
}

// A call does not change its arguments, and later changes of them do not change the call.
func TestArgumentsAreNotChanged(t *testing.T) {
	var queries []string
	c := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		queries = append(queries, r.URL.RawQuery)
		return respondSuccess("[]")(r)
	}))
	params := cloudflare.OrganizationListParams{IDs: []string{"o1", "o2"}, Name: "n"}
	all := c.Organizations.All(t.Context(), params)
	params.IDs[0] = "changed"
	for range 2 {
		_, err := lastOf(all)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"id=o1&id=o2&name=n&page_size=1000", "id=o1&id=o2&name=n&page_size=1000"}, queries)
	assert.Equal(t, cloudflare.OrganizationListParams{IDs: []string{"changed", "o2"}, Name: "n"}, params)

	query := url.Values{"q": {"1"}}
	require.NoError(t, c.Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"x"}, Query: query}, nil, cloudflare.AddQuery("r", "2")))
	assert.Equal(t, url.Values{"q": {"1"}}, query)

	hc := &http.Client{Transport: respondSuccess("[]")}
	own, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithHTTPClient(hc))
	require.NoError(t, err)
	hc.Transport = nil
	_, err = own.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	require.NoError(t, err)
}

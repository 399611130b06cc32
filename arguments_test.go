package cloudflare_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// hostileIDs would reach another path, another host or another organization, or nothing that anyone meant.
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
	require.Greater(t, len(hostileIDs), 30)
	for _, m := range everyIDMethod {
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
		clear(members) // what the caller does with its own list changes nothing
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

		"members: no statuses":         {members(cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{}}), "Statuses is empty"},
		"members: an empty status":     {members(cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{"active", ""}}), "Statuses has an empty"},
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
		"a batch of nobody":                  {batch(), "no members"},
		"a batch with one member twice":      {batch(append(manyMembers(12), manyMembers(1)...)...), "members 0 and 12"},
		"a batch with it in other case":      {batch(params{Email: "A@b"}, params{Email: "a@B"}), "members 0 and 1"},
	} {
		if assert.ErrorIs(t, tt.err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: invalid argument: .{8,}`, tt.err.Error(), name)
			assert.ErrorContains(t, tt.err, tt.says, name)
		}
	}
}

func TestInvalidCallOptions(t *testing.T) {
	c := newClient(t, sendNothing(t))
	for name, tt := range map[string]struct { // the name begins with what the error must contain
		options []cloudflare.CallOption
	}{
		"option 1: nil":               {[]cloudflare.CallOption{nil}},
		"option 2: nil":               {[]cloudflare.CallOption{cloudflare.SetMaxRetries(0), nil}},
		"SetMaxRetries: negative":     {[]cloudflare.CallOption{cloudflare.SetMaxRetries(-1)}},
		"SetMaxRetries: math.MinInt":  {[]cloudflare.CallOption{cloudflare.SetMaxRetries(math.MinInt)}},
		"CaptureResponse: nil":        {[]cloudflare.CallOption{cloudflare.CaptureResponse(nil)}},
		"AddQuery: no key":            {[]cloudflare.CallOption{cloudflare.AddQuery("", "x")}},
		"\"q\": a value not in UTF-8": {[]cloudflare.CallOption{cloudflare.AddQuery("q", "\xff")}},
		"UTF-8: a key not in UTF-8":   {[]cloudflare.CallOption{cloudflare.AddQuery("\xff", "x")}},
		"\"page_token\": reserved":    {[]cloudflare.CallOption{cloudflare.AddQuery("page_token", "x")}},
		"\"page_size\": reserved":     {[]cloudflare.CallOption{cloudflare.AddQuery("page_size", "1")}},
		"\"name\": in the params too": {[]cloudflare.CallOption{cloudflare.AddQuery("name", "b")}},
		"SetHeader: no key":           {[]cloudflare.CallOption{cloudflare.SetHeader("", "v")}},
		"Authorization: reserved":     {[]cloudflare.CallOption{cloudflare.SetHeader("authorization", "Bearer other")}},
		"X-Trace: two lines":          {[]cloudflare.CallOption{cloudflare.SetHeader("x-trace", "a\r\nb")}},
		"SetMaxRetries: comes first":  {[]cloudflare.CallOption{cloudflare.SetMaxRetries(-1), cloudflare.AddQuery("", "x")}},
	} {
		says, _, _ := strings.Cut(name, ":")
		_, err := c.Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "n"}, tt.options...)
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: invalid argument: .{8,}`, err.Error(), name)
			assert.ErrorContains(t, err, says, name)
		}
		_, err = c.OrganizationMembers.BatchCreate(t.Context(), organizationID, manyMembers(11), append(tt.options, cloudflare.AddQuery("", ""))...)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		assert.Len(t, batchErrorOf(t, err).NotCreated, 11)
	}
}

func TestInvalidRequests(t *testing.T) {
	c := newClient(t, sendNothing(t))
	path, get := []string{"x"}, cloudflare.Request{Method: "GET", Path: []string{"x"}}
	for name, tt := range map[string]struct {
		request cloudflare.Request
		result  any
		says    string
	}{
		"no method":                      {cloudflare.Request{Path: path}, nil, "method"},
		"a method in lower case":         {cloudflare.Request{Method: "get", Path: path}, nil, "method"},
		"an unknown method":              {cloudflare.Request{Method: "CONNECT", Path: path}, nil, "method"},
		"a method that is a request":     {cloudflare.Request{Method: "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", Path: path}, nil, "method"},
		"no path":                        {cloudflare.Request{Method: "GET"}, nil, "path"},
		"an empty path":                  {cloudflare.Request{Method: "GET", Path: []string{}}, nil, "path"},
		"an empty segment":               {cloudflare.Request{Method: "GET", Path: []string{"x", "", "y"}}, nil, "segment 2"},
		"a path that is one string":      {cloudflare.Request{Method: "GET", Path: []string{"accounts/a1"}}, nil, "segment 1"},
		"a key that is not UTF-8":        {cloudflare.Request{Method: "GET", Path: path, Query: url.Values{"\xff": nil}}, nil, "UTF-8"},
		"a result that is a struct":      {get, struct{}{}, "struct {}"},
		"a result that is a map":         {get, map[string]any{}, "map[string]"},
		"a result that is a nil pointer": {get, (*cloudflare.Organization)(nil), "*cloudflare.Organization"},
		"a body that is a channel":       {cloudflare.Request{Method: "POST", Path: path, Body: make(chan int)}, nil, "body"},
		"a body that is NaN":             {cloudflare.Request{Method: "POST", Path: path, Body: math.NaN()}, nil, "body"},
		"a body that is not UTF-8":       {cloudflare.Request{Method: "POST", Path: path, Body: "\xff"}, nil, "body"},
		"a raw body that is not JSON":    {cloudflare.Request{Method: "POST", Path: path, Body: json.RawMessage("{")}, nil, "body"},
		"an empty raw body":              {cloudflare.Request{Method: "POST", Path: path, Body: json.RawMessage{}}, nil, "body"},
	} {
		err := c.Call(t.Context(), tt.request, tt.result)
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: (GET: )?invalid argument: .{8,}`, err.Error(), name)
			assert.ErrorContains(t, err, tt.says, name)
		}
	}
}

func TestInvalidOptions(t *testing.T) {
	transport := func(transport http.RoundTripper) cloudflare.Option {
		return cloudflare.WithHTTPClient(&http.Client{Transport: transport})
	}
	for name, option := range map[string]cloudflare.Option{ // the name begins with what the error must contain
		"option 2: nil":                     nil,
		"WithBaseURL: empty":                cloudflare.WithBaseURL(""),
		"WithBaseURL: another scheme":       cloudflare.WithBaseURL("ftp://example.com"),
		"WithBaseURL: http to another host": cloudflare.WithBaseURL("http://example.com"),
		"WithBaseURL: a query":              cloudflare.WithBaseURL("https://example.com/?a=b"),
		"WithHTTPClient: nil":               cloudflare.WithHTTPClient(nil),
		"WithHTTPClient: nil *Transport":    transport((*http.Transport)(nil)),
		"WithHTTPClient: nil func":          transport(roundTripper(nil)),
		"WithHTTPClient: nil *Jar":          cloudflare.WithHTTPClient(&http.Client{Jar: (*cookiejar.Jar)(nil)}),
		"WithTimeout: negative":             cloudflare.WithTimeout(-time.Nanosecond),
		"WithMaxRetries: negative":          cloudflare.WithMaxRetries(-1),
		"WithMaxRetries: math.MinInt":       cloudflare.WithMaxRetries(math.MinInt),
		"WithMaxRetryWait: negative":        cloudflare.WithMaxRetryWait(-time.Nanosecond),
		"WithUserAgent: empty":              cloudflare.WithUserAgent(""),
		"WithUserAgent: a new line":         cloudflare.WithUserAgent("a\nb"),
		"WithLogger: nil":                   cloudflare.WithLogger(nil),
		"WithLogger: without a handler":     cloudflare.WithLogger(new(slog.Logger)),
		"WithLimiter: nil":                  cloudflare.WithLimiter(nil),
		"WithLimiter: nil pointer":          cloudflare.WithLimiter((*countingLimiter)(nil)),
		"WithLimiter: nil func":             cloudflare.WithLimiter(limiterFunc(nil)),
	} {
		says, _, _ := strings.Cut(name, ":")
		c, err := cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken), option)
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: invalid argument: .{8,}`, err.Error(), name)
			assert.ErrorContains(t, err, says, name)
			assert.Nil(t, c)
		}
	}
}

type countingLimiter struct{ calls atomic.Int32 }

func (l *countingLimiter) Wait(context.Context) error { l.calls.Add(1); return nil }

// A client that NewClient did not make and a nil context give an error, and never a panic.
func TestNilEverywhere(t *testing.T) {
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

// What the caller gave stays the caller's: nothing is changed, and a later change of it changes nothing.
func TestArgumentsAreNotTouched(t *testing.T) {
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

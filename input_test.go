package cloudflare_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// idMethod is one place that takes the ID of something.
type idMethod struct {
	name string
	call func(ctx context.Context, c *cloudflare.Client, id string) error
}

var everyIDMethod = []idMethod{
	{"Organizations.Get", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.Get(ctx, id)
		return err
	}},
	{"Organizations.Update", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.Update(ctx, id, cloudflare.OrganizationUpdateParams{Name: "Org"})
		return err
	}},
	{"Organizations.Delete", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.Delete(ctx, id)
		return err
	}},
	{"OrganizationProfile.Get", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationProfile.Get(ctx, id)
		return err
	}},
	{"OrganizationProfile.Update", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.OrganizationProfile.Update(ctx, id, cloudflare.OrganizationProfile{BusinessName: "Org"})
	}},
	{"IDs of List", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.List(ctx, cloudflare.OrganizationListParams{IDs: []string{"o1", id}})
		return err
	}},
	{"IDs of All", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := lastOf(c.Organizations.All(ctx, cloudflare.OrganizationListParams{IDs: []string{id}}))
		return err
	}},
	{"ParentID of Create", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Org", ParentID: orSlash(id)})
		return err
	}},
	{"ParentID of Update", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.Update(ctx, "o1", cloudflare.OrganizationUpdateParams{Name: "Org", ParentID: orSlash(id)})
		return err
	}},
	{"ParentID of List", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.List(ctx, cloudflare.OrganizationListParams{ParentID: orSlash(id)})
		return err
	}},
	{"ParentID of All", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := lastOf(c.Organizations.All(ctx, cloudflare.OrganizationListParams{ParentID: orSlash(id)}))
		return err
	}},
	{"OrganizationAccounts.List", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAccounts.List(ctx, id, cloudflare.OrganizationAccountListParams{})
		return err
	}},
	{"OrganizationAccounts.All", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := lastOf(c.OrganizationAccounts.All(ctx, id, cloudflare.OrganizationAccountListParams{}))
		return err
	}},
	{"OrganizationMembers.List", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationMembers.List(ctx, id, cloudflare.OrganizationMemberListParams{})
		return err
	}},
	{"OrganizationMembers.All", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := lastOf(c.OrganizationMembers.All(ctx, id, cloudflare.OrganizationMemberListParams{}))
		return err
	}},
	{"OrganizationMembers.Get", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationMembers.Get(ctx, id, "m1")
		return err
	}},
	{"OrganizationMembers.Get's member", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationMembers.Get(ctx, "o1", id)
		return err
	}},
	{"OrganizationMembers.Create", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationMembers.Create(ctx, id, cloudflare.OrganizationMemberCreateParams{Email: "a@example.com"})
		return err
	}},
	{"OrganizationMembers.BatchCreate", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationMembers.BatchCreate(ctx, id, []cloudflare.OrganizationMemberCreateParams{{Email: "a@example.com"}})
		return err
	}},
	{"OrganizationMembers.Delete", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.OrganizationMembers.Delete(ctx, id, "m1")
	}},
	{"OrganizationMembers.Delete's member", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.OrganizationMembers.Delete(ctx, "o1", id)
	}},
	{"OrganizationID of Create", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAccounts.Create(ctx, cloudflare.AccountCreateParams{Name: "Account", OrganizationID: orSlash(id)})
		return err
	}},
	{"OrganizationAccounts.Move", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAccounts.Move(ctx, id, "o1")
		return err
	}},
	{"OrganizationAccounts.Move's destination", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAccounts.Move(ctx, "a1", id)
		return err
	}},
	{"OrganizationAccounts.Organizations", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAccounts.Organizations(ctx, id)
		return err
	}},
	{"OrganizationAccounts.GetProfile", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAccounts.GetProfile(ctx, id)
		return err
	}},
	{"OrganizationAccounts.UpdateProfile", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.OrganizationAccounts.UpdateProfile(ctx, id, aProfile)
	}},
	{"OrganizationMembers.Ensure", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, _, err := c.OrganizationMembers.Ensure(ctx, id, anAddress)
		return err
	}},
	{"OrganizationInvites.Accept", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.OrganizationInvites.Accept(ctx, id, "c1")
	}},
	{"OrganizationInvites.Accept's code", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.OrganizationInvites.Accept(ctx, "o1", id)
	}},
	{"OrganizationInvites.Reject", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.OrganizationInvites.Reject(ctx, id, "c1")
	}},
	{"OrganizationInvites.Reject's code", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.OrganizationInvites.Reject(ctx, "o1", id)
	}},
	{"OrganizationAuditLogs.List", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAuditLogs.List(ctx, id, aPeriod)
		return err
	}},
	{"OrganizationAuditLogs.All", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := lastOf(c.OrganizationAuditLogs.All(ctx, id, aPeriod))
		return err
	}},
	{"OrganizationAuditLogs.History", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAuditLogs.History(ctx, id, "e1", aHistory)
		return err
	}},
	{"OrganizationAuditLogs.History's entry", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAuditLogs.History(ctx, "o1", id, aHistory)
		return err
	}},
	{"OrganizationAuditLogs.HistoryAll", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := lastOf(c.OrganizationAuditLogs.HistoryAll(ctx, id, "e1", aHistory))
		return err
	}},
	{"OrganizationAuditLogs.HistoryAll's entry", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := lastOf(c.OrganizationAuditLogs.HistoryAll(ctx, "o1", id, aHistory))
		return err
	}},
	{"OrganizationUsage.Get", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationUsage.Get(ctx, id, cloudflare.UsageParams{})
		return err
	}},
	{"OrganizationShares.List", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationShares.List(ctx, id, cloudflare.ShareListParams{})
		return err
	}},
	{"OrganizationShares.All", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := lastOf(c.OrganizationShares.All(ctx, id, cloudflare.ShareListParams{}))
		return err
	}},
	{"Call", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.Call(ctx, cloudflare.Request{Method: "GET", Path: []string{"organizations", id, "accounts"}}, nil)
	}},
}

// orSlash stands in for the empty ID where it means that there is none.
func orSlash(id string) string {
	if id == "" {
		return "/"
	}
	return id
}

// hostileIDs would reach another path, another host or another organization, or nothing that anyone meant.
var hostileIDs = []string{
	"", ".", "..", "../accounts", "..\\accounts", "/", "//", "a/b", "/a", "a/", "./a", "a/..", "a/../b", "\\", "a\\b",
	"?", "a?x=1", "?page_size=1000", "#", "a#b", "%", "%2e", "%2e%2e", "%2E%2E%2F", "a%2fb", "a%00", "%25", "%zz",
	"http://example.com/", "//example.com", "https:\\\\example.com", "..;/", "a;/../b", "../../client/v4/user",
	"\x00", "a\x00b", "a\nb", "a\r\nHost: example.com", "\t", "a\x7f", "\x1b[2J", "\u0085", "\xff", "a\xc0\xafb", "\xed\xa0\x80", "\xc0\xae\xc0\xae/",
	" ", "  ", " a", "a ", "a b", "\u00a0", "a\u00a0", "\u2003", "\u2028", "\u3000", "\ufeffa", "a\u200b", "\u202ea", "null", "a,b",
}

// isHarmlessCode reports whether a text that is no ID can be sent as one segment of a path. The form of a code is not
// known.
func isHarmlessCode(id string) bool {
	return slices.Contains([]string{
		" ", "  ", " a", "a ", "a b", "\u00a0", "a\u00a0", "\u2003", "\u2028", "\u3000", "\ufeffa", "a\u200b", "\u202ea", "null", "a,b",
	}, id)
}

// An ID that could be taken for anything else by any server or proxy on the way is refused, and not shown: it may be a
// credential that was passed in the wrong place.
func TestHostileIDs(t *testing.T) {
	var requests atomic.Int32
	c := wiredClient(t, cannedTransport(func(r *http.Request) (*http.Response, error) {
		requests.Add(1)
		return saying(200, nil, "")(r)
	}))
	require.Greater(t, len(hostileIDs), 30)
	for _, m := range everyIDMethod {
		for _, id := range hostileIDs {
			if id == cloudflare.NoParent && (m.name == "ParentID of List" || m.name == "ParentID of All") {
				continue
			}
			if strings.HasSuffix(m.name, "'s code") && isHarmlessCode(id) {
				continue
			}
			err := m.call(t.Context(), c, id)
			if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s(%q)", m.name, id) && len(id) > 8 {
				assert.NotContains(t, err.Error(), id)
			}
		}
	}
	assert.Zero(t, requests.Load(), "requests that were sent")
}

// What is no ID of Cloudflare's today, and harmless, goes through as it is, as one segment or one parameter: the API
// may change its IDs.
func TestUnusualIDs(t *testing.T) {
	sentFor := func(m idMethod, id string) (*url.URL, string) {
		var target *url.URL
		var body []byte
		c := wiredClient(t, cannedTransport(func(r *http.Request) (*http.Response, error) {
			target = r.URL
			if r.Body != nil {
				body, _ = io.ReadAll(r.Body)
			}
			return saying(500, nil, "")(r)
		}))
		require.Error(t, m.call(t.Context(), c, id))
		require.NotNil(t, target, "%s(%q)", m.name, id)
		again, err := url.Parse(target.String())
		require.NoError(t, err)
		return again, again.Path + " " + fmt.Sprint(again.Query()) + string(body)
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

func TestParamsThatAreRefused(t *testing.T) {
	c := wiredClient(t, cannedTransport(func(r *http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, io.EOF
	}))
	list := func(params cloudflare.OrganizationListParams) func() error {
		return func() error {
			_, err := lastOf(c.Organizations.All(t.Context(), params))
			assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "All, unlike List")
			_, err = c.Organizations.List(t.Context(), params)
			return err
		}
	}
	create := func(params cloudflare.OrganizationCreateParams) func() error {
		return func() error { _, err := c.Organizations.Create(t.Context(), params); return err }
	}
	update := func(params cloudflare.OrganizationUpdateParams) func() error {
		return func() error { _, err := c.Organizations.Update(t.Context(), "o1", params); return err }
	}
	get := func(opts ...cloudflare.CallOption) func() error {
		return func() error { _, err := c.Organizations.Get(t.Context(), "o1", opts...); return err }
	}
	call := func(request cloudflare.Request, result any) func() error {
		return func() error { return c.Call(t.Context(), request, result) }
	}
	to := []string{"x"}
	for name, refused := range map[string]func() error{
		"IDs that select everything":     list(cloudflare.OrganizationListParams{IDs: []string{}}),
		"an empty ID among others":       list(cloudflare.OrganizationListParams{IDs: []string{"o1", "", "o2"}}),
		"a page size of -1":              list(cloudflare.OrganizationListParams{PageSize: -1}),
		"a page size of 1001":            list(cloudflare.OrganizationListParams{PageSize: cloudflare.MaxPageSize + 1}),
		"the smallest page size":         list(cloudflare.OrganizationListParams{PageSize: math.MinInt}),
		"the largest page size":          list(cloudflare.OrganizationListParams{PageSize: math.MaxInt}),
		"a name that is not UTF-8":       list(cloudflare.OrganizationListParams{Name: "\xff"}),
		"a page token that is not UTF-8": list(cloudflare.OrganizationListParams{PageToken: "\xff"}),
		"a create without a name":        create(cloudflare.OrganizationCreateParams{ParentID: "o1"}),
		"an update without a name":       update(cloudflare.OrganizationUpdateParams{ParentID: "o2"}),
		"a create with no profile":       create(cloudflare.OrganizationCreateParams{Name: "n", Profile: new(cloudflare.OrganizationProfile)}),
		"an update with no profile":      update(cloudflare.OrganizationUpdateParams{Name: "n", Profile: new(cloudflare.OrganizationProfile)}),
		"a create below nothing":         create(cloudflare.OrganizationCreateParams{Name: "n", ParentID: cloudflare.NoParent}),
		"an update below nothing":        update(cloudflare.OrganizationUpdateParams{Name: "n", ParentID: cloudflare.NoParent}),
		"a create that is not UTF-8":     create(cloudflare.OrganizationCreateParams{Name: "\xff"}),
		"a profile that is not UTF-8":    create(cloudflare.OrganizationCreateParams{Name: "n", Profile: &cloudflare.OrganizationProfile{BusinessName: "\xff"}}),
		"an empty profile": func() error {
			return c.OrganizationProfile.Update(t.Context(), "o1", cloudflare.OrganizationProfile{})
		},
		"a nil call option":              get(nil),
		"a nil call option after a good": get(cloudflare.SetMaxRetries(0), nil),
		"retries below none":             get(cloudflare.SetMaxRetries(-1)),
		"nowhere to capture":             get(cloudflare.CaptureResponse(nil)),
		"a query without a key":          get(cloudflare.AddQuery("", "x")),
		"a query that is not UTF-8":      get(cloudflare.AddQuery("x", "\xff")),
		"a key that is not UTF-8":        get(cloudflare.AddQuery("\xff", "x")),
		"a parameter set twice": func() error {
			_, err := c.Organizations.List(t.Context(), cloudflare.OrganizationListParams{Name: "a"}, cloudflare.AddQuery("name", "b"))
			return err
		},
		"no method":                      call(cloudflare.Request{Path: to}, nil),
		"a method in small letters":      call(cloudflare.Request{Method: "get", Path: to}, nil),
		"an unknown method":              call(cloudflare.Request{Method: "CONNECT", Path: to}, nil),
		"a method that is a request":     call(cloudflare.Request{Method: "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", Path: to}, nil),
		"no path":                        call(cloudflare.Request{Method: "GET"}, nil),
		"an empty path":                  call(cloudflare.Request{Method: "GET", Path: []string{}}, nil),
		"an empty segment":               call(cloudflare.Request{Method: "GET", Path: []string{"x", "", "y"}}, nil),
		"a path that is one text":        call(cloudflare.Request{Method: "GET", Path: []string{"accounts/a1"}}, nil),
		"a result that is no pointer":    call(cloudflare.Request{Method: "GET", Path: to}, struct{}{}),
		"a result that is a nil pointer": call(cloudflare.Request{Method: "GET", Path: to}, (*cloudflare.Organization)(nil)),
		"a body that is a channel":       call(cloudflare.Request{Method: "POST", Path: to, Body: make(chan int)}, nil),
		"a body that is NaN":             call(cloudflare.Request{Method: "POST", Path: to, Body: math.NaN()}, nil),
		"a body that is not UTF-8":       call(cloudflare.Request{Method: "POST", Path: to, Body: "\xff"}, nil),
		"a raw body that is no JSON":     call(cloudflare.Request{Method: "POST", Path: to, Body: json.RawMessage("{")}, nil),
		"an empty raw body":              call(cloudflare.Request{Method: "POST", Path: to, Body: json.RawMessage{}}, nil),
	} {
		err := refused()
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: (GET: )?invalid argument: .{8,}`, err.Error(), name)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	for name, opt := range map[string]cloudflare.Option{
		"a nil option":                   nil,
		"a nil logger":                   cloudflare.WithLogger(nil),
		"a logger that was not made":     cloudflare.WithLogger(new(slog.Logger)),
		"a nil client":                   cloudflare.WithHTTPClient(nil),
		"a typed nil transport":          cloudflare.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)}),
		"a transport that is a nil func": cloudflare.WithHTTPClient(&http.Client{Transport: cannedTransport(nil)}),
		"a typed nil jar":                cloudflare.WithHTTPClient(&http.Client{Jar: (*cookiejar.Jar)(nil)}),
		"a nil limiter":                  cloudflare.WithLimiter(nil),
		"a typed nil limiter":            cloudflare.WithLimiter((*countingLimiter)(nil)),
		"a limiter that is a nil func":   cloudflare.WithLimiter(nilableLimiter(nil)),
		"a negative timeout":             cloudflare.WithTimeout(-1),
		"negative retries":               cloudflare.WithMaxRetries(-1),
		"a negative wait":                cloudflare.WithMaxRetryWait(-1),
	} {
		c, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), opt)
		if assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name) {
			assert.Regexp(t, `^cloudflare: invalid argument: .{8,}`, err.Error(), name)
			assert.Nil(t, c)
		}
	}
}

type countingLimiter struct{ calls atomic.Int32 }

func (l *countingLimiter) Wait(context.Context) error { l.calls.Add(1); return nil }

type nilableLimiter func(context.Context) error

func (f nilableLimiter) Wait(ctx context.Context) error { return f(ctx) }

// A client that NewClient did not make, and a context that is none, give an error, and never a panic.
func TestNilEverywhere(t *testing.T) {
	good := wiredClient(t, cannedTransport(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, io.EOF
	}))
	empty := &cloudflare.Client{
		Organizations: new(cloudflare.OrganizationsService), OrganizationProfile: new(cloudflare.OrganizationProfileService),
		OrganizationAccounts: new(cloudflare.OrganizationAccountsService), OrganizationMembers: new(cloudflare.OrganizationMembersService),
		OrganizationInvites: new(cloudflare.OrganizationInvitesService), OrganizationAuditLogs: new(cloudflare.OrganizationAuditLogsService),
		OrganizationUsage: new(cloudflare.OrganizationUsageService), OrganizationShares: new(cloudflare.OrganizationSharesService),
	}
	for _, m := range everyMethod {
		result, err := m.call(nil, good) //nolint:staticcheck // a nil context is the point
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
	c := wiredClient(t, cannedTransport(func(r *http.Request) (*http.Response, error) {
		queries = append(queries, r.URL.RawQuery)
		return saying(200, nil, `{"success":true,"result":[]}`)(r)
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

	hc := &http.Client{Transport: saying(200, nil, `{"success":true,"result":[]}`)}
	own, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithHTTPClient(hc))
	require.NoError(t, err)
	hc.Transport = nil
	_, err = own.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	require.NoError(t, err)
}

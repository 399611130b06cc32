package blackbox

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// apiMethod is one method of the client that calls an operation of the API.
type apiMethod struct {
	name      string
	operation string // as in the comment of the method: "GET /organizations"
	result    string // of a successful response; empty if the method needs none
	do        func(methodArgs) (any, error)
}

// methodArgs are the arguments of a method except its params.
type methodArgs struct {
	ctx  context.Context
	c    *cloudflare.Client
	ids  []string // one for each ID in the route
	opts []cloudflare.CallOption
}

// everyMethod lists all methods, so that rules for all methods are tested on each of them. Add a new method here. The
// results are in fixtures_test.go.
var everyMethod = []apiMethod{
	{"Organizations.List", "GET /organizations", "[" + anOrganization + "]", func(a methodArgs) (any, error) {
		return a.c.Organizations.List(a.ctx, cloudflare.OrganizationListParams{}, a.opts...)
	}},
	{"Organizations.All", "GET /organizations", "[" + anOrganization + "]", func(a methodArgs) (any, error) {
		return lastOf(a.c.Organizations.All(a.ctx, cloudflare.OrganizationListParams{}, a.opts...))
	}},
	{"Organizations.Get", "GET /organizations/{organization_id}", anOrganization, func(a methodArgs) (any, error) {
		return a.c.Organizations.Get(a.ctx, a.ids[0], a.opts...)
	}},
	{"Organizations.Create", "POST /organizations", anOrganization, func(a methodArgs) (any, error) {
		return a.c.Organizations.Create(a.ctx, cloudflare.OrganizationCreateParams{Name: "Org"}, a.opts...)
	}},
	{"Organizations.Update", "PUT /organizations/{organization_id}", anOrganization, func(a methodArgs) (any, error) {
		return a.c.Organizations.Update(a.ctx, a.ids[0], cloudflare.OrganizationUpdateParams{Name: "Org"}, a.opts...)
	}},
	{"Organizations.Delete", "DELETE /organizations/{organization_id}", `{"id":"o1"}`, func(a methodArgs) (any, error) {
		return a.c.Organizations.Delete(a.ctx, a.ids[0], a.opts...)
	}},
	{"OrganizationProfile.Get", "GET /organizations/{organization_id}/profile", `{"business_name":"Org"}`, func(a methodArgs) (any, error) {
		return a.c.OrganizationProfile.Get(a.ctx, a.ids[0], a.opts...)
	}},
	{"OrganizationProfile.Update", "PUT /organizations/{organization_id}/profile", "", func(a methodArgs) (any, error) {
		return nil, a.c.OrganizationProfile.Update(a.ctx, a.ids[0], cloudflare.OrganizationProfile{BusinessName: "Org"}, a.opts...)
	}},
	{"OrganizationAccounts.List", "GET /organizations/{organization_id}/accounts", "[" + anAccount + "]", func(a methodArgs) (any, error) {
		return a.c.OrganizationAccounts.List(a.ctx, a.ids[0], cloudflare.OrganizationAccountListParams{}, a.opts...)
	}},
	{"OrganizationAccounts.All", "GET /organizations/{organization_id}/accounts", "[" + anAccount + "]", func(a methodArgs) (any, error) {
		return lastOf(a.c.OrganizationAccounts.All(a.ctx, a.ids[0], cloudflare.OrganizationAccountListParams{}, a.opts...))
	}},
	{"OrganizationMembers.List", "GET /organizations/{organization_id}/members", "[" + aMember + "]", func(a methodArgs) (any, error) {
		return a.c.OrganizationMembers.List(a.ctx, a.ids[0], cloudflare.OrganizationMemberListParams{}, a.opts...)
	}},
	{"OrganizationMembers.All", "GET /organizations/{organization_id}/members", "[" + aMember + "]", func(a methodArgs) (any, error) {
		return lastOf(a.c.OrganizationMembers.All(a.ctx, a.ids[0], cloudflare.OrganizationMemberListParams{}, a.opts...))
	}},
	{"OrganizationMembers.Get", "GET /organizations/{organization_id}/members/{member_id}", aMember, func(a methodArgs) (any, error) {
		return a.c.OrganizationMembers.Get(a.ctx, a.ids[0], a.ids[1], a.opts...)
	}},
	{"OrganizationMembers.Create", "POST /organizations/{organization_id}/members", aMember, func(a methodArgs) (any, error) {
		return a.c.OrganizationMembers.Create(a.ctx, a.ids[0], cloudflare.OrganizationMemberCreateParams{Email: "a@example.com"}, a.opts...)
	}},
	{"OrganizationMembers.BatchCreate", "POST /organizations/{organization_id}/members:batchCreate", "[" + aMember + "]", func(a methodArgs) (any, error) {
		return a.c.OrganizationMembers.BatchCreate(a.ctx, a.ids[0], []cloudflare.OrganizationMemberCreateParams{{Email: "a@example.com"}}, a.opts...)
	}},
	{"OrganizationMembers.Delete", "DELETE /organizations/{organization_id}/members/{member_id}", "", func(a methodArgs) (any, error) {
		return nil, a.c.OrganizationMembers.Delete(a.ctx, a.ids[0], a.ids[1], a.opts...)
	}},
	{"OrganizationAccounts.Create", "POST /accounts", anAccount, func(a methodArgs) (any, error) {
		return a.c.OrganizationAccounts.Create(a.ctx, cloudflare.AccountCreateParams{Name: "Account"}, a.opts...)
	}},
	{"OrganizationAccounts.Move", "POST /accounts/{account_id}/move", aMove, func(a methodArgs) (any, error) {
		return a.c.OrganizationAccounts.Move(a.ctx, a.ids[0], "o1", a.opts...)
	}},
	{"OrganizationAccounts.ListOrganizations", "GET /accounts/{account_id}/organizations", "[" + anOrganization + "]", func(a methodArgs) (any, error) {
		return orNil(a.c.OrganizationAccounts.ListOrganizations(a.ctx, a.ids[0], a.opts...))
	}},
	{"OrganizationAccounts.GetProfile", "GET /accounts/{account_id}/profile", `{"business_name":"Org"}`, func(a methodArgs) (any, error) {
		return a.c.OrganizationAccounts.GetProfile(a.ctx, a.ids[0], a.opts...)
	}},
	{"OrganizationAccounts.UpdateProfile", "PUT /accounts/{account_id}/profile", "", func(a methodArgs) (any, error) {
		return nil, a.c.OrganizationAccounts.UpdateProfile(a.ctx, a.ids[0], cloudflare.OrganizationProfile{BusinessName: "Org"}, a.opts...)
	}},
	{"OrganizationInvites.Accept", "PUT /organizations/{organization_id}/invites/{member_code}", "", func(a methodArgs) (any, error) {
		return nil, a.c.OrganizationInvites.Accept(a.ctx, a.ids[0], a.ids[1], a.opts...)
	}},
	{"OrganizationInvites.Reject", "PUT /organizations/{organization_id}/invites/{member_code}", "", func(a methodArgs) (any, error) {
		return nil, a.c.OrganizationInvites.Reject(a.ctx, a.ids[0], a.ids[1], a.opts...)
	}},
	{"OrganizationAuditLogs.List", "GET /organizations/{organization_id}/logs/audit", "[" + anAuditLog + "]", func(a methodArgs) (any, error) {
		return a.c.OrganizationAuditLogs.List(a.ctx, a.ids[0], aPeriod, a.opts...)
	}},
	{"OrganizationAuditLogs.All", "GET /organizations/{organization_id}/logs/audit", "[" + anAuditLog + "]", func(a methodArgs) (any, error) {
		return lastOf(a.c.OrganizationAuditLogs.All(a.ctx, a.ids[0], aPeriod, a.opts...))
	}},
	{"OrganizationAuditLogs.History", "GET /organizations/{organization_id}/logs/audit/{audit_log_id}/history", "[" + anAuditLog + "]",
		func(a methodArgs) (any, error) {
			return a.c.OrganizationAuditLogs.History(a.ctx, a.ids[0], a.ids[1], aHistory, a.opts...)
		}},
	{"OrganizationAuditLogs.HistoryAll", "GET /organizations/{organization_id}/logs/audit/{audit_log_id}/history", "[" + anAuditLog + "]",
		func(a methodArgs) (any, error) {
			return lastOf(a.c.OrganizationAuditLogs.HistoryAll(a.ctx, a.ids[0], a.ids[1], aHistory, a.opts...))
		}},
	{"OrganizationUsage.Get", "GET /organizations/{organization_id}/billable/usage", "[" + aUsageRecord + "]", func(a methodArgs) (any, error) {
		return orNil(a.c.OrganizationUsage.Get(a.ctx, a.ids[0], cloudflare.UsageParams{}, a.opts...))
	}},
	{"OrganizationShares.List", "GET /organizations/{organization_id}/shares", "[" + aShare + "]", func(a methodArgs) (any, error) {
		return a.c.OrganizationShares.List(a.ctx, a.ids[0], cloudflare.ShareListParams{}, a.opts...)
	}},
	{"OrganizationShares.All", "GET /organizations/{organization_id}/shares", "[" + aShare + "]", func(a methodArgs) (any, error) {
		return lastOf(a.c.OrganizationShares.All(a.ctx, a.ids[0], cloudflare.ShareListParams{}, a.opts...))
	}},
	{"Call with a result", "PATCH /zones/{zone_id}", `{"id":"z1"}`, func(a methodArgs) (any, error) {
		var result struct {
			ID string `json:"id"`
		}
		err := a.c.Call(a.ctx, cloudflare.Request{Method: "PATCH", Route: "/zones/{zone_id}", PathValues: a.ids, Body: map[string]string{"name": "A"}}, &result, a.opts...)
		if err != nil {
			return nil, err
		}
		return &result, nil
	}},
	{"Call without a result", "DELETE /zones/{zone_id}", "", func(a methodArgs) (any, error) {
		return nil, a.c.Call(a.ctx, cloudflare.Request{Method: "DELETE", Route: "/zones/{zone_id}", PathValues: a.ids}, nil, a.opts...)
	}},
}

// idMethod is one place that takes an ID.
type idMethod struct {
	name string
	call func(ctx context.Context, c *cloudflare.Client, id string) error
	want string // what errors call the ID
}

// everyIDMethod lists the IDs in the routes of everyMethod, and those in params.
var everyIDMethod = append(append(idsInRoutes(), idsInFilters()...), []idMethod{
	{"Organizations.Create's ParentID", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "Org", ParentID: orSlash(id)})
		return err
	}, "ParentID"},
	{"Organizations.Update's ParentID", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.Update(ctx, "o1", cloudflare.OrganizationUpdateParams{Name: "Org", ParentID: orSlash(id)})
		return err
	}, "ParentID"},
	{"Organizations.Ensure's ParentID", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, _, err := c.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: "Org", ParentID: orSlash(id)})
		return err
	}, "ParentID"},
	{"OrganizationAccounts.Create's OrganizationID", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAccounts.Create(ctx, cloudflare.AccountCreateParams{Name: "Account", OrganizationID: orSlash(id)})
		return err
	}, "OrganizationID"},
	{"OrganizationAccounts.Move's destination", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationAccounts.Move(ctx, "a1", id)
		return err
	}, "destination organization ID"},
	{"OrganizationMembers.Ensure", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, _, err := c.OrganizationMembers.Ensure(ctx, id, cloudflare.OrganizationMemberCreateParams{Email: "a@example.com"})
		return err
	}, "organization ID"},
	{"Organizations.Modify", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.Modify(ctx, id, renameTo("New"))
		return err
	}, "organization ID"},
	{"Organizations.WaitUntilReadable", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.Organizations.WaitUntilReadable(ctx, id)
		return err
	}, "organization ID"},
	{"OrganizationProfile.Modify", func(ctx context.Context, c *cloudflare.Client, id string) error {
		_, err := c.OrganizationProfile.Modify(ctx, id, setBusinessPhone)
		return err
	}, "organization ID"},
	{"Call's member", func(ctx context.Context, c *cloudflare.Client, id string) error {
		return c.Call(ctx, cloudflare.Request{Method: "GET", Route: "/organizations/{organization_id}/members/{member_id}/later", PathValues: []string{"o1", id}}, nil)
	}, "member ID"},
}...)

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

func idsInRoutes() (places []idMethod) {
	for _, m := range everyMethod {
		for i, id := range placeholder.FindAllStringSubmatch(m.operation, -1) {
			places = append(places, idMethod{
				name: m.name + "'s " + id[1],
				call: func(ctx context.Context, c *cloudflare.Client, id string) error {
					ids := m.ids()
					ids[i] = id
					_, err := m.do(methodArgs{ctx, c, ids, nil})
					return err
				},
				want: strings.NewReplacer("_id", " ID", "_", " ").Replace(id[1]),
			})
		}
	}
	return places
}

// idsInFilters lists the filters of lists that take IDs.
func idsInFilters() (places []idMethod) {
	for name, params := range map[string]func(id string) cloudflare.OrganizationListParams{
		"IDs":               func(id string) (p cloudflare.OrganizationListParams) { p.IDs = []string{"o1", id}; return p },
		"ParentID":          func(id string) (p cloudflare.OrganizationListParams) { p.ParentID = orSlash(id); return p },
		"ContainingAccount": func(id string) (p cloudflare.OrganizationListParams) { p.ContainingAccount = orSlash(id); return p },
		"ContainingOrganization": func(id string) (p cloudflare.OrganizationListParams) {
			p.ContainingOrganization = orSlash(id)
			return p
		},
		"ContainingUser": func(id string) (p cloudflare.OrganizationListParams) { p.ContainingUser = orSlash(id); return p },
	} {
		places = append(places, idMethod{"Organizations.List's " + name, func(ctx context.Context, c *cloudflare.Client, id string) error {
			_, err := c.Organizations.List(ctx, params(id))
			return err
		}, name}, idMethod{"Organizations.All's " + name, func(ctx context.Context, c *cloudflare.Client, id string) error {
			_, err := lastOf(c.Organizations.All(ctx, params(id)))
			return err
		}, name})
	}
	for name, set := range map[string]func(f *cloudflare.AuditLogFilter, id string){
		"IDs":           func(f *cloudflare.AuditLogFilter, id string) { f.IDs = []string{"e1", id} },
		"ActorIDs":      func(f *cloudflare.AuditLogFilter, id string) { f.ActorIDs = []string{id} },
		"ActorTokenIDs": func(f *cloudflare.AuditLogFilter, id string) { f.ActorTokenIDs = []string{id} },
	} {
		match := func(id string) cloudflare.AuditLogListParams {
			params := aPeriod
			set(&params.Match, id)
			return params
		}
		exclude := func(id string) cloudflare.AuditLogListParams {
			params := aPeriod
			set(&params.Exclude, id)
			return params
		}
		for name, params := range map[string]func(id string) cloudflare.AuditLogListParams{"Match." + name: match, "Exclude." + name: exclude} {
			places = append(places, idMethod{"OrganizationAuditLogs.List's " + name, func(ctx context.Context, c *cloudflare.Client, id string) error {
				_, err := c.OrganizationAuditLogs.List(ctx, "o1", params(id))
				return err
			}, name}, idMethod{"OrganizationAuditLogs.All's " + name, func(ctx context.Context, c *cloudflare.Client, id string) error {
				_, err := lastOf(c.OrganizationAuditLogs.All(ctx, "o1", params(id)))
				return err
			}, name})
		}
	}
	return places
}

// orSlash replaces the empty ID where it means that there is no ID.
func orSlash(id string) string {
	if id == "" {
		return "/"
	}
	return id
}

// call calls the method with IDs such as o1 for {organization_id}.
func (m apiMethod) call(ctx context.Context, c *cloudflare.Client, opts ...cloudflare.CallOption) (any, error) {
	return m.do(methodArgs{ctx, c, m.ids(), opts})
}

func (m apiMethod) ids() (ids []string) {
	for _, id := range placeholder.FindAllStringSubmatch(m.operation, -1) {
		ids = append(ids, id[1][:1]+"1")
	}
	return ids
}

// verb is the method of the request.
func (m apiMethod) verb() string {
	verb, _, _ := strings.Cut(m.operation, " ")
	return verb
}

// path is the path of the request that call sends, below the base URL.
func (m apiMethod) path() string {
	_, route, _ := strings.Cut(m.operation, " ")
	return placeholder.ReplaceAllStringFunc(route, func(id string) string { return id[1:2] + "1" })
}

// success is the body of a successful response.
func (m apiMethod) success() string {
	if m.result == "" {
		return successBody("null")
	}
	return successBody(m.result)
}

func (m apiMethod) isAll() bool   { return strings.HasSuffix(m.name, "All") }
func (m apiMethod) isCall() bool  { return strings.HasPrefix(m.name, "Call ") }
func (m apiMethod) isWrite() bool { return m.verb() != "GET" }
func (m apiMethod) isList() bool  { return strings.HasPrefix(m.result, "[") }

// itemsHaveIDs reports whether the API must send an ID with the result or with each item of it.
func (m apiMethod) itemsHaveIDs() bool {
	return strings.Contains(m.result, `{"id":"`) && !m.isCall() && m.result != "["+anAuditLog+"]"
}

// takesNull reports whether a result of null is an empty list.
func (m apiMethod) takesNull() bool { return strings.HasPrefix(m.name, "OrganizationShares.") }

// needsResult reports whether a response without a result is an error.
func (m apiMethod) needsResult() bool { return m.result != "" }

// orNil returns nil, and not a nil slice, for a list that is nil.
func orNil[T any](items []T, err error) (any, error) {
	if items == nil {
		return nil, err
	}
	return items, err
}

// lastOf ranges over a list and returns its last item, or nil with the error that ended it.
func lastOf[T any](list iter.Seq2[*T, error]) (last *T, err error) {
	for last, err = range list {
		if err != nil {
			return last, err
		}
	}
	return last, err
}

// Every operation that the comment of a method names is in everyMethod. TestEveryOperationIsDocumented of the root
// holds the comments against the operations.
func TestEveryOperationIsListed(t *testing.T) {
	documented, listed := map[string]bool{}, map[string]bool{}
	files, err := filepath.Glob("../../*.go")
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, route := range regexp.MustCompile(`(?m)^// API: ([A-Z]+ /\S+)$`).FindAllStringSubmatch(string(source), -1) {
			documented[route[1]] = true
		}
	}
	for _, m := range everyMethod {
		if !m.isCall() {
			listed[m.operation] = true
		}
	}
	assert.Equal(t, documented, listed, "routes in comments, routes in everyMethod")
	require.Greater(t, len(documented), 10)
}

// workflows are the methods that may send several requests and are not in everyMethod.
var workflows = []string{
	"Organizations.Ensure", "Organizations.Modify", "Organizations.DeleteIfEmpty", "Organizations.WaitUntilReadable",
	"OrganizationProfile.Modify", "OrganizationMembers.Ensure",
}

// Every method of every service is in everyMethod, unless it is a workflow.
func TestEveryMethodIsListed(t *testing.T) {
	listed := map[string]bool{}
	for _, name := range workflows {
		listed[name] = true
	}
	for _, m := range everyMethod {
		assert.False(t, listed[m.name], "%s is listed twice", m.name)
		listed[m.name] = true
	}
	for service := range reflect.TypeFor[cloudflare.Client]().Fields() {
		if service.IsExported() {
			for method := range service.Type.Methods() {
				assert.True(t, listed[service.Name+"."+method.Name], "%s.%s is not listed", service.Name, method.Name)
			}
		}
	}
}

// Every field of params that is an ID is in everyIDMethod.
func TestEveryIDInParamsIsListed(t *testing.T) {
	listed := map[string]bool{}
	for _, place := range everyIDMethod {
		listed[place.name] = true
	}
	found := 0
	check := func(method, prefix string, params reflect.Type) {
		for field := range params.Fields() {
			isID := strings.HasSuffix(strings.TrimSuffix(field.Name, "s"), "ID") || strings.HasPrefix(field.Name, "Containing")
			if isID && !slices.Contains([]string{"RawCFRayIDs", "ResourceIDs"}, field.Name) { // which have a form of their own
				place := method + "'s " + prefix + field.Name
				assert.True(t, listed[place], "%s is not in everyIDMethod", place)
				found++
			}
		}
	}
	for service := range reflect.TypeFor[cloudflare.Client]().Fields() {
		if !service.IsExported() {
			continue
		}
		for method := range service.Type.Methods() {
			for params := range method.Type.Ins() {
				switch name := service.Name + "." + method.Name; {
				case params == reflect.TypeFor[cloudflare.AuditLogListParams]():
					check(name, "Match.", reflect.TypeFor[cloudflare.AuditLogFilter]())
					check(name, "Exclude.", reflect.TypeFor[cloudflare.AuditLogFilter]())
				case params.Kind() == reflect.Struct:
					check(name, "", params)
				}
			}
		}
	}
	assert.NotZero(t, found)
}

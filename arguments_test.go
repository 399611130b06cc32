package cloudflare_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

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
	update := func(params cloudflare.OrganizationUpdateParams) error {
		_, err := c.Organizations.Update(ctx, organizationID, params)
		return err
	}
	account := func(name string) error {
		_, err := c.OrganizationAccounts.Create(ctx, cloudflare.AccountCreateParams{Name: name})
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
		"root organizations below one":   {list(organizations{RootsOnly: true, ParentID: "o1"}), "RootsOnly and ParentID are both set"},
		"a page size of -1":              {list(organizations{PageSize: -1}), "PageSize"},
		"a page size of 1001":            {list(organizations{PageSize: cloudflare.MaxPageSize + 1}), "PageSize"},
		"the smallest page size":         {list(organizations{PageSize: math.MinInt}), "PageSize"},
		"the largest page size":          {list(organizations{PageSize: math.MaxInt}), "PageSize"},
		"a name that is not UTF-8":       {list(organizations{Name: "\xff"}), `"name"`},
		"a page token that is not UTF-8": {list(organizations{PageToken: "\xff"}), `"page_token"`},

		"accounts: a page size of -1":   {accounts(cloudflare.OrganizationAccountListParams{PageSize: -1}), "PageSize"},
		"accounts: a page size of 1001": {accounts(cloudflare.OrganizationAccountListParams{PageSize: 1001}), "PageSize"},

		"members: no statuses": {
			members(cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{}}),
			"Statuses must be nil or not empty",
		},
		"members: an empty status": {
			members(cloudflare.OrganizationMemberListParams{Statuses: []cloudflare.MemberStatus{"active", ""}}),
			"Statuses must not have an empty",
		},
		"members: a page size of -1":   {members(cloudflare.OrganizationMemberListParams{PageSize: -1}), "PageSize"},
		"members: a page size of 1001": {members(cloudflare.OrganizationMemberListParams{PageSize: 1001}), "PageSize"},

		"a create without a name":        {create(cloudflare.OrganizationCreateParams{ParentID: "o1"}), "Name"},
		"a create with an empty profile": {create(cloudflare.OrganizationCreateParams{Name: "n", Profile: new(cloudflare.OrganizationProfile)}), "Profile"},
		"a create below null":            {create(cloudflare.OrganizationCreateParams{Name: "n", ParentID: "null"}), "ParentID"},
		"a create that is not UTF-8":     {create(cloudflare.OrganizationCreateParams{Name: "\xff"}), "UTF-8"},
		"a profile that is not UTF-8": {
			update(cloudflare.OrganizationUpdateParams{Name: "n", Profile: &cloudflare.OrganizationProfile{BusinessName: "\xff"}}),
			"UTF-8",
		},
		"a create with a name in white space":   {create(cloudflare.OrganizationCreateParams{Name: "Org "}), "Name must not begin or end with white space"},
		"an update with a name in white space":  {update(cloudflare.OrganizationUpdateParams{Name: "\u00a0Org"}), "Name must not begin or end with white space"},
		"an account with a name in white space": {account("\tAccount"), "Name must not begin or end with white space"},

		"an update without a name":        {update(cloudflare.OrganizationUpdateParams{ParentID: "o2"}), "Name"},
		"an update with a profile alone":  {update(cloudflare.OrganizationUpdateParams{Profile: fullProfile()}), "Name"},
		"an update with an empty profile": {update(cloudflare.OrganizationUpdateParams{Name: "n", Profile: new(cloudflare.OrganizationProfile)}), "Profile"},
		"an update below null":            {update(cloudflare.OrganizationUpdateParams{Name: "n", ParentID: "null"}), "ParentID"},
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
	require.NoError(t, c.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/x", Query: query}, nil, cloudflare.AddQuery("r", "2")))
	assert.Equal(t, url.Values{"q": {"1"}}, query)

	hc := &http.Client{Transport: respondSuccess("[]")}
	own, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithHTTPClient(hc))
	require.NoError(t, err)
	hc.Transport = nil
	_, err = own.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	require.NoError(t, err)
}

// Validate says of each body what the methods that send it say, and sends nothing.
func TestValidateIsWhatMethodsCheck(t *testing.T) {
	type (
		organization = cloudflare.OrganizationCreateParams
		update       = cloudflare.OrganizationUpdateParams
		profile      = cloudflare.OrganizationProfile
		member       = cloudflare.OrganizationMemberCreateParams
		account      = cloudflare.AccountCreateParams
	)
	server := cloudflaretest.NewServer().ForTest(t)
	ctx, c := t.Context(), server.Client()
	root := server.AddOrganization("Root", "")
	child := server.AddOrganization("Child", root)
	shop := server.AddAccount(root, cloudflaretest.Account{Name: "shop"})

	long := strings.Repeat("x", 100)
	named := []organization{{Name: "a"}, {Name: "a  b\tc"}, {Name: "日本", ParentID: root, Profile: fullProfile()}, {Name: long + long}}
	misnamed := []organization{
		{}, {ParentID: root}, {Name: "\xff"}, {Name: "n", ParentID: "o/1"}, {Name: "n", ParentID: "NULL"},
		{Name: "n", Profile: new(profile)}, {Name: "n", Profile: &profile{BusinessName: "\xff"}},
	}
	for _, space := range []string{" ", "\t", "\n", "\r\n", "\v", "\f", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u3000"} {
		misnamed = append(misnamed, organization{Name: space}, organization{Name: space + "n"}, organization{Name: "n" + space})
	}
	checkValidate(t, server, named, misnamed, map[string]func(organization) error{
		"Create": func(p organization) error { _, err := c.Organizations.Create(ctx, p); return err },
		"Ensure": func(p organization) error { _, _, err := c.Organizations.Ensure(ctx, p); return err },
	})

	var renamed, misrenamed []update
	for _, p := range named {
		renamed = append(renamed, update(p))
	}
	for _, p := range misnamed {
		misrenamed = append(misrenamed, update(p))
	}
	checkValidate(t, server, renamed, misrenamed, map[string]func(update) error{
		"Update": func(p update) error { _, err := c.Organizations.Update(ctx, child, p); return err },
		"Modify": func(p update) error {
			_, err := c.Organizations.Modify(ctx, child, func(params *update) error { *params = p; return nil })
			return err
		},
	})

	full := *fullProfile()
	checkValidate(t, server, []profile{full, {BusinessName: " a "}, {ExternalMetadata: "{}"}}, []profile{
		{}, {BusinessAddress: "\xff"}, {BusinessEmail: "\xff"}, {BusinessName: "\xff"}, {BusinessPhone: "\xff"}, {ExternalMetadata: "\xff"},
	}, map[string]func(profile) error{
		"Update":        func(p profile) error { return c.OrganizationProfile.Update(ctx, root, p) },
		"UpdateProfile": func(p profile) error { return c.OrganizationAccounts.UpdateProfile(ctx, shop, p) },
		"Modify": func(p profile) error {
			_, err := c.OrganizationProfile.Modify(ctx, root, func(stored *profile) error { *stored = p; return nil })
			return err
		},
	})

	checkValidate(t, server, []member{{Email: "a@example.com"}, {Email: "b@example.com", Status: cloudflare.MemberStatusCanceled}}, []member{
		{}, {Email: "a"}, {Email: "a @example.com"}, {Email: " a@example.com"}, {Email: "a@example.com\u2003"}, {Email: "\xff@example.com"},
		{Email: "a@example.com", Status: cloudflare.MemberStatusPending}, {Email: "a@example.com", Status: "admin"},
	}, map[string]func(member) error{
		"Create": func(p member) error { _, err := c.OrganizationMembers.Create(ctx, root, p); return err },
		"Ensure": func(p member) error { _, _, err := c.OrganizationMembers.Ensure(ctx, child, p); return err },
	})

	misnamedAccounts := []account{
		{Name: "n", Type: "free"}, {Name: "n", OrganizationID: "o/1"}, {Name: "n", OrganizationID: "null"},
		{Name: "n", OrganizationID: root, Standalone: true}, {Name: "n", IdempotencyKey: "a b"}, {Name: "n", IdempotencyKey: strings.Repeat("k", 256)},
	}
	for _, p := range misnamed {
		if p.ParentID == "" && p.Profile == nil {
			misnamedAccounts = append(misnamedAccounts, account{Name: p.Name, OrganizationID: root})
		}
	}
	checkValidate(t, server, []account{
		{Name: "a", OrganizationID: root}, {Name: "a b", OrganizationID: root, IdempotencyKey: "k"}, {Name: long, Standalone: true, Type: cloudflare.AccountTypeStandard},
	}, misnamedAccounts, map[string]func(account) error{
		"Create": func(p account) error { _, err := c.OrganizationAccounts.Create(ctx, p); return err },
	})
}

func checkValidate[T interface{ Validate() error }](t *testing.T, server *cloudflaretest.Server, valid, invalid []T, methods map[string]func(T) error) {
	for _, params := range valid {
		assert.NoError(t, params.Validate(), "%#v", params)
		for name, method := range methods {
			assert.NoError(t, method(params), "%s: %#v", name, params)
		}
	}
	for _, params := range invalid {
		sent := len(server.Requests())
		err := params.Validate()
		assert.Len(t, server.Requests(), sent, "Validate sent a request")
		if !assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%#v", params) {
			continue
		}
		for name, method := range methods {
			assert.EqualError(t, method(params), err.Error(), "%s: %#v", name, params)
		}
		for _, request := range server.Requests()[sent:] { // by Modify
			assert.Equal(t, http.MethodGet, request.Method)
		}
	}
}

// A method that sends several requests checks all of its arguments before the first one.
func TestMethodsWithSeveralRequestsCheckTheirArgumentsFirst(t *testing.T) {
	type (
		params  = cloudflare.OrganizationCreateParams
		member  = cloudflare.OrganizationMemberCreateParams
		profile = cloudflare.OrganizationProfile
		call    func(*cloudflare.Client, ...cloudflare.CallOption) error
	)
	ensure := func(params params) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, _, err := c.Organizations.Ensure(t.Context(), params, opts...)
			return err
		}
	}
	ensureMember := func(id string, params member) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, _, err := c.OrganizationMembers.Ensure(t.Context(), id, params, opts...)
			return err
		}
	}
	batch := func(id string, more ...member) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.OrganizationMembers.BatchCreate(t.Context(), id, append(manyMembers(12), more...), opts...)
			return err
		}
	}
	account := func(params cloudflare.AccountCreateParams) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.OrganizationAccounts.Create(t.Context(), params, opts...)
			return err
		}
	}
	modify := func(change func(*cloudflare.OrganizationUpdateParams) error) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.Organizations.Modify(t.Context(), "o1", change, opts...)
			return err
		}
	}
	modifyProfile := func(change func(*profile) error) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.OrganizationProfile.Modify(t.Context(), "o1", change, opts...)
			return err
		}
	}
	deleteIfEmpty := func(id string) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			return c.Organizations.DeleteIfEmpty(t.Context(), id, opts...)
		}
	}
	waitUntilReadable := func(id string) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.Organizations.WaitUntilReadable(t.Context(), id, opts...)
			return err
		}
	}
	valid := map[string]call{
		"Ensure":            ensure(params{Name: "Org"}),
		"Ensure of members": ensureMember("o1", member{Email: "Ann@example.com"}),
		"BatchCreate":       batch("o1"),
		"Create of account": account(cloudflare.AccountCreateParams{Name: "Account"}),
		"Modify":            modify(renameTo("New")),
		"Modify of profile": modifyProfile(setBusinessPhone),
		"DeleteIfEmpty":     deleteIfEmpty("o1"),
		"WaitUntilReadable": waitUntilReadable("o1"),
	}
	type test struct {
		call call
		opts []cloudflare.CallOption
	}
	tests := map[string]test{
		"Ensure: name":     {call: ensure(params{Name: "Org\xff"})},
		"Ensure: parent":   {call: ensure(params{Name: "Org", ParentID: "\xff"})},
		"Ensure: address":  {call: ensure(params{Name: "Org", Profile: &profile{BusinessAddress: "\xff"}})},
		"Ensure: email":    {call: ensure(params{Name: "Org", Profile: &profile{BusinessEmail: "a\xed\xa0\x80"}})},
		"Ensure: business": {call: ensure(params{Name: "Org", Profile: &profile{BusinessName: "\xffa"}})},
		"Ensure: phone":    {call: ensure(params{Name: "Org", Profile: &profile{BusinessPhone: "\xc0\xaf"}})},
		"Ensure: metadata": {call: ensure(params{Name: "Org", ParentID: "o1", Profile: &profile{BusinessName: "a", ExternalMetadata: "\xff"}})},

		"Ensure of members: ID":          {call: ensureMember("\xff", member{Email: "a@example.com"})},
		"Ensure of members: email":       {call: ensureMember("o1", member{Email: "a\xff@example.com"})},
		"Ensure of members: status":      {call: ensureMember("o1", member{Email: "a@example.com", Status: "\xff"})},
		"BatchCreate: ID":                {call: batch("\xff")},
		"BatchCreate: last email":        {call: batch("o1", member{Email: "z\xff@example.com"})},
		"BatchCreate: last status":       {call: batch("o1", member{Email: "z@example.com", Status: "\xff"})},
		"BatchCreate: email twice":       {call: batch("o1", manyMembers(1)...)},
		"Create of account: name":        {call: account(cloudflare.AccountCreateParams{Name: "\xff"})},
		"Create of account: type":        {call: account(cloudflare.AccountCreateParams{Name: "a", Type: "\xff"})},
		"Create of account: key":         {call: account(cloudflare.AccountCreateParams{Name: "a", IdempotencyKey: "\xff"})},
		"Modify: no change":              {call: modify(nil)},
		"Modify of profile: no change":   {call: modifyProfile(nil)},
		"DeleteIfEmpty: ID":              {call: deleteIfEmpty("\xff")},
		"DeleteIfEmpty: query of a list": {valid["DeleteIfEmpty"], []cloudflare.CallOption{cloudflare.AddQuery("parent.id", "o2")}},
		"DeleteIfEmpty: query at last":   {valid["DeleteIfEmpty"], []cloudflare.CallOption{cloudflare.AddQuery("id", "o2")}},
		"DeleteIfEmpty: page":            {valid["DeleteIfEmpty"], []cloudflare.CallOption{cloudflare.AddQuery("page_token", "t")}},
		"Ensure: query":                  {valid["Ensure"], []cloudflare.CallOption{cloudflare.AddQuery("name", "Org")}},
		"Ensure of members: query":       {valid["Ensure of members"], []cloudflare.CallOption{cloudflare.AddQuery("user.email", "a")}},
		"WaitUntilReadable: ID":          {call: waitUntilReadable("\xff")},
	}
	for name, call := range valid {
		for option, opt := range map[string]cloudflare.CallOption{
			"nil option":      nil,
			"SetMaxRetries":   cloudflare.SetMaxRetries(-1),
			"SetHeader":       cloudflare.SetHeader("X-Mine", "\xff"),
			"AddQuery":        cloudflare.AddQuery("q", "\xff"),
			"CaptureResponse": cloudflare.CaptureResponse(nil),
		} {
			tests[name+": "+option] = test{call, []cloudflare.CallOption{opt}}
		}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.ErrorIs(t, tt.call(newClient(t, sendNothing(t)), tt.opts...), cloudflare.ErrInvalidArgument)
		})
	}
	for name, call := range valid {
		var sent atomic.Bool
		client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			sent.Store(true)
			return respondWith(403, rejectedBody)(r)
		}))
		assert.ErrorIs(t, call(client), cloudflare.ErrForbidden, name)
		assert.True(t, sent.Load(), name)
	}
}

// Two IDs that differ in the case of ASCII letters identify the same resource. Every other comparison of IDs would do
// something that the caller did not ask for, such as create a second organization.
func TestOneFunctionComparesIDs(t *testing.T) {
	isID := regexp.MustCompile(`^(?i:ids?)$|I[Dd]s?$`)
	// The last name in an expression: ParentID of org.Parent.ParentID, id of result.id() and of ids[0].
	var nameOf func(ast.Expr) string
	nameOf = func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.SelectorExpr:
			return e.Sel.Name
		case *ast.CallExpr:
			return nameOf(e.Fun)
		case *ast.IndexExpr:
			return nameOf(e.X)
		case *ast.ParenExpr:
			return nameOf(e.X)
		case *ast.StarExpr:
			return nameOf(e.X)
		}
		return ""
	}
	comparisons := map[string]bool{
		"strings.EqualFold": true, "strings.ToLower": true, "strings.ToUpper": true, "strings.Compare": true,
		"slices.Contains": true, "slices.Index": true, "slices.Equal": true, "slices.Compact": true,
	}
	compared := 0
	positions := token.NewFileSet()
	files, err := goFiles(positions, ".")
	require.NoError(t, err)
	for path, file := range files {
		// The fake API accepts only IDs in lower case. The IDs in retry.go are those of tasks.
		if strings.HasPrefix(path, "cloudflaretest/") || path == "examples/fleet/retry.go" {
			continue
		}
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && strings.EqualFold(function.Name.Name, "sameID") {
				compared++
				continue
			}
			ast.Inspect(declaration, func(n ast.Node) bool {
				var operands []ast.Expr
				switch n := n.(type) {
				case *ast.BinaryExpr:
					if n.Op == token.EQL || n.Op == token.NEQ {
						operands = []ast.Expr{n.X, n.Y}
					}
				case *ast.CallExpr:
					if f, ok := n.Fun.(*ast.SelectorExpr); ok && comparisons[nameOf(f.X)+"."+f.Sel.Name] {
						operands = n.Args
					}
				case *ast.SwitchStmt:
					if n.Tag != nil {
						operands = []ast.Expr{n.Tag}
					}
				}
				for _, operand := range operands {
					// An error of a function such as checkID is not an ID, nor is a constant.
					literal, isLiteral := operand.(*ast.BasicLit)
					if isLiteral && literal.Kind == token.STRING || nameOf(operand) == "nil" {
						return true
					}
				}
				for _, operand := range operands {
					assert.NotRegexp(t, isID, nameOf(operand), "%s: use sameID", positions.Position(operand.Pos()))
				}
				return true
			})
		}
	}
	assert.Equal(t, 3, compared, "sameID of this package, of cforg and of fleet")
}

// goFiles parses all Go files below a folder except tests, in the nested modules too.
func goFiles(positions *token.FileSet, root string) (map[string]*ast.File, error) {
	files := map[string]*ast.File{}
	return files, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files[filepath.ToSlash(path)], err = parser.ParseFile(positions, path, nil, 0)
		return err
	})
}

// A filter with several values takes at most 16,384 bytes of the query. Page tokens are not bounded.
func TestFiltersAreBounded(t *testing.T) {
	ids := func(n int) []string { return slices.Repeat([]string{organizationID}, n) }
	uris := func(n int) []string { return slices.Repeat([]string{"/a?b=" + strings.Repeat("%", 100)}, n) }
	period := cloudflare.AuditLogListParams{Since: time.Unix(0, 0), Before: time.Unix(1, 0)}
	auditLog := func(match, exclude cloudflare.AuditLogFilter) func(*cloudflare.Client) error {
		return func(c *cloudflare.Client) error {
			params := period
			params.Match, params.Exclude = match, exclude
			_, err := c.OrganizationAuditLogs.List(t.Context(), organizationID, params)
			return err
		}
	}
	organizations := func(params cloudflare.OrganizationListParams) func(*cloudflare.Client) error {
		return func(c *cloudflare.Client) error {
			_, err := c.Organizations.List(t.Context(), params)
			return err
		}
	}
	for name, tt := range map[string]struct {
		call func(*cloudflare.Client) error
		text string // empty: valid
	}{
		"455 IDs":   {organizations(cloudflare.OrganizationListParams{IDs: ids(455)}), ""},
		"456 IDs":   {organizations(cloudflare.OrganizationListParams{IDs: ids(456)}), "IDs takes 16415 bytes of the query, more than 16384: split it over several calls"},
		"1000 IDs":  {organizations(cloudflare.OrganizationListParams{IDs: ids(1000), PageToken: "t"}), "IDs takes 35999 bytes"},
		"two lists": {auditLog(cloudflare.AuditLogFilter{IDs: ids(455)}, cloudflare.AuditLogFilter{ResourceIDs: ids(300)}), ""},
		"Match":     {auditLog(cloudflare.AuditLogFilter{IDs: ids(456)}, cloudflare.AuditLogFilter{}), "Match.IDs takes 16415 bytes"},
		"Exclude":   {auditLog(cloudflare.AuditLogFilter{}, cloudflare.AuditLogFilter{IDs: ids(411)}), "Exclude.IDs takes 16439 bytes"},
		"escaped":   {auditLog(cloudflare.AuditLogFilter{RawURIs: uris(60)}, cloudflare.AuditLogFilter{}), "Match.RawURIs takes 19199 bytes"},
		"members": {func(c *cloudflare.Client) error {
			_, err := c.OrganizationMembers.List(t.Context(), organizationID, cloudflare.OrganizationMemberListParams{Statuses: slices.Repeat([]cloudflare.MemberStatus{cloudflare.MemberStatusActive}, 2000)})
			return err
		}, "Statuses takes 27999 bytes"},
		"shares": {func(c *cloudflare.Client) error {
			_, err := c.OrganizationShares.List(t.Context(), organizationID, cloudflare.ShareListParams{ResourceTypes: slices.Repeat([]cloudflare.ShareResourceType{"custom-ruleset"}, 2000)})
			return err
		}, "ResourceTypes takes "},
		"page token": {organizations(cloudflare.OrganizationListParams{IDs: ids(2), PageToken: strings.Repeat("t", 60<<10)}), ""},
		"one name":   {organizations(cloudflare.OrganizationListParams{Name: strings.Repeat("n", 20<<10)}), ""},
	} {
		sent := 0
		err := tt.call(newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			sent++
			return nil, io.EOF
		}), cloudflare.WithMaxRetries(0)))
		require.Error(t, err, name)
		assert.Equal(t, tt.text != "", errors.Is(err, cloudflare.ErrInvalidArgument), name)
		if tt.text != "" {
			assert.Zero(t, sent, name)
			assert.ErrorContains(t, err, tt.text, name)
		}
	}
}

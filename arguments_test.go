package cloudflare_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
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
		"a name in white space": {ensure("Org "), "Name"},

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

// Validate reports what Create reports, and nothing else.
func TestValidateIsWhatCreateChecks(t *testing.T) {
	requests := 0
	client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		requests++
		return respondWith(200, `{"success":true,"result":`+anOrganization+`}`)(r)
	}), noRetries)
	check := func(params interface{ Validate() error }, create func() error, valid bool) {
		before := requests
		err := params.Validate()
		assert.Equal(t, before, requests, "Validate sent a request")
		created := create()
		if valid {
			assert.NoError(t, err, "%+v", params)
			assert.NoError(t, created, "%+v", params)
			return
		}
		require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%+v", params)
		assert.EqualError(t, created, err.Error(), "%+v", params)
	}
	profile := &cloudflare.OrganizationProfile{BusinessName: "Example"}
	for _, test := range []struct {
		params cloudflare.OrganizationCreateParams
		valid  bool
	}{
		{cloudflare.OrganizationCreateParams{Name: "n"}, true},
		{cloudflare.OrganizationCreateParams{Name: "n", ParentID: "o1", Profile: profile}, true},
		{cloudflare.OrganizationCreateParams{}, false},
		{cloudflare.OrganizationCreateParams{Name: "n", ParentID: "o/1"}, false},
		{cloudflare.OrganizationCreateParams{Name: "n", ParentID: "NULL"}, false},
		{cloudflare.OrganizationCreateParams{Name: "n", Profile: new(cloudflare.OrganizationProfile)}, false},
		{cloudflare.OrganizationCreateParams{Name: "\xff"}, false},
		{cloudflare.OrganizationCreateParams{Name: "n", Profile: &cloudflare.OrganizationProfile{BusinessName: "\xff"}}, false},
	} {
		check(test.params, func() error { _, err := client.Organizations.Create(t.Context(), test.params); return err }, test.valid)
	}
	for _, test := range []struct {
		params cloudflare.OrganizationMemberCreateParams
		valid  bool
	}{
		{cloudflare.OrganizationMemberCreateParams{Email: "a@example.com"}, true},
		{cloudflare.OrganizationMemberCreateParams{Email: "a@example.com", Status: cloudflare.MemberStatusCanceled}, true},
		{cloudflare.OrganizationMemberCreateParams{}, false},
		{cloudflare.OrganizationMemberCreateParams{Email: "a"}, false},
		{cloudflare.OrganizationMemberCreateParams{Email: "a @example.com"}, false},
		{cloudflare.OrganizationMemberCreateParams{Email: "\xff@example.com"}, false},
		{cloudflare.OrganizationMemberCreateParams{Email: "a@example.com", Status: cloudflare.MemberStatusPending}, false},
	} {
		check(test.params, func() error { _, err := client.OrganizationMembers.Create(t.Context(), "o1", test.params); return err }, test.valid)
	}
	for _, test := range []struct {
		params cloudflare.AccountCreateParams
		valid  bool
	}{
		{cloudflare.AccountCreateParams{Name: "n"}, true},
		{cloudflare.AccountCreateParams{Name: "n", OrganizationID: "o1", IdempotencyKey: "k"}, true},
		{cloudflare.AccountCreateParams{}, false},
		{cloudflare.AccountCreateParams{Name: "\xff"}, false},
		{cloudflare.AccountCreateParams{Name: "n", Type: "free"}, false},
		{cloudflare.AccountCreateParams{Name: "n", OrganizationID: "o/1"}, false},
		{cloudflare.AccountCreateParams{Name: "n", OrganizationID: "o1", Standalone: true}, false},
		{cloudflare.AccountCreateParams{Name: "n", IdempotencyKey: "a b"}, false},
	} {
		check(test.params, func() error { _, err := client.OrganizationAccounts.Create(t.Context(), test.params); return err }, test.valid)
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
			return respondWith(403, "")(r)
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
		// The fake API accepts only IDs in lower case. The IDs in enqueue.go are those of tasks.
		if strings.HasPrefix(path, "cloudflaretest/") || path == "examples/fleet/enqueue.go" {
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
					if isLiteral && literal.Kind == token.STRING || nameOf(operand) == "nil" || nameOf(operand) == "NoParent" {
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

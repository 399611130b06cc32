package find

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

const nobody = "0123456789abcdef0123456789abcdef" // an ID that nothing has

// holder is an organization that holds two accounts and one member, at the bottom of the tree.
func holder(w *clitest.World) demo.Organization { return w.Tree.Named("Anchor Freight")[0] }

// userID is the ID of the first user in an organization.
func userID(t *testing.T, w *clitest.World, organizationID string) string {
	for m, err := range w.Client().OrganizationMembers.All(t.Context(), organizationID, cloudflare.OrganizationMemberListParams{}) {
		require.NoError(t, err)
		return m.User.ID
	}
	return ""
}

func TestFind(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		org := holder(w)
		account, member := org.Accounts[0], org.Members[0]
		noName := w.AddAccount(org.ID, cloudflaretest.Account{})
		for name, test := range map[string]struct {
			args []string
			code int
			ends []string // what the last lines of the paths begin with
		}{
			"an organization by ID":           {[]string{org.ID}, cli.ExitDone, []string{"Anchor Freight  "}},
			"an organization by name":         {[]string{"anchor FREIGHT"}, cli.ExitDone, []string{"Anchor Freight  "}},
			"one at the top":                  {[]string{demo.Root}, cli.ExitDone, []string{demo.Root + "  "}},
			"an account by ID":                {[]string{account.ID}, cli.ExitDone, []string{"account  " + account.ID}},
			"an account by an ID in capitals": {[]string{strings.ToUpper(account.ID)}, cli.ExitDone, []string{"account  " + account.ID}},
			"an account by name":              {[]string{"--deep", strings.ToUpper(account.Name)}, cli.ExitDone, []string{"account " + account.Name + "  "}},
			"an account without a name":       {[]string{noName}, cli.ExitDone, []string{"account  "}},
			"a user by e-mail address":        {[]string{"--kind", "user", strings.ToUpper(member.Email)}, cli.ExitDone, []string{"user " + member.Name + "  "}},
			"a user by name":                  {[]string{"--deep", member.Name}, cli.ExitDone, []string{"user " + member.Name + "  "}},
			"a user by ID":                    {[]string{"--deep", userID(t, w, org.ID)}, cli.ExitDone, []string{"user " + member.Name + "  "}},
			"a membership by ID":              {[]string{"--kind", "user", member.ID}, cli.ExitDone, []string{"user " + member.Name + "  "}},
			"nothing by name":                 {[]string{"--deep", "nobody"}, cli.ExitRefused, nil},
			"nothing by ID":                   {[]string{"--deep", nobody}, cli.ExitRefused, nil},
			"nothing of that kind":            {[]string{"--kind", "account", org.ID}, cli.ExitRefused, nil},
			"part of a name":                  {[]string{"--deep", "Anchor"}, cli.ExitRefused, nil},
			"two organizations":               {[]string{demo.TwiceApart}, cli.ExitRefused, []string{"Harbor Clinic  ", "Harbor Clinic  "}},
			"a user in two":                   {[]string{"--deep", w.Tree.Organizations[0].Members[0].Email}, cli.ExitRefused, []string{"user Ada Adler  ", "user Ada Adler  "}},
		} {
			got := w.Run(t.Context(), Command, "", test.args...)
			assert.Equal(t, test.code, got.Code, "%s: %s", name, got.Stderr)
			var ends []string
			for path := range strings.SplitSeq(got.Stdout, "\n\n") {
				lines := strings.Split(strings.TrimSpace(path), "\n")
				if last := strings.TrimLeft(lines[len(lines)-1], " └─"); last != "" {
					assert.True(t, strings.HasPrefix(lines[0], demo.Root), "each path begins at the top")
					ends = append(ends, last)
				}
			}
			require.Len(t, ends, len(test.ends), "%s: %s", name, got.Stdout)
			for i, end := range test.ends {
				assert.True(t, strings.HasPrefix(ends[i], end), "%s: %s", name, ends[i])
			}
			switch len(ends) {
			case 0:
				assert.Contains(t, got.Stderr, "find: nothing found for ", name)
			case 1:
				if !strings.HasPrefix(got.Stderr, "cforg find: accounts and users were not searched: ") {
					assert.Empty(t, got.Stderr, name)
				}
			default:
				assert.Contains(t, got.Stderr, "find: 2 places found for ", name)
			}
		}
	})
}

func TestFindDrawsThePath(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		org := holder(w)
		reseller := w.Tree.Named("Elm Street Managed")[0]
		got := w.Run(t.Context(), Command, "", org.Accounts[0].ID)
		assert.Equal(t, fmt.Sprintf(`Northwind Distribution  %s
└─ %s  %s
   └─ %s  %s
      └─ account  %s
`, w.Tree.Organizations[0].ID, reseller.Name, reseller.ID, org.Name, org.ID, org.Accounts[0].ID), got.Stdout)
	})
}

func TestFindJSON(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		find := func(query string) (list []place) {
			got := w.Run(t.Context(), Command, "", "--json", "--deep", query)
			require.NoError(t, json.Unmarshal([]byte(got.Stdout), &list), got.Stdout)
			return list
		}
		assert.Equal(t, []place{}, find("nobody"))
		assert.Len(t, find(demo.TwiceSame), 2)
		org := holder(w)
		found := find(org.Members[0].Email)
		require.Len(t, found, 1)
		assert.Equal(t, userID(t, w, org.ID), found[0].ID)
		assert.Equal(t, "active", found[0].Status)
		assert.Equal(t, step{ID: org.ID, Name: org.Name}, found[0].Path[2])
	})
}

// What has an ID takes few requests, however many organizations there are.
func TestFindByIDSendsFewRequests(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		org := holder(w)
		for _, test := range []struct {
			args     []string
			requests int
		}{
			{[]string{org.Accounts[0].ID}, 1},
			{[]string{org.Accounts[0].ID, "--kind", "account"}, 1},
			{[]string{org.ID}, 2}, // it could be an account
			{[]string{org.ID, "--kind", "organization"}, 1},
		} {
			before := len(w.Requests())
			require.Equal(t, cli.ExitDone, w.Run(t.Context(), Command, "", test.args...).Code)
			assert.Len(t, w.Requests()[before:], test.requests, test.args)
		}
	})
}

// An API token may list organizations and nothing else, which is enough for the ID of an account.
func TestFindAnAccountWithoutReadingIt(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.FailNext("GET /organizations/{organization_id}/accounts", cloudflaretest.Status(405, nil, ""))
		w.FailNext("GET /accounts/"+holder(w).Accounts[0].ID+"/organizations", cloudflaretest.Status(403, nil, ""))
		got := w.Run(t.Context(), Command, "", holder(w).Accounts[0].ID)
		assert.Equal(t, cli.ExitDone, got.Code, got.Stderr)
		assert.Contains(t, got.Stdout, "Anchor Freight")
		assert.Contains(t, got.Stdout, "   └─ account  "+holder(w).Accounts[0].ID)
	})
}

func TestFindAnAccountWithoutAnOrganization(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.AddAccount("", cloudflaretest.Account{})
		got := w.Run(t.Context(), Command, "", id)
		assert.Equal(t, cli.ExitRefused, got.Code)
		assert.Contains(t, got.Stderr, "is in no organization")
	})
}

func TestFindDoesNotSayNothingWhenItCouldNotLook(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		forbidden := cloudflaretest.Status(403, nil, "")
		for name, test := range map[string]struct {
			request int
			query   string
			stdout  string
			stderr  string
		}{
			"one of the organizations":       {10, "nobody", "", "1 of 60 organizations could not be read in full"},
			"with something found elsewhere": {10, demo.TwiceApart, "Harbor Clinic", "1 of 60 organizations could not be read in full"},
			"the list":                       {1, "nobody", "", "GET /organizations: 403"},
			"the list after the account":     {2, nobody, "", "GET /organizations: 403"},
		} {
			w.Fail(test.request, forbidden)
			got := w.Run(t.Context(), Command, "", "--deep", test.query)
			assert.Equal(t, cli.ExitFailed, got.Code, name)
			assert.Contains(t, got.Stderr, test.stderr, name)
			assert.NotContains(t, got.Stderr, "nothing found", name)
			assert.Contains(t, got.Stdout, test.stdout, name)
			assert.Equal(t, test.stdout == "", got.Stdout == "", name)
		}
	})
}

func TestFindEndsOnInterrupt(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		ctx := w.InterruptAt(t.Context(), 30)
		got := w.Run(ctx, Command, "", "--deep", demo.TwiceApart)
		assert.Equal(t, cli.ExitInterrupted, got.Code)
		assert.Empty(t, got.Stdout)
		assert.Less(t, len(w.Requests()), 40)
	})
}

func TestFindUsage(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		for _, test := range []struct {
			args []string
			want string
		}{
			{nil, "QUERY is missing"},
			{[]string{""}, "QUERY is missing"},
			{[]string{"Harbor", "Clinic"}, "in quotes if it has spaces"},
			{[]string{"--kind", "zone", "x"}, "must be any, organization, account or user"},
			{[]string{"--json=csv", "x"}, "invalid argument"},
		} {
			got := w.Run(t.Context(), Command, "", test.args...)
			assert.Equal(t, cli.ExitUsage, got.Code)
			assert.Contains(t, got.Stderr, test.want)
		}
		assert.Empty(t, w.Requests())
	})
}

// What would take a request for each organization is not done unless somebody asked.
func TestFindSaysWhatItDidNotSearch(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		account := holder(w).Accounts[0].Name
		for _, test := range []struct {
			args     []string
			code     int
			requests int
			stderr   string
		}{
			{[]string{"Anchor Freight"}, cli.ExitDone, 1,
				"cforg find: accounts and users were not searched: --deep takes about 120 requests, --kind account or --kind user half of that\n"},
			{[]string{account}, cli.ExitRefused, 1, "nothing found for \"" + account + "\", but accounts and users were not searched: --deep takes"},
			{[]string{nobody}, cli.ExitRefused, 2, "but users were not searched: --kind user takes about 60 requests\n"},
			{[]string{"--kind", "account", account}, cli.ExitDone, 61, ""},
			{[]string{"--deep", account}, cli.ExitDone, 121, ""},
			{[]string{"--kind", "organization", "Anchor Freight"}, cli.ExitDone, 1, ""},
		} {
			before := len(w.Requests())
			got := w.Run(t.Context(), Command, "", test.args...)
			assert.Equal(t, test.code, got.Code, test.args)
			assert.Len(t, w.Requests()[before:], test.requests, test.args)
			assert.Contains(t, got.Stderr, test.stderr)
		}
	})
}

func TestFindFormats(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		org := holder(w)
		got := w.Run(t.Context(), Command, "", org.Name, "--kind", "organization", "-o", "csv")
		assert.Equal(t, "kind,id,name,email,status,organization_id,path\norganization,"+org.ID+",Anchor Freight,,,"+org.ID+
			",Northwind Distribution / Elm Street Managed / Anchor Freight\n", got.Stdout)
		got = w.Run(t.Context(), Command, "", org.Name, "--kind", "organization", "-o", "table")
		assert.Regexp(t, `^KIND +ID +NAME .*\norganization  `+org.ID+`  Anchor Freight .* / Anchor Freight\n$`, got.Stdout)
	})
}

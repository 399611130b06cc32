package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/examples/internal/demo"
	"example.com/cloudflare/examples/internal/demo/demotest"
)

const nobody = "0123456789abcdef0123456789abcdef" // an ID that nothing has

// holder is an organization that holds two accounts and one member, at the bottom of the tree.
func holder(w *demotest.World) demo.Organization { return w.Tree.Named("Anchor Freight")[0] }

// userID is the ID of the first user in an organization.
func userID(t *testing.T, w *demotest.World, organizationID string) string {
	for m, err := range w.Client().OrganizationMembers.All(t.Context(), organizationID, cloudflare.OrganizationMemberListParams{}) {
		require.NoError(t, err)
		return m.User.ID
	}
	return ""
}

func TestFind(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		org := holder(w)
		account, member := org.Accounts[0], org.Members[0]
		noName := w.AddAccount(org.ID, cloudflaretest.Account{})
		for name, test := range map[string]struct {
			args []string
			code int
			ends []string // what the last lines of the paths begin with
		}{
			"an organization by ID":           {[]string{org.ID}, demo.ExitOK, []string{"Anchor Freight  "}},
			"an organization by name":         {[]string{"anchor FREIGHT"}, demo.ExitOK, []string{"Anchor Freight  "}},
			"one at the top":                  {[]string{demo.Root}, demo.ExitOK, []string{demo.Root + "  "}},
			"an account by ID":                {[]string{account.ID}, demo.ExitOK, []string{"account " + account.Name + "  "}},
			"an account by an ID in capitals": {[]string{strings.ToUpper(account.ID)}, demo.ExitOK, []string{"account " + account.Name + "  "}},
			"an account by name":              {[]string{strings.ToUpper(account.Name)}, demo.ExitOK, []string{"account " + account.Name + "  "}},
			"an account without a name":       {[]string{noName}, demo.ExitOK, []string{"account  "}},
			"a user by e-mail address":        {[]string{strings.ToUpper(member.Email)}, demo.ExitOK, []string{"user " + member.Name + "  "}},
			"a user by name":                  {[]string{member.Name}, demo.ExitOK, []string{"user " + member.Name + "  "}},
			"a user by ID":                    {[]string{userID(t, w, org.ID)}, demo.ExitOK, []string{"user " + member.Name + "  "}},
			"a membership by ID":              {[]string{member.ID}, demo.ExitOK, []string{"user " + member.Name + "  "}},
			"nothing by name":                 {[]string{"nobody"}, demo.ExitRefused, nil},
			"nothing by ID":                   {[]string{nobody}, demo.ExitRefused, nil},
			"nothing of that kind":            {[]string{"-kind", "account", org.ID}, demo.ExitRefused, nil},
			"part of a name":                  {[]string{"Anchor"}, demo.ExitRefused, nil},
			"two organizations":               {[]string{demo.TwiceApart}, demo.ExitRefused, []string{"Harbor Clinic  ", "Harbor Clinic  "}},
			"a user in two":                   {[]string{w.Tree.Organizations[0].Members[0].Email}, demo.ExitRefused, []string{"user Ada Adler  ", "user Ada Adler  "}},
		} {
			got := w.Run(t.Context(), program, "", test.args...)
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
				assert.Contains(t, got.Stderr, "find: nothing is found for ", name)
			case 1:
				assert.Empty(t, got.Stderr, name)
			default:
				assert.Contains(t, got.Stderr, "find: 2 places are found for ", name)
			}
		}
	})
}

func TestFindDrawsThePath(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		org := holder(w)
		reseller := w.Tree.Named("Elm Street Managed")[0]
		got := w.Run(t.Context(), program, "", org.Accounts[0].ID)
		assert.Equal(t, fmt.Sprintf(`Northwind Distribution                      %s
└─ %-40s %s
   └─ %-37s %s
      └─ account %-26s %s
`, w.Tree.Organizations[0].ID, reseller.Name, reseller.ID, org.Name, org.ID, org.Accounts[0].Name, org.Accounts[0].ID), got.Stdout)
	})
}

func TestFindJSON(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		find := func(query string) (list []place) {
			got := w.Run(t.Context(), program, "", "-format", "json", query)
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
		assert.Equal(t, step{org.ID, org.Name}, found[0].Path[2])
	})
}

// What has an ID takes few requests, however many organizations there are.
func TestFindByIDSendsFewRequests(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		org := holder(w)
		for id, most := range map[string]int{org.ID: 1, org.Accounts[0].ID: 3} {
			before := len(w.Requests())
			require.Equal(t, demo.ExitOK, w.Run(t.Context(), program, "", id).Code)
			assert.Len(t, w.Requests()[before:], most)
		}
	})
}

// An API token lists organizations and nothing else, which is enough for the ID of an account.
func TestFindAnAccountWithoutReadingIt(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		w.Fail(3, cloudflaretest.Status(405, nil, ""))
		got := w.Run(t.Context(), program, "", holder(w).Accounts[0].ID)
		assert.Equal(t, demo.ExitOK, got.Code, got.Stderr)
		assert.Contains(t, got.Stdout, "Anchor Freight")
	})
}

func TestFindDoesNotSayNothingWhenItCouldNotLook(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
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
			"the list of those that contain": {2, nobody, "", "GET /organizations: 403"},
		} {
			w.Fail(test.request, forbidden)
			got := w.Run(t.Context(), program, "", test.query)
			assert.Equal(t, demo.ExitError, got.Code, name)
			assert.Contains(t, got.Stderr, test.stderr, name)
			assert.NotContains(t, got.Stderr, "nothing is found", name)
			assert.Contains(t, got.Stdout, test.stdout, name)
			assert.Equal(t, test.stdout == "", got.Stdout == "", name)
		}
	})
}

func TestFindEndsOnInterrupt(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		ctx := w.InterruptAt(t.Context(), 30)
		got := w.Run(ctx, program, "", demo.TwiceApart)
		assert.Equal(t, demo.ExitInterrupted, got.Code)
		assert.Empty(t, got.Stdout)
		assert.Less(t, len(w.Requests()), 40)
	})
}

func TestFindUsage(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		for _, test := range []struct {
			args []string
			want string
		}{
			{nil, "one QUERY is needed"},
			{[]string{""}, "one QUERY is needed"},
			{[]string{"Harbor", "Clinic"}, "in quotes if it has spaces"},
			{[]string{"x", "-format", "json"}, "behind the flags"},
			{[]string{"-kind", "zone", "x"}, `-kind is "zone"`},
			{[]string{"-format", "csv", "x"}, `-format is "csv"`},
		} {
			got := w.Run(t.Context(), program, "", test.args...)
			assert.Equal(t, demo.ExitUsage, got.Code)
			assert.Contains(t, got.Stderr, test.want)
		}
		assert.Empty(t, w.Requests())
	})
}

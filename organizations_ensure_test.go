package cloudflare_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestEnsureCreatesOnce(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		parent := api.AddOrganization("Parent", "")
		for _, other := range []struct{ name, parent string }{
			{"Org", api.AddOrganization("Elsewhere", "")}, {"org", parent}, {"Org 2", parent},
		} {
			api.AddOrganization(other.name, other.parent)
		}
		for _, parentID := range []string{parent, ""} {
			params := cloudflare.OrganizationCreateParams{Name: "Org", ParentID: parentID, Profile: &modifiedProfile}
			first, created, err := api.client.Organizations.Ensure(t.Context(), params)
			require.NoError(t, err)
			assert.True(t, created)
			assert.Equal(t, &modifiedProfile, first.Profile)

			params.Profile = nil // not compared
			second, created, err := api.client.Organizations.Ensure(t.Context(), params)
			require.NoError(t, err)
			assert.False(t, created)
			assert.Equal(t, first, second)
		}
		assert.Equal(t, []string{"POST organizations", "POST organizations"}, api.writes())
		var looked []string
		for _, r := range api.Requests() {
			if r.Method == http.MethodGet {
				looked = append(looked, r.Query.Get("name")+" below "+r.Query.Get("parent.id"))
			}
		}
		assert.Equal(t, []string{"Org below " + parent, "Org below " + parent, "Org below null", "Org below null"}, looked)
	})
}

func TestEnsureAmbiguous(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		parent := api.AddOrganization("Parent", "")
		ids := []string{api.AddOrganization("Org", parent), api.AddOrganization("Org", parent)}
		_, created, err := api.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", ParentID: parent})
		assert.False(t, created)
		ambiguous, ok := errors.AsType[*cloudflare.AmbiguousError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, "Org", ambiguous.Name)
		assert.Equal(t, parent, ambiguous.ParentID)
		assert.Equal(t, ids, []string{ambiguous.Organizations[0].ID, ambiguous.Organizations[1].ID})
		assert.Empty(t, api.writes())
	})
}

func TestEnsureChecksWhatTheAPILists(t *testing.T) {
	const parent = `,"parent":{"id":"parent","name":"Parent"}`
	const elsewhere = `,"parent":{"id":"other","name":"Other"}`
	for name, test := range map[string]struct {
		listed   string
		parentID string
		id       string
		created  bool
	}{
		"another name":              {organizationJSON("a", "Other", parent), "parent", "new", true},
		"another case":              {organizationJSON("a", "ORG", parent), "parent", "new", true},
		"another parent":            {organizationJSON("a", "Org", elsewhere), "parent", "new", true},
		"a parent, and none wanted": {organizationJSON("a", "Org", parent), "", "new", true},
		"one of three is it": {
			organizationJSON("a", "Org", elsewhere) + "," + organizationJSON("b", "Org", parent) + "," + organizationJSON("c", "Nor", ""),
			"parent", "b", false,
		},
		"a root, and one wanted":     {organizationJSON("a", "Org", ""), "", "a", false},
		"a parent in another case":   {organizationJSON("a", "Org", `,"parent":{"id":"PARENT","name":"Parent"}`), "parent", "a", false},
		"a parent that is close":     {organizationJSON("a", "Org", `,"parent":{"id":"parent\u017f","name":"Parent"}`), "parents", "new", true},
		"a parent that is not named": {organizationJSON("a", "Org", ""), "parent", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, respondSuccess("["+test.listed+"]"), respondSuccess(organizationJSON("new", "Org", "")))
			org, created, err := client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", ParentID: test.parentID})
			assert.Equal(t, test.created, created)
			if test.id == "" {
				assert.ErrorContains(t, err, "the API does not report its parent")
				assert.Equal(t, "GET", script.only(t).Method, "nothing was created")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.id, org.ID)
		})
	}
}

// Names that look the same are told apart by the escapes of their letters.
func TestEnsureReportsAChangedName(t *testing.T) {
	for _, tt := range []struct{ sent, created, says string }{
		{"Cafe\u0301", "Caf\u00e9", `with the name "Caf\u00e9" instead of "Cafe\u0301"`},
		{"Caf\u00e9", "Cafe\u0301", `with the name "Cafe\u0301" instead of "Caf\u00e9"`},
		{"Org", "ORG", `with the name "ORG" instead of "Org"`},
		{"A  B", "A B", `with the name "A B" instead of "A  B"`},
		{"A B", "A  B", `with the name "A  B" instead of "A B"`},
		{"A B", " A B\t", `with the name " A B\t" instead of "A B"`},
		{"A\u00a0B", "A B", `with the name "A B" instead of "A\u00a0B"`},
		{"A B", "A\u00a0B", `with the name "A\u00a0B" instead of "A B"`},
		{"Or\u200bg", "Org", `with the name "Org" instead of "Or\u200bg"`},
		{"Org", "Or\u200bg", `with the name "Or\u200bg" instead of "Org"`},
		{"Org", "\u041erg", `with the name "\u041erg" instead of "Org"`},
		{"Org", "\ufb01n", `with the name "\ufb01n" instead of "Org"`},
		{"Org", "", `with the name "" instead of "Org"`},
	} {
		name, err := json.Marshal(tt.created)
		require.NoError(t, err)
		client, _ := newScriptedClient(t, respondSuccess("[]"), respondSuccess(`{"id":"new","name":`+string(name)+`}`))
		org, created, err := client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: tt.sent})
		assert.EqualError(t, err, "cloudflare: organization new was created "+tt.says+": Ensure would not find it again")
		assert.True(t, created)
		assert.Equal(t, "new", org.ID)
	}
}

func TestEnsureAfterAnUnknownOutcome(t *testing.T) {
	badRequest := cloudflaretest.Status(400, nil, `{"success":false,"errors":[],"messages":[],"result":null}`)
	for name, test := range map[string]struct {
		fault   cloudflaretest.Fault // of the POST
		late    int                  // looks again until it is listed, done by somebody else's machine
		found   bool
		unknown bool
		took    time.Duration
	}{
		"done":                      {fault: cloudflaretest.Cut(), found: true},
		"listed at last":            {fault: cloudflaretest.Status(502, nil, ""), late: 4, found: true, took: 1750 * time.Millisecond},
		"never listed":              {fault: cloudflaretest.Reset(), unknown: true, took: 12750 * time.Millisecond},
		"never listed too":          {fault: cloudflaretest.Status(502, nil, ""), unknown: true, took: 12750 * time.Millisecond},
		"known to fail":             {fault: badRequest},
		"a wait, then listed":       {fault: asking("5"), late: 1, found: true, took: 5 * time.Second},
		"a wait, then listed later": {fault: asking("5"), late: 3, found: true, took: 5750 * time.Millisecond},
		"a wait, then never listed": {fault: asking("5"), unknown: true, took: 12750 * time.Millisecond},
		"a wait too long":           {fault: asking("100"), unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				api.Fail(2, test.fault)
				looks := -1 // the first look comes before the create
				api.before = func(r *http.Request) {
					if r.Method == http.MethodGet {
						if looks++; looks == test.late && test.late > 0 {
							api.AddOrganization("Org", "")
						}
					}
				}
				start := time.Now()
				org, created, err := api.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
				assert.Equal(t, test.took, time.Since(start))
				assert.Equal(t, test.found, created)
				assert.Equal(t, test.unknown, errors.Is(err, cloudflare.ErrOutcomeUnknown), "%v", err)
				assert.Equal(t, test.found, err == nil, "%v", err)
				if test.found {
					assert.Equal(t, "Org", org.Name)
				}
				assert.Equal(t, []string{"POST organizations"}, api.writes(), "once at the most")
			})
		})
	}
}

// A wait that an earlier attempt of the create was asked for is over when Ensure looks.
func TestEnsureAfterAThrottledCreate(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		api.Fail(2, cloudflaretest.Status(http.StatusTooManyRequests, http.Header{"Retry-After": {"60"}}, ""))
		api.Fail(3, cloudflaretest.Cut())
		start := time.Now()
		org, created, err := api.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
		require.NoError(t, err)
		assert.True(t, created)
		assert.Equal(t, "Org", org.Name)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

// Ensure looks again if the next look begins within 15 seconds.
func TestEnsureLooksFor15Seconds(t *testing.T) {
	for _, tt := range []struct{ sixthLook, took time.Duration }{ // it begins after 7.75 s, and is followed by a wait of 5 s
		{2250 * time.Millisecond, 15 * time.Second},
		{2250*time.Millisecond + 1, 10*time.Second + 1},
	} {
		withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
			api.FailNext("POST /organizations", cloudflaretest.Status(502, nil, ""))
			var start time.Time
			looks := -1 // the first look comes before the create
			api.before = func(r *http.Request) {
				switch {
				case r.Method == http.MethodPost:
					start = time.Now()
				case looks == 5:
					time.Sleep(tt.sixthLook)
					fallthrough
				default:
					looks++
				}
			}
			_, _, err := api.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
			assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
			assert.Equal(t, tt.took, time.Since(start))
		})
	}
}

func TestEnsureWhenTheContextEnds(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		params := cloudflare.OrganizationCreateParams{Name: "Org"}
		ctx, cancel := context.WithCancelCause(t.Context())
		api.before = func(r *http.Request) {
			if r.Method == http.MethodPost {
				cancel(errors.New("Ctrl-C"))
			}
		}
		_, _, err := api.client.Organizations.Ensure(ctx, params)
		assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorContains(t, err, "Ctrl-C")

		api.before = func(*http.Request) {}
		api.Fail(2, cloudflaretest.Status(502, nil, ""))
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
		defer stop()
		start := time.Now()
		_, _, err = api.client.Organizations.Ensure(ctx, params)
		assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 1750*time.Millisecond, time.Since(start), "a wait of two seconds does not fit")
	})
}

func TestConcurrentEnsuresMayCreateTwo(t *testing.T) {
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		var looked, ended sync.WaitGroup
		looked.Add(2)
		api.before = func(r *http.Request) {
			if r.Method == http.MethodPost {
				looked.Done()
				looked.Wait() // until the other one has looked
			}
		}
		for range 2 {
			ended.Go(func() {
				_, created, err := api.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
				assert.NoError(t, err)
				assert.True(t, created)
			})
		}
		ended.Wait()
		_, _, err := api.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
		_, ambiguous := errors.AsType[*cloudflare.AmbiguousError](err)
		assert.True(t, ambiguous, "%v", err)
	})
}

func organizationJSON(id, name, more string) string {
	return fmt.Sprintf(`{"id":%q,"name":%q,"create_time":"2026-01-02T03:04:05Z","meta":{}%s}`, id, name, more)
}

// What a server or a caller sends as an ID or a name is in an error on one line, bounded, and without a credential.
func TestEnsureErrorsQuoteNoCredential(t *testing.T) {
	ctx := t.Context()
	for _, text := range []string{canaryKey, `a\u001b[2J\nb`, strings.Repeat("x", 1<<20)} {
		created := respondSuccess(organizationJSON(text, text, ""))
		listed := respondSuccess("[" + organizationJSON(text, "Org", "") + "]")
		twice := respondSuccess("[" + organizationJSON(text, "Org", "") + "," + organizationJSON(text, "Org", "") + "]")
		member := respondSuccess(membershipJSON(text, text, "active"))
		below := func(parent, name string, responses ...roundTripper) error {
			client, _ := newScriptedClient(t, responses...)
			_, _, err := client.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: name, ParentID: parent})
			return err
		}
		organizations := func(responses ...roundTripper) error { return below("", "Org", responses...) }
		mine := func(more string) string { return organizationJSON("a", canaryKey, more) }
		ofMine := fmt.Sprintf(`,"parent":{"id":%q,"name":"Parent"}`, canaryKey)
		members := func(responses ...roundTripper) error {
			client, _ := newScriptedClient(t, responses...)
			_, _, err := client.OrganizationMembers.Ensure(ctx, "o1", cloudflare.OrganizationMemberCreateParams{Email: "a@example.com"})
			return err
		}
		for name, err := range map[string]error{
			"another name":    organizations(respondSuccess("[]"), created),
			"unknown parent":  below("p1", "Org", listed),
			"several":         organizations(twice),
			"another address": members(respondSuccess("[]"), member),

			"another name than the key":    below("", canaryKey, respondSuccess("[]"), respondSuccess(organizationJSON("a", "Org", ""))),
			"the key, with unknown parent": below("p1", canaryKey, respondSuccess("["+mine("")+"]")),
			"several below the key":        below(canaryKey, canaryKey, respondSuccess("["+mine(ofMine)+","+mine(ofMine)+"]")),
		} {
			require.Error(t, err, name)
			assert.NotContains(t, err.Error(), canary, name)
			assert.Less(t, len(err.Error()), 800, name)
			assert.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl), "%s: %.100q", name, err.Error())
		}
	}
}

func TestWaitUntilReadable(t *testing.T) {
	const never = 1 << 20
	for name, test := range map[string]struct {
		lag      int
		deadline time.Duration // zero for none
		took     time.Duration
		err      error
		deadErr  bool
	}{
		"at once":                    {},
		"after three looks":          {lag: 3, took: 1750 * time.Millisecond},
		"after three looks, in time": {lag: 3, deadline: 2 * time.Second, took: 1750 * time.Millisecond},
		"never, without a deadline":  {lag: never, took: 57750 * time.Millisecond, err: cloudflare.ErrNotFound},
		"never, with one":            {lag: never, deadline: 3 * time.Second, took: 1750 * time.Millisecond, err: cloudflare.ErrNotFound, deadErr: true},
		"a deadline of more than a minute": {
			lag: never, deadline: 2 * time.Minute, took: 117750 * time.Millisecond, err: cloudflare.ErrNotFound,
			deadErr: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
				api.Lag(test.lag)
				fresh, err := api.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
				require.NoError(t, err)
				ctx := t.Context()
				if test.deadline > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, test.deadline)
					defer stop()
				}
				start := time.Now()
				org, err := api.client.Organizations.WaitUntilReadable(ctx, fresh.ID)
				assert.Equal(t, test.took, time.Since(start))
				assert.ErrorIs(t, err, test.err)
				assert.Equal(t, test.deadErr, errors.Is(err, context.DeadlineExceeded), "%v", err)
				if test.err == nil {
					assert.Equal(t, fresh, org)
				}
			})
		})
	}
}

// Without a deadline, WaitUntilReadable looks again if the next look begins within a minute.
func TestWaitUntilReadableLooksForOneMinute(t *testing.T) {
	for _, tt := range []struct{ look, took time.Duration }{ // it begins after 52.75 s, and is followed by a wait of 5 s
		{2250 * time.Millisecond, time.Minute},
		{2250*time.Millisecond + 1, 55*time.Second + 1},
	} {
		withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
			id := api.AddOrganization("Org", "")
			start := time.Now()
			api.before = func(*http.Request) {
				api.FailNext("GET /organizations/"+id, cloudflaretest.Status(404, nil, notFoundBody))
				if time.Since(start) == 52750*time.Millisecond {
					time.Sleep(tt.look)
				}
			}
			_, err := api.client.Organizations.WaitUntilReadable(t.Context(), id)
			assert.ErrorIs(t, err, cloudflare.ErrNotFound)
			assert.Equal(t, tt.took, time.Since(start))
		})
	}
}

func TestWaitUntilReadableStopsOnOtherErrors(t *testing.T) {
	forbidden := cloudflaretest.Status(403, nil, `{"success":false,"errors":[],"messages":[],"result":null}`)
	withFakeAPI(t, func(t *testing.T, api *fakeAPI) {
		api.Lag(3)
		fresh, err := api.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
		require.NoError(t, err)

		start := time.Now()
		api.Fail(2, forbidden)
		_, err = api.client.Organizations.WaitUntilReadable(t.Context(), fresh.ID)
		assert.ErrorIs(t, err, cloudflare.ErrForbidden)
		assert.NotErrorIs(t, err, cloudflare.ErrNotFound, "what it was before does not matter")
		assert.Equal(t, 250*time.Millisecond, time.Since(start))

		start = time.Now()
		_, err = api.client.Organizations.WaitUntilReadable(t.Context(), "no-id")
		assert.ErrorContains(t, err, "404 Not Found", "no such route: there is nothing to wait for")
		assert.NotErrorIs(t, err, cloudflare.ErrNotFound)
		_, err = api.client.Organizations.WaitUntilReadable(t.Context(), "")
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		var none context.Context
		_, err = api.client.Organizations.WaitUntilReadable(none, fresh.ID)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		assert.Zero(t, time.Since(start))

		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("Ctrl-C")) })
		_, err = api.client.Organizations.WaitUntilReadable(ctx, fresh.ID)
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorContains(t, err, "Ctrl-C")
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
	})
}

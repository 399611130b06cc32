package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// workflow is a fake API whose waits cost no time, with a client of it.
type workflow struct {
	*cloudflaretest.Server
	client *cloudflare.Client
	before func(*http.Request) // called with each request before the API sees it
}

// inWorkflow runs a test in virtual time.
func inWorkflow(t *testing.T, test func(t *testing.T, w *workflow)) {
	t.Helper()
	w := &workflow{Server: cloudflaretest.NewServer(), before: func(*http.Request) {}}
	defer w.Close()
	synctest.Test(t, func(t *testing.T) {
		transport := w.Transport()
		w.client = w.Client(cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			w.before(r)
			return transport.RoundTrip(r)
		})}))
		test(t, w)
	})
}

// sent returns what was sent, as method and the path below the base URL.
func (w *workflow) sent() []string {
	var sent []string
	for _, r := range w.Requests() {
		sent = append(sent, r.Method+" "+strings.TrimPrefix(r.Path, "/client/v4/"))
	}
	return sent
}

// writes returns what of that was no GET.
func (w *workflow) writes() []string {
	var writes []string
	for _, sent := range w.sent() {
		if !strings.HasPrefix(sent, "GET ") {
			writes = append(writes, sent)
		}
	}
	return writes
}

// named returns how many organizations have this name.
func (w *workflow) named(t *testing.T, name string) (n int) {
	t.Helper()
	for _, err := range w.client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{Name: name}) {
		require.NoError(t, err)
		n++
	}
	return n
}

func workflowOrganization(id, name, more string) string {
	return fmt.Sprintf(`{"id":%q,"name":%q,"create_time":"2026-01-02T03:04:05Z","meta":{}%s}`, id, name, more)
}

// workflowProfile has every field, so that a lost one shows.
var workflowProfile = cloudflare.OrganizationProfile{
	BusinessAddress: "1 Main Street", BusinessEmail: "it@example.com", BusinessName: "Example, Inc.",
	BusinessPhone: "+1 555 0100", ExternalMetadata: `{"crm":7}`,
}

const workflowProfileJSON = `{"business_address":"1 Main Street","business_email":"it@example.com",` +
	`"business_name":"Example, Inc.","business_phone":"+1 555 0100","external_metadata":"{\"crm\":7}"}`

func renameTo(to string) func(*cloudflare.OrganizationUpdateParams) error {
	return func(p *cloudflare.OrganizationUpdateParams) error { p.Name = to; return nil }
}

func TestModifyKeepsWhatChangeDoesNotTouch(t *testing.T) {
	for name, profile := range map[string]*cloudflare.OrganizationProfile{"with a profile": &workflowProfile, "without one": nil} {
		t.Run(name, func(t *testing.T) {
			inWorkflow(t, func(t *testing.T, w *workflow) {
				parent := w.AddOrganization("Parent", "")
				org, err := w.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Old", ParentID: parent, Profile: profile})
				require.NoError(t, err)

				modified, err := w.client.Organizations.Modify(t.Context(), org.ID, func(p *cloudflare.OrganizationUpdateParams) error {
					assert.Equal(t, cloudflare.OrganizationUpdateParams{Name: "Old", ParentID: parent, Profile: profile}, *p)
					p.Name = "New"
					return nil
				})
				require.NoError(t, err)
				assert.Equal(t, "New", modified.Name)

				stored, err := w.client.Organizations.Get(t.Context(), org.ID)
				require.NoError(t, err)
				assert.Equal(t, "New", stored.Name)
				assert.Equal(t, parent, stored.Parent.ID)
				assert.Equal(t, profile, stored.Profile)
			})
		})
	}
}

func TestModifySendsNothing(t *testing.T) {
	refused := errors.New("not today")
	for name, test := range map[string]struct {
		change func(*cloudflare.OrganizationUpdateParams) error
		err    error
	}{
		"if nothing changed": {func(*cloudflare.OrganizationUpdateParams) error { return nil }, nil},
		"if all is as before": {func(p *cloudflare.OrganizationUpdateParams) error {
			p.Profile = new(*p.Profile)
			return nil
		}, nil},
		"if change fails":           {func(p *cloudflare.OrganizationUpdateParams) error { p.Name = "New"; return refused }, refused},
		"if a name would be empty":  {renameTo(""), cloudflare.ErrInvalidArgument},
		"if there is nothing to do": {nil, cloudflare.ErrInvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			inWorkflow(t, func(t *testing.T, w *workflow) {
				id := w.AddOrganization("Old", "")
				require.NoError(t, w.client.OrganizationProfile.Update(t.Context(), id, workflowProfile))
				before := len(w.writes())

				org, err := w.client.Organizations.Modify(t.Context(), id, test.change)
				assert.Len(t, w.writes(), before)
				if test.err != nil {
					assert.ErrorIs(t, err, test.err)
					assert.Nil(t, org)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, "Old", org.Name)
			})
		})
	}
}

func TestModifySeesAChangeInsideTheProfile(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		org, err := w.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", Profile: &workflowProfile})
		require.NoError(t, err)
		_, err = w.client.Organizations.Modify(t.Context(), org.ID, func(p *cloudflare.OrganizationUpdateParams) error {
			p.Profile.BusinessPhone = "+1 555 0199"
			return nil
		})
		require.NoError(t, err)
		want := workflowProfile
		want.BusinessPhone = "+1 555 0199"
		stored, err := w.client.OrganizationProfile.Get(t.Context(), org.ID)
		require.NoError(t, err)
		assert.Equal(t, &want, stored)
	})
}

func TestModifySendsAChangeOfTheParentAlone(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		id, other := w.AddOrganization("Org", ""), w.AddOrganization("Other", "")
		_, err := w.client.Organizations.Modify(t.Context(), id, func(p *cloudflare.OrganizationUpdateParams) error {
			p.ParentID = other
			return nil
		})
		refused, ok := errors.AsType[*cloudflare.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, http.StatusBadRequest, refused.StatusCode, "it is the API that refuses this")
		assert.Len(t, w.writes(), 1)
	})
}

// The profile is optional in the organization: that it is not there does not mean that there is none.
func TestModifyWhereTheOrganizationComesWithoutItsProfile(t *testing.T) {
	for name, test := range map[string]struct {
		inOrganization string
		profile        roundTripper // nil if it is not asked for
		sent           string
		err            error
	}{
		"there is one":         {profile: respondSuccess(workflowProfileJSON), sent: `{"name":"New","profile":` + workflowProfileJSON + `}`},
		"there is none":        {profile: respondSuccess("null"), sent: `{"name":"New"}`},
		"it is not found":      {profile: respondWith(404, notFoundBody), sent: `{"name":"New"}`},
		"it must not be seen":  {profile: respondError(403), err: cloudflare.ErrForbidden},
		"all of it is empty":   {inOrganization: `,"profile":{"business_name":"","external_metadata":""}`, sent: `{"name":"New"}`},
		"it is there, in part": {inOrganization: `,"profile":{"business_name":"X"}`, sent: `{"name":"New","profile":{"business_address":"","business_email":"","business_name":"X","business_phone":"","external_metadata":""}}`},
	} {
		t.Run(name, func(t *testing.T) {
			responses := []roundTripper{respondSuccess(workflowOrganization(organizationID, "Old", test.inOrganization))}
			if test.profile != nil {
				responses = append(responses, test.profile)
			}
			if test.err == nil {
				responses = append(responses, respondSuccess(workflowOrganization(organizationID, "New", "")))
			}
			client, script := newScriptedClient(t, responses...)
			_, err := client.Organizations.Modify(t.Context(), organizationID, renameTo("New"))
			assert.ErrorIs(t, err, test.err)
			require.Len(t, script.sent, len(responses))
			if test.err == nil {
				assert.JSONEq(t, test.sent, script.sent[len(responses)-1].Body)
			}
		})
	}
}

func TestModifyOfWhatIsNotThere(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		const id = "0123456789abcdef0123456789abcdef"
		_, err := w.client.Organizations.Modify(t.Context(), id, renameTo("New"))
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		_, err = w.client.OrganizationProfile.Modify(t.Context(), id, setBusinessPhone)
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		assert.Empty(t, w.writes())
	})
}

func TestModifyIsWonByTheLastWriter(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		id := w.AddOrganization("Old", "")
		_, err := w.client.OrganizationProfile.Modify(t.Context(), id, func(p *cloudflare.OrganizationProfile) error {
			p.BusinessPhone = "+1 555 0199"
			return w.client.OrganizationProfile.Update(t.Context(), id, workflowProfile) // somebody else, in between
		})
		require.NoError(t, err)
		stored, err := w.client.OrganizationProfile.Get(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, &cloudflare.OrganizationProfile{BusinessPhone: "+1 555 0199"}, stored)
	})
}

func setBusinessPhone(p *cloudflare.OrganizationProfile) error {
	p.BusinessPhone = "+1 555 0199"
	return nil
}

func TestProfileModify(t *testing.T) {
	refused := errors.New("not today")
	withPhone := workflowProfile
	withPhone.BusinessPhone = "+1 555 0199"
	for name, test := range map[string]struct {
		stored *cloudflare.OrganizationProfile
		change func(*cloudflare.OrganizationProfile) error
		want   cloudflare.OrganizationProfile
		writes int
		err    error
	}{
		"keeps the other fields":         {stored: &workflowProfile, change: setBusinessPhone, want: withPhone, writes: 1},
		"begins empty if never set":      {change: setBusinessPhone, want: cloudflare.OrganizationProfile{BusinessPhone: "+1 555 0199"}, writes: 1},
		"sends nothing that is the same": {stored: &withPhone, change: setBusinessPhone, want: withPhone},
		"sends nothing if empty, still":  {change: func(*cloudflare.OrganizationProfile) error { return nil }},
		"sends nothing if change fails":  {stored: &workflowProfile, change: func(p *cloudflare.OrganizationProfile) error { return refused }, err: refused},
		"does not empty all of it": {stored: &workflowProfile, err: cloudflare.ErrInvalidArgument, change: func(p *cloudflare.OrganizationProfile) error {
			*p = cloudflare.OrganizationProfile{}
			return nil
		}},
		"refuses no change": {stored: &workflowProfile, err: cloudflare.ErrInvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			inWorkflow(t, func(t *testing.T, w *workflow) {
				org, err := w.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", Profile: test.stored})
				require.NoError(t, err)
				before := len(w.writes())

				profile, err := w.client.OrganizationProfile.Modify(t.Context(), org.ID, test.change)
				assert.Len(t, w.writes()[before:], test.writes)
				if test.err != nil {
					assert.ErrorIs(t, err, test.err)
					assert.Nil(t, profile)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, &test.want, profile)
				if test.writes > 0 {
					stored, err := w.client.OrganizationProfile.Get(t.Context(), org.ID)
					require.NoError(t, err)
					assert.Equal(t, &test.want, stored)
				}
			})
		})
	}
}

// A 404 may mean that there is no profile, or that there is no organization, or none that can be read yet.
func TestProfileModifyAfterA404(t *testing.T) {
	for name, test := range map[string]struct {
		profile cloudflaretest.Fault
		org     *cloudflaretest.Fault
		stored  *cloudflare.OrganizationProfile
		kept    string // of the business name
		err     error
		fails   bool // with an error that has no sentinel
	}{
		"there is none":               {profile: cloudflaretest.Status(404, nil, notFoundBody)},
		"there is one after all":      {profile: cloudflaretest.Status(404, nil, notFoundBody), stored: &workflowProfile, kept: workflowProfile.BusinessName},
		"no organization":             {profile: cloudflaretest.Status(404, nil, notFoundBody), org: new(cloudflaretest.Status(404, nil, notFoundBody)), stored: &workflowProfile, err: cloudflare.ErrNotFound},
		"no route":                    {profile: cloudflaretest.Status(404, nil, noRouteBody), stored: &workflowProfile, fails: true},
		"something on the way":        {profile: cloudflaretest.Status(404, nil, "<html>"), stored: &workflowProfile, fails: true},
		"the organization is null":    {profile: cloudflaretest.Status(404, nil, notFoundBody), org: new(cloudflaretest.Status(200, nil, successBody("null"))), stored: &workflowProfile, fails: true},
		"the organization is refused": {profile: cloudflaretest.Status(404, nil, notFoundBody), org: new(cloudflaretest.Status(403, nil, notFoundBody)), stored: &workflowProfile, err: cloudflare.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			inWorkflow(t, func(t *testing.T, w *workflow) {
				org, err := w.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", Profile: test.stored})
				require.NoError(t, err)
				w.Fail(1, test.profile)
				if test.org != nil {
					w.Fail(2, *test.org)
				}
				profile, err := w.client.OrganizationProfile.Modify(t.Context(), org.ID, setBusinessPhone)
				if test.err != nil || test.fails {
					require.Error(t, err)
					assert.True(t, test.fails || errors.Is(err, test.err), err)
					assert.Len(t, w.writes(), 1, "the create and nothing else")
					return
				}
				require.NoError(t, err)
				assert.Equal(t, test.kept, profile.BusinessName)
				assert.Equal(t, "+1 555 0199", profile.BusinessPhone)
			})
		})
	}
}

func TestEnsureCreatesOnce(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		parent := w.AddOrganization("Parent", "")
		for _, other := range []struct{ name, parent string }{
			{"Org", w.AddOrganization("Elsewhere", "")}, {"org", parent}, {"Org 2", parent},
		} {
			w.AddOrganization(other.name, other.parent)
		}
		for _, parentID := range []string{parent, ""} {
			params := cloudflare.OrganizationCreateParams{Name: "Org", ParentID: parentID, Profile: &workflowProfile}
			first, created, err := w.client.Organizations.Ensure(t.Context(), params)
			require.NoError(t, err)
			assert.True(t, created)
			assert.Equal(t, &workflowProfile, first.Profile)

			params.Profile = nil // not compared
			second, created, err := w.client.Organizations.Ensure(t.Context(), params)
			require.NoError(t, err)
			assert.False(t, created)
			assert.Equal(t, first, second)
		}
		assert.Equal(t, []string{"POST organizations", "POST organizations"}, w.writes())
		var looked []string
		for _, r := range w.Requests() {
			if r.Method == http.MethodGet {
				looked = append(looked, r.Query.Get("name")+" below "+r.Query.Get("parent.id"))
			}
		}
		assert.Equal(t, []string{"Org below " + parent, "Org below " + parent, "Org below null", "Org below null"}, looked)
	})
}

func TestEnsureAmbiguous(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		parent := w.AddOrganization("Parent", "")
		ids := []string{w.AddOrganization("Org", parent), w.AddOrganization("Org", parent)}
		_, created, err := w.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", ParentID: parent})
		assert.False(t, created)
		ambiguous, ok := errors.AsType[*cloudflare.AmbiguousError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, "Org", ambiguous.Name)
		assert.Equal(t, parent, ambiguous.ParentID)
		assert.Equal(t, ids, []string{ambiguous.Organizations[0].ID, ambiguous.Organizations[1].ID})
		assert.Empty(t, w.writes())
	})
}

func TestEnsureDoesNotTrustTheFilters(t *testing.T) {
	const parent = `,"parent":{"id":"parent","name":"Parent"}`
	const elsewhere = `,"parent":{"id":"other","name":"Other"}`
	for name, test := range map[string]struct {
		listed   string
		parentID string
		id       string
		created  bool
	}{
		"another name":               {workflowOrganization("a", "Other", parent), "parent", "new", true},
		"another case":               {workflowOrganization("a", "ORG", parent), "parent", "new", true},
		"another parent":             {workflowOrganization("a", "Org", elsewhere), "parent", "new", true},
		"a parent, and none wanted":  {workflowOrganization("a", "Org", parent), "", "new", true},
		"one of three is it":         {workflowOrganization("a", "Org", elsewhere) + "," + workflowOrganization("b", "Org", parent) + "," + workflowOrganization("c", "Nor", ""), "parent", "b", false},
		"a root, and one wanted":     {workflowOrganization("a", "Org", ""), "", "a", false},
		"a parent that is not named": {workflowOrganization("a", "Org", ""), "parent", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, respondSuccess("["+test.listed+"]"), respondSuccess(workflowOrganization("new", "Org", "")))
			org, created, err := client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org", ParentID: test.parentID})
			assert.Equal(t, test.created, created)
			if test.id == "" {
				assert.ErrorContains(t, err, "lists a, of that name")
				assert.Equal(t, "GET", script.only(t).Method, "nothing was created")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.id, org.ID)
		})
	}
}

func TestEnsureSaysWhenTheNameWasChanged(t *testing.T) {
	client, _ := newScriptedClient(t, respondSuccess("[]"), respondSuccess(workflowOrganization("new", "Café", "")))
	org, created, err := client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Cafe\u0301"})
	assert.ErrorContains(t, err, "another Ensure would not find it")
	assert.True(t, created)
	assert.Equal(t, "new", org.ID)
}

func TestEnsureAfterALostAnswer(t *testing.T) {
	refusal := cloudflaretest.Status(400, nil, `{"success":false,"errors":[],"messages":[],"result":null}`)
	for name, test := range map[string]struct {
		fault   cloudflaretest.Fault // of the POST
		late    int                  // looks again until it is listed, done by somebody else's machine
		found   bool
		unknown bool
		took    time.Duration
	}{
		"done":             {fault: cloudflaretest.Cut(), found: true},
		"listed at last":   {fault: cloudflaretest.Status(502, nil, ""), late: 4, found: true, took: 1750 * time.Millisecond},
		"never listed":     {fault: cloudflaretest.Reset(), unknown: true, took: 12750 * time.Millisecond},
		"never listed too": {fault: cloudflaretest.Status(502, nil, ""), unknown: true, took: 12750 * time.Millisecond},
		"known to fail":    {fault: refusal},
	} {
		t.Run(name, func(t *testing.T) {
			inWorkflow(t, func(t *testing.T, w *workflow) {
				w.Fail(2, test.fault)
				looks := -1 // the first look comes before the create
				w.before = func(r *http.Request) {
					if r.Method == http.MethodGet {
						if looks++; looks == test.late && test.late > 0 {
							w.AddOrganization("Org", "")
						}
					}
				}
				start := time.Now()
				org, created, err := w.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
				assert.Equal(t, test.took, time.Since(start))
				assert.Equal(t, test.found, created)
				assert.Equal(t, test.unknown, errors.Is(err, cloudflare.ErrOutcomeUnknown), "%v", err)
				assert.Equal(t, test.found, err == nil, "%v", err)
				if test.found {
					assert.Equal(t, "Org", org.Name)
				}
				assert.Equal(t, []string{"POST organizations"}, w.writes(), "once at the most")
			})
		})
	}
}

func TestEnsureWhenTheContextEnds(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		params := cloudflare.OrganizationCreateParams{Name: "Org"}
		ctx, cancel := context.WithCancelCause(t.Context())
		w.before = func(r *http.Request) {
			if r.Method == http.MethodPost {
				cancel(errors.New("Ctrl-C"))
			}
		}
		_, _, err := w.client.Organizations.Ensure(ctx, params)
		assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorContains(t, err, "Ctrl-C")

		w.before = func(*http.Request) {}
		w.Fail(2, cloudflaretest.Status(502, nil, ""))
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
		defer stop()
		start := time.Now()
		_, _, err = w.client.Organizations.Ensure(ctx, params)
		assert.ErrorIs(t, err, cloudflare.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 1750*time.Millisecond, time.Since(start), "a wait of two seconds does not fit")
	})
}

func TestEnsureTwiceAtOnceMayCreateTwo(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		var looked, ended sync.WaitGroup
		looked.Add(2)
		w.before = func(r *http.Request) {
			if r.Method == http.MethodPost {
				looked.Done()
				looked.Wait() // until the other one has looked
			}
		}
		for range 2 {
			ended.Go(func() {
				_, created, err := w.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
				assert.NoError(t, err)
				assert.True(t, created)
			})
		}
		ended.Wait()
		_, _, err := w.client.Organizations.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
		_, ambiguous := errors.AsType[*cloudflare.AmbiguousError](err)
		assert.True(t, ambiguous, "%v", err)
	})
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
		"at once":                          {},
		"after three looks":                {lag: 3, took: 1750 * time.Millisecond},
		"after three looks, in time":       {lag: 3, deadline: 2 * time.Second, took: 1750 * time.Millisecond},
		"never, without a deadline":        {lag: never, took: 57750 * time.Millisecond, err: cloudflare.ErrNotFound},
		"never, with one":                  {lag: never, deadline: 3 * time.Second, took: 1750 * time.Millisecond, err: cloudflare.ErrNotFound, deadErr: true},
		"a deadline of more than a minute": {lag: never, deadline: 2 * time.Minute, took: 117750 * time.Millisecond, err: cloudflare.ErrNotFound, deadErr: true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorkflow(t, func(t *testing.T, w *workflow) {
				w.Lag(test.lag)
				fresh, err := w.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
				require.NoError(t, err)
				ctx := t.Context()
				if test.deadline > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, test.deadline)
					defer stop()
				}
				start := time.Now()
				org, err := w.client.Organizations.WaitUntilReadable(ctx, fresh.ID)
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

func TestWaitUntilReadableEndsAtOnce(t *testing.T) {
	refusal := cloudflaretest.Status(403, nil, `{"success":false,"errors":[],"messages":[],"result":null}`)
	inWorkflow(t, func(t *testing.T, w *workflow) {
		w.Lag(3)
		fresh, err := w.client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "Org"})
		require.NoError(t, err)

		start := time.Now()
		w.Fail(2, refusal)
		_, err = w.client.Organizations.WaitUntilReadable(t.Context(), fresh.ID)
		assert.ErrorIs(t, err, cloudflare.ErrForbidden)
		assert.NotErrorIs(t, err, cloudflare.ErrNotFound, "what it was before does not matter")
		assert.Equal(t, 250*time.Millisecond, time.Since(start))

		start = time.Now()
		_, err = w.client.Organizations.WaitUntilReadable(t.Context(), "no-id")
		assert.ErrorContains(t, err, "404 Not Found", "no such route: there is nothing to wait for")
		assert.NotErrorIs(t, err, cloudflare.ErrNotFound)
		_, err = w.client.Organizations.WaitUntilReadable(t.Context(), "")
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		var none context.Context
		_, err = w.client.Organizations.WaitUntilReadable(none, fresh.ID)
		assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument)
		assert.Zero(t, time.Since(start))

		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("Ctrl-C")) })
		_, err = w.client.Organizations.WaitUntilReadable(ctx, fresh.ID)
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorContains(t, err, "Ctrl-C")
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
	})
}

func TestDeleteIfEmpty(t *testing.T) {
	for name, test := range map[string]struct {
		fill func(w *workflow, id string)
		want *cloudflare.NotEmptyError
	}{
		"nothing": {func(*workflow, string) {}, nil},
		"organizations": {func(w *workflow, id string) {
			w.AddAccount(w.AddOrganization("A", id), cloudflaretest.Account{}) // not its own
			w.AddOrganization("B", id)
		}, &cloudflare.NotEmptyError{Organizations: 2}},
		"accounts": {func(w *workflow, id string) { w.AddAccount(id, cloudflaretest.Account{}) }, &cloudflare.NotEmptyError{Accounts: 1}},
		"a member who is none any more": {func(w *workflow, id string) {
			w.AddMember(id, cloudflaretest.Member{Email: "a@example.com", Status: "canceled"})
		}, &cloudflare.NotEmptyError{Members: 1}},
		"more than a page of members": {func(w *workflow, id string) {
			for i := range cloudflare.MaxPageSize + 1 {
				w.AddMember(id, cloudflaretest.Member{Email: fmt.Sprintf("%d@example.com", i)})
			}
		}, &cloudflare.NotEmptyError{Members: cloudflare.MaxPageSize + 1}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorkflow(t, func(t *testing.T, w *workflow) {
				id := w.AddOrganization("Org", w.AddOrganization("Parent", ""))
				test.fill(w, id)
				err := w.client.Organizations.DeleteIfEmpty(t.Context(), id)
				if test.want == nil {
					require.NoError(t, err)
					assert.Zero(t, w.named(t, "Org"))
					assert.NoError(t, w.client.Organizations.DeleteIfEmpty(t.Context(), id), "gone is gone")
					return
				}
				test.want.OrganizationID = id
				assert.Equal(t, test.want, err)
				assert.Equal(t, 1, w.named(t, "Org"))
				assert.Empty(t, w.writes())
			})
		})
	}
}

func TestDeleteIfEmptyFailures(t *testing.T) {
	const looks = 3 // before the delete
	for name, test := range map[string]struct {
		n      int // of the request that fails, 1 being the first
		fault  cloudflaretest.Fault
		before func(w *workflow, id string, r *http.Request)
		err    error
		status int // of an error that has no sentinel
		stays  bool
	}{
		"the answer is lost":        {n: looks + 1, fault: cloudflaretest.Cut()},
		"a list is refused":         {n: 1, fault: cloudflaretest.Status(403, nil, ""), err: cloudflare.ErrForbidden, stays: true},
		"another list is refused":   {n: 2, fault: cloudflaretest.Status(403, nil, ""), err: cloudflare.ErrForbidden, stays: true},
		"the last list is refused":  {n: 3, fault: cloudflaretest.Status(403, nil, ""), err: cloudflare.ErrForbidden, stays: true},
		"a route that is not there": {n: 2, fault: cloudflaretest.Status(404, nil, noRouteBody), status: 404, stays: true},
		"a 404 from the way":        {n: looks + 1, fault: cloudflaretest.Status(404, nil, "<html>"), status: 404, stays: true},
		"filled in between": {n: 100, fault: cloudflaretest.Cut(), err: cloudflare.ErrConflict, stays: true, before: func(w *workflow, id string, r *http.Request) {
			if r.Method == http.MethodDelete {
				w.AddAccount(id, cloudflaretest.Account{})
			}
		}},
		"deleted in between": {n: 100, fault: cloudflaretest.Cut(), before: func(w *workflow, id string, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/members") {
				w.before = func(*http.Request) {}
				_, err := w.client.Organizations.Delete(context.WithoutCancel(r.Context()), id)
				if err != nil {
					panic(err)
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorkflow(t, func(t *testing.T, w *workflow) {
				id := w.AddOrganization("Org", "")
				w.Fail(test.n, test.fault)
				if test.before != nil {
					w.before = func(r *http.Request) { test.before(w, id, r) }
				}
				err := w.client.Organizations.DeleteIfEmpty(t.Context(), id)
				if test.status != 0 {
					var e *cloudflare.Error
					require.ErrorAs(t, err, &e)
					assert.Equal(t, test.status, e.StatusCode)
					assert.NotErrorIs(t, err, cloudflare.ErrNotFound)
				} else {
					assert.ErrorIs(t, err, test.err)
				}
				w.before = func(*http.Request) {}
				assert.Equal(t, test.stays, w.named(t, "Org") == 1)
			})
		})
	}
}

// A new organization that cannot be read yet is not gone.
func TestDeleteIfEmptyOfOneThatIsListedButNotFound(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		id := w.AddOrganization("Org", "")
		notFound := cloudflaretest.Status(404, nil, notFoundBody)
		w.FailNext("GET", "/accounts", notFound)
		err := w.client.Organizations.DeleteIfEmpty(t.Context(), id)
		assert.ErrorIs(t, err, cloudflare.ErrNotFound)
		assert.ErrorContains(t, err, "listed")
		assert.Empty(t, w.writes())

		w.FailNext("GET", "/accounts", notFound)
		w.before = func(r *http.Request) {
			if r.URL.Query().Has("id") {
				w.Fail(1, cloudflaretest.Status(403, nil, ""))
			}
		}
		assert.ErrorIs(t, w.client.Organizations.DeleteIfEmpty(t.Context(), id), cloudflare.ErrForbidden, "the check whether it is gone failed")
		w.before = func(*http.Request) {}

		w.FailNext("GET", "/accounts", cloudflaretest.Status(404, nil, "<html>"))
		w.FailNext("GET", "/members", cloudflaretest.Status(404, nil, "<html>"))
		err = w.client.Organizations.DeleteIfEmpty(t.Context(), "0123456789abcdef0123456789abcdef")
		assert.ErrorContains(t, err, "404 Not Found", "only the API knows what is gone")
		assert.NotErrorIs(t, err, cloudflare.ErrNotFound)

		sent := len(w.sent())
		assert.ErrorIs(t, w.client.Organizations.DeleteIfEmpty(t.Context(), cloudflare.NoParent), cloudflare.ErrInvalidArgument)
		assert.Len(t, w.sent(), sent)
	})
}

func TestWorkflowsMakeEachRequestWithTheOptions(t *testing.T) {
	inWorkflow(t, func(t *testing.T, w *workflow) {
		id := w.AddOrganization("Org", "")
		var last cloudflare.Response
		opts := []cloudflare.CallOption{cloudflare.SetHeader("X-Job", "nightly"), cloudflare.CaptureResponse(&last)}
		o := w.client.Organizations

		_, err := o.Modify(t.Context(), id, renameTo("New"), opts...)
		require.NoError(t, err)
		_, err = w.client.OrganizationProfile.Modify(t.Context(), id, setBusinessPhone, opts...)
		require.NoError(t, err)
		assert.Equal(t, http.StatusNoContent, last.StatusCode, "of the PUT")
		_, _, err = o.Ensure(t.Context(), cloudflare.OrganizationCreateParams{Name: "Another"}, opts...)
		require.NoError(t, err)
		_, err = o.WaitUntilReadable(t.Context(), id, opts...)
		require.NoError(t, err)
		require.NoError(t, o.DeleteIfEmpty(t.Context(), id, opts...))
		require.NoError(t, o.DeleteIfEmpty(t.Context(), id, opts...))

		assert.Greater(t, len(w.Requests()), 12)
		for _, r := range w.Requests() {
			assert.Equal(t, "nightly", r.Header.Get("X-Job"), "%s %s", r.Method, r.Path)
		}
	})
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/examples/internal/demo"
	"example.com/cloudflare/examples/internal/demo/demotest"
)

const customer, email = "Skylark Sailing", "ada@skylark.example"

var wanted = cloudflare.OrganizationProfile{BusinessName: "Skylark Sailing Ltd", BusinessPhone: "+1 555 0100"}

// onboard runs the program with its defaults, and more.
func onboard(ctx context.Context, w *demotest.World, args ...string) demotest.Result {
	return w.Run(ctx, program, "", args...)
}

// onboarded checks that everything is there, and once.
func onboarded(t *testing.T, w *demotest.World) {
	t.Helper()
	client, parent := w.Client(), w.Tree.Named(demo.Reseller)[0].ID
	var ids []string
	for org, err := range client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{Name: customer}) {
		require.NoError(t, err)
		assert.Equal(t, parent, org.Parent.ID)
		assert.Equal(t, &wanted, org.Profile)
		ids = append(ids, org.ID)
	}
	require.Len(t, ids, 1, "organizations")
	members, err := client.OrganizationMembers.List(t.Context(), ids[0], cloudflare.OrganizationMemberListParams{})
	require.NoError(t, err)
	require.Len(t, members.Items, 1)
	assert.Equal(t, email, members.Items[0].User.Email)
}

// posts returns how many things the program tried to create.
func posts(w *demotest.World) (n int) {
	for _, r := range w.Requests() {
		if r.Method == http.MethodPost {
			n++
		}
	}
	return n
}

func TestOnboard(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		w.Lag(2)
		first := onboard(t.Context(), w)
		assert.Equal(t, demo.ExitOK, first.Code, first.Stderr)
		for _, line := range []string{"organization  created", "profile       as it should be", "member        invited          ada@skylark.example (pending)"} {
			assert.Contains(t, first.Stdout, line)
		}
		onboarded(t, w)

		second := onboard(t.Context(), w)
		assert.Equal(t, demo.ExitOK, second.Code, second.Stderr)
		for _, line := range []string{"organization  there already", "profile       as it should be", "member        there already"} {
			assert.Contains(t, second.Stdout, line)
		}
		assert.Equal(t, 2, posts(w), "the second run created nothing")
		onboarded(t, w)
	})
}

// Whatever goes wrong with whichever request, the program can be run again, and then all is as it should be.
func TestOnboardAgainAfterAnyFailure(t *testing.T) {
	const requests, outage = 9, 20            // of a run that nothing disturbs, with two reads that lag; and how long it is
	creates := map[int]bool{3: true, 9: true} // the organization and the member
	always := func(code int) func(int) int { return func(int) int { return code } }
	unlessRead := func(n int) int { // a read is tried again, but a create that is lost without a trace ends the run
		if creates[n] {
			return demo.ExitError
		}
		return demo.ExitOK
	}
	fail := func(f cloudflaretest.Fault) func(*demotest.World, int, func()) {
		return func(w *demotest.World, n int, _ func()) { w.Fail(n, f) }
	}
	nth := func(n int, do func()) func(*http.Request) {
		return func(*http.Request) {
			if n--; n == 0 {
				do()
			}
		}
	}
	unavailable := cloudflaretest.Status(502, nil, "bad gateway")
	for name, failure := range map[string]struct {
		happen func(w *demotest.World, n int, crash func())
		code   func(n int) int // of the first run
	}{
		"reset":        {fail(cloudflaretest.Reset()), unlessRead},
		"cut":          {fail(cloudflaretest.Cut()), always(demo.ExitOK)},
		"bad gateway":  {fail(unavailable), unlessRead},
		"rate limited": {fail(cloudflaretest.RateLimited(10 * time.Second)), always(demo.ExitOK)},
		"forbidden":    {fail(cloudflaretest.Status(403, nil, "")), always(demo.ExitError)},
		"outage": {func(w *demotest.World, n int, _ func()) {
			for i := range outage {
				w.Fail(n+i, unavailable)
			}
		}, always(demo.ExitError)},
		"cut, then outage": {func(w *demotest.World, n int, _ func()) {
			w.Fail(n, cloudflaretest.Cut())
			for i := range outage {
				w.Fail(n+1+i, unavailable)
			}
		}, always(demo.ExitError)},
		"crash before": {func(w *demotest.World, n int, crash func()) { w.Before = nth(n, crash) }, always(demo.ExitInterrupted)},
		"crash after":  {func(w *demotest.World, n int, crash func()) { w.After = nth(n, crash) }, always(demo.ExitInterrupted)},
	} {
		for n := 1; n <= requests; n++ {
			t.Run(fmt.Sprintf("%s %d", name, n), func(t *testing.T) {
				demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
					w.Lag(2)
					ctx, crash := context.WithCancel(t.Context())
					defer crash()
					failure.happen(w, n, crash)
					first := onboard(ctx, w)
					assert.Equal(t, failure.code(n), first.Code, first.Stderr)
					assert.Equal(t, first.Code == demo.ExitOK, first.Stderr == "", first.Stderr)

					w.Before, w.After = nil, nil
					for range outage + 1 { // until the outage is over
						_, _ = w.Client().Organizations.Get(t.Context(), w.Tree.Organizations[0].ID, cloudflare.SetMaxRetries(0))
					}
					second := onboard(t.Context(), w)
					assert.Equal(t, demo.ExitOK, second.Code, second.Stderr)
					onboarded(t, w)
				})
			})
		}
	}
}

func TestOnboardAmbiguous(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		result := onboard(t.Context(), w, "-name", demo.TwiceSame)
		assert.Equal(t, demo.ExitRefused, result.Code)
		assert.Contains(t, result.Stderr, "ambiguous")
		for _, org := range w.Tree.Named(demo.TwiceSame) {
			assert.Contains(t, result.Stderr, org.ID)
		}
		assert.Empty(t, result.Stdout)
		assert.Zero(t, posts(w))
	})
}

func TestOnboardParent(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		byID := onboard(t.Context(), w, "-parent", w.Tree.Named(demo.Reseller)[0].ID)
		assert.Equal(t, demo.ExitOK, byID.Code, byID.Stderr)
		onboarded(t, w)
		before := posts(w)

		unknown := onboard(t.Context(), w, "-parent", "alder secure")
		assert.Equal(t, demo.ExitError, unknown.Code)
		assert.Contains(t, unknown.Stderr, `-parent: no organization is named "alder secure"`)

		several := onboard(t.Context(), w, "-parent", demo.TwiceApart)
		assert.Equal(t, demo.ExitRefused, several.Code)
		assert.Contains(t, several.Stderr, "2 organizations are named")
		assert.Equal(t, before, posts(w))
	})
}

func TestOnboardChangesNothingElse(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		id := w.AddOrganization(customer, w.Tree.Named(demo.Reseller)[0].ID)
		w.AddMember(id, cloudflaretest.Member{Email: "ADA@Skylark.example", TwoFactor: true})
		stored := cloudflare.OrganizationProfile{BusinessName: "Skylark", BusinessEmail: "it@skylark.example"}
		require.NoError(t, w.Client().OrganizationProfile.Update(t.Context(), id, stored))

		file := filepath.Join(t.TempDir(), "profile.json")
		require.NoError(t, os.WriteFile(file, []byte(`{"business_name":"Skylark Sailing Ltd","business_address":"Quay 1"}`), 0o600))
		result := onboard(t.Context(), w, "-profile", "@"+file, "-profile", "business_address=Quay 2")
		require.Equal(t, demo.ExitOK, result.Code, result.Stderr)
		for _, line := range []string{"organization  there already", "profile       changed", "member        there already    ADA@Skylark.example (active)"} {
			assert.Contains(t, result.Stdout, line)
		}
		profile, err := w.Client().OrganizationProfile.Get(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, &cloudflare.OrganizationProfile{
			BusinessName: "Skylark Sailing Ltd", BusinessEmail: "it@skylark.example", BusinessAddress: "Quay 2",
		}, profile)
		assert.Zero(t, posts(w))
	})
}

func TestOnboardLeavesAFormerMemberToAPerson(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		id := w.AddOrganization(customer, w.Tree.Named(demo.Reseller)[0].ID)
		w.AddMember(id, cloudflaretest.Member{Email: email, Status: "canceled"})
		result := onboard(t.Context(), w)
		assert.Equal(t, demo.ExitRefused, result.Code)
		assert.Contains(t, result.Stderr, "canceled")
		assert.Zero(t, posts(w))
	})
}

func TestOnboardWaitsInBounds(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		w.Lag(1 << 20)
		start := time.Now()
		result := onboard(t.Context(), w, "-wait", "10s")
		assert.Equal(t, demo.ExitError, result.Code)
		assert.Contains(t, result.Stderr, "waited until it can be read")
		assert.LessOrEqual(t, time.Since(start), 10*time.Second)
		assert.Equal(t, 1, posts(w), "no member of an organization that cannot be read")
	})
}

func TestOnboardUsage(t *testing.T) {
	demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
		for args, message := range map[string]string{
			"-live":                            "needs -name and -parent",
			"-live -name A -parent B -crash 1": "-crash is for the embedded server",
			"-crash -1":                        "must not be negative",
			"-wait 0s":                         "must not be negative, nor -wait zero",
			"more":                             `"more" is not a flag`,
			"-profile business_name":           "must be field=value or @file",
			"-profile name=x":                  `"name" is not one of business_name`,
			"-profile @/no/such/file":          "no such file",
			"-profile @main.go":                "main.go: invalid character",
		} {
			t.Setenv("CLOUDFLARE_API_KEY", "")
			t.Setenv("CLOUDFLARE_EMAIL", "")
			t.Setenv("CLOUDFLARE_API_TOKEN", "nobody's")
			result := onboard(t.Context(), w, strings.Fields(args)...)
			assert.Equal(t, demo.ExitUsage, result.Code, args)
			assert.Contains(t, result.Stderr, message)
		}
		assert.Empty(t, w.Requests())
	})
}

// The demonstration itself, for every crash.
func TestOnboardCrashFlag(t *testing.T) {
	for n := 1; n <= 10; n++ {
		demotest.InVirtualTime(t, func(t *testing.T, w *demotest.World) {
			w.Lag(2)
			result := onboard(t.Context(), w, "-crash", fmt.Sprint(n))
			assert.Equal(t, demo.ExitOK, result.Code, result.Stderr)
			assert.Equal(t, n < 9, strings.Contains(result.Stdout, "crashed"), "a run is nine requests")
			onboarded(t, w)
			assert.Equal(t, 2, posts(w))
		})
	}
}

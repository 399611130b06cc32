package onboard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

const customer, email = "Skylark Sailing", "ada@skylark.example"

var wanted = cloudflare.OrganizationProfile{BusinessName: "Skylark Sailing Ltd", BusinessPhone: "+1 555 0100"}

// onboard runs the command with its defaults and --yes, and more.
func onboard(ctx context.Context, w *clitest.World, args ...string) clitest.Result {
	return w.Run(ctx, Command, "", append([]string{"--yes"}, args...)...)
}

// onboarded checks that everything is there, and once.
func onboarded(t *testing.T, w *clitest.World) {
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

func TestOnboard(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Lag(2)
		first := onboard(t.Context(), w)
		assert.Equal(t, cli.ExitDone, first.Code, first.Stderr)
		for _, line := range []string{"organization  created", "profile       unchanged", "member        invited          ada@skylark.example (pending)"} {
			assert.Contains(t, first.Stdout, line)
		}
		onboarded(t, w)

		second := onboard(t.Context(), w)
		assert.Equal(t, cli.ExitDone, second.Code, second.Stderr)
		for _, line := range []string{"organization  already there", "profile       unchanged", "member        already there"} {
			assert.Contains(t, second.Stdout, line)
		}
		assert.Equal(t, 2, w.Sent(http.MethodPost, 0), "the second run created nothing")
		onboarded(t, w)
	})
}

// Whatever goes wrong with whichever request, the program can be run again, and then all is as it should be.
func TestOnboardAgainAfterAnyFailure(t *testing.T) {
	const requests, outage = 11, 20            // of a run that nothing disturbs, with two reads that lag; and how long it is
	creates := map[int]bool{3: true, 11: true} // the organization and the member
	always := func(code int) func(int) int { return func(int) int { return code } }
	unlessRead := func(n int) int { // a read is tried again, but a create that is lost without a trace ends the run
		if creates[n] {
			return cli.ExitFailed
		}
		return cli.ExitDone
	}
	fail := func(f cloudflaretest.Fault) func(*clitest.World, int, func()) {
		return func(w *clitest.World, n int, _ func()) { w.Fail(n, f) }
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
		happen func(w *clitest.World, n int, crash func())
		code   func(n int) int // of the first run
	}{
		"reset": {fail(cloudflaretest.Reset()), unlessRead},
		"cut": {fail(cloudflaretest.Cut()), func(n int) int {
			if n == 4 || n == 5 { // half of a 404 does not say that it is the API's
				return cli.ExitFailed
			}
			return cli.ExitDone
		}},
		"bad gateway":  {fail(unavailable), unlessRead},
		"rate limited": {fail(cloudflaretest.RateLimited(10 * time.Second)), always(cli.ExitDone)},
		"forbidden":    {fail(cloudflaretest.Status(403, nil, "")), always(cli.ExitFailed)},
		"outage": {func(w *clitest.World, n int, _ func()) {
			for i := range outage {
				w.Fail(n+i, unavailable)
			}
		}, always(cli.ExitFailed)},
		"cut, then outage": {func(w *clitest.World, n int, _ func()) {
			w.Fail(n, cloudflaretest.Cut())
			for i := range outage {
				w.Fail(n+1+i, unavailable)
			}
		}, always(cli.ExitFailed)},
		"crash before": {func(w *clitest.World, n int, crash func()) { w.Before = nth(n, crash) }, always(cli.ExitInterrupted)},
		"crash after":  {func(w *clitest.World, n int, crash func()) { w.After = nth(n, crash) }, always(cli.ExitInterrupted)},
	} {
		for n := 1; n <= requests; n++ {
			t.Run(fmt.Sprintf("%s %d", name, n), func(t *testing.T) {
				clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
					w.Lag(2)
					ctx, crash := context.WithCancel(t.Context())
					defer crash()
					failure.happen(w, n, crash)
					first := onboard(ctx, w)
					assert.Equal(t, failure.code(n), first.Code, first.Stderr)
					silent := first.Stderr == "" || name == "rate limited" && strings.Contains(first.Stderr, "; waiting for the rate limit until ")
					assert.Equal(t, first.Code == cli.ExitDone, silent, first.Stderr)

					w.Before, w.After = nil, nil
					for range outage + 1 { // until the outage is over
						_, _ = w.Client().Organizations.Get(t.Context(), w.Tree.Organizations[0].ID, cloudflare.SetMaxRetries(0))
					}
					second := onboard(t.Context(), w)
					assert.Equal(t, cli.ExitDone, second.Code, second.Stderr)
					onboarded(t, w)
				})
			})
		}
	}
}

func TestOnboardAmbiguous(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		result := onboard(t.Context(), w, "--name", demo.TwiceSame)
		assert.Equal(t, cli.ExitRefused, result.Code)
		assert.Contains(t, result.Stderr, "ambiguous")
		for _, org := range w.Tree.Named(demo.TwiceSame) {
			assert.Contains(t, result.Stderr, org.ID)
		}
		assert.Empty(t, result.Stdout)
		assert.Zero(t, w.Sent(http.MethodPost, 0))
	})
}

func TestOnboardParent(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		byID := onboard(t.Context(), w, "--parent", w.Tree.Named(demo.Reseller)[0].ID)
		assert.Equal(t, cli.ExitDone, byID.Code, byID.Stderr)
		onboarded(t, w)
		before := w.Sent(http.MethodPost, 0)

		unknown := onboard(t.Context(), w, "--parent", "alder secure")
		assert.Equal(t, cli.ExitRefused, unknown.Code)
		assert.Contains(t, unknown.Stderr, `--parent: no organization is named "alder secure"`)

		several := onboard(t.Context(), w, "--parent", demo.TwiceApart)
		assert.Equal(t, cli.ExitRefused, several.Code)
		assert.Contains(t, several.Stderr, "2 organizations are named")
		assert.Equal(t, before, w.Sent(http.MethodPost, 0))
	})
}

func TestOnboardChangesNothingElse(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.AddOrganization(customer, w.Tree.Named(demo.Reseller)[0].ID)
		w.AddMember(id, cloudflaretest.Member{Email: "ADA@Skylark.example", TwoFactor: true})
		stored := cloudflare.OrganizationProfile{BusinessName: "Skylark", BusinessEmail: "it@skylark.example"}
		require.NoError(t, w.Client().OrganizationProfile.Update(t.Context(), id, stored))

		file := filepath.Join(t.TempDir(), "profile.json")
		require.NoError(t, os.WriteFile(file, []byte(`{"business_name":"Skylark Sailing Ltd","business_address":"Quay 1"}`), 0o600))
		result := onboard(t.Context(), w, "--profile", "@"+file, "--profile", "business_address=Quay 2")
		require.Equal(t, cli.ExitDone, result.Code, result.Stderr)
		for _, line := range []string{"organization  already there", "profile       changed", "member        already there    ADA@Skylark.example (active)"} {
			assert.Contains(t, result.Stdout, line)
		}
		profile, err := w.Client().OrganizationProfile.Get(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, &cloudflare.OrganizationProfile{
			BusinessName: "Skylark Sailing Ltd", BusinessEmail: "it@skylark.example", BusinessAddress: "Quay 2",
		}, profile)
		assert.Zero(t, w.Sent(http.MethodPost, 0))
	})
}

func TestOnboardLeavesAFormerMemberToAPerson(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		id := w.AddOrganization(customer, w.Tree.Named(demo.Reseller)[0].ID)
		w.AddMember(id, cloudflaretest.Member{Email: email, Status: "canceled"})
		result := onboard(t.Context(), w)
		assert.Equal(t, cli.ExitRefused, result.Code)
		assert.Contains(t, result.Stderr, "canceled")
		assert.Zero(t, w.Sent(http.MethodPost, 0))
	})
}

func TestOnboardWaitsInBounds(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Lag(1 << 20)
		start := time.Now()
		result := onboard(t.Context(), w, "--wait", "10s")
		assert.Equal(t, cli.ExitFailed, result.Code)
		assert.Contains(t, result.Stderr, "waiting until it can be read")
		assert.LessOrEqual(t, time.Since(start), 10*time.Second)
		assert.Equal(t, 1, w.Sent(http.MethodPost, 0), "no member of an organization that cannot be read")
	})
}

func TestOnboardUsage(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		for args, message := range map[string]string{
			"--wait 0s":               "--wait must be positive",
			"more":                    `unknown command "more"`,
			"--profile business_name": "must be field=value or @file",
			"--profile name=x":        `"name" is not one of business_name`,
			"--profile @/no/such":     "no such file",
			"--profile @onboard.go":   "onboard.go: jsontext: invalid character",
			"--member ada":            `"ada" is not an email address`,
		} {
			result := onboard(t.Context(), w, strings.Fields(args)...)
			assert.Equal(t, cli.ExitUsage, result.Code, args)
			assert.Contains(t, result.Stderr, message)
		}
		padded := onboard(t.Context(), w, "--name", " A")
		assert.Equal(t, cli.ExitUsage, padded.Code)
		assert.Contains(t, padded.Stderr, "--name must not have white space around it")
		assert.Empty(t, w.Requests())
	})
	for _, args := range []string{"onboard", "onboard --name A"} {
		var errs bytes.Buffer
		env := &cli.Env{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &errs}
		assert.Equal(t, cli.ExitUsage, cli.Execute(t.Context(), env, strings.Fields(args), Command))
		assert.Contains(t, errs.String(), "--name and --parent are required")
	}
}

// An address that the API client would reject is rejected before the organization is created.
func TestOnboardChecksTheMemberFirst(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		for _, address := range []string{"ada", "ada@", "a b@example.com", "ada@example.com\n", "Ada <ada@example.com>"} {
			result := onboard(t.Context(), w, "--member", address)
			assert.Equal(t, cli.ExitUsage, result.Code)
			assert.Contains(t, result.Stderr, "is not an email address")
		}
		assert.Empty(t, w.Requests())
	})
}

func TestOnboardAsks(t *testing.T) {
	for typed, code := range map[string]int{"y\n": cli.ExitDone, "n\n": cli.ExitRefused, "": cli.ExitRefused} {
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			result := w.Run(t.Context(), Command, typed)
			assert.Equal(t, code, result.Code, result.Stderr)
			for _, step := range []string{
				"  create the organization \"Skylark Sailing\" below Alder Secure (", "  set business_name to \"Skylark Sailing Ltd\"\n",
				"  set business_phone to \"+1 555 0100\"\n", "  invite ada@skylark.example\n", "Do this? [y/N] ",
			} {
				assert.Contains(t, result.Stderr, step)
			}
			if code != cli.ExitDone {
				assert.Empty(t, result.Stdout)
				assert.Zero(t, w.Sent(http.MethodPost, 0)+w.Sent(http.MethodPut, 0))
				return
			}
			onboarded(t, w)

			again := w.Run(t.Context(), Command, "")
			assert.Equal(t, cli.ExitDone, again.Code, "there is nothing to ask")
			assert.Empty(t, again.Stderr)
			changed := w.Run(t.Context(), Command, "", "--profile", "business_phone=1", "--member", "bob@skylark.example")
			assert.Equal(t, cli.ExitRefused, changed.Code)
			assert.Contains(t, changed.Stderr, "  change business_phone from \"+1 555 0100\" to \"1\"\n  invite bob@skylark.example\nDo this?")
			onboarded(t, w)
		})
	}
}

// The plan tells of the same obstacles as the job itself.
func TestOnboardPlanRefuses(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		ambiguous := w.Run(t.Context(), Command, "y\n", "--name", demo.TwiceSame)
		assert.Equal(t, cli.ExitRefused, ambiguous.Code)
		assert.Contains(t, ambiguous.Stderr, "ambiguous")
		assert.NotContains(t, ambiguous.Stderr, "Do this?")

		id := w.AddOrganization(customer, w.Tree.Named(demo.Reseller)[0].ID)
		w.AddMember(id, cloudflaretest.Member{Email: email, Status: "canceled"})
		former := w.Run(t.Context(), Command, "y\n")
		assert.Equal(t, cli.ExitRefused, former.Code)
		assert.Contains(t, former.Stderr, `is "canceled"`)
		assert.NotContains(t, former.Stderr, "Do this?")
		assert.Zero(t, w.Sent(http.MethodPost, 0)+w.Sent(http.MethodPut, 0))
	})
}

func TestOnboardJSON(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		var first, second result
		got := onboard(t.Context(), w, "--json")
		require.NoError(t, json.Unmarshal([]byte(got.Stdout), &first), got.Stdout)
		assert.True(t, first.Organization.Created)
		assert.True(t, first.Profile.Done)
		assert.True(t, first.Member.Invited)
		assert.Equal(t, cloudflare.MemberStatusPending, first.Member.Status)
		require.NoError(t, json.Unmarshal([]byte(onboard(t.Context(), w, "--json").Stdout), &second))
		assert.Equal(t, first.Organization.ID, second.Organization.ID)
		assert.False(t, second.Organization.Created)

		w.Fail(5, cloudflaretest.Status(403, nil, "")) // the write of the profile
		failed := onboard(t.Context(), w, "--json", "--profile", "business_phone=2")
		assert.Equal(t, cli.ExitFailed, failed.Code)
		var half result
		require.NoError(t, json.Unmarshal([]byte(failed.Stdout), &half), "what was done is told")
		assert.Equal(t, first.Organization, struct {
			ID      string `json:"id"`
			Name    string `json:"name"`
			Created bool   `json:"created"`
		}{half.Organization.ID, half.Organization.Name, true})
		assert.False(t, half.Profile.Done)
	})
}

// An API token may create an organization, but neither read it nor invite anybody. That is noticed before the create.
func TestOnboardWithAToken(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		for _, parent := range []string{demo.Reseller, w.Tree.Named(demo.Reseller)[0].ID} {
			got := w.RunWithToken(t, Command, "--name", customer, "--parent", parent, "--member", email, "--yes")
			assert.Equal(t, cli.ExitFailed, got.Code)
			assert.Contains(t, got.Stderr, "try a global API key")
			assert.Empty(t, got.Stdout)
		}
		assert.Zero(t, w.Sent(http.MethodPost, 0))
	})
}

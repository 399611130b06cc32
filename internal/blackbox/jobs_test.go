package blackbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// reseller is an API with 5,000 organizations and a quota. A user who exceeds the quota is blocked for a window.
type reseller struct {
	server *cloudflaretest.Server
	ids    []string
	silent bool // without Ratelimit headers

	requests, throttled atomic.Int64
}

func newReseller(t *testing.T, quota int, window time.Duration) *reseller {
	r := &reseller{server: cloudflaretest.NewServer()}
	r.server.KeepRequests(0)
	profiles := r.server.Client().OrganizationProfile
	for n := range 5000 {
		id := r.server.AddOrganization(fmt.Sprintf("Customer %04d", n), "")
		r.ids = append(r.ids, id)
		err := profiles.Update(t.Context(), id, cloudflare.OrganizationProfile{BusinessName: "Customer"})
		require.NoError(t, err)
	}
	r.server.SetRateLimit(quota, window)
	return r
}

// client returns a client with the default options. Each request takes 30 to 60 milliseconds.
func (r *reseller) client() *cloudflare.Client {
	transport := r.server.Transport()
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	return r.server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		latency := 30*time.Millisecond + time.Duration(random.Int64N(int64(30*time.Millisecond)))
		mu.Unlock()
		time.Sleep(latency / 2)
		r.requests.Add(1)
		resp, err := transport.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusTooManyRequests {
			r.throttled.Add(1)
		}
		if err == nil && r.silent {
			resp.Header.Del("Ratelimit")
			resp.Header.Del("Ratelimit-Policy")
		}
		time.Sleep(latency / 2)
		return resp, err
	})}))
}

// each calls f for every item, at most so many at once, and returns the errors.
func each[T any](items []T, atOnce int, f func(T) error) error {
	work := make(chan T)
	var mu sync.Mutex
	var failed []error
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for item := range work {
				if err := f(item); err != nil {
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, item := range items {
		work <- item
	}
	close(work)
	group.Wait()
	return errors.Join(failed...)
}

// twoLists reads the accounts and the members of every organization.
func twoLists(ctx context.Context, _ *reseller, client *cloudflare.Client) error {
	orgs, err := cloudflare.Collect(client.Organizations.All(ctx, cloudflare.OrganizationListParams{}))
	if err != nil {
		return err
	}
	return each(orgs, 8, func(org cloudflare.Organization) error {
		for _, err := range client.OrganizationAccounts.All(ctx, org.ID, cloudflare.OrganizationAccountListParams{}) {
			if err != nil {
				return err
			}
		}
		for _, err := range client.OrganizationMembers.All(ctx, org.ID, cloudflare.OrganizationMemberListParams{}) {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Whole jobs of a reseller end with default options, complete and as soon as the quota allows. With -v, the test prints
// the table of internal/benchmarks/README.md.
func TestJobs(t *testing.T) {
	const window, second = 5 * time.Minute, time.Second
	for _, test := range []struct {
		name     string
		quota    int
		window   time.Duration
		clients  int
		requests int64 // the fewest
		job      func(context.Context, *reseller, *cloudflare.Client) error
	}{
		{"list all organizations", 1200, window, 1, 5, func(ctx context.Context, r *reseller, c *cloudflare.Client) error {
			orgs, err := cloudflare.Collect(c.Organizations.All(ctx, cloudflare.OrganizationListParams{}))
			if err == nil && len(orgs) != len(r.ids) {
				err = fmt.Errorf("%d organizations", len(orgs))
			}
			return err
		}},
		{"two lists of each organization", 1200, window, 1, 10005, twoLists},
		{"1,000 Modify", 1200, window, 1, 2000, func(ctx context.Context, r *reseller, c *cloudflare.Client) error {
			return each(r.ids[:1000], 8, func(id string) error {
				_, err := c.Organizations.Modify(ctx, id, func(params *cloudflare.OrganizationUpdateParams) error {
					params.Name += ", Inc."
					return nil
				})
				return err
			})
		}},
		{"120 callers, 20 requests per second", 20, second, 1, 120, func(ctx context.Context, r *reseller, c *cloudflare.Client) error {
			return each(r.ids[:120], 120, func(id string) error {
				_, err := c.Organizations.Get(ctx, id)
				return err
			})
		}},
		{"two lists of each, two clients", 1200, window, 2, 20010, twoLists},
	} {
		for _, silent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, headers %t", test.name, !silent), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newReseller(t, test.quota, test.window)
					r.silent = silent
					start := time.Now()
					failed := make([]error, test.clients)
					var group sync.WaitGroup
					for n := range test.clients {
						group.Go(func() { failed[n] = test.job(t.Context(), r, r.client()) })
					}
					group.Wait()
					took := time.Since(start)
					least := time.Duration((test.requests-1)/int64(test.quota)) * test.window
					requests, throttled := r.requests.Load(), r.throttled.Load()
					header := map[bool]string{true: "no", false: "yes"}[silent]
					t.Logf("| %s | %s | %d | %d | %d | %s | %s |",
						test.name, header, test.requests, requests, throttled, least, took.Round(second))

					if test.quota == 20 { // the first 120 requests start before any response
						assert.LessOrEqual(t, requests, int64(300))
						if joined, ok := failed[0].(interface{ Unwrap() []error }); ok {
							assert.LessOrEqual(t, len(joined.Unwrap()), 2, "%v", failed)
						}
						return
					}
					require.NoError(t, errors.Join(failed...))
					switch {
					case test.clients == 1 && !silent:
						assert.Equal(t, test.requests, requests)
						assert.Zero(t, throttled)
						assert.LessOrEqual(t, took, least+least/50+10*second)
					case !silent:
						assert.LessOrEqual(t, requests, test.requests*101/100)
						assert.LessOrEqual(t, took, least+least/50)
					default: // the end of each window shows in up to eight 429s of each client
						assert.LessOrEqual(t, requests, test.requests*102/100)
						assert.LessOrEqual(t, took, least+least/25+10*second)
					}
				})
			})
		}
	}
}

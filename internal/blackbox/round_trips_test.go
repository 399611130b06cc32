package blackbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"slices"
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

// roundTrip is the time from a request to its response, in virtual time.
const roundTrip = 100 * time.Millisecond

// job is something that a user waits for, with the requests that it may send and the round trips that it may need in a
// row. The name of a job that calls one method begins with the method.
type job struct {
	name                 string
	requests, roundTrips int
	prepare              func(*cloudflaretest.Server) string // returns the ID that run is called with
	run                  func(ctx context.Context, c *cloudflare.Client, id string) error
}

func addOrganization(s *cloudflaretest.Server) string { return s.AddOrganization("Root", "") }

// withProfiles gives each organization a profile, with requests that do not count.
func withProfiles(prepare func(*cloudflaretest.Server) string) func(*cloudflaretest.Server) string {
	return func(s *cloudflaretest.Server) string {
		id, client := prepare(s), s.Client()
		err := eachOrganization(context.Background(), client, func(id string) error {
			return client.OrganizationProfile.Update(context.Background(), id, cloudflare.OrganizationProfile{BusinessName: "Example"})
		})
		if err != nil {
			panic(err)
		}
		return id
	}
}

func modifyProfile(ctx context.Context, c *cloudflare.Client, id string) error {
	_, err := c.OrganizationProfile.Modify(ctx, id, setBusinessPhone)
	return err
}

// withOrganizations adds a root organization and n below it.
func withOrganizations(n int) func(*cloudflaretest.Server) string {
	return func(s *cloudflaretest.Server) string {
		root := s.AddOrganization("Root", "")
		for i := range n {
			s.AddOrganization(fmt.Sprintf("Branch %d", i), root)
		}
		return root
	}
}

func jobs() []job {
	day := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	return []job{
		{"Organizations.All of 10,001", 11, 11, withOrganizations(10_000), func(ctx context.Context, c *cloudflare.Client, _ string) error {
			return ranged(10_001, c.Organizations.All(ctx, cloudflare.OrganizationListParams{}))
		}},
		{"OrganizationAccounts.All of 2,500", 3, 3, func(s *cloudflaretest.Server) string {
			id := addOrganization(s)
			for range 2500 {
				s.AddAccount(id, cloudflaretest.Account{})
			}
			return id
		}, func(ctx context.Context, c *cloudflare.Client, id string) error {
			return ranged(2500, c.OrganizationAccounts.All(ctx, id, cloudflare.OrganizationAccountListParams{}))
		}},
		{"OrganizationMembers.All of 2,500", 3, 3, func(s *cloudflaretest.Server) string {
			id := addOrganization(s)
			for i := range 2500 {
				s.AddMember(id, cloudflaretest.Member{Email: fmt.Sprintf("%d@example.com", i)})
			}
			return id
		}, func(ctx context.Context, c *cloudflare.Client, id string) error {
			return ranged(2500, c.OrganizationMembers.All(ctx, id, cloudflare.OrganizationMemberListParams{}))
		}},
		{"OrganizationAuditLogs.All of 2,500", 3, 3, func(s *cloudflaretest.Server) string {
			id := addOrganization(s)
			for i := range 2500 {
				s.AddAuditLog(id, cloudflaretest.AuditLog{Time: day.Add(time.Duration(i) * time.Second)})
			}
			return id
		}, func(ctx context.Context, c *cloudflare.Client, id string) error {
			return ranged(2500, c.OrganizationAuditLogs.All(ctx, id, cloudflare.AuditLogListParams{Since: day, Before: day.AddDate(0, 0, 1)}))
		}},
		{"OrganizationAuditLogs.HistoryAll of 2,500", 3, 3, func(s *cloudflaretest.Server) string {
			id := addOrganization(s)
			for i := range 2500 {
				s.AddAuditLog(id, cloudflaretest.AuditLog{ID: fmt.Sprintf("e%d", i), Time: day.Add(time.Duration(i) * time.Second), ResourceID: "a1"})
			}
			return id
		}, func(ctx context.Context, c *cloudflare.Client, id string) error {
			params := cloudflare.AuditLogHistoryParams{ActionTime: day, Since: day, Before: day.AddDate(0, 0, 1)}
			return ranged(2500, c.OrganizationAuditLogs.HistoryAll(ctx, id, "e0", params))
		}},
		{"OrganizationShares.All of 250", 3, 3, func(s *cloudflaretest.Server) string {
			id := addOrganization(s)
			for range 250 {
				s.AddShare(id, cloudflaretest.Share{})
			}
			return id
		}, func(ctx context.Context, c *cloudflare.Client, id string) error {
			return ranged(250, c.OrganizationShares.All(ctx, id, cloudflare.ShareListParams{}))
		}},
		{"Organizations.Get", 1, 1, addOrganization, func(ctx context.Context, c *cloudflare.Client, id string) error {
			_, err := c.Organizations.Get(ctx, id)
			return err
		}},
		{"Organizations.Modify of a name", 3, 3, addOrganization, func(ctx context.Context, c *cloudflare.Client, id string) error {
			_, err := c.Organizations.Modify(ctx, id, renameTo("New"))
			return err
		}},
		{"OrganizationProfile.Modify", 2, 2, withProfiles(addOrganization), modifyProfile},
		{"OrganizationProfile.Modify, never set before", 3, 3, addOrganization, modifyProfile},
		{"Organizations.Ensure, new", 2, 2, addOrganization, func(ctx context.Context, c *cloudflare.Client, _ string) error {
			_, _, err := c.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: "New"})
			return err
		}},
		{"Organizations.Ensure, existing", 1, 1, addOrganization, func(ctx context.Context, c *cloudflare.Client, _ string) error {
			_, _, err := c.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: "Root"})
			return err
		}},
		{"OrganizationMembers.Ensure, new", 2, 2, addOrganization, func(ctx context.Context, c *cloudflare.Client, id string) error {
			_, _, err := c.OrganizationMembers.Ensure(ctx, id, cloudflare.OrganizationMemberCreateParams{Email: "a@example.com"})
			return err
		}},
		{"OrganizationMembers.BatchCreate of 100", 10, 10, addOrganization, func(ctx context.Context, c *cloudflare.Client, id string) error {
			_, err := c.OrganizationMembers.BatchCreate(ctx, id, manyMembers(100))
			return err
		}},
		{"Organizations.WaitUntilReadable, readable at once", 1, 1, addOrganization, func(ctx context.Context, c *cloudflare.Client, id string) error {
			_, err := c.Organizations.WaitUntilReadable(ctx, id)
			return err
		}},
		{"Organizations.DeleteIfEmpty, empty", 4, 2, addOrganization, func(ctx context.Context, c *cloudflare.Client, id string) error {
			return c.Organizations.DeleteIfEmpty(ctx, id)
		}},
		{"Organizations.DeleteIfEmpty of one that holds 10,000", 3, 1, withOrganizations(10_000),
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				err := c.Organizations.DeleteIfEmpty(ctx, id)
				if notEmpty, ok := errors.AsType[*cloudflare.NotEmptyError](err); ok && notEmpty.Organizations == 10_000 {
					return nil
				}
				return fmt.Errorf("it should hold 10,000 organizations: %w", err)
			}},
		{"inventory of 60 organizations, 8 at a time", 121, 1 + 8, withOrganizations(59), inventory},
		{"inventory of 1,000 organizations, 8 at a time", 2001, 1 + 125, withOrganizations(999), inventory},
		{"profiles of 500 organizations, 8 at a time", 1001, 1 + 2*63, withProfiles(withOrganizations(499)),
			func(ctx context.Context, c *cloudflare.Client, _ string) error {
				return eachOrganization(ctx, c, func(id string) error { return modifyProfile(ctx, c, id) })
			}},
	}
}

// ranged returns an error unless the list has want items.
func ranged[T any](want int, list iter.Seq2[*T, error]) error {
	n := 0
	for _, err := range list {
		if err != nil {
			return err
		}
		n++
	}
	if n != want {
		return fmt.Errorf("the list has %d items, not %d", n, want)
	}
	return nil
}

// inventory reads the accounts and members of every organization, side by side.
func inventory(ctx context.Context, c *cloudflare.Client, _ string) error {
	return eachOrganization(ctx, c, func(id string) error {
		accounts := make(chan error, 1)
		go func() {
			_, err := cloudflare.Collect(c.OrganizationAccounts.All(ctx, id, cloudflare.OrganizationAccountListParams{}))
			accounts <- err
		}()
		_, err := cloudflare.Collect(c.OrganizationMembers.All(ctx, id, cloudflare.OrganizationMemberListParams{}))
		if other := <-accounts; err == nil {
			err = other
		}
		return err
	})
}

// eachOrganization calls f for every organization, eight at a time.
func eachOrganization(ctx context.Context, c *cloudflare.Client, f func(id string) error) error {
	organizations, err := cloudflare.Collect(c.Organizations.All(ctx, cloudflare.OrganizationListParams{}))
	if err != nil {
		return err
	}
	for eight := range slices.Chunk(organizations, 8) {
		errs := make(chan error, len(eight))
		for _, org := range eight {
			go func() { errs <- f(org.ID) }()
		}
		for range eight {
			if err := <-errs; err != nil {
				return err
			}
		}
	}
	return nil
}

// The table is printed with -v.
func TestRoundTrips(t *testing.T) {
	table := []string{"| job | requests | round trips in a row | seconds at 100 ms each |", "|---|---|---|---|"}
	for _, job := range jobs() {
		server := cloudflaretest.NewServer().ForTest(t)
		id := job.prepare(server)
		prepared := len(server.Requests())
		synctest.Test(t, func(t *testing.T) {
			client := server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				time.Sleep(roundTrip)
				return server.Transport().RoundTrip(r)
			})}))
			start := time.Now()
			require.NoError(t, job.run(t.Context(), client, id), job.name)
			passed := time.Since(start)
			requests, inARow := len(server.Requests())-prepared, int(math.Round(float64(passed)/float64(roundTrip)))
			assert.LessOrEqual(t, requests, job.requests, "requests: %s", job.name)
			assert.LessOrEqual(t, inARow, job.roundTrips, "round trips in a row: %s", job.name)
			table = append(table, fmt.Sprintf("| %s | %d | %d | %.1f |", job.name, requests, inARow, passed.Seconds()))
		})
	}
	t.Log("\n" + strings.Join(table, "\n"))
}

// Every list and every workflow has a row, which begins with its name.
func TestRoundTripsAreComplete(t *testing.T) {
	wanted := slices.Clone(workflows)
	for _, m := range everyMethod {
		if m.isAll() {
			wanted = append(wanted, m.name)
		}
	}
	for _, name := range wanted {
		assert.True(t, slices.ContainsFunc(jobs(), func(j job) bool {
			rest, ok := strings.CutPrefix(j.name, name)
			return ok && (rest == "" || rest[0] == ',' || rest[0] == ' ')
		}), "%s has no row in jobs", name)
	}
}

// slowLine is a transport for a line of 256 kbit/s, which its responses share. It asks for gzip like net/http if
// compressed is set.
type slowLine struct {
	next       http.RoundTripper
	compressed bool

	mu   sync.Mutex
	free time.Time // when the line is free
	sent int
}

func (l *slowLine) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.compressed {
		r.Header.Set("Accept-Encoding", "gzip")
	}
	resp, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.ContentLength = -1
	body := io.Reader(&slowBody{r.Context(), l, bytes.NewReader(data)})
	if resp.Header.Get("Content-Encoding") == "gzip" {
		resp.Header.Del("Content-Encoding")
		if body, err = gzip.NewReader(body); err != nil {
			return nil, err
		}
	}
	resp.Body = io.NopCloser(body)
	return resp, nil
}

type slowBody struct {
	ctx  context.Context
	line *slowLine
	rest *bytes.Reader
}

func (b *slowBody) Read(p []byte) (int, error) {
	const bytesPerSecond = 256_000 / 8
	n, err := b.rest.Read(p[:min(len(p), 1024)])
	b.line.mu.Lock()
	if now := time.Now(); b.line.free.Before(now) {
		b.line.free = now
	}
	b.line.free = b.line.free.Add(time.Duration(n) * time.Second / bytesPerSecond)
	b.line.sent += n
	until := b.line.free
	b.line.mu.Unlock()
	select {
	case <-time.After(time.Until(until)):
		return n, err
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

// Four lists at once on a slow line take longer than an attempt may take, but each attempt makes progress.
func TestListsCompleteOnASlowLine(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	withOrganizations(1999)(server)
	for _, compressed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			line := &slowLine{next: server.Transport(), compressed: compressed}
			client := server.Client(cloudflare.WithHTTPClient(&http.Client{Transport: line}), cloudflare.WithMaxRetries(0))
			start := time.Now()
			errs := make(chan error, 4)
			for range 4 {
				go func() {
					errs <- ranged(2000, client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}))
				}()
			}
			for range 4 {
				assert.NoError(t, <-errs)
			}
			t.Logf("compressed=%t: %d bytes for a page of 1,000 organizations, %s for four lists of 2,000 at 256 kbit/s",
				compressed, line.sent/8, time.Since(start).Round(time.Second))
		})
	}
}

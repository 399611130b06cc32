package blackbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// assertReadOnly checks that err is that of a write of a client that is read-only.
func assertReadOnly(t *testing.T, err error, what string) {
	t.Helper()
	assert.ErrorIs(t, err, cloudflare.ErrInvalidArgument, what)
	assert.ErrorContains(t, err, "the client is read-only", what)
	assert.NotErrorIs(t, err, cloudflare.ErrOutcomeUnknown, what)
}

// A client that is read-only sends the reads of all methods. For a write it calls nothing at all.
func TestReadOnlyClients(t *testing.T) {
	asked, sent := 0, 0
	newReadOnly := func(options ...cloudflare.Option) *cloudflare.Client {
		client, err := cloudflare.NewClient(append(options, cloudflare.WithReadOnly(),
			cloudflare.WithCredentialSource(func(context.Context) (cloudflare.Credential, error) {
				asked++
				return cloudflare.TokenCredential(canaryToken), nil
			}),
			cloudflare.WithLimiter(limiterFunc(func(context.Context) error { asked++; return nil })),
			cloudflare.WithAttemptHook(func(context.Context, cloudflare.Attempt) { asked++ }),
		)...)
		require.NoError(t, err)
		return client
	}
	counted := cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		sent++
		return respondWith(404, "")(r)
	})})
	try := func(name, verb string, call func(*cloudflare.Client, ...cloudflare.CallOption) error) {
		asked, sent = 0, 0
		captured := cloudflare.Response{StatusCode: 200}
		err := call(newReadOnly(counted), cloudflare.CaptureResponse(&captured))
		require.Error(t, err, name)
		if verb == "GET" || verb == "HEAD" {
			assert.NotErrorIs(t, err, cloudflare.ErrInvalidArgument, name)
			assert.Equal(t, []int{1, 3, 404}, []int{sent, asked, captured.StatusCode}, name)
			return
		}
		assertReadOnly(t, err, name)
		assert.Zero(t, sent+asked, name)
		assert.Zero(t, captured, name)
	}
	for _, m := range everyMethod {
		try(m.name, m.verb(), func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := m.call(t.Context(), c, opts...)
			return err
		})
	}
	for _, verb := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		try("Call of "+verb, verb, func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			request := cloudflare.Request{Method: verb, Route: "/x", Idempotent: true, IdempotencyKey: "1"}
			return c.Call(t.Context(), request, nil, opts...)
		})
	}
}

// A workflow of a client that is read-only reads what it would read, and succeeds if there is nothing to write.
func TestReadOnlyWorkflows(t *testing.T) {
	const email = "ann@example.com"
	noWrite := func(*cloudflare.OrganizationUpdateParams) error { return nil }
	type run func(ctx context.Context, c *cloudflare.Client, id string) error
	for name, tt := range map[string]struct {
		done, stopped run
	}{
		"Organizations.Ensure": {
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				org, created, err := c.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: "Org"})
				if err == nil {
					assert.Equal(t, id, org.ID)
					assert.False(t, created)
				}
				return err
			},
			func(ctx context.Context, c *cloudflare.Client, _ string) error {
				org, created, err := c.Organizations.Ensure(ctx, cloudflare.OrganizationCreateParams{Name: "New"})
				assert.Nil(t, org)
				assert.False(t, created)
				return err
			},
		},
		"OrganizationMembers.Ensure": {
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				member, created, err := c.OrganizationMembers.Ensure(ctx, id, cloudflare.OrganizationMemberCreateParams{Email: email})
				if err == nil {
					assert.Equal(t, email, member.User.Email)
					assert.False(t, created)
				}
				return err
			},
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				member, created, err := c.OrganizationMembers.Ensure(ctx, id, cloudflare.OrganizationMemberCreateParams{Email: "bob@example.com"})
				assert.Nil(t, member)
				assert.False(t, created)
				return err
			},
		},
		"Organizations.Modify": {
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				org, err := c.Organizations.Modify(ctx, id, noWrite)
				if err == nil {
					assert.Equal(t, id, org.ID)
				}
				return err
			},
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				org, err := c.Organizations.Modify(ctx, id, renameTo("New"))
				assert.Nil(t, org)
				return err
			},
		},
		"OrganizationProfile.Modify": {
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				_, err := c.OrganizationProfile.Modify(ctx, id, func(*cloudflare.OrganizationProfile) error { return nil })
				return err
			},
			modifyProfile,
		},
		"Organizations.DeleteIfEmpty": {
			func(ctx context.Context, c *cloudflare.Client, _ string) error {
				return c.Organizations.DeleteIfEmpty(ctx, strings.Repeat("0", 32))
			},
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				below, err := c.Organizations.List(ctx, cloudflare.OrganizationListParams{ParentID: id})
				if err != nil {
					return err
				}
				_, notEmpty := errors.AsType[*cloudflare.NotEmptyError](c.Organizations.DeleteIfEmpty(ctx, id))
				assert.True(t, notEmpty)
				return c.Organizations.DeleteIfEmpty(ctx, below.Items[0].ID)
			},
		},
		"Organizations.WaitUntilReadable": {
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				_, err := c.Organizations.WaitUntilReadable(ctx, id)
				return err
			}, nil,
		},
		"OrganizationMembers.BatchCreate": {
			nil,
			func(ctx context.Context, c *cloudflare.Client, id string) error {
				members := make([]cloudflare.OrganizationMemberCreateParams, 12)
				for i := range members {
					members[i].Email = fmt.Sprintf("%d@example.com", i)
				}
				created, err := c.OrganizationMembers.BatchCreate(ctx, id, members)
				assert.Nil(t, created)
				if batch, ok := errors.AsType[*cloudflare.BatchError](err); assert.True(t, ok) {
					assert.Equal(t, members, batch.NotCreated)
					assert.Empty(t, batch.Created)
					assert.Empty(t, batch.Unknown)
				}
				return err
			},
		},
	} {
		server := cloudflaretest.NewServer().ForTest(t)
		id := server.AddOrganization("Org", "")
		server.AddOrganization("Empty", id)
		server.AddMember(id, cloudflaretest.Member{Email: email})
		client := server.Client(cloudflare.WithReadOnly())
		if tt.done != nil {
			require.NoError(t, tt.done(t.Context(), client, id), name)
			assert.NotEmpty(t, server.Requests(), name)
		}
		if tt.stopped != nil {
			before := len(server.Requests())
			assertReadOnly(t, tt.stopped(t.Context(), client, id), name)
			if name != "OrganizationMembers.BatchCreate" { // which reads nothing
				assert.Greater(t, len(server.Requests()), before, name)
			}
		}
		for _, r := range server.Requests() {
			assert.Equal(t, http.MethodGet, r.Method, name)
		}
	}
}

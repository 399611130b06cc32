package cloudflare_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestBatchCreateSendsTenAtATime(t *testing.T) {
	for n, sizes := range map[int][]int{1: {1}, 9: {9}, 10: {10}, 11: {10, 1}, 20: {10, 10}, 25: {10, 10, 5}} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			var responses []roundTripper
			sum := 0
			for i, size := range sizes {
				responses = append(responses, respondWith(200, `{"success":true,"result":`+manyCreated(sum, sum+size)+`}`, "Cf-Ray: ray"+strconv.Itoa(i)))
				sum += size
			}
			client, script := newScriptedClient(t, responses...)
			var last cloudflare.Response
			created, err := client.OrganizationMembers.BatchCreate(t.Context(), organizationID, manyMembers(n), cloudflare.CaptureResponse(&last))
			require.NoError(t, err)
			assert.Equal(t, idsFromTo(0, n), memberIDs(created))
			assert.Equal(t, "ray"+strconv.Itoa(len(sizes)-1), last.RayID)

			require.Len(t, script.sent, len(sizes))
			var emails []string
			for i, sent := range script.sent {
				var body struct {
					Members []struct{ User struct{ Email string } }
				}
				require.NoError(t, json.Unmarshal([]byte(sent.Body), &body))
				assert.Len(t, body.Members, sizes[i])
				for _, member := range body.Members {
					emails = append(emails, member.User.Email)
				}
			}
			for i, params := range manyMembers(n) {
				assert.Equal(t, params.Email, emails[i])
			}
		})
	}
}

func TestBatchCreateReportsWhoWasCreated(t *testing.T) {
	var cancel context.CancelFunc                             // of the test that runs
	thenCancel := func(transport roundTripper) roundTripper { // once the response has been read
		return func(r *http.Request) (*http.Response, error) {
			response, err := transport(r)
			response.Body = closer{response.Body, func() { cancel() }}
			return response, err
		}
	}
	cancelInstead := func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, context.Canceled
	}
	first, second, third := respondSuccess(manyCreated(0, 10)), respondSuccess(manyCreated(10, 20)), respondSuccess(manyCreated(20, 25))
	tests := map[string]struct {
		responses            []roundTripper // all of them are used
		created, unknown     []string
		notCreated           []string
		errorIs, errorIsNone error
	}{
		"400 to the first": {
			responses: []roundTripper{respondError(400)}, notCreated: idsFromTo(0, 25), errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"400 to the second": {
			responses: []roundTripper{first, respondError(400)},
			created:   idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"a failure with status 200": {
			responses: []roundTripper{first, respondWith(200, `{"result":`+manyCreated(10, 20)+`,"success":false,"errors":[{"code":1001,"message":"no"}]}`)},
			created:   idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"502 to the second": {
			responses: []roundTripper{first, respondWith(502, "<html>")},
			created:   idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"reset on the last": {
			responses: []roundTripper{first, second, fail(connectionReset)},
			created:   idsFromTo(0, 20), unknown: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"429, then success": {
			responses: []roundTripper{first, respondError(429), second, third}, created: idsFromTo(0, 25),
		},
		"429 until the end": {
			responses: []roundTripper{first, respondError(429), respondError(429), respondError(429), respondError(429)},
			created:   idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIs: cloudflare.ErrRateLimited, errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"canceled between two": {
			responses: []roundTripper{thenCancel(first)},
			created:   idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIs: context.Canceled, errorIsNone: cloudflare.ErrOutcomeUnknown,
		},
		"canceled on the way": {
			responses: []roundTripper{first, cancelInstead},
			created:   idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: context.Canceled,
		},
		"nine of ten": {
			responses: []roundTripper{first, respondSuccess(manyCreated(10, 19))},
			created:   idsFromTo(0, 19), unknown: idsFromTo(19, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"none of ten": {
			responses: []roundTripper{first, respondSuccess(`[]`)},
			created:   idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"more than ten": {
			responses: []roundTripper{first, respondSuccess(manyCreated(10, 22))},
			created:   idsFromTo(0, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"members that were not requested": {
			responses: []roundTripper{first, respondSuccess(manyCreated(30, 32))},
			created:   idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"one of them without an id": {
			responses: []roundTripper{first, respondSuccess(strings.Replace(manyCreated(10, 20), `"id":"id15",`, "", 1))},
			created:   idsFromTo(0, 10), unknown: idsFromTo(10, 20), notCreated: idsFromTo(20, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
		"an object": {
			responses: []roundTripper{respondSuccess(`{}`)},
			unknown:   idsFromTo(0, 10), notCreated: idsFromTo(10, 25), errorIs: cloudflare.ErrOutcomeUnknown,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ctx context.Context
				ctx, cancel = context.WithCancel(t.Context())
				defer cancel()
				client, script := newScriptedClient(t, test.responses...)
				members := manyMembers(25)
				created, err := client.OrganizationMembers.BatchCreate(ctx, organizationID, members)
				assert.Len(t, script.sent, len(test.responses), "nothing is sent after a failure")
				if test.errorIs == nil && test.errorIsNone == nil {
					require.NoError(t, err)
					assert.Equal(t, test.created, memberIDs(created))
					return
				}
				assert.Nil(t, created)
				batch := batchErrorOf(t, err)
				if test.errorIs != nil {
					assert.ErrorIs(t, err, test.errorIs)
				}
				if test.errorIsNone != nil {
					assert.NotErrorIs(t, err, test.errorIsNone)
				}
				clear(members) // the error has a list of its own
				assert.Equal(t, test.created, memberIDs(batch.Created))
				assert.Equal(t, test.unknown, sentIDs(batch.Unknown))
				assert.Equal(t, test.notCreated, sentIDs(batch.NotCreated))
				assert.ErrorContains(t, err, fmt.Sprintf("(created: %d; unknown: %d; not created: %d)",
					len(test.created), len(test.unknown), len(test.notCreated)))
			})
		})
	}
}

// closer calls then when it is closed.
type closer struct {
	io.Reader
	then func()
}

func (c closer) Close() error {
	c.then()
	return nil
}

func TestBatchCreateLifeCycle(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	client, ctx := server.Client(), t.Context()
	organization := server.AddOrganization("Example", "")
	server.AddMember(organization, cloudflaretest.Member{Email: "m21@example.com"})

	_, err := client.OrganizationMembers.BatchCreate(ctx, organization, manyMembers(25))
	require.ErrorIs(t, err, cloudflare.ErrConflict)
	batch := batchErrorOf(t, err)
	assert.Len(t, batch.Created, 20)
	assert.Empty(t, batch.Unknown)
	assert.Equal(t, manyMembers(25)[20:], batch.NotCreated)

	var page *cloudflare.Page[cloudflare.OrganizationMember]
	page, err = client.OrganizationMembers.List(ctx, organization, cloudflare.OrganizationMemberListParams{PageSize: 100})
	require.NoError(t, err)
	assert.Len(t, page.Items, 21)
	assert.Equal(t, memberIDs(batch.Created), memberIDs(page.Items[1:]))

	server.Fail(2, cloudflaretest.Cut())
	other := server.AddOrganization("Other", "")
	_, err = client.OrganizationMembers.BatchCreate(ctx, other, manyMembers(25))
	batch = batchErrorOf(t, err)
	assert.Len(t, batch.Created, 10)
	assert.Equal(t, manyMembers(25)[10:20], batch.Unknown)
	assert.Equal(t, manyMembers(25)[20:], batch.NotCreated)
	page, err = client.OrganizationMembers.List(ctx, other, cloudflare.OrganizationMemberListParams{})
	require.NoError(t, err)
	assert.Equal(t, int64(20), page.TotalSize, "the ten of the lost response were created")
}

func TestBatchError(t *testing.T) {
	cause := errors.New("cause")
	err := &cloudflare.BatchError{Err: cause}
	assert.Same(t, cause, errors.Unwrap(err))
	assert.EqualError(t, err, "cause (created: 0; unknown: 0; not created: 0)")
}

// manyMembers returns the params of n members. The API responds with manyCreated.
func manyMembers(n int) []cloudflare.OrganizationMemberCreateParams {
	members := make([]cloudflare.OrganizationMemberCreateParams, n)
	for i := range members {
		members[i].Email = fmt.Sprintf("m%d@example.com", i)
	}
	return members
}

func manyCreated(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, `,{"id":"id%d","status":"pending","user":{"email":"M%d@example.com"}}`, i, i)
	}
	return "[" + strings.TrimPrefix(b.String(), ",") + "]"
}

func memberIDs(members []cloudflare.OrganizationMember) (ids []string) {
	for _, member := range members {
		ids = append(ids, member.ID)
	}
	return ids
}

func idsFromTo(from, to int) (ids []string) {
	for i := from; i < to; i++ {
		ids = append(ids, "id"+strconv.Itoa(i))
	}
	return ids
}

// sentIDs returns the IDs that manyCreated gives to the members of manyMembers.
func sentIDs(members []cloudflare.OrganizationMemberCreateParams) (ids []string) {
	for _, params := range members {
		ids = append(ids, "id"+strings.TrimSuffix(strings.TrimPrefix(params.Email, "m"), "@example.com"))
	}
	return ids
}

func batchErrorOf(t *testing.T, err error) *cloudflare.BatchError {
	t.Helper()
	var batch *cloudflare.BatchError
	require.ErrorAs(t, err, &batch)
	return batch
}

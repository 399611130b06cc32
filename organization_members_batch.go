package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.com/cloudflare/internal/envelope"
)

// maxBatch is the number of members that the API accepts in one request.
const maxBatch = 10

// BatchCreate adds any number of members to an organization and returns them. The API accepts ten members per request,
// so there may be several requests, one after the other. Each is retried like that of
// [OrganizationMembersService.Create]. After one has failed, no more are sent. The error is always a [*BatchError],
// which lists the members that were created.
//
// All members are checked before a request is sent. The error matches [ErrInvalidArgument] if the list is empty, if two
// members have the same email address, ignoring the case of ASCII letters, or if Create would reject a member.
//
// Credential: a global API key.
//
// API: POST /organizations/{organization_id}/members:batchCreate
func (s *OrganizationMembersService) BatchCreate(ctx context.Context, organizationID string, members []OrganizationMemberCreateParams, opts ...CallOption) ([]OrganizationMember, error) {
	// Invalid options come before invalid members, as in other methods.
	_, err := (*service)(s).options(ctx, opts)
	var bodies []memberBody
	if err == nil {
		bodies, err = newMemberBodies(members)
	}
	if err != nil {
		return nil, &BatchError{NotCreated: slices.Clone(members), Err: err}
	}
	var created []OrganizationMember
	for sent := 0; sent < len(members); {
		next := min(sent+maxBatch, len(members))
		result := batchResult{sent: next - sent}
		batch := batchCreateMembers.call(organizationID)
		batch.body.value = struct {
			Members []memberBody `json:"members"`
		}{bodies[sent:next]}
		err := (*service)(s).do(ctx, batch, &envelope.Envelope{Result: envelope.Result{Into: &result}}, opts)
		if err != nil {
			return nil, newBatchError(created, &result, members[sent:next], members[next:], err)
		}
		created, sent = append(created, result.items...), next
	}
	return created, nil
}

func newMemberBodies(members []OrganizationMemberCreateParams) ([]memberBody, error) {
	if len(members) == 0 {
		return nil, invalid("the list of members must not be empty")
	}
	bodies, first := make([]memberBody, len(members)), make(map[string]int, len(members))
	for i, params := range members {
		if problem := params.problem(); problem != "" {
			return nil, invalid("member %d: %s", i, problem)
		}
		if j, twice := first[foldASCII(params.Email)]; twice {
			return nil, invalid("members %d and %d have the same email address", j, i)
		}
		first[foldASCII(params.Email)], bodies[i] = i, newMemberBody(params)
	}
	return bodies, nil
}

// batchResult is the result of a batch. The API documents no way to report that it created only some of the members, so
// a result with a different number of members is not usable.
type batchResult struct {
	items[OrganizationMember]
	sent    int
	created []OrganizationMember // also set if the number is different
}

func (r *batchResult) check() error {
	r.created = r.items
	if len(r.items) != r.sent {
		return fmt.Errorf("it has %d members, but %d were sent", len(r.items), r.sent)
	}
	return nil
}

// BatchError is returned when [OrganizationMembersService.BatchCreate] fails. Every member that BatchCreate was called
// with is in exactly one of the three lists.
type BatchError struct {
	Created    []OrganizationMember             // created
	Unknown    []OrganizationMemberCreateParams // may have been created; Err matches ErrOutcomeUnknown
	NotCreated []OrganizationMemberCreateParams // rejected, or not sent
	Err        error                            // why the request failed
}

// newBatchError sorts the members of a batch: chunk was in the request that failed, and rest was not sent yet.
func newBatchError(created []OrganizationMember, result *batchResult, chunk, rest []OrganizationMemberCreateParams, err error) *BatchError {
	if !errors.Is(err, ErrOutcomeUnknown) {
		return &BatchError{Created: created, NotCreated: slices.Concat(chunk, rest), Err: err}
	}
	sent, named := make(map[string]bool, len(chunk)), make(map[string]bool, len(chunk))
	for _, params := range chunk {
		sent[foldASCII(params.Email)] = true
	}
	for _, member := range result.created {
		if email := foldASCII(member.User.Email); sent[email] && !named[email] { // only members of this request
			named[email], created = true, append(created, member)
		}
	}
	return &BatchError{
		Created: created,
		Unknown: slices.DeleteFunc(slices.Clone(chunk), func(params OrganizationMemberCreateParams) bool {
			return named[foldASCII(params.Email)]
		}),
		NotCreated: slices.Clone(rest),
		Err:        err,
	}
}

// Error returns the text of Err and the number of members in each list.
func (e *BatchError) Error() string {
	text := "cloudflare: a batch failed"
	if e.Err != nil {
		text = e.Err.Error()
	}
	return fmt.Sprintf("%s (created: %d; unknown: %d; not created: %d)", text, len(e.Created), len(e.Unknown), len(e.NotCreated))
}

// Unwrap returns Err.
func (e *BatchError) Unwrap() error { return e.Err }

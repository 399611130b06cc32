package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

const (
	visibleWithin  = 15 * time.Second // how long Ensure looks for an organization that it may have created
	readableWithin = time.Minute      // how long WaitUntilReadable waits if the context has no deadline

	// The waits of lookAgain.
	firstLookAgain   = 250 * time.Millisecond
	longestLookAgain = 5 * time.Second
)

// Ensure returns the organization with this name and parent. It creates one if there is none, at most once. An empty
// ParentID means a root organization. Only name and parent are compared, and an existing organization is not changed:
// its profile may be different. If several organizations match, the error is an [*AmbiguousError].
//
// If the outcome of the create is unknown, Ensure looks for the organization for at most 15 seconds. A wait that
// the response to the create requested comes first and is part of this time. If the organization appears, it is
// returned with created true, even though another caller may have created it. If it does not appear, the requested wait
// is longer, or the deadline of ctx passes first, the error matches [ErrOutcomeUnknown]. The organization may still
// appear later, so wait before calling Ensure again.
//
// To create a second organization with the same name and parent, use [OrganizationsService.Create]. If its outcome is
// unknown, list the organizations with that name and compare their IDs with those from before. The example of Create in
// organizations_example_test.go
// does this.
//
// Names are not unique, and the API has no conditional create, so concurrent callers must coordinate: two of them may
// both find no organization and create two. The same can happen if a new organization does not appear in lists yet.
//
// The same params are invalid as in [OrganizationsService.Create]. If the API changes the name, Ensure returns the new
// organization together with an error, because it would not find the organization again.
//
// Ensure sends one request if the organization exists, and two otherwise. The options apply to each request. A
// [CaptureResponse] holds the last response.
//
// Credential: a global API key, or an API token with the permission User Details Write.
//
// API: GET and POST /organizations
func (s *OrganizationsService) Ensure(ctx context.Context, params OrganizationCreateParams, opts ...CallOption) (org *Organization, created bool, err error) {
	if err := params.Validate(); err != nil {
		return nil, false, err
	}
	if org, err = s.withName(ctx, params, opts); org != nil || err != nil {
		return org, false, err
	}
	org, createErr := s.Create(ctx, params, opts...)
	switch {
	case createErr == nil && org.Name != params.Name:
		redact := s.client.redactor()
		return org, true, fmt.Errorf("cloudflare: organization %s was created with the name %s instead of %s: Ensure would not find it again",
			redact.line(org.ID), redact.quoted(org.Name), redact.quoted(params.Name))
	case !errors.Is(createErr, ErrOutcomeUnknown):
		return org, createErr == nil, createErr
	}
	err = (*service)(s).lookAgain(ctx, RetryAfter(createErr), visibleWithin, func() (found bool, err error) {
		org, err = s.withName(ctx, params, opts)
		return org != nil, err
	})
	if err != nil {
		return nil, false, fmt.Errorf("%w; looking for the organization: %w", createErr, err)
	}
	return org, true, nil
}

// withName returns the organization with this name and parent, or nil if it does not exist. It checks the name and
// parent of every organization in the list, because the API could ignore a filter.
func (s *OrganizationsService) withName(ctx context.Context, params OrganizationCreateParams, opts []CallOption) (*Organization, error) {
	filters := OrganizationListParams{Name: params.Name, ParentID: params.ParentID, RootsOnly: params.ParentID == ""}
	var found []Organization
	for org, err := range s.All(ctx, filters, opts...) {
		switch {
		case err != nil:
			return nil, err
		case org.Name != params.Name:
		case org.Parent == nil && params.ParentID != "":
			// It is not safe to return this organization, nor to create another one.
			redact := s.client.redactor()
			return nil, fmt.Errorf("cloudflare: organization %s is named %s, but the API does not report its parent",
				redact.line(org.ID), redact.quoted(params.Name))
		case org.Parent == nil || sameID(org.Parent.ID, params.ParentID):
			found = append(found, *org)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return &found[0], nil
	}
	return nil, &AmbiguousError{Name: params.Name, ParentID: params.ParentID, Organizations: found, redact: s.client.redactor()}
}

// AmbiguousError is returned by [OrganizationsService.Ensure] if several organizations have the same name and parent.
// If one of them is a duplicate of an interrupted program, keep the oldest, and pass the IDs of the others to
// [OrganizationsService.DeleteIfEmpty].
type AmbiguousError struct {
	Name, ParentID string
	Organizations  []Organization // at least two

	redact redactor // nil in an error that a user makes
}

// Error lists the IDs of the first organizations.
func (e *AmbiguousError) Error() string {
	ids := make([]string, len(e.Organizations))
	for i, org := range e.Organizations {
		ids[i] = org.ID
	}
	redact := e.redact
	if redact == nil {
		redact = asIs
	}
	where := "without a parent"
	if e.ParentID != "" {
		where = "below " + redact.line(e.ParentID)
	}
	return fmt.Sprintf("cloudflare: %d organizations %s are named %s: %s", len(ids), where, redact.quoted(e.Name), redact.line(strings.Join(ids, ", ")))
}

// WaitUntilReadable returns an organization like [OrganizationsService.Get], but waits if the organization does not
// exist yet. Call it after a create, because a new organization may not be readable at once, and after Ensure even if
// created is false, because an earlier run may have created the organization a moment before. Another read may still fail
// afterwards.
//
// The read is repeated after 250 milliseconds, doubling the wait up to five seconds, until ctx ends, or until one
// minute has passed if ctx has no deadline. A wait that would pass the deadline is not begun. If the organization does
// not appear, the error matches [ErrNotFound], and also the error of ctx if ctx ended the wait. Any other error is
// returned at once.
//
// The options apply to each request. A [CaptureResponse] holds the last response.
//
// Credential: a global API key.
//
// API: GET /organizations/{organization_id}
func (s *OrganizationsService) WaitUntilReadable(ctx context.Context, organizationID string, opts ...CallOption) (*Organization, error) {
	var org *Organization
	var missing error
	look := func() (found bool, err error) {
		if org, err = s.Get(ctx, organizationID, opts...); isAbsent(err) {
			missing = err
			return false, nil
		}
		missing = nil
		return err == nil, err
	}
	limit := readableWithin
	if ctx != nil { // Get rejects a nil context
		if _, bounded := ctx.Deadline(); bounded {
			limit = math.MaxInt64
		}
	}
	switch err := (*service)(s).lookAgain(ctx, 0, limit, look); {
	case err == nil:
		return org, nil
	case missing == nil:
		return nil, err
	default:
		return nil, fmt.Errorf("%w; waiting for the organization: %w", missing, err)
	}
}

// lookAgain waits as long as the server requested, and then calls look until it finds something or fails. It doubles
// the wait between calls. It returns an error if a wait would pass the limit or the deadline of the context.
func (s *service) lookAgain(ctx context.Context, requested, limit time.Duration, look func() (found bool, err error)) error {
	start := time.Now()
	if requested > limit {
		return fmt.Errorf("the server requests a wait of %s, longer than %s", requested, limit)
	}
	for wait, next := requested, firstLookAgain; ; wait, next = next, min(2*next, longestLookAgain) {
		if passed := time.Since(start); passed+wait > limit {
			return fmt.Errorf("it did not appear within %s", passed.Round(time.Millisecond))
		}
		if wait > 0 {
			if err := s.client.sender.Sleep(ctx, wait); err != nil {
				return fmt.Errorf("it did not appear within %s: %w", time.Since(start).Round(time.Millisecond), err)
			}
		}
		if found, err := look(); found || err != nil {
			return err
		}
	}
}

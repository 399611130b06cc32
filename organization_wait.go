package cloudflare

import (
	"context"
	"fmt"
	"math"
	"time"

	"example.com/cloudflare/internal/rest"
)

// readableWithin limits how long WaitUntilReadable waits if the context has no deadline.
const readableWithin = time.Minute

// The waits of lookAgain.
const (
	firstLookAgain   = 250 * time.Millisecond
	longestLookAgain = 5 * time.Second
)

// WaitUntilReadable returns an organization like [OrganizationsService.Get], but waits if the organization does not
// exist yet. Call it after a create, because a new organization may not be readable at once. Another read may still
// fail afterwards.
//
// WaitUntilReadable repeats the read after 250 milliseconds, doubling the wait up to five seconds, until ctx ends. If
// ctx has no deadline, WaitUntilReadable stops after one minute. If the organization does not appear, the error matches
// [ErrNotFound], and also the error of ctx if ctx ended the wait. If the next wait would pass the deadline,
// WaitUntilReadable returns at once. Any other error is returned at once.
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
	switch err := lookAgain(ctx, limit, look); {
	case err == nil:
		return org, nil
	case missing == nil:
		return nil, err
	default:
		return nil, fmt.Errorf("%w; waiting for the organization: %w", missing, err)
	}
}

// lookAgain calls look until it finds something or fails, and doubles the wait between calls. It returns an error if
// the next wait would pass the limit or the deadline of the context.
func lookAgain(ctx context.Context, limit time.Duration, look func() (found bool, err error)) error {
	start := time.Now()
	for wait := firstLookAgain; ; wait = min(2*wait, longestLookAgain) {
		if found, err := look(); found || err != nil {
			return err
		}
		if passed := time.Since(start); passed+wait > limit {
			return fmt.Errorf("it did not appear within %s", passed.Round(time.Millisecond))
		}
		if err := rest.Sleep(ctx, wait); err != nil {
			return fmt.Errorf("it did not appear within %s: %w", time.Since(start).Round(time.Millisecond), err)
		}
	}
}

package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"example.com/cloudflare/internal/rest"
)

// The waits between looks at something that is not there yet, and how long the looks go on where the caller's context
// sets no deadline (WaitUntilReadable), or whatever it sets (Ensure).
const (
	firstLookAgain   = 250 * time.Millisecond
	longestLookAgain = 5 * time.Second
	readableWithin   = time.Minute
	visibleWithin    = 15 * time.Second
)

// Modify changes an organization and keeps what change does not touch. [OrganizationsService.Update] alone would
// clear what is left out. Modify reads the organization, hands its name, parent and profile to change, and sends what
// change has made of them; if that is the same, it sends nothing and returns what it read. An error of change is
// returned as it is, and nothing is sent.
//
// An organization without a profile is handed over with a nil Profile. At present the API documents that a PUT changes
// nothing but the name: use [OrganizationProfileService.Modify] for the profile.
//
// The API has no versions. If somebody else writes between the read and the write, or the read lags behind an earlier
// write, the last writer wins, in every field: callers that may meet have to take turns.
//
// It refuses a nil change, what is no ID, and of what change has made, what [OrganizationsService.Update] refuses. Each
// request is made with opts; a [CaptureResponse] holds the last answer.
//
// API: GET and PUT /organizations/{organization_id}, GET /organizations/{organization_id}/profile
func (s *OrganizationsService) Modify(ctx context.Context, organizationID string, change func(*OrganizationUpdateParams) error, opts ...CallOption) (*Organization, error) {
	if change == nil {
		return nil, invalid("change is nil")
	}
	org, err := s.Get(ctx, organizationID, opts...)
	if err != nil {
		return nil, err
	}
	if org.Profile == nil { // the API may leave it out of the organization, and a PUT without it may clear it
		profile, err := (*OrganizationProfileService)(s).Get(ctx, organizationID, opts...)
		if err != nil && !isNull(err) && !isAbsent(err) {
			return nil, err
		}
		org.Profile = profile
	}
	before := OrganizationUpdateParams{Name: org.Name}
	if org.Parent != nil {
		before.ParentID = org.Parent.ID
	}
	if org.Profile != nil && *org.Profile != (OrganizationProfile{}) { // an all-empty one cannot be sent
		before.Profile = org.Profile
	}
	after := before
	if before.Profile != nil {
		after.Profile = new(*before.Profile)
	}
	if err := change(&after); err != nil {
		return nil, err
	}
	if sameUpdate(before, after) {
		return org, nil
	}
	return s.Update(ctx, organizationID, after, opts...)
}

func sameUpdate(a, b OrganizationUpdateParams) bool {
	sameProfile := a.Profile == b.Profile || a.Profile != nil && b.Profile != nil && *a.Profile == *b.Profile
	return sameProfile && a.Name == b.Name && a.ParentID == b.ParentID
}

// Modify changes a profile and keeps the fields that change does not touch. [OrganizationProfileService.Update] alone
// would empty them. Modify reads the profile, hands it to change, and sends what change has made of it; if that is the
// same, it sends nothing. An error of change is returned as it is, and nothing is sent. A profile that was never set
// begins empty. Modify returns the profile as it is then.
//
// The API has no versions. If somebody else writes between the read and the write, or the read lags behind an earlier
// write, the last writer wins, in every field: callers that may meet have to take turns.
//
// It refuses a nil change, what is no ID, and of what change has made, what [OrganizationProfileService.Update]
// refuses. Each request is made with opts; a [CaptureResponse] holds the last answer.
//
// API: GET and PUT /organizations/{organization_id}/profile, GET /organizations/{organization_id}
func (s *OrganizationProfileService) Modify(ctx context.Context, organizationID string, change func(*OrganizationProfile) error, opts ...CallOption) (*OrganizationProfile, error) {
	if change == nil {
		return nil, invalid("change is nil")
	}
	profile, err := s.Get(ctx, organizationID, opts...)
	switch {
	case isNull(err):
	case isAbsent(err):
		// Is it the profile that is not there, or the organization? A fresh organization that cannot be read yet may
		// have a profile, which must not be taken for an empty one.
		org, err := (*OrganizationsService)(s).Get(ctx, organizationID, opts...)
		if err != nil {
			return nil, err
		}
		profile = org.Profile
	case err != nil:
		return nil, err
	}
	if profile == nil {
		profile = new(OrganizationProfile)
	}
	before := *profile
	if err := change(profile); err != nil {
		return nil, err
	}
	if *profile == before {
		return profile, nil
	}
	if err := s.Update(ctx, organizationID, *profile, opts...); err != nil {
		return nil, err
	}
	return profile, nil
}

// Ensure returns the organization that has exactly this name directly below this parent (with an empty ParentID: the
// root organization of this name), and creates it if there is none. A program that crashed may so begin again from the
// start. Nothing but name and parent is compared, and what exists is not changed: its profile may be another one. With
// several of them the error is an [*AmbiguousError].
//
// Ensure creates once at the most. If the outcome of that is unknown, it looks for the organization again, for up to
// 15 seconds. If it is there then, that is a success, with created true, though somebody else may have created it at
// that moment. If not, the error matches [ErrOutcomeUnknown]: the organization may still appear, so a program that
// calls Ensure again should wait first, the longer the safer.
//
// Names are not unique, and the API has nothing to make a create conditional. Two callers at once may both find none
// and create two, and neither learns of it; the next call finds two. Callers that may meet have to take turns. The
// same goes for a list that does not show yet what was created a moment ago.
//
// It refuses what [OrganizationsService.Create] refuses, and a name with white space around it, which the API might
// take off: the organization would not be found again. If the API changes a name in any other way, Ensure returns the
// organization that it created, with an error.
//
// Each request is made with opts; a [CaptureResponse] holds the last answer.
//
// API: GET and POST /organizations
func (s *OrganizationsService) Ensure(ctx context.Context, params OrganizationCreateParams, opts ...CallOption) (org *Organization, created bool, err error) {
	if strings.TrimSpace(params.Name) != params.Name {
		return nil, false, invalid("Name has white space around it")
	}
	if _, err := newOrganizationBody(params.Name, params.ParentID, params.Profile); err != nil {
		return nil, false, err
	}
	if org, err = s.only(ctx, params, opts); org != nil || err != nil {
		return org, false, err
	}
	org, lost := s.Create(ctx, params, opts...)
	switch {
	case lost == nil && org.Name != params.Name:
		return org, true, fmt.Errorf("cloudflare: %s was created, but as %q and not as %q: another Ensure would not find it", org.ID, org.Name, params.Name)
	case !errors.Is(lost, ErrOutcomeUnknown):
		return org, lost == nil, lost
	}
	err = lookAgain(ctx, visibleWithin, func() (found bool, err error) {
		org, err = s.only(ctx, params, opts)
		return org != nil, err
	})
	if err != nil {
		return nil, false, fmt.Errorf("%w; looked for it: %w", lost, err)
	}
	return org, true, nil
}

// only returns the one organization that has this name and parent, or nil if there is none. What the API lists is
// looked at again: if it ever passed over a filter, Ensure would return an organization that nobody asked for.
func (s *OrganizationsService) only(ctx context.Context, params OrganizationCreateParams, opts []CallOption) (*Organization, error) {
	filters := OrganizationListParams{Name: params.Name, ParentID: params.ParentID}
	if params.ParentID == "" {
		filters.ParentID = NoParent
	}
	var found []Organization
	for org, err := range s.All(ctx, filters, opts...) {
		switch {
		case err != nil:
			return nil, err
		case org.Name != params.Name:
		case org.Parent == nil && params.ParentID != "":
			// Neither is safe: to return it might be wrong, and to create another one, too.
			return nil, fmt.Errorf("cloudflare: the API lists %s, of that name, without saying whether it is below the parent", org.ID)
		case org.Parent == nil || org.Parent.ID == params.ParentID:
			found = append(found, *org)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return &found[0], nil
	}
	return nil, &AmbiguousError{Name: params.Name, ParentID: params.ParentID, Organizations: found}
}

// AmbiguousError is what [OrganizationsService.Ensure] returns if several organizations have the same name and parent.
type AmbiguousError struct {
	Name, ParentID string
	Organizations  []Organization // at least two
}

// Error names the organizations by their IDs.
func (e *AmbiguousError) Error() string {
	ids := make([]string, len(e.Organizations))
	for i, org := range e.Organizations {
		ids[i] = org.ID
	}
	where := "without a parent"
	if e.ParentID != "" {
		where = "below " + e.ParentID
	}
	return fmt.Sprintf("cloudflare: %d organizations %s are named %q: %s", len(ids), where, e.Name, strings.Join(ids, ", "))
}

// WaitUntilReadable returns an organization as [OrganizationsService.Get] does, but if the API says that it is not
// there, asks again, after a quarter of a second at first and every five seconds in the end, until ctx ends, or for a
// minute if ctx has no deadline. It is for an organization that has just been created: the API may lag behind its
// writes. Another read afterwards may still come to a machine that lags.
//
// If it never appears the error matches [ErrNotFound], and the context's error too if that is what ended the wait; a
// wait that would pass the deadline is not begun. Any other error ends the wait at once.
//
// It refuses what is no ID. Each request is made with opts; a [CaptureResponse] holds the last answer.
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
	if ctx != nil { // Get refuses a nil one
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
		return nil, fmt.Errorf("%w; looked for it: %w", missing, err)
	}
}

// lookAgain calls look until it finds something or fails, with waits between that double. It gives up when another wait
// would pass the limit or the context's deadline.
func lookAgain(ctx context.Context, limit time.Duration, look func() (found bool, err error)) error {
	start := time.Now()
	for wait := firstLookAgain; ; wait = min(2*wait, longestLookAgain) {
		if found, err := look(); found || err != nil {
			return err
		}
		if passed := time.Since(start); passed+wait > limit {
			return fmt.Errorf("not there after %s", passed.Round(time.Millisecond))
		}
		if err := rest.Sleep(ctx, wait); err != nil {
			return fmt.Errorf("not there after %s: %w", time.Since(start).Round(time.Millisecond), err)
		}
	}
}

// DeleteEmpty deletes an organization that holds nothing. If it holds organizations, accounts or members, whatever
// their status and the caller's own membership included, nothing is deleted, and the error is a [*NotEmptyError].
//
// One that is not there any more is a success, and so is one that was never there. A fresh organization that is listed,
// but that the API does not find yet, is [ErrNotFound].
//
// If somebody puts something into the organization between the look and the delete, no harm is done: the API itself
// refuses to delete an organization that is not empty. The error is then an [*Error].
//
// It refuses what is no ID. Each request is made with opts; a [CaptureResponse] holds the last answer.
//
// API: GET /organizations, GET /organizations/{organization_id}/accounts,
// GET /organizations/{organization_id}/members, DELETE /organizations/{organization_id}
func (s *OrganizationsService) DeleteEmpty(ctx context.Context, organizationID string, opts ...CallOption) error {
	if err := checkID("organization ID", organizationID); err != nil {
		return err
	}
	contents, err := s.contents(ctx, organizationID, opts)
	switch {
	case err != nil:
	case contents.Organizations+contents.Accounts+contents.Members > 0:
		return contents
	default:
		_, err = s.Delete(ctx, organizationID, opts...)
	}
	if !isAbsent(err) {
		return err
	}
	return s.checkGone(ctx, organizationID, err, opts)
}

// contents counts what an organization holds.
func (s *OrganizationsService) contents(ctx context.Context, organizationID string, opts []CallOption) (*NotEmptyError, error) {
	const size = MaxPageSize
	organizations, err := count(s.All(ctx, OrganizationListParams{ParentID: organizationID, PageSize: size}, opts...))
	if err != nil {
		return nil, err
	}
	accounts, err := count((*OrganizationAccountsService)(s).All(ctx, organizationID, OrganizationAccountListParams{PageSize: size}, opts...))
	if err != nil {
		return nil, err
	}
	members, err := count((*OrganizationMembersService)(s).All(ctx, organizationID, OrganizationMemberListParams{PageSize: size}, opts...))
	if err != nil {
		return nil, err
	}
	return &NotEmptyError{organizationID, organizations, accounts, members}, nil
}

func count[T any](all iter.Seq2[*T, error]) (n int, err error) {
	for _, err := range all {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// checkGone returns missing if the API lists an organization that it says is not there, and nil if it does not.
func (s *OrganizationsService) checkGone(ctx context.Context, organizationID string, missing error, opts []CallOption) error {
	for org, err := range s.All(ctx, OrganizationListParams{IDs: []string{organizationID}}, opts...) {
		if err != nil {
			return err
		}
		if org.ID == organizationID {
			return fmt.Errorf("%w; but it is listed: it may be too new to be read", missing)
		}
	}
	return nil
}

// NotEmptyError is what [OrganizationsService.DeleteEmpty] returns for an organization that holds something, with how
// many of each it holds itself: what its sub-organizations hold is not counted.
type NotEmptyError struct {
	OrganizationID                   string
	Organizations, Accounts, Members int
}

// Error says what the organization holds.
func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("cloudflare: organization %s is not empty: organizations: %d, accounts: %d, members: %d",
		e.OrganizationID, e.Organizations, e.Accounts, e.Members)
}

// isAbsent reports whether err is the API's own word that what was asked for is not there.
func isAbsent(err error) bool {
	if page, ok := err.(*PageError); ok {
		err = page.Err
	}
	e, ok := err.(*Error)
	return ok && e.absent()
}

// isNull reports whether err is the answer null to a profile.
func isNull(err error) bool {
	e, ok := err.(*Error)
	return ok && e.null
}

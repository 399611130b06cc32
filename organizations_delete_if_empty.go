package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
)

// DeleteIfEmpty deletes an organization if it contains no organizations, accounts or members. Otherwise it returns a
// [*NotEmptyError] and deletes nothing. Members of every status count, including the caller's own membership.
//
// Deleting an organization that does not exist is not an error. If a new organization is listed but cannot be read yet,
// the error matches [ErrNotFound].
//
// If an account or member is added between the check and the delete, the error is an [*Error]: the API documents that
// it does not delete an organization that is not empty.
//
// DeleteIfEmpty sends three reads concurrently, and then the delete. It sends more reads if the API does not report the
// total size of a list, and another one if the organization does not exist. The options apply to each request. A
// [CaptureResponse] holds the last response, or that of the read that failed. It stays empty if the organization is not
// empty.
//
// Credential: a global API key.
//
// API: GET /organizations, GET /organizations/{organization_id}/accounts,
// GET /organizations/{organization_id}/members, DELETE /organizations/{organization_id}
func (s *OrganizationsService) DeleteIfEmpty(ctx context.Context, organizationID string, opts ...CallOption) error {
	if err := checkID("organization ID", organizationID); err != nil {
		return err
	}
	options, err := (*service)(s).options(ctx, opts)
	if err != nil {
		return err
	}
	// AddQuery must not name a parameter that one of the requests sets, so check the options with all of these parameters
	// before the first request.
	request := OrganizationListParams{IDs: []string{organizationID}, ParentID: organizationID}.call()
	request.client = s.client
	if _, err := request.encode(&options); err != nil {
		return err
	}
	contents, err := s.contents(ctx, organizationID, options)
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

// contents counts the organizations, accounts and members in an organization, with concurrent requests.
func (s *OrganizationsService) contents(ctx context.Context, organizationID string, options callOptions) (*NotEmptyError, error) {
	found := new(NotEmptyError)
	reads := []func(context.Context, CallOption) error{
		func(ctx context.Context, opt CallOption) (err error) {
			found.Organizations, err = count(func(size int, token string) (*Page[Organization], error) {
				return s.List(ctx, OrganizationListParams{ParentID: organizationID, PageSize: size, PageToken: token}, opt)
			})
			return err
		},
		func(ctx context.Context, opt CallOption) (err error) {
			found.Accounts, err = count(func(size int, token string) (*Page[Account], error) {
				params := OrganizationAccountListParams{PageSize: size, PageToken: token}
				return (*OrganizationAccountsService)(s).List(ctx, organizationID, params, opt)
			})
			return err
		},
		func(ctx context.Context, opt CallOption) (err error) {
			found.Members, err = count(func(size int, token string) (*Page[OrganizationMember], error) {
				params := OrganizationMemberListParams{PageSize: size, PageToken: token}
				return (*OrganizationMembersService)(s).List(ctx, organizationID, params, opt)
			})
			return err
		},
	}
	responses := make([]Response, len(reads)) // one for each, because they are filled at the same time
	failed, err := sideBySide(ctx, len(reads), func(ctx context.Context, i int) error {
		return reads[i](ctx, options.capturing(&responses[i]))
	})
	if err == nil {
		found.OrganizationID = s.client.redactor().line(organizationID)
		return found, nil
	}
	for _, into := range options.captures {
		*into = responses[failed]
	}
	return nil, err
}

// count returns the number of items in a list. It requests a single item first, which is enough if the list is empty or
// the API reports its total. A list with an item or a next page is never empty, whatever its total.
func count[T any](list func(size int, token string) (*Page[T], error)) (n int, err error) {
	page, err := list(1, "")
	if err != nil {
		return 0, err
	}
	if page.NextPageToken == "" || len(page.Items) > 0 && page.TotalSize > 0 {
		if n = len(page.Items); n > 0 {
			n = max(n, int(min(page.TotalSize, math.MaxInt)))
		}
		return n, nil
	}
	for _, err := range Paginate("", func(token string) (*Page[T], error) { return list(MaxPageSize, token) }) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// sideBySide calls f with 0 to n-1 at the same time. If one fails, it cancels the others. It returns after all calls
// have returned, with the first error and the number of the call that failed. A panic in f reaches the caller as a
// *goroutinePanic.
func sideBySide(ctx context.Context, n int, f func(ctx context.Context, i int) error) (failed int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		i        int
		err      error
		panicked *goroutinePanic
	}
	outcomes := make(chan outcome, n)
	for i := range n {
		go func() {
			o := outcome{i: i, err: errors.New("cloudflare: the goroutine of a request ended early")} // runtime.Goexit
			defer func() {
				if value := recover(); value != nil {
					o.panicked = &goroutinePanic{value, debug.Stack()}
				}
				outcomes <- o
			}()
			o.err = f(ctx, i)
		}()
	}
	var panicked *goroutinePanic
	for range n {
		o := <-outcomes
		if o.err != nil {
			cancel()
			if err == nil {
				failed, err = o.i, o.err
			}
		}
		if panicked == nil {
			panicked = o.panicked
		}
	}
	if panicked != nil {
		panic(panicked)
	}
	return failed, err
}

// goroutinePanic is the panic of another goroutine, with the stack that it had there.
type goroutinePanic struct {
	value any
	stack []byte
}

func (p *goroutinePanic) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

// Unwrap returns the value of the panic if that is an error.
func (p *goroutinePanic) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// checkGone returns missing if the API lists an organization that it reported as missing, and nil otherwise.
func (s *OrganizationsService) checkGone(ctx context.Context, organizationID string, missing error, opts []CallOption) error {
	for org, err := range s.All(ctx, OrganizationListParams{IDs: []string{organizationID}}, opts...) {
		if err != nil {
			return err
		}
		if sameID(org.ID, organizationID) {
			return fmt.Errorf("%w; but the organization is listed: it may be too new to be read", missing)
		}
	}
	return nil
}

// NotEmptyError is returned by [OrganizationsService.DeleteIfEmpty] if an organization is not empty. The numbers do not
// include the contents of sub-organizations.
type NotEmptyError struct {
	OrganizationID                   string
	Organizations, Accounts, Members int
}

// Error returns the numbers on one line.
func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("cloudflare: organization %s is not empty: organizations: %d, accounts: %d, members: %d",
		e.OrganizationID, e.Organizations, e.Accounts, e.Members)
}

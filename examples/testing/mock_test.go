package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// mock lists the same organizations whatever it is called with.
//
// A mock returns what its test has put into it. Such a test shows what the code does with a result, and not whether the
// API would accept the call or return that result: a mock accepts every argument, and has no filters, no pages, no
// state and no retries, unless the test repeats them. A cloudflaretest.Server has them all, and needs no interface. Use
// a mock for a result that the server cannot return, or if the code that is tested needs only an interface anyway.
type mock struct {
	organizations []cloudflare.Organization
	err           error
}

func (m mock) All(_ context.Context, params cloudflare.OrganizationListParams, _ ...cloudflare.CallOption) iter.Seq2[*cloudflare.Organization, error] {
	return cloudflare.Paginate(params.PageToken, func(string) (*cloudflare.Page[cloudflare.Organization], error) {
		return &cloudflare.Page[cloudflare.Organization]{Items: m.organizations}, m.err
	})
}

func TestNamesOfAMock(t *testing.T) {
	got, err := names(t.Context(), mock{organizations: []cloudflare.Organization{{Name: "Europe"}, {Name: "Asia"}}}, "o1")
	if want := []string{"Europe", "Asia"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := names(t.Context(), mock{err: cloudflare.ErrForbidden}, "o1"); !errors.Is(err, cloudflare.ErrForbidden) {
		t.Error(err)
	}
}

// The server applies the filter. With a mock, code that forgets the parent passes the same test.
func TestNamesOfTheServer(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	root := server.AddOrganization("Example, Inc.", "")
	server.AddOrganization("Europe", root)
	server.AddOrganization("Asia", root)
	got, err := names(t.Context(), server.Client().Organizations, root)
	if want := []string{"Europe", "Asia"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}

// The client rejects an ID that the API would take for another filter. A mock does not.
func TestMockAcceptsAnInvalidArgument(t *testing.T) {
	if _, err := names(t.Context(), mock{}, "null"); err != nil {
		t.Error(err)
	}
	server := cloudflaretest.NewServer().ForTest(t)
	if _, err := names(t.Context(), server.Client().Organizations, "null"); !errors.Is(err, cloudflare.ErrInvalidArgument) {
		t.Error(err)
	}
}

package cloudflare_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/cloudflare"
)

// A method that sends several requests checks all of its arguments before the first one.
func TestMethodsWithSeveralRequestsCheckTheirArgumentsFirst(t *testing.T) {
	type (
		params  = cloudflare.OrganizationCreateParams
		member  = cloudflare.OrganizationMemberCreateParams
		profile = cloudflare.OrganizationProfile
		call    func(*cloudflare.Client, ...cloudflare.CallOption) error
	)
	ensure := func(params params) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, _, err := c.Organizations.Ensure(t.Context(), params, opts...)
			return err
		}
	}
	ensureMember := func(id string, params member) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, _, err := c.OrganizationMembers.Ensure(t.Context(), id, params, opts...)
			return err
		}
	}
	batch := func(id string, more ...member) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.OrganizationMembers.BatchCreate(t.Context(), id, append(manyMembers(12), more...), opts...)
			return err
		}
	}
	account := func(params cloudflare.AccountCreateParams) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.OrganizationAccounts.Create(t.Context(), params, opts...)
			return err
		}
	}
	modify := func(change func(*cloudflare.OrganizationUpdateParams) error) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.Organizations.Modify(t.Context(), "o1", change, opts...)
			return err
		}
	}
	modifyProfile := func(change func(*profile) error) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.OrganizationProfile.Modify(t.Context(), "o1", change, opts...)
			return err
		}
	}
	deleteIfEmpty := func(id string) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			return c.Organizations.DeleteIfEmpty(t.Context(), id, opts...)
		}
	}
	waitUntilReadable := func(id string) call {
		return func(c *cloudflare.Client, opts ...cloudflare.CallOption) error {
			_, err := c.Organizations.WaitUntilReadable(t.Context(), id, opts...)
			return err
		}
	}
	valid := map[string]call{
		"Ensure":            ensure(params{Name: "Org"}),
		"Ensure of members": ensureMember("o1", member{Email: "Ann@example.com"}),
		"BatchCreate":       batch("o1"),
		"Create of account": account(cloudflare.AccountCreateParams{Name: "Account"}),
		"Modify":            modify(renameTo("New")),
		"Modify of profile": modifyProfile(setBusinessPhone),
		"DeleteIfEmpty":     deleteIfEmpty("o1"),
		"WaitUntilReadable": waitUntilReadable("o1"),
	}
	type test struct {
		call call
		opts []cloudflare.CallOption
	}
	tests := map[string]test{
		"Ensure: name":     {call: ensure(params{Name: "Org\xff"})},
		"Ensure: parent":   {call: ensure(params{Name: "Org", ParentID: "\xff"})},
		"Ensure: address":  {call: ensure(params{Name: "Org", Profile: &profile{BusinessAddress: "\xff"}})},
		"Ensure: email":    {call: ensure(params{Name: "Org", Profile: &profile{BusinessEmail: "a\xed\xa0\x80"}})},
		"Ensure: business": {call: ensure(params{Name: "Org", Profile: &profile{BusinessName: "\xffa"}})},
		"Ensure: phone":    {call: ensure(params{Name: "Org", Profile: &profile{BusinessPhone: "\xc0\xaf"}})},
		"Ensure: metadata": {call: ensure(params{Name: "Org", ParentID: "o1", Profile: &profile{BusinessName: "a", ExternalMetadata: "\xff"}})},

		"Ensure of members: ID":          {call: ensureMember("\xff", member{Email: "a@example.com"})},
		"Ensure of members: email":       {call: ensureMember("o1", member{Email: "a\xff@example.com"})},
		"Ensure of members: status":      {call: ensureMember("o1", member{Email: "a@example.com", Status: "\xff"})},
		"BatchCreate: ID":                {call: batch("\xff")},
		"BatchCreate: last email":        {call: batch("o1", member{Email: "z\xff@example.com"})},
		"BatchCreate: last status":       {call: batch("o1", member{Email: "z@example.com", Status: "\xff"})},
		"BatchCreate: email twice":       {call: batch("o1", manyMembers(1)...)},
		"Create of account: name":        {call: account(cloudflare.AccountCreateParams{Name: "\xff"})},
		"Create of account: type":        {call: account(cloudflare.AccountCreateParams{Name: "a", Type: "\xff"})},
		"Create of account: key":         {call: account(cloudflare.AccountCreateParams{Name: "a", IdempotencyKey: "\xff"})},
		"Modify: no change":              {call: modify(nil)},
		"Modify of profile: no change":   {call: modifyProfile(nil)},
		"DeleteIfEmpty: ID":              {call: deleteIfEmpty("\xff")},
		"DeleteIfEmpty: query of a list": {valid["DeleteIfEmpty"], []cloudflare.CallOption{cloudflare.AddQuery("parent.id", "o2")}},
		"DeleteIfEmpty: query at last":   {valid["DeleteIfEmpty"], []cloudflare.CallOption{cloudflare.AddQuery("id", "o2")}},
		"DeleteIfEmpty: page":            {valid["DeleteIfEmpty"], []cloudflare.CallOption{cloudflare.AddQuery("page_token", "t")}},
		"Ensure: query":                  {valid["Ensure"], []cloudflare.CallOption{cloudflare.AddQuery("name", "Org")}},
		"Ensure of members: query":       {valid["Ensure of members"], []cloudflare.CallOption{cloudflare.AddQuery("user.email", "a")}},
		"WaitUntilReadable: ID":          {call: waitUntilReadable("\xff")},
	}
	for name, call := range valid {
		for option, opt := range map[string]cloudflare.CallOption{
			"nil option":      nil,
			"SetMaxRetries":   cloudflare.SetMaxRetries(-1),
			"SetHeader":       cloudflare.SetHeader("X-Mine", "\xff"),
			"AddQuery":        cloudflare.AddQuery("q", "\xff"),
			"CaptureResponse": cloudflare.CaptureResponse(nil),
		} {
			tests[name+": "+option] = test{call, []cloudflare.CallOption{opt}}
		}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.ErrorIs(t, tt.call(newClient(t, sendNothing(t)), tt.opts...), cloudflare.ErrInvalidArgument)
		})
	}
	for name, call := range valid {
		var sent atomic.Bool
		client := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			sent.Store(true)
			return respondWith(403, "")(r)
		}))
		assert.ErrorIs(t, call(client), cloudflare.ErrForbidden, name)
		assert.True(t, sent.Load(), name)
	}
}

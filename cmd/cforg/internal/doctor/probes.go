package doctor

import (
	"context"
	"errors"
	"reflect"

	"example.com/cloudflare"
)

// probe is an operation that only reads.
type probe struct {
	method, route string
	result        reflect.Type // of the result, or of an item of it
	list          bool
	keyOnly       bool // the API documents that no token can hold the permission

	needs func(*found) (id, what string) // what the operation needs to know first
	call  func(context.Context, *cloudflare.Client, *found) (items int, err error)
}

// found is what earlier probes found, for later ones.
type found struct {
	organization, account, member string              // IDs
	response                      cloudflare.Response // of the first probe
}

func organization(f *found) (id, what string) { return f.organization, "organization" }
func account(f *found) (id, what string)      { return f.account, "account" }
func member(f *found) (id, what string)       { return f.member, "member" }

// sample is how many items of a list are compared with what the API client expects.
const sample = 100

// probes are all operations of the API client that only read, each after those that find what it needs.
var probes = []probe{
	{
		method: "Organizations.List", route: "GET /organizations",
		result: reflect.TypeFor[cloudflare.Organization](), list: true,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			page, err := c.Organizations.List(ctx, cloudflare.OrganizationListParams{PageSize: sample}, cloudflare.CaptureResponse(&f.response))
			if err != nil {
				return 0, err
			}
			for _, org := range page.Items {
				if f.organization == "" || org.Parent == nil { // a root is more likely to hold something
					f.organization = org.ID
				}
				if org.Parent == nil {
					break
				}
			}
			return len(page.Items), nil
		},
	},
	{
		method: "Organizations.Get", route: "GET /organizations/{organization_id}",
		result: reflect.TypeFor[cloudflare.Organization](), keyOnly: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			_, err := c.Organizations.Get(ctx, f.organization)
			return 1, err
		},
	},
	{
		method: "OrganizationProfile.Get", route: "GET /organizations/{organization_id}/profile",
		result: reflect.TypeFor[cloudflare.OrganizationProfile](), keyOnly: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			_, err := c.OrganizationProfile.Get(ctx, f.organization)
			return 1, err
		},
	},
	{
		method: "OrganizationAccounts.List", route: "GET /organizations/{organization_id}/accounts",
		result: reflect.TypeFor[cloudflare.Account](), list: true, keyOnly: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			page, err := c.OrganizationAccounts.List(ctx, f.organization, cloudflare.OrganizationAccountListParams{PageSize: sample})
			if err != nil || len(page.Items) == 0 {
				return 0, err
			}
			f.account = page.Items[0].ID
			return len(page.Items), nil
		},
	},
	{
		method: "OrganizationMembers.List", route: "GET /organizations/{organization_id}/members",
		result: reflect.TypeFor[cloudflare.OrganizationMember](), list: true, keyOnly: true, needs: organization,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			page, err := c.OrganizationMembers.List(ctx, f.organization, cloudflare.OrganizationMemberListParams{PageSize: sample})
			if err != nil || len(page.Items) == 0 {
				return 0, err
			}
			f.member = page.Items[0].ID
			return len(page.Items), nil
		},
	},
	{
		method: "OrganizationMembers.Get", route: "GET /organizations/{organization_id}/members/{member_id}",
		result: reflect.TypeFor[cloudflare.OrganizationMember](), keyOnly: true, needs: member,
		call: func(ctx context.Context, c *cloudflare.Client, f *found) (int, error) {
			_, err := c.OrganizationMembers.Get(ctx, f.organization, f.member)
			return 1, err
		},
	},
}

// reason explains an error of the API, in words of our own: what the API wrote may name people and IDs.
func reason(err error, e exchange, p probe, token bool) string {
	apiErr, ok := errors.AsType[*cloudflare.Error](err)
	switch {
	case !ok:
		return noResponse(err)
	case isHTML(e):
		return "HTML instead of JSON: a proxy or gateway responded, not the API"
	case errors.Is(err, cloudflare.ErrUnauthorized):
		return "the API does not know this credential"
	case apiErr.StatusCode == 403 && token && p.keyOnly:
		return "no API token is allowed to do this; a global API key with its email address may be"
	case apiErr.StatusCode == 403 && token:
		return "the token lacks a permission, or the account has no Organizations"
	case apiErr.StatusCode == 403:
		return "the user may not do this, or the account does not have this feature"
	case apiErr.StatusCode == 405:
		return "this kind of credential is not accepted here"
	case errors.Is(err, cloudflare.ErrNotFound):
		return "not found"
	case apiErr.StatusCode == 404:
		return "there is no such route"
	case apiErr.StatusCode == 429:
		return "too many requests"
	case apiErr.StatusCode >= 500:
		return "the server failed"
	case apiErr.StatusCode >= 300 && apiErr.StatusCode < 400:
		return "a redirect, which is never followed"
	case apiErr.StatusCode < 300 && len(apiErr.Errors) > 0:
		return "the response reports an error in spite of its status"
	case apiErr.StatusCode < 300:
		return "the API client cannot use the response"
	}
	return "the API rejected the request"
}

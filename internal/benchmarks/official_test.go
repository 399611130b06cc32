//go:build !noofficial

package benchmarks_test

import (
	"context"
	"net/http"

	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/organizations"

	"example.com/cloudflare/internal/benchmarks/wire"
)

func init() { contenders["official"] = official }

// official makes the Organizations service of the official SDK without the SDK's client. The calls are the same, and
// the service compiles in seconds.
func official(base string, hc *http.Client) contender {
	service := organizations.NewOrganizationService(
		option.WithBaseURL(base+"/"), option.WithAPIToken(token), option.WithHTTPClient(hc))
	return contender{
		get: func(ctx context.Context, id string, see func(*wire.Organization)) error {
			o, err := service.Get(ctx, id)
			return showOfficial(o, err, see)
		},
		create: func(ctx context.Context, o wire.Organization, see func(*wire.Organization)) error {
			// The function that sets a field is in the SDK's root package, which takes minutes to compile.
			var parent organizations.OrganizationParentParam
			parent.ID.Value, parent.ID.Present = o.Parent.ID, true
			var profile accounts.AccountProfileParam
			profile.BusinessAddress.Value, profile.BusinessAddress.Present = o.Profile.BusinessAddress, true
			profile.BusinessEmail.Value, profile.BusinessEmail.Present = o.Profile.BusinessEmail, true
			profile.BusinessName.Value, profile.BusinessName.Present = o.Profile.BusinessName, true
			profile.BusinessPhone.Value, profile.BusinessPhone.Present = o.Profile.BusinessPhone, true
			profile.ExternalMetadata.Value, profile.ExternalMetadata.Present = o.Profile.ExternalMetadata, true
			var params organizations.OrganizationNewParams
			params.Organization.Name.Value, params.Organization.Name.Present = o.Name, true
			params.Organization.Parent.Value, params.Organization.Parent.Present = parent, true
			params.Organization.Profile.Value, params.Organization.Profile.Present = profile, true
			made, err := service.New(ctx, params)
			return showOfficial(made, err, see)
		},
		all: func(ctx context.Context, see func(*wire.Organization)) (seen int, err error) {
			var params organizations.OrganizationListParams
			params.PageSize.Value, params.PageSize.Present = wire.PageSize, true
			pager := service.ListAutoPaging(ctx, params)
			for pager.Next() {
				seen++
				if see != nil {
					o := pager.Current()
					_ = showOfficial(&o, nil, see)
				}
			}
			return seen, pager.Err()
		},
	}
}

func showOfficial(o *organizations.Organization, err error, see func(*wire.Organization)) error {
	if err != nil || see == nil {
		return err
	}
	flags, profile := o.Meta.TenantFlags, o.Profile
	see(&wire.Organization{
		ID:         o.ID,
		Name:       o.Name,
		CreateTime: o.CreateTime,
		Meta: wire.Meta{
			TenantFlags: &wire.Flags{
				AccountCreation:      flags.AccountCreation,
				AccountDeletion:      flags.AccountDeletion,
				AccountMigration:     flags.AccountMigration,
				AccountMobility:      flags.AccountMobility,
				EnterpriseCapability: flags.EnterpriseCapability,
				MemberManagement:     flags.MemberManagement,
				SubOrgCreation:       flags.SubOrgCreation,
			},
			HierarchyTags: o.Meta.HierarchyTags,
			ManagedBy:     o.Meta.ManagedBy,
		},
		Parent: &wire.Parent{ID: o.Parent.ID, Name: o.Parent.Name},
		Profile: &wire.Profile{
			BusinessAddress:  profile.BusinessAddress,
			BusinessEmail:    profile.BusinessEmail,
			BusinessName:     profile.BusinessName,
			BusinessPhone:    profile.BusinessPhone,
			ExternalMetadata: profile.ExternalMetadata,
		},
	})
	return nil
}

package benchmarks_test

import (
	"context"
	"net/http"

	"example.com/cloudflare"
	"example.com/cloudflare/internal/benchmarks/byhand"
	"example.com/cloudflare/internal/benchmarks/wire"
)

const token = "0123456789012345678901234567890123456789"

// contender is one way to call the API. Each function passes its results to see, converted to the types of package
// wire. A benchmark passes nil for see, so that it does not measure the conversion.
type contender struct {
	get    func(ctx context.Context, id string, see func(*wire.Organization)) error
	create func(ctx context.Context, o wire.Organization, see func(*wire.Organization)) error
	all    func(ctx context.Context, see func(*wire.Organization)) (seen int, err error)
}

// contenders has a constructor for each contender.
var contenders = map[string]func(base string, hc *http.Client) contender{
	"cloudflare": ours,
	"byhand":     func(base string, hc *http.Client) contender { return plain(byhand.New(base, token, hc)) },
	"bare":       func(base string, hc *http.Client) contender { return plain(byhand.NewBare(base, token, hc)) },
}

func ours(base string, hc *http.Client) contender {
	client, err := cloudflare.NewClient(cloudflare.WithAPIToken(token), cloudflare.WithBaseURL(base), cloudflare.WithHTTPClient(hc))
	if err != nil {
		panic(err)
	}
	show := func(o *cloudflare.Organization, err error, see func(*wire.Organization)) error {
		if err == nil && see != nil {
			see(&wire.Organization{
				ID:         o.ID,
				Name:       o.Name,
				CreateTime: o.CreateTime,
				Meta: wire.Meta{
					TenantFlags:   flags(o.Meta.TenantFlags),
					HierarchyTags: o.Meta.HierarchyTags,
					ManagedBy:     o.Meta.ManagedBy,
				},
				Parent:  (*wire.Parent)(o.Parent),
				Profile: (*wire.Profile)(o.Profile),
			})
		}
		return err
	}
	return contender{
		get: func(ctx context.Context, id string, see func(*wire.Organization)) error {
			o, err := client.Organizations.Get(ctx, id)
			return show(o, err, see)
		},
		create: func(ctx context.Context, o wire.Organization, see func(*wire.Organization)) error {
			made, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{
				Name:     o.Name,
				ParentID: o.Parent.ID,
				Profile:  (*cloudflare.OrganizationProfile)(o.Profile),
			})
			return show(made, err, see)
		},
		all: func(ctx context.Context, see func(*wire.Organization)) (seen int, err error) {
			for o, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{PageSize: wire.PageSize}) {
				if err := show(o, err, see); err != nil {
					return seen, err
				}
				seen++
			}
			return seen, nil
		},
	}
}

func flags(f *cloudflare.OrganizationFlags) *wire.Flags {
	return &wire.Flags{
		AccountCreation:      f.AccountCreation,
		AccountDeletion:      f.AccountDeletion,
		AccountMigration:     f.AccountMigration,
		AccountMobility:      f.AccountMobility,
		EnterpriseCapability: f.EnterpriseCapability,
		MemberManagement:     f.MemberManagement,
		SubOrgCreation:       f.SubOrgCreation,
	}
}

func plain(client *byhand.Client) contender {
	show := func(o *wire.Organization, err error, see func(*wire.Organization)) error {
		if err == nil && see != nil {
			see(o)
		}
		return err
	}
	return contender{
		get: func(ctx context.Context, id string, see func(*wire.Organization)) error {
			o, err := client.Get(ctx, id)
			return show(o, err, see)
		},
		create: func(ctx context.Context, o wire.Organization, see func(*wire.Organization)) error {
			made, err := client.Create(ctx, byhand.NewOrganization{
				Name:    o.Name,
				Parent:  &byhand.ParentID{ID: o.Parent.ID},
				Profile: o.Profile,
			})
			return show(made, err, see)
		},
		all: func(ctx context.Context, see func(*wire.Organization)) (seen int, err error) {
			err = client.All(ctx, func(o *wire.Organization) {
				seen++
				if see != nil {
					see(o)
				}
			})
			return seen, err
		},
	}
}

package cloudflare_test

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

func TestOrganizations(t *testing.T) {
	withBody := sentHeader("Content-Type", "application/json")
	for name, tt := range map[string]struct {
		call     func(context.Context, *cloudflare.OrganizationsService) (any, error)
		sent     sentRequest // its body as JSON, whatever the order and the white space
		response string
		want     any
	}{
		"List": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				return s.List(ctx, cloudflare.OrganizationListParams{})
			},
			sent: sentRequest{Method: "GET", URL: organizationsURL, Header: sentHeader()},
			response: `{"success": true, "errors": [], "messages": [], "result": [` + fullOrganizationJSON + `],
				"result_info": {"next_page_token": "next", "total_size": 12}}`,
			want: &cloudflare.Page[cloudflare.Organization]{
				Items: []cloudflare.Organization{*fullOrganization()}, NextPageToken: "next", TotalSize: 12,
			},
		},
		"List of nothing, without result_info": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				return s.List(ctx, cloudflare.OrganizationListParams{})
			},
			sent:     sentRequest{Method: "GET", URL: organizationsURL, Header: sentHeader()},
			response: successBody(`[]`),
			want:     &cloudflare.Page[cloudflare.Organization]{},
		},
		"Get": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				return s.Get(ctx, organizationID)
			},
			sent:     sentRequest{Method: "GET", URL: organizationURL, Header: sentHeader()},
			response: successBody(fullOrganizationJSON),
			want:     fullOrganization(),
		},
		"Get of a root organization": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				return s.Get(ctx, organizationID)
			},
			sent:     sentRequest{Method: "GET", URL: organizationURL, Header: sentHeader()},
			response: successBody(`{"id": "` + organizationID + `", "name": "Root", "create_time": "2026-01-02T03:04:05Z", "meta": {}}`),
			want:     &cloudflare.Organization{ID: organizationID, Name: "Root", CreateTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		},
		"Create with a name alone": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				return s.Create(ctx, cloudflare.OrganizationCreateParams{Name: `"<New> & Söhne"`})
			},
			sent: sentRequest{Method: "POST", URL: organizationsURL, Header: withBody,
				Body: `{"name": "\"<New> & Söhne\""}`},
			response: successBody(fullOrganizationJSON),
			want:     fullOrganization(),
		},
		"Create with everything": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				return s.Create(ctx, cloudflare.OrganizationCreateParams{Name: "New", ParentID: parentID, Profile: fullProfile()})
			},
			sent: sentRequest{Method: "POST", URL: organizationsURL, Header: withBody,
				Body: `{"name": "New", "parent": {"id": "` + parentID + `"}, "profile": ` + fullProfileJSON + `}`},
			response: successBody(fullOrganizationJSON),
			want:     fullOrganization(),
		},
		"Create with a profile of one field": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				profile := &cloudflare.OrganizationProfile{BusinessName: "Only"}
				return s.Create(ctx, cloudflare.OrganizationCreateParams{Name: "New", Profile: profile})
			},
			sent: sentRequest{Method: "POST", URL: organizationsURL, Header: withBody, Body: `{"name": "New", "profile": {
				"business_address": "", "business_email": "", "business_name": "Only", "business_phone": "", "external_metadata": ""}}`},
			response: successBody(fullOrganizationJSON),
			want:     fullOrganization(),
		},
		"Update with a name alone": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				return s.Update(ctx, organizationID, cloudflare.OrganizationUpdateParams{Name: "Renamed"})
			},
			sent:     sentRequest{Method: "PUT", URL: organizationURL, Header: withBody, Body: `{"name": "Renamed"}`},
			response: successBody(fullOrganizationJSON),
			want:     fullOrganization(),
		},
		"Update with everything": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				return s.Update(ctx, organizationID, cloudflare.OrganizationUpdateParams{Name: "Renamed", ParentID: parentID, Profile: fullProfile()})
			},
			sent: sentRequest{Method: "PUT", URL: organizationURL, Header: withBody,
				Body: `{"name": "Renamed", "parent": {"id": "` + parentID + `"}, "profile": ` + fullProfileJSON + `}`},
			response: successBody(fullOrganizationJSON),
			want:     fullOrganization(),
		},
		"Delete": {
			call: func(ctx context.Context, s *cloudflare.OrganizationsService) (any, error) {
				return s.Delete(ctx, organizationID)
			},
			sent:     sentRequest{Method: "DELETE", URL: organizationURL, Header: sentHeader()},
			response: successBody(`{"id": "` + organizationID + `"}`),
			want:     &cloudflare.OrganizationDeleteResponse{ID: organizationID},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, respondWith(200, tt.response))
			got, err := tt.call(t.Context(), client.Organizations)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assertSent(t, tt.sent, script.only(t))
		})
	}
}

// Each filter is sent under its documented name, with its dots and capital letters.
func TestOrganizationListParams(t *testing.T) {
	tests := map[string]struct { // by the name of the field
		params cloudflare.OrganizationListParams
		query  string
	}{
		"IDs":                    {cloudflare.OrganizationListParams{IDs: []string{"b2", "a1"}}, "id=b2&id=a1"},
		"Name":                   {cloudflare.OrganizationListParams{Name: "a b"}, "name=a+b"},
		"NameContains":           {cloudflare.OrganizationListParams{NameContains: "&=?"}, "name.contains=%26%3D%3F"},
		"NameStartsWith":         {cloudflare.OrganizationListParams{NameStartsWith: "é"}, "name.startsWith=%C3%A9"},
		"NameEndsWith":           {cloudflare.OrganizationListParams{NameEndsWith: "null"}, "name.endsWith=null"},
		"ContainingAccount":      {cloudflare.OrganizationListParams{ContainingAccount: "1a"}, "containing.account=1a"},
		"ContainingOrganization": {cloudflare.OrganizationListParams{ContainingOrganization: "2b"}, "containing.organization=2b"},
		"ContainingUser":         {cloudflare.OrganizationListParams{ContainingUser: "3c"}, "containing.user=3c"},
		"ParentID":               {cloudflare.OrganizationListParams{ParentID: "4d"}, "parent.id=4d"},
		"RootsOnly":              {cloudflare.OrganizationListParams{RootsOnly: true}, "parent.id=null"},
		"PageSize":               {cloudflare.OrganizationListParams{PageSize: 1000}, "page_size=1000"},
		"PageToken":              {cloudflare.OrganizationListParams{PageToken: "to+ken/="}, "page_token=to%2Bken%2F%3D"},

		"none": {cloudflare.OrganizationListParams{}, ""},
		"all": {
			cloudflare.OrganizationListParams{
				IDs: []string{"1", "2"}, Name: "a", NameContains: "b", NameStartsWith: "c", NameEndsWith: "d",
				ContainingAccount: "e", ContainingOrganization: "f", ContainingUser: "g",
				ParentID: "h", PageSize: 1, PageToken: "i",
			},
			"containing.account=e&containing.organization=f&containing.user=g&id=1&id=2&" +
				"name=a&name.contains=b&name.endsWith=d&name.startsWith=c&page_size=1&page_token=i&parent.id=h",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client, script := newScriptedClient(t, respondSuccess(`[]`))
			_, err := client.Organizations.List(t.Context(), tt.params)
			require.NoError(t, err)
			sent, err := url.Parse(script.only(t).URL)
			require.NoError(t, err)
			assert.Equal(t, tt.query, sent.RawQuery)
		})
	}
	for field := range reflect.TypeFor[cloudflare.OrganizationListParams]().Fields() {
		assert.Contains(t, tests, field.Name, "a field without a test of its wire name")
	}
}

// An organization without tags has nil tags, as one that a program makes.
func TestOrganizationWithoutHierarchyTags(t *testing.T) {
	for _, meta := range []string{``, `,"meta":null`, `,"meta":{}`, `,"meta":{"hierarchy_tags":null}`, `,"meta":{"hierarchy_tags":[]}`} {
		organization := `{"id":"o1"` + meta + `}`
		client, _ := newScriptedClient(t,
			respondSuccess(`[{"id":"o0","meta":{"hierarchy_tags":["a","b","c"]}},`+organization+`]`), respondSuccess(organization))
		page, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "b", "c"}, page.Items[0].Meta.HierarchyTags)
		assert.Equal(t, cloudflare.Organization{ID: "o1"}, page.Items[1], meta)
		org, err := client.Organizations.Get(t.Context(), "o1")
		require.NoError(t, err)
		assert.Equal(t, &cloudflare.Organization{ID: "o1"}, org, meta)
	}
}

func TestOrganizationFlags(t *testing.T) {
	older, newer := &cloudflare.OrganizationFlags{AccountCreation: "older"}, &cloudflare.OrganizationFlags{AccountCreation: "newer"}
	for name, tt := range map[string]struct {
		meta cloudflare.OrganizationMeta
		want cloudflare.OrganizationFlags
	}{
		"none":       {cloudflare.OrganizationMeta{}, cloudflare.OrganizationFlags{}},
		"older only": {cloudflare.OrganizationMeta{Flags: older}, *older},
		"newer only": {cloudflare.OrganizationMeta{TenantFlags: newer}, *newer},
		"both":       {cloudflare.OrganizationMeta{Flags: older, TenantFlags: newer}, *newer},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, (&cloudflare.Organization{Meta: tt.meta}).Flags())
		})
	}
}

// Organizations can be stored with either JSON package and read with the other.
func TestOrganizationRoundTrip(t *testing.T) {
	marshalers := map[string]func(any) ([]byte, error){
		"encoding/json":    json.Marshal,
		"encoding/json/v2": func(v any) ([]byte, error) { return jsonv2.Marshal(v) },
	}
	unmarshalers := map[string]func([]byte, any) error{
		"encoding/json":    json.Unmarshal,
		"encoding/json/v2": func(data []byte, into any) error { return jsonv2.Unmarshal(data, into) },
	}
	for name, tt := range map[string]struct {
		organization *cloudflare.Organization
		stored       string
	}{
		"full": {fullOrganization(), `{
			"id": "` + organizationID + `", "name": "Example, Inc. ☁", "create_time": "2026-01-02T03:04:05.678901Z",
			"meta": {
				"flags": {"account_creation": "f1", "account_deletion": "f2", "account_migration": "f3", "account_mobility": "f4", "sub_org_creation": "f5"},
				"tenant_flags": {
					"account_creation": "t1", "account_deletion": "t2", "account_migration": "t3", "account_mobility": "t4",
					"enterprise_capability": "t5", "member_management": "t6", "sub_org_creation": "t7",
					"account_creation_applies_tenant_defaults": "t8"},
				"hierarchy_tags": ["` + parentID + `", "` + organizationID + `"],
				"managed_by": "somebody"},
			"parent": {"id": "` + parentID + `", "name": "Above"},
			"profile": ` + fullProfileJSON + `}`},
		"zero": {&cloudflare.Organization{}, `{"id": "", "name": "", "meta": {}}`},
		"empty parts": {
			&cloudflare.Organization{
				Meta:    cloudflare.OrganizationMeta{Flags: new(cloudflare.OrganizationFlags)},
				Parent:  new(cloudflare.OrganizationParent),
				Profile: new(cloudflare.OrganizationProfile),
			},
			`{"id": "", "name": "",
			"meta": {"flags": {}},
			"parent": {"id": ""},
			"profile": {"business_address": "", "business_email": "", "business_name": "", "business_phone": "", "external_metadata": ""}}`,
		},
	} {
		for writer, marshal := range marshalers {
			for reader, unmarshal := range unmarshalers {
				t.Run(name+" from "+writer+" to "+reader, func(t *testing.T) {
					stored, err := marshal(tt.organization)
					require.NoError(t, err)
					assert.JSONEq(t, tt.stored, string(stored))
					restored := new(cloudflare.Organization)
					require.NoError(t, unmarshal(stored, restored))
					assert.Equal(t, tt.organization, restored)
				})
			}
		}
	}
}

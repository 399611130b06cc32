package cloudflaretest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAccountOnTheWire(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	made := s.AddAccount(id, Account{})
	settings := json.RawMessage(`{"enforce_twofactor":true,"abuse_contact_email":null}`)
	s.AddAccount(id, Account{
		ID:        "mine",
		Name:      "Mine",
		Type:      "enterprise",
		CreatedOn: time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC),
		Settings:  settings,
	})
	settings[0] = '!'

	assert.Regexp(t, `^[0-9a-f]{32}$`, made)
	assert.JSONEq(t, fmt.Sprintf(`[{
		"id": %q, "name": null, "type": "standard", "created_on": "2026-01-01T00:00:02Z",
		"settings": {
			"enforce_twofactor": null, "api_access_enabled": null, "access_approval_expiry": null,
			"abuse_contact_email": null, "default_nameservers": null, "use_account_custom_ns_by_default": null
		}
	}, {
		"id": "mine", "name": "Mine", "type": "enterprise", "created_on": "2020-02-03T04:05:06Z",
		"settings": {"enforce_twofactor": true, "abuse_contact_email": null}
	}]`, made), string(do(t, s, "GET", "/organizations/"+id+"/accounts", "").Result))

	assert.Panics(t, func() { s.AddAccount("unknown", Account{}) })
	assert.Panics(t, func() { s.AddAccount(id, Account{ID: "mine"}) })
	assert.Panics(t, func() { s.AddAccount(id, Account{Settings: json.RawMessage(`{`)}) })
}

func TestAccountFilters(t *testing.T) {
	s := NewServer().ForTest(t)
	root := s.AddOrganization("root", "")
	s.AddAccount(s.AddOrganization("sub", root), Account{Name: "of a sub-organization"})
	for _, name := range []string{"Web", "api", "Web shop", "API"} {
		s.AddAccount(root, Account{Name: name, PublicName: "Public " + name})
	}
	path := "/organizations/" + root + "/accounts"
	for query, want := range map[string]string{
		"":                                     "Web,api,Web shop,API",
		"name=WEB":                             "Web", // here even equality ignores case
		"name=api":                             "api,API",
		"name.startsWith=wEB":                  "Web,Web shop",
		"name.endsWith=SHOP":                   "Web shop",
		"name.contains=B+S":                    "Web shop",
		"account_pubname=public+web":           "Web",
		"account_pubname.startsWith=PUBLIC+A":  "api,API",
		"account_pubname.endsWith=SHOP":        "Web shop",
		"account_pubname.contains=C+W":         "Web,Web shop",
		"account_pubname.contains=w&name=web":  "Web",
		"order_by=account_name":                "api,API,Web,Web shop",
		"order_by=account_name&direction=asc":  "api,API,Web,Web shop",
		"order_by=account_name&direction=desc": "Web shop,Web,api,API",
		"direction=desc":                       "Web,api,Web shop,API",
	} {
		assert.Equal(t, want, strings.Join(do(t, s, "GET", path+"?"+query, "").names(t), ","), query)
	}
	do(t, s, "GET", path+"?order_by=name", "").failed(t, 400, "order_by")
	do(t, s, "GET", path+"?order_by=", "").failed(t, 400, "order_by")
	do(t, s, "GET", path+"?order_by=account_name&direction=up", "").failed(t, 400, "direction")
	do(t, s, "GET", path+"?page_size=1001", "").failed(t, 400, "page_size")

	first := do(t, s, "GET", path+"?order_by=account_name&page_size=3", "")
	assert.Equal(t, 4, *first.ResultInfo.TotalSize)
	assert.Equal(t, []string{"Web shop"}, do(t, s, "GET", path+"?order_by=account_name&page_token="+*first.ResultInfo.NextPageToken, "").names(t))
	do(t, s, "GET", path+"?page_token="+*first.ResultInfo.NextPageToken, "").failed(t, 400, "page_token")
}

func TestAccountTagsAndTotal(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	tags := map[string]string{"team": "web"}
	s.AddAccount(id, Account{Name: "tagged", Tags: tags})
	tags["team"] = "changed"
	s.AddAccount(id, Account{Name: "untagged"})
	path := "/organizations/" + id + "/accounts"

	items := func(query string) (items []map[string]json.RawMessage) {
		require.NoError(t, json.Unmarshal(do(t, s, "GET", path+query, "").Result, &items))
		return items
	}
	for _, query := range []string{"", "?include_tags=false"} {
		assert.NotContains(t, items(query)[0], "tags", query)
	}
	with := items("?include_tags=true")
	assert.JSONEq(t, `{"team":"web"}`, string(with[0]["tags"]))
	assert.JSONEq(t, `null`, string(with[1]["tags"]))

	without := do(t, s, "GET", path+"?include_total=false&page_size=1", "")
	assert.Nil(t, without.ResultInfo.TotalSize)
	next := do(t, s, "GET", path+"?include_total=true&page_token="+*without.ResultInfo.NextPageToken, "")
	assert.Equal(t, []string{"untagged"}, next.names(t), "include_total may change between pages")
	assert.Equal(t, 2, *next.ResultInfo.TotalSize)
	do(t, s, "GET", path+"?include_tags=true&page_token="+*without.ResultInfo.NextPageToken, "").failed(t, 400, "page_token")
	do(t, s, "GET", path+"?include_tags=1", "").failed(t, 400, "include_tags must be one of true, false")
	do(t, s, "GET", path+"?include_total=", "").failed(t, 400, "include_total must be one of true, false")
}

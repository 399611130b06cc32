package cloudflaretest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Account is an account for [Server.AddAccount]. The zero value is a standard account without a name.
type Account struct {
	ID         string    // made up if empty
	Name       string    // empty: null in answers
	PublicName string    // only to filter by (account_pubname); answers do not have it
	Type       string    // "standard" if empty
	CreatedOn  time.Time // made up if zero

	// Settings is the JSON of the settings, sent as it is. nil: the six settings of the API, each of them null.
	// With it a test can produce values, nulls and settings that are missing.
	Settings json.RawMessage
}

type account struct {
	Account
	organization     *organization
	name, publicName text
}

type wireAccount struct {
	ID        string          `json:"id"`
	Name      *string         `json:"name"`
	Type      string          `json:"type"`
	Settings  json.RawMessage `json:"settings"`
	CreatedOn time.Time       `json:"created_on"`
}

const settingsUnset = `{"enforce_twofactor":null,"api_access_enabled":null,"access_approval_expiry":null,` +
	`"abuse_contact_email":null,"default_nameservers":null,"use_account_custom_ns_by_default":null}`

func (a *account) wire() wireAccount {
	w := wireAccount{ID: a.ID, Type: a.Type, Settings: a.Settings, CreatedOn: a.CreatedOn}
	if a.Name != "" {
		w.Name = &a.Name
	}
	return w
}

// AddAccount puts an account into an organization; the Organizations API itself cannot create one.
// It panics if there is no such organization, if the ID is taken, or if the settings are not JSON.
func (s *Server) AddAccount(organizationID string, a Account) (accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.mustHave("AddAccount", organizationID)
	id, created := s.next("account")
	a.ID = cmp.Or(a.ID, id)
	a.Type = cmp.Or(a.Type, "standard")
	a.CreatedOn = cmp.Or(a.CreatedOn, created)
	if a.Settings == nil {
		a.Settings = json.RawMessage(settingsUnset)
	}
	a.Settings = slices.Clone(a.Settings)
	if s.account[a.ID] != nil {
		panic(fmt.Sprintf("cloudflaretest: AddAccount: there is an account %q already", a.ID))
	}
	if !json.Valid(a.Settings) {
		panic(fmt.Sprintf("cloudflaretest: AddAccount: Settings is not JSON: %s", a.Settings))
	}
	added := &account{Account: a, organization: o, name: newText(a.Name), publicName: newText(a.PublicName)}
	o.accounts = append(o.accounts, added)
	s.account[a.ID] = added
	return a.ID
}

// listAccounts lists what the organization holds itself, without its sub-organizations. The default order, by an
// internal ID that nobody sees, is the order of creation.
func (s *Server) listAccounts(c *call) answer {
	byName := textFilter(c.query, "name", anyCase)
	byPublicName := textFilter(c.query, "account_pubname", anyCase)
	matching := filter(c.organization.accounts, func(a *account) bool {
		return byName(a.name) && byPublicName(a.publicName)
	})

	orderBy, direction := c.query.Get("order_by"), c.query.Get("direction")
	if c.query.Has("order_by") && orderBy != "account_name" {
		return badRequest("order_by must be account_name")
	}
	if c.query.Has("direction") && direction != "asc" && direction != "desc" {
		return badRequest("direction must be asc or desc")
	}
	if orderBy != "" { // without it there is nothing that a direction would belong to
		slices.SortStableFunc(matching, func(a, b *account) int {
			if direction == "desc" {
				a, b = b, a
			}
			return cmp.Compare(a.name.lower, b.name.lower)
		})
	}
	return paginate(c, matching, (*account).wire)
}

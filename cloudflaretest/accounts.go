package cloudflaretest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Account describes an account for [Server.AddAccount]. The zero value is a standard account without a name.
type Account struct {
	ID         string            // generated if empty
	Name       string            // null in responses if empty
	PublicName string            // only for the filters account_pubname; not in responses
	Type       string            // "standard" if empty
	CreatedOn  time.Time         // generated if zero
	Tags       map[string]string // only in responses to include_tags=true; null if nil

	// Settings is the JSON object sent as settings. If nil, it has the API's six settings, each of them null.
	Settings json.RawMessage
}

var accountTypes = []string{"standard", "enterprise"}

type account struct {
	Account
	organization     *organization // nil for a standalone account
	name, publicName text
}

type wireAccount struct {
	ID        string             `json:"id"`
	Name      *string            `json:"name"`
	Type      string             `json:"type"`
	Settings  json.RawMessage    `json:"settings"`
	CreatedOn time.Time          `json:"created_on"`
	Tags      *map[string]string `json:"tags,omitempty"`
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

func (a *account) wireWithTags() wireAccount {
	w := a.wire()
	w.Tags = &a.Tags // null without tags
	return w
}

// AddAccount adds an account to an organization without a request. If organizationID is empty, the account is
// standalone. AddAccount panics if the organization does not exist, if the ID is taken, or if Settings is not JSON.
func (s *Server) AddAccount(organizationID string, a Account) (accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var o *organization
	if organizationID != "" {
		o = s.mustHave("AddAccount", organizationID)
	}
	if s.account[a.ID] != nil {
		panic(fmt.Sprintf("cloudflaretest: AddAccount: there is already an account %q", a.ID))
	}
	if a.Settings != nil && !json.Valid(a.Settings) {
		panic(fmt.Sprintf("cloudflaretest: AddAccount: Settings is not JSON: %s", a.Settings))
	}
	return s.addAccount(o, a).ID
}

func (s *Server) addAccount(o *organization, a Account) *account {
	id, created := s.next("account")
	a.ID = cmp.Or(a.ID, id)
	a.Type = cmp.Or(a.Type, accountTypes[0])
	a.CreatedOn = cmp.Or(a.CreatedOn, created)
	a.Tags = maps.Clone(a.Tags)
	if a.Settings = slices.Clone(a.Settings); a.Settings == nil {
		a.Settings = json.RawMessage(settingsUnset)
	}
	added := &account{Account: a, name: newText(a.Name), publicName: newText(a.PublicName)}
	added.moveTo(o)
	s.account[a.ID] = added
	return added
}

func (a *account) moveTo(o *organization) {
	if a.organization != nil {
		a.organization.accounts = remove(a.organization.accounts, a)
	}
	if a.organization = o; o != nil {
		o.accounts = append(o.accounts, a)
	}
}

// listAccounts lists the accounts that are directly in the organization, by default in the order in which they were
// added.
func (s *Server) listAccounts(c *call) response {
	withTags, tagsErr := boolParam(c.query, "include_tags", false)
	withTotal, totalErr := boolParam(c.query, "include_total", true)
	if err := cmp.Or(
		checkEnum(c.query, "order_by", "account_name"),
		checkEnum(c.query, "direction", "asc", "desc"),
		tagsErr, totalErr,
	); err != nil {
		return badRequest(err)
	}
	byName := textFilter(c.query, "name", anyCase)
	byPublicName := textFilter(c.query, "account_pubname", anyCase)
	matching := filter(c.organization.accounts, func(a *account) bool {
		return byName(a.name) && byPublicName(a.publicName)
	})
	if c.query.Has("order_by") { // direction has no effect without order_by
		slices.SortStableFunc(matching, func(a, b *account) int {
			if c.query.Get("direction") == "desc" {
				a, b = b, a
			}
			return cmp.Compare(a.name.lower, b.name.lower)
		})
	}
	wire := (*account).wire
	if withTags {
		wire = (*account).wireWithTags
	}
	return paginate(c, matching, wire, withTotal)
}

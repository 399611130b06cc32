// Package demo fills a demo server, the same way each time.
package demo

import (
	"cmp"
	"fmt"
	"strings"

	"example.com/cloudflare/cloudflaretest"
)

// Names that the commands' defaults for --demo and their tests rely on.
const (
	Root          = "Northwind Distribution" // above all others but Lab
	Lab           = "Northwind Lab"          // a root organization without anything in it
	Domain        = "northwind.example"      // of most members' email addresses
	Reseller      = "Alder Secure"           // below Root
	TwiceSame     = "Quarry Foods"           // two organizations, both below Reseller
	TwiceApart    = "Harbor Clinic"          // two organizations, below different resellers
	EmptyCustomer = "Tern Ceramics"          // below Reseller, with nothing in it
)

// Tree is what [Seed] made: 60 organizations on three levels, 300 accounts, 120 members.
type Tree struct {
	Organizations []Organization // each behind its parent
}

// Organization is one of the tree, with what it holds itself.
type Organization struct {
	ID, Name, ParentID string
	Level              int // 1 for a root
	Accounts           []Account
	Members            []Member
}

// Account is an account in an [Organization].
type Account struct {
	ID, Name string // one account has no name
}

// Member is a member of an [Organization].
type Member struct {
	ID string
	cloudflaretest.Member
}

// Named returns the organizations of that name.
func (t *Tree) Named(name string) []Organization {
	var named []Organization
	for _, o := range t.Organizations {
		if o.Name == name {
			named = append(named, o)
		}
	}
	return named
}

var resellers = []string{
	Reseller, "Birch & Sons IT", "Cedar Cloud", "Delta Netzwerke GmbH", "Elm Street Managed", "Fjord Sikkerhet AS",
	"Grupo Íñigo", "Hinoki システム",
}

var customers = []string{
	TwiceSame, TwiceSame, EmptyCustomer, TwiceApart, "Anchor Freight", "Basalt Works", "Bluebell Books",
	"Cobalt Dental", "Copper Kettle", TwiceApart, "Dockside Rentals", "Drift Media", "Ember Fitness", "Estuary Bank",
	"Falcon Couriers", "Fennel Kitchen", "Flint Legal", "Gable Homes", "Garnet Labs", "Granite Gym", "Hazel Garden",
	"Heron Travel", "Indigo Print", "Iris Optics", "Jasper Tools", "Juniper Toys", "Kelp Cosmetics", "Kiln Pottery",
	"Lantern Events", "Larch Timber", "Linden School", "Magpie Vintage", "Maple Bakery", "Marble Bath", "Nettle Tea",
	"Nimbus Weather", "Oak Insurance", "Ochre Paint", "Onyx Audio", "Osprey Drones", "Pebble Daycare", "Pine Pharmacy",
	"Quartz Watches", "Raven Security", "Reed Music", "Saffron Spice", "Slate Roofing", "Sparrow Mail", "Umber Café",
	"Willow Vet",
}

// Seed fills an empty server, with the same names, IDs and flaws each time.
func Seed(s *cloudflaretest.Server) *Tree {
	t := new(Tree)
	t.add(s, Root, "", 1)
	t.add(s, Lab, "", 1)
	for _, name := range resellers {
		t.add(s, name, t.Organizations[0].ID, 2)
	}
	for i, name := range customers {
		reseller := 2 // the first few belong together: see the names above
		if i > 3 {
			reseller += i % len(resellers)
		}
		t.add(s, name, t.Organizations[reseller].ID, 3)
	}
	t.addAccounts(s)
	t.addMembers(s)
	return t
}

func (t *Tree) add(s *cloudflaretest.Server, name, parentID string, level int) {
	t.Organizations = append(t.Organizations, Organization{
		ID: s.AddOrganization(name, parentID), Name: name, ParentID: parentID, Level: level,
	})
}

// stocked returns the organizations that are to hold something.
func (t *Tree) stocked() []*Organization {
	var all []*Organization
	for i := range t.Organizations {
		if o := &t.Organizations[i]; o.Name != Lab && o.Name != EmptyCustomer {
			all = append(all, o)
		}
	}
	return all
}

func (t *Tree) addAccounts(s *cloudflaretest.Server) {
	purposes := []string{"production", "staging", "DNS", "shop", "archive", "mail", "intranet"}
	holders := t.stocked()
	for i := range 300 {
		o := holders[i%len(holders)]
		a := cloudflaretest.Account{Name: o.Name + " " + purposes[i/len(holders)]}
		if i%10 == 0 {
			a.Type = "enterprise"
		}
		if i == 42 {
			a.Name = "" // the API allows for accounts without a name
		}
		o.Accounts = append(o.Accounts, Account{s.AddAccount(o.ID, a), a.Name})
	}
}

func (t *Tree) addMembers(s *cloudflaretest.Server) {
	first := []string{"Ada", "Bruno", "Chloé", "Dmitri", "Esther", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kemi", "Lea"}
	last := []string{"Adler", "Baptiste", "Castro", "Demir", "Eriksen", "Fischer", "Gupta", "Hughes", "Ito", "Jansen"}
	holders := t.stocked()
	for i := range 120 {
		o := holders[i%len(holders)]
		given, family := first[i%len(first)], last[i/len(first)]
		m := cloudflaretest.Member{
			Name:      given + " " + family,
			Email:     fmt.Sprintf("%s.%s@%s", strings.ReplaceAll(strings.ToLower(given), "é", "e"), strings.ToLower(family), Domain),
			TwoFactor: i%17 != 5,
		}
		switch {
		case i == 75: // somebody who is a member of two organizations
			m.Name, m.Email, m.TwoFactor = t.Organizations[0].Members[0].Name, t.Organizations[0].Members[0].Email, true
		case i%23 == 7:
			m.Status, m.TwoFactor = "pending", false
		case i == 60:
			m.Status = "canceled"
		case i == 90:
			m.Status = "rejected"
		case i%29 == 11:
			m.Email, _, _ = strings.Cut(m.Email, "@")
			m.Email += "@freelance.example"
		case i == 100:
			m.TwoFactorUnknown = true
		}
		m.Status = cmp.Or(m.Status, "active")
		o.Members = append(o.Members, Member{s.AddMember(o.ID, m), m})
	}
}

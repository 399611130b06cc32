// Quickstart is a tour of the seven operations: it creates, lists, reads, updates and deletes organizations, and
// writes and reads a profile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const usage = `Quickstart is a tour of the seven operations of the Organizations API.

Usage: quickstart [-live | -serve]

Without a flag it talks to a server of its own, over HTTP, and needs no account.

  -live   read the organizations of your account instead. Nothing is changed.
          The credential comes from CLOUDFLARE_API_TOKEN, or from CLOUDFLARE_API_KEY
          with CLOUDFLARE_EMAIL. Today the API documents a token for the list alone.
  -serve  keep the server open until Ctrl-C, with a few organizations, to look at
          with curl.
  -h      print this text

Exit codes: 0 done, 1 error, 2 bad usage, 130 interrupted.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	live, serve := flags.Bool("live", false, ""), flags.Bool("serve", false, "")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument: %s", flags.Arg(0))
		fmt.Fprintln(stderr, err)
	case *live && *serve:
		err = errors.New("-live and -serve do not go together")
		fmt.Fprintln(stderr, err)
	}
	if err != nil {
		fmt.Fprintln(stderr, "quickstart -h tells more.")
		return 2
	}

	tour, r := embeddedTour, &report{out: stdout}
	switch {
	case *live:
		tour = liveTour
	case *serve:
		tour = serveForCurl
	}
	err = tour(ctx, r)
	r.end()
	if err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
		if ctx.Err() != nil {
			return 130
		}
		return 1
	}
	return 0
}

// serveForCurl keeps a server open: what it answers is what the API would.
func serveForCurl(ctx context.Context, r *report) error {
	server := cloudflaretest.NewServer()
	defer server.Close()
	root := server.AddOrganization("Acme Group", "")
	server.AddOrganization("Europe", root)
	server.AddMember(root, cloudflaretest.Member{Email: "ada@example.com", TwoFactor: true})

	r.say("An embedded server is open until Ctrl-C. Try")
	for _, path := range []string{"/organizations?page_size=1", "/organizations/" + root, "/organizations/" + root + "/members", "/organizations/none"} {
		r.say("curl -H 'X-Auth-Email: %s' -H 'X-Auth-Key: %s' '%s%s'", cloudflaretest.Email, cloudflaretest.APIKey, server.URL, path)
	}
	r.end()
	<-ctx.Done()
	return nil
}

// embeddedTour shows every operation on a server in this process.
func embeddedTour(ctx context.Context, r *report) error {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client := server.Client()
	r.say("All seven operations, over HTTP, on an embedded server at %s", server.URL)

	r.step("Organizations.Create", "POST /organizations")
	orgs := map[string]*cloudflare.Organization{}
	for _, o := range []struct{ name, parent string }{
		{"Acme Group", ""},
		{"Europe", "Acme Group"}, {"Berlin", "Europe"}, {"Paris", "Europe"},
		{"Asia", "Acme Group"}, {"Tokyo", "Asia"},
	} {
		params := cloudflare.OrganizationCreateParams{Name: o.name}
		if o.parent != "" {
			params.ParentID = orgs[o.parent].ID
		}
		org, err := client.Organizations.Create(ctx, params)
		if err != nil {
			return err
		}
		orgs[o.name] = org
		r.row(org.Name, short(org.ID), org.CreateTime.Format(time.DateTime))
	}

	if _, err := r.list(ctx, client); err != nil {
		return err
	}
	if err := r.get(ctx, client, orgs["Berlin"].ID); err != nil {
		return err
	}

	r.step("Organizations.Update", "PUT /organizations/{id}")
	berlin, err := client.Organizations.Update(ctx, orgs["Berlin"].ID, cloudflare.OrganizationUpdateParams{Name: "Berlin & Potsdam"})
	if err != nil {
		return err
	}
	r.row("Berlin", "is now", berlin.Name)

	r.step("OrganizationProfile.Update", "PUT /organizations/{id}/profile")
	err = client.OrganizationProfile.Update(ctx, berlin.ID, cloudflare.OrganizationProfile{
		BusinessName:     "Acme Berlin GmbH",
		BusinessEmail:    "berlin@example.com",
		BusinessPhone:    "+49 30 555 0100",
		BusinessAddress:  "1 Example Platz, Berlin",
		ExternalMetadata: `{"crm": 4711}`,
	})
	if err != nil {
		return err
	}
	r.row(berlin.Name, "has a profile now")
	if err := r.profile(ctx, client, berlin.ID); err != nil {
		return err
	}

	r.step("Organizations.Delete", "DELETE /organizations/{id}")
	for _, name := range []string{"Asia", "Tokyo", "Asia"} {
		_, err := client.Organizations.Delete(ctx, orgs[name].ID)
		if refused, ok := errors.AsType[*cloudflare.Error](err); ok && len(refused.Errors) > 0 {
			r.row(name, "refused", refused.Errors[0].Message)
			continue
		}
		if err != nil {
			return err
		}
		r.row(name, "deleted")
	}

	if _, err := r.list(ctx, client); err != nil {
		return err
	}
	r.say("Done, in %d requests. To see your own organizations: go run ./examples/quickstart -live", len(server.Requests()))
	return nil
}

// liveTour reads from the real API.
func liveTour(ctx context.Context, r *report) error {
	client, err := cloudflare.NewClient()
	if err != nil {
		return err
	}
	return readTour(ctx, r, client)
}

func readTour(ctx context.Context, r *report, client *cloudflare.Client) error {
	r.say("Your organizations. Nothing is changed.")
	orgs, err := r.list(ctx, client)
	if err != nil || len(orgs) == 0 {
		return err
	}
	if err := r.get(ctx, client, orgs[0].ID); err != nil {
		return r.needsKey(err)
	}
	return r.needsKey(r.profile(ctx, client, orgs[0].ID))
}

// needsKey takes the refusal of a token for what it is: the list was the tour.
func (r *report) needsKey(err error) error {
	e, ok := errors.AsType[*cloudflare.Error](err)
	if !ok || e.StatusCode != http.StatusForbidden && e.StatusCode != http.StatusMethodNotAllowed {
		return err
	}
	r.row("refused", "details may need a global API key with its e-mail: "+err.Error())
	return nil
}

// report prints what a tour does, each step in columns of its own.
type report struct {
	out   io.Writer
	table *tabwriter.Writer // of the current step, nil before the first
}

func (r *report) say(format string, args ...any) {
	r.end()
	fmt.Fprintf(r.out, format+"\n\n", args...)
}

func (r *report) step(method, route string) {
	r.end()
	fmt.Fprintf(r.out, "%-28s %s\n", method, route)
	r.table = tabwriter.NewWriter(r.out, 0, 0, 3, ' ', 0)
}

// end prints the columns of the current step.
func (r *report) end() {
	if r.table != nil {
		r.table.Flush()
		fmt.Fprintln(r.out)
		r.table = nil
	}
}

func (r *report) row(cells ...string) {
	fmt.Fprintf(r.table, "  %s\n", printable(strings.Join(cells, "\t")))
}

// list prints all organizations as a tree. One whose parent is not to be seen stands on its own.
func (r *report) list(ctx context.Context, client *cloudflare.Client) ([]*cloudflare.Organization, error) {
	r.step("Organizations.All", "GET /organizations")
	var orgs []*cloudflare.Organization
	seen := map[string]bool{}
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{}) {
		if err != nil {
			return nil, err
		}
		orgs = append(orgs, org)
		seen[org.ID] = true
	}
	children := map[string][]*cloudflare.Organization{}
	for _, org := range orgs {
		parent := ""
		if org.Parent != nil && seen[org.Parent.ID] {
			parent = org.Parent.ID
		}
		children[parent] = append(children[parent], org)
	}
	drawn := map[string]bool{}
	var draw func(parent, indent string)
	draw = func(parent, indent string) {
		for i, org := range children[parent] {
			if drawn[org.ID] { // organizations in a circle
				continue
			}
			drawn[org.ID] = true
			branch, below := "├─ ", "│  "
			switch {
			case parent == "":
				branch, below = "", ""
			case i == len(children[parent])-1:
				branch, below = "└─ ", "   "
			}
			r.row(indent+branch+org.Name, short(org.ID))
			draw(org.ID, indent+below)
		}
	}
	draw("", "")
	for _, org := range orgs {
		if !drawn[org.ID] { // below nothing but each other
			children[""] = []*cloudflare.Organization{org}
			draw("", "")
		}
	}
	if len(orgs) == 0 {
		r.row("none")
	}
	return orgs, nil
}

func (r *report) get(ctx context.Context, client *cloudflare.Client, id string) error {
	r.step("Organizations.Get", "GET /organizations/{id}")
	org, err := client.Organizations.Get(ctx, id)
	if err != nil {
		return err
	}
	r.row("name", org.Name)
	r.row("id", org.ID)
	r.row("created", org.CreateTime.Format(time.DateTime))
	if org.Parent != nil {
		r.row("parent", org.Parent.Name)
	}
	r.row("may create accounts", org.Flags().AccountCreation)
	return nil
}

func (r *report) profile(ctx context.Context, client *cloudflare.Client, id string) error {
	r.step("OrganizationProfile.Get", "GET /organizations/{id}/profile")
	profile, err := client.OrganizationProfile.Get(ctx, id)
	switch {
	case errors.Is(err, cloudflare.ErrNotFound):
		r.row("none")
		return nil
	case err != nil:
		return err
	}
	r.row("name", profile.BusinessName)
	r.row("e-mail", profile.BusinessEmail)
	r.row("phone", profile.BusinessPhone)
	r.row("address", profile.BusinessAddress)
	r.row("metadata", profile.ExternalMetadata)
	return nil
}

// short is enough of an ID to tell a few apart.
func short(id string) string { return id[:min(len(id), 8)] + "…" }

// printable drops what could move a terminal's cursor: names come from other people.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}

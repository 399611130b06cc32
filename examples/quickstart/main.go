// Quickstart is a tour of the seven operations on organizations and profiles, on an in-memory API.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func main() {
	log.SetFlags(0)
	live := flag.Bool("live", false, "read the organizations of the credential in the environment, and change nothing")
	serve := flag.Bool("serve", false, "serve the in-memory API at 127.0.0.1:8999 to other programs until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	var err error
	switch {
	case flag.NArg() > 0 || *live && *serve:
		flag.Usage()
		os.Exit(2)
	case *live:
		var client *cloudflare.Client
		if client, err = cloudflare.NewClient(); err == nil { // the credential comes from the environment
			err = read(ctx, client)
		}
	default:
		server := cloudflaretest.NewServer()
		if *serve {
			err = serveAPI(ctx, server, "127.0.0.1:8999")
		} else {
			err = tour(ctx, server.Client())
		}
	}
	if err != nil {
		log.Fatal(err)
	}
}

// tour calls each of the seven operations.
func tour(ctx context.Context, client *cloudflare.Client) error {
	step("Organizations.Create", "POST /organizations")
	ids := map[string]string{} // by name
	for _, o := range []struct{ name, parent string }{
		{"Example Group", ""}, {"Europe", "Example Group"}, {"Berlin", "Europe"}, {"Asia", "Example Group"}, {"Tokyo", "Asia"},
	} {
		org, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: o.name, ParentID: ids[o.parent]})
		if err != nil {
			return err
		}
		ids[org.Name] = org.ID
		fmt.Println(" ", org.Name)
	}

	if _, err := list(ctx, client); err != nil {
		return err
	}

	step("Organizations.Update", "PUT /organizations/{organization_id}")
	org, err := client.Organizations.Update(ctx, ids["Berlin"], cloudflare.OrganizationUpdateParams{Name: "Berlin & Potsdam"})
	if err != nil {
		return err
	}
	fmt.Println("  Berlin is now", org.Name)

	step("OrganizationProfile.Update", "PUT /organizations/{organization_id}/profile")
	err = client.OrganizationProfile.Update(ctx, org.ID, cloudflare.OrganizationProfile{
		BusinessName:    "Example Berlin GmbH",
		BusinessEmail:   "berlin@example.com",
		BusinessPhone:   "+49 30 555 0100",
		BusinessAddress: "1 Example Platz, Berlin",
	})
	if err != nil {
		return err
	}
	fmt.Println(" ", org.Name, "has a profile")

	if err := get(ctx, client, org.ID); err != nil {
		return err
	}

	step("Organizations.Delete", "DELETE /organizations/{organization_id}")
	for _, name := range []string{"Asia", "Tokyo", "Asia"} {
		_, err := client.Organizations.Delete(ctx, ids[name])
		if e, ok := errors.AsType[*cloudflare.Error](err); ok && e.StatusCode == http.StatusConflict && len(e.Errors) > 0 {
			fmt.Printf("  %s is not deleted: %s\n", name, e.Errors[0].Message)
			continue
		}
		if err != nil {
			return err
		}
		fmt.Printf("  %s is deleted\n", name)
	}

	_, err = list(ctx, client)
	return err
}

// read calls the operations that change nothing.
func read(ctx context.Context, client *cloudflare.Client) error {
	first, err := list(ctx, client)
	if err != nil || first == "" {
		return err
	}
	return get(ctx, client, first)
}

// list prints all organizations, and returns the ID of the first one. It returns an empty ID if there are none.
func list(ctx context.Context, client *cloudflare.Client) (first string, err error) {
	step("Organizations.All", "GET /organizations")
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{}) {
		if err != nil {
			return "", err
		}
		if first == "" {
			first = org.ID
		}
		if org.Parent == nil {
			fmt.Printf("  %q\n", org.Name)
		} else {
			fmt.Printf("  %q in %q\n", org.Name, org.Parent.Name)
		}
	}
	if first == "" {
		fmt.Println("  no organizations")
	}
	return first, nil
}

// get prints an organization and its profile.
func get(ctx context.Context, client *cloudflare.Client, id string) error {
	step("Organizations.Get", "GET /organizations/{organization_id}")
	org, err := client.Organizations.Get(ctx, id)
	if err != nil {
		return err
	}
	fmt.Printf("  %q, created %s\n", org.Name, org.CreateTime.Format(time.DateTime))

	step("OrganizationProfile.Get", "GET /organizations/{organization_id}/profile")
	profile, err := client.OrganizationProfile.Get(ctx, id)
	if errors.Is(err, cloudflare.ErrNotFound) {
		fmt.Println("  no profile")
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Printf("  %q, %q, %q, %q\n", profile.BusinessName, profile.BusinessEmail, profile.BusinessPhone, profile.BusinessAddress)
	return nil
}

// step prints the method and the operation that come next.
func step(method, operation string) { fmt.Printf("\n%-28s %s\n", method, operation) }

// serveAPI adds a few organizations, and serves the in-memory API until ctx ends. It prints how other programs use it.
func serveAPI(ctx context.Context, server *cloudflaretest.Server, address string) error {
	server.KeepRequests(0)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	root := server.AddOrganization("Example Group", "")
	server.AddOrganization("Europe", root)
	server.AddOrganization("Asia", root)
	fmt.Printf(`The in-memory API is open until Ctrl-C. To use it in another terminal:

export CLOUDFLARE_BASE_URL=%s
export CLOUDFLARE_EMAIL=%s
export CLOUDFLARE_API_KEY=%s
unset CLOUDFLARE_API_TOKEN

curl -H "X-Auth-Email: $CLOUDFLARE_EMAIL" -H "X-Auth-Key: $CLOUDFLARE_API_KEY" "$CLOUDFLARE_BASE_URL/organizations"
`, "http://"+listener.Addr().String()+"/client/v4", cloudflaretest.Email, cloudflaretest.APIKey)

	outer := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { outer.Close() })
	if err := outer.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

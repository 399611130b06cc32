package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
)

func Example() {
	main()
	// Output:
	// Organizations.Create         POST /organizations
	//   Example Group
	//   Europe
	//   Berlin
	//   Asia
	//   Tokyo
	//
	// Organizations.All            GET /organizations
	//   "Example Group"
	//   "Europe" in "Example Group"
	//   "Berlin" in "Europe"
	//   "Asia" in "Example Group"
	//   "Tokyo" in "Asia"
	//
	// Organizations.Update         PUT /organizations/{organization_id}
	//   Berlin is now Berlin & Potsdam
	//
	// OrganizationProfile.Update   PUT /organizations/{organization_id}/profile
	//   Berlin & Potsdam has a profile
	//
	// Organizations.Get            GET /organizations/{organization_id}
	//   "Berlin & Potsdam", created 2026-01-01 00:00:03
	//
	// OrganizationProfile.Get      GET /organizations/{organization_id}/profile
	//   "Example Berlin GmbH", "berlin@example.com", "+49 30 555 0100", "1 Example Platz, Berlin"
	//
	// Organizations.Delete         DELETE /organizations/{organization_id}
	//   Asia is not deleted: organization is not empty: it has sub-organizations
	//   Tokyo is deleted
	//   Asia is deleted
	//
	// Organizations.All            GET /organizations
	//   "Example Group"
	//   "Europe" in "Example Group"
	//   "Berlin & Potsdam" in "Europe"
}

// The flag -live calls read. A name cannot move the cursor of the terminal.
func Example_read() {
	server := cloudflaretest.NewServer()
	fmt.Println(read(context.Background(), server.Client()))
	server.AddOrganization("Example\x1b[2J", "")
	fmt.Println(read(context.Background(), server.Client()))
	for _, request := range server.Requests() {
		if request.Method != http.MethodGet {
			fmt.Println("not a read:", request.Method)
		}
	}
	// Output:
	// Organizations.All            GET /organizations
	//   no organizations
	// <nil>
	//
	// Organizations.All            GET /organizations
	//   "Example\x1b[2J"
	//
	// Organizations.Get            GET /organizations/{organization_id}
	//   "Example\x1b[2J", created 2026-01-01 00:00:01
	//
	// OrganizationProfile.Get      GET /organizations/{organization_id}/profile
	//   no profile
	// <nil>
}

// TestServe runs what the flag -serve prints in a shell.
func TestServe(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	read, write, err := os.Pipe()
	require.NoError(t, err)
	stdout := os.Stdout
	os.Stdout = write
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- serveAPI(ctx, cloudflaretest.NewServer(), "127.0.0.1:0") }()
	printed := make([]byte, 4096) // serveAPI prints once
	n, err := read.Read(printed)
	require.NoError(t, err)
	os.Stdout = stdout

	_, commands, found := strings.Cut(string(printed[:n]), "\n\n")
	require.True(t, found, "%s", printed)
	output, err := exec.Command("sh", "-c", commands).Output()
	require.NoError(t, err)
	assert.Contains(t, string(output), `"name":"Europe"`)
	stop()
	assert.NoError(t, <-served)
}

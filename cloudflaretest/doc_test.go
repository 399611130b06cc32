package cloudflaretest_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestOnboardTwoTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cloudflaretest.NewServer().ForTest(t) // the test fails if a fault never happens
		server.AddKey("ann-key", "ann@example.com")
		server.AddKey("bob-key", "bob@example.com")
		server.FailNext("POST /organizations", cloudflaretest.RateLimited(20*time.Second))

		start := time.Now()
		for _, tenant := range []string{"ann", "bob"} {
			client := server.Client(cloudflare.WithAPIKey(tenant+"-key", tenant+"@example.com"))
			if err := onboard(t.Context(), client, tenant); err != nil { // your own code
				t.Fatal(err)
			}
		}
		if waited := time.Since(start); waited < 20*time.Second {
			t.Errorf("waited only %s of 20 seconds", waited) // in virtual time
		}
		var senders []string
		for _, request := range server.Requests() {
			senders = append(senders, request.Email)
		}
		if want := []string{"ann@example.com", "ann@example.com", "bob@example.com"}; !slices.Equal(senders, want) {
			t.Errorf("the requests came from %q, not from %q", senders, want)
		}
	})
}

// onboard is the code under test.
func onboard(ctx context.Context, client *cloudflare.Client, name string) error {
	_, err := client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: name})
	return err
}

// TestDocumentation checks that the example of the package documentation is the test above.
func TestDocumentation(t *testing.T) {
	documentation, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	source, err := os.ReadFile("doc_test.go")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(documentation), "\n//\n//\t")
	require.True(t, found)
	example, _, found = strings.Cut(example, "\n//\n// ")
	require.True(t, found)
	example = strings.ReplaceAll(strings.ReplaceAll(example, "\n//\t", "\n"), "\n//\n", "\n\n")
	assert.Contains(t, string(source), "\n"+example+"\n")
	assert.Contains(t, example, "ForTest(t)")
}

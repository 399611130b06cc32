package blackbox

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// However a Credential is printed, no part of it shows.
func TestCredentialsArePrintedRedacted(t *testing.T) {
	type holder struct {
		credential cloudflare.Credential
		Exported   cloudflare.Credential
		pointer    *cloudflare.Credential
	}
	token, key := cloudflare.TokenCredential(canaryToken), cloudflare.KeyCredential(canaryKey, canaryEmail)
	for name, v := range map[string]any{
		"a token": token, "a key": key, "a pointer": &token,
		"in a struct": holder{token, key, &key}, "in a pointer to a struct": &holder{token, key, &key},
		"in a slice": []cloudflare.Credential{token, key}, "in a map": map[string]cloudflare.Credential{"a": token},
		"in an error": fmt.Errorf("bad: %v %+v %#v %s %q %d", token, key, token, key, token, key),
		"the option":  cloudflare.WithCredentialSource(inTurn(token)),
	} {
		requireNoCanary(t, name, v)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %[1]v"} {
		assert.Contains(t, fmt.Sprintf(verb, token), "[redacted]", verb)
	}
	asJSON, err := json.Marshal(map[string]any{"credential": token})
	require.NoError(t, err)
	assert.Equal(t, `{"credential":"[redacted]"}`, string(asJSON))
	asXML, err := xml.Marshal(key)
	require.NoError(t, err)
	assert.Equal(t, "<Credential>[redacted]</Credential>", string(asXML))
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "credential", token)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "credential", key)
	assert.Equal(t, 2, strings.Count(logged.String(), "[redacted]"), "%s", &logged)
}

// A client with a source holds no credential where a printer reaches it, also after requests.
func TestNoPrinterReachesASourcesCredential(t *testing.T) {
	for name, credential := range map[string]cloudflare.Credential{
		"token": cloudflare.TokenCredential(canaryToken), "key": cloudflare.KeyCredential(canaryKey, canaryEmail),
	} {
		client, err := cloudflare.NewClient(cloudflare.WithCredentialSource(inTurn(credential)),
			cloudflare.WithHTTPClient(&http.Client{Transport: respondWith(200, `{"success":true,"result":`+anOrganization+`}`)}))
		require.NoError(t, err)
		_, err = client.Organizations.Get(t.Context(), "o1")
		require.NoError(t, err)
		requireNoCanary(t, name, client)
		requireNoCanary(t, name, client.Organizations)
	}
}

// A source is the credential of a client: it switches the environment off, and must be the only one.
func TestCredentialSourceOptions(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "a token with spaces")
	source := cloudflare.WithCredentialSource(inTurn(cloudflare.TokenCredential("token")))
	_, err := cloudflare.NewClient(source)
	assert.NoError(t, err)
	for name, test := range map[string]struct {
		opts []cloudflare.Option
		text string
	}{
		"nil":        {[]cloudflare.Option{cloudflare.WithCredentialSource(nil)}, "WithCredentialSource: the source is nil"},
		"twice":      {[]cloudflare.Option{source, source}, "WithCredentialSource and WithCredentialSource: only one credential can be sent"},
		"with token": {[]cloudflare.Option{cloudflare.WithAPIToken("t"), source}, "WithAPIToken and WithCredentialSource: only one credential can be sent"},
		"with key":   {[]cloudflare.Option{source, cloudflare.WithAPIKey("k", "a@b")}, "WithCredentialSource and WithAPIKey: only one credential can be sent"},
	} {
		_, err := cloudflare.NewClient(test.opts...)
		require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name)
		assert.ErrorContains(t, err, test.text, name)
	}
}

package fields_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/fields"
)

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fields.json")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

func TestEdits(t *testing.T) {
	var edits fields.Edits
	require.NoError(t, edits.Set("@"+file(t, `{"business_name":"A","business_phone":"1","external_metadata":"="}`)))
	require.NoError(t, edits.Set("business_phone=2=3"))
	p := cloudflare.OrganizationProfile{BusinessName: "A", BusinessEmail: "a@example.com"}
	changes := edits.Apply(&p)
	assert.Equal(t, cloudflare.OrganizationProfile{
		BusinessName: "A", BusinessEmail: "a@example.com", BusinessPhone: "2=3", ExternalMetadata: "=",
	}, p)
	assert.Equal(t, []fields.Change{{Field: "external_metadata", To: "="}, {Field: "business_phone", To: "2=3"}}, changes)
	assert.Equal(t, `business_phone "" -> "2=3"`, changes[1].String())
	assert.Empty(t, edits.Apply(&p))
}

func TestEditsNameTheField(t *testing.T) {
	for content, want := range map[string]string{
		`{"business_phone": 5}`:                      `/business_phone`,
		`{"business_name":"A","business_phone":[1]}`: `/business_phone`,
		`{"business_phone":null}`:                    "business_phone must be a string, not null",
		`{"business_fax":"1"}`:                       `"business_fax" is not one of business_name, `,
		`{"business_name":"A","business_name":"B"}`:  `"business_name"`,
		`{"business_name":"A",}`:                     "offset",
		`["A"]`:                                      "JSON array",
		"":                                           "unexpected EOF",
	} {
		var edits fields.Edits
		err := edits.Set("@" + file(t, content))
		assert.ErrorContains(t, err, want, content)
		assert.ErrorContains(t, err, "fields.json: ", content)
	}
	for text, want := range map[string]string{
		"business_name":  "must be field=value or @file",
		"name=x":         `"name" is not one of business_name`,
		"@/no/such/file": "no such file",
	} {
		var edits fields.Edits
		assert.ErrorContains(t, edits.Set(text), want)
	}
}

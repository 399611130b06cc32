package contract_test

import (
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// acceptsToken reports whether an operation accepts an API token. Each operation accepts a global API key.
func (op contractOperation) acceptsToken() bool { return len(*op.Security) == 2 }

// extension returns a text of an operation that begins with x-, or "".
func (op contractOperation) extension(name string) string {
	text, _ := op.Extensions[name].(string)
	return text
}

func TestSecurity(t *testing.T) {
	key := openapi3.SecurityRequirement{"key": {}, "email": {}}
	for _, op := range contractOperations(t) {
		want := openapi3.SecurityRequirements{key}
		if op.acceptsToken() {
			want = append(want, openapi3.SecurityRequirement{"token": {}})
		} else {
			assert.Empty(t, op.extension("x-permission")+op.extension("x-user"), op.name)
		}
		assert.Equal(t, want, *op.Security, op.name)
	}
}

// The comment of each method that calls one operation says which credentials api.yaml accepts for it. Tests of the
// client compare these comments with the descriptions of its operations.
func TestCredentialsInComments(t *testing.T) {
	operations := operationsByName(t)
	for _, m := range clientMethods(t) {
		op, ok := operations[m.operation]
		if !ok { // TestOperations reports an operation that api.yaml lacks
			continue
		}
		want := []string{"a global API key."}
		switch permission := op.extension("x-permission"); {
		case permission != "":
			want = []string{"a global API key, or an API token with the permission " + permission + "."}
		case op.extension("x-user") != "":
			want = []string{"a global API key, or an API token, of the user who was invited."}
		case op.acceptsToken():
			want = []string{
				"a global API key, or an API token.",
				"a global API key, or an API token. The API does not document which permission the token needs.",
			}
		}
		_, credential, found := strings.Cut(strings.ReplaceAll(m.comment, "\n", " "), "Credential: ")
		credential, _, _ = strings.Cut(credential, "  API: ")
		assert.True(t, found, m)
		assert.Contains(t, want, credential, m)
	}
}

// docs/credentials.md has the table of credentials as api.yaml gives it. If this test fails, copy the table that it
// prints.
func TestCredentialTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/credentials.md")
	require.NoError(t, err)
	table := credentialTable(t)
	assert.True(t, strings.HasSuffix(string(page), "\n\n"+table), "docs/credentials.md must end in this table:\n%s", table)
	assert.Equal(t, 1, strings.Count(string(page), "| API token |"))
}

// credentialTable returns a table with a row for each service and credential. Neighbors whose token needs the same are
// one row.
func credentialTable(t *testing.T) string {
	operations := operationsByName(t)
	type row struct{ service, methods, token string }
	var rows []row
	for _, m := range clientMethods(t) {
		op, ok := operations[m.operation]
		if !ok {
			continue
		}
		token := op.tokenInWords()
		into := -1
		for i, r := range rows {
			if r.service == m.service && r.token == token {
				into = i
			}
		}
		switch {
		case into >= 0:
			rows[into].methods += ", `" + m.name + "`"
		case len(rows) > 0 && rows[len(rows)-1].token == token && token != "no":
			last := &rows[len(rows)-1]
			last.methods, last.service = last.methods+", `"+m.String()+"`", m.service
		default:
			rows = append(rows, row{m.service, "`" + m.String() + "`", token})
		}
	}
	var table strings.Builder
	table.WriteString("| methods | API token |\n|---|---|\n")
	for _, r := range rows {
		table.WriteString("| " + r.methods + " | " + r.token + " |\n")
	}
	return table.String()
}

func (op contractOperation) tokenInWords() string {
	permission, user := op.extension("x-permission"), op.extension("x-user")
	switch {
	case !op.acceptsToken():
		return "no"
	case permission != "":
		return "yes, with " + permission
	case user != "":
		return "yes, a token of " + user
	default:
		return "yes, the permission is not documented"
	}
}

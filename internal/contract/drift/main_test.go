package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The first run writes the file. Then a changed enum, a new path and a changed text give two lines.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "operations.txt")
	drift := func(schema string, args ...string) (differences int, out string, err error) {
		var b bytes.Buffer
		differences, err = run(t.Context(), append([]string{"-operations", file}, args...), strings.NewReader(schema), &b)
		return differences, b.String(), err
	}
	_, _, err := drift(aSchema)
	require.ErrorIs(t, err, os.ErrNotExist)

	differences, out, err := drift(aSchema, "-update", "-source", "the\nschema of a test")
	require.NoError(t, err)
	assert.Zero(t, differences)
	assert.Equal(t, "added GET /organizations\nadded PUT /organizations/{organization_id}\n", out)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Regexp(t, `^# Written by .*
# source: the schema of a test
# date: `+time.Now().UTC().Format(time.DateOnly)+`
GET /organizations [0-9a-f]{32}
PUT /organizations/\{organization_id\} [0-9a-f]{32}
$`, string(written))

	differences, out, err = drift(aSchema)
	require.NoError(t, err)
	assert.Zero(t, differences)
	assert.Empty(t, out)

	changed := strings.NewReplacer(
		`"pending"`, `"pending", "canceled"`,
		`"/zones"`, `"/organizations/{organization_id}/roles": {"get": {"responses": {}}}, "/zones"`,
		`"Its name"`, `"The name of a thing"`,
	).Replace(aSchema)
	want := "changed GET /organizations\nadded GET /organizations/{organization_id}/roles\n"
	differences, out, err = drift(changed)
	require.NoError(t, err)
	assert.Equal(t, 2, differences)
	assert.Equal(t, want, out)
	same, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(written), string(same), "only an update writes the file")

	differences, out, err = drift(changed, "-update")
	require.NoError(t, err)
	assert.Zero(t, differences)
	assert.Equal(t, want, out)
	_, out, err = drift(changed)
	require.NoError(t, err)
	assert.Empty(t, out)
}

func TestInvalidRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "operations.txt")
	require.NoError(t, os.WriteFile(file, []byte("# a comment\n\nGET /organizations\n"), 0o600))
	_, err := run(t.Context(), []string{"-operations", file}, strings.NewReader(aSchema), new(bytes.Buffer))
	assert.ErrorContains(t, err, "operations.txt:3: line must be METHOD PATH HASH")
	_, err = run(t.Context(), []string{"schema.json"}, strings.NewReader(aSchema), new(bytes.Buffer))
	assert.ErrorContains(t, err, "unexpected argument")
	_, err = run(t.Context(), []string{"-operations", file, "-update"}, strings.NewReader("{}"), new(bytes.Buffer))
	assert.ErrorContains(t, err, "no paths")
}

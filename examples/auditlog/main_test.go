package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func Example() {
	main()
	// Output:
	// shipped 1000 entries, failed: true
	// shipped 501 entries, failed: false
	// shipped 1 entries, failed: false
	// shipped 1 entries, failed: false
}

// destination fails when it has received as many entries as it has room for.
type destination struct {
	bytes.Buffer
	room int
}

func (d *destination) Write(p []byte) (int, error) {
	if d.room--; d.room < 0 {
		return 0, errors.New("the destination is full")
	}
	return d.Buffer.Write(p)
}

// Wherever a page or the destination fails, the runs together ship each entry once, in order.
func TestEveryEntryIsShippedOnce(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id, noon := server.AddOrganization("Example, Inc.", ""), time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	var want []string
	for n := range 3500 {
		want = append(want, server.AddAuditLog(id, cloudflaretest.AuditLog{Time: noon.Add(time.Duration(n/3) * time.Second)}))
	}
	client := server.Client(cloudflare.WithMaxRetries(0))
	file := filepath.Join(t.TempDir(), "checkpoint")
	var out destination
	failed := 0
	for failing := true; failing; {
		out.room = []int{0, 1, 700, 5000}[failed%4]
		if failed < 4 && out.room == 5000 {
			server.Fail(2, cloudflaretest.Status(http.StatusForbidden, nil, "")) // the second page
		}
		if failing = ship(t.Context(), client, id, file, noon.Add(time.Hour), &out) != nil; failing {
			failed++
		}
	}
	assert.Equal(t, 7, failed)
	var got []string
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var entry cloudflare.AuditLog
		require.NoError(t, decoder.Decode(&entry))
		got = append(got, entry.ID)
	}
	assert.Equal(t, want, got)
}

// An entry without an ID or without a time is shipped once, also if another entry is equal to it. An ID is the same in
// any case.
func TestEntriesWithoutAnIDAreShippedOnce(t *testing.T) {
	const at, later = `"action":{"time":"2026-03-01T12:00:00Z"}`, `"action":{"time":"2026-03-01T12:01:00Z"}`
	server := cloudflaretest.NewServer().ForTest(t)
	id, noon := server.AddOrganization("Example, Inc.", ""), time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "checkpoint")
	for run, want := range []struct{ log, shipped string }{
		{``, ``},
		{`{` + at + `}`, `{"id":"",` + at + "}\n"},
		{
			`{` + at + `},{` + at + `},{` + later + `},{"id":"A"},{"id":"B",` + later + `}`,
			`{"id":"",` + at + "}\n" + `{"id":"",` + later + "}\n" + `{"id":"A"}` + "\n" + `{"id":"B",` + later + "}\n",
		},
		{`{` + at + `},{` + at + `},{` + later + `},{"id":"A"},{"id":"b",` + later + `}`, ``},
		{`{` + at + `},{` + at + `},{` + later + `},{"id":"a"},{"id":"B",` + later + `},{"id":"c"}`, `{"id":"c"}` + "\n"},
	} {
		server.Fail(1, cloudflaretest.Status(http.StatusOK, nil, `{"success":true,"result":[`+want.log+`]}`))
		var out bytes.Buffer
		require.NoError(t, ship(t.Context(), server.Client(), id, file, noon.Add(time.Hour), &out))
		assert.Equal(t, want.shipped, out.String(), "run %d", run)
	}
}

// A checkpoint that cannot be written whole does not take the place of the one before.
func TestFullDiskKeepsTheCheckpoint(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	server := cloudflaretest.NewServer().ForTest(t)
	id, noon := server.AddOrganization("Example, Inc.", ""), time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	server.AddAuditLog(id, cloudflaretest.AuditLog{Time: noon})
	file := filepath.Join(t.TempDir(), "checkpoint")
	require.NoError(t, ship(t.Context(), server.Client(), id, file, noon.Add(time.Hour), new(bytes.Buffer)))
	before, err := os.ReadFile(file)
	require.NoError(t, err)

	server.AddAuditLog(id, cloudflaretest.AuditLog{Time: noon.Add(time.Minute)})
	require.NoError(t, os.Symlink("/dev/full", file+".new"))
	require.ErrorContains(t, ship(t.Context(), server.Client(), id, file, noon.Add(time.Hour), new(bytes.Buffer)), "no space left")
	info, err := os.Lstat(file)
	require.NoError(t, err)
	require.True(t, info.Mode().IsRegular(), "the checkpoint was replaced")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestAnEmptyLogIsNoError(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	id := server.AddOrganization("Example, Inc.", "")
	file := filepath.Join(t.TempDir(), "checkpoint")
	var out bytes.Buffer
	require.NoError(t, ship(t.Context(), server.Client(), id, file, time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC), &out))
	assert.Empty(t, out.String())
	assert.FileExists(t, file)
}

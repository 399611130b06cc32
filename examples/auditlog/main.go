// Auditlog ships an audit log as JSON lines, with a checkpoint in a file. After a crash it may ship an entry twice.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const overlap = 10 * time.Minute // is read again in each run, because an entry may be recorded late

type checkpoint struct {
	Since   time.Time            // the next run begins here
	Shipped map[string]time.Time // times of the entries since then, by ID
}

func ship(ctx context.Context, client *cloudflare.Client, organizationID, file string, before time.Time, out io.Writer) error {
	at := checkpoint{Since: before.AddDate(0, 0, -1), Shipped: map[string]time.Time{}} // for the first run
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = []byte("{}"), nil
	}
	if err = cmp.Or(err, json.Unmarshal(data, &at)); err != nil {
		return err
	}
	params := cloudflare.AuditLogListParams{Since: at.Since, Before: before, Direction: cloudflare.DirectionAscending}
	for entry, listErr := range client.OrganizationAuditLogs.All(ctx, organizationID, params) {
		if err = listErr; err != nil {
			break // the checkpoint is still saved, so the next run continues here
		}
		if _, again := at.Shipped[entry.ID]; again {
			continue
		}
		if err = json.NewEncoder(out).Encode(entry); err != nil {
			break
		}
		at.Shipped[entry.ID] = entry.Action.Time
		if since := entry.Action.Time.Add(-overlap); since.After(at.Since) {
			at.Since = since
		}
	}
	maps.DeleteFunc(at.Shipped, func(_ string, t time.Time) bool { return t.Before(at.Since) })
	data, saveErr := json.Marshal(at)
	if saveErr = cmp.Or(saveErr, os.WriteFile(file+".new", data, 0o600)); saveErr == nil {
		saveErr = os.Rename(file+".new", file) // only a complete file takes its place
	}
	return errors.Join(err, saveErr)
}

func main() {
	server := cloudflaretest.NewServer() // in place of a real account
	id, noon := server.AddOrganization("Example, Inc.", ""), time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	for n := range 1500 { // two pages
		server.AddAuditLog(id, cloudflaretest.AuditLog{Time: noon.Add(time.Duration(n) * time.Second)})
	}
	server.Fail(2, cloudflaretest.Status(http.StatusBadGateway, nil, "")) // the second page
	client := server.Client(cloudflare.WithMaxRetries(0))                 // with a real account: cloudflare.NewClient()
	file := filepath.Join(os.TempDir(), fmt.Sprintf("auditlog-%d.json", os.Getpid()))
	defer os.Remove(file)
	for range 4 { // a real program runs every few minutes
		var out bytes.Buffer
		err := ship(context.Background(), client, id, file, noon.Add(time.Hour), &out)
		fmt.Printf("shipped %d entries, failed: %t\n", bytes.Count(out.Bytes(), []byte("\n")), err != nil)
		server.AddAuditLog(id, cloudflaretest.AuditLog{Time: noon.Add(24 * time.Minute)}) // recorded late
	}
}

// Auditlog ships an audit log as JSON lines, with a checkpoint in a file. After a crash it may ship an entry twice.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const overlap = 10 * time.Minute // is read again in each run, because an entry may be recorded late

type checkpoint struct {
	Since   time.Time            // the next run begins here
	Shipped map[string]time.Time // times of the entries since then, by what key returns
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
	latest, alike := at.Since, map[string]int{}
	for entry, listErr := range client.OrganizationAuditLogs.All(ctx, organizationID, params) {
		if err = listErr; err != nil {
			break // the checkpoint is still saved, so the next run continues here
		}
		var line []byte
		if line, err = json.Marshal(entry); err != nil {
			break
		}
		id := key(entry, line, alike)
		if _, again := at.Shipped[id]; again {
			continue
		}
		if _, err = out.Write(append(line, '\n')); err != nil {
			break
		}
		if t := entry.Action.Time; !t.IsZero() { // the API may omit it
			latest = t
		}
		at.Shipped[id] = latest
		if since := latest.Add(-overlap); since.After(at.Since) {
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

// key identifies an entry by its ID. The API may omit the ID: then the key is a hash of the line, with the number of
// lines alike that this run has read, because two entries can be equal.
func key(entry *cloudflare.AuditLog, line []byte, alike map[string]int) string {
	if entry.ID == "" {
		hash := fmt.Sprintf("%x", sha256.Sum256(line))
		alike[hash]++
		return fmt.Sprintf("%s %d", hash, alike[hash])
	}
	return strings.Map(func(r rune) rune { // the case of ASCII letters does not matter in an ID
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, entry.ID)
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

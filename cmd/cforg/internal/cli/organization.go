package cli

import (
	"context"
	"fmt"
	"strings"

	"example.com/cloudflare"
)

// OrganizationID returns the ID of the organization that s is the ID or the exact name of. No organization of that name
// and several of them are errors with ExitRefused.
func OrganizationID(ctx context.Context, client *cloudflare.Client, s string) (string, error) {
	if id := Fold(s); IsID(id) {
		return id, nil
	}
	var ids []string
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{Name: s}) {
		if err != nil {
			return "", err
		}
		if org.Name == s {
			ids = append(ids, org.ID)
		}
	}
	switch len(ids) {
	case 0:
		return "", Refused(fmt.Errorf("no organization is named %q", s))
	case 1:
		return ids[0], nil
	}
	return "", Refused(fmt.Errorf("%d organizations are named %q; use one of the IDs %s", len(ids), s, strings.Join(ids, ", ")))
}

// IsID reports whether s has the form of an ID of the API, which no name is likely to have.
func IsID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

package profiles

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

// sampleFile adds to the 60 organizations of the demo server, so that there are 500, and gives some of them a profile. It
// returns the name of a CSV file with a row for each, of which 7 are wrong.
func sampleFile(t *testing.T, w *clitest.World) string {
	t.Helper()
	for i := range 440 {
		w.AddOrganization(fmt.Sprintf("Shop %03d", i+1), w.Tree.Organizations[0].ID)
	}

	var file bytes.Buffer
	rows := csv.NewWriter(&file)
	rows.Write([]string{idColumn, "business_name", "business_email", "business_phone"}) // a buffer takes everything
	var last string
	line := 1
	client := w.Client()
	for org, err := range client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}) {
		require.NoError(t, err)
		line++
		profile := cloudflare.OrganizationProfile{
			BusinessName:    org.Name,
			BusinessEmail:   fmt.Sprintf("office%03d@%s", line, demo.Domain),
			BusinessPhone:   fmt.Sprintf("+1 555 %04d", line),
			BusinessAddress: fmt.Sprintf("%d Main Street", line), // has no column, and so must stay
		}
		record := []string{org.ID, profile.BusinessName, profile.BusinessEmail, profile.BusinessPhone}
		switch line {
		case 60:
			record = record[:3]
		case 120:
			record[0] = ""
		case 180:
			record[0] = org.Name
		case 240:
			record[0] = strings.Repeat("0", 32) // no organization has this ID
		case 300:
			record = []string{org.ID, "", "", ""}
		case 360:
			record[0] = last
		}
		rows.Write(record)
		last = org.ID

		switch line % 10 {
		case 3: // as the file says
		case 4:
			profile.BusinessPhone = "+1 555 000"
		default:
			continue
		}
		require.NoError(t, client.OrganizationProfile.Update(t.Context(), org.ID, profile))
	}
	rows.Flush()
	return csvFile(t, file.String())
}

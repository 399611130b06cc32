package profiles

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
)

// stock adds to the 60 organizations of the demo server, so that there are 500, and gives some of them a profile. It
// returns a CSV file with a row for each, of which 7 are wrong.
func stock(ctx context.Context, server *cloudflaretest.Server, client *cloudflare.Client) (sample []byte, err error) {
	rootID, err := cli.OrganizationID(ctx, client, demo.Root)
	if err != nil {
		return nil, err
	}
	for i := range 440 {
		server.AddOrganization(fmt.Sprintf("Shop %03d", i+1), rootID)
	}

	var file bytes.Buffer
	w := csv.NewWriter(&file)
	w.Write([]string{idColumn, "business_name", "business_email", "business_phone"}) // a buffer takes everything
	var last string
	line := 1
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{}) {
		if err != nil {
			return nil, err
		}
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
		w.Write(record)
		last = org.ID

		switch line % 10 {
		case 3: // as the file says
		case 4:
			profile.BusinessPhone = "+1 555 000"
		default:
			continue
		}
		if err := client.OrganizationProfile.Update(ctx, org.ID, profile); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return file.Bytes(), nil
}

// demonstrate shows the difference, a run that is stopped, one that does the rest, and one that has nothing to do.
func demonstrate(ctx context.Context, env *cli.Env, j *job, sample []byte) error {
	rows, err := readRows(bytes.NewReader(sample))
	if err != nil {
		return err
	}
	j.most = 3
	for _, step := range []struct {
		title  string
		apply  bool
		stopAt int
		faults bool
	}{
		{title: "cforg profiles sample.csv --dry-run"},
		{title: "cforg profiles sample.csv --yes    (stopped halfway, as by Ctrl-C)", apply: true, stopAt: len(rows) / 2},
		{title: "cforg profiles sample.csv --yes    (again; the server responds three times with 429, once with 502)", apply: true, faults: true},
		{title: "cforg profiles sample.csv --yes    (once more)", apply: true},
	} {
		fmt.Fprintf(env.Stdout, "$ %s\n", step.title)
		if step.faults {
			for _, n := range []int{300, 301, 302} {
				env.Server.Fail(n, cloudflaretest.RateLimited(time.Second))
			}
			env.Server.Fail(500, cloudflaretest.Status(502, nil, ""))
		}
		j.apply = step.apply
		running, stop := context.WithCancel(ctx)
		j.finished = func(finished int) {
			if finished == step.stopAt {
				stop()
			}
		}
		results, err := j.run(running, rows)
		stop()
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return failure(results)
		}
		fmt.Fprintln(env.Stdout)
	}
	fmt.Fprintf(env.Stdout, "(Only the first %d rows of each outcome are shown. --sample prints the file, so that you can change it and use it as FILE.)\n", j.most)
	return nil
}
